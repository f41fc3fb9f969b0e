"""Maintain a store: rebuild its tables, find and remove damage, merge another store, clean up."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.audio import load_audio
from mgeval.errors import AudioError, StoreError
from mgeval.runs.store import clips, layout, measures, parts, plans

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BLOCK = 5000
"""Records in memory as rows at once; as a table they take a tenth of the space."""

READERS = min(8, os.cpu_count() or 1)
"""Threads that verify clips."""

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.part")
"""The names that `write_atomic` gives to unfinished files."""


def record_tables(store: Path, keys: Iterable[str]) -> list[pa.Table]:
    """Return the rows in the records of these keys as tables."""
    tables, rows = [], []
    for key in keys:
        rows.append(layout.read_record(layout.path_of(store, key, "record"))[0])
        if len(rows) == BLOCK:
            tables += parts.to_tables(rows)
            rows = []
    return [*tables, *(parts.to_tables(rows) if rows else [])]


def reindex(store: Path) -> None:
    """Replace all parts by tables of the records and of the rows of failed clips."""
    if layout.check_manifest(store) is None:
        return
    layout.prepare(store)
    # List the parts to replace first: rows written from here on are in later parts, which stay.
    old = parts.part_names(store / "rows")
    intact = []
    for name in old:
        try:
            intact.append(parts.read_part(store / "rows" / name))
        except (StoreError, FileNotFoundError):
            continue
    keys = sorted(
        key for key in layout.keys_with(store, "record") & layout.keys_with(store, "audio") if _readable(store, key)
    )
    failed = [table.filter(_failed_rows(table, keys)) for table in intact]
    tables = [table for table in (*failed, *record_tables(store, keys)) if table.num_rows]
    parts.replace(store / "rows", old, parts.concat_tables(tables))


def _failed_rows(table: pa.Table, keys: Iterable[str]) -> pa.Array:
    """Return for each row whether its clip failed and was not made since."""
    import pyarrow as pa
    import pyarrow.compute as pc

    done = pc.is_in(table["key"], value_set=pa.array(keys, pa.string()))
    return pc.and_(pc.not_equal(table["status"], "done"), pc.invert(done))


def _readable(store: Path, key: str) -> bool:
    try:
        layout.read_record(layout.path_of(store, key, "record"))
    except StoreError:
        return False
    return True


def verify(store: Path) -> pd.DataFrame:
    """Return one row per damaged file: ``key``, ``file`` and ``problem``."""
    import pandas as pd

    return pd.DataFrame(_damaged_files(store), columns=["key", "file", "problem"], dtype=str)


def _damaged_files(store: Path) -> Iterator[tuple[str, str, str]]:
    for file in [f"{folder}/{name}" for folder in ("rows", plans.FOLDER) for name in parts.part_names(store / folder)]:
        try:
            parts.read_part(store / file)
        except FileNotFoundError:
            # A broken link, or a merge took the part; the merging process has checked its rows.
            if os.path.lexists(store / file):
                yield "", file, "a broken link"
        except StoreError as error:
            yield "", file, _reason(error)
    for path in measures.files(store):
        if measures.is_damaged(path):
            yield "", path.relative_to(store).as_posix(), "not as it was written"
    keys = sorted(layout.keys_with(store, "record"))
    # Reading and hashing release Python's lock: threads help with a slow disk and with several cores.
    with ThreadPoolExecutor(READERS) as pool:
        for first in range(0, len(keys), BLOCK):
            block = keys[first : first + BLOCK]
            for key, problems in zip(block, pool.map(partial(clip_damage, store), block), strict=True):
                for kind, problem in problems.items():
                    yield key, layout.path_of(store, key, kind).relative_to(store).as_posix(), problem


def clip_damage(store: Path, key: str) -> dict[str, str]:
    """Return the problems with a clip's files, by kind of file."""
    try:
        record, hashes = layout.read_record(layout.path_of(store, key, "record"))
    except StoreError:
        return {"record": "changed since it was written"}
    except OSError as error:
        return {"record": f"cannot be read ({error.strerror})"}
    problems = {}
    for kind, check_contents in (("audio", partial(_audio_problem, record)), ("codes", _codes_problem)):
        path = layout.path_of(store, key, kind)
        try:
            # The hash is "" if the clip has no codes; schema 1 has no hashes.
            expected = hashes.get(kind)
            problem = check_contents(path) if expected is None else _hash_problem(path, expected) if expected else ""
        except FileNotFoundError:
            problem = "missing"
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        if problem:
            problems[kind] = problem
    return problems


def _audio_problem(record: dict[str, Any], path: Path) -> str:
    try:
        audio = load_audio(path)
    except AudioError as error:
        return _reason(error) if path.exists() else "missing"
    expected = (record["channels"], record["n_samples"], record["rate"])
    return "" if (*audio.samples.shape, audio.rate) == expected else "shape or rate differ from its record"


