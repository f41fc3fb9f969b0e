"""The CLAP score: cosines of vectors, and its columns in `measure`."""

import shutil

import numpy as np
import pandas as pd
import pytest
from claps import random_module, save

import mgeval as mg
from mgeval.embed.clap import Clap
from mgeval.errors import MetricError, ModelError
from mgeval.hub import CLAP_TINY
from mgeval.metrics import evaluate, find_metric
from mgeval.metrics.similarity import chance, clap, clap_min, clap_rank
from mgeval.scoring.measurement import recipes_of

RNG = np.random.default_rng(0)


def test_known_answers():
    text = np.array([1.0, 0.0])
    windows = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, -3.0]])
    assert clap(windows, text) == pytest.approx((1 + 0.5**0.5 + 0) / 3)
    assert clap_min(windows, text) == pytest.approx(0)
    assert clap(windows[:1], -text) == clap_min(windows[:1], -text) == -1


def test_lengths_of_vectors_and_their_axes_do_not_matter():
    windows, text = RNG.normal(size=(5, 16)), RNG.normal(size=16)
    turned, _ = np.linalg.qr(RNG.normal(size=(16, 16)))
    for score in (clap, clap_min):
        assert score(windows * RNG.uniform(0.1, 9, (5, 1)), 3 * text) == pytest.approx(score(windows, text))
        assert score(windows @ turned, text @ turned) == pytest.approx(score(windows, text))
        assert score(windows[::-1], text) == pytest.approx(score(windows, text))


def test_against_torch():
    import torch

    windows, text = RNG.normal(size=(7, 32)), RNG.normal(size=32)
    cosines = torch.nn.functional.cosine_similarity(torch.from_numpy(windows), torch.from_numpy(text)[None])
    assert clap(windows, text) == pytest.approx(float(cosines.mean()), abs=1e-12)
    assert clap_min(windows, text) == pytest.approx(float(cosines.min()), abs=1e-12)


