"""What makes clips fail, and how it is drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotted import assert_legible
from reference import statistics_slow as slow

import mgeval as mg
from mgeval.stats.firth import firth, logistic, separation


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def failures(prompts=24, kinds=("drone",), seed=0):
    rng, rows = np.random.default_rng(seed), []
    for p in range(prompts):
        for g in (1.0, 3.0, 6.0):
            for s in range(3):
                genre = ("pop", "jazz", "metal", "pop")[p % 4]
                chance = 1 / (1 + np.exp(2 - 0.5 * g - (genre == "metal")))
                about = {"key": f"{p}-{g}-{s}", "prompt_id": p, "genre": genre, "guidance": g, "seed": s}
                rows += [{**about, "kind": k, "score": 1.0, "flagged": bool(rng.random() < chance)} for k in kinds]
    return pd.DataFrame(rows).assign(start_s=0.0, end_s=1.0, reason="")


def design(n=60):
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(2, size=n)])
    return x, (rng.random(n) < 1 / (1 + np.exp(1.5 - x[:, 1]))).astype(float)


def test_firth_maximises_the_penalised_likelihood():
    x, y = design()
    beta, converged = firth(x, y)
    assert converged and beta == pytest.approx(slow.firth(x, y), abs=1e-4)


def test_firth_of_a_table_of_four_adds_half_a_clip_to_each_cell():
    # Heinze and Schemper 2002: the saturated model's odds ratio with 1/2 added to each cell.
    x = np.column_stack([np.ones(30), np.repeat([0, 1], 15)])
    y = np.array([1] * 3 + [0] * 12 + [1] * 15, float)
    beta, converged = firth(x, y)
    assert converged and beta[1] == pytest.approx(np.log((15.5 / 0.5) / (3.5 / 12.5)), abs=1e-6)


def test_errors_are_those_of_leaving_prompts_out():
    x, y = design(400)
    prompts = np.arange(400) // 8
    found = logistic(x, y, prompts)
    without = np.array([firth(x[prompts != p], y[prompts != p])[0] for p in range(50)])
    spread = np.sqrt(49 / 50 * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    assert found.error == pytest.approx(spread, rel=0.1)


def test_large_samples_agree_with_statsmodels_clustered_by_prompt():
    import statsmodels.api as sm

    x, y = design(2000)
    prompts = np.arange(2000) // 8
    peer = sm.Logit(y, x).fit(disp=0, cov_type="cluster", cov_kwds={"groups": prompts})
    found = logistic(x, y, prompts)
    assert found.beta == pytest.approx(peer.params, abs=0.02)
    assert found.error == pytest.approx(peer.bse, rel=0.05)


def test_separation_is_found_and_only_where_it_is():
    x, y = design()
    assert not separation(x, y).any()
    direction = separation(np.column_stack([x, y]), y)
    assert direction[3] != 0 and ((2 * y - 1) * (np.column_stack([x, y]) @ direction) >= -1e-9).all()


def test_a_setting_raises_the_odds():
    table = mg.predict_failure(failures()).set_index(["factor", "level"])
    guidance = table.loc[("guidance", 6.0)]
    assert guidance["reference"] == 1 and guidance["lo"] < np.exp(2.5) < guidance["hi"] and guidance["p"] < 1e-4
    assert table.index.tolist() == [("genre", "jazz"), ("genre", "metal"), ("guidance", 6.0)]
    assert (table["reference"][:2] == "pop").all() and (table["reason"] == "").all()
    jazz = table.loc[("genre", "jazz")]
    assert jazz["lo"] < 1 < jazz["hi"] and guidance["n_clips"] == 216 and guidance["n_prompts"] == 24
    assert (table["p_holm"] >= table["p"]).all()


def test_units_and_order_do_not_matter():
    found = failures()
    other = found.sample(frac=1, random_state=0).assign(guidance=lambda t: 100 + 7 * t["guidance"])
    one, two = (mg.predict_failure(t, "guidance").iloc[0] for t in (found, other))
    assert (two.odds_ratio, two.lo, two.hi, two.p) == pytest.approx((one.odds_ratio, one.lo, one.hi, one.p))
    down = mg.predict_failure(found.assign(guidance=-found["guidance"]), "guidance").iloc[0]
    assert down.odds_ratio == pytest.approx(1 / one.odds_ratio)


def test_a_clip_counts_once_and_only_if_it_was_judged():
    found = failures()
    twice = pd.concat([found, found[found["flagged"]]])
    assert mg.predict_failure(twice)["odds_ratio"].tolist() == mg.predict_failure(found)["odds_ratio"].tolist()
    gone = found.assign(
        score=found["score"].where(found["prompt_id"] > 3), flagged=found["flagged"] & (found["prompt_id"] > 3)
    )
    assert mg.predict_failure(gone)["n_prompts"].tolist() == [20] * 3
    assert mg.predict_failure(found.assign(score=np.nan, flagged=False))["reason"][0] == "no clip could be judged"


def test_no_odds_without_bound():
    found = failures(kinds=("drone", "silence", "loop", "seam"))
    decided = {"silence": False, "loop": found["guidance"] > 5}
    for kind, flagged in decided.items():
        found.loc[found["kind"] == kind, "flagged"] = flagged
    never = (found["kind"] == "seam") & (found["genre"] == "jazz")
    found.loc[never, "flagged"] = False
    table = mg.predict_failure(found).set_index(["kind", "factor", "level"]).sort_index()
    assert (
        table.loc["silence", "odds_ratio"].isna().all() and (table.loc["silence", "reason"] == "no clip has it").all()
    )
    assert table.loc["loop", "odds_ratio"].isna().all() and (
        "unbounded" in table.loc[("loop", "guidance", 6.0), "reason"]
    )
    # What one level decides leaves the others their odds, of the clips it says nothing about.
    seam = table.loc["seam"]
    assert np.isnan(seam.loc[("genre", "jazz"), "odds_ratio"]) and "unbounded" in seam.loc[("genre", "jazz"), "reason"]
    rest = mg.predict_failure(found[(found["kind"] == "seam") & (found["genre"] != "jazz")]).set_index("factor")
    assert seam.loc[("guidance", 6.0), "lo"] == pytest.approx(rest.loc["guidance", "lo"])
    assert table["hi"].dropna().max() < 1e3


def test_odds_that_cannot_be_told():
    found = failures()
    same = mg.predict_failure(found.assign(top_k=found["guidance"] * 10), ["guidance", "top_k"])
    assert same["reason"].tolist() == ["", "cannot be separated from the terms before it"]
    lone = mg.predict_failure(found.assign(claim=np.where(found["prompt_id"] == 2, "wide", "mono")), ["claim"])
    assert lone["reason"].tolist() == ["a single prompt decides it"] and lone["lo"].isna().all()
    assert "too few" in mg.predict_failure(failures(4), "guidance")["reason"][0]
    rare = found.assign(flagged=found.index < 3)
    assert mg.predict_failure(rare, "guidance")["reason"][0] == "only 3 clips have it"


def test_a_column_that_was_not_varied_has_a_row_and_a_reason():
    found = failures().assign(top_k=250.0, mood="calm", language=np.nan)
    table = mg.predict_failure(found, ["top_k", "mood", "language", "guidance"]).set_index("factor")
    for name in ("top_k", "mood", "language"):
        assert np.isnan(table.loc[name, "odds_ratio"]) and "the same value" in table.loc[name, "reason"]
    assert table.loc["guidance", "odds_ratio"] == mg.predict_failure(found, "guidance")["odds_ratio"][0]
    assert np.isnan(mg.predict_failure(found, "top_k")["p"][0])


def test_a_number_that_is_infinite_or_missing_has_no_odds():
    found = failures()
    for gap in (np.inf, np.nan):
        table = mg.predict_failure(found.assign(t=found["guidance"].where(found["guidance"] < 6, gap)), "t")
        assert table[["level", "reference"]].values.tolist() == [[3, 1]]
        assert np.isnan(table["p"][0]) and "no finite value" in table["reason"][0]


def test_clips_without_a_prompt_are_not_of_one():
    found = failures()
    gone = found.assign(prompt_id=found["prompt_id"].where(found["prompt_id"] > 11))
    own = found.assign(prompt_id=found["prompt_id"].where(found["prompt_id"] > 11, "alone " + found["key"]))
    pd.testing.assert_frame_equal(mg.predict_failure(gone), mg.predict_failure(own))
    width = np.random.default_rng(0).normal(size=len(found))
    one, two = (mg.effects(table.assign(width=width), "guidance") for table in (gone, own))
    assert one["n_prompts"][0] == 12 + 108
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("kind", [object, float, "boolean"])
def test_a_flag_that_is_missing_is_no_failure(kind):
    found, gone = failures(), np.arange(216) < 20
    gaps = found.assign(score=found["score"].mask(gone), flagged=found["flagged"].astype(kind).mask(gone))
    table = mg.predict_failure(gaps)
    peer = mg.predict_failure(found[~gone]).set_index("level").loc[table["level"]].reset_index()
    pd.testing.assert_frame_equal(table, peer[table.columns])
    assert table["n_clips"][0] == 196


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda t: mg.predict_failure(t.drop(columns="kind")), "no column 'kind'.*failure_table"),
        (lambda t: mg.predict_failure(t, "gidance"), "did you mean 'guidance'"),
        (lambda t: mg.predict_failure(t, kinds="dronne"), "did you mean 'drone'"),
        (lambda t: mg.predict_failure(t.head(0)), "empty"),
        (lambda t: mg.predict_failure(t.assign(flagged=t["flagged"].astype(str))), "'flagged' must be True or False"),
        (lambda t: mg.plots.forest(mg.predict_failure(t), "dronne"), "did you mean 'drone'"),
        (lambda t: mg.plots.forest(t, "drone"), "no column 'factor'"),
    ],
)
def test_wrong_tables_of_failures(call, reason):
    with pytest.raises(mg.MetricError, match=reason):
        call(failures())


def test_a_forest_holds_the_ratios():
    odds = mg.predict_failure(failures())
    ax = mg.plots.forest(odds, "drone")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["jazz vs pop", "metal vs pop", "Guidance: 6 vs 1"]
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == pytest.approx(odds["odds_ratio"].tolist())
    assert points[0].get_markerfacecolor() == "white" != points[2].get_markerfacecolor()
    assert ax.get_title("left") == f"Drone: {odds['n_failed'][0]} of 216 clips, 24 prompts" and ax.get_xscale() == "log"
    assert_legible(ax)


def test_a_forest_says_what_has_no_ratio():
    odds = mg.predict_failure(failures())
    odds.loc[0, ["odds_ratio", "lo", "hi"]] = np.nan
    odds.loc[1, ["odds_ratio", "lo", "hi"]] = [0.01, 1e-9, 1e6]
    ax = mg.plots.forest(odds, "drone")
    assert ax.texts[0].get_text() == "\N{EN DASH}" and {line.get_marker() for line in ax.lines} >= {"<", ">"}
    assert_legible(ax)
    never = mg.predict_failure(failures().assign(flagged=False))
    assert mg.plots.forest(never, "drone").texts[0].get_text() == "Drone: no clip has it"
