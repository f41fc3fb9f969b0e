"""The Frechet distance, and the Gaussian statistics of sets of vectors that it uses."""

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
"""Up to this many singular values are computed directly, which is cheap."""

SAFE = 1e-8
"""Largest relative error of the distance for which singular values may be computed from the square."""

INDEFINITE = 1e-3
"""A negative eigenvalue or an asymmetry of a saved covariance below this share of the largest one is rounding."""


@dataclass(frozen=True, eq=False)
class GaussianStats:
    """Mean and covariance of a set of vectors, float64; sets merge with ``+``.

    A set with no more vectors than dimensions stores the centred vectors instead of the covariance, which would
    be larger and would have zero eigenvalues, whose rounding errors affect distances.

    Parameters
    ----------
    mu : numpy.ndarray
        Mean, ``(dim,)``.
    n : int or None
        Number of vectors; None if a file does not state it, and then the set cannot be merged.
    covariance : numpy.ndarray, optional
        ``(dim, dim)``, ddof 1; alternative to ``rows``.
    rows : numpy.ndarray, optional
        The centred vectors, ``(n, dim)``; alternative to ``covariance``.

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
        """Compute the statistics of a set.

        Parameters
        ----------
        embeddings : array_like
            ``(n, dim)``; one vector is enough for merging, a distance needs two.

        Raises
        ------
        MetricError
            The set is not ``(n, dim)``, is empty, or has a NaN or infinite value.
        """
        x = vectors(embeddings, what="embeddings")
        mu = x.mean(axis=0)
        return cls(mu, len(x), rows=x - mu)._compact()

    def _compact(self) -> GaussianStats:
        """Return the same statistics with a covariance in place of rows if that is smaller."""
        if self.rows is None or len(self.rows) <= self.dim:
            return self
        return GaussianStats(self.mu, self.n, self.cov)

    @property
    def _scaled_rows(self) -> np.ndarray:
        """The centred vectors over ``sqrt(n - 1)``: their squares sum to the covariance."""
        assert self.rows is not None, "statistics have a covariance or rows"
        return self.rows / np.sqrt(max(len(self.rows) - 1, 1))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return len(self.mu)

    @property
    def cov(self) -> np.ndarray:
        """Covariance, ``(dim, dim)``, ddof 1; zeros for a single vector."""
        if self.covariance is not None:
            return self.covariance
        assert self.rows is not None, "statistics have a covariance or rows"
        return self.rows.T @ self.rows / max(len(self.rows) - 1, 1)

    @property
    def total_variance(self) -> float:
        """Trace of the covariance."""
        if self.covariance is not None:
            return float(np.trace(self.covariance))
        assert self.rows is not None, "statistics have a covariance or rows"
        return float(np.sum(self.rows**2) / max(len(self.rows) - 1, 1))

    @cached_property
    def factor(self) -> np.ndarray:
        """F with ``F.T @ F = cov``, ``(k, dim)``: one row for each vector, or for each direction of variation."""
        if self.covariance is None:
            return self._scaled_rows
        try:
            return np.linalg.cholesky(self.covariance).T
        except np.linalg.LinAlgError:
            values, directions = np.linalg.eigh(self.covariance)
            positive = values > values[-1] * self.dim * np.finfo(float).eps
            return np.sqrt(values[positive])[:, None] * directions[:, positive].T

    @property
    def rank(self) -> int:
        """Number of directions in which the set varies, at most ``min(n - 1, dim)``."""
        if self.rows is not None:
            return int(np.linalg.matrix_rank(self.rows))
        assert self.covariance is not None, "statistics have a covariance or rows"
        # From the covariance, because its factor holds the square roots of rounding errors, which are not negligible.
        return int(np.linalg.matrix_rank(self.covariance, hermitian=True))

    def __add__(self, other: GaussianStats) -> GaussianStats:
        """Return the statistics of both sets together, as if computed from all vectors at once.

        Means and sums of squares merge as in Chan, Golub and LeVeque, *Updating formulae and a
        pairwise algorithm for computing sample variances*, 1979.

        Raises
        ------
        MetricError
            The dimensions differ, or a number of vectors is unknown.
        """
        if not isinstance(other, GaussianStats):
            return NotImplemented
        _check_dimensions(self, other)
        if self.n is None or other.n is None:
            raise MetricError("statistics from a file without n cannot be merged: compute them from the vectors")
        n = self.n + other.n
        shift = other.mu - self.mu
        mu = self.mu + shift * (other.n / n)
        if self.rows is not None and other.rows is not None:
            rows = np.concatenate([self.rows + (self.mu - mu), other.rows + (other.mu - mu)])
            return GaussianStats(mu, n, rows=rows)._compact()
        between = np.outer(shift, shift) * (self.n * other.n / n)
        return GaussianStats(mu, n, (self.cov * (self.n - 1) + other.cov * (other.n - 1) + between) / (n - 1))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the statistics as ``.npz`` with ``mu``, ``cov``, ``n``, and ``rows`` if there are any.

        Raises
        ------
        MetricError
            The name does not end in ``.npz``.
        """
        return save_stats(path, {"": self})

    @classmethod
    def load(cls, path: str | os.PathLike[str], name: str | None = None) -> GaussianStats:
        """Read statistics that `save` wrote, or a file from fadtk (``NAME.mu`` and ``NAME.cov``).

        Parameters
        ----------
        path : path-like
            ``.npz`` file; pickled data is never loaded.
        name : str, optional
            Name of the statistics if the file has several, such as ``"clap-laion-music"``.

        Raises
        ------
        MetricError
            The file cannot be read, lacks such statistics, or their shapes do not match.
        """
        arrays = read_arrays(path, name)
        for part, array in arrays.items():
            if array.dtype.kind not in "fiu":
                raise MetricError(f"{path}: {part} must hold real numbers, got {array.dtype}")
        mu, cov = (np.asarray(arrays[part], np.float64) for part in ("mu", "cov"))
        if (
            mu.ndim != 1
            or not len(mu)
            or cov.shape != (len(mu), len(mu))
            or not (np.isfinite(mu).all() and np.isfinite(cov).all())
        ):
            raise MetricError(f"{path}: mu {mu.shape} and cov {cov.shape} must be (dim,) and (dim, dim), and finite")
        if not _is_covariance(cov):
            raise MetricError(f"{path}: cov must be a covariance: symmetric and without negative eigenvalues")
        count = arrays.get("n")
        if count is not None and (count.ndim or not np.isfinite(count) or count != np.floor(count)):
            raise MetricError(f"{path}: n must be the number of vectors, got {count}")
        n = None if count is None else int(count)
        rows = arrays.get("rows")
        if rows is not None and (rows.shape != (n, len(mu)) or not np.isfinite(rows).all()):
            raise MetricError(f"{path}: rows {rows.shape} must be ({n}, {len(mu)}), and finite")
        return cls(mu, n, cov) if rows is None else cls(mu, n, rows=rows)


