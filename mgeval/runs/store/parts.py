"""The tables under ``rows/``: small parts by many writers, merged when there are many of them.

A part never changes. Its name begins with the time, so that parts sort by time and the last of several rows
with the same key counts, and ends with a checksum. A merge reads a run of neighbouring parts, writes one
part with their rows under the time of the last of them, and then deletes them: every row is in a part at
all times, and a row in two parts counts once. A reader lists the folder again if a part vanishes.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.errors import StoreError
from mgeval.files import write_atomic
from mgeval.runs.store.layout import file_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MERGE_ABOVE = 32
"""With more parts than this, the next writer merges them."""

FEW_ROWS = 1000
"""A part of at most this many rows is always merged, however few rows came after it."""


def to_tables(rows: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Return rows as tables; several if a column has texts in some rows and numbers in others."""
    import pyarrow as pa

    columns = dict.fromkeys(name for row in rows for name in row)
    try:
        # Not through pandas, which turns whole numbers into floats if a row lacks one.
        return [pa.table({name: pa.array([row.get(name) for row in rows], from_pandas=True) for name in columns})]
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if len(rows) == 1:
            raise
        return [*to_tables(rows[: len(rows) // 2]), *to_tables(rows[len(rows) // 2 :])]


def concat_tables(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Concatenate neighbouring tables as far as the types of their columns combine without loss."""
    return [table for table, _ in _concat_counted([(table, 1) for table in tables])]


def _concat_counted(tables: Sequence[tuple[pa.Table, int]]) -> list[tuple[pa.Table, int]]:
    """Concatenate tables as `concat_tables` does; count the tables in each result."""
    import pyarrow as pa

    if len(tables) < 2:
        return list(tables)
    try:
        joint = pa.concat_tables([table for table, _ in tables], promote_options="permissive")
        return [(joint, sum(count for _, count in tables))]
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        half = len(tables) // 2
        left, right = _concat_counted(tables[:half]), _concat_counted(tables[half:])
        if len(tables) == 2:
            return [*left, *right]
        return [*left[:-1], *_concat_counted([left[-1], right[0]]), *right[1:]]


def add_part(folder: Path, tables: Sequence[pa.Table]) -> None:
    """Write tables as parts, and merge the parts if there are many."""
    for table in tables:
        _write(folder, f"{time.time_ns():020d}", table)
    if sum(1 for _ in file_names(folder, ".parquet")) > MERGE_ABOVE:
        compact(folder, MERGE_ABOVE)


def read_parts(folder: Path) -> dict[str, pa.Table]:
    """Return all parts by name, oldest first.

    Raises
    ------
    StoreError
        A part is damaged; the message names it.
    """
    tables: dict[str, pa.Table] = {}
    vanished: set[str] = set()
    while True:
        listed = part_names(folder)
        try:
            for name in listed:
                if name not in tables:
                    tables[name] = read_part(folder / name)
        except FileNotFoundError:
            # Merged into another part in the meantime. A name that is listed again but never exists is a broken link.
            if name in vanished:
                raise StoreError(f"{folder / name}: damaged (a broken link); delete it and run again") from None
            vanished.add(name)
            continue
        return {name: tables[name] for name in listed}


def part_names(folder: Path) -> list[str]:
    """Return the names of the parts, oldest first."""
    # A folder that changes while it is listed can miss both a new name and those that it replaced: list it until
    # two listings agree.
    previous = None
    while (current := sorted(name for name in file_names(folder, ".parquet") if name.startswith("part-"))) != previous:
        previous = current
    return current


def read_part(path: Path) -> pa.Table:
    """Return one part; raise if it has changed since it was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = path.read_bytes()
    fields = path.stem.split("-")
    reason = "its bytes have changed"
    # Parts of schema 1 have no checksum.
    if len(fields) < 4 or fields[3] == f"{zlib.crc32(data):08x}":
        try:
            table = pq.ParquetFile(io.BytesIO(data)).read()
            if {"key", "status"} <= set(table.column_names):
                return table.replace_schema_metadata(None)
            reason = "not a table of clips"
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = (str(error).splitlines() or ["unreadable"])[0]
    raise StoreError(f"{path}: damaged ({reason}); delete it and run again, the records of its clips remain")


def frame(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Return tables as one frame; of rows with the same key, keep the last."""
    import pandas as pd

    frames = [table.to_pandas() for table in concat_tables(tables)]
    rows = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return rows.drop_duplicates("key", keep="last")


def compact(folder: Path, at_most: int = 1) -> None:
    """Merge parts until at most this many are left, or as few as possible.

    For ``at_most=1`` merge all of them. Otherwise merge only the newest, going back as long as a part has no
    more rows than all later ones together: a row is then rewritten each time the table doubles, not with every
    merge. A damaged part is left as it is; `read_parts` reports it.
    """
    with _merge_lock(folder) as locked:
        if not locked or len(listed := part_names(folder)) <= at_most:
            return
        run: list[tuple[str, pa.Table]] = []
        rows = 0
        for name in reversed(listed):
            try:
                table = read_part(folder / name)
            except (StoreError, FileNotFoundError):
                # Merging across this part would move older rows behind it.
                _merge(folder, run)
                run, rows = [], 0
                continue
            if at_most > 1 and table.num_rows > max(rows, FEW_ROWS):
                break
            run.insert(0, (name, table))
            rows += table.num_rows
        _merge(folder, run)


def replace(folder: Path, old: Sequence[str], tables: Sequence[pa.Table]) -> None:
    """Replace parts by tables at the same place in time; delete the old parts once the new ones are on disk."""
    moment = old[-1].split("-")[1] if old else f"{time.time_ns():020d}"
    written = {_write(folder, moment, table) for table in tables}
    # Sync the folder: after a crash of the machine, the old names must not be gone without the new ones.
    if written and os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    for name in old:
        if name not in written:
            (folder / name).unlink(missing_ok=True)


def _merge(folder: Path, run: Sequence[tuple[str, pa.Table]]) -> None:
    """Merge neighbouring parts; parts whose columns do not combine stay separate."""
    old = [name for name, _ in run]
    for table, count in _concat_counted([(table, 1) for _, table in run]):
        if count > 1:
            replace(folder, old[:count], [_latest_rows(table)])
        old = old[count:]


def _latest_rows(table: pa.Table) -> pa.Table:
    """Return a table without the rows whose key occurs again later."""
    import pandas as pd
    import pyarrow as pa

    return table.filter(pa.array(~pd.Series(table["key"].to_numpy()).duplicated(keep="last").to_numpy()))


def _write(folder: Path, moment: str, table: pa.Table) -> str:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    data = buffer.getvalue()
    # The process id separates two writers at the same moment, the checksum those on two machines.
    name = f"part-{moment}-{os.getpid()}-{zlib.crc32(data):08x}.parquet"
    write_atomic(folder / name, data)
    return name


@contextlib.contextmanager
def _merge_lock(folder: Path) -> Iterator[bool]:
    """Yield whether no other process is merging this folder; two at once would be safe, but wasted work."""
    try:
        import fcntl
    except ImportError:
        yield True
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    locked = True
    try:
        # The lock ends with the process, however that ends. On a file system without locks, every process merges.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        locked = False
    except OSError:
        pass
    try:
        yield locked
    finally:
        os.close(handle)
