"""A run of mgeval 0.1 works as it did: clips, keys, vectors, statistics, answers, report, sweep file and notebooks.

tests/data/run-0.1 was made by tests/reference/make_old_store.py with the code of 0.1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.metrics import METRICS, columns
from mgeval.panels import blind
from mgeval.runs import load_sweep
from mgeval.scoring.vectors import cached_vectors

OLD = Path(__file__).parent / "data" / "run-0.1"
PROMPTS = ["slow piano in a minor key, very wide stereo", "drums, panned hard left"]
TINY = {"guidance": [1, 3], "duration": 1}


@pytest.fixture
def old(tmp_path):
    """A copy of the old run's folder."""
    shutil.copytree(OLD, tmp_path / "old")
    return tmp_path / "old"


@pytest.fixture
def store(old):
    return mg.Store(old / "run")


@pytest.fixture(scope="module")
def scores():
    return pd.read_parquet(OLD / "scores.parquet")


def test_its_clip_keys_are_equal(store):
    plans = [mg.Sweep("tiny", PROMPTS, TINY, seeds=[0]).plan(), load_sweep(OLD / "sweep.yaml").plan()]
    assert sorted(key for plan in plans for key in plan["key"]) == sorted(store.table()["key"])


def test_it_is_opened_verified_and_resumed(store):
    files = {path: path.read_bytes() for path in (store.path / "clips").iterdir()}
    assert store.verify().empty and store.status()["done"] == 6 and len(store.runs()) == 2
    plan = mg.Sweep("tiny", PROMPTS, TINY, seeds=[0, 1]).plan()
    clips = mg.run(plan.head(5), store, progress=False)
    assert (clips["status"] == "done").all() and store.status()["done"] == 8
    assert {path: path.read_bytes() for path in files} == files and store.verify().empty


def test_it_is_measured_to_the_same_numbers(store, scores):
    again = mg.measure(store.table(), store, ["all", "clap:tiny"], progress=False).set_index("key")
    before = scores.set_index("key").loc[again.index]
    names = columns(before.columns)
    assert len(names) >= 37 and set(names) <= set(again.columns)
    for name in names:
        np.testing.assert_allclose(again[name], before[name], rtol=1e-5, atol=1e-6, err_msg=name)
    assert again["embedder"].eq(before["embedder"]).all()


def test_its_vectors_are_found(store):
    embedder = mg.embed.load("mel")

    def fail(clips):
        raise AssertionError("the vectors are kept already")

    embedder.audio = fail
    clips = [store.audio(key).mono() for key in store.table()["key"]]
    assert len(cached_vectors(embedder, clips, store)) == 6


def test_its_statistics_are_read(old, store):
    before = pd.read_csv(old / "distances.csv")
    again = mg.distances(store.table(), store, old / "statistics.npz", ["mel"], progress=False)
    assert list(again.columns) == list(before.columns) and len(again) == len(before)
    for name in before.select_dtypes("number"):
        np.testing.assert_allclose(again[name], before[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_its_blind_test_goes_on(old, store, scores):
    tiny = scores[scores["model"] == "tiny"]
    session = blind(tiny, store, "guidance", listener="one", path=old / "answers.csv", matched=True)
    assert session.value == len(pd.read_csv(old / "answers.csv")) > 0
    assert set(session.preferences()["level"].astype(float)) == {1.0, 3.0}


def test_its_report_is_made_again(old, store, scores):
    before = {path.relative_to(old) for path in (old / "report").rglob("*")}
    mg.report(scores, store, old / "report")
    after = {path.relative_to(old) for path in (old / "report").rglob("*")}
    assert {path for path in before if "figures" in path.parts or "tables" in path.parts} <= after
    assert "temperature" in (old / "report" / "methods.md").read_text(encoding="utf-8")


def test_its_notebooks_find_what_they_import():
    code = """
from mgeval.store import own_clips, Store
from mgeval.regions import safe_values
from mgeval.embed.cache import cached_vectors
from mgeval.metrics.claims import claims
from mgeval.metrics.distribution import stereo_distance, vendi_score
from mgeval.wording import interval, listed
from mgeval.stats import mean_interval, share_interval
import mgeval.recipes
from mgeval.exports import scalars
import mgeval.tables
assert mgeval.tables.own_clips is own_clips and mgeval.tables.__spec__.name == "mgeval.tables"
"""
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mgeval.store is now mgeval.tables and mgeval.runs; the old name goes with 0.3" in done.stderr


def test_a_module_that_moved_warns_and_others_do_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mg.recipes.RECIPES and METRICS
    with pytest.raises(ModuleNotFoundError, match="mgeval.nonsense"):
        __import__("mgeval.nonsense")
