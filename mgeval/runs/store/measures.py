"""Measures of a clip that are kept: one JSON file for each audio file, found by the hash of its bytes.

A measure is kept with its version: one of another version counts as absent, and so does a damaged file. All of it can
be computed again, so it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgeval.files import write_atomic
from mgeval.runs.store import layout

DIGITS = 32
FOLDER = "measures"


def file_digest(path: Path) -> str | None:
    """Return the hash under which the measures of an audio file are kept; None if the file cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
    except OSError:
        return None


def read(store: Path, digest: str) -> dict[str, Any]:
    """Return what is kept for an audio file; nothing where the file is absent or damaged."""
    try:
        content = json.loads(_path_of(store, digest).read_bytes())
        check = content.pop(layout.CHECK)
    except (OSError, ValueError, AttributeError, KeyError, RecursionError):
        return {}
    return content if check == _check(content) else {}


def write(store: Path, digest: str, content: Mapping[str, Any]) -> None:
    """Keep measures of an audio file in place of those that are kept already."""
    layout.prepare(store)
    text = json.dumps({**content, layout.CHECK: _check(content)}, ensure_ascii=False)
    write_atomic(_path_of(store, digest), text.encode())


def is_damaged(path: Path) -> bool:
    """Return whether a file of measures is not as it was written."""
    return path.exists() and not read(path.parents[2], path.stem)


def files(store: Path) -> list[Path]:
    """Return the files of measures, in order."""
    return sorted((store / FOLDER).glob("*/*.json"))


def _path_of(store: Path, digest: str) -> Path:
    # Folders by the first digits: some file systems are slow with a hundred thousand names in one.
    return store / FOLDER / digest[:2] / f"{digest}.json"


def _check(content: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(content, sort_keys=True).encode()):08x}"
