"""Intervals cover and tests keep their level: what docs/statistics.md shows, with fewer draws.

The page asks for 93 to 97 % of intervals and 3 to 7 % of tests. The counts over this many draws are binomial: for a
case whose true share is at an end of its range, the count is beyond the bound on that side in 2.5 % of all seeds. Over
1,000 draws the bounds are 91.4 to 98.0 % of intervals, over 250 they are 89.6 to 98.8: fewer draws can reject less,
which is why the page's table takes 1,000 for every case. Everything is seeded, so nothing fails by chance. An interval
over clips instead of prompts covers far less and is rejected.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "benchmarks" / "inference.py"


def load_benchmark():
    spec = importlib.util.spec_from_file_location("inference", PAGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


inference = load_benchmark()


def bounds(draws, least, most):
    """Return the allowed counts for a true share in this range: a binomial quantile of each end."""
    return binom.ppf(0.025, draws, least), binom.ppf(0.975, draws, most)


def check_coverage(share, draws):
    low, high = bounds(draws, *inference.COVERS)
    assert low <= round(share * draws) <= high


def check_level(share, draws):
    low, high = bounds(draws, *inference.FINDS)
    assert low <= round(share * draws) <= high


def test_bounds_depend_on_the_draws_and_reject_clips_in_place_of_prompts():
    assert bounds(1000, 0.93, 0.97) == (914, 980) and bounds(250, 0.93, 0.97) == (224, 247)
    names = np.arange(60)
    rng = np.random.default_rng(0)
    by_clip = [inference.mean_interval(inference.normal(rng, 20).ravel(), names) for _ in range(200)]
    with pytest.raises(AssertionError):
        check_coverage(np.mean([one.lo <= 0 <= one.hi for one in by_clip]), 200)


@pytest.mark.parametrize(("draw", "prompts"), [("normal", 8), ("normal", 20), ("skewed", 20), ("normal", 40)])
def test_means(draw, prompts):
    check_coverage(inference.mean_covers(getattr(inference, draw), prompts, 1000), 1000)


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
def test_shares(chance):
    check_coverage(inference.mean_covers(inference.flags(chance), 20, 1000, chance, inference.share_interval), 1000)


@pytest.mark.parametrize("effect", [0.0, 0.8])
def test_effect_sizes(effect):
    check_coverage(inference.dz_covers(inference.normal, 20, effect, 1000), 1000)
    check_coverage(inference.delta_covers(20, effect, 1000), 1000)


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_rank_agreement(rho):
    check_coverage(inference.rank_covers(20, rho, 500), 500)


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_odds(slope):
    setting, genre, p_setting, p_genre = inference.odds_of(20, slope, slope, 250)
    check_coverage(setting, 250)
    check_coverage(genre, 250)
    if slope == 0:
        check_level(p_setting, 250)
        check_level(p_genre, 250)


@pytest.mark.parametrize("prompts", [6, 8, 20])
def test_sign_flips(prompts):
    check_level(inference.flips(inference.normal, prompts, 0.0, 500), 500)
    check_level(inference.flips(inference.paired, prompts, 0.0, 500), 500)


@pytest.mark.parametrize("within", [True, False])
def test_shuffles(within):
    check_level(inference.shuffles(8, within, 300), 300)


def test_effects():
    setting, genre, share = inference.explained(20, 100)
    check_level(setting, 100)
    check_level(genre, 100)
    assert share == pytest.approx(1 / 9, abs=0.03)


@pytest.mark.parametrize(("effect", "chance"), [(0.5, 0.8), (1.2, 0.9), (2.0, 0.8)])
def test_power(effect, chance):
    n = inference.sample_size(effect, chance)
    # 500 draws have a standard error of 1.8 points; the page asks for 5.
    assert inference.flips(inference.normal, n, effect, 500) == pytest.approx(inference.power(effect, n), abs=0.05)
