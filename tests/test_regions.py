"""Where settings are as good as the default, on tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.errors import MetricError
from mgeval.regions import safe_values


def table(worse, prompts=8, noise=0.0, metric="clap:tiny"):
    """Return scores in which each temperature is worse by so much than prompt and top_k alone make it."""
    rng = np.random.default_rng(0)
    rows = [
        {"prompt_id": p, "seed": 0, "top_k": k, "temperature": t, metric: p + k - loss + noise * rng.standard_normal()}
        for p in range(prompts)
        for k in (10, 250)
        for t, loss in worse.items()
    ]
    return pd.DataFrame(rows)


def verdicts(scores, tolerance=0.1, metric="clap:tiny"):
    region = mg.safe_region(scores, "temperature", 1.0, {metric: tolerance}, paired=["top_k"])
    return region, dict(zip(region["temperature"], region["verdict"], strict=True))


def test_the_known_region_is_found():
    region, found = verdicts(table({0.5: 0.05, 1.0: 0.0, 1.5: 0.02, 2.0: 0.5}, noise=0.01))
    assert found == {0.5: "safe", 1.0: "safe", 1.5: "safe", 2.0: "worse"}
    low, high, ends = safe_values(region, "temperature", 1.0)
    assert (low, high) == (0.5, 1.5) and ends == "at temperature 2 clap:tiny is worse"


def test_prompts_that_differ_do_not_hide_a_pair_s_difference():
    region, _ = verdicts(table({1.0: 0.0, 2.0: 0.5}))
    row = region[region["temperature"] == 2.0].iloc[0]
    assert row["mean"] == pytest.approx(-0.5) and row["n_clips"] == 16 and row["n_prompts"] == 8


def test_of_a_metric_of_which_less_is_better_more_is_worse():
    scores = table({1.0: 0.0, 2.0: -0.5}, metric="failure_count")
    assert verdicts(scores, metric="failure_count")[1][2.0] == "worse"
    assert verdicts(table({1.0: 0, 2.0: 0.5}, metric="failure_count"), metric="failure_count")[1][2.0] == "safe"


def test_too_few_prompts_leave_it_open_and_end_the_region():
    region, found = verdicts(table({1.0: 0.0, 1.5: 0.0, 2.0: 0.0}, prompts=2, noise=1.0))
    assert found == {1.0: "safe", 1.5: "open", 2.0: "open"}
    assert safe_values(region, "temperature", 1.0)[:2] == (1.0, 1.0)
    assert verdicts(table({1.0: 0.0, 2.0: 0.0}, prompts=1))[1][2.0] == "open"


def test_a_value_beyond_a_gap_is_not_reached():
    region, _ = verdicts(table({1.0: 0.0, 1.5: 0.5, 2.0: 0.0}, noise=0.001))
    assert safe_values(region, "temperature", 1.0) == (1.0, 1.0, "at temperature 1.5 clap:tiny is worse")


def test_undefined_scores_are_no_pair():
    scores = table({1.0: 0.0, 2.0: 0.0})
    scores.loc[scores["temperature"] == 2.0, "clap:tiny"] = np.nan
    region, found = verdicts(scores)
    assert found[2.0] == "open" and region["n_prompts"].tolist() == [8, 0]


def test_what_cannot_be_answered_is_refused():
    scores = table({1.0: 0.0, 2.0: 0.0})
    with pytest.raises(MetricError, match="no clip has temperature 3"):
        mg.safe_region(scores, "temperature", 3, {"clap:tiny": 0.1})
    with pytest.raises(MetricError, match="clap:tiny"):
        mg.safe_region(scores, "temperature", 1.0, {"clap": 0.1})
    with pytest.raises(MetricError, match="above 0"):
        mg.safe_region(scores, "temperature", 1.0, {"clap:tiny": 0})
