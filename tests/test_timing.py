"""Tables over time within clips, of clips whose course is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.errors import MetricError

RATE = 32000
FRAMES = 200
"""4 s of codes."""


def widening(seconds=4):
    """Mono in the first half, antiphase in the second."""
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(seconds * RATE) / RATE)
    right = np.where(np.arange(len(tone)) < len(tone) // 2, tone, -tone)
    return mg.Audio(np.stack([tone, right]).astype(np.float32), RATE)


@pytest.fixture
def store(tmp_path):
    return mg.Store(tmp_path / "run")


def put(store, key, audio, entropy=None):
    codes = np.zeros((2, FRAMES), np.int16)
    predictions = {} if entropy is None else {"entropy": np.tile(np.asarray(entropy, np.float32), (2, 1))}
    row = {"key": key, "model": "m", "revision": "1", "prompt_id": f"p{key}", "prompt": key, "seed": 0}
    store.add_rows([store.put({**row, **mg.Sampling(duration=4).asdict()}, audio, codes, predictions)])


def test_a_stretch_is_measured_as_if_it_were_a_clip(store):
    put(store, "a" * 32, widening())
    table = mg.segment_table(store, seconds=1, metrics=["width", "loudness_range"], progress=False)
    assert table["width"].round(6).tolist() == [0, 0, 1, 1]
    assert table["start_s"].tolist() == [0, 1, 2, 3] and table["end_s"].tolist() == [1, 2, 3, 4]
    assert table["loudness_range"].isna().all() and table["reason"].str.contains("3 s").all()
    whole = mg.segment_table(store, seconds=4, metrics="width", progress=False)
    measured = mg.measure(store.table(), store, "width", progress=False)
    assert whole["width"].tolist() == measured["width"].tolist()
    both = mg.measure(store.table(), store, ["width", "loudness"], progress=False)
    # The loudness of the whole clip is none of its stretches'.
    assert "loudness" not in mg.segment_table(store, both, seconds=1, metrics="width", progress=False)


def test_a_rest_that_is_shorter_is_left_out(store):
    put(store, "a" * 32, widening())
    assert len(mg.segment_table(store, seconds=1.5, metrics="width", progress=False)) == 2
    assert mg.segment_table(store, seconds=5, metrics="width", progress=False).empty


def test_a_clip_that_is_gone_has_no_stretches_and_the_others_keep_theirs(store):
    put(store, "a" * 32, widening())
    put(store, "b" * 32, widening())
    store.file("a" * 32).unlink()
    table = mg.segment_table(store, seconds=2, metrics="width", progress=False)
    assert table["key"].tolist() == ["b" * 32] * 2


def test_stretches_refuse_what_makes_no_sense(store):
    put(store, "a" * 32, widening())
    with pytest.raises(MetricError, match="seconds must be a length above 0, got 0"):
        mg.segment_table(store, seconds=0, progress=False)
    with pytest.raises(MetricError, match="start_s.*rename"):
        mg.segment_table(store, store.table().assign(start_s=1.0), metrics="width", progress=False)


def found(**begins):
    """Return a table of failures: where a kind begins by clip, NaN where it was not found."""
    rows = [
        {"key": key * 32, "prompt_id": f"p{key}", "kind": "drone", "flagged": begin == begin, "start_s": begin}
        for key, begin in begins.items()
    ]
    return pd.DataFrame(rows)


def test_an_onset_is_held_against_clips_without_the_failure_at_the_same_second(store):
    usual = np.linspace(2, 1, FRAMES)  # less and less undecided, as every clip
    sure = usual - np.where(np.arange(FRAMES) >= 100, 0.5, 0)  # from second 2 on surer than that
    for key, entropy in (("a", sure), ("b", usual), ("c", usual)):
        put(store, key * 32, widening(), entropy)
    table = mg.failure_onsets(store, found(a=2.0, b=np.nan, c=np.nan), reach=1, step=0.5)
    assert table["time_s"].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert table["entropy"].to_numpy() == pytest.approx([0, 0, -0.5, -0.5], abs=1e-6)
    assert set(table["kind"]) == {"drone"} and set(table["onset_s"]) == {2.0}


def test_an_onset_at_the_beginning_has_nothing_before(store):
    for key in "ab":
        put(store, key * 32, widening(), np.ones(FRAMES))
    table = mg.failure_onsets(store, found(a=0.0, b=np.nan), reach=0.5, step=0.25)
    assert np.isnan(table["entropy"]).tolist() == [True, True, False, False]


def test_without_a_clip_to_compare_with_or_predictions_there_is_nothing(store):
    put(store, "a" * 32, widening(), np.ones(FRAMES))
    put(store, "b" * 32, widening())
    assert mg.failure_onsets(store, found(a=1.0))["entropy"].isna().all()
    assert mg.failure_onsets(store, found(b=1.0)).empty
    assert mg.failure_onsets(store, found(a=np.nan)).empty
    assert {"kind", "time_s"} <= set(mg.failure_onsets(store, found(a=np.nan)).columns)


def test_onsets_refuse_another_table_and_another_step(store):
    with pytest.raises(MetricError, match="failure_table"):
        mg.failure_onsets(store, pd.DataFrame({"key": ["a"]}))
    with pytest.raises(MetricError, match="0 < step"):
        mg.failure_onsets(store, found(a=1.0), reach=0.1, step=0.5)
