"""Tests that shuffle prompts, adjusted p values, effect sizes, power."""

import numpy as np
import pytest
from reference import statistics_slow as slow
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

import mgeval as mg
from mgeval.metrics import Undefined
from mgeval.stats import (
    benjamini_hochberg,
    cliffs_delta,
    cohens_dz,
    holm,
    power,
    sample_size,
    shuffle_between,
    shuffle_within,
    sign_flip,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [6, 9, 12])
def test_few_prompts_go_through_all_flips_as_scipy_does(n):
    a, b = RNG.normal(size=(2, n))
    peer = scipy_stats.permutation_test((b, a), lambda x, y: np.mean(x - y), permutation_type="samples")
    found = sign_flip(b - a, np.arange(n))
    assert found.p == pytest.approx(peer.pvalue) and "exact" in found.name and found.reason == ""


def test_many_prompts_draw_flips():
    differences = RNG.normal(0.4, 1, 15)
    exact = np.mean([abs(np.sum(differences * s)) >= abs(differences.sum()) for s in slow.all_signs(15)])
    # 9,999 draws scatter by 0.5 points at most.
    assert sign_flip(differences, np.arange(15)).p == pytest.approx(exact, abs=0.01)


def test_flips_are_of_prompts_not_of_clips():
    differences, prompts = np.repeat([1.0, 2, 3], 20), np.repeat(list("abc"), 20)
    found = sign_flip(differences, prompts)
    assert found.p == 0.25 and found.reason == "with 3 prompts p cannot fall below 0.25"


def test_no_p_depends_on_the_order_of_the_table():
    rng = np.random.default_rng(4)
    d, cells, kinds = rng.normal(0.3, 1, 24), rng.normal(size=(9, 3)), rng.integers(3, size=24)
    for order in (rng.permutation(24), np.arange(24)[::-1]):
        assert sign_flip(d[order], np.arange(24)).p == sign_flip(d, np.arange(24)).p
        assert shuffle_between(d[order], kinds[order]).p == shuffle_between(d, 2 - kinds).p
    assert shuffle_within(cells[::-1][:, [2, 0, 1]]).p == shuffle_within(cells).p


def test_a_test_knows_neither_units_nor_direction():
    d, prompts = RNG.normal(0.3, 1, 30), np.repeat(np.arange(10), 3)
    assert sign_flip(-5e-8 * d, prompts).p == sign_flip(d, prompts).p == sign_flip(d[::-1], prompts[::-1]).p


def test_flips_of_nothing():
    assert np.isnan(sign_flip([np.nan], ["a"]).p) and sign_flip([np.nan], ["a"]).reason
    assert sign_flip([0.0] * 8, np.arange(8)).p == 1
    assert sign_flip([0.0] * 30, np.arange(30)).p == 1
    assert sign_flip([0.1 + 0.2] * 5 + [-0.3] * 5, np.arange(10)).p == 1


def test_shuffles_agree_with_all_orders():
    cells = RNG.normal(size=(4, 3)) + [0, 0.5, 1]
    assert shuffle_within(cells).p == pytest.approx(slow.shuffled_within(cells), abs=0.03)
    means, levels = RNG.normal(size=8) + np.repeat([0, 1], 4), np.repeat([0, 1], 4)
    assert shuffle_between(means, levels).p == pytest.approx(slow.shuffled_between(means, levels), abs=0.03)


def test_shuffles_of_few_prompts_say_so():
    assert "cannot fall below" in shuffle_within(RNG.normal(size=(4, 2))).reason
    assert "cannot fall below" in shuffle_between(RNG.normal(size=5), [0, 0, 1, 1, 1]).reason
    assert shuffle_within(RNG.normal(size=(6, 2))).reason == ""
    with pytest.raises(mg.MetricError, match="two levels or more"):
        shuffle_within(np.zeros((3, 1)))
    with pytest.raises(mg.MetricError, match="one level for each prompt"):
        shuffle_between([1.0, 2], [0])


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(adjust, method):
    p = np.append(RNG.uniform(0, 0.2, 12), [0.01, 0.01, 1])
    assert adjust(p) == pytest.approx(multipletests(p, method=method)[1])
    gaps = adjust([np.nan, *p, np.nan])
    assert np.isnan(gaps[[0, -1]]).all() and gaps[1:-1] == pytest.approx(adjust(p))
    assert adjust([]).shape == (0,) and np.isnan(adjust([np.nan])).all()


def test_dz_by_hand_and_left_out_one_by_one():
    d, prompts = RNG.normal(0.5, 1, 36), np.repeat(np.arange(12), 3)
    means = d.reshape(12, 3).mean(axis=1)
    found = cohens_dz(d, prompts)
    assert found.value == pytest.approx(means.mean() / means.std(ddof=1))
    assert (found.lo, found.hi) == pytest.approx(slow.jackknife(means, lambda m: m.mean() / m.std(ddof=1)))
    scaled = cohens_dz(-4 * d, prompts)
    assert (scaled.value, scaled.lo, scaled.hi) == pytest.approx((-found.value, -found.hi, -found.lo))


