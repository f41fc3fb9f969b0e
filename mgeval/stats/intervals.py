"""Intervals of means and shares over prompts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.tables import cluster_numbers

BOOTSTRAP_FROM = 20
"""Fewest prompts for the bootstrap interval; with fewer, Student's interval covers better."""

RESAMPLES = 2_000
MAX_AT_ONCE = 1 << 22
"""Numbers of the resamples in memory at once as floats."""

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean with its 95 % interval; NaN where undefined."""

    mean: float
    lo: float
    hi: float
    n_prompts: int
    """Prompts with at least one value."""


def mean_interval(values: np.ndarray, clusters: np.ndarray, period: float = 0) -> Interval:
    """Return a mean over prompts and its 95 % interval.

    The mean is the mean of the prompts' means: every prompt counts once, however many of its clips
    have a value. From 20 prompts on the interval is the BCa bootstrap over prompts (2,000 resamples,
    seeded; Efron 1987) with Hesterberg's correction for small samples (*What Teachers Should Know About the Bootstrap*,
    2015): Student's quantiles, widened by ``sqrt(n / (n - 1))``, in place of the normal ones. Plain percentiles
    and plain BCa cover too little at 20 prompts. With fewer prompts it is the t interval of the prompts' means. If all
    prompts have the same mean, the interval is that point. docs/statistics.md has the simulated coverage.

    Parameters
    ----------
    values : array_like of float
        One per clip, ``(clips,)``; NaN are left out.
    clusters : array_like
        The prompt of each clip, ``(clips,)``; a clip without one (None, NaN) counts as its own prompt.
    period : float
        The period of circular values: the mean of 89 and -89 degrees of an axis (period 180) is 90, not 0, both
        within a prompt and over prompts. ``lo`` and ``hi`` may then lie beyond the wrap.

    Returns
    -------
    Interval
        ``mean``, ``lo``, ``hi`` in the unit of the values, NaN if there is no value; ``lo`` and ``hi`` are also NaN
        with a single prompt or an infinite value. ``n_prompts`` counts prompts with at least one value.

    Raises
    ------
    MetricError
        There is not one prompt for each value.

    Examples
    --------
    >>> mean, lo, hi, n_prompts = mean_interval([1, 3, 2, 6], ["a", "a", "b", "b"])
    >>> mean, n_prompts
    (3.0, 2)
    """
    values, index, n = index_by_prompt(values, clusters)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    if period:
        # Relative to their circular mean, values do not wrap unless they point in all directions. Centre each prompt
        # first, because its clips may lie across the wrap where most other prompts do not, then centre the prompts.
        directions = _circular_means(values, index, period)
        means = directions + np.bincount(index, wrap(values - directions[index], period)) / np.bincount(index)
        centre = float(_circular_means(means, np.zeros(n, int), period)[0])
        means = wrap(means - centre, period)
    else:
        means, centre = np.bincount(index, values) / np.bincount(index), 0.0
    mean, lo, hi = _interval(means)
    return Interval(float(wrap(centre + mean, period)), centre + lo, centre + hi, n)


def share_interval(values: np.ndarray, clusters: np.ndarray) -> Interval:
    """Return a share of clips, averaged over prompts, and its 95 % interval, which stays within 0..1.

    Wilson's interval (1927) with Student's quantile ``t`` and the number ``m`` of independent clips that would vary
    as much as the prompts do::

        m = p (1 - p) / (variance of the prompts' shares / n), between n - 1 and the number of clips;
            n if p is 0 or 1
        (p + t^2 / 2m -+ t sqrt(p (1 - p) / m + t^2 / 4m^2)) / (1 + t^2 / m)

    The effective size is Kish's (1965), its use in an interval Korn and Graubard's (1998). Unlike a bootstrap, it also
    has an interval for a share of 0 or 1.

    Parameters
    ----------
    values : array_like of float
        0 or 1 for each clip, ``(clips,)``; NaN are left out.
    clusters : array_like
        The prompt of each clip, ``(clips,)``.

    Returns
    -------
    Interval
        ``mean``, ``lo``, ``hi`` in 0..1, NaN if there is no value; ``lo`` and ``hi`` are NaN with a single prompt.

    Raises
    ------
    MetricError
        A value is neither 0 nor 1, or there is not one prompt for each value.

    Examples
    --------
    >>> share, lo, hi, _ = share_interval([0, 0, 0, 0, 0, 0], list("aabbcc"))
    >>> share, lo, round(hi, 2)
    (0.0, 0.0, 0.86)
    """
    from scipy.stats import t

    values, index, n = index_by_prompt(values, clusters)
    if not np.isin(values, (0, 1)).all():
        raise MetricError("share_interval takes values of 0 or 1 only: use mean_interval for others")
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    shares = np.bincount(index, values) / np.bincount(index)
    share = float(shares.mean())
    if n == 1:
        return Interval(share, np.nan, np.nan, 1)
    spread = shares.var(ddof=1) / n
    size = share * (1 - share) / spread if spread > 0 else len(values)
    size = n if share in (0, 1) else np.clip(size, n - 1, len(values))
    weight = t.ppf((1 + LEVEL) / 2, n - 1) ** 2 / size
    middle = (share + weight / 2) / (1 + weight)
    half = np.sqrt(weight * share * (1 - share) + weight**2 / 4) / (1 + weight)
    lo, hi = (0.0 if share == 0 else middle - half), (1.0 if share == 1 else middle + half)
    return Interval(share, float(lo), float(hi), n)


def index_by_prompt(values: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the values that are not NaN, the prompt number of each, and the number of prompts."""
    values, clusters = np.asarray(values, float), np.asarray(clusters, dtype=object)
    if values.shape != clusters.shape or values.ndim != 1:
        raise MetricError(f"there must be one prompt for each value, got {values.shape} and {clusters.shape}")
    valid = ~np.isnan(values)
    return values[valid], *cluster_numbers(clusters[valid])


def prompt_means(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the mean of each prompt that has a value, ``(prompts,)``."""
    values, index, _ = index_by_prompt(values, clusters)
    return np.bincount(index, values) / np.bincount(index)


def wrap(value: Any, period: float) -> Any:
    """Wrap values into (-period/2, period/2]; with a period of 0, return them unchanged."""
    return period / 2 - (period / 2 - value) % period if period else value


def power_of_two_unit(values: np.ndarray) -> float:
    """Return the power of two of the largest value: squares of values divided by it do not over- or underflow."""
    return float(np.ldexp(1.0, np.frexp(np.abs(values).max())[1] - 1))


def sort_by_size(values: np.ndarray) -> np.ndarray:
    """Sort values by magnitude, negative before positive; independent of rounding and of the table's order.

    Negating all values keeps their order, unless two of them differ only in sign.
    """
    size = np.abs(values)
    return values[np.lexsort((values, np.round(size / (size.max() or 1.0), 9)))]


def _circular_means(values: np.ndarray, index: np.ndarray, period: float) -> np.ndarray:
    """Return the circular mean of each group."""
    turns = 2 * np.pi * values / period
    return np.arctan2(np.bincount(index, np.sin(turns)), np.bincount(index, np.cos(turns))) * period / (2 * np.pi)


def _interval(means: np.ndarray) -> tuple[float, float, float]:
    if len(means) == 1 or not np.isfinite(means).all():
        with np.errstate(invalid="ignore"):
            return float(means.mean()), np.nan, np.nan
    unit = power_of_two_unit(means)
    mean, lo, hi = _scaled_interval(np.sort(means / unit))
    return unit * mean, unit * lo, unit * hi


def _scaled_interval(means: np.ndarray) -> tuple[float, float, float]:
    from scipy.stats import t

    n, mean = len(means), float(means.mean())
    if n < BOOTSTRAP_FROM:
        half = float(t.ppf((1 + LEVEL) / 2, n - 1) * means.std(ddof=1) / np.sqrt(n))
        return mean, mean - half, mean + half
    if np.ptp(means) <= 1e-12 * np.abs(means).max():
        return mean, mean, mean
    return mean, *_bca(means)


def _bca(means: np.ndarray) -> tuple[float, float]:
    from scipy.stats import norm, t

    n, centre = len(means), means.mean()
    # Sort, so that the resamples do not depend on the order of prompts in the table.
    deviations = sort_by_size(means - centre)
    counts, step = _resample_counts(n), max(MAX_AT_ONCE // n, 1)
    resampled = np.sort(np.concatenate([counts[i : i + step] @ deviations for i in range(0, RESAMPLES, step)]) / n)
    # Ties, which flags have, count half; the tolerance keeps rounding from breaking them.
    tolerance = 1e-9 * np.abs(deviations).max()
    below = np.mean((resampled < -tolerance) + 0.5 * (np.abs(resampled) <= tolerance))
    bias = norm.ppf(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    skew = np.sum(deviations**3) / (6 * np.sum(deviations**2) ** 1.5)
    reach = np.sqrt(n / (n - 1)) * t.ppf((1 + LEVEL) / 2, n - 1)
    # The skewness of a mean is at most 1/6 and the bias at most 3.3, so the denominator stays above 0.
    z = bias + np.array([-reach, reach])
    lo, hi = np.quantile(resampled, norm.cdf(bias + z / (1 - skew * z)))
    return float(centre + lo), float(centre + hi)


@lru_cache(maxsize=2)
def _resample_counts(n: int) -> Any:
    """Return how often each of n prompts is drawn, ``(resamples, n)``; the same for all metrics."""
    rng = np.random.default_rng(0)
    # One byte per count: 50,000 files have a hundred million counts, and no file is drawn 256 times.
    counts = np.empty((RESAMPLES, n), np.uint8)
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
    return counts
