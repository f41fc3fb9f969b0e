"""Sets against sets: distances between the distributions of two sets of clips.

Most functions take vectors, ``(n, dim)``, that `mgeval.embed` gives; `stereo_distance` takes tables of scores,
`kl_divergence` probabilities of tags. Everything is computed in float64. These are numbers of a set and
no rows of `METRICS`, which are of a clip. A set that no number can be computed from - too few vectors, values
that are not finite - is refused with a `MetricError` that says what to do.
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
"""Of `kl_divergence`: the first is audiocraft's, the second stable-audio-metrics'."""


def stereo_distance(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Compare the stereo measures of two sets of clips, such as a model's and real records.

    Per measure the Wasserstein-1 distance of its two distributions, ``integral |F_a - F_b|``: how far on average
    a clip's value must move to make the sets alike. For `image_angle`, whose axis wraps, the distance on
    the circle, ``min_c integral |F_a - F_b - c|`` (Rabin, Delon and Gousseau, *Transportation distances on the
    circle*, 2011).

    Parameters
    ----------
    a, b : DataFrame
        From `measure`; NaN are left out.

    Returns
    -------
    pandas.DataFrame
        One row per stereo measure that both tables have: ``metric``, ``distance`` in the measure's unit, 0 and
        up (two finite sets of the same kind read above 0 too), ``unit``, ``mean_a``, ``mean_b``, ``n_a``, ``n_b``,
        and ``reason`` where there is no distance. A mean of `image_angle` would wrap and is NaN.

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
        raise MetricError("the tables share no stereo measure: measure(clips, store) adds them")
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
    """Return the Wasserstein-1 distance of values that repeat after a period."""
    values = np.concatenate([u, v]) % period
    order = np.argsort(values)
    steps = np.concatenate([np.full(len(u), 1 / len(u)), np.full(len(v), -1 / len(v))])[order]
    between = np.cumsum(steps)
    gaps = np.diff(values[order], append=values[order[0]] + period)
    # The best constant is the median of the difference, weighted by how long it lasts.
    rank = np.argsort(between)
    passed = np.cumsum(gaps[rank])
    middle = between[rank[np.searchsorted(passed, passed[-1] / 2)]]
    return float(np.sum(gaps * np.abs(between - middle)))


def kl_divergence(generated: np.ndarray, reference: np.ndarray, direction: str) -> float:
    """Return the Kullback-Leibler divergence between the tags of clips and those of their references.

    ``mean_i sum_t p_it ln(p_it / q_it)``, p the side that ``direction`` names first. The field uses both:
    audiocraft puts the reference first, stable-audio-metrics the generated clip. Source: Kullback and Leibler, *On
    information and sufficiency*, 1951.

    Parameters
    ----------
    generated, reference : array_like
        Probabilities of tags, ``(clips, tags)`` with the same clip in the same row, or ``(tags,)``; each row
        sums to 1.
    direction : str
        One of `DIRECTIONS`.

    Returns
    -------
    float
        Nats, 0 and up. `Undefined` where a value is not finite, or where a tag has probability 0 on the second side
        only: it would be infinite.

    Raises
    ------
    MetricError
        The shapes differ, there is no clip, rows are no probabilities, or the direction is unknown.

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
        raise MetricError(f"need the same (clips, tags) twice: got {sides[1].shape} and {sides[0].shape}")
    if not all(np.isfinite(side).all() for side in sides):
        return Undefined("a probability is not finite")
    # Probabilities of 527 tags in half precision sum to 1 within this.
    if any(np.any(side < 0) or np.any(np.abs(side.sum(axis=1) - 1) > 0.01) for side in sides):
        raise MetricError("rows must be probabilities that sum to 1: give softmax outputs, not logits")
    p, q = (side / side.sum(axis=1, keepdims=True) for side in (sides if direction == DIRECTIONS[0] else sides[::-1]))
    there = p > 0
    if np.any(q[there] == 0):
        return Undefined("a tag has probability 0 on the second side only")
    terms = np.zeros_like(p)
    terms[there] = p[there] * np.log(p[there] / q[there])
    return max(0.0, float(terms.sum(axis=1).mean()))
