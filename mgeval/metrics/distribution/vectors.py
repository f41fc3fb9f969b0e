"""Sets of vectors: their checks, distances within and between them, and the jackknife over prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError

BLOCK = 1024
"""Vectors on each side of a block of distances, which takes 8 MB in float64."""

SAME = 1e-12
"""Squared distances below this share of the squared lengths are rounding errors and count as 0."""

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate and its 95 % interval over prompts."""

    value: float
    lo: float
    hi: float
    n_prompts: int


def vectors(x: np.ndarray, least: int = 1, what: str = "x") -> np.ndarray:
    """Return a set as float64 ``(n, dim)``; raise an error if it is not one.

    Parameters
    ----------
    x : array_like
        ``(n, dim)``, such as the stacked windows of all clips from `mgeval.embed.Embedder.audio`.
    least : int
        Smallest number of vectors.
    what : str
        Name of the set in messages.

    Raises
    ------
    MetricError
        The set is not ``(n, dim)``, is too small, or has a NaN or infinite value.
    """
    try:
        x = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        raise MetricError(f"{what} must be numbers (vectors, dim): stack the windows of all clips") from None
    if x.ndim != 2 or x.shape[1] == 0:
        raise MetricError(f"{what} must be (vectors, dim), got {x.shape}: stack the windows of all clips")
    if len(x) < least:
        raise MetricError(f"{what} has {len(x)} vectors and needs {least}: use more or longer clips")
    broken = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(broken):
        raise MetricError(f"{len(broken)} vectors of {what} are not finite, the first is row {broken[0]}: remove them")
    return x


def pair(x: np.ndarray, reference: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets of the same dimension, both shifted by the mean of the reference."""
    x, reference = vectors(x, least), vectors(reference, least, "reference")
    if x.shape[1] != reference.shape[1]:
        raise MetricError(
            f"x has {x.shape[1]} dimensions and the reference {reference.shape[1]}: embed both with the same embedder"
        )
    # Distances are computed from lengths and products, which would cancel far from the origin.
    centre = reference.mean(axis=0)
    return x - centre, reference - centre


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances between vectors, ``(len(a), len(b))``, never negative."""
    lengths = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
    distances = a @ b.T
    distances *= -2
    distances += lengths
    distances[distances < SAME * lengths] = 0
    return distances


def blocks(n: int) -> Iterator[slice]:
    """Yield slices that cover ``n`` rows."""
    for start in range(0, n, BLOCK):
        yield slice(start, start + BLOCK)


def prompt_groups(prompts: Sequence, n: int, what: str = "prompt") -> list[np.ndarray]:
    """Return the indices of each prompt's vectors or clips; raise an error for fewer than two prompts."""
    if len(prompts) != n:
        raise MetricError(f"there must be one {what} for each of {n}, got {len(prompts)}")
    groups: dict = {}
    for index, prompt in enumerate(prompts):
        groups.setdefault(prompt, []).append(index)
    if len(groups) < 2:
        raise MetricError(f"an interval needs at least two {what}s, got {len(groups)}")
    return [np.array(indices) for indices in groups.values()]


def independent(groups: Sequence[np.ndarray]) -> float:
    """Return the effective number of independent vectors: how many would estimate the mean as well as these do.

    The total variance over the variance of the mean, which is estimated from the sums of whole groups.

    Parameters
    ----------
    groups : sequence of numpy.ndarray
        The vectors of each clip or prompt, ``(windows, dim)``.

    Returns
    -------
    float
        At most the number of vectors; equal to it if nothing varies, or for a single group.
    """
    sizes = np.array([len(group) for group in groups])
    n, count = sizes.sum(), len(groups)
    centre = sum(group.sum(axis=0, dtype=np.float64) for group in groups) / n
    spread = sum(np.sum((group - centre) ** 2) for group in groups) / max(n - 1, 1)
    between = sum(np.sum((group - centre).sum(axis=0) ** 2) for group in groups)
    if count < 2 or between == 0:
        return float(n)
    return float(min(n, spread * n**2 * (count - 1) / (count * between)))


def jackknife_error(without: np.ndarray) -> float:
    """Return the jackknife's standard error, from the estimates without each prompt in turn.

    ``sqrt((G - 1) / G  sum_g (t_g - mean t)^2)``, after Efron and Stein, *The jackknife estimate of
    variance*, 1981.
    """
    count = len(without)
    return float(np.sqrt((count - 1) * np.var(without)))


def jackknife_interval(value: float, without: np.ndarray) -> Interval:
    """Return the t interval around a value, with the jackknife's standard error."""
    from scipy.stats import t

    half = float(t.ppf((1 + LEVEL) / 2, len(without) - 1)) * jackknife_error(without)
    return Interval(value, value - half, value + half, len(without))
