"""Codes and predictions: known answers, plain loops, degenerate input, the tiny model's clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mgeval as mg
from mgeval.metrics import TOKENS, Undefined, tokens
from mgeval.metrics.tokens import Tokens, pooled


def random_codes(frames=400, codebooks=8, size=2048, seed=0):
    return np.random.default_rng(seed).integers(size, size=(codebooks, frames)).astype(np.int16)


def predictions(like, log_likelihood=-2.0, entropy=3.0, distance=0.5, given=0):
    values = {"log_likelihood": log_likelihood, "entropy": entropy, "distance": distance}
    arrays = {name: np.full(like.shape, value, np.float32) for name, value in values.items()}
    for array in arrays.values():
        array[:, :given] = np.nan
    return arrays


def slow_longest(codes):
    """Find the longest repeat by dynamic programming over all pairs of frames."""
    frames = codes.shape[1]
    before, longest = np.zeros(frames + 1, int), 0
    for i in range(frames):
        now = np.zeros(frames + 1, int)
        for j in range(i):
            if (codes[:, i] == codes[:, j]).all():
                now[j + 1] = before[j] + 1
        longest, before = max(longest, now.max()), now
    return longest


def slow_repeated(codes, length):
    frames, found = codes.shape[1], np.zeros(codes.shape[1], bool)
    for i in range(frames - length + 1):
        for j in range(frames - length + 1):
            if i != j and (codes[:, i : i + length] == codes[:, j : j + length]).all():
                found[i : i + length] = True
    return found


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.integers(1, 8))
def test_repeats_against_plain_loops(sequence, length):
    codes = np.array([sequence, [value // 2 for value in sequence]])
    clip = Tokens(codes)
    assert tokens.longest_repeat(clip) == slow_longest(codes)
    assert np.array_equal(tokens.repeated(clip, length), slow_repeated(codes, length))


def test_a_stretch_that_stands_twice():
    codes = random_codes()
    assert tokens.exact_repetition(Tokens(codes)) == 0 == tokens.longest_repeat(Tokens(codes))
    codes[:, 300:340] = codes[:, 100:140]
    assert tokens.longest_repeat(Tokens(codes)) == 40
    assert tokens.exact_repetition(Tokens(codes)) == 80 / 400
    # All codebooks must agree.
    codes[3, 320] ^= 1
    assert tokens.longest_repeat(Tokens(codes)) == 20 and tokens.exact_repetition(Tokens(codes)) == 0
    stuck = np.repeat(codes[:, :1], 100, axis=1)
    assert tokens.exact_repetition(Tokens(stuck)) == 1 and tokens.longest_repeat(Tokens(stuck)) == 99


def test_variety_and_perplexity():
    same, all_different = np.zeros((4, 64), int), np.tile(np.arange(64), (4, 1))
    assert tokens.code_perplexity(Tokens(same)) == pytest.approx(1) and tokens.code_variety(Tokens(same)) == 1 / 64
    assert tokens.code_perplexity(Tokens(all_different)) == pytest.approx(64)
    assert tokens.code_variety(Tokens(all_different)) == 1
    from scipy.stats import entropy

    codes = random_codes(size=9)
    expected = np.mean([np.exp(entropy(np.bincount(row))) for row in codes])
    assert tokens.code_perplexity(Tokens(codes)) == pytest.approx(expected)


def test_renaming_codes_and_reversing_time_change_nothing():
    codes = random_codes(200, size=6)
    codes[:, 150:] = codes[:, 20:70]
    names = [name for name in TOKENS if name not in ("log_likelihood", "entropy", "guidance_distance")]
    renamed = np.random.default_rng(1).permutation(2048)[codes]
    for name in names:
        value = getattr(tokens, name)(Tokens(codes))
        assert getattr(tokens, name)(Tokens(renamed)) == pytest.approx(value), name
        assert getattr(tokens, name)(Tokens(codes[:, ::-1])) == pytest.approx(value), name


def test_sides_agree_where_their_codes_are_equal():
    codes = random_codes()
    assert tokens.side_agreement(Tokens(codes)) < 0.01
    codes[1::2] = codes[::2]
    assert tokens.side_agreement(Tokens(codes)) == 1
    codes[1, :200] += 1
    assert tokens.side_agreement(Tokens(codes)) == 1 - 200 / 400 / 4
    assert tokens.curves(Tokens(codes))["agreement"].tolist() == [0.75] * 200 + [1] * 200


def test_information_of_the_sides():
    independent = [random_codes(500, 4, 64, seed) for seed in range(4)]
    assert pooled.side_information(independent) == pytest.approx(0, abs=0.05)
    # Right is left plus one of two numbers, so 5 of the 6 bits of a code are shared.
    linked = [codes.copy() for codes in independent]
    for codes in linked:
        codes[1::2] = (codes[::2] // 2 * 2) + codes[1::2] % 2
    shuffled = 64 * 64 / (2 * 2000 * np.log(2))
    found = pooled.side_information(linked)
    assert found == pytest.approx(5 - shuffled, abs=0.35)
    assert np.array_equal(found, pooled.side_information(linked))


def test_information_against_scikit_learn():
    from sklearn.metrics import mutual_info_score

    codes = random_codes(300, 2, 8)
    codes[1] = (codes[0] + codes[1] % 3) % 8
    assert pooled._mutual_information(codes[0].astype(int), codes[1].astype(int)) == pytest.approx(
        mutual_info_score(codes[0], codes[1]) / np.log(2)
    )


def test_usage_is_of_a_set():
    clips = [np.array([[0, 1, 2], [5, 5, 5]]), np.array([[2, 3, 3], [5, 5, 6]])]
    assert pooled.codebook_usage(clips, 8).tolist() == [4 / 8, 2 / 8]
    with pytest.raises(mg.MetricError, match="size 4"):
        pooled.codebook_usage(clips, 4)


def test_predictions_are_averaged_over_what_was_drawn():
    codes = random_codes(50)
    given = predictions(codes, given=20)
    given["entropy"][:, 20:35] = 1.0
    clip = Tokens(codes, given)
    assert tokens.log_likelihood(clip) == pytest.approx(-2) and tokens.entropy(clip) == pytest.approx(2)
    assert tokens.guidance_distance(clip) == pytest.approx(0.5)
    curve = tokens.curves(clip)["entropy"]
    assert np.isnan(curve[:20]).all() and curve[20:].tolist() == [1.0] * 15 + [3.0] * 15


@pytest.mark.parametrize("name", TOKENS)
def test_degenerate_input(name):
    function = getattr(tokens, name)
    empty = function(Tokens(np.zeros((0, 0), np.int16)))
    assert isinstance(empty, Undefined) and empty.reason == tokens.NO_CODES
    one = random_codes(1)
    nothing = function(Tokens(one, predictions(one, given=1)))
    assert np.isnan(nothing) == (name in ("log_likelihood", "entropy", "guidance_distance", "exact_repetition"))
    mono = function(Tokens(random_codes(100, 4), channels=1))
    assert np.isnan(mono) == (name in ("log_likelihood", "entropy", "guidance_distance", "side_agreement"))


def test_an_unguided_clip_says_so():
    codes = random_codes(30)
    assert tokens.guidance_distance(Tokens(codes, predictions(codes, distance=np.nan))).reason == tokens.UNGUIDED


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((np.zeros(3, int),), "must be integers"),
        ((np.zeros((2, 3)),), "must be integers"),
        ((np.zeros((3, 3), int),), "pairs of left and right"),
        ((np.zeros((2, 3), int), {"entropy": np.zeros((2, 4))}), "entropy must have the shape"),
    ],
)
def test_shapes_that_do_not_match(arguments, reason):
    with pytest.raises(mg.MetricError, match=reason):
        Tokens(*arguments)


def test_sets_that_do_not_fit():
    with pytest.raises(mg.MetricError, match="at least one clip"):
        pooled.codebook_usage([], 8)
    with pytest.raises(mg.MetricError, match="at least one clip"):
        pooled.codebook_usage([np.zeros(4, int)], 8)
    for function in (pooled.side_information, lambda clips: pooled.codebook_usage(clips, 8)):
        with pytest.raises(mg.MetricError, match="no codes"):
            function([np.zeros((4, 0), int)])
    with pytest.raises(mg.MetricError, match="pairs of left and right"):
        pooled.side_information([np.zeros((3, 4), int)])


def test_the_tiny_models_clips(tmp_path):
    store = mg.Store(tmp_path / "run")
    grid = {"guidance": [1, 3], "duration": 1}
    clips = mg.run(mg.Sweep("tiny", ["warm piano, mono", "wide strings"], grid).plan(), store, progress=False)
    table = mg.token_table(store, clips)
    assert table["key"].tolist() == clips["key"].tolist() and (table["log_likelihood"] < 0).all()
    assert table["guidance_distance"].isna().tolist() == table["guidance"].eq(1).tolist()
    assert table.loc[table["guidance"] == 1, "reason"].eq(f"{tokens.UNGUIDED} (guidance_distance)").all()
    key = clips["key"][0]
    expected = np.nanmean(store.predictions(key)["entropy"])
    assert table["entropy"][0] == pytest.approx(expected, rel=1e-6)
    assert set(mg.summarise(table, "guidance")["metric"]) == set(TOKENS)
    store.file(key, "codes").unlink()
    assert mg.token_table(store, clips)["reason"][0] == f"{tokens.NO_CODES} (8 measures)"


def test_clips_without_codes(tmp_path):
    store = mg.Store(tmp_path / "run")
    mg.run(mg.Sweep("synth", ["piano"], {"duration": 0.2}).plan(), store, progress=False)
    table = mg.token_table(store)
    assert table[TOKENS].isna().all(axis=None) and table["reason"].item() == f"{tokens.NO_CODES} (8 measures)"


def test_what_is_pooled_over_a_clip_by_codebook():
    codes = np.array([[1, 1, 1, 1], [1, 2, 3, 4], [5, 5, 6, 6], [7, 8, 7, 8]])
    own = {"entropy": np.arange(16.0).reshape(4, 4), "distance": np.full((4, 4), np.nan)}
    own["entropy"][1, :2] = np.nan
    clip = Tokens(codes, own)
    found = tokens.by_codebook(clip)
    assert found["perplexity"] == pytest.approx([1, 4, 2, 2])
    assert found["entropy"].tolist() == [1.5, 6.5, 9.5, 13.5]
    assert np.isnan(found["distance"]).all() and list(found) == ["entropy", "distance", "perplexity"]
    assert found["perplexity"].mean() == tokens.code_perplexity(clip)
    assert tokens.by_codebook(Tokens(np.zeros((0, 0), int))) == {}
    whole = Tokens(codes, {"entropy": np.arange(16.0).reshape(4, 4)})
    assert tokens.by_codebook(whole)["entropy"].mean() == tokens.entropy(whole)
