"""What a user can get wrong: one line that names the place and the remedy, exit code 2, and nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval import cli

GOOD = "models: synth\nprompts: [piano]\n"
NAMES = "abcdefghi"
RUN = ["run", "s.yaml", "--out", "run"]

# The sweep file, after which the line must hold both texts: where it is wrong, and what to do.
SWEEPS = {
    "empty": ("", "not a sweep", "it needs lines such as"),
    "a list": ("- synth\n", "not a sweep", "it needs lines such as"),
    "two documents": (GOOD + "---\n" + GOOD, "line 3", "another document"),
    "a tab": ("models: synth\nprompts:\n\t- piano\n", "line 3", "indent with spaces"),
    "an open bracket": ("models: [synth\n", "line 2", "not YAML"),
    "a control character": (GOOD + "\x07", "not YAML", ""),
    "a key twice": (GOOD + "models: tiny\n", "line 3: 'models'", "keep one"),
    "a setting twice": (GOOD + "grid: {guidance: 1, guidance: 3}\n", "'guidance' is given twice", "keep one"),
    "a Python object": (GOOD + "seeds: !!python/object/apply:os.system [ls]\n", "line 3", "write plain names"),
    "another tag": (GOOD + "seeds: !secret 3\n", "line 3", "write plain names"),
    "an undefined alias": (GOOD + "seeds: *none\n", "line 3", "undefined alias"),
    "a bomb of aliases": (
        "a: &a [0,0,0,0,0,0,0,0,0]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip(NAMES, NAMES[1:], strict=False)),
        "more than 100,000 values",
        "too many for a sweep",
    ),
    "a bomb of merges": (
        "a: &a {x: 0}\n"
        + "".join(f"{b}: &{b} {{<<: [{','.join([f'*{a}'] * 9)}]}}\n" for a, b in zip(NAMES, NAMES[1:], strict=False)),
        "more than 100,000 values",
        "too many for a sweep",
    ),
    "aliases in a circle": ("models: &a [*a]\n", "more than 100,000 values", "in a circle"),
    "nested deeply": ("[" * 500, "nested too deeply", ""),
    "a date in month 13": (GOOD + "seeds: 2026-13-01\n", "not YAML", "month"),
    "no models": ("prompts: demo\n", "'models'", "is missing"),
    "no prompts": ("models: synth\n", "'prompts'", "is missing"),
    "an unknown field": (GOOD + "seed: [1]\n", "'seed'", "did you mean 'seeds'"),
    "a field far from any": (GOOD + "wibble: 1\n", "'wibble'", "valid: models"),
    "a number for a model": ("models: 3\nprompts: demo\n", "got 3", "models must be the name of a model"),
    "null for a model": ("models: [null]\nprompts: demo\n", "got [None]", "models must be the name of a model"),
    "an empty list of models": ("models: []\nprompts: demo\n", "models is empty", "at least one"),
    "a model twice": ("models: [synth, synth]\nprompts: demo\n", "models has 'synth' twice", ""),
    "an unknown model": ("models: tinny\nprompts: demo\n", "'tinny'", "'tiny'"),
    "a model in no folder": ("models: ./nowhere\nprompts: demo\n", "./nowhere", "no such folder"),
    "a folder without clips": ("models: 'folder:.'\nprompts: demo\n", "holds no audio", ".wav"),
    "yes for a prompt": ("models: synth\nprompts: [piano, yes]\n", "YAML reads yes", "a list of texts"),
    "a number for prompts": ("models: synth\nprompts: 3\n", "got 3", "prompts must be the name of a prompt set"),
    "no prompt in the list": ("models: synth\nprompts: []\n", "no prompt in it", ""),
    "an empty text for prompts": ('models: synth\nprompts: ""\n', "prompts is empty", '[""] is the unconditional'),
    "a prompt twice": ("models: synth\nprompts: [a, a]\n", "prompts 1, 2 are the same", "keep one"),
    "a set misspelt": ("models: synth\nprompts: spacial\n", "'spacial'", "did you mean 'spatial'"),
    "a CSV that is not there": ("models: synth\nprompts: p.csv\n", "p.csv", "no such file"),
    "an empty CSV": ("models: synth\nprompts: empty.csv\n", "empty.csv", "no prompt in it"),
    "a CSV with a header only": ("models: synth\nprompts: header.csv\n", "header.csv", "no prompt in it"),
    "a CSV without prompts": ("models: synth\nprompts: other.csv\n", "no column 'prompt'", "only text"),
    "a binary CSV": ("models: synth\nprompts: binary.csv\n", "binary.csv", "not a CSV file in UTF-8"),
    "a CSV in Latin-1": ("models: synth\nprompts: latin.csv\n", "latin.csv", "not a CSV file in UTF-8"),
    "a CSV with a stray comma": ("models: synth\nprompts: comma.csv\n", "line 2 has 2 fields", 'put "quotes"'),
    "a reserved column": ("models: synth\nprompts: reserved.csv\n", "'duration'", "rename it"),
    "a misspelt setting": (GOOD + "grid: {guidence: 3}\n", "'guidence'", "did you mean 'guidance'"),
    "the seed as a setting": (GOOD + "grid: {seed: 3}\n", "'seed'", "seeds="),
    "off for a setting": (GOOD + "grid: {top_p: off}\n", "grid.top_p must be", "got False (YAML reads yes"),
    "a number that YAML takes for a text": (GOOD + "grid: {temperature: 1e-1}\n", "got '1e-1'", "write 0.1"),
    "nothing for a setting": (GOOD + "grid: {guidance: }\n", "grid.guidance must be", "got None"),
    "an empty axis": (GOOD + "grid: {guidance: []}\n", "guidance is empty", "at least one value"),
    "a value twice": (GOOD + "grid: {guidance: [1, 1.0]}\n", "guidance has 1", "twice"),
    "a negative duration": (GOOD + "grid: {duration: -5}\n", "a number from 0.02 to 3600", "got -5"),
    "no duration": (GOOD + "grid: {duration: 0}\n", "a number from 0.02 to 3600", "got 0"),
    "an endless duration": (GOOD + "grid: {duration: .inf}\n", "a number from 0.02 to 3600", "got inf"),
    "a duration that is NaN": (GOOD + "grid: {duration: .nan}\n", "a number from 0.02 to 3600", "got nan"),
    "more codes than a float can count": (GOOD + f"grid: {{top_k: {'9' * 400}}}\n", "a whole number from 0", "got 999"),
    "guidance that no float can hold": (GOOD + f"grid: {{guidance: {'9' * 400}}}\n", "from 1 to 100", "got 999"),
    "a range to where no float goes": (
        GOOD + f"ranges: {{top_k: [1, {'9' * 400}]}}\npoints: 2\n", "a whole number from 0", "got 999"
    ),
    "a seed of 400 digits": (GOOD + f"seeds: [{'9' * 400}]\n", "from 0 to 2**63 - 1", "got 999"),
    "half a code": (GOOD + "grid: {top_k: 2.5}\n", "a whole number from 0", "got 2.5"),
    "a list of lists": (GOOD + "grid: {guidance: [[1, 3]]}\n", "guidance", "a number or a list"),
    "a wrong second grid": (GOOD + "grid: [{guidance: 1}, {guidance: strong}]\n", "grid 2.guidance must", "'strong'"),
    "a number for a grid": (GOOD + "grid: 3\n", "grid must be", "such as {duration: [5, 10]}, got 3"),
    "no grid in the list": (GOOD + "grid: []\n", "grid is an empty list", "leave it out"),
    "a seed that is NaN": (GOOD + "seeds: [.nan]\n", "seeds must be", "whole numbers, got [nan]"),
    "half a seed": (GOOD + "seeds: [0.5]\n", "seeds must be", "whole numbers, got [0.5]"),
    "a negative seed": (GOOD + "seeds: [-1]\n", "seed must be a whole number from 0", "got -1"),
    "a seed beyond all": (GOOD + f"seeds: [{2**63}]\n", "from 0 to 2**63 - 1", "got 9223372036854775808"),
    "a text for seeds": (GOOD + "seeds: 0-9\n", "seeds must be", "a list of whole numbers, got '0-9'"),
    "yes for a seed": (GOOD + "seeds: [yes]\n", "YAML reads yes", "whole numbers"),
    "no seeds": (GOOD + "seeds: []\n", "seeds is empty", "at least one"),
    "ranges without points": (GOOD + "ranges: {guidance: [1, 6]}\n", "points must be", "got None"),
    "points without ranges": (GOOD + "points: 3\n", "needs ranges", "ranges={"),
    "on for points": (GOOD + "ranges: {guidance: [1, 6]}\npoints: on\n", "points must be a whole number", "got True"),
    "a range from high to low": (
        GOOD + "ranges: {guidance: [6, 1]}\npoints: 2\n", "low below its high", "got [6.0, 1.0]"
    ),
    "a range of one number": (GOOD + "ranges: {guidance: [6]}\npoints: 2\n", "must be a low and a high", "got [6]"),
    "a setting in grid and range": (
        GOOD + "grid: {guidance: 1}\nranges: {guidance: [1, 6]}\npoints: 2\n", "guidance", "keep it in one of them"
    ),
    "a misspelt design": (
        GOOD + "ranges: {guidance: [1, 6]}\npoints: 2\ndesign: latn\n", "'latn'", "did you mean 'latin'"
    ),
    "a misspelt design without ranges": (GOOD + "design: latn\n", "'latn'", "did you mean 'latin'"),
    "more clips than can be meant": (
        GOOD + "ranges: {guidance: [1, 6]}\npoints: 1000000\nseeds: [0, 1]\n", "at most 1,000,000", "got 2,000,000"
    ),
}  # fmt: skip

MODELS = ("an unknown model", "a model in no folder", "a folder without clips")

COMMANDS = {
    "no sweep file": (["run", "nowhere.yaml", "--out", "run"], "nowhere.yaml", "no such file"),
    "a folder as a sweep": (["run", "folder", "--out", "run"], "folder", "cannot be read"),
    "a binary sweep": (["run", "binary.csv", "--out", "run"], "binary.csv", "not a text file"),
    "a misspelt metric": ([*RUN, "--metric", "widht"], "'widht'", "did you mean 'width'"),
    "an unknown checkpoint": ([*RUN, "--metric", "clap:nowhere"], "nowhere", ""),
    "a store that is a file": (["run", "s.yaml", "--out", "s.yaml"], "is a file", "a store must be a folder"),
    "a store in a file": (["run", "s.yaml", "--out", "s.yaml/run"], "s.yaml/run", "Not a directory"),
    "a store with other files": (["run", "s.yaml", "--out", "folder"], "holds other files", "choose a new"),
    "a store of a newer schema": (["run", "s.yaml", "--out", "newer"], "schema 99", "update mgeval"),
    "a store with a damaged manifest": (["run", "s.yaml", "--out", "broken"], "manifest.json: damaged", "restore it"),
    "a store where none can be": (["run", "s.yaml", "--out", "/proc/run"], "/proc", ""),
    "the report of no run": (["report", "folder"], "not the folder of a run", "mgeval run"),
    "the status of nothing": (["status", "nowhere"], "not the folder of a run", "mgeval run"),
    "a report by an unknown column": (["report", "made", "--by", "guidence"], "'guidence'", "did you mean 'guidance'"),
    "the difference of one": (["diff", "made"], "Missing argument 'RUN_B'", "--help"),
    "the difference to no run": (["diff", "made", "folder"], "folder: not the folder of a run", "mgeval run"),
    "measuring nothing": (["measure"], "Missing argument", "--help"),
    "measuring what is not there": (["measure", "nowhere.wav"], "nowhere.wav", "no such file"),
    "measuring what is no audio": (["measure", "binary.csv"], "binary.csv", "not an intact audio file"),
    "measuring an empty folder": (["measure", "void"], "void", "no audio"),
    "a table of an unknown kind": (["measure", "made", "--out", "t.xlsx"], "t.xlsx", "must end in .parquet or .csv"),
    "an unknown verb": (["rnu", "s.yaml"], "'rnu'", "--help"),
    "an unknown option": ([*RUN, "--sedes", "3"], "--sedes", "--help"),
    "no folder for the run": (["run", "s.yaml"], "--out", "--help"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "made"
    mg.run(mg.Sweep("synth", ["piano"], {"duration": 0.1}).plan(), mg.Store(path), progress=False)
    return path


@pytest.fixture
def place(tmp_path, monkeypatch, made):
    """A folder with a sweep and with what is of no use."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(GOOD + "grid: {duration: 0.1}\n")
    for name in ("folder", "newer", "broken", "void"):
        (tmp_path / name).mkdir()
    (tmp_path / "made").symlink_to(made)
    (tmp_path / "folder/notes.txt").write_text("mine")
    (tmp_path / "newer/manifest.json").write_text('{"kind": "mgeval store", "schema": 99}')
    (tmp_path / "broken/manifest.json").write_text('{"kind": "mgeval store", "sch')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("prompt\n")
    (tmp_path / "other.csv").write_text("text\npiano\n")
    (tmp_path / "comma.csv").write_text("prompt\npiano, slow\n")
    (tmp_path / "reserved.csv").write_text("prompt,duration\npiano,long\n")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "latin.csv").write_bytes("prompt\nmúsica\n".encode("latin-1"))
    return tmp_path


