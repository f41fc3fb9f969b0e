"""The table of failures over a store: its rows, clips that cannot be judged, one process and many."""

import numpy as np
import pandas as pd
import pytest
from signals import RATE, noise, tone

import mgeval as mg
from mgeval import plots
from mgeval.metrics.failures import DETECTORS, failures
from mgeval.scoring import processes


@pytest.fixture
def store(tmp_path):
    """Four clips: one as it was, one with a gap, one of silence, and one that is lost."""
    sound = np.stack([tone(3.0), tone(3.0, 330) + noise(3.0, 1, 1e-3)])
    gap = sound.copy()
    gap[:, RATE : RATE + 1600] = 0
    for name, x in (("calm", sound), ("gap", gap), ("nothing", 0 * sound), ("lost", sound)):
        mg.save_audio(mg.Audio(x, RATE), tmp_path / "clips" / f"{name}.wav")
    store, prompts = mg.Store(tmp_path / "run"), ["calm", "gap", "nothing", "lost"]
    clips = mg.run(mg.Sweep(f"folder:{tmp_path / 'clips'}", prompts).plan(), store, progress=False)
    store.file(clips.set_index("prompt")["key"]["lost"]).write_bytes(b"RIFF")
    return store


def test_rows_are_those_of_each_clip_beside_its_settings(store):
    clips = store.table()
    table = mg.failure_table(store, progress=False)
    assert list(table.columns[-6:]) == ["kind", "score", "flagged", "start_s", "end_s", "reason"]
    assert list(table.columns[:-6]) == list(clips.columns)
    assert table["key"].drop_duplicates().tolist() == clips["key"].tolist()
    for prompt in ("calm", "gap", "nothing"):
        rows = table[table["prompt"] == prompt]
        audio = store.audio(rows["key"].iloc[0])
        own = rows[table.columns[-6:]].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, failures(audio.samples, audio.rate))
    found = table[table["flagged"]].groupby("prompt")["kind"].agg(set)
    assert found["gap"] == {"dropout"} | found.get("calm", set()) and found["nothing"] == {"silence"}


def test_clips_that_cannot_be_judged_say_why(store):
    clips = store.table()
    clips.loc[clips["prompt"] == "calm", "status"] = "failed"
    table = mg.failure_table(store, clips, progress=False).set_index("prompt")
    for prompt in ("calm", "lost"):
        assert table.loc[prompt, "kind"].tolist() == list(DETECTORS)
        assert table.loc[prompt, "score"].isna().all() and not table.loc[prompt, "flagged"].any()
    assert (table.loc["calm", "reason"] == "the clip was not made").all()
    assert table.loc["lost", "reason"].str.len().min() > 10
    assert table["flagged"].dtype == bool


def test_scores_and_chosen_clips_will_do(store):
    scores = mg.measure(store.path, metrics=["width"], progress=False)
    table = mg.failure_table(store, scores[scores["prompt"] == "gap"], progress=False)
    assert table["key"].nunique() == 1 and "width" in table.columns and list(table.columns).count("reason") == 1
    assert mg.failure_table(store, scores[:0], progress=False).empty


def test_the_atlas_takes_it(store):
    ax = plots.failure_atlas(mg.failure_table(store, progress=False), "model")
    assert "Dropout" in [label.get_text() for label in ax.get_yticklabels()]


def test_many_processes_find_the_same(store, monkeypatch):
    alone = mg.failure_table(store, progress=False)
    monkeypatch.setattr(processes, "CLIPS_PER_WORKER", 2)
    pd.testing.assert_frame_equal(mg.failure_table(store, progress=False), alone)


def test_wrong_tables(store):
    with pytest.raises(mg.MetricError, match="no column 'key'"):
        mg.failure_table(store, pd.DataFrame({"a": [1]}))
    with pytest.raises(mg.MetricError, match="column 'kind', which that of failures needs"):
        mg.failure_table(store, store.table().assign(kind="x"))
