"""The Frechet distance, and the Gaussian statistics of sets of vectors that it is computed from."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.files import expand_path, write_atomic
from mgeval.metrics.distribution.statsfile import read_arrays
from mgeval.metrics.distribution.vectors import vectors
from mgeval.metrics.undefined import Undefined

FEW = 64
"""Up to this many singular values are taken as such, which costs nothing."""

SAFE = 1e-8
"""Bound of the distance's relative error up to which singular values are taken from the square."""

INDEFINITE = 1e-3
"""Share of the largest below which a saved covariance's negative eigenvalue, or asymmetry, is taken as rounding."""


@dataclass(frozen=True, eq=False)
class GaussianStats:
    """Mean and covariance of a set of vectors, float64; sets merge with ``+``.

    While there are no more vectors than dimensions the centred vectors themselves are kept: their covariance
    would have zero eigenvalues, whose rounding a distance feels, and would be larger.

    Parameters
    ----------
    mu : numpy.ndarray
        Mean, ``(dim,)``.
    n : int or None
        Vectors; None where a file does not say, and then the set cannot be merged.
    covariance : numpy.ndarray, optional
        ``(dim, dim)``, ddof 1; or else:
    rows : numpy.ndarray, optional
        The centred vectors, ``(n, dim)``.

    Examples
    --------
    >>> first, second = np.eye(4)[:2], np.eye(4)[2:]
    >>> both = GaussianStats.from_embeddings(first) + GaussianStats.from_embeddings(second)
    >>> both.n, both.mu.tolist()
    (4, [0.25, 0.25, 0.25, 0.25])
    """

    mu: np.ndarray
    n: int | None
    covariance: np.ndarray | None = None
    rows: np.ndarray | None = None

    @classmethod
    def from_embeddings(cls, embeddings: np.ndarray) -> GaussianStats:
        """Take the statistics of a set.

        Parameters
        ----------
        embeddings : array_like
            ``(n, dim)``; one vector is enough to be merged, a distance needs two.

        Raises
        ------
        MetricError
            Not ``(n, dim)``, empty, or a value is NaN or infinite.
        """
        x = vectors(embeddings, what="embeddings")
        mu = x.mean(axis=0)
        return cls(mu, len(x), rows=x - mu)._settled()

    def _settled(self) -> GaussianStats:
        """Return the same with a covariance in place of rows once it is the smaller of the two."""
        if len(self.rows) <= self.dim:
            return self
        return GaussianStats(self.mu, self.n, self.rows.T @ self.rows / max(self.n - 1, 1))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return len(self.mu)

    @property
    def cov(self) -> np.ndarray:
        """Covariance, ``(dim, dim)``, ddof 1; zeros for a single vector."""
        if self.covariance is not None:
            return self.covariance
        return self.rows.T @ self.rows / max(self.n - 1, 1)

    @property
    def total_variance(self) -> float:
        """Trace of the covariance."""
        if self.covariance is not None:
            return float(np.trace(self.covariance))
        return float(np.sum(self.rows**2) / max(self.n - 1, 1))

    @cached_property
    def factor(self) -> np.ndarray:
        """F with ``F.T @ F = cov``, ``(k, dim)``: one row for each vector, or for each direction that varies."""
        if self.covariance is None:
            return self.rows / np.sqrt(max(self.n - 1, 1))
        try:
            return np.linalg.cholesky(self.covariance).T
        except np.linalg.LinAlgError:
            values, directions = np.linalg.eigh(self.covariance)
            there = values > values[-1] * self.dim * np.finfo(float).eps
            return np.sqrt(values[there])[:, None] * directions[:, there].T

    @property
    def rank(self) -> int:
        """Directions in which the set varies, at most ``min(n - 1, dim)``."""
        if self.covariance is None:
            return int(np.linalg.matrix_rank(self.rows))
        # Of the covariance itself: the roots of what is rounding in it, which its factor holds, are none any more.
        return int(np.linalg.matrix_rank(self.covariance, hermitian=True))

    def __add__(self, other: GaussianStats) -> GaussianStats:
        """Return the statistics of both sets together, as if taken of all vectors at once.

        Means and sums of squares merge as in Chan, Golub and LeVeque, *Updating formulae and a
        pairwise algorithm for computing sample variances*, 1979.

        Raises
        ------
        MetricError
            The dimensions differ, or a number of vectors is not known.
        """
        if not isinstance(other, GaussianStats):
            return NotImplemented
        _check_dimensions(self, other)
        if self.n is None or other.n is None:
            raise MetricError("statistics from a file that does not say n cannot be merged: take them of the vectors")
        n = self.n + other.n
        shift = other.mu - self.mu
        mu = self.mu + shift * (other.n / n)
        if self.rows is not None and other.rows is not None:
            rows = np.concatenate([self.rows + (self.mu - mu), other.rows + (other.mu - mu)])
            return GaussianStats(mu, n, rows=rows)._settled()
        between = np.outer(shift, shift) * (self.n * other.n / n)
        return GaussianStats(mu, n, (self.cov * (self.n - 1) + other.cov * (other.n - 1) + between) / (n - 1))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the statistics as ``.npz`` with ``mu``, ``cov``, ``n``, and ``rows`` where they are kept.

        Raises
        ------
        MetricError
            The name does not end in ``.npz``.
        """
        return save_stats(path, {"": self})

    @classmethod
    def load(cls, path: str | os.PathLike[str], name: str | None = None) -> GaussianStats:
        """Read statistics that `save` wrote, or a file of fadtk's (``NAME.mu`` and ``NAME.cov``).

        Parameters
        ----------
        path : path-like
            ``.npz``; nothing that is pickled is read.
        name : str, optional
            Which of several in the file, such as ``"clap-laion-music"``.

        Raises
        ------
        MetricError
            The file cannot be read, holds no such statistics, or their shapes do not fit.
        """
        found = read_arrays(path, name)
        odd = [part for part, array in found.items() if array.dtype.kind not in "fiu"]
        if odd:
            raise MetricError(f"{path}: {odd[0]} holds {found[odd[0]].dtype} and no real numbers")
        mu, cov = (np.asarray(found[part], np.float64) for part in ("mu", "cov"))
        if (
            mu.ndim != 1
            or not len(mu)
            or cov.shape != (len(mu), len(mu))
            or not (np.isfinite(mu).all() and np.isfinite(cov).all())
        ):
            raise MetricError(f"{path}: mu {mu.shape} and cov {cov.shape} must be (dim,) and (dim, dim), and finite")
        if not _is_covariance(cov):
            raise MetricError(f"{path}: cov is no covariance: it must be symmetric, without negative eigenvalues")
        if "n" in found and (found["n"].ndim or not np.isfinite(found["n"]) or found["n"] != np.floor(found["n"])):
            raise MetricError(f"{path}: n must be the number of vectors, not {found['n']}")
        n = int(found["n"]) if "n" in found else None
        rows = found.get("rows")
        if rows is not None and (rows.shape != (n, len(mu)) or not np.isfinite(rows).all()):
            raise MetricError(f"{path}: rows {rows.shape} must be ({n}, {len(mu)}), and finite")
        return cls(mu, n, cov) if rows is None else cls(mu, n, rows=rows)


def _is_covariance(cov: np.ndarray) -> bool:
    """Return whether a matrix is symmetric and has no negative eigenvalues, but for rounding."""
    if np.abs(cov - cov.T).max() > INDEFINITE * np.abs(cov).max():
        return False
    values = np.linalg.eigvalsh(cov)
    return bool(values[0] >= -INDEFINITE * abs(values[-1]))


def _check_dimensions(a: GaussianStats, b: GaussianStats) -> None:
    if a.dim != b.dim:
        raise MetricError(f"the sets have {a.dim} and {b.dim} dimensions: embed both with the same embedder")


def frechet_distance(a: GaussianStats, b: GaussianStats) -> float:
    """Return the Frechet distance between two sets: that of the Gaussians with their mean and covariance.

    ``|mu_a - mu_b|^2 + tr A + tr B - 2 tr (A B)^1/2``, covariances A and B with ddof 1. With
    ``A = F'F`` and ``B = G'G`` the last trace is the sum of the singular values of ``C = F G'``, by a symmetric
    eigensolver from ``C C'`` where that loses nothing: no square root of a matrix is taken, and F and G may have
    fewer rows than columns. Source: Dowson and Landau,
    *The Frechet distance between multivariate normal distributions*, 1982; for audio Kilgour et al.,
    *Frechet Audio Distance*, 2019.

    Parameters
    ----------
    a, b : GaussianStats
        At least two vectors each.

    Returns
    -------
    float
        0 and up, in squared units of the embedding: only distances under one embedder compare. With few vectors
        it reads too high, by about ``1 / n``, and the more the more dimensions there are: see `frechet_infinity`.

    Raises
    ------
    MetricError
        The dimensions differ, or a set has fewer than two vectors.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> round(frechet_distance(GaussianStats.from_embeddings(x), GaussianStats.from_embeddings(x + 3)), 9)
    18.0
    """
    _check_dimensions(a, b)
    for stats in (a, b):
        if stats.n is not None and stats.n < 2:
            raise MetricError("a set of one vector has no covariance: take at least two clips, or longer ones")
    shift = a.mu - b.mu
    apart = float(shift @ shift + a.total_variance + b.total_variance)
    product = a.factor @ b.factor.T
    shared, error = _quick_singular_sum(product)
    # What is left of two near sets is small against what is taken off: the error counts against that.
    if 2 * error > SAFE * abs(apart - 2 * shared):
        shared = float(np.linalg.svd(product, compute_uv=False).sum())
    return max(0.0, apart - 2 * shared)


def _quick_singular_sum(product: np.ndarray) -> tuple[float, float]:
    """Return the sum of the singular values from the square's eigenvalues, twice as fast, and what it may be off."""
    if min(product.shape) <= FEW:
        return 0.0, np.inf
    square = product @ product.T if product.shape[0] <= product.shape[1] else product.T @ product
    values = np.linalg.eigvalsh(square)
    # An eigenvalue is off by about the rounding of the largest; its root by that over the root itself.
    rounding = np.finfo(float).eps * values[-1]
    roots = np.sqrt(np.maximum(values, rounding))
    return float(roots.sum()), float(np.sum(rounding / roots))


