"""What a row says of how its clip was made, and what two runs differ in."""

from __future__ import annotations

import datetime
import json
import subprocess

import numpy as np
import pandas as pd
import pytest
import torch

import mgeval as mg
from mgeval import cli
from mgeval.models.composer import Composer
from mgeval.runs import provenance

PROMPTS = ["warm piano", "wide strings"]
SHORT = {"duration": 0.1}


def plan(grid=SHORT, seeds=(0, 1), model="synth"):
    return mg.Sweep(model, PROMPTS, grid, seeds).plan()


def made(path, *arguments, model=None, **options):
    store = mg.Store(path)
    mg.run(plan(*arguments, **options), store, model, progress=False)
    return store


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("run") / "a")


# What made a clip


def test_a_row_says_when_and_on_what_its_clip_was_made(tmp_path):
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    store = made(tmp_path / "run", {"duration": 0.1}, (0,), "tiny")
    after = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    table = store.table()
    started = pd.to_datetime(table["started"], format="%Y-%m-%dT%H:%M:%SZ", utc=True)
    assert started.between(before, after).all()
    assert (table["threads"] == torch.get_num_threads()).all() and (table["hardware"].str.len() > 2).all()
    (versions,) = set(table["versions"])
    versions = json.loads(versions)
    assert versions["mgeval"] == mg.__version__ and versions["numpy"] == np.__version__
    assert versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert versions["python"].count(".") == 2
    assert (table["traceback"] == "").all() and (table["elapsed"] > 0).all()
    # The record alone says it too.
    assert mg.Store(store.path).reindex()[["started", "hardware"]].notna().all(axis=None)


def test_models_without_matrix_products_have_no_threads(run):
    assert (run.table()["threads"] == 0).all() and run.table()["started"].str.endswith("Z").all()


