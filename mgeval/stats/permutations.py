"""Permutation tests that shuffle whole prompts, and corrections for many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import comb
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats.intervals import prompt_means, sort_by_size

EXACT_TO = 12
"""Most prompts for an exact test, of all 4,096 flips."""

DRAWS = 9_999
MAX_AT_ONCE = 2_000_000
"""Random numbers in memory at once."""

ALPHA = 0.05

INFINITE = "a value is infinite"
"""The reason of a result that is undefined because one infinite value would decide it."""


class PValue(NamedTuple):
    """The p value of a test, and the name of the test."""

    p: float
    name: str
    reason: str = ""
    """Why p is NaN, or cannot be small."""


def sign_flip(differences: np.ndarray, clusters: np.ndarray) -> PValue:
    """Test whether paired differences are 0 on average, by flipping the signs of whole prompts.

    If a and b do not differ, each prompt's differences are equally likely with the opposite sign, all together. With
    ``D`` the prompts' mean differences, p is the share of flips ``s`` with ``|sum(s D)| >= |sum(D)|``: of all ``2^n``
    up to 12 prompts, otherwise of 9,999 draws (seeded), where the data count as one more draw (Phipson and Smyth
    2010). Flipping single clips would treat the seeds of a prompt as independent and find differences that do not
    exist.

    Parameters
    ----------
    differences : array_like of float
        One per pair of clips, ``(pairs,)``; NaN are left out.
    clusters : array_like
        The prompt of each pair, ``(pairs,)``.

    Returns
    -------
    PValue
        ``p`` (two-sided, 0..1; NaN without a pair or with an infinite difference), ``name`` and ``reason``: with fewer
        than 6 prompts p cannot reach 0.05.

    Raises
    ------
    MetricError
        There is not one prompt for each difference.

    Examples
    --------
    >>> sign_flip([1, 2, 3, 4, 5, 6], list("abcdef")).p
    0.03125
    """
    means = prompt_means(differences, clusters)
    n = len(means)
    if n == 0:
        return PValue(np.nan, "", "no pair of clips has a value")
    if not np.isfinite(means).all():
        return PValue(np.nan, "", INFINITE)
    observed, scale = abs(means.sum()), np.abs(means).sum()
    # Every sign is drawn, so drop the observed ones, and sort: p then does not depend on the order of the table.
    means = np.sort(np.abs(means))
    # The tolerance keeps rounding from breaking ties between equal sums.
    least = observed - 1e-9 * scale
    if n <= EXACT_TO:
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
        p, name = float(np.mean(np.abs(signs @ means) >= least)), "sign flip of prompts, exact"
    else:
        counts = [np.sum(np.abs(signs @ means) >= least) for signs in _draw_signs(n)]
        p, name = float((sum(counts) + 1) / (DRAWS + 1)), f"sign flip of prompts, {DRAWS:,} draws"
    return PValue(p, name, minimum_p_reason(n, 2.0 ** (1 - n)))


def minimum_p_reason(prompts: int, least: float) -> str:
    """Return that so few prompts cannot reach 5 %; '' if they can. ``least`` is the smallest possible p."""
    word = "prompt" if prompts == 1 else "prompts"
    return f"with {prompts} {word} p cannot fall below {least:.2g}" if least > ALPHA else ""


def _draw_signs(n: int) -> Iterator[np.ndarray]:
    rng, block = np.random.default_rng(0), max(MAX_AT_ONCE // n, 1)
    for start in range(0, DRAWS, block):
        yield 1.0 - 2 * rng.integers(2, size=(min(block, DRAWS - start), n), dtype=np.int8)


def shuffle_within(cells: np.ndarray) -> PValue:
    """Test whether levels of a factor differ, by shuffling the levels within each prompt.

    If the level makes no difference, every order of a prompt's cells is equally likely. The statistic is the
    variance of the levels' means; p is the share of 1,999 shuffles (seeded; the data count as one more) in which it is
    at least as large.

    Parameters
    ----------
    cells : array_like
        Means by prompt and level, ``(prompts, levels)``, without NaN.

    Returns
    -------
    PValue
        As for `sign_flip`.

    Raises
    ------
    MetricError
        The table has no prompt, fewer than two levels, or NaN.
    """
    from scipy.special import factorial

    cells = np.asarray(cells, float)
    if cells.ndim != 2 or len(cells) < 1 or cells.shape[1] < 2 or np.isnan(cells).any():
        raise MetricError(f"cells must be (prompts, levels) without NaN, two levels or more, got {cells.shape}")
    cells = cells - cells.mean(axis=1, keepdims=True)
    prompts, levels = cells.shape
    # Sort the values and fix their sign, so that p depends neither on the table's order nor on the unit's sign.
    pool = np.sort(cells if np.sum(cells**3) > 0 else -cells, axis=1)
    pool = pool[np.lexsort(np.round(pool / (np.abs(pool).max() or 1.0), 9).T)]

    def draw_statistics(rng: np.random.Generator, draws: int) -> np.ndarray:
        order = rng.random((draws, prompts, levels)).argsort(axis=2)
        return np.square(np.take_along_axis(pool[None], order, axis=2).sum(axis=1)).sum(axis=1)

    p = _permutation_p(
        np.square(cells.sum(axis=0)).sum(), np.square(cells).sum() * prompts, draw_statistics, cells.size
    )
    return PValue(p, "shuffle within prompts", minimum_p_reason(prompts, float(factorial(levels)) ** (1 - prompts)))


def shuffle_between(means: np.ndarray, levels: np.ndarray) -> PValue:
    """Test whether prompts of different kinds differ, by shuffling the kinds over the prompts.

    The statistic is the variance between the levels' means, each weighted by its number of prompts; p is found as in
    `shuffle_within`.

    Parameters
    ----------
    means : array_like
        One per prompt, ``(prompts,)``, without NaN.
    levels : array_like of int
        The level of each prompt, ``(prompts,)``, counted from 0.

    Returns
    -------
    PValue
        As for `sign_flip`.

    Raises
    ------
    MetricError
        There is not one level for each prompt, or a mean is NaN.
    """
    means, levels = np.asarray(means, float), np.asarray(levels, int)
    if means.shape != levels.shape or means.ndim != 1 or np.isnan(means).any():
        raise MetricError(
            f"there must be one mean, not NaN, and one level for each prompt, got {means.shape} and {levels.shape}"
        )
    means = means - np.sort(means).mean()
    kinds, levels = np.unique(levels, return_inverse=True)
    sizes = np.bincount(levels)
    observed = float(np.sum(np.square(np.bincount(levels, means)) / sizes))
    # Sort the means and the levels' sizes, so that p does not depend on the order of the table.
    pool, sizes = sort_by_size(means), np.sort(sizes)
    weights = np.equal.outer(np.repeat(np.arange(len(kinds)), sizes), np.arange(len(kinds))) / np.sqrt(sizes)

    def draw_statistics(rng: np.random.Generator, draws: int) -> np.ndarray:
        order = rng.random((draws, len(pool))).argsort(axis=1)
        return np.square(pool[order] @ weights).sum(axis=1)

    p = _permutation_p(observed, np.square(means).sum(), draw_statistics, len(means))
    return PValue(p, "shuffle between prompts", minimum_p_reason(len(means), 1 / _arrangements(sizes)))


def _arrangements(sizes: np.ndarray) -> float:
    """Return how many ways there are to split prompts into levels of these sizes, not counting equal-sized swaps."""
    from math import factorial

    ways: float = 1
    remaining = int(sizes.sum())
    for size in sizes:
        ways *= comb(remaining, int(size))
        remaining -= int(size)
    for count in np.bincount(sizes):
        ways /= factorial(int(count))
    return float(ways)


def _permutation_p(
    observed: float,
    scale: float,
    draw_statistics: Callable[[np.random.Generator, int], np.ndarray],
    size: int,
    draws: int = 1_999,
) -> float:
    rng, block, at_least = np.random.default_rng(0), max(MAX_AT_ONCE // size, 1), 0
    for start in range(0, draws, block):
        at_least += int(np.sum(draw_statistics(rng, min(block, draws - start)) >= observed - 1e-9 * scale))
    return (at_least + 1) / (draws + 1)
