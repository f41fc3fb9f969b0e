"""Files of statistics: ``.npz`` with ``mu`` and ``cov`` of one set, or of several sets by name, as in fadtk."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from mgeval.errors import MetricError, first_line, nearest
from mgeval.files import expand_path


def saved_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the statistics in a file; ``""`` stands for ``mu`` and ``cov`` without a name.

    Raises
    ------
    MetricError
        The file cannot be read, or holds no statistics.
    """
    with _open_archive(path) as file:
        return [name.removesuffix(".") for name in _prefixes(path, list(file))]


@contextmanager
def _open_archive(path: str | os.PathLike[str]) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        # Checked first, because numpy would read a file that is not a zip as a plain array or a pickle.
        with zipfile.ZipFile(expand_path(path)):
            pass
        with np.load(expand_path(path), allow_pickle=False) as file:
            yield file
    except MetricError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise MetricError(f"{path}: must be an .npz file of plain arrays ({first_line(error)})") from error


def read_arrays(path: str | os.PathLike[str], name: str | None) -> dict[str, np.ndarray]:
    """Return the arrays of one set of statistics in a file, by ``mu``, ``cov``, ``n`` and ``rows``."""
    with _open_archive(path) as file:
        key = _choose_prefix(path, list(file), name)
        return {part: file[key + part] for part in ("mu", "cov", "n", "rows") if key + part in file}


def _prefixes(path: str | os.PathLike[str], keys: list[str]) -> list[str]:
    """Return the prefixes of ``mu`` and ``cov`` in a file's keys: an empty one, or a name and a dot."""
    names = [key.removesuffix("mu") for key in keys if key.endswith("mu") and key.removesuffix("mu") + "cov" in keys]
    if not names:
        raise MetricError(f"{path}: must hold mu and cov")
    return names


def _choose_prefix(path: str | os.PathLike[str], keys: list[str], name: str | None) -> str:
    names = _prefixes(path, keys)
    if name is None and len(names) == 1:
        return names[0]
    if f"{name}." in names:
        return f"{name}."
    valid = [prefix.removesuffix(".") for prefix in names]
    if name is None:
        raise MetricError(f"{path}: holds several statistics, name one: {', '.join(valid)}")
    raise MetricError(f"{path}: there are no statistics {name!r}: {nearest(name, valid)}")