def _is_covariance(cov: np.ndarray) -> bool:
    """Return whether a matrix is symmetric and has no negative eigenvalues, except for rounding."""
    if np.abs(cov - cov.T).max() > INDEFINITE * np.abs(cov).max():
        return False
    values = np.linalg.eigvalsh(cov)
    return bool(values[0] >= -INDEFINITE * abs(values[-1]))


def _check_dimensions(a: GaussianStats, b: GaussianStats) -> None:
    if a.dim != b.dim:
        raise MetricError(
            f"both sets must have the same dimension, got {a.dim} and {b.dim}: embed them with the same embedder"
        )


def frechet_distance(a: GaussianStats, b: GaussianStats) -> float:
    """Return the Frechet distance between two sets: the distance of Gaussians with the same means and covariances.

    ``|mu_a - mu_b|^2 + tr A + tr B - 2 tr (A B)^1/2``, covariances A and B with ddof 1. With
    ``A = F'F`` and ``B = G'G`` the last trace is the sum of the singular values of ``C = F G'``, computed by a
    symmetric eigensolver from ``C C'`` if that is accurate enough. No matrix square root is needed, and F and G may
    have fewer rows than columns. Source: Dowson and Landau, *The Frechet distance between multivariate normal
    distributions*, 1982; for audio Kilgour et al., *Frechet Audio Distance*, 2019.

    Parameters
    ----------
    a, b : GaussianStats
        At least two vectors each.

    Returns
    -------
    float
        At least 0, in squared units of the embedding: only distances with the same embedder are comparable. With few
        vectors it is too high by about ``1 / n``, and more so in more dimensions: see `frechet_infinity`.

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
            raise MetricError("a set of one vector has no covariance: use at least two clips, or longer ones")
    shift = a.mu - b.mu
    separate = float(shift @ shift + a.total_variance + b.total_variance)
    product = a.factor @ b.factor.T
    shared, error = _fast_singular_sum(product)
    # The distance of similar sets is a small difference of large numbers, so the error is compared with it.
    if 2 * error > SAFE * abs(separate - 2 * shared):
        shared = float(np.linalg.svd(product, compute_uv=False).sum())
    return max(0.0, separate - 2 * shared)


def _fast_singular_sum(product: np.ndarray) -> tuple[float, float]:
    """Return the sum of the singular values from the eigenvalues of the square, which is fast, and its error bound."""
    if min(product.shape) <= FEW:
        return 0.0, np.inf
    square = product @ product.T if product.shape[0] <= product.shape[1] else product.T @ product
    values = np.linalg.eigvalsh(square)
    # The error of an eigenvalue is about the rounding error of the largest; that of its root is this over the root.
    rounding = np.finfo(float).eps * values[-1]
    roots = np.sqrt(np.maximum(values, rounding))
    return float(roots.sum()), float(np.sum(rounding / roots))


def clip_frechet(windows: np.ndarray, reference: GaussianStats) -> float:
    """Return the Frechet distance of one clip's windows from a reference set.

    `frechet_distance`, which for few windows costs one product with the reference's factor, computed once.
    As a score of a single song: Gui et al., *Adapting Frechet Audio Distance for generative music
    evaluation*, 2024.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``.
    reference : GaussianStats
        Statistics of the reference set.

    Returns
    -------
    float
        At least 0. Only clips with the same number of windows are comparable. `Undefined` for fewer than two windows,
        or if a vector is not finite.

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
        The file to write; `GaussianStats.load` reads one set back by its name.
    stats : mapping of str to GaussianStats
        By name; the name ``""`` is written as ``mu`` and ``cov``.

    Raises
    ------
    MetricError
        The name does not end in ``.npz``.
    """
    if Path(path).suffix != ".npz":
        raise MetricError(f"{path}: statistics are saved as .npz")
    arrays: dict[str, Any] = {}
    for name, entry in stats.items():
        parts = {"mu": entry.mu, "cov": entry.cov, "n": entry.n, "rows": entry.rows}
        arrays |= {f"{name}.{part}" if name else part: array for part, array in parts.items() if array is not None}
    data = io.BytesIO()
    np.savez(data, **arrays)
    return write_atomic(expand_path(path), data.getvalue())
