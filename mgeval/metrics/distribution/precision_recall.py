"""How well two sets of vectors cover each other, and how diverse a set is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.distribution.vectors import blocks, pair, squared_distances, vectors

NEIGHBOURS = 5


class Manifold(NamedTuple):
    """Precision, recall, density and coverage of a set against a reference."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(x: np.ndarray, reference: np.ndarray, k: int = NEIGHBOURS) -> Manifold:
    """Return precision, recall, density and coverage.

    Each vector has a ball that reaches to its k-th nearest neighbour in its own set. ``precision`` is the share
    of x within some ball of the reference; ``recall``, the share of the reference within some ball of x (both
    Kynkaanniemi et al., *Improved precision and recall metric for assessing generative models*, 2019);
    ``density``, the mean number of balls of the reference that contain a vector of x, over k; ``coverage``, the share
    of the reference's balls that contain a vector of x (both Naeem et al., *Reliable fidelity and diversity metrics for
    generative models*, 2020).

    Parameters
    ----------
    x, reference : array_like
        ``(n, dim)`` and ``(m, dim)``, more than k vectors each.
    k : int
        Number of neighbours.

    Returns
    -------
    Manifold
        Each 0 to 1, except ``density``, which has no upper limit. For two draws of the same size from one distribution,
        density is about 1 and coverage about ``1 - 2^-k``; precision and recall depend on n and dim: compare only sets
        of the same size.

    Raises
    ------
    MetricError
        A set has no more than k vectors, k is below 1, the dimensions differ, or a value is not finite.
    """
    if k < 1:
        raise MetricError(f"k, the number of neighbours, must be at least 1, got {k}")
    x, reference = pair(x, reference, k + 1)
    around_x, around_reference = _radii(x, k), _radii(reference, k)
    inside = np.zeros(len(x))
    recalled, covered = np.zeros(len(reference), bool), np.zeros(len(reference), bool)
    for rows in blocks(len(x)):
        for columns in blocks(len(reference)):
            distances = squared_distances(x[rows], reference[columns])
            contained = distances <= around_reference[columns]
            inside[rows] += contained.sum(axis=1)
            covered[columns] |= contained.any(axis=0)
            recalled[columns] |= (distances <= around_x[rows, None]).any(axis=0)
    return Manifold(float(np.mean(inside > 0)), float(recalled.mean()), float(inside.mean() / k), float(covered.mean()))


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return each vector's squared distance to its k-th nearest neighbour in the set, not counting itself."""
    radii = np.empty(len(x))
    for rows in blocks(len(x)):
        # The nearest k + 1 so far, including the vector itself.
        nearest = np.empty((len(x[rows]), 0))
        for columns in blocks(len(x)):
            distances = squared_distances(x[rows], x[columns])
            if rows == columns:
                np.fill_diagonal(distances, 0)
            nearest = np.concatenate([nearest, distances], axis=1)
            nearest = np.partition(nearest, min(k, nearest.shape[1] - 1), axis=1)[:, : k + 1]
        radii[rows] = nearest.max(axis=1)
    return radii


def vendi_score(x: np.ndarray) -> float:
    """Return the Vendi score: the effective number of different vectors in a set.

    ``exp(-sum_i l_i ln l_i)`` over the eigenvalues ``l_i`` of ``K / n``, where K are the cosines of the vectors.
    Source: Friedman and Dieng, *The Vendi score: a diversity evaluation metric for machine learning*, 2023.

    Parameters
    ----------
    x : array_like
        ``(n, dim)``.

    Returns
    -------
    float
        1 if all vectors have the same direction, n if all are orthogonal, at most ``min(n, dim)``. It grows with n:
        compare only sets of the same size.

    Raises
    ------
    MetricError
        The set is not ``(n, dim)``, is empty, or has a value that is not finite or a vector of length 0.
    """
    x = vectors(x)
    lengths = np.linalg.norm(x, axis=1)
    if not lengths.all():
        raise MetricError(f"vector {int(np.argmin(lengths))} is all zeros: remove it")
    x = x / lengths[:, None]
    square = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    shares = np.linalg.eigvalsh(square) / len(x)
    shares = shares[shares > np.finfo(float).eps]
    return float(np.exp(-np.sum(shares * np.log(shares))))
