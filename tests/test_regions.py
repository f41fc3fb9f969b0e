"""Where settings are as good as the default, on tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.errors import MetricError
from mgeval.stats.regions import safe_values


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


def swept(**more):
    """Return clips of 10 prompts and 2 seeds that fail once more at guidance 9."""
    rows = [{"prompt_id": p, "seed": s, "guidance": g, "failure_count": 1.0 + (g == 9)}
            for p in range(10) for s in range(2) for g in (3, 9)]  # fmt: skip
    return pd.DataFrame(rows).assign(**more)


def test_controls_are_no_clips_of_the_model():
    table = swept(control=None)
    controls = [swept(control=kind, failure_count=1.0) for kind in ("silence", "noise", "dual mono")]
    alone, beside = (
        mg.safe_region(scores, "guidance", 3, {"failure_count": 0.5})
        for scores in (table, pd.concat([table, *controls]))
    )
    pd.testing.assert_frame_equal(alone, beside)
    assert beside["verdict"].tolist() == ["safe", "worse"] and beside["n_clips"].tolist() == [20, 20]


def test_clips_that_the_pairing_cannot_tell_apart_are_refused():
    both = pd.concat([swept(top_k=10), swept(top_k=250)])
    with pytest.raises(MetricError, match="same prompt_id, seed, guidance and differ in 'top_k': name .* in paired"):
        mg.safe_region(both, "guidance", 3, {"failure_count": 0.5})
    assert mg.safe_region(both, "guidance", 3, {"failure_count": 0.5}, paired=["top_k"])["n_clips"].tolist() == [40, 40]
    with pytest.raises(MetricError, match="the same settings: keep one"):
        mg.safe_region(pd.concat([swept(), swept()]), "guidance", 3, {"failure_count": 0.5})


@pytest.mark.parametrize(
    ("change", "verdict"), [(-0.45, "worse"), (0.45, "worse"), (-0.04, "safe"), (0.04, "safe"), (-0.1, "open")]
)
def test_a_metric_without_direction_must_stay_within_the_tolerance_either_way(change, verdict):
    scores = table({1.0: 0.0, 2.0: -change}, noise=0.001 if verdict != "open" else 0.1, metric="width")
    assert verdicts(scores, tolerance=0.05 if verdict != "open" else 0.1, metric="width")[1][2.0] == verdict


@pytest.mark.parametrize(
    ("angle", "change", "verdict"), [(-89, 2, "safe"), (-81, 10, "worse"), (79, -10, "worse"), (-1, 90, "worse")]
)
def test_angles_change_the_shorter_way_round(angle, change, verdict):
    angles = np.where(swept()["guidance"] == 3, 89.0, float(angle)) + np.arange(40) % 4 // 2 * 0.1
    region = mg.safe_region(swept(image_angle=angles), "guidance", 3, {"image_angle": 5})
    assert region["mean"].tolist() == pytest.approx([0, change]) and region["verdict"].tolist() == ["safe", verdict]


def test_an_angle_s_interval_that_wraps_onto_the_default_is_open():
    angles = np.where(swept()["guidance"] == 3, 0.0, np.repeat([79.0] * 8 + [160.0] * 2, 4))
    row = mg.safe_region(swept(image_angle=angles), "guidance", 3, {"image_angle": 65}).iloc[1]
    # 115 degrees are -65 again.
    assert 65 < row["lo"] and 115 < row["hi"] and row["verdict"] == "open"


def test_what_cannot_be_answered_is_refused():
    scores = table({1.0: 0.0, 2.0: 0.0})
    with pytest.raises(MetricError, match="no clip has temperature 3"):
        mg.safe_region(scores, "temperature", 3, {"clap:tiny": 0.1})
    with pytest.raises(MetricError, match="clap:tiny"):
        mg.safe_region(scores, "temperature", 1.0, {"clap": 0.1})
    with pytest.raises(MetricError, match="above 0"):
        mg.safe_region(scores, "temperature", 1.0, {"clap:tiny": 0})