def _codes_problem(path: Path) -> str:
    # Schema 1 did not record whether a clip has codes.
    if not path.exists():
        return ""
    try:
        with zipfile.ZipFile(path) as file:
            return f"{bad} in it is damaged" if (bad := file.testzip()) else ""
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        return _reason(error)


def _hash_problem(path: Path, expected: str) -> str:
    with open(path, "rb") as file:
        return "" if hashlib.file_digest(file, "sha256").hexdigest() == expected else "changed since it was written"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())


def discard(store: Path, damage: pd.DataFrame) -> None:
    """Delete the clips and parts that `verify` listed."""
    for file in damage.loc[damage["key"] == "", "file"]:
        (store / file).unlink(missing_ok=True)
    for key in damage.loc[damage["key"] != "", "key"].unique():
        # The record first: without it the clip counts as missing, even if deleting stops halfway.
        for kind in ("record", "audio", "codes"):
            layout.path_of(store, key, kind).unlink(missing_ok=True)


def merge(store: Path, ours: pd.DataFrame, other: Path, theirs: pd.DataFrame) -> pd.DataFrame:
    """Copy the clips that only the other store has, and return the rows to add."""
    if theirs.empty:
        raise StoreError(f"{other}: holds no clips to merge; check the path")
    done = theirs["status"] == "done"
    in_ours = theirs["key"].isin(ours["key"])
    missing = ~theirs["key"].isin(ours.loc[ours["status"] == "done", "key"]) if len(ours) else ~in_ours
    coming = theirs[(done & missing) | (~done & ~in_ours)]
    layout.prepare(store)
    planned = plans.read(other)
    plans.add(store, planned[~planned["key"].isin(plans.read(store)["key"])])
    damaged, present = [], []
    for key in coming.loc[coming["status"] == "done", "key"]:
        if clip_damage(other, key):
            damaged.append(key)
        elif not clips.copy(other, store, key):
            present.append(key)
    if damaged:
        warnings.warn(
            f"{other}: {len(damaged)} damaged clips were left out, the first is {damaged[0]}; verify() lists all",
            stacklevel=3,
        )
    return coming[~coming["key"].isin([*damaged, *present])].reset_index(drop=True)


def gc(store: Path, age: float) -> pd.DataFrame:
    """Delete temporary files, and audio and codes without a record, that are older than ``age`` seconds."""
    import pandas as pd

    latest = time.time() - age
    deleted = []
    for path in sorted(_leftovers(store)):
        try:
            file_status = path.lstat()
            if file_status.st_mtime > latest:
                continue
            path.unlink()
        except FileNotFoundError:
            continue
        deleted.append((path.relative_to(store).as_posix(), file_status.st_size))
    return pd.DataFrame(deleted, columns=["file", "bytes"])


def _leftovers(store: Path) -> Iterator[Path]:
    if layout.check_manifest(store) is None:
        return
    for folder, _, files in os.walk(store):
        yield from (Path(folder, name) for name in files if TEMPORARY.fullmatch(name))
    # List the files first: a clip finished between the two listings is then no orphan.
    data_keys = [(kind, layout.keys_with(store, kind)) for kind in ("audio", "codes")]
    recorded = layout.keys_with(store, "record")
    for kind, keys in data_keys:
        yield from (layout.path_of(store, key, kind) for key in keys - recorded)


def runs(store: Path) -> pd.DataFrame:
    """Return the records of a store's runs; see `mgeval.Store.runs`."""
    import pandas as pd

    records = []
    for path in sorted((store / "runs").glob("*.json")):
        try:
            records.append(json.loads(path.read_bytes()))
        except ValueError:
            raise StoreError(f"{path}: damaged; delete it, no clip depends on it") from None
    return pd.DataFrame(records)


def status(store: Path, table: pd.DataFrame) -> dict[str, Any]:
    """Return a store's counts and sizes; see `mgeval.Store.status`."""
    if table.empty:
        done = failed = table
    else:
        done, failed = table[table["status"] == "done"], table[table["status"] != "done"]
    planned = set(plans.read(store)["key"])
    return {
        "planned": len(planned),
        "planned_done": len(planned & set(done["key"])),
        "done": len(done),
        "failed": len(failed),
        "models": {} if done.empty else {str(name): int(n) for name, n in done["model"].value_counts().items()},
        "audio_seconds": float((done["n_samples"] / done["rate"]).sum()) if len(done) else 0.0,
        "bytes": sum(_sizes(store / "clips")) + sum(_sizes(store / "codes")),
        "parts": len(parts.part_names(store / "rows")),
        "errors": {} if failed.empty else {str(name): int(n) for name, n in failed["error"].value_counts().items()},
        "schema": layout.check_manifest(store),
    }


def _sizes(folder: Path) -> Iterator[int]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                # A file of an active run may lose its temporary name between listing and `stat`.
                with contextlib.suppress(FileNotFoundError):
                    yield entry.stat().st_size