@pytest.mark.parametrize("broken", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_has_no_score(broken):
    windows = RNG.normal(size=(2, 4))
    windows[1] = broken
    for value in (clap(windows, np.ones(4)), clap_min(windows, np.ones(4)), clap(windows[:1], np.full(4, broken))):
        assert np.isnan(value) and "zero or not finite" in value.reason


def test_shapes_that_do_not_fit_are_refused():
    for windows, text in ((np.ones(4), np.ones(4)), (np.ones((2, 4)), np.ones(3)), (np.ones((0, 4)), np.ones(4))):
        with pytest.raises(MetricError, match=r"must be \(windows, dim\) and \(dim,\)"):
            clap(windows, text)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = mg.Store(tmp_path_factory.mktemp("run"))
    prompts = ["solo piano, slow", "drums only, fast", "organ over strings", ""]
    return mg.run(mg.Sweep("synth", prompts, {"duration": 4}).plan(), store, progress=False), store


def test_measure_scores_every_clip_against_its_prompt(run):
    clips, store = run
    scores = mg.measure(clips, store, ["width", "clap:tiny"], progress=False)
    added = ["width", "clap:tiny", "clap_min:tiny", "embedder", "embedder_recipe", "reason"]
    assert scores.columns.tolist()[-6:] == added
    ears = mg.embed.load("clap:tiny")
    assert set(scores["embedder"]) == {ears.id} and set(scores["embedder_recipe"]) == {ears.recipe}
    for row in scores[scores["prompt"] != ""].to_dict("records"):
        windows, text = ears.audio([store.audio(row["key"])])[0], ears.text([row["prompt"]])[0]
        assert row["clap:tiny"] == pytest.approx(clap(windows, text), abs=1e-5)
    silent = scores[scores["prompt"] == ""].iloc[0]
    assert np.isnan(silent["clap:tiny"]) and "no prompt to compare with" in silent["reason"]
    again = mg.measure(scores, store, ["clap:tiny"], progress=False)
    assert list(again.columns).count("clap:tiny") == list(again.columns).count("embedder") == 1


def test_the_score_goes_through_summary_and_plot(run):
    clips, store = run
    scores = mg.measure(clips, store, ["width", "clap:tiny"], progress=False)
    summary = mg.summarise(scores, "prompt_id")
    assert set(summary["metric"]) == {"width", "clap:tiny", "clap_min:tiny"}
    ax = mg.plots.response(summary, "prompt_id", "clap:tiny")
    assert ax.get_ylabel() == "CLAP score (tiny)" == find_metric("clap:tiny").label


def test_a_table_read_from_a_file_is_measured_again(run, tmp_path):
    clips, store = run
    first = mg.measure(clips, store, ["width", "clap:tiny"], progress=False)
    first.to_csv(tmp_path / "scores.csv", index=False)
    again = mg.measure(pd.read_csv(tmp_path / "scores.csv"), store, ["clap:tiny"], progress=False)
    assert again["clap:tiny"].to_numpy() == pytest.approx(first["clap:tiny"].to_numpy(), nan_ok=True)
    other = shutil.copytree(CLAP_TINY, tmp_path / "other@2$")
    both = mg.measure(first, store, [f"clap:{other}"], progress=False)
    assert [c for c in both if ":" in c] == ["clap:tiny", "clap_min:tiny", "clap:other@2$", "clap_min:other@2$"]
    assert both["embedder"].iloc[0].count("; ") == 1 and first["embedder"].iloc[0] in both["embedder"].iloc[0]
    recipe = first["embedder_recipe"].iloc[0]
    assert recipes_of(both) == dict.fromkeys(both["embedder"].iloc[0].split("; "), recipe) and "windows" in recipe
    # A table without the column does not state how its clips were embedded.
    assert recipes_of(first.drop(columns="embedder_recipe")) == {first["embedder"].iloc[0]: ""}
    older = mg.measure(first.drop(columns="embedder_recipe"), store, [f"clap:{other}"], progress=False)
    assert sorted(recipes_of(older).values()) == ["", recipe] and recipes_of(clips) == {}
    mg.report(both, store, tmp_path / "report")


def test_evaluate_has_no_prompt():
    with pytest.raises(MetricError, match="compares with a prompt"):
        evaluate(np.zeros((2, 100)), 32000, ["clap:tiny"])


def test_files_have_no_prompt(run):
    clips, store = run
    path = store.path / clips["path"].iloc[0]
    row = mg.measure(path, metrics=["crest", "clap:tiny"], progress=False).iloc[0]
    assert np.isnan(row["clap:tiny"]) and row["crest"] > 0 and "no prompt to compare with" in row["reason"]


def test_checkpoints_are_looked_for_before_anything_is_measured(run, tmp_path):
    clips, store = run
    with pytest.raises(ModelError, match="no such folder"):
        mg.measure(clips, store, "clap:/nowhere", progress=False)
    folder = shutil.copytree(CLAP_TINY, tmp_path / "tiny")
    with pytest.raises(MetricError, match="two checkpoints are called 'tiny'"):
        mg.measure(clips, store, ["clap:tiny", f"clap:{folder}"], progress=False)


@pytest.fixture
def counted(monkeypatch):
    """Count the windows of sound that go through the tower of any CLAP."""
    windows = []
    forward = Clap._hear
    monkeypatch.setattr(Clap, "_hear", lambda self, mels: windows.append(len(mels)) or forward(self, mels))
    return windows


def test_vectors_of_measure_and_distances_are_computed_once(tmp_path, counted):
    store = mg.Store(tmp_path / "run")
    sweep = mg.Sweep("synth", ["solo piano, slow", "organ over strings"], {"duration": 4})
    clips = mg.run(sweep.plan(), store, progress=False)
    ears = mg.embed.load("clap:tiny")
    del counted[:]
    mg.distances(clips, store, store, ears, kinds="frechet", progress=False)
    # Each clip as its mono mean, which is also mid, and as left, right and side.
    assert sum(counted) == 4 * len(clips)
    first = mg.measure(clips, store, "clap:tiny", progress=False)
    loads = sum(counted) - 4 * len(clips)
    del counted[:]
    again = mg.measure(store.path, metrics="clap:tiny", progress=False)
    # Only the check of a loaded checkpoint remains.
    assert sum(counted) == loads == 4
    assert set(again["clap:tiny"]) == set(first["clap:tiny"]) and first["clap:tiny"].notna().all()


def test_a_changed_file_is_embedded_again(tmp_path, counted):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["solo piano", "organ"], {"duration": 4}).plan(), store, progress=False)
    first = mg.measure(clips, store, "clap:tiny", progress=False)
    changed = store.file(clips["key"][0])
    mg.save_audio(mg.Audio(0.5 * store.audio(clips["key"][1]).samples, clips["rate"][0]), changed)
    del counted[:]
    second = mg.measure(clips, store, "clap:tiny", progress=False)
    assert sum(counted) == 4 + 1
    assert first["clap:tiny"][0] != second["clap:tiny"][0] and first["clap:tiny"][1] == second["clap:tiny"][1]


def test_files_of_a_plain_folder_are_not_embedded(tmp_path, counted):
    mg.save_audio(mg.Audio(RNG.normal(0, 0.1, (2, 32000)), 32000), tmp_path / "a.wav")
    scores = mg.measure(tmp_path, metrics=["crest", "clap:tiny"], progress=False)
    assert sum(counted) == 4 and np.isnan(scores["clap:tiny"].item()) and scores["crest"].item() > 0
    assert "no prompt to compare with" in scores["reason"].item() and len(list(tmp_path.iterdir())) == 1