def clip_frechet(windows: np.ndarray, reference: GaussianStats) -> float:
    """Return the Frechet distance of one clip's windows from a reference set.

    `frechet_distance`, which with few windows costs a product with the reference's factor, computed once.
    As the score of a single song: Gui et al., *Adapting Frechet Audio Distance for generative music
    evaluation*, 2024.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``.
    reference : GaussianStats
        Of the reference set.

    Returns
    -------
    float
        0 and up. Clips compare if they have the same number of windows. `Undefined` for fewer than two windows,
        or where a vector is not finite.

    Raises
    ------
    MetricError
        The dimensions differ.
    """
    windows = np.asarray(windows, np.float64)
    if windows.ndim == 2 and len(windows) < 2:
        return Undefined("a clip of fewer than two windows has no covariance")
    if windows.ndim == 2 and not np.isfinite(windows).all():
        return Undefined("a vector is not finite")
    return frechet_distance(GaussianStats.from_embeddings(windows), reference)


def save_stats(path: str | os.PathLike[str], stats: Mapping[str, GaussianStats]) -> Path:
    """Write statistics of several sets into one ``.npz``, as ``NAME.mu``, ``NAME.cov``, ``NAME.n``, as fadtk does.

    Parameters
    ----------
    path : path-like
        Where to; `GaussianStats.load` reads one of them back by its name.
    stats : mapping of str to GaussianStats
        By name; what is called ``""`` is written as ``mu`` and ``cov``.

    Raises
    ------
    MetricError
        The name does not end in ``.npz``.
    """
    if Path(path).suffix != ".npz":
        raise MetricError(f"{path}: statistics are saved as .npz")
    arrays: dict[str, Any] = {}
    for name, one in stats.items():
        parts = {"mu": one.mu, "cov": one.cov, "n": one.n, "rows": one.rows}
        arrays |= {f"{name}.{part}" if name else part: array for part, array in parts.items() if array is not None}
    data = io.BytesIO()
    np.savez(data, **arrays)
    return write_atomic(expand_path(path), data.getvalue())
