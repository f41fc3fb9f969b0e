"""Means and intervals over prompts."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

import mgeval as mg
from mgeval.stats import mean_interval, share_interval


def test_few_prompts_take_the_t_interval_on_their_means():
    values = np.array([1.0, 3, 2, 6, 4, np.nan])
    prompts = np.array(["a", "a", "b", "b", "c", "c"])
    mean, lo, hi, n = mean_interval(values, prompts)
    expected = scipy_stats.ttest_1samp([2, 4, 4], 0).confidence_interval(0.95)
    assert (mean, n) == (pytest.approx(10 / 3), 3)
    assert (lo, hi) == pytest.approx((expected.low, expected.high))


def test_many_prompts_take_the_bca_bootstrap_over_prompts():
    # With this many prompts the small-sample correction is slight, so scipy's plain BCa is a valid reference.
    means = np.random.default_rng(0).exponential(size=300)
    values, prompts = np.repeat(means, 3), np.repeat(np.arange(300), 3)
    mean, lo, hi, n = mean_interval(values, prompts)
    peer = scipy_stats.bootstrap((means,), np.mean, n_resamples=20_000, method="BCa", random_state=1)
    assert mean == pytest.approx(means.mean()) and n == 300
    assert (lo, hi) == pytest.approx(tuple(peer.confidence_interval), abs=0.05 * (hi - lo))
    plain = scipy_stats.bootstrap((means,), np.mean, n_resamples=20_000, method="percentile", random_state=1)
    # For skewed data the interval reaches further into the tail than plain percentiles.
    assert lo > plain.confidence_interval.low and hi > plain.confidence_interval.high
    assert mean_interval(values, prompts) == (mean, lo, hi, n)


def test_the_bootstrap_of_twenty_prompts_is_as_wide_as_students_interval():
    means = np.random.default_rng(1).normal(size=20)
    _, lo, hi, _ = mean_interval(means, np.arange(20))
    peer = scipy_stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert hi - lo == pytest.approx(peer.high - peer.low, rel=0.05)


@pytest.mark.parametrize("n", [10, 30])
def test_an_interval_moves_and_grows_with_its_values(n):
    values, prompts = np.random.default_rng(2).exponential(size=n), np.arange(n)
    found, other = mean_interval(values, prompts), mean_interval(100 - 3 * values, prompts)
    assert other.mean == pytest.approx(100 - 3 * found.mean)
    # For negated values the quantiles interpolate between the same resamples from the other side.
    assert (100 - other.hi) / 3 == pytest.approx(found.lo, abs=0.03)
    assert mean_interval(1e6 + values, prompts).lo - 1e6 == pytest.approx(found.lo, abs=1e-6)


@pytest.mark.parametrize("n", [5, 40])
def test_equal_prompts_have_a_point(n):
    assert mean_interval([0.1] * n, np.arange(n))[:3] == pytest.approx((0.1, 0.1, 0.1))


def test_a_share_of_independent_clips_has_wilsons_interval():
    # One clip per prompt: as many independent clips as prompts, apart from n - 1 in the variance.
    values = np.array([1.0] * 30 + [0.0] * 70)
    share, lo, hi, n = share_interval(values, np.arange(100))
    peer = scipy_stats.binomtest(30, 100).proportion_ci(0.95, method="wilson")
    assert (share, n) == (0.3, 100)
    assert (lo, hi) == pytest.approx((peer.low, peer.high), abs=0.002)


def test_a_share_never_leaves_its_range():
    for p in (0, 1):
        share, lo, hi, _ = share_interval([p] * 12, np.repeat(np.arange(6), 2))
        assert share == p and 0 <= lo < hi <= 1 and (lo, hi)[p] == p
    few = share_interval([1.0] + [0] * 19, np.arange(20))
    assert 0 < few.lo < 0.05 < few.hi < 0.3


def test_equal_seeds_do_not_narrow_a_share():
    values = np.array([0, 0, 1, 0, 1, 0, 0, 1, 0, 0], float)
    alone, twice = (
        share_interval(values, np.arange(10)),
        share_interval(np.repeat(values, 4), np.repeat(np.arange(10), 4)),
    )
    assert twice == pytest.approx(alone)
    spread = share_interval(np.tile([0, 0, 1.0, 0], 10), np.repeat(np.arange(10), 4))
    assert spread.hi - spread.lo < 0.6 * (alone.hi - alone.lo)


def test_undefined_shares():
    assert np.isnan(share_interval([np.nan], ["a"])[:3]).all()
    assert np.isnan(share_interval([1, 0], ["a", "a"])[1:3]).all()
    with pytest.raises(mg.MetricError, match="0 or 1"):
        share_interval([0.5], ["a"])
    with pytest.raises(mg.MetricError, match="one prompt for each value"):
        mean_interval([1.0, 2], ["a"])


def test_nothing_to_average():
    assert np.isnan(mean_interval([np.nan], ["a"])[:3]).all() and mean_interval([np.nan], ["a"])[3] == 0
    mean, lo, hi, n = mean_interval([1.0, 2.0], ["a", "a"])
    assert (mean, n) == (1.5, 1) and np.isnan(lo) and np.isnan(hi)


@pytest.mark.parametrize("n", [4, 24])
def test_the_interval_does_not_depend_on_the_order_of_clips_or_prompt_names(n):
    rng = np.random.default_rng(0)
    values, prompts = rng.exponential(size=3 * n), np.repeat(np.arange(n), 3)
    order = rng.permutation(3 * n)
    assert mean_interval(values[order], prompts[order]) == pytest.approx(mean_interval(values, prompts), abs=1e-12)
    # Nor on the sign of the values.
    mean, lo, hi, _ = mean_interval(-values, prompts)
    assert mean_interval(values, prompts)[:3] == pytest.approx((-mean, -hi, -lo), abs=1e-9)


def test_a_clip_without_a_prompt_is_its_own_prompt():
    values, alone = np.arange(6.0), np.array(["a", "a", "b", None, None, np.nan], object)
    assert mean_interval(values, alone) == mean_interval(values, np.array(list("aabxyz")))


def test_a_folder_of_very_many_files_has_its_interval_in_little_memory():
    values = np.random.default_rng(0).normal(size=20_000)
    tracemalloc.start()
    _, lo, hi, n = mean_interval(values, np.arange(20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 20_000 and hi - lo == pytest.approx(2 * 1.96 / np.sqrt(20_000), rel=0.1)
    assert peak < 120e6


@pytest.fixture
def scores():
    rows = [
        {"spatial": s, "guidance": g, "prompt_id": f"{s}{p}", "width": w + p / 10, "crest": np.nan}
        for s, w in (("wide", 0.5), ("mono", 0.0))
        for g in (1, 3)
        for p in range(3)
    ]
    return pd.DataFrame(rows)


def test_a_summary_has_a_row_per_group_and_metric(scores):
    table = mg.summarise(scores, "spatial")
    assert table.columns.tolist() == ["spatial", "metric", "mean", "lo", "hi", "n_clips", "n_prompts"]
    assert table["spatial"].tolist() == ["wide", "wide", "mono", "mono"]
    wide = table[(table["spatial"] == "wide") & (table["metric"] == "width")].iloc[0]
    assert wide["mean"] == pytest.approx(0.6) and (wide["n_clips"], wide["n_prompts"]) == (6, 3)
    crest = table[table["metric"] == "crest"]
    assert crest["mean"].isna().all() and (crest["n_clips"] == 0).all() and (crest["n_prompts"] == 0).all()


def test_groups_of_several_columns_and_of_none(scores):
    assert len(mg.summarise(scores, ["spatial", "guidance"])) == 2 * 2 * 2
    assert len(mg.summarise(scores)) == 2
    assert mg.summarise(scores.drop(columns="prompt_id"))["n_prompts"].tolist() == [12, 0]


@pytest.mark.parametrize(
    ("change", "by", "reason"),
    [
        (lambda s: s, "spatail", "did you mean 'spatial'"),
        (lambda s: s[["spatial"]], "spatial", "holds no metric"),
        (lambda s: s.head(0), "spatial", "empty"),
    ],
)
def test_wrong_tables(scores, change, by, reason):
    with pytest.raises(mg.MetricError, match=reason):
        mg.summarise(change(scores), by)


@pytest.mark.parametrize(("n", "bootstrap"), [(19, False), (20, True)])
def test_the_bootstrap_begins_at_20_prompts(n, bootstrap):
    means = np.random.default_rng(0).exponential(size=n)
    _, lo, hi, _ = mean_interval(means, np.arange(n))
    symmetric = (lo + hi) / 2 == pytest.approx(means.mean(), abs=1e-9)
    assert symmetric != bootstrap


def test_angles_of_an_axis_are_averaged_across_the_wrap():
    mean, lo, hi, _ = mean_interval([89.0, -89, 88], ["a", "b", "c"], period=180)
    assert mean == pytest.approx(89 + 1 / 3) and lo < mean < hi < 100
    assert mean_interval([10.0, -20, 30], list("abc"), period=180) == pytest.approx(
        mean_interval([10.0, -20, 30], list("abc"))
    )
    assert mean_interval([90.0, 90.0], list("ab"), period=180)[0] == 90


def test_summaries_average_the_image_angle_as_an_axis(scores):
    table = mg.summarise(scores.assign(image_angle=[89.4, -89.4] * 6))
    assert abs(table.set_index("metric").loc["image_angle", "mean"]) == pytest.approx(90, abs=1e-6)


def test_a_group_without_a_value_is_a_group(scores):
    table = mg.summarise(scores.assign(kind=["a", None] * 6), "kind")
    assert table["kind"].isna().sum() == table["kind"].eq("a").sum() == 2
    assert (table["n_clips"][table["metric"] == "width"] == 6).all()


def test_a_column_that_the_summary_has_itself_is_refused(scores):
    with pytest.raises(mg.MetricError, match="column 'mean' of its own"):
        mg.summarise(scores.assign(mean=1), "mean")


def test_prompt_ids_of_any_kind(scores):
    # Three rows have no prompt: each counts as its own.
    assert mg.summarise(scores.assign(prompt_id=[1, "a", None, 2.5] * 3))["n_prompts"][0] == 6


def test_summaries_stay_in_the_metrics_range_and_take_shares_of_flags(scores):
    odd = scores.assign(width=[0.0, 0, 0.9] * 4, dual_mono=0.0)
    table = mg.summarise(odd).set_index("metric")
    assert table.loc["width", "lo"] == 0 < table.loc["width", "mean"]
    assert table.loc["dual_mono", "lo"] == 0 < table.loc["dual_mono", "hi"] < 0.6


@pytest.mark.parametrize("n", [24, 40])
def test_ties_of_either_sign_do_not_make_the_interval_depend_on_the_order(n):
    values, rng = np.resize([-2.0, -1, -1, 0, 0, 1, 1, 2], n), np.random.default_rng(0)
    found = mean_interval(values, np.arange(n))
    for _ in range(4):
        assert mean_interval(values[rng.permutation(n)], np.arange(n)) == found


@pytest.mark.parametrize("n", [5, 25])
@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_an_interval_is_as_wide_in_any_unit(n, unit):
    values = np.random.default_rng(0).normal(1, 1, n)
    small, found = mean_interval(values, np.arange(n)), mean_interval(unit * values, np.arange(n))
    assert np.array(found[:3]) / unit == pytest.approx(small[:3]) and found.lo < found.hi


@pytest.mark.parametrize("n", [5, 25])
def test_an_infinite_value_leaves_no_interval(n):
    mean, lo, hi, _ = mean_interval([np.inf] + [1.0] * (n - 1), np.arange(n))
    assert mean == np.inf and np.isnan([lo, hi]).all()


def test_a_prompts_own_clips_are_averaged_across_the_wrap():
    """A prompt with clips at 80 and -80 degrees is at 90, even if most prompts are at 0."""
    values, prompts = [80.0, -80] * 3 + [0, 0] * 7, np.repeat(np.arange(10), 2)
    found = mean_interval(values, prompts, period=180)
    assert found.hi - found.lo > 50
    assert found[:3] == pytest.approx(mean_interval([90.0] * 3 + [0] * 7, np.arange(10), period=180)[:3])
