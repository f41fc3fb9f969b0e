"""What was computed of a clip is kept in its store, and nothing is computed or decoded twice."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.metrics import DETECTORS, METRICS, metric
from mgeval.panels.clip_source import Clips
from mgeval.scoring import clip_jobs

PROMPTS = ["piano, very wide stereo", "drums, panned hard to the left"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A store of four clips that was measured once, with its scores and its findings."""
    store = mg.Store(tmp_path_factory.mktemp("kept") / "run")
    mg.run(mg.Sweep("synth", PROMPTS, {"duration": 3}, seeds=range(2)).plan(), store, progress=False)
    clips = store.table()
    scores = mg.measure(clips, store, ["all", "clap:tiny"], progress=False)
    return store, scores, mg.failure_table(store, clips, progress=False)


@pytest.fixture
def store(first, tmp_path):
    shutil.copytree(first[0].path, tmp_path / "run")
    return mg.Store(tmp_path / "run")


@pytest.fixture
def decoded(monkeypatch):
    """The keys of the clips that are decoded."""
    keys = []
    audio = mg.Store.audio
    monkeypatch.setattr(mg.Store, "audio", lambda self, key: keys.append(key) or audio(self, key))
    return keys


@pytest.fixture
def evaluated(monkeypatch):
    """The names of the metrics that are computed, clip by clip."""
    names = []
    evaluate = clip_jobs.evaluate
    monkeypatch.setattr(
        clip_jobs, "evaluate", lambda x, rate, asked, *a: names.append(asked) or evaluate(x, rate, asked, *a)
    )
    return names


def test_a_measured_run_is_measured_again_without_decoding(first, store, decoded):
    again = mg.measure(store.table(), store, ["all", "clap:tiny"], progress=False)
    pd.testing.assert_frame_equal(again, first[1], check_exact=True)
    pd.testing.assert_frame_equal(mg.failure_table(store, progress=False), first[2], check_exact=True)
    assert decoded == []


def test_measuring_keeps_the_findings_that_it_counted(store, decoded):
    shutil.rmtree(store.path / "measures")
    mg.measure(store.table(), store, progress=False)
    assert len(decoded) == 4
    mg.failure_table(store, progress=False)
    Clips(store).findings(store.table()["key"][0])
    assert len(decoded) == 4


def test_a_report_of_a_measured_run_decodes_only_what_it_plays(first, store, tmp_path, decoded):
    mg.report(first[1], store, tmp_path / "report")
    played = {path.stem for path in (tmp_path / "report" / "clips").iterdir()}
    assert len(decoded) <= 2 * len(played)


def test_an_added_metric_computes_only_itself(store, evaluated):
    mg.measure(store.table(), store, ["width", "loudness"], progress=False)
    assert evaluated == []

    @metric(label="Largest sample", meaning="the largest absolute sample", low=0)
    def largest(x):
        return float(np.abs(x).max())

    try:
        for _ in range(2):
            # It does not come with mgeval, so nothing is kept of it.
            table = mg.measure(store.table(), store, ["width", "largest"], progress=False)
        assert evaluated == [["largest"]] * 8 and table["largest"].between(0, 1).all()
    finally:
        del METRICS["largest"]


def test_another_version_of_a_metric_is_computed_again(store, evaluated, monkeypatch):
    monkeypatch.setitem(METRICS, "width", replace(METRICS["width"], version=2))
    for _ in range(2):
        mg.measure(store.table(), store, ["width", "loudness"], progress=False)
    assert evaluated == [["width"]] * 4


def test_another_version_of_a_detector_is_computed_again_and_counted_again(store, evaluated, monkeypatch):
    looked = []
    clicks = replace(DETECTORS["clicks"], version=2)
    find = clicks.function
    monkeypatch.setitem(DETECTORS, "clicks", replace(clicks, function=lambda *given: looked.append(1) or find(*given)))
    # A function of this test is not mgeval's own, so its findings are not kept.
    mg.measure(store.table(), store, ["failure_count", "width"], progress=False)
    assert evaluated == [["failure_count"]] * 4 and len(looked) == 4


def test_a_file_that_was_changed_is_measured_anew(first, store, decoded):
    a, b = store.table()["key"][:2]
    shutil.copy(store.file(b), store.file(a))
    table = mg.measure(store.table(), store, ["width"], progress=False)
    # The same bytes as the other clip's: what is kept of those is right for both.
    assert table["width"][0] == table["width"][1] == first[1]["width"][1] and decoded == []
    store.file(a).write_bytes(store.file(a).read_bytes()[:2000])
    table = mg.measure(store.table(), store, ["width"], progress=False)
    assert np.isnan(table["width"][0]) and str(store.file(a)) in table["reason"][0] and decoded == [a]


def test_damaged_measures_count_as_none_and_verify_names_them(first, store, decoded):
    files = sorted((store.path / "measures").glob("*/*.json"))
    data = bytearray(files[0].read_bytes())
    data[len(data) // 2] ^= 1
    files[0].write_bytes(data)
    files[1].write_bytes(b"[" * 100_000)
    damage = store.verify()
    assert damage["file"].tolist() == [path.relative_to(store.path).as_posix() for path in files[:2]]
    again = mg.measure(store.table(), store, ["all", "clap:tiny"], progress=False)
    pd.testing.assert_frame_equal(again, first[1], check_exact=True)
    assert len(set(decoded)) == 2 and store.verify().empty


def test_a_store_that_cannot_be_written_is_measured(first, store, monkeypatch):
    shutil.rmtree(store.path / "measures")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mg.Store, "put_measures", full)
    again = mg.measure(store.table(), store, ["all", "clap:tiny"], progress=False)
    pd.testing.assert_frame_equal(again, first[1], check_exact=True)


def test_every_bit_of_what_is_kept_is_guarded(store):
    path = sorted((store.path / "measures").glob("*/*.json"))[0]
    data, whole = path.read_bytes(), store.measures(path.stem)
    rng = np.random.default_rng(0)
    for bit in rng.choice(8 * len(data), 500, replace=False):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert store.measures(path.stem) in ({}, whole)


@pytest.mark.parametrize(
    "content",
    [
        {"metrics": [1]},
        {"metrics": {"width": 3}},
        {"metrics": {"width": [1, "wide", None]}},
        {"metrics": {"width": [1, 0.5, 3]}},
        {"findings": {"clicks": [1, [[1.0]]]}},
        {"findings": {"clicks": [1, [[1.0, "yes", 0.0, 1.0, ""]]]}},
        {"mono": 3},
    ],
)
def test_an_entry_of_another_form_counts_as_none(first, store, content):
    key = store.table()["key"][0]
    store.put_measures(store.audio_digest(key), content)
    again = mg.measure(store.table(), store, ["all", "clap:tiny"], progress=False)
    pd.testing.assert_frame_equal(again, first[1], check_exact=True)
    pd.testing.assert_frame_equal(mg.failure_table(store, progress=False), first[2], check_exact=True)