def test_clips_of_a_store_that_cannot_be_written_are_measured(run, monkeypatch):
    clips, store = run

    def full(self, key, rows):
        raise OSError(28, "No space left on device")

    expected = mg.measure(clips, store, "clap:tiny", progress=False)
    monkeypatch.setattr(mg.Store, "put_vectors", full)
    monkeypatch.setattr(mg.Store, "vectors", lambda *_: None)
    found = mg.measure(clips, store, "clap:tiny", progress=False)
    pd.testing.assert_frame_equal(found, expected)


def test_every_kind_of_checkpoint_names_its_columns(run, tmp_path):
    clips, store = run
    file = save(random_module("HTSAT-tiny"), tmp_path / "random.pt")
    folder = shutil.copytree(CLAP_TINY, tmp_path / "folder")
    names = [f"clap:{file}", f"laion:{file}", f"clap:{folder}", "clap:tiny"]
    scores = mg.measure(clips, store, names, progress=False)
    heard = ["random.pt", "laion:random.pt", "folder", "tiny"]
    assert [c for c in scores if ":" in c] == [f"{name}:{one}" for one in heard for name in ("clap", "clap_min")]
    assert [one.rpartition("@")[0] for one in scores["embedder"][0].split("; ")] == [
        "clap:random.pt", "laion:random.pt", "clap:folder", "clap:tiny"
    ]  # fmt: skip
    there = scores[scores["prompt"] != ""]
    assert there["clap:laion:random.pt"].to_numpy() == pytest.approx(there["clap:random.pt"].to_numpy(), abs=1e-4)
    assert (there["clap:folder"] == there["clap:tiny"]).all()
    again = mg.measure(scores, store, "width", progress=False)
    assert mg.summarise(again, "prompt_id")["metric"].nunique() == 9


@pytest.mark.parametrize("name", ["encodec:tiny", "clpa:tiny"])
def test_embedders_without_text_and_unknown_ones_are_errors(run, name):
    clips, store = run
    with pytest.raises((MetricError, ModelError), match="reads no texts|no embedder is called 'clpa:tiny'.*clap:tiny"):
        mg.measure(clips, store, name, progress=False)


def test_rank_known_answers():
    texts = np.eye(4)
    assert clap_rank([[0.9, 0.5, 0.1, 0.0]], texts, 0)[:1] == (1.0,)
    found = clap_rank([[0.9, 0.5, 0.1, 0.0]], texts, 2)
    length = np.linalg.norm([0.9, 0.5, 0.1])
    assert found.reciprocal == pytest.approx(1 / 3) and found.margin == pytest.approx((0.1 - 0.9) / length)
    # The mean over windows counts, not a single window.
    assert clap_rank([[1.0, 0, 0, 0], [1.0, 0, 0, 0], [0, 1.0, 0, 0]], texts, 1).reciprocal == 0.5


def test_rank_by_sorting():
    for _ in range(30):
        windows, texts = RNG.normal(size=(3, 8)), RNG.normal(size=(12, 8))
        own = int(RNG.integers(12))
        scores = [float(np.mean([w @ t / np.sqrt((w @ w) * (t @ t)) for w in windows])) for t in texts]
        order = sorted(range(12), key=lambda i: -scores[i])
        found = clap_rank(windows, texts, own)
        assert found.reciprocal == pytest.approx(1 / (order.index(own) + 1))
        best = max(score for i, score in enumerate(scores) if i != own)
        assert found.margin == pytest.approx(scores[own] - best)
        assert clap_rank(5 * windows[::-1], 3 * texts, own) == pytest.approx(found)


def test_a_collapsed_text_tower_reads_chance():
    collapsed = np.tile(RNG.normal(size=8), (10, 1))
    found = clap_rank(RNG.normal(size=(2, 8)), collapsed, 3)
    assert found.reciprocal == pytest.approx(chance(10)) == pytest.approx(sum(1 / r for r in range(1, 11)) / 10)
    assert found.margin == pytest.approx(0, abs=1e-9)
    # So do texts that are unrelated to the clip.
    guesses = [clap_rank(RNG.normal(size=(1, 8)), RNG.normal(size=(10, 8)), 0).reciprocal for _ in range(2000)]
    assert np.mean(guesses) == pytest.approx(chance(10), abs=0.03)


def test_rank_degenerate_input():
    texts = RNG.normal(size=(3, 4))
    for windows in (np.zeros((1, 4)), np.full((1, 4), np.nan)):
        found = clap_rank(windows, texts, 0)
        assert "zero or not finite" in found.reciprocal.reason and np.isnan(found.margin)
    with pytest.raises(MetricError, match="two prompts or more"):
        clap_rank(np.ones((1, 4)), texts[:1], 0)
    with pytest.raises(MetricError, match=r"must be \(windows, dim\)"):
        clap_rank(np.ones((1, 3)), texts, 0)