def test_delta_by_all_pairs_and_left_out_one_by_one():
    a, b = RNG.normal(size=(2, 14)).round(1)
    b = (b + 0.5).round(1)
    found = cliffs_delta(a, b, np.arange(14))
    assert found.value == pytest.approx(slow.cliffs_delta(a, b))
    lo, hi = slow.jackknife(np.column_stack([a, b]), lambda x: slow.cliffs_delta(*x.T), np.arctanh, np.tanh)
    assert (found.lo, found.hi) == pytest.approx((lo, hi), abs=0.02)
    peer = scipy_stats.mannwhitneyu(b, a).statistic
    assert found.value == pytest.approx(2 * peer / 14**2 - 1)
    # Order is all it knows.
    assert cliffs_delta(np.exp(a), np.exp(b), np.arange(14)) == pytest.approx(found)
    assert cliffs_delta(b, a, np.arange(14)).value == pytest.approx(-found.value)


def test_effects_without_meaning_say_why():
    assert "two prompts" in cohens_dz([1.0, 2], ["a", "a"]).value.reason
    assert "by the same" in cohens_dz([0.3] * 8, np.arange(8)).value.reason
    found = cohens_dz([1.0, 2, 3], list("abc"))
    assert found.value == 2 and isinstance(found.lo, Undefined)
    assert isinstance(cohens_dz([1.0, 1, 1, 1, 2], np.arange(5)).lo, Undefined)
    apart = cliffs_delta(np.arange(6), np.arange(6) + 10, np.arange(6))
    assert apart.value == 1 and "do not overlap" in apart.lo.reason
    assert isinstance(cliffs_delta([np.nan, 1], [1, np.nan], [0, 1]).value, Undefined)
    with pytest.raises(mg.MetricError, match="a and b must have the same shape"):
        cliffs_delta([1.0], [1.0, 2], [0])


def test_sample_sizes_are_those_of_statsmodels():
    from statsmodels.stats.power import TTestPower

    for effect, chance in ((0.2, 0.8), (0.5, 0.9), (0.7, 0.5)):
        peer = TTestPower().solve_power(effect, power=chance, alpha=0.05)
        assert sample_size(effect, chance) == np.ceil(peer)
    assert power(-0.4, 50) == power(0.4, 50) == pytest.approx(TTestPower().power(0.4, 50, 0.05), abs=1e-6)


def test_no_effect_is_so_large_that_five_prompts_show_it():
    assert power(50, 5) == 0 and sample_size(50) == 6
    assert power(0, 30) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [((0,), "effect of 0"), ((np.nan,), "finite"), ((0.5, 1.5), "between 0 and 1"), ((1e-6,), "more than"),
     ((0.5, 0.8, 0), "level")],
)  # fmt: skip
def test_sizes_that_cannot_be(arguments, reason):
    with pytest.raises(mg.MetricError, match=reason):
        sample_size(*arguments)


@pytest.mark.parametrize("seed", range(3))
def test_no_p_depends_on_the_order_of_a_table_with_ties(seed):
    """Counts and flags tie, with either sign; which of two comes first must not decide what is drawn."""
    rng = np.random.default_rng(seed)
    d, kinds, counts = rng.integers(-2, 4, 24) * 1.0, np.arange(24) % 3, rng.integers(0, 3, 24) * 1.0
    cells = rng.integers(0, 3, (12, 3)) * 1.0
    found = sign_flip(d, np.arange(24)).p, shuffle_between(counts, kinds).p, shuffle_within(cells).p
    for _ in range(4):
        order, rows, levels = rng.permutation(24), rng.permutation(12), rng.permutation(3)
        assert sign_flip(d[order], np.arange(24)).p == sign_flip(-d, np.arange(24)).p == found[0]
        assert shuffle_between(counts[order], levels[kinds[order]]).p == found[1]
        assert shuffle_within(cells[rows][:, levels]).p == shuffle_within(-cells).p == found[2]


def test_an_infinite_value_has_no_p_and_no_effect_size():
    values = np.append(RNG.normal(size=13), np.inf)
    for n in (5, 14):
        tested, dz = sign_flip(values[-n:], np.arange(n)), cohens_dz(values[-n:], np.arange(n))
        delta = cliffs_delta(np.zeros(n), values[-n:], np.arange(n))
        assert np.isnan(tested.p) and np.isnan(delta.value) and np.isnan(dz.value)
        assert tested.reason == dz.value.reason == delta.value.reason == "a value is infinite"


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_effect_sizes_have_no_unit(unit):
    d = RNG.normal(0.5, 1, 9)
    assert cohens_dz(unit * d, np.arange(9)) == pytest.approx(cohens_dz(d, np.arange(9)))


def test_dz_without_a_prompt_that_is_far_out():
    """What it leaves is lost in the rounding of sums, and is not the same for all."""
    means = np.array([0.1, 0.2, 0.15, 0.12, 0.3, 1e9])
    found = cohens_dz(means, np.arange(6))
    assert (found.lo, found.hi) == pytest.approx(slow.jackknife(means, lambda m: m.mean() / m.std(ddof=1)))


def test_delta_of_the_same_clips_in_another_order_is_nothing():
    a, b = np.tile([0.1, 0.2, 0.3], 6), np.tile([0.3, 0.2, 0.1], 6)
    assert cliffs_delta(a, b, np.repeat(np.arange(6), 3)) == (0, 0, 0)
