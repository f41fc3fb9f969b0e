"""A record of each run beside its clips: who began it, with what, when, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.errors import first_line
from mgeval.files import write_atomic
from mgeval.runs.progress import RunControl
from mgeval.runs.provenance import environment, utc

if TYPE_CHECKING:
    import pandas as pd


@contextlib.contextmanager
def run_record(store: Path, cells: pd.DataFrame, steering: RunControl, where: str) -> Iterator[Callable[[], Any]]:
    """Keep a run's record in the store's ``runs``; yields what is to be called before the first clip is made.

    A run that makes nothing, because its model cannot be loaded, leaves none. One that is killed leaves a
    record that still says 'running'.
    """
    path = store / "runs" / f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}.json"
    record = _new_record(cells, where)
    try:
        yield lambda: write_atomic(path, _to_json(record))
    except BaseException as error:
        record["outcome"] = first_line(error)
        raise
    else:
        record["outcome"] = "stopped" if steering.cancelled else "done"
    finally:
        if path.exists():
            record |= {"ended": utc(time.time()), "made": steering.done, "failed": steering.failed}
            # The clips are safe; a full disk has its own error.
            with contextlib.suppress(OSError):
                write_atomic(path, _to_json(record))


def _new_record(cells: pd.DataFrame, where: str) -> dict[str, Any]:
    return {
        "started": utc(time.time()),
        "ended": "",
        "outcome": "running",
        "cells": len(cells),
        "made": 0,
        "failed": 0,
        "models": dict(cells[["model", "revision"]].drop_duplicates().itertuples(index=False, name=None)),
        "where": where,
        "host": platform.node(),
        "process": os.getpid(),
        "command": sys.argv,
        "environment": environment(),
    }


def _to_json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, indent=1).encode() + b"\n"
