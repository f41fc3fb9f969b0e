"""Plain, slow implementations of distances between sets: by definition, with loops or another solver."""

from __future__ import annotations

import numpy as np


def frechet_by_root(x: np.ndarray, y: np.ndarray) -> float:
    """Use the square root of the product of the covariances, as fadtk and frechet-audio-distance do."""
    from scipy.linalg import sqrtm

    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = x.mean(axis=0) - y.mean(axis=0)
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b)).real)


def frechet_by_nuclear_norm(x: np.ndarray, y: np.ndarray) -> float:
    """Use the nuclear norm of the product of the centred sets, by a full SVD."""
    a, b = ((z - z.mean(axis=0)) / np.sqrt(len(z) - 1) for z in (x, y))
    shift = x.mean(axis=0) - y.mean(axis=0)
    return float(shift @ shift + np.sum(a**2) + np.sum(b**2) - 2 * np.linalg.norm(a @ b.T, "nuc"))


def kernel_distance(x: np.ndarray, y: np.ndarray, of_x: object = None, of_y: object = None) -> float:
    """Loop over all pairs; within a set, over pairs of different clips or prompts."""
    width = np.median([np.linalg.norm(y[i] - y[j]) for i in range(len(y)) for j in range(i)])

    def mean(a: np.ndarray, b: np.ndarray, of_a: object = None) -> float:
        of_a = range(len(a)) if of_a is None else of_a
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if a is not b or of_a[i] != of_a[j]]
        return np.mean([np.exp(-np.sum((a[i] - b[j]) ** 2) / (2 * width**2)) for i, j in pairs])

    return mean(x, x, of_x) + mean(y, y, of_y) - 2 * mean(x, y)


def manifold(x: np.ndarray, y: np.ndarray, k: int) -> tuple[float, float, float, float]:
    """Sort all distances of each vector."""

    def radius(a: np.ndarray, i: int) -> float:
        return sorted(np.linalg.norm(a[i] - a[j]) for j in range(len(a)) if j != i)[k - 1]

    of_x, of_y = [radius(x, i) for i in range(len(x))], [radius(y, j) for j in range(len(y))]
    in_y = np.array([[np.linalg.norm(u - v) <= r for v, r in zip(y, of_y, strict=True)] for u in x])
    in_x = np.array([[np.linalg.norm(u - v) <= r for u, r in zip(x, of_x, strict=True)] for v in y])
    return in_y.any(axis=1).mean(), in_x.any(axis=1).mean(), in_y.sum() / (k * len(x)), in_y.any(axis=0).mean()


def vendi_score(x: np.ndarray) -> float:
    """Use the entropy of the full matrix of cosines."""
    from scipy.spatial.distance import cdist
    from scipy.special import entr

    values = np.linalg.eigvals((1 - cdist(x, x, "cosine")) / len(x)).real
    return float(np.exp(entr(values[values > 1e-14]).sum()))


def circular_distance(u: np.ndarray, v: np.ndarray, period: float) -> float:
    """Try all pairings of two sets of the same size in circular order; one of them is optimal."""
    u, v = np.sort(u % period), np.sort(v % period)
    turned = [np.abs(u - np.roll(v, shift)) for shift in range(len(v))]
    return float(min(np.mean(np.minimum(apart, period - apart)) for apart in turned))
