"""Recipes: each gives the number that a plain version written after the tool's sources gives."""

import re
from pathlib import Path

import numpy as np
import pytest
from reference import recipes_plain as plain

import mgeval as mg
from mgeval.audio import Audio
from mgeval.errors import MetricError
from mgeval.metrics.distribution import DIRECTIONS, frechet_distance, kl_divergence
from mgeval.scoring.recipes import RECIPES, Preparation, clip_vectors, int16_round_trip, pcm16, prepared, text_score
from mgeval.scoring.references import POLICIES

RATE = 44100


class Bands(mg.embed.Embedder):
    """Twelve levels of a second's spectrum: at 8 kHz, of few dimensions, deaf to nothing that a recipe changes."""

    id, rate, dim, recipe = "bands@1", 8000, 12, "windows as given"

    def audio(self, clips):
        return [self.hear(clip.mono().samples[0]) for clip in clips]

    def hear(self, x):
        # The level counts: a recipe that scales must be seen.
        x = np.pad(np.asarray(x, np.float64), (0, max(0, self.rate - len(x))))
        power = np.abs(np.fft.rfft(x)) ** 2 / len(x)
        edges = np.geomspace(2, len(power), 13).astype(int)
        parts = [power[low:high].mean() for low, high in zip(edges[:-1], edges[1:], strict=True)]
        return np.log10(np.array(parts) + 1e-9)[None].astype(np.float32)


def music(seeds, image, level=1.0):
    clips = [mg.synth.compose(mg.synth.Spec(duration=3.3, image=image, tempo=90 + seed), seed)[0] for seed in seeds]
    return [Audio(level * clip.resample(RATE).samples, RATE) for clip in clips]


@pytest.fixture(scope="module")
def sets():
    return music(range(6), "wide", 0.4), music(range(50, 57), "left")


def by_recipe(name, sets, policy="mono"):
    recipe = RECIPES[name]
    a, b = (recipe.stats(clip_vectors([POLICIES[policy](c) for c in side], Bands(), recipe)) for side in sets)
    return frechet_distance(a, b)


@pytest.mark.parametrize("name", ["fadtk", "audiocraft", "stable-audio"])
def test_a_recipe_is_its_tools(name, sets):
    bands = Bands()
    theirs = getattr(plain, name.replace("-", "_"))
    judge = theirs(*([clip.samples for clip in side] for side in sets), RATE, bands.rate, bands.hear)
    assert by_recipe(name, sets) == pytest.approx(judge, rel=1e-4)
    others = [by_recipe(other, sets) for other in RECIPES if other != name]
    assert all(abs(other / judge - 1) > 0.02 for other in others)


def test_stable_audio_puts_left_and_right_side_by_side(sets):
    bands = Bands()
    judge = plain.stable_audio(*([c.samples for c in side] for side in sets), RATE, bands.rate, bands.hear, stereo=True)
    assert by_recipe("stable-audio", sets, "left_right") == pytest.approx(judge, rel=1e-4)


def test_mgeval_leaves_the_clip_to_the_embedder(sets):
    mel = mg.embed.load("mel")
    own = clip_vectors([clip.mono() for clip in sets[0]], mel, RECIPES["mgeval"])
    assert all(np.array_equal(a, b) for a, b in zip(own, mel.audio(sets[0]), strict=True))
    a, b = (np.concatenate(mel.audio(side)) for side in sets)
    judge = plain.distance(a.mean(axis=0), np.cov(a.T.astype(float)), b.mean(axis=0), np.cov(b.T.astype(float)))
    found = [RECIPES["mgeval"].stats(mel.audio(side)) for side in sets]
    # Fewer vectors than dimensions: the root of a singular product is all that is inexact.
    assert frechet_distance(*found) == pytest.approx(judge, rel=1e-4)


@pytest.mark.parametrize("name", ["audiocraft", "stable-audio"])
def test_scores_against_texts_are_the_tools(name, sets):
    tiny = mg.embed.load("clap:tiny")
    text = "piano and strings"
    clip, vector = sets[0][0], tiny.text([text])[0].astype(np.float64)
    theirs = getattr(plain, name.replace("-", "_") + "_score")
    judge = theirs(clip.samples, RATE, vector, tiny.rate, lambda x: tiny.audio([Audio(x, tiny.rate)])[0].astype(float))
    # The last bit of a float32 decides some of the 16-bit steps.
    assert text_score(clip, text, tiny, name) == pytest.approx(judge, abs=1e-4)
    assert text_score(clip, text, tiny) == pytest.approx(mg.metrics.similarity.clap(tiny.audio([clip])[0], vector))