def state(folder):
    """Everything under a folder, with what is in it."""
    return {
        path: path.read_bytes() if path.is_file() else None for path in [*folder.rglob("*"), *folder.glob("made/*")]
    }


def refused(code, out, err, *texts):
    # A bar that shows progress rewrites its own line.
    lines = [line for line in err.splitlines() if line.strip() and "%|" not in line]
    assert code == 2 and len(lines) == 1 and out == "", (code, out, err)
    assert lines[0].startswith("mgeval: ") and "Traceback" not in err and len(lines[0]) < 400
    for text in texts:
        assert text in lines[0], lines[0]


def command(arguments, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mgeval", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return (stopped.value.code, *capsys.readouterr())


@pytest.mark.parametrize("name", SWEEPS)
def test_wrong_sweep_files(name, place, monkeypatch, capsys):
    text, *said = SWEEPS[name]
    (place / "s.yaml").write_text(text)
    before = state(place)
    # A model's name is looked up when the plan is made.
    refused(*command(RUN, monkeypatch, capsys), "" if name in MODELS else "s.yaml: ", *said)
    assert state(place) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_commands(name, place, monkeypatch, capsys):
    arguments, *said = COMMANDS[name]
    before = state(place)
    refused(*command(arguments, monkeypatch, capsys), *said)
    assert state(place) == before


@pytest.mark.parametrize("name", ["a Python object", "a negative duration"])
def test_the_same_in_a_shell(name, place):
    text, *said = SWEEPS[name]
    (place / "s.yaml").write_text(text)
    done = subprocess.run([sys.executable, "-m", "mgeval.cli", *RUN], capture_output=True, text=True, timeout=120)
    refused(done.returncode, done.stdout, done.stderr, *said)


PLANS = {
    "no table": (lambda plan: [1], "no column 'model'"),
    "no seeds": (lambda plan: plan.drop(columns="seed"), "no column 'seed'"),
    "a seed that is NaN": (lambda plan: plan.assign(seed=np.nan), "seed must be a whole number"),
    "a negative duration": (lambda plan: plan.assign(duration=-1.0), "duration must be a number from 0.02"),
    "a text for a number": (lambda plan: plan.assign(top_k="250"), "top_k must be a whole number"),
    "true for a number": (lambda plan: plan.assign(guidance=True), "guidance must be a number"),
    "a gap in the prompts": (lambda plan: plan.assign(prompt=None), "missing values in column 'prompt'"),
    "a number for a prompt": (lambda plan: plan.assign(prompt=3), "column 'prompt' must hold text, got 3"),
    "an unknown model": (lambda plan: plan.assign(model="sinth").drop(columns="key"), "'sinth'"),
    "a stale key": (lambda plan: plan.assign(duration=0.2), "drop column 'key'"),
    "an index that repeats": (lambda plan: pd.concat([plan, plan]), "reset_index"),
    "a number for a column's name": (
        lambda plan: plan.assign(x=1).rename(columns={"x": 3}),
        "must be text, got 3",
    ),
    "a column of lists": (lambda plan: plan.assign(tags=[["a"]]), "column 'tags'"),
}


@pytest.mark.parametrize("name", PLANS)
def test_wrong_plans(name, tmp_path):
    spoil, reason = PLANS[name]
    store = mg.Store(tmp_path / "run")
    with pytest.raises(mg.MgevalError, match=reason):
        mg.run(spoil(mg.Sweep("synth", ["piano"], {"duration": 0.1}).plan()), store, progress=False)
    assert not store.path.exists()


CALLS = {
    "a folder for the store": (lambda plan, path: mg.run(plan, str(path)), "the store must be a Store.*got '.*run'"),
    "no store": (lambda plan, path: mg.start(plan, None), "the store must be a Store.*got None"),
    "a name for the model": (lambda plan, path: mg.run(plan, mg.Store(path), "synth"), r"model must be .*got 'synth'"),
    "a text for a function": (lambda plan, path: mg.run(plan, mg.Store(path), on_row="log"), "on_row must .*got 'log'"),
    "a folder to compare": (lambda plan, path: mg.diff(str(path), mg.Store(path)), "must be a Store.*got '.*run'"),
    "a folder to merge": (lambda plan, path: mg.Store(path).merge(str(path)), "the store must be a Store.*got '.*run'"),
    "a folder to look ahead": (
        lambda plan, path: mg.Sweep("synth", ["piano"]).preview(str(path)), "the store must be a Store.*got '.*run'"
    ),
    "an age that is NaN": (lambda plan, path: mg.Store(path).gc(float("nan")), "age must be a number.*got nan"),
    "a text for an age": (lambda plan, path: mg.Store(path).gc("1 h"), "age must be a number.*got '1 h'"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls(name, tmp_path):
    call, reason = CALLS[name]
    plan = mg.Sweep("synth", ["piano"], {"duration": 0.1}).plan()
    with pytest.raises(mg.MgevalError, match=reason) as error:
        call(plan, tmp_path / "run")
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_a_damaged_table_is_named_and_nothing_is_lost(made, tmp_path, monkeypatch, capsys):
    import shutil

    shutil.copytree(made, tmp_path / "run")
    (part,) = (tmp_path / "run/rows").iterdir()
    part.write_bytes(part.read_bytes()[:-10])
    (tmp_path / "s.yaml").write_text(GOOD + "grid: {duration: 0.1}\n")
    monkeypatch.chdir(tmp_path)
    before = state(tmp_path)
    refused(*command(RUN, monkeypatch, capsys), part.name, "damaged", "delete it and run again")
    assert state(tmp_path) == before
    part.unlink()
    code, out, _ = command([*RUN, "--metric", "width", "--json"], monkeypatch, capsys)
    assert code == 0 and json.loads(out)["clips"] == 1
