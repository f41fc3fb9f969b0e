"""The kernel distance between two sets of vectors, with its interval over prompts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.distribution.vectors import (
    Interval,
    blocks,
    jackknife_interval,
    pair,
    prompt_groups,
    squared_distances,
    vectors,
)

SUBSAMPLE = 2000
"""Number of vectors of the reference that the median distance uses."""


def bandwidth(reference: np.ndarray) -> float:
    """Return the median Euclidean distance within a reference set: the kernel's width in `kernel_distance`.

    For a reference of more than 2,000 vectors, a fixed random subset of 2,000 is used.

    Raises
    ------
    MetricError
        There are fewer than two vectors, or more than half of the pairs are equal.
    """
    reference = vectors(reference, 2, "reference")
    reference = reference - reference.mean(axis=0)
    if len(reference) > SUBSAMPLE:
        reference = reference[np.random.default_rng(0).choice(len(reference), SUBSAMPLE, replace=False)]
    upper = np.triu_indices(len(reference), 1)
    median = float(np.sqrt(np.median(squared_distances(reference, reference)[upper])))
    if median == 0:
        raise MetricError("most vectors of the reference are equal: their median distance is 0, so there is no kernel")
    return median


def kernel_distance(x: np.ndarray, reference: np.ndarray) -> float:
    """Return the kernel distance of a set from a reference: the unbiased squared maximum mean discrepancy.

    ``mean_{i != j} k(x_i, x_j) + mean_{i != j} k(r_i, r_j) - 2 mean_{i, j} k(x_i, r_j)`` with
    ``k(a, b) = exp(-|a - b|^2 / (2 b^2))`` and b the `bandwidth` of the reference. Sources: Gretton et al.,
    *A kernel two-sample test*, 2012; for audio Chung et al., *KAD: no more FAD!*, 2025, whose program
    multiplies it by 100.

    Parameters
    ----------
    x, reference : array_like
        ``(n, dim)`` and ``(m, dim)``. Memory does not grow with ``n m``.

    Returns
    -------
    float
        At most 2, no unit. For independent draws from one distribution it is 0 on average, and so about half of the
        time below 0; it is not clipped at 0, which would bias it. For windows of the same clip, which are not
        independent, it is too high: see `kernel_interval`.

    Raises
    ------
    MetricError
        A set has fewer than two vectors, the dimensions differ, a value is not finite, or the median distance of the
        reference is 0.
    """
    width = bandwidth(reference)
    x, reference = pair(x, reference, 2)
    return (
        _mean_within(x, width)
        + _mean_within(reference, width)
        - 2 * float(_kernel_sums(x, reference, width).mean()) / len(reference)
    )


def kernel_interval(
    x: np.ndarray, prompts: Sequence, reference: np.ndarray, reference_clips: Sequence | None = None
) -> Interval:
    """Return the kernel distance with its 95 % interval over prompts, by the delete-cluster jackknife.

    As `kernel_distance`, but within a set only pairs of different prompts (in the reference: clips) count.
    Windows of one clip and clips of one prompt are nearer to each other than independent draws, and their
    pairs would give values above 0 for two sets of one distribution. Each prompt in turn is left out with all its
    vectors; the t interval uses the jackknife's standard error. The
    reference is treated as fixed: the interval covers the choice of prompts, not the choice of the reference.
    A bootstrap would draw vectors twice, at distance 0 from themselves, and its coverage is too low.

    Parameters
    ----------
    x : array_like
        ``(n, dim)``.
    prompts : sequence
        The prompt of each vector, ``(n,)``.
    reference : array_like
        ``(m, dim)``.
    reference_clips : sequence, optional
        The clip of each vector of the reference, ``(m,)``; by default, each vector is a clip.

    Returns
    -------
    Interval
        ``value``, ``lo``, ``hi``, ``n_prompts``.

    Raises
    ------
    MetricError
        As in `kernel_distance`; also for fewer than three prompts or two clips, or if their number is not that of
        the vectors.
    """
    width = bandwidth(reference)
    x, reference = pair(x, reference, 2)
    groups = prompt_groups(prompts, len(x))
    if len(groups) < 3:
        raise MetricError(f"an interval needs at least three prompts, got {len(groups)}")
    if reference_clips is None:
        fixed = _mean_within(reference, width)
    else:
        fixed = _mean_across_groups(reference, prompt_groups(reference_clips, len(reference), "clip"), width)
    rows, cross = _kernel_sums(x, x, width), _kernel_sums(x, reference, width)
    inside = _sums_within_groups(x, groups, width)
    sizes = np.array([len(group) for group in groups])
    outside = np.array([rows[group].sum() for group in groups]) - inside
    crossed = np.array([cross[group].sum() for group in groups])

    def distance(included: np.ndarray, pairs: float) -> float:
        count = sizes[included].sum()
        between = crossed[included].sum() / (count * len(reference))
        return float(pairs / (count**2 - np.sum(sizes[included] ** 2)) + fixed - 2 * between)

    indices = np.arange(len(groups))
    # The pairs of a prompt are in its own rows, and once more in the rows of the others.
    without = [distance(indices != left_out, outside.sum() - 2 * outside[left_out]) for left_out in indices]
    return jackknife_interval(distance(indices >= 0, outside.sum()), np.array(without))


def _mean_within(x: np.ndarray, width: float) -> float:
    """Return the mean kernel over the pairs of different vectors."""
    return float(_kernel_sums(x, x, width).sum()) / (len(x) * (len(x) - 1))


def _mean_across_groups(x: np.ndarray, groups: list[np.ndarray], width: float) -> float:
    """Return the mean kernel over the pairs of vectors of different groups."""
    pairs = _kernel_sums(x, x, width).sum() - _sums_within_groups(x, groups, width).sum()
    return float(pairs) / (len(x) ** 2 - sum(len(group) ** 2 for group in groups))


def _sums_within_groups(x: np.ndarray, groups: list[np.ndarray], width: float) -> np.ndarray:
    """Return the sum of the kernel over the pairs of different vectors within each group."""
    parts = (x[group] for group in groups)
    return np.array([_kernel_sums(part, part, width).sum() for part in parts])


def _kernel_sums(x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Return the sum of the kernel over y for each vector of x, in blocks; if y is x, without the vector itself."""
    sums = np.zeros(len(x))
    for rows in blocks(len(x)):
        for columns in blocks(len(y)):
            if x is y and columns.start < rows.start:
                continue
            kernel = squared_distances(x[rows], y[columns])
            kernel /= -2 * width**2
            np.exp(kernel, out=kernel)
            if x is y and rows == columns:
                np.fill_diagonal(kernel, 0)
            sums[rows] += kernel.sum(axis=1)
            if x is y and rows != columns:
                sums[columns] += kernel.sum(axis=0)
    return sums