def test_the_state_of_a_clone(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", "-C", tmp_path, *who, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert provenance.git_state(tmp_path) == ""
    git("init", "--quiet")
    assert provenance.git_state(tmp_path) == ""
    (tmp_path / "a.py").write_text("1")
    git("add", ".")
    git("commit", "--quiet", "--message", "a")
    git("tag", "--annotate", "v1", "--message", "a tag is no commit")
    commit = git("rev-parse", "HEAD")[:12]
    assert provenance.git_state(tmp_path) == commit
    (tmp_path / "new.py").write_text("1")
    assert provenance.git_state(tmp_path) == commit
    (tmp_path / "a.py").write_text("2")
    assert provenance.git_state(tmp_path) == f"{commit}-dirty"


class Broken(Composer):
    """A composer that fails deep inside, for one prompt, until it is mended."""

    mended = False

    def stream(self, requests):
        for index, result in super().stream(requests):
            if requests[index].prompt == PROMPTS[1] and not self.mended:
                try:
                    self.dive(60)
                except ZeroDivisionError as error:
                    result = error
            yield index, result

    def dive(self, depth):
        # Two functions by turns: Python shortens the traceback of one that calls itself.
        return self.deeper(depth - 1) if depth else 1 / 0

    def deeper(self, depth):
        return self.dive(depth - 1)


def test_a_failed_clip_keeps_the_end_of_its_traceback_and_stops_nothing(tmp_path):
    model, store = Broken(), mg.Store(tmp_path / "run")
    clips = mg.run(plan(), store, model, progress=False)
    failed = clips[clips["prompt"] == PROMPTS[1]]
    assert (failed["status"] == "failed").all() and (clips["status"] == "done").sum() == 2
    assert set(failed["error"]) == {"ZeroDivisionError: division by zero"}
    for text in failed["traceback"]:
        assert "in dive" in text and text.endswith("ZeroDivisionError: division by zero\n")
        assert len(text) == provenance.TRACEBACK
    model.mended = True
    again = mg.run(plan(), store, model, progress=False)
    assert (again["status"] == "done").all() and (again["traceback"] == "").all()


def test_an_error_that_was_never_raised_has_no_traceback():
    assert provenance.failure_columns(ValueError("no"))["traceback"] == ""


def test_an_error_of_mgevals_own_needs_no_traceback():
    try:
        mg.Sampling(duration=-1)
    except mg.SamplingError as error:
        assert (
            provenance.failure_columns(error)["traceback"] == ""
            and "duration must be a number" in provenance.failure_columns(error)["error"]
        )


def test_a_change_of_hardware_or_threads_is_said(run, tmp_path):
    class Elsewhere(Composer):
        threads = 8

    store = made(tmp_path / "run", SHORT, (0,))
    with pytest.warns(UserWarning, match="made with threads 0, the rest will be made with 8"):
        mg.run(plan(), store, Elsewhere(), progress=False)


# What two runs differ in


def test_two_runs_of_one_plan_differ_in_nothing(run, tmp_path):
    assert mg.diff(run, made(tmp_path / "b")).empty


def test_what_was_asked_for_and_what_is_there(run, tmp_path):
    other = made(tmp_path / "b", {"duration": 0.1, "guidance": [3, 6.5]}, (1,))
    found = mg.diff(run, other)
    assert found.values.tolist() == [
        ["plan", "guidance", "3", "3, 6.5"],
        ["plan", "seed", "0, 1", "1"],
        ["clips", "done", "4, 2 only here", "4, 2 only here"],
    ]
    many = made(tmp_path / "c", SHORT, range(9))
    assert mg.diff(run, many).set_index("name").loc["seed"].tolist() == ["plan", "0, 1", "9 values, 7 only here"]


def test_what_made_them(run, tmp_path, monkeypatch):
    class Elsewhere(Composer):
        device, dtype = "cuda:0", "bfloat16"

    monkeypatch.setattr(provenance, "_hardware", lambda device: "a GPU")
    monkeypatch.setattr(provenance, "_versions", lambda: json.dumps({"mgeval": mg.__version__, "torch": "9.9"}))
    other = mg.Store(tmp_path / "b")
    mg.run(plan(), other, Elsewhere(), progress=False)
    found = mg.diff(run, other).set_index("name")
    assert set(found["what"]) == {"made by"}
    assert found.loc["device", ["a", "b"]].tolist() == ["cpu", "cuda:0"]
    assert found.loc["dtype", "b"] == "bfloat16" and found.loc["hardware", "b"] == "a GPU"
    assert found.loc["torch", "b"] == "9.9" and found.loc["python", "b"] == "-" and "mgeval" not in found.index


def test_clips_that_are_not_the_same(run, tmp_path):
    class Louder(Composer):
        def stream(self, requests):
            for index, result in super().stream(requests):
                if index == 2:
                    result = mg.models.Generated(
                        mg.Audio(result.audio.samples * 0.5, result.audio.rate),
                        np.ones((4, 3), np.int16),
                        started=result.started,
                    )
                yield index, result

    other = mg.Store(tmp_path / "b")
    clips = mg.run(plan(), other, Louder(), progress=False)
    found = mg.diff(run, other)
    assert found[["what", "name"]].values.tolist() == [["audio", clips["key"][2]], ["codes", clips["key"][2]]]
    assert (found["a"] != found["b"]).all() and (found["a"].str.len() == 64).all()


def test_the_same_sound_in_other_bytes_is_no_difference(run, tmp_path):
    other = made(tmp_path / "b")
    key = sorted(other.keys())[0]
    record = json.loads(other.file(key, "record").read_text())
    record.pop("crc32")
    record["sha256"]["audio"] = "0" * 64
    other.file(key, "record").write_text(json.dumps(record))
    assert mg.diff(run, other).empty


def test_the_command_says_it_and_its_exit_code_too(run, tmp_path, monkeypatch, capsys):
    def mgeval(*arguments):
        monkeypatch.setattr("sys.argv", ["mgeval", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code, capsys.readouterr()

    same, other = made(tmp_path / "b"), made(tmp_path / "c", {"duration": 0.2})
    code, said = mgeval("diff", run.path, same.path)
    assert code == 0 and "have the same clips" in said.out
    code, said = mgeval("diff", run.path, other.path)
    assert code == 1 and "duration" in said.out and len(said.out.splitlines()) == 3
    code, said = mgeval("diff", run.path, other.path, "--json")
    assert code == 1 and json.loads(said.out)[0] == {"what": "plan", "name": "duration", "a": "0.1", "b": "0.2"}
    code, said = mgeval("diff", run.path, tmp_path)
    assert code == 2 and "not the folder of a run" in said.err


def test_a_run_without_clips_cannot_be_compared(run, tmp_path):
    with pytest.raises(mg.StoreError, match="holds no clips to compare"):
        mg.diff(run, mg.Store(tmp_path / "nowhere"))


def test_each_run_is_on_record(tmp_path):
    cells = mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}, seeds=[0, 1]).plan()
    store = mg.Store(tmp_path / "run")
    assert store.runs().empty
    mg.run(cells.head(1), store, progress=False)
    mg.run(cells, store, progress=False)
    # Nothing is missing: nothing is run.
    mg.run(cells, store, progress=False)
    runs = store.runs()
    assert runs["cells"].tolist() == runs["made"].tolist() == [1, 3] and runs["outcome"].tolist() == ["done"] * 2
    assert runs["models"].tolist() == [{"synth": cells["revision"][0]}] * 2 and set(runs["where"]) == {"this process"}
    assert (runs["started"] <= runs["ended"]).all() and (runs["ended"] != "").all()
    assert {"numpy", "scipy", "soundfile", "python"} <= set(runs["environment"][0])
    assert store.verify().empty and store.gc(0).empty


def test_a_run_says_how_it_ended(tmp_path):
    class Leaves(Composer):
        def stream(self, requests):
            for index, made in super().stream(requests):
                yield index, made
                raise KeyboardInterrupt

    cells = mg.Sweep("synth", ["piano"], {"duration": 0.5}, seeds=[0, 1]).plan()
    store = mg.Store(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        mg.run(cells, store, Leaves(), progress=False)
    (run,) = store.runs().to_dict("records")
    assert (run["outcome"], run["made"], run["cells"]) == ("KeyboardInterrupt", 1, 2)
    (path,) = (store.path / "runs").glob("*.json")
    path.write_text("{")
    with pytest.raises(mg.StoreError, match="damaged; delete it"):
        store.runs()