def test_long_clips_are_cropped_at_one_place_and_the_level_counts(sets):
    tiny = mg.embed.load("clap:tiny")
    long = mg.synth.compose(mg.synth.Spec(duration=14), 1)[0]
    assert text_score(long, "bells", tiny, "audiocraft") == text_score(long, "bells", tiny, "audiocraft")
    (window,) = prepared(long.mono(), tiny.rate, RECIPES["audiocraft"].text)
    assert window.duration == 10
    quiet = Audio(0.1 * long.samples, long.rate)
    scores = [text_score(clip, "bells", tiny, "stable-audio") for clip in (long, quiet)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    with pytest.raises(MetricError, match="'fadtk' has no score against texts"):
        text_score(long, "bells", tiny, "fadtk")
    with pytest.raises(MetricError, match="no recipe 'fadkt': did you mean 'fadtk'"):
        text_score(long, "bells", tiny, "fadkt")


def test_directions_of_the_divergence_are_the_tools():
    rng = np.random.default_rng(0)
    generated, target = rng.dirichlet(np.ones(20), (2, 9))
    # torch's kl_div(log q, p) sums p (log p - log q): audiocraft gives it (generated, target), the other the reverse.
    theirs = {
        "audiocraft": np.sum(target * (np.log(target) - np.log(generated)), axis=1).mean(),
        "stable-audio": np.sum(generated * (np.log(generated) - np.log(target)), axis=1).mean(),
    }
    for name, value in theirs.items():
        assert kl_divergence(generated, target, RECIPES[name].kl) == pytest.approx(value)
    assert {recipe.kl for recipe in RECIPES.values()} == {"", *DIRECTIONS}


def test_windows():
    x = Audio(np.arange(1, 24) / 100, 10)

    def starts(name):
        how = RECIPES[name].sets._replace(peak_db=None, steps=())
        return [(round(100 * w.samples[0, 0]), w.samples.shape[1]) for w in prepared(x, 10, how)]

    assert starts("fadtk") == [(1, 100), (11, 100), (21, 100)]
    assert starts("audiocraft") == [(1, 10), (6, 10), (11, 10)]
    # Half a window of zeros first; the last reaches past the end.
    assert starts("stable-audio") == [(0, 10), (1, 10), (6, 10), (11, 10), (16, 10)]
    assert prepared(x, 20, Preparation()) == [x]


@pytest.mark.parametrize("name", list(RECIPES))
def test_degenerate_clips(name):
    bands, recipe = Bands(), RECIPES[name]
    for clip in (Audio(np.zeros((2, 16000)), 8000), Audio(np.ones((2, 1)), 44100), Audio(np.full((1, 30), 0.5), 8000)):
        for policy, heard in POLICIES.items():
            (rows,) = clip_vectors([heard(clip)], bands, recipe)
            assert rows.shape[1] == bands.dim * (1 if policy == "mono" else 2) and np.isfinite(rows).all()
            assert len(rows) == 0 if name == "audiocraft" and clip.duration < 1 else len(rows) > 0
    with pytest.raises(MetricError, match="no vectors|has 0 vectors"):
        recipe.stats([np.zeros((0, 12))])


def test_one_gain_for_both_rows():
    x = Audio(np.stack([np.full(16000, 0.5), np.full(16000, -0.05)]), 8000)
    for window in prepared(x, 8000, RECIPES["stable-audio"].sets)[1:-1]:
        assert window.samples[0] / window.samples[1] == pytest.approx(-10, rel=1e-3)


def test_sixteen_bits():
    x = np.array([0.5, -0.5, 1.0, -1.2, 1e-5, -1e-5])
    assert (pcm16(x) * 32768).tolist() == [16384, -16384, 32767, -32768, 0, -1]
    assert np.rint(int16_round_trip(x) * 32767).tolist() == [16383, -16383, 32767, -32767, 0, 0]


def test_the_page_has_every_recipe_and_its_numbers():
    page = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text()
    header = re.search(r"^\| *\|(.*)\|$", page, re.MULTILINE).group(1)
    assert [name.strip(" `") for name in header.split("|")] == list(RECIPES)
    lines = [line.replace(r"\|", "/").split("|") for line in page.splitlines() if line.startswith("|")]
    rows = {cells[1].strip(): cells[2:-1] for cells in lines if len(cells) == len(RECIPES) + 3}
    for column, recipe in enumerate(RECIPES.values()):
        if recipe.sets.cut is not None:
            assert f"{recipe.sets.window:g} s" in rows["window"][column]
            assert f"{recipe.sets.hop:g} s" in rows["hop"][column]
        assert ("-1 dB" in rows["level"][column]) == (recipe.sets.peak_db == -1)
        assert ("float16" in rows["vectors kept as"][column]) == recipe.half
        assert recipe.kl in rows["direction of the divergence of tags"][column].replace("//", "||")
