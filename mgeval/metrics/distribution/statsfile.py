"""Files of statistics: ``.npz`` with ``mu`` and ``cov``, of one set or of several by name, as fadtk keeps them."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, first_line, nearest
from mgeval.files import named, write_atomic

if TYPE_CHECKING:
    from mgeval.metrics.distribution.gaussian import GaussianStats


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
    return write_atomic(named(path), data.getvalue())


def saved_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the statistics in a file; ``""`` is that of a bare ``mu`` and ``cov``.

    Raises
    ------
    MetricError
        The file cannot be read, or holds no statistics.
    """
    with _opened(path) as file:
        return [name.removesuffix(".") for name in _prefixes(path, list(file))]


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        # Opened by hand: numpy would take a plain array, or a pickle, for what is no zip file.
        with zipfile.ZipFile(named(path)):
            pass
        with np.load(named(path), allow_pickle=False) as file:
            yield file
    except MetricError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise MetricError(f"{path}: no .npz of plain arrays could be read ({first_line(error)})") from error


def read_arrays(path: str | os.PathLike[str], name: str | None) -> dict[str, np.ndarray]:
    """Return the arrays of one set of statistics in a file, by ``mu``, ``cov``, ``n`` and ``rows``."""
    with _opened(path) as file:
        key = _chosen_name(path, list(file), name)
        return {part: file[key + part] for part in ("mu", "cov", "n", "rows") if key + part in file}


def _prefixes(path: str | os.PathLike[str], keys: list[str]) -> list[str]:
    """Return what stands before ``mu`` and ``cov`` in a file's keys: nothing, or a name and a dot."""
    names = [key.removesuffix("mu") for key in keys if key.endswith("mu") and key.removesuffix("mu") + "cov" in keys]
    if not names:
        raise MetricError(f"{path}: no mu and cov in it")
    return names


def _chosen_name(path: str | os.PathLike[str], keys: list[str], name: str | None) -> str:
    names = _prefixes(path, keys)
    if name is None and len(names) == 1:
        return names[0]
    if f"{name}." in names:
        return f"{name}."
    known = [known.removesuffix(".") for known in names]
    raise MetricError(f"{path}: which statistics? {nearest(name or '', known)}")
