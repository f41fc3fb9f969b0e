"""The table of prompt ranks: own prompts are found, controls and a deaf tower read chance."""

import shutil

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.embed.base import Embedder
from mgeval.errors import MetricError, ModelError
from mgeval.metrics.similarity import chance, clap_rank
from mgeval.scoring.ranks import COLUMNS
from mgeval.stats import mean_interval


class Collapsed(Embedder):
    """Hears, and reads every text as the same."""

    id, rate, dim, recipe, has_text = "collapsed@1", 8000, 3, "none", True

    def audio(self, clips):
        return [np.abs(clip.samples[:1, :3]).astype(np.float32) + 0.1 for clip in clips]

    def text(self, texts):
        return np.ones((len(texts), 3), np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = mg.Store(tmp_path_factory.mktemp("ranks") / "run")
    prompts = ["solo piano", "drums only at 120 bpm", "organ chords and bass", "bell and strings", "guitar and drums"]
    clips = mg.run(mg.Sweep("synth", prompts, {"duration": [3]}, seeds=range(2)).plan(), store, progress=False)
    mg.controls(store, "noise")
    return store, clips


def test_own_prompts_are_found(run):
    store, clips = run
    (row,) = mg.prompt_ranks(clips, store, "clap:tiny", progress=False).to_dict("records")
    tiny = mg.embed.load("clap:tiny")
    texts = list(dict.fromkeys(clips["prompt"]))
    vectors = tiny.text(texts)
    found = [
        clap_rank(tiny.audio([store.audio(key)])[0], vectors, texts.index(prompt))
        for key, prompt in zip(clips["key"], clips["prompt"], strict=True)
    ]
    assert row["clap_rank"] == pytest.approx(np.mean([one.reciprocal for one in found]))
    assert row["margin"] == pytest.approx(np.mean([one.margin for one in found]))
    expected = mean_interval([one.reciprocal for one in found], clips["prompt_id"])
    assert (row["lo"], row["hi"]) == pytest.approx(expected[1:3])
    assert row["clap_rank"] > 0.7 > row["chance"] == pytest.approx(chance(5))
    assert (row["n_clips"], row["n_prompts"], row["n_texts"]) == (10, 5, 5) and row["embedder"] == tiny.id


def test_groups_and_controls(run):
    store, _ = run
    table = mg.prompt_ranks(store.table(), store, "clap:tiny", by="seed", progress=False)
    assert table.columns.tolist() == ["seed", "control", *COLUMNS] and len(table) == 4
    own, noise = (table[table["control"].isna() == there] for there in (True, False))
    assert own["clap_rank"].min() > noise["clap_rank"].max()
    assert set(table["n_clips"]) == {5}


def test_names_of_a_reference_s_files_are_no_prompts(run, tmp_path):
    store, clips = run
    copy = mg.Store(shutil.copytree(store.path, tmp_path / "run"))
    (tmp_path / "files").mkdir()
    for key, name in zip(clips["key"], ["solo piano", "take 1", "take 2"], strict=False):
        mg.save_audio(store.audio(key), tmp_path / f"files/{name}.wav")
    files = mg.controls(copy, "reference", reference=tmp_path / "files")
    alone = mg.prompt_ranks(clips, copy, "clap:tiny", progress=False).iloc[0]
    both = mg.prompt_ranks(pd.concat([clips, files]), copy, "clap:tiny", progress=False)
    assert both.loc[0, list(COLUMNS)].to_dict() == alone.to_dict() and both["n_texts"].tolist() == [5, 5]
    # One of the files is called like a prompt.
    assert both["n_clips"].tolist() == [10, 1]
    takes = pd.concat([clips, files[files["prompt"] != "solo piano"]])
    gone = mg.prompt_ranks(takes, copy, Collapsed(), progress=False).iloc[1]
    assert np.isnan(gone["clap_rank"]) and gone["reason"] == "its text is the name of a file, not a prompt of the sweep"


def test_a_collapsed_tower_reads_chance(run):
    store, clips = run
    row = mg.prompt_ranks(clips, store, Collapsed(), progress=False).iloc[0]
    assert row["clap_rank"] == pytest.approx(row["chance"]) and row["margin"] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_ranked(run):
    store, clips = run
    some = clips.assign(prompt=["", *clips["prompt"][1:]], key=[*clips["key"][:-1], "f" * 20])
    row = mg.prompt_ranks(some, store, Collapsed(), progress=False).iloc[0]
    assert row["n_clips"] == 8
    gone = clips.assign(key="f" * 20)
    row = mg.prompt_ranks(gone, store, Collapsed(), progress=False).iloc[0]
    assert np.isnan(row["clap_rank"]) and "can be read" in row["reason"]
    with pytest.raises(MetricError, match="two different prompts"):
        mg.prompt_ranks(clips[:1], store, Collapsed(), progress=False)
    with pytest.raises(ModelError, match="mel@1 reads no texts"):
        mg.prompt_ranks(clips, store, "mel", progress=False)
    with pytest.raises(MetricError, match="no column 'sead': did you mean 'seed'"):
        mg.prompt_ranks(clips, store, Collapsed(), by="sead", progress=False)
