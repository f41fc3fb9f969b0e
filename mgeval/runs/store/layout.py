"""The files of a store: their paths, the schema, and the records of clips."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mgeval.errors import StoreError
from mgeval.files import write_atomic

SCHEMA = 2
"""1: the first. 2: records have hashes and a checksum, and parts can be merged while others read them."""

LOCATIONS = {"audio": ("clips", "flac"), "codes": ("codes", "npz"), "record": ("clips", "json")}

CHECK, HASHES = "crc32", "sha256"
RECORD_ONLY = (CHECK, HASHES)
"""Fields that a record has in addition to its clip's row."""


def path_of(store: Path, key: str, kind: str) -> Path:
    """Return the path of a clip's ``audio``, ``codes`` or ``record``, whether or not it exists."""
    folder, ending = LOCATIONS[kind]
    return store / folder / f"{key}.{ending}"


def file_names(folder: Path, ending: str) -> Iterator[str]:
    """Yield the names of a folder's files with this ending, without hidden ones."""
    # A glob makes a Path for each file: too slow for 100,000 of them.
    try:
        listed = os.listdir(folder)
        yield from [name for name in listed if name[0] != "." and name.endswith(ending)]
    except FileNotFoundError:
        return


def keys_with(store: Path, kind: str) -> set[str]:
    """Return the keys that have a file of this kind."""
    folder, ending = LOCATIONS[kind]
    return {name.removesuffix(f".{ending}") for name in file_names(store / folder, f".{ending}")}


def complete_keys(store: Path) -> set[str]:
    """Return the keys that have both a record and audio, from a single listing of the folder."""
    listed = list(file_names(store / "clips", ""))
    # Both endings have five characters; two sets are faster than building the other name for each file.
    records = {name[:-5] for name in listed if name[-5:] == ".json"}
    return records & {name[:-5] for name in listed if name[-5:] == ".flac"}


def check_manifest(store: Path) -> int | None:
    """Return the schema of a folder, None if it is new or empty; raise if it holds other files or a newer schema."""
    manifest = store / "manifest.json"
    if not manifest.exists():
        # Ignore hidden files: a run killed in its first write leaves one, desktops leave others.
        if store.exists() and any(not file.name.startswith(".") for file in store.iterdir()):
            raise StoreError(f"{store}: holds other files and no manifest.json; choose a new or an empty folder")
        return None
    try:
        schema = json.loads(manifest.read_text(encoding="utf-8"))["schema"]
    except (ValueError, KeyError, TypeError, OSError):
        schema = None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise StoreError(f"{manifest}: damaged; restore it, or choose a new folder")
    if schema > SCHEMA:
        raise StoreError(
            f"{store}: has schema {schema}, this version of mgeval reads up to {SCHEMA}: update mgeval, "
            "or choose a new folder"
        )
    return schema


def prepare(store: Path) -> None:
    """Make a folder a store of this schema before anything is written into it.

    A store of schema 1 needs only a new manifest to become one of schema 2: its contents are valid in both.
    """
    if check_manifest(store) != SCHEMA:
        write_atomic(store / "manifest.json", json.dumps({"kind": "mgeval store", "schema": SCHEMA}).encode())


def write_record(path: Path, row: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write a clip's record, with the hashes of its files ("" for a missing one) and a checksum of the rest."""
    hashes = {kind: hashlib.sha256(data).hexdigest() if data else "" for kind, data in files.items()}
    record = {**row, HASHES: hashes}
    text = json.dumps(record, ensure_ascii=False)
    write_atomic(path, json.dumps({**record, CHECK: _check(text)}, ensure_ascii=False).encode())


def read_record(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the row in a record and the hashes of the clip's files; schema 1 has no hashes.

    Raises
    ------
    StoreError
        The record is incomplete, has changed since it was written, or is another clip's.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        check = record.pop(CHECK, None)
        intact = record["key"] == path.stem and record["status"] == "done"
        # Records of schema 1 have no checksum.
        intact = intact and check in (None, _check(json.dumps(record, ensure_ascii=False)))
        hashes = dict(record.pop(HASHES, {}))
    except (ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise StoreError(f"{path}: damaged; delete it and run again, which makes the clip again")
    return record, hashes


def _check(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
