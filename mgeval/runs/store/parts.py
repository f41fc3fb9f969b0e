"""The tables under ``rows/``: small parts by many writers, merged as they become many.

A part is never changed. Its name begins with the time, so that parts sort by it and of rows with the
same key the last one counts, and ends with a check sum. To merge, a run of neighbouring parts is read,
one part with their rows is written under the time of the last of them, and then they are deleted: at no
moment is a row in no part, and one that is in two counts once. Whoever reads looks again when a part
vanishes meanwhile.
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
"""More parts than these are merged by the next writer."""

FEW_ROWS = 1000
"""A part of up to so many rows is merged whatever came after it."""


def to_tables(rows: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Return rows as tables, several where a column holds texts in one row and numbers in another."""
    import pyarrow as pa

    columns = dict.fromkeys(name for row in rows for name in row)
    try:
        # Not through pandas: it makes floats of whole numbers where a row lacks one.
        return [pa.table({name: pa.array([row.get(name) for row in rows], from_pandas=True) for name in columns})]
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if len(rows) == 1:
            raise
        return [*to_tables(rows[: len(rows) // 2]), *to_tables(rows[len(rows) // 2 :])]


def concat_tables(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Join neighbouring tables as far as their columns have types that go together without loss."""
    return [table for table, _ in _concat_counted([(table, 1) for table in tables])]


def _concat_counted(tables: Sequence[tuple[pa.Table, int]]) -> list[tuple[pa.Table, int]]:
    """Do so with the number of tables that each was made of."""
    import pyarrow as pa

    if len(tables) < 2:
        return list(tables)
    try:
        whole = pa.concat_tables([table for table, _ in tables], promote_options="permissive")
        return [(whole, sum(count for _, count in tables))]
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        half = len(tables) // 2
        left, right = _concat_counted(tables[:half]), _concat_counted(tables[half:])
        if len(tables) == 2:
            return [*left, *right]
        return [*left[:-1], *_concat_counted([left[-1], right[0]]), *right[1:]]


def add_part(folder: Path, tables: Sequence[pa.Table]) -> None:
    """Write tables as parts, and merge the parts where they have become many."""
    for table in tables:
        _write(folder, f"{time.time_ns():020d}", table)
    if sum(1 for _ in file_names(folder, ".parquet")) > MERGE_ABOVE:
        compact(folder, MERGE_ABOVE)


def read_parts(folder: Path) -> dict[str, pa.Table]:
    """Return all parts by their names, oldest first.

    Raises
    ------
    StoreError
        One is damaged; the message names it.
    """
    found: dict[str, pa.Table] = {}
    gone: set[str] = set()
    while True:
        listed = part_names(folder)
        try:
            for name in listed:
                if name not in found:
                    found[name] = read_part(folder / name)
        except FileNotFoundError:
            # Merged into another meanwhile; what is listed for ever and never there is a broken link.
            if name in gone:
                raise StoreError(f"{folder / name}: damaged (a broken link); delete it and run again") from None
            gone.add(name)
            continue
        return {name: found[name] for name in listed}


def part_names(folder: Path) -> list[str]:
    """Return the parts' names, oldest first."""
    # A folder that changes while it is listed can show neither a new name nor those that it replaced.
    before = None
    while (now := sorted(name for name in file_names(folder, ".parquet") if name.startswith("part-"))) != before:
        before = now
    return now


def read_part(path: Path) -> pa.Table:
    """Return one part, which must be as it was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = path.read_bytes()
    fields = path.stem.split("-")
    reason = "its bytes have changed"
    # Parts of schema 1 have no check sum.
    if len(fields) < 4 or fields[3] == f"{zlib.crc32(data):08x}":
        try:
            table = pq.ParquetFile(io.BytesIO(data)).read()
            if {"key", "status"} <= set(table.column_names):
                return table.replace_schema_metadata(None)
            reason = "no table of clips"
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = (str(error).splitlines() or ["unreadable"])[0]
    raise StoreError(f"{path}: damaged ({reason}); delete it and run again, its clips' records are there")


def frame(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Return tables as one frame; of rows with the same key the last one counts."""
    import pandas as pd

    frames = [table.to_pandas() for table in concat_tables(tables)]
    whole = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return whole.drop_duplicates("key", keep="last")


def compact(folder: Path, at_most: int = 1) -> None:
    """Merge parts until there are at most so many, or as few as can be.

    For ``at_most=1`` all are merged. Else only the newest, as far back as a part is no longer than all
    that came after it: a row is so rewritten as often as the table doubles, not with every merge.
    A damaged part is left as it is, for `read_parts` to name.
    """
    with _merge_lock(folder) as alone:
        if not alone or len(listed := part_names(folder)) <= at_most:
            return
        run: list[tuple[str, pa.Table]] = []
        rows = 0
        for name in reversed(listed):
            try:
                table = read_part(folder / name)
            except (StoreError, FileNotFoundError):
                # Older parts must not come to stand after this one.
                _merge(folder, run)
                run, rows = [], 0
                continue
            if at_most > 1 and table.num_rows > max(rows, FEW_ROWS):
                break
            run.insert(0, (name, table))
            rows += table.num_rows
        _merge(folder, run)


def replace(folder: Path, old: Sequence[str], tables: Sequence[pa.Table]) -> None:
    """Put tables where parts stood, in the order of time; the old parts go when the new ones are on the disk."""
    moment = old[-1].split("-")[1] if old else f"{time.time_ns():020d}"
    written = {_write(folder, moment, table) for table in tables}
    # Neither may a crash of the machine find the old names gone and the new ones not there.
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
    """Merge neighbouring parts; those whose columns do not go together stay apart."""
    old = [name for name, _ in run]
    for table, count in _concat_counted([(table, 1) for _, table in run]):
        if count > 1:
            replace(folder, old[:count], [_latest_rows(table)])
        old = old[count:]


def _latest_rows(table: pa.Table) -> pa.Table:
    """Return a table without the rows of whose key there is a later one."""
    import pandas as pd
    import pyarrow as pa

    return table.filter(pa.array(~pd.Series(table["key"].to_numpy()).duplicated(keep="last").to_numpy()))


def _write(folder: Path, moment: str, table: pa.Table) -> str:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    data = buffer.getvalue()
    # The process number keeps two writers of the same moment apart, the check sum those on two machines.
    name = f"part-{moment}-{os.getpid()}-{zlib.crc32(data):08x}.parquet"
    write_atomic(folder / name, data)
    return name


@contextlib.contextmanager
def _merge_lock(folder: Path) -> Iterator[bool]:
    """Say whether no other process merges this folder: that would be safe, but the same work twice."""
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
    free = True
    try:
        # The lock falls with the process, however that ends. Where the file system knows none, all merge.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        free = False
    except OSError:
        pass
    try:
        yield free
    finally:
        os.close(handle)
