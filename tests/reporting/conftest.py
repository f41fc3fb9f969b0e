"""A run that several tests report."""

from __future__ import annotations

import pandas as pd
import pytest

import mgeval as mg

METRICS = ["width", "image_angle", "loudness", "crest", "failure_count", "tempo"]


@pytest.fixture(scope="session")
def nasty():
    """A prompt that would be a picture if it were not text."""
    return '<img src=x onerror="window.hurt=1"> "quoted" & \'piano\''


@pytest.fixture(scope="session")
def run(tmp_path_factory, nasty):
    """Scores and store of eight clips."""
    prompts = pd.DataFrame({"prompt": ["piano", nasty, "organ", "bells"], "<b>kind": ["a", "<i>b", "a", "<i>b"]})
    store = mg.Store(tmp_path_factory.mktemp("report") / "run<1>")
    clips = mg.run(mg.Sweep("synth", prompts, {"duration": [0.5, 1]}).plan(), store, progress=False)
    return mg.measure(clips, store, METRICS, progress=False), store


@pytest.fixture(scope="session")
def index(run, tmp_path_factory):
    """The run's report, in a folder of its own."""
    return mg.report(*run, tmp_path_factory.mktemp("page") / "report")
