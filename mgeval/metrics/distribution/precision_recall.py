"""How far two sets of vectors lie in each other's neighbourhood, and how various one is."""

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

    With balls around each vector that reach to its k-th nearest neighbour in its own set: ``precision``, the share
    of x within some ball of the reference; ``recall``, the share of the reference within some ball of x (both
    Kynkaanniemi et al., *Improved precision and recall metric for assessing generative models*, 2019);
    ``density``, the mean number of the reference's balls around a vector of x, over k; ``coverage``, the share of
    the reference's balls that hold a vector of x (both Naeem et al., *Reliable fidelity and diversity metrics for
    generative models*, 2020).

    Parameters
    ----------
    x, reference : array_like
        ``(n, dim)`` and ``(m, dim)``, more than k vectors each.
    k : int
        Neighbours.

    Returns
    -------
    Manifold
        0 to 1 each, ``density`` 0 and up. For two draws of one distribution of the same size density is
        about 1 and coverage about ``1 - 2^-k``; precision and recall depend on n and dim: compare sets of one size.

    Raises
    ------
    MetricError
        Not more than k vectors in a set, k below 1, dimensions that differ, or values that are not finite.
    """
    if k < 1:
        raise MetricError(f"k is the number of neighbours: at least 1, not {k}")
    x, reference = pair(x, reference, k + 1)
    around_x, around_reference = _radii(x, k), _radii(reference, k)
    inside = np.zeros(len(x))
    recalled, covered = np.zeros(len(reference), bool), np.zeros(len(reference), bool)
    for rows in blocks(len(x)):
        for columns in blocks(len(reference)):
            distances = squared_distances(x[rows], reference[columns])
            held = distances <= around_reference[columns]
            inside[rows] += held.sum(axis=1)
            covered[columns] |= held.any(axis=0)
            recalled[columns] |= (distances <= around_x[rows, None]).any(axis=0)
    return Manifold(float(np.mean(inside > 0)), float(recalled.mean()), float(inside.mean() / k), float(covered.mean()))


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return each vector's squared distance to its k-th nearest neighbour in the set, itself not counted."""
    radii = np.empty(len(x))
    for rows in blocks(len(x)):
        # The nearest k + 1 so far, among them the vector itself.
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
    """Return the Vendi score: how many different vectors a set amounts to.

    ``exp(-sum_i l_i ln l_i)`` over the eigenvalues ``l_i`` of ``K / n``, K the cosines between the vectors. Source:
    Friedman and Dieng, *The Vendi score: a diversity evaluation metric for machine learning*, 2023.

    Parameters
    ----------
    x : array_like
        ``(n, dim)``.

    Returns
    -------
    float
        1 where all point the same way, n where all are orthogonal, at most ``min(n, dim)``. It grows with n:
        compare sets of one size.

    Raises
    ------
    MetricError
        Not ``(n, dim)``, empty, a value that is not finite, or a vector of length 0.
    """
    x = vectors(x)
    lengths = np.linalg.norm(x, axis=1)
    if not lengths.all():
        raise MetricError(f"vector {int(np.argmin(lengths))} is zero and points nowhere: leave it out")
    x = x / lengths[:, None]
    square = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    shares = np.linalg.eigvalsh(square) / len(x)
    shares = shares[shares > np.finfo(float).eps]
    return float(np.exp(-np.sum(shares * np.log(shares))))
