"""Several grids in one sweep, and sweeps too large to be meant."""

from __future__ import annotations

import pandas as pd
import pytest

import mgeval as mg
from mgeval.models.sampling import LIMITS
from mgeval.runs.sweep_file import load_sweep

FILTERS = [{"top_k": [50, 250], "top_p": 0}, {"top_k": 0, "top_p": [0.8, 0.9, 0.95]}]


def test_an_axis_is_swept_in_some_points_only():
    plan = mg.Sweep("synth", ["piano", "organ"], FILTERS, seeds=[0, 7]).plan()
    assert len(plan) == 2 * 5 * 2 and plan["key"].is_unique
    own = plan[(plan["prompt"] == "organ") & (plan["seed"] == 7)]
    pairs = list(zip(own["top_k"], own["top_p"], strict=True))
    assert pairs == [(50, 0), (250, 0), (0, 0.8), (0, 0.9), (0, 0.95)]
    assert (own["guidance"] == mg.Sampling().guidance).all()


def test_several_grids_are_the_union_of_their_plans():
    parts = [mg.Sweep("synth", ["piano"], grid, seeds=[0, 1]).plan() for grid in FILTERS]
    whole = mg.Sweep("synth", ["piano"], FILTERS, seeds=[0, 1]).plan()
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True))


def test_a_point_of_two_grids_counts_once():
    # The default guidance written out is the same point as the default left out.
    grids = [{"temperature": [0.5, 1]}, {"temperature": 1, "guidance": [mg.Sampling().guidance, 6]}]
    plan = mg.Sweep("synth", ["piano"], grids).plan()
    assert len(plan) == 3 and plan["key"].is_unique


def test_models_grids_ranges_and_seeds_multiply():
    sweep = mg.Sweep(["synth", "tiny"], ["a", "b"], FILTERS, range(3), {"guidance": [1, 6]}, points=4)
    plan = sweep.plan()
    assert len(plan) == 2 * 2 * 5 * 4 * 3 and plan["key"].is_unique
    assert plan.groupby("model").size().to_dict() == {"synth": 120, "tiny": 120}
    settings = list(LIMITS)
    by_model = [own[["prompt", *settings]].reset_index(drop=True) for _, own in plan.groupby("model")]
    pd.testing.assert_frame_equal(*by_model)


def test_one_grid_in_a_list_is_that_grid():
    grid = {"guidance": [1, 3]}
    pd.testing.assert_frame_equal(mg.Sweep("synth", ["a"], [grid]).plan(), mg.Sweep("synth", ["a"], grid).plan())


def test_a_file_says_the_same(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "models: [synth, tiny]\nprompts: [piano]\nseeds: [0, 1]\n"
        "grid:\n  - &off {top_k: [50, 250], top_p: 0}\n  - {<<: *off, top_k: 0, top_p: [0.8, 0.9, 0.95]}\n"
    )
    sweep = mg.Sweep(["synth", "tiny"], ["piano"], FILTERS, seeds=[0, 1])
    pd.testing.assert_frame_equal(load_sweep(tmp_path / "s.yaml").plan(), sweep.plan())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"grid": []}, "grid is an empty list"),
        ({"grid": 3}, "grid must map settings to values.*got 3"),
        ({"grid": "guidance"}, "grid must .*got 'guidance'"),
        ({"grid": [{"guidance": 1}, 3]}, "grid 2 must map settings to values.*got 3"),
        ({"grid": [{"guidance": 1}, {"gidance": 1}]}, "grid 2: 'gidance'.*did you mean 'guidance'"),
        ({"grid": [{"guidance": 1}, {"guidance": []}]}, "guidance is empty"),
        ({"grid": [{"guidance": [1, 1]}]}, "guidance has 1 twice"),
        ({"grid": [{}, {"guidance": 1}], "ranges": {"guidance": [1, 2]}, "points": 2}, "in grid and in ranges"),
        ({"seeds": range(10**12)}, "seeds must have at most 1,000,000 values"),
        ({"seeds": range(1001), "grid": {"top_k": range(1000)}}, "at most 1,000,000 clips, got 1,001,000"),
        ({"ranges": {"guidance": [1, 2]}, "points": 10**12}, "points must be .* to 1,000,000, got 1000000000000"),
    ],
)
def test_wrong_grids(arguments, reason):
    with pytest.raises(mg.SweepError, match=reason):
        mg.Sweep(**{"models": "synth", "prompts": ["piano"], **arguments})
