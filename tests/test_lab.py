"""Notebooks copied beside a run, opened in JupyterLab, served as apps."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import mgeval as mg
from mgeval.cli import lab
from mgeval.errors import MgevalError

ROOT = Path(__file__).parents[1]


def source(path):
    return "".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])


def parameters(path):
    cells = json.loads(path.read_text())["cells"]
    values = {}
    exec(next("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", ())), values)
    return values


def test_copies_work_on_the_run_and_say_nothing_else(tmp_path):
    run = tmp_path / "my run's"
    copies = lab.copy_notebooks(run, lab.working_folder(run))
    assert [copy.name for copy in copies] == [path.name for path in lab.notebooks().values()]
    assert len(copies) == 8 and not run.exists()
    for copy, original in zip(copies, lab.notebooks().values(), strict=True):
        # A run that is to come is the tiny model's.
        before, after = parameters(original), parameters(copy)
        assert after.pop("RUN") == str(run) and before.pop("RUN") != str(run)
        assert before.keys() == after.keys() and before["MODEL"] == after["MODEL"]


def test_copies_go_on_with_the_models_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    theirs, audio = tmp_path / "their \\1 clips", mg.Audio(np.full((2, 6400), 0.1), 32000)
    theirs.mkdir()
    mg.save_audio(audio, theirs / "piano.wav")
    store = mg.Store("run")
    for models in ([f"folder:{theirs.name}", "synth"], "synth"):
        mg.run(mg.Sweep(models, ["piano"], {"duration": 0.2}, [0]).plan(), store, progress=False)
    # A run by a checkpoint of the hub, without records as of an earlier version, with a control.
    kept, codes = mg.Store("kept"), np.zeros((0, 0), np.int16)
    hub = "facebook/musicgen-stereo-small"
    rows = [{"key": "a", "model": "control:silence", "control": "silence"}, {"key": "b", "model": hub}]
    kept.add_rows([kept.put(row, audio, codes) for row in rows])
    for run, models in (("run", [f"folder:{theirs}", "synth"]), ("kept", [hub, "synth"])):
        monkeypatch.chdir(tmp_path)
        copies = lab.copy_notebooks(run, lab.working_folder(run))
        monkeypatch.chdir(lab.working_folder(run))
        assert {parameters(copy)["MODEL"] for copy in copies} == {models[0]}
        assert {parameters(copy).get("OTHER", "synth") for copy in copies} == {"synth"}
        assert all(re.search("MODEL = .+  # .*stereo-small", source(copy)) for copy in copies)
    mg.load_model(parameters(tmp_path / "run-notebooks" / "01-first-sweep.ipynb")["MODEL"])


def test_a_folder_that_is_no_run_is_refused_before_anything_is_copied(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("")
    with pytest.raises(mg.StoreError, match="holds other files"):
        lab.copy_notebooks(tmp_path / "letters", lab.working_folder(tmp_path / "letters"))
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_what_was_edited_stays_and_what_was_not_follows_the_run(tmp_path):
    folder = tmp_path / "notebooks"
    first, second, third = lab.copy_notebooks(tmp_path / "a", folder)[:3]
    edited = json.loads(first.read_text())
    edited["cells"][-1]["source"] = ["mine"]
    first.write_text(json.dumps(edited))
    executed = json.loads(second.read_text())
    executed["cells"][1] |= {"execution_count": 1, "outputs": []}
    second.write_text(json.dumps(executed))
    third.write_text("not a notebook any more")
    lab.copy_notebooks(tmp_path / "b", folder)
    assert json.loads(first.read_text()) == edited
    assert parameters(second)["RUN"] == str(tmp_path / "b")
    assert third.read_text() == "not a notebook any more"


def test_a_notebook_is_found_by_name_number_or_part():
    assert lab.find_notebook("05").stem == lab.find_notebook("05-stereo-lab.ipynb").stem == "05-stereo-lab"
    assert lab.find_notebook("atlas").stem == "06-failure-atlas"
    for name in ("nothing", "", "0"):
        with pytest.raises(MgevalError, match="there is no notebook"):
            lab.find_notebook(name)


def test_a_wheel_holds_the_notebooks_where_they_are_looked_for(tmp_path, monkeypatch):
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    installed = tmp_path / "site-packages" / "mgeval"
    target = build["sources"]["notebooks"]
    (installed.parent / target).mkdir(parents=True)
    for path in (ROOT / "notebooks").iterdir():
        if path.is_file():
            (installed.parent / target / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(lab, "PACKAGE", installed)
    assert len(lab.notebooks()) == 8 and all(installed in path.parents for path in lab.notebooks().values())
    monkeypatch.setattr(lab, "PACKAGE", tmp_path / "elsewhere" / "mgeval")
    with pytest.raises(MgevalError, match="install mgeval again"):
        lab.notebooks()


def test_without_voila_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(MgevalError, match=r"pip install 'mgeval\[app\]'"):
        lab.app_command(Path("05.ipynb"))


def test_a_name_that_is_none_is_one_line_in_a_shell(tmp_path):
    command = [sys.executable, "-m", "mgeval.cli", "app", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (
        done.returncode == 2 and done.stderr.startswith("mgeval: there is no notebook") and not list(tmp_path.iterdir())
    )


@contextmanager
def served(command, cwd):
    process = subprocess.Popen(
        command, cwd=cwd, env=lab.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answer(address, process, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.stdout.read()
        try:
            return urllib.request.urlopen(address, timeout=seconds)
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"{address} did not answer in {seconds} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.notebook
def test_an_app_asks_nobody_but_its_server(tmp_path):
    pytest.importorskip("voila", reason="apps are an extra")
    notebook = tmp_path / "small.ipynb"
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "print(6 * 7)",
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    port = free_port()
    with served(lab.app_command(notebook, browser=False, port=port), tmp_path) as process:
        page = answer(f"http://127.0.0.1:{port}/", process)
        text = page.read().decode()
    assert "42" in text and "print(" not in text.split("</head>")[-1]
    rules = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    assert (
        "'self'" in rules["default-src"]
        and "http" not in "".join(rules.values())
        and "*" not in "".join(rules.values())
    )


@pytest.mark.notebook
def test_the_lab_opens_on_the_copies(tmp_path):
    port = free_port()
    folder = tmp_path / "run-notebooks"
    lab.copy_notebooks(tmp_path / "run", folder)
    command = [
        *lab.lab_command(folder, browser=False),
        f"--port={port}",
        "--IdentityProvider.token=",
        "--ServerApp.port_retries=0",
    ]
    with served(command, tmp_path) as process:
        listing = json.load(answer(f"http://127.0.0.1:{port}/api/contents", process))
    assert {item["name"] for item in listing["content"]} == {path.name for path in lab.notebooks().values()}
