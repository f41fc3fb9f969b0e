"""Comparisons of settings and of runs, shares of variance, agreement of metrics."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

import mgeval as mg
from mgeval.stats import cliffs_delta, cohens_dz, mean_interval, sign_flip
from mgeval.stats.agreements import rank_correlation


def scores(prompts=10, settings=(3, 1), seeds=2, **more):
    rng, rows = np.random.default_rng(1), []
    for p in range(prompts):
        own = rng.normal()
        for g in settings:
            for s in range(seeds):
                width, loudness = 0.4 + 0.05 * own + 0.02 * g + 0.02 * rng.normal(), -20 + own + rng.normal()
                rows.append((f"p{p}", "jazz" if p % 2 else "pop", g, s, width, loudness))
    table = pd.DataFrame(rows, columns=["prompt_id", "genre", "guidance", "seed", "width", "loudness"])
    return table.assign(key=range(len(table)), **more)


def test_a_row_holds_what_the_parts_say():
    table = scores()
    low, high = (table[table["guidance"] == g].sort_values(["prompt_id", "seed"]) for g in (1, 3))
    d, prompts = high["width"].to_numpy() - low["width"].to_numpy(), low["prompt_id"].to_numpy()
    found = mg.compare(table, by="guidance").set_index("metric").loc["width"]
    mean, lo, hi, n = mean_interval(d, prompts)
    assert (found.a, found.b, found.n_pairs, found.n_prompts) == (1, 3, 20, n) and n == 10
    assert (found.difference, found.lo, found.hi) == pytest.approx((mean, lo, hi))
    assert found.mean_b - found.mean_a == pytest.approx(mean)
    assert found.p == sign_flip(d, prompts).p and found.test == "sign flip of prompts, exact"
    assert (found.dz, found.dz_lo, found.dz_hi) == pytest.approx(cohens_dz(d, prompts))
    assert (found.delta, found.delta_lo, found.delta_hi) == pytest.approx(
        cliffs_delta(low["width"], high["width"], prompts)
    )
    assert found.reason == ""


def test_p_is_adjusted_over_the_rows_of_the_table():
    table = mg.compare(scores(settings=(1, 3, 6)), by="guidance")
    assert table[["metric", "a", "b"]].values.tolist() == [
        [m, a, b] for m in ("width", "loudness") for a, b in ((1, 3), (1, 6), (3, 6))
    ]
    assert (table["p_holm"] >= table["p_bh"]).all() and (table["p_bh"] >= table["p"]).all()
    alone = mg.compare(scores(settings=(1, 3)), by="guidance", metrics="width")
    assert alone["p_holm"].tolist() == alone["p"].tolist()


def test_two_tables_are_two_settings():
    table = scores()
    first, second = table[table["guidance"] == 1], table[table["guidance"] == 3]
    two, one = mg.compare(first, second), mg.compare(table, by="guidance")
    pd.testing.assert_frame_equal(two.drop(columns=["a", "b"]), one.drop(columns=["a", "b"]))
    assert two[["a", "b"]].values.tolist()[0] == ["first", "second"]
    back = mg.compare(second, first)
    assert back["difference"].tolist() == pytest.approx((-one["difference"]).tolist())
    assert back["p"].tolist() == one["p"].tolist() and back["dz"].tolist() == pytest.approx((-one["dz"]).tolist())


def test_the_order_of_clips_does_not_matter():
    table = scores(25)
    mixed = table.sample(frac=1, random_state=0)
    one, two = (mg.compare(t, by="guidance", metrics=["width"]).iloc[0] for t in (table, mixed))
    assert two.difference == pytest.approx(one.difference) and two.p == pytest.approx(one.p, abs=0.02)
    assert two.dz_lo == pytest.approx(one.dz_lo)


def test_pairs_share_the_other_settings():
    both = pd.concat([scores(duration=5.0), scores(duration=10.0).assign(width=lambda t: t["width"] + 1)])
    found = mg.compare(both, by="guidance", metrics="width").iloc[0]
    assert found.n_pairs == 40
    assert found.difference == pytest.approx(mg.compare(scores(), by="guidance", metrics="width")["difference"][0])
    with pytest.raises(mg.MetricError, match="first holds several clips.*differ in 'duration'"):
        mg.compare(both[both["guidance"] == 1], scores(settings=(3,), duration=5.0))


def test_settings_that_change_along_are_named():
    """Width depends on the temperature alone, and each guidance has its own."""
    table = scores(10).assign(temperature=lambda t: np.where(t["guidance"] == 1, 0.8, 1.2), top_k=250)
    table["width"] = table["temperature"] / 4 + 0.01 * np.random.default_rng(0).normal(size=len(table))
    found = mg.compare(table, by="guidance", metrics="width").iloc[0]
    assert found.p < 0.01 and found.reason.endswith("; the pairs also differ in 'temperature'")
    both = mg.compare(table.assign(top_k=lambda t: 10 * t["guidance"]), by="guidance", metrics="loudness")
    assert both["reason"][0] == "the pairs also differ in 'temperature', 'top_k'"
    # Gaps are alike; some pairs that differ are enough.
    some = table.assign(temperature=np.where(table.index == 0, 0.8, np.nan))
    assert "'temperature'" in mg.compare(some, by="guidance")["reason"][0]
    assert mg.compare(table.assign(temperature=np.nan), by="guidance", metrics="loudness")["reason"][0] == ""


def test_two_tables_may_differ_in_what_sets_them_apart():
    table = scores(10).assign(temperature=lambda t: np.where(t["guidance"] == 1, 0.8, 1.2))
    one, two = table[table["guidance"] == 1], table[table["guidance"] == 3]
    assert mg.compare(one, two)["reason"].tolist() == ["", ""]
    drawn = two.assign(temperature=np.linspace(0.5, 1.5, len(two)))
    assert mg.compare(one, drawn)["reason"].tolist() == ["the pairs also differ in 'temperature'"] * 2


def test_clips_without_a_partner_are_counted():
    table = scores()
    found = mg.compare(table.drop(index=table.index[[0, 5]]), by="guidance", metrics="width").iloc[0]
    assert found.n_pairs == 18 and found.reason == "2 clips have no partner"
    none = mg.compare(table[(table["guidance"] == 1) == (table["seed"] == 0)], by="guidance").iloc[0]
    assert none.n_pairs == 0 and np.isnan(none.p) and none.reason.startswith("no pair of clips has a value; 20 clips")


def test_degenerate_comparisons_have_reasons():
    table = scores(3).assign(crest=np.nan, width=0.5, image_angle=[80.0, -80] * 6)
    rows = mg.compare(table, by="guidance").set_index("metric")
    assert rows.loc["crest", "reason"] == "no pair of clips has a value" and rows.loc["crest", "n_pairs"] == 0
    assert rows.loc["width", ["difference", "p"]].tolist() == [0, 1]
    assert "p cannot fall below 0.25; dz: all prompts differ by the same amount" in rows.loc["width", "reason"]
    assert np.isnan(rows.loc["image_angle", "delta"]) and "no order" in rows.loc["image_angle", "reason"]
    one = mg.compare(scores(1), by="guidance").iloc[0]
    assert one.n_prompts == 1 and np.isnan(one.lo) and "one prompt has no interval" in one.reason


def test_angles_differ_the_shorter_way_round():
    table = scores(8).assign(image_angle=lambda t: np.where(t["guidance"] == 1, 85.0, -85.0))
    assert mg.compare(table, by="guidance", metrics="image_angle")["difference"][0] == pytest.approx(10)


def test_angles_near_half_a_period_have_a_difference_but_no_test():
    """Mono at 0 degrees against antiphase: 89 and -89 are the same way round."""
    rng = np.random.default_rng(0)
    table = scores(10).assign(image_angle=lambda t: np.where(t["guidance"] == 1, 0.0, 90 + rng.normal(0, 3, len(t))))
    table["image_angle"] = (table["image_angle"] + 90) % 180 - 90
    found = mg.compare(table, by="guidance", metrics="image_angle").iloc[0]
    assert abs(found.difference) == pytest.approx(90, abs=2) and 0 < found.hi - found.lo < 6
    assert np.isnan([found.p, found.p_holm, found.dz, found.dz_lo, found.dz_hi]).all() and found.test == ""
    assert found.reason.startswith("differences near half a period have no sign; delta: ") and "dz" not in found.reason
    near = table.assign(image_angle=np.where(table["guidance"] == 1, 0.0, 44 + rng.normal(0, 0.1, len(table))))
    assert mg.compare(near, by="guidance", metrics="image_angle")["p"][0] < 0.01


def test_controls_are_compared_only_when_asked_for():
    table = pd.concat([
        scores(control=None, model="tiny"), scores(control="dual mono", model="control:dual mono").assign(width=0.0)
    ])  # fmt: skip
    assert mg.compare(table, by="guidance")["n_pairs"].tolist() == [20, 20]
    found = mg.compare(table, by="control", metrics="width").iloc[0]
    assert {found.a, found.b} == {"dual mono", "(none)"} and found.n_pairs == 40
    assert "model" not in found.reason


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda t: mg.compare(t), "compare\\(a, b\\) two tables"),
        (lambda t: mg.compare(t, t, by="guidance"), "compare\\(a, b\\) two tables"),
        (lambda t: mg.compare(t, by="guidence"), "did you mean 'guidance'"),
        (lambda t: mg.compare(t.assign(top_k=1), by="top_k"), "2 to 24 different values, .* has 1"),
        (lambda t: mg.compare(t, by="guidance", metrics="widht"), "did you mean 'width'"),
        (lambda t: mg.compare(t.assign(musical_key=1.0), by="guidance", metrics="musical_key"), "is categorical"),
        (lambda t: mg.compare(t.drop(columns="prompt_id"), by="guidance"), "no column 'prompt_id'"),
        (lambda t: mg.compare(pd.concat([t, t]), by="guidance"), "the same settings"),
        (lambda t: mg.compare(t[["prompt_id", "seed", "guidance"]], by="guidance"), "holds no metric"),
        (lambda t: mg.compare(t, t.assign(seed=t["seed"].astype(str))), "'seed' is text on one side"),
        (lambda t: mg.stats.swept(t.drop(columns="prompt_id")), "no column 'prompt_id'"),
        (lambda t: mg.effects(t.head(0)), "empty"),
        (lambda t: mg.effects(t.assign(image_angle=1.0), metrics="image_angle"), "circular metrics have no"),
        (lambda t: mg.effects(t, "gidance"), "did you mean 'guidance'"),
        (lambda t: mg.effects(scores(settings=(1,)).drop(columns="genre")), "nothing was varied"),
        (lambda t: mg.agreement(t, "width"), "at least two metrics.*got 1"),
    ],
)
def test_wrong_tables_and_names(call, reason):
    with pytest.raises(mg.MetricError, match=reason):
        call(scores())


def test_shares_of_variance_add_up_and_find_what_varies():
    table = scores(20, settings=(1, 3, 6))
    shares = mg.effects(table, metrics="width").set_index("factor")
    assert shares["share"].sum() == pytest.approx(1) and (shares["share"] >= 0).all()
    assert shares.loc["guidance", "p"] < 0.01 and shares.loc["genre", "p"] > 0.05
    # What was drawn, taken apart by sums of squares: 20 prompts at 3 settings with 2 seeds.
    cells = table.pivot_table(index="prompt_id", columns="guidance", values="width")
    setting = np.var(cells.mean(axis=0))
    expected = setting / (setting + np.var(cells.mean(axis=1)) + 0.02**2)
    assert shares.loc["guidance", "share"] == pytest.approx(expected, abs=0.05)
    assert shares["model"].eq("mixed model").all()
    other = mg.effects(table.assign(width=7 - 30 * table["width"]), metrics="width").set_index("factor")
    assert other["share"].tolist() == pytest.approx(shares["share"].tolist(), abs=1e-3)


def test_the_mixed_model_and_the_moments_agree_where_all_is_even():
    from mgeval.stats.variances import _fit, _moments

    table = scores(20, settings=(1, 3))
    y = table["width"].to_numpy()
    y = (y - y.mean()) / y.std()
    x = np.column_stack([np.ones(len(y)), table["guidance"] == 3]).astype(float)
    prompts = pd.factorize(table["prompt_id"])[0]
    mixed, plain = _fit(y, x, prompts), _moments(y, x, prompts)
    assert (mixed.name, plain.name) == ("mixed model", "least squares")
    assert mixed.beta == pytest.approx(plain.beta, abs=1e-6)
    assert mixed.prompt == pytest.approx(plain.prompt, rel=0.05) and mixed.rest == pytest.approx(plain.rest, rel=0.05)


def test_what_levels_take_of_chance_is_not_counted_as_chance():
    from mgeval.stats.variances import _moments

    rng, found = np.random.default_rng(0), []
    prompts, levels = np.repeat(np.arange(3), 10), np.tile(np.arange(10), 3)
    x = np.column_stack([np.ones(30), *(np.equal(levels, level) for level in range(1, 10))]).astype(float)
    for _ in range(200):
        found.append(_moments(rng.normal(size=30), x, prompts).rest)
    # 18 degrees of freedom each.
    assert np.mean(found) == pytest.approx(1, abs=4 * np.sqrt(2 / 18 / 200))


def test_one_clip_per_prompt_cannot_tell_prompts_from_the_rest():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"prompt_id": range(40), "genre": np.tile(list("abcd"), 10), "width": rng.normal(size=40)})
    shares = mg.effects(table, "genre").set_index("factor")
    assert np.isnan(shares.loc["(prompt)", "share"]) and "one clip per prompt" in shares.loc["(prompt)", "reason"]
    assert shares["share"].sum() == pytest.approx(1)


def test_prompts_without_variance_are_no_error():
    rng = np.random.default_rng(3)
    for seed in range(4):
        table = scores(8).assign(width=np.random.default_rng(seed).normal(size=32), loudness=rng.normal(size=32))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shares = mg.effects(table).set_index(["metric", "factor"])["share"]
        assert shares.between(0, 1).all() and shares.loc["width"].sum() == pytest.approx(1)


def test_effects_without_meaning_say_why():
    table = scores(6).assign(crest=np.nan, width=0.5, top_k=lambda t: t["guidance"] * 10)
    rows = mg.effects(table, ["guidance"]).set_index(["metric", "factor"])["reason"]
    assert rows["crest", "guidance"] == "no clip has a value"
    assert rows["width", "guidance"] == "all clips have the same value"
    assert "change together" in mg.effects(table, ["guidance", "top_k"], "loudness")["reason"][0]
    assert "at least two prompts" in mg.effects(scores(1), "guidance")["reason"][0]
    gone = table.assign(loudness=table["loudness"].where(table["guidance"] == 1))
    assert "only one level" in mg.effects(gone, "guidance", "loudness")["reason"][0]
    assert "cannot fall below" in mg.effects(scores(4), "guidance")["reason"][0]


@pytest.mark.parametrize(("genres", "seeds"), [(10, 3), (4, 2)])
def test_what_levels_between_prompts_take_is_not_taken_from_the_prompts(genres, seeds):
    from mgeval.stats.variances import _dummies, _moments

    rng, found, prompts = np.random.default_rng(0), [], np.repeat(np.arange(20), seeds)
    x = np.column_stack([np.ones(len(prompts)), _dummies(prompts % genres)])
    for _ in range(300):
        y = 0.7 * rng.normal(size=20)[prompts] + rng.normal(size=len(prompts))
        found.append(_moments(y, x, prompts))
    # The mean of 300 scatters by 0.03 and 0.01; a prompts' variance of 0 is kept from falling below.
    assert np.mean([fit.prompt for fit in found]) == pytest.approx(0.49, abs=0.08)
    assert np.mean([fit.rest for fit in found]) == pytest.approx(1, abs=0.04)


def test_prompts_lend_no_variance_to_the_rest_where_settings_are_uneven():
    from mgeval.stats.variances import _dummies, _moments

    rng, found, prompts = np.random.default_rng(0), [], np.repeat(np.arange(16), 4)
    for _ in range(300):
        x = np.column_stack([np.ones(64), _dummies((rng.random(64) < rng.random(16)[prompts]).astype(int))])
        found.append(_moments(5 * rng.normal(size=16)[prompts] + rng.normal(size=64), x, prompts).rest)
    # 47 degrees of freedom each.
    assert np.mean(found) == pytest.approx(1, abs=4 * np.sqrt(2 / 47 / 300))


def test_prompts_that_cannot_be_told_from_the_rest_or_the_factors_say_so():
    rng = np.random.default_rng(0)
    prompts, setting = [*range(20), 0], [0] * 20 + [1]
    table = pd.DataFrame({"prompt_id": prompts, "guidance": setting, "width": rng.normal(size=21)})
    few = mg.effects(table, "guidance").set_index("factor")
    assert np.isnan(few.loc["(prompt)", "share"]) and "too few clips per prompt" in few.loc["(prompt)", "reason"]
    assert few["share"].sum() == pytest.approx(1)
    told = mg.effects(scores(6).assign(name=lambda t: t["prompt_id"]), "name", "width").set_index("factor")
    assert np.isnan(told.loc["(prompt)", "share"]) and "part of them" in told.loc["(prompt)", "reason"]


def test_an_infinite_value_has_its_own_reason():
    table = scores(8).assign(width=lambda t: t["width"].where(t.index != 0, np.inf))
    assert (mg.effects(table, "guidance", "width")["reason"] == "a value is infinite").all()
    found = mg.compare(table, by="guidance", metrics="width").iloc[0]
    assert np.isnan([found.p, found.lo, found.dz, found.delta]).all() and "infinite" in found.reason


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_shares_of_variance_have_no_unit(unit):
    table = scores(12)
    found = mg.effects(table.assign(width=unit * table["width"]), "guidance", "width")
    assert found["share"].tolist() == pytest.approx(mg.effects(table, "guidance", "width")["share"].tolist(), abs=1e-6)


def test_a_setting_that_was_left_out_is_a_level_to_pair_by():
    both = pd.concat([scores(top_k=None), scores(top_k=250).assign(width=lambda t: t["width"] + 1)])
    found = mg.compare(both, by="guidance", metrics="width").iloc[0]
    assert found.n_pairs == 40 and found.reason == ""
    assert found.difference == pytest.approx(mg.compare(scores(), by="guidance", metrics="width")["difference"][0])
    lengths = pd.concat([scores(seeds=1, duration=5.0), scores(seeds=1, duration=10.0)]).assign(seed=np.nan)
    assert mg.compare(lengths, by="guidance", metrics="width")["n_pairs"][0] == 20


def test_clips_without_a_prompt_have_no_partner():
    table = scores(8)
    gone = table.assign(prompt_id=table["prompt_id"].where(table["prompt_id"] > "p1"))
    found = mg.compare(gone, by="guidance", metrics="width").iloc[0]
    assert (found.n_pairs, found.n_prompts) == (12, 6) and found.reason == "8 clips have no partner"


def test_numbers_with_many_values_are_cut_into_groups():
    table = scores(20).assign(temperature=lambda t: np.random.default_rng(0).uniform(0.5, 1.5, len(t)))
    table["width"] += table["temperature"]
    row = mg.effects(table, ["temperature", "guidance"], "width").iloc[0]
    assert row.levels == 5 and row.share > 0.7


def test_agreement_is_spearmans():
    table = scores(12).assign(side_mid_db=lambda t: -1 / t["width"])
    found = mg.agreement(table)
    assert found.iloc[0][["a", "b", "rho", "lo", "hi"]].tolist() == pytest.approx(["width", "side_mid_db", 1, 1, 1])
    other = found[(found["a"] == "width") & (found["b"] == "loudness")].iloc[0]
    assert other["rho"] == pytest.approx(scipy_stats.spearmanr(table["width"], table["loudness"]).statistic)
    assert -1 <= other["lo"] < other["rho"] < other["hi"] <= 1


def test_ranks_error_is_that_of_leaving_prompts_out():
    rng = np.random.default_rng(2)
    prompts = np.repeat(np.arange(40), 4)
    x = rng.normal(size=40)[prompts] + rng.normal(size=160)
    y = (x + rng.normal(size=40)[prompts]).round()
    found = rank_correlation(x, y, prompts)
    without = [scipy_stats.spearmanr(x[prompts != p], y[prompts != p]).statistic for p in range(40)]
    z = np.arctanh(without)
    half = scipy_stats.t.ppf(0.975, 39) * np.sqrt(39 / 40 * np.sum((z - z.mean()) ** 2))
    assert np.arctanh(found.hi) - np.arctanh(found.rho) == pytest.approx(half, rel=0.1)
    assert rank_correlation(np.exp(x), -y, prompts)[:3] == pytest.approx((-found.rho, -found.hi, -found.lo))


def test_ranks_without_meaning():
    x = np.arange(8.0)
    assert "same for all" in rank_correlation(x, np.ones(8), np.arange(8)).reason
    assert "fewer than two" in rank_correlation(x, np.full(8, np.nan), np.arange(8)).reason
    few = rank_correlation(x, x[::-1] ** 2 % 7, np.arange(8) // 2)
    assert "5 prompts" in few.reason and np.isnan(few.lo) and not np.isnan(few.rho)
