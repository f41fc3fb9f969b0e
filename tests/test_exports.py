"""Rows for a tracker. Neither wandb nor mlflow is installed for the tests: objects with their methods replace them."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.runs.trackers import scalars, to_mlflow, to_wandb

ROW = {
    "key": "ab", "prompt": "piano", "seed": 2**60 + 1, "width": np.float64(0.25), "n_samples": np.int64(320),
    "halved": np.bool_(True), "tempo": float("nan"), "peak": float("inf"), "gap": None, "missing": pd.NA,
    "codes": np.zeros(3), "list": [1], "clap:tiny": 0.5, "why": mg.metrics.Undefined("too short"),
}  # fmt: skip


class Tracker:
    """Records its calls."""

    def __init__(self):
        self.steps, self.tables = [], []

    def log(self, row):
        self.steps.append(row)

    def log_metrics(self, metrics, step):
        self.steps.append((step, metrics))

    def log_table(self, data, artifact_file):
        self.tables.append((artifact_file, data))


def test_scalars_are_kept_as_pythons_own():
    kept = scalars(ROW)
    assert kept == {"key": "ab", "prompt": "piano", "seed": 2**60 + 1, "width": 0.25, "n_samples": 320,
                    "halved": True, "clap:tiny": 0.5}  # fmt: skip
    assert {type(value) for value in kept.values()} == {str, int, float, bool}


def test_wandb_gets_a_row_a_step():
    run = Tracker()
    log = to_wandb(run)
    log(ROW)
    log({"key": "cd"})
    assert run.steps == [scalars(ROW), {"key": "cd"}]


def test_wandb_begins_a_run_with_the_options(monkeypatch):
    begun = {}

    class Package:
        @staticmethod
        def init(**options):
            begun.update(options, run=Tracker())
            return begun["run"]

    monkeypatch.setitem(sys.modules, "wandb", Package)
    to_wandb(project="stereo")(ROW)
    assert begun["project"] == "stereo" and begun["run"].steps == [scalars(ROW)]


def test_mlflow_gets_numbers_as_metrics_and_all_as_a_table():
    client = Tracker()
    log = to_mlflow(client)
    log(ROW)
    log({"key": "cd", "width": 1})
    assert client.steps[0] == (0, {"width": 0.25, "n_samples": 320.0, "halved": 1.0, "clap_tiny": 0.5})
    assert client.steps[1] == (1, {"width": 1.0})
    assert client.tables[0][0] == "clips.json" and client.tables[0][1]["seed"] == [2**60 + 1]


@pytest.mark.parametrize(("export", "name"), [(to_wandb, "wandb"), (to_mlflow, "mlflow")])
def test_a_missing_package_is_named_with_its_command(export, name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(mg.MgevalError, match=f"the package {name} is missing: pip install {name}"):
        export()


def test_the_rows_of_a_run(tmp_path):
    run = Tracker()
    log = to_wandb(run)
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 0.1}, [0, 1]).plan(), mg.Store(tmp_path), progress=False)
    for row in clips.to_dict("records"):
        log(row)
    assert [row["key"] for row in run.steps] == clips["key"].tolist()
    assert all(row["status"] == "done" and row["n_samples"] == 3200 for row in run.steps)


def test_rows_arrive_as_they_are_made(tmp_path):
    plan = mg.Sweep("synth", ["piano"], {"duration": 0.3}, seeds=range(3)).plan()
    seen = []
    clips = mg.run(plan, mg.Store(tmp_path / "run"), progress=False, on_row=seen.append)
    assert [row["key"] for row in seen] == clips["key"].tolist() and {row["status"] for row in seen} == {"done"}


def test_a_tracker_that_fails_does_not_stop_the_run(tmp_path):
    plan = mg.Sweep("synth", ["piano"], {"duration": 0.3}, seeds=range(3)).plan()
    calls = []

    def broken(row):
        calls.append(row)
        raise ConnectionError("no route to the tracker")

    with pytest.warns(UserWarning, match="ConnectionError: no route"):
        clips = mg.run(plan, mg.Store(tmp_path / "run"), progress=False, on_row=broken)
    assert len(calls) == 1 and clips["status"].eq("done").all()
