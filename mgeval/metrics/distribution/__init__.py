"""Distances between the distributions of two sets of clips.

Most functions take vectors, ``(n, dim)``, from `mgeval.embed`; `stereo_distance` takes tables of scores, and
`kl_divergence` takes probabilities of tags. Everything is computed in float64. These are measures of a set, so they are
not rows of `METRICS`, which holds measures of a clip. For a set without a result - too few vectors, values
that are not finite - functions raise a `MetricError` that says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics.distribution.frechet import (
    PARTS,
    FrechetInfinity,
    frechet_infinity,
    frechet_infinity_interval,
    frechet_spread,
)
from mgeval.metrics.distribution.gaussian import GaussianStats, clip_frechet, frechet_distance, save_stats
from mgeval.metrics.distribution.kernel import bandwidth, kernel_distance, kernel_interval
from mgeval.metrics.distribution.precision_recall import Manifold, manifold, vendi_score
from mgeval.metrics.distribution.statsfile import saved_names
from mgeval.metrics.distribution.vectors import Interval, independent, jackknife_error
from mgeval.metrics.undefined import Undefined

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DIRECTIONS", "PARTS", "FrechetInfinity", "GaussianStats", "Interval", "Manifold", "bandwidth", "clip_frechet",
    "frechet_distance", "frechet_infinity", "frechet_infinity_interval", "frechet_spread", "independent",
    "jackknife_error", "kernel_distance", "kernel_interval", "kl_divergence", "manifold", "save_stats", "saved_names",
    "stereo_distance", "vendi_score",
]  # fmt: skip

DIRECTIONS = ("reference||generated", "generated||reference")
"""Directions of `kl_divergence`: audiocraft uses the first, stable-audio-metrics the second."""


def stereo_distance(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Compare the stereo measures of two sets of clips, such as a model's clips and real recordings.

    For each measure, the Wasserstein-1 distance of its two distributions, ``integral |F_a - F_b|``: how far on average
    a clip's value must move to make the distributions equal. For `image_angle`, which is periodic, the distance on
    the circle, ``min_c integral |F_a - F_b - c|`` (Rabin, Delon and Gousseau, *Transportation distances on the
    circle*, 2011).

    Parameters
    ----------
    a, b : DataFrame
        Scores from `measure`; NaN are ignored.

    Returns
    -------
    pandas.DataFrame
        One row per stereo measure that both tables have: ``metric``, ``distance`` in the unit of the measure, at least
        0 (and above 0 for two finite sets of the same distribution), ``unit``, ``mean_a``, ``mean_b``, ``n_a``,
        ``n_b``, and ``reason`` if there is no distance. The means of `image_angle` are NaN, because it is periodic.

    Raises
    ------
    MetricError
        The tables share no stereo measure.
    """
    import pandas as pd
    from scipy.stats import wasserstein_distance

    from mgeval.metrics.registry import METRICS

    names = [name for name, row in METRICS.items() if row.channels == "stereo" and name in a and name in b]
    if not names:
        raise MetricError("the tables share no stereo measure: measure(clips, store) adds the measures")
    rows = []
    for name in names:
        metric = METRICS[name]
        u, v = (table[name].to_numpy(float) for table in (a, b))
        u, v = u[~np.isnan(u)], v[~np.isnan(v)]
        if len(u) == 0 or len(v) == 0:
            distance: float = Undefined("no clip of one set has a value")
        elif metric.period:
            distance = _circular_distance(u, v, metric.period)
        else:
            distance = float(wasserstein_distance(u, v))
        mean_a, mean_b = (np.nan if metric.period or len(w) == 0 else float(w.mean()) for w in (u, v))
        reason = distance.reason if isinstance(distance, Undefined) else ""
        rows.append((name, distance, metric.unit, mean_a, mean_b, len(u), len(v), reason))
    return pd.DataFrame(rows, columns=["metric", "distance", "unit", "mean_a", "mean_b", "n_a", "n_b", "reason"])


def _circular_distance(u: np.ndarray, v: np.ndarray, period: float) -> float:
    """Return the Wasserstein-1 distance of periodic values."""
    values = np.concatenate([u, v]) % period
    order = np.argsort(values)
    steps = np.concatenate([np.full(len(u), 1 / len(u)), np.full(len(v), -1 / len(v))])[order]
    between = np.cumsum(steps)
    gaps = np.diff(values[order], append=values[order[0]] + period)
    # The best constant is the median of the difference, weighted by the lengths of the gaps.
    rank = np.argsort(between)
    weights = np.cumsum(gaps[rank])
    middle = between[rank[np.searchsorted(weights, weights[-1] / 2)]]
    return float(np.sum(gaps * np.abs(between - middle)))


def kl_divergence(generated: np.ndarray, reference: np.ndarray, direction: str) -> float:
    """Return the Kullback-Leibler divergence between the tags of clips and those of their references.

    ``mean_i sum_t p_it ln(p_it / q_it)``, where p is the side that ``direction`` names first. Both are in use:
    audiocraft puts the reference first, stable-audio-metrics the generated clip. Source: Kullback and Leibler, *On
    information and sufficiency*, 1951.

    Parameters
    ----------
    generated, reference : array_like
        Probabilities of tags, ``(clips, tags)`` with matching rows, or ``(tags,)``; each row
        sums to 1.
    direction : str
        One of `DIRECTIONS`.

    Returns
    -------
    float
        Nats, at least 0. `Undefined` if a value is not finite, or if a tag has probability 0 on the second side
        only, which would make it infinite.

    Raises
    ------
    MetricError
        The shapes differ, there is no clip, rows are not probabilities, or the direction is unknown.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1], "generated||reference"), 4)
    0.5108
    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1], "reference||generated"), 4)
    0.3681
    """
    if direction not in DIRECTIONS:
        raise MetricError(f"there is no direction {direction!r}: {nearest(direction, DIRECTIONS)}")
    sides = [np.atleast_2d(np.asarray(side, np.float64)) for side in (reference, generated)]
    if sides[0].shape != sides[1].shape or sides[0].ndim != 2 or sides[0].size == 0:
        raise MetricError(
            f"both sides must have the same shape (clips, tags), got {sides[1].shape} and {sides[0].shape}"
        )
    if not all(np.isfinite(side).all() for side in sides):
        return Undefined("a probability is not finite")
    # The tolerance covers 527 probabilities in half precision.
    if any(np.any(side < 0) or np.any(np.abs(side.sum(axis=1) - 1) > 0.01) for side in sides):
        raise MetricError("rows must be probabilities that sum to 1: give softmax outputs, not logits")
    p, q = (side / side.sum(axis=1, keepdims=True) for side in (sides if direction == DIRECTIONS[0] else sides[::-1]))
    positive = p > 0
    if np.any(q[positive] == 0):
        return Undefined("a tag has probability 0 on the second side only")
    terms = np.zeros_like(p)
    terms[positive] = p[positive] * np.log(p[positive] / q[positive])
    return max(0.0, float(terms.sum(axis=1).mean()))
