"""Intervals cover and tests keep their level: what docs/statistics.md shows, with fewer draws.

All is seeded. A coverage of 95 % scatters by 0.7 points over 1,000 draws and by 1.3 over 300: the range asked for is
that of the page, 93 to 97 %, widened by two such errors. An interval over clips in place of prompts falls out of it.
"""

import importlib.util
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "benchmarks" / "inference.py"


def loaded():
    spec = importlib.util.spec_from_file_location("inference", PAGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


inference = loaded()


def covers(share, draws):
    error = (0.05 * 0.95 / draws) ** 0.5
    assert 0.93 - 2 * error <= share <= 0.97 + 2 * error


def keeps(share, draws):
    error = (0.05 * 0.95 / draws) ** 0.5
    assert 0.03 - 2 * error <= share <= 0.07 + 2 * error


@pytest.mark.parametrize(("draw", "prompts"), [("normal", 8), ("normal", 20), ("skewed", 20), ("normal", 40)])
def test_means(draw, prompts):
    covers(inference.mean_covers(getattr(inference, draw), prompts, 1000), 1000)


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
def test_shares(chance):
    covers(inference.mean_covers(inference.flags(chance), 20, 1000, chance, inference.share_interval), 1000)


@pytest.mark.parametrize("effect", [0.0, 0.8])
def test_effect_sizes(effect):
    covers(inference.dz_covers(inference.normal, 20, effect, 1000), 1000)
    covers(inference.delta_covers(20, effect, 1000), 1000)


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_rank_agreement(rho):
    covers(inference.rank_covers(20, rho, 500), 500)


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_odds(slope):
    setting, genre, p_setting, p_genre = inference.odds_of(20, slope, slope, 100)
    covers(setting, 100)
    covers(genre, 100)
    if slope == 0:
        keeps(p_setting, 100)
        keeps(p_genre, 100)


@pytest.mark.parametrize("prompts", [6, 8, 20])
def test_sign_flips(prompts):
    keeps(inference.flips(inference.normal, prompts, 0.0, 500), 500)
    keeps(inference.flips(inference.paired, prompts, 0.0, 500), 500)


@pytest.mark.parametrize("within", [True, False])
def test_shuffles(within):
    keeps(inference.shuffles(8, within, 300), 300)


def test_effects():
    setting, genre, share = inference.explained(20, 25)
    # One in twenty finds something: of 25, more than 5 has a chance of 1 in 800.
    assert setting <= 0.2 and genre <= 0.2 and share == pytest.approx(1 / 9, abs=0.03)


@pytest.mark.parametrize(("effect", "chance"), [(0.5, 0.8), (1.2, 0.9), (2.0, 0.8)])
def test_power(effect, chance):
    n = inference.sample_size(effect, chance)
    # 500 draws scatter by 1.8 points; the page asks for 5.
    assert inference.flips(inference.normal, n, effect, 500) == pytest.approx(inference.power(effect, n), abs=0.05)
