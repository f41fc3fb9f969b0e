"""Effect sizes of paired differences, over prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import Undefined, distribution
from mgeval.stats.intervals import LEVEL, power_of_two_unit, prompt_means
from mgeval.stats.permutations import INFINITE


class Effect(NamedTuple):
    """An effect size and its 95 % interval; undefined values are `Undefined`."""

    value: float
    lo: float
    hi: float


MIN_PROMPTS = 4
"""Fewest prompts for an interval: the jackknife's spread needs three after one is left out."""


def cohens_dz(differences: np.ndarray, clusters: np.ndarray) -> Effect:
    """Return the mean of paired differences in units of their standard deviation over prompts.

    ``dz = mean(D) / sd(D)`` of the prompts' mean differences ``D`` (Cohen 1988; Lakens 2013), ``sd`` with ``n - 1``.
    0.2 is called small, 0.5 medium, 0.8 large. The interval is Student's, with the jackknife's standard error over
    prompts.

    Parameters
    ----------
    differences : array_like of float
        One per pair of clips, ``(pairs,)``; NaN are left out.
    clusters : array_like
        The prompt of each pair, ``(pairs,)``.

    Returns
    -------
    Effect
        Dimensionless, any real number. `Undefined` if fewer than two prompts have a pair, all differ by the same
        amount, or a difference is infinite; the interval is also undefined below 4 prompts.

    Raises
    ------
    MetricError
        There is not one prompt for each difference.

    Examples
    --------
    >>> round(float(cohens_dz([1, 3], ["a", "b"]).value), 3)
    1.414
    """
    means = prompt_means(differences, clusters)
    n = len(means)
    if n < 2:
        return _undefined("an effect size needs two prompts with pairs")
    if not np.isfinite(means).all():
        return _undefined(INFINITE)
    if _all_equal(means):
        return _undefined("all prompts differ by the same amount")
    means = means / power_of_two_unit(means)
    value = means.mean() / means.std(ddof=1)
    if n < MIN_PROMPTS:
        nothing = Undefined(f"an interval needs {MIN_PROMPTS} prompts")
        return Effect(value, nothing, nothing)
    # Mean and variance without each prompt in turn, from the sums: faster than leaving each out.
    rest = (means.sum() - means) / (n - 1)
    squares = np.square(means - means.mean())
    variance = (squares.sum() - squares * n / (n - 1)) / (n - 2)
    # Without the most extreme prompt, rounding may dominate what is left of the sums: compute that one directly.
    others = np.delete(means, squares.argmax())
    variance[squares.argmax()] = others.var(ddof=1)
    if _all_equal(others):
        nothing = Undefined("without one of the prompts, all differ by the same amount")
        return Effect(value, nothing, nothing)
    half = _quantile(n) * distribution.jackknife_error(rest / np.sqrt(variance))
    return Effect(value, value - half, value + half)


def cliffs_delta(a: np.ndarray, b: np.ndarray, clusters: np.ndarray) -> Effect:
    """Return how much more often b is above a than below it, over all pairs of prompts.

    ``delta = mean over all i, j of sign(B_j - A_i)`` of the prompts' means ``A`` and ``B`` (Cliff 1993). It uses
    order only and ignores the pairing; its interval accounts for the pairing. That is Student's on Fisher's scale
    (``artanh``), with the jackknife's standard error over prompts.

    Parameters
    ----------
    a, b : array_like of float
        One value per pair of clips, ``(pairs,)``; pairs with NaN are left out.
    clusters : array_like
        The prompt of each pair, ``(pairs,)``.

    Returns
    -------
    Effect
        Dimensionless, -1 (all of b below all of a) to 1. `Undefined` if fewer than two prompts have a pair, or a
        value is infinite. The interval is also undefined below 4 prompts, and at -1 and 1, where the data do not show
        how far apart the two are.

    Raises
    ------
    MetricError
        There is not one prompt for each pair.

    Examples
    --------
    >>> float(cliffs_delta([1, 2, 3], [2, 3, 4], list("xyz")).value.round(3))
    0.556
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise MetricError(f"a and b must have the same shape, one value per pair, got {a.shape} and {b.shape}")
    missing = np.isnan(a) | np.isnan(b)
    first, second = (prompt_means(np.where(missing, np.nan, x), clusters) for x in (a, b))
    n = len(first)
    if n < 2:
        return _undefined("an effect size needs two prompts with pairs")
    if not np.isfinite([first, second]).all():
        return _undefined(INFINITE)
    first, second = _round_means(first), _round_means(second)
    # For each prompt: its b against every a, every b against its a, and its b against its own a.
    row_sums, column_sums = _dominance(second, first), -_dominance(first, second)
    diagonal = np.sign(second - first)
    value = row_sums.sum() / n**2
    if n < MIN_PROMPTS or abs(value) == 1:
        reason = f"an interval needs {MIN_PROMPTS} prompts" if n < MIN_PROMPTS else "the two do not overlap"
        return Effect(value, Undefined(reason), Undefined(reason))
    left_out = (row_sums.sum() - row_sums - column_sums + diagonal) / (n - 1) ** 2
    half = _quantile(n) * distribution.jackknife_error(left_out) / (1 - value**2)
    return Effect(value, np.tanh(np.arctanh(value) - half), np.tanh(np.arctanh(value) + half))


def _dominance(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for each value the number of ``others`` below it minus the number above it."""
    ordered = np.sort(others)
    return np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") - float(len(others))


def _round_means(means: np.ndarray) -> np.ndarray:
    """Round means to twelve digits, so that the order in which clips are summed cannot break ties."""
    digits, power = np.frexp(means)
    return np.asarray(np.ldexp(np.round(digits, 12), power))


def _all_equal(means: np.ndarray) -> bool:
    return bool(np.ptp(means) <= 1e-12 * np.abs(means).max())


def _quantile(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, n - 1))


def _undefined(reason: str) -> Effect:
    nothing = Undefined(reason)
    return Effect(nothing, nothing, nothing)
