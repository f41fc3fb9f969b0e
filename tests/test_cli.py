"""The command line as its user meets it: in a shell, with good input and bad."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
import typer
from signals import RATE, correlated, tone
from typer.testing import CliRunner

import mgeval as mg
from mgeval import cli
from mgeval.cli.help import GROUPS

SWEEP = "models: [synth]\nprompts: [piano, 'wide organ']\ngrid: {duration: [0.5]}\nseeds: [0, 1]\n"


def mgeval(*arguments, cwd=None, timeout=120):
    command = [sys.executable, "-m", "mgeval.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout)


def refused(done, reason):
    assert done.returncode == 2, done.stderr
    # A bar that shows progress rewrites its own line.
    lines = [line for line in done.stderr.splitlines() if line.strip() and "%|" not in line]
    assert len(lines) == 1 and lines[0].startswith("mgeval: "), done.stderr
    assert reason in lines[0]
    assert done.stdout == "" and "Traceback" not in done.stderr


@pytest.fixture
def sweep(tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


def test_run_report_measure(sweep, tmp_path):
    out = tmp_path / "run"
    done = mgeval("run", sweep, "--out", out)
    assert done.returncode == 0 and "4 of 4 clips" in done.stdout
    assert len(pd.read_csv(out / "scores.csv")) == 4
    again = mgeval("run", sweep, "--out", out, "--json")
    assert json.loads(again.stdout) == {"clips": 4, "failed": 0, "store": str(out)}
    done = mgeval("report", out)
    assert done.returncode == 0 and done.stdout.strip() == str(out / "report/index.html")
    done = mgeval("card", out, "--metric", "width")
    assert done.returncode == 0 and done.stdout.strip() == str(out / "card/synth.md")
    assert "model-index" in (out / "card/synth.md").read_text()
    done = mgeval("measure", out, "--metric", "width", "--json")
    rows = json.loads(done.stdout)
    assert len(rows) == 4 and all(0 <= row["width"] <= 1 for row in rows)


def unmeasured(done, reason):
    refused(done, reason)
    assert "measuring" not in done.stderr


def test_what_cannot_be_reported_is_refused_before_anything_is_measured(sweep, tmp_path):
    mgeval("run", sweep, "--out", "run", "--metric", "width", cwd=tmp_path)
    before = sorted(tmp_path.rglob("*"))
    named = "the table has no column 'guidence': did you mean 'guidance'?"
    for verb in ("report", "compare"):
        unmeasured(mgeval(verb, "run", "--by", "guidence", cwd=tmp_path), named)
        # As after measuring, all columns are named where none is near, those of the measures too.
        done = mgeval(verb, "run", "--by", "zzz", "--metric", "crest", cwd=tmp_path)
        unmeasured(done, "no column 'zzz': valid: key, ")
        assert ", gain, crest, reason\n" in done.stderr
    unmeasured(mgeval("report", "run", "--by", "width", cwd=tmp_path), "'width' is a metric")
    unmeasured(mgeval("compare", "run", "--by", "guidance", cwd=tmp_path), "2 to 24 different values, 'guidance' has 1")
    assert sorted(tmp_path.rglob("*")) == before
    for verb in ("report", "card"):
        (tmp_path / "run" / verb).write_text("a file")
        unmeasured(mgeval(verb, "run", cwd=tmp_path), f"mgeval: run/{verb}: Not a directory")


def test_columns_that_measuring_adds_can_be_compared_by(sweep, tmp_path):
    mgeval("run", sweep, "--out", "run", "--metric", "width", cwd=tmp_path)
    done = mgeval("compare", "run", "--by", "reason", "--metric", "width", cwd=tmp_path)
    refused(done, "2 to 24 different values, 'reason' has 1")


def test_clips_that_cannot_be_read_are_said_beside_the_page_and_the_card(sweep, tmp_path):
    mgeval("run", sweep, "--out", "run", "--metric", "width", cwd=tmp_path)
    # That a measure is undefined is another thing: two clips are silent.
    keys = mg.Store(tmp_path / "run").table()["key"]
    for key in keys[1:3]:
        mg.save_audio(mg.Audio(np.zeros((2, 16000), np.float32), RATE), tmp_path / f"run/clips/{key}.flac")
    broken = tmp_path / f"run/clips/{keys[0]}.flac"
    whole = broken.read_bytes()
    for verb, page in (("report", "run/report/index.html"), ("card", "run/card/synth.md")):
        broken.write_bytes(whole[:-50])
        done = mgeval(verb, "run", "--metric", "correlation", cwd=tmp_path)
        assert done.returncode == 0 and done.stdout == f"{page}\n"
        line = done.stderr.splitlines()[-1]
        assert line.startswith(
            f"mgeval: 1 of 4 clips could not be read, the first: run/clips/{broken.name}: not an intact"
        )
        assert line.endswith("; mgeval verify run lists them all")
        broken.write_bytes(whole)
        assert "could not be read" not in mgeval(verb, "run", "--metric", "correlation", cwd=tmp_path).stderr


@pytest.mark.parametrize("arguments", [("report",), ("report", "--by", "guidance"), ("card",)])
def test_a_run_without_clips_is_said_to_be_one(tmp_path, arguments):
    mg.Store(tmp_path / "run").add_plan(mg.Sweep("synth", ["piano"], {"duration": 0.5}).plan())
    refused(
        mgeval(arguments[0], "run", *arguments[1:], cwd=tmp_path), "run: the run has no clips; mgeval resume run makes"
    )


def test_a_report_of_a_run_that_is_not_complete_says_so(tmp_path):
    store = mg.Store(tmp_path / "run")
    plan = mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan()
    store.add_plan(plan)
    mg.run(plan[:1], store, progress=False)
    done = mgeval("report", "run", "--metric", "width", cwd=tmp_path)
    line = "mgeval: the run is incomplete: 1 of 2 planned clips are missing; mgeval resume run makes them"
    assert done.returncode == 0 and done.stderr.splitlines()[-1] == line


def test_status_and_verify(sweep, tmp_path):
    out = tmp_path / "run"
    store = mg.Store(out)
    mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan(), store, progress=False)
    done = mgeval("status", out)
    assert done.returncode == 0 and done.stdout.splitlines()[:2] == [f"2 clips are in {out}, 0 failed", "  2 by synth"]
    assert json.loads(mgeval("status", out, "--json").stdout)["audio_seconds"] == pytest.approx(1)
    done = mgeval("verify", out)
    assert done.returncode == 0 and done.stdout == f"{out}: no file is damaged\n"
    key = store.table()["key"][0]
    store.file(key).write_bytes(store.file(key).read_bytes()[:-50])
    done = mgeval("verify", out, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)[0]["file"] == f"clips/{key}.flac"
    assert key in store
    done = mgeval("verify", out, "--discard")
    assert done.returncode == 1 and f"clips/{key}.flac: changed since it was written" in done.stdout
    assert key not in store and mgeval("verify", out).returncode == 0


def test_a_run_of_a_newer_version_is_refused_in_one_line(tmp_path):
    (tmp_path / "manifest.json").write_text('{"kind": "mgeval store", "schema": 99}')
    for verb in ("status", "verify", "report"):
        refused(mgeval(verb, tmp_path), "reads up to 2: update mgeval")


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_measure_writes_a_table(tmp_path, ending):
    mg.save_audio(mg.Audio(correlated(0.3, 1.0), RATE), tmp_path / "a.wav")
    mg.save_audio(mg.Audio(tone(1.0), RATE), tmp_path / "b.wav")
    out = tmp_path / f"scores{ending}"
    done = mgeval("measure", tmp_path, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(out) if ending == ".parquet" else pd.read_csv(out)
    assert table["correlation"].iloc[0] == pytest.approx(0.3, abs=1e-6) and np.isnan(table["correlation"].iloc[1])
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and "a.wav" in lines[1] and "0.30" in lines[1]
    assert "NaN" in lines[2] and "the clip is mono" in lines[2]


def test_a_failed_clip_is_said_and_the_exit_code_is_1(tmp_path):
    (tmp_path / "clips").mkdir()
    mg.save_audio(mg.Audio(correlated(0.3, 1.0), RATE), tmp_path / "clips/piano.wav")
    (tmp_path / "s.yaml").write_text(f"models: 'folder:{tmp_path}/clips'\nprompts: [piano, organ]\n")
    done = mgeval("run", tmp_path / "s.yaml", "--out", tmp_path / "run")
    assert done.returncode == 1 and "1 of 2 clips" in done.stdout and "no clip for prompt 'organ'" in done.stdout


def test_doctor():
    rows = json.loads(mgeval("doctor", "--json").stdout)
    by_name = {row["name"]: row for row in rows}
    assert by_name["mgeval"]["detail"] == mg.__version__
    assert by_name["numpy"]["status"] == "ok" and by_name["cpu"]["status"] == "ok"
    checkpoint = by_name["facebook/musicgen-stereo-small"]
    assert checkpoint["status"] == "ok" or "hf download" in checkpoint["fix"]
    assert all(row["fix"] or row["status"] == "ok" or row["name"] == "gpu" for row in rows)
    assert len(mgeval("doctor").stdout.splitlines()) >= len(rows)


GROUP = typer.main.get_command(cli.app)


def test_without_arguments_the_help_is_printed():
    done = mgeval()
    assert done.returncode == 0 and done.stdout == mgeval("--help").stdout
    sections = re.findall(r"^(\w+):$", done.stdout, re.MULTILINE)
    assert sections == ["Options", "Make", "Measure", "Compare", "Look", "Keep"]
    assert "..." not in done.stdout.removeprefix(done.stdout.splitlines()[0])
    for name, command in GROUP.commands.items():
        # Each command is in one section, with its whole first sentence.
        assert len(re.findall(rf"^  {name} ", done.stdout, re.MULTILINE)) == 1
        sentence = re.split(r"(?<=\.)\s", command.help)[0]
        assert sentence.endswith(".") and " ".join(sentence.split()) in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", GROUP.commands)
def test_the_help_of_a_command_explains_every_option(name):
    command = GROUP.commands[name]
    assert command.rich_help_panel in GROUPS and all(parameter.help for parameter in command.params)
    done = CliRunner().invoke(cli.app, [name, "--help"])
    text = " ".join(done.output.split())
    assert done.exit_code == 0 and " ".join(command.help.split()) in text
    assert all(" ".join(parameter.help.split()) in text for parameter in command.params)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["mesure"], "No such command 'mesure'"),
        (["measure"], "Missing argument"),
        (["measure", "nowhere.wav"], "nowhere.wav: no such file"),
        (["measure", "sweep.yaml"], "not an intact audio file"),
        (["measure", ".", "--metric", "widht"], "did you mean 'width'"),
        (["measure", ".", "--out", "table.xlsx"], "must end in .parquet or .csv"),
        (["measure", "--wat"], "No such option"),
        (["report", "."], "not the folder of a run"),
        (["card", "."], "not the folder of a run"),
        (["status", "."], "not the folder of a run"),
        (["status", "nowhere"], "nowhere: not the folder of a run"),
        (["verify", "."], "not the folder of a run"),
        (["verify"], "Missing argument 'DIR'"),
        (["run", "missing.yaml", "--out", "run"], "missing.yaml: no such file"),
        (["run", "sweep.yaml"], "--out"),
        (["run", "sweep.yaml", "--out", "."], "holds other files"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments(sweep, tmp_path, arguments, reason):
    before = sorted(tmp_path.rglob("*"))
    refused(mgeval(*arguments, cwd=tmp_path), reason)
    assert sorted(tmp_path.rglob("*")) == before


WRONG = {
    "models: [synth]\nprompts: demo\ngird: {}\n": "'gird': did you mean 'grid'?",
    "models: [synth]\n": "'prompts' is missing",
    "models: [synth]\nprompts: demo\ngrid: {temprature: [1]}\n": "did you mean 'temperature'",
    "models: [synth]\nprompts: demo\ngrid: {temperature: [hot]}\n": "got ['hot']",
    "models: [synth]\nprompts: demo\ngrid: {temperature: [-1]}\n": "temperature must be a number from 0 to 10, got -1",
    "models: [synth]\nprompts: demo\ngrid: [1]\n": "grid 1 must be settings",
    "models: [synth]\nprompts: demo\nseeds: [a]\n": "seeds must be a list of whole numbers, got ['a']",
    "models: [synth]\nprompts: demo\nseeds: []\n": "seeds is empty",
    "models: 3\nprompts: demo\n": "models must be the name of a model, or a list of names, got 3",
    "models: synth\nprompts: demo\nranges: {guidance: [1, 6]}\n": "points must be a whole number from 1",
    "models: synth\nprompts: demo\nranges: {guidance: 3}\npoints: 4\n": "ranges.guidance must be settings",
    "models: synth\nprompts: demo\nranges: {guidance: [6, 1]}\npoints: 4\n": "low below its high",
    "models: synth\nprompts: demo\nranges: {guidance: [1, 6]}\npoints: 4\ndesign: latn\n": "did you mean 'latin'",
    "models: synth\nprompts: demo\nranges: {guidance: [1, 6]}\npoints: few\n": "must be a whole number, how many",
    "models: [synht]\nprompts: demo\n": "no model is called 'synht'",
    "models: [synth]\nprompts: dmeo\n": "did you mean 'demo'",
    "models: [synth\n": "line",
    "just text": "not a sweep",
    "": "not a sweep",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: WRONG[text])
def test_wrong_sweep_files(tmp_path, text):
    (tmp_path / "sweep.yaml").write_text(text)
    refused(mgeval("run", "sweep.yaml", "--out", "run", cwd=tmp_path), WRONG[text])
    assert not (tmp_path / "run").exists()


def test_prompts_are_looked_for_beside_the_sweep_file(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/p.csv").write_text("prompt\npiano\n")
    (tmp_path / "deep/s.yaml").write_text("models: synth\nprompts: p.csv\ngrid: {duration: 0.5}\n")
    done = mgeval("run", "deep/s.yaml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0 and "1 of 1 clips" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", "sweep.yaml", "--out", "/dev/null/run"], "/dev/null/run"),
        (["run", "sweep.yaml", "--out", "x" * 300], "name too long"),
        (["measure", "x" * 300], "no such file"),
        (["measure", "clips/a.wav", "--out", "/dev/null/t.csv"], "/dev/null"),
    ],
    ids=["out under a file", "long out", "long file", "table under a file"],
)
def test_places_that_cannot_be(sweep, tmp_path, arguments, reason):
    mg.save_audio(mg.Audio(tone(0.5), RATE), tmp_path / "clips" / "a.wav")
    refused(mgeval(*arguments, cwd=tmp_path), reason)


def test_a_tilde_that_the_shell_left_is_the_home_folder(sweep, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("prompt\npiano\n")
    sweep.write_text("models: synth\nprompts: ~/p.csv\ngrid: {duration: 0.5}\n")
    for arguments in (
        ["run", "~/sweep.yaml", "--out=~/run", "--metric", "width"],
        ["report", "~/run", "--metric", "width"],
        ["measure", "~/run", "--metric", "width", "--out=~/t.csv"],
    ):
        monkeypatch.setattr("sys.argv", ["mgeval", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
    assert (tmp_path / "run/report/index.html").is_file() and len(pd.read_csv(tmp_path / "t.csv")) == 1
    assert not (tmp_path / "~").exists() and str(tmp_path / "run/report/index.html") in capsys.readouterr().out


@pytest.mark.parametrize("model", ["x" * 300, "a/b..c", "a/b--c", "~nouser/x", "a/b.git"])
def test_names_that_no_model_can_have(tmp_path, model):
    (tmp_path / "sweep.yaml").write_text(f"models: ['{model}']\nprompts: demo\n")
    done = mgeval("run", "sweep.yaml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_file_names_that_the_terminal_cannot_show(tmp_path):
    mg.save_audio(mg.Audio(tone(0.5), RATE), tmp_path / "ä.wav")
    command = [sys.executable, "-m", "mgeval.cli", "measure", "."]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0 and rb"\xe4.wav" in done.stdout


def test_ctrl_c_says_that_nothing_is_lost(tmp_path):
    (tmp_path / "sweep.yaml").write_text("models: synth\nprompts: spatial\ngrid: {duration: 20}\n")
    command = [sys.executable, "-m", "mgeval.cli", "run", "sweep.yaml", "--out", "run"]
    # A suite that runs in the background has its children ignore Ctrl-C.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, preexec_fn=heed)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "run/clips").glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert "finished clips are kept" in process.communicate(timeout=120)[1].splitlines()[-1]
    assert process.returncode == 130
    assert len(mg.Store(tmp_path / "run").table()) >= 1 and list((tmp_path / "run/rows").glob("*.parquet"))


def test_doctor_lists_the_rest_where_a_part_is_broken(monkeypatch):
    from mgeval.cli import doctor

    monkeypatch.setitem(sys.modules, "torch", None)
    rows = {row["name"]: row for row in doctor.findings()}
    assert rows["devices"]["status"] == "missing" and "torch" in rows["devices"]["detail"]
    assert rows["numpy"]["status"] == "ok" and "disk" in rows


def test_an_interrupted_download_is_not_ok(tmp_path):
    snapshot = tmp_path / "hub/models--facebook--musicgen-stereo-small/snapshots/abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"model_type": "musicgen"}')
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("abc")
    environment = {**os.environ, "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "mgeval.cli", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    row = next(row for row in json.loads(done.stdout) if row["name"] == "facebook/musicgen-stereo-small")
    assert row["status"] == "missing" and "in parts" in row["detail"]


def test_compare_prints_and_writes_the_table_of_two_runs(sweep, tmp_path):
    for name, prompts in (("a", ["piano", "organ", "bell"]), ("b", ["piano", "organ"])):
        plan = mg.Sweep("synth", prompts, {"duration": [0.5, 0.6]}).plan()
        mg.run(plan, mg.Store(tmp_path / name), progress=False)
    out = tmp_path / "table.csv"
    done = mgeval("compare", tmp_path / "a", tmp_path / "b", "--metric", "width", "--metric", "crest", "--out", out)
    assert done.returncode == 0 and "sign flip of prompts, exact" in done.stdout, done.stderr
    table = pd.read_csv(out)
    assert table[["metric", "a", "b"]].values.tolist() == [["width", "a", "b"], ["crest", "a", "b"]]
    # The same composer, prompts and seeds: the same clips.
    assert (table["difference"] == 0).all() and (table["n_pairs"] == 4).all()
    assert table["reason"].str.contains("2 clips have no partner").all()
    done = mgeval("compare", tmp_path / "a", "--by", "duration", "--metric", "width", "--json")
    rows = json.loads(done.stdout)
    assert len(rows) == 1 and (rows[0]["a"], rows[0]["b"], rows[0]["n_prompts"]) == (0.5, 0.6, 3)


def test_where_nothing_can_be_compared_the_reason_is_said_in_a_line(tmp_path):
    rows = [{"prompt_id": str(p), "seed": 0, "width": p / 10, "crest": 5.0 + p % 3} for p in range(8)]
    pd.DataFrame(rows[:4]).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame(rows[4:]).to_csv(tmp_path / "b.csv", index=False)
    pd.DataFrame(rows[3:]).to_csv(tmp_path / "c.csv", index=False)
    done = mgeval("compare", "a.csv", "b.csv", "--json", cwd=tmp_path)
    assert done.returncode == 0 and [row["p"] for row in json.loads(done.stdout)] == [None, None]
    reasons = "no pair of clips has a value; 8 clips have no partner"
    assert done.stderr == f"mgeval: nothing could be compared: {reasons}\n"
    # One common prompt has a difference.
    assert mgeval("compare", "a.csv", "c.csv", cwd=tmp_path).stderr == ""


def test_compare_takes_tables_and_refuses_the_rest_in_one_line(tmp_path):
    rows = [{"prompt_id": p, "seed": 0, "width": p / 10, "crest": 5.0 + p % 3} for p in range(8)]
    pd.DataFrame(rows).to_csv(tmp_path / "one.csv", index=False)
    pd.DataFrame(rows).assign(width=0.9).to_parquet(tmp_path / "two.parquet", index=False)
    one, two = tmp_path / "one.csv", tmp_path / "two.parquet"
    done = mgeval("compare", one, two, "--metric", "width", "--json")
    row = json.loads(done.stdout)[0]
    assert row["difference"] == pytest.approx(0.55) and row["n_pairs"] == 8
    (tmp_path / "broken.parquet").write_bytes(b"no table")
    out = tmp_path / "out.csv"
    refused(mgeval("compare", one, "--out", out), "--by guidance")
    refused(mgeval("compare", one, one, "--out", out), "is given twice")
    refused(mgeval("compare", one, two, "--metric", "widht", "--out", out), "did you mean 'width'")
    refused(mgeval("compare", one, two, "--out", tmp_path / "out.txt"), "must end in .parquet or .csv")
    refused(mgeval("compare", one, tmp_path / "nothing"), "not the folder of a run")
    refused(mgeval("compare", one, tmp_path / "broken.parquet"), "not a table that mgeval measure wrote")
    refused(mgeval("compare", one, tmp_path / "gone.csv"), "gone.csv")
    refused(mgeval("compare", one, "--by", "seed"), "2 to 24 different values, 'seed' has 1")
    assert not out.exists()
