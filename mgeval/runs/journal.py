"""A record of each run beside its clips: the command, environment and times, and how the run ended."""

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
def run_record(store: Path, cells: pd.DataFrame, run_control: RunControl, where: str) -> Iterator[Callable[[], Any]]:
    """Keep a run's record in the store's ``runs``; yield a function to call before the first clip is made.

    A run that makes nothing, because its model cannot be loaded, leaves no record. A run that is killed
    leaves a record that still says 'running'.
    """
    path = store / "runs" / f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}.json"
    record = _new_record(cells, where)
    try:
        yield lambda: write_atomic(path, _to_json(record))
    except BaseException as error:
        record["outcome"] = first_line(error)
        raise
    else:
        record["outcome"] = "stopped" if run_control.cancelled else "done"
    finally:
        if path.exists():
            record |= {"ended": utc(time.time()), "made": run_control.done, "failed": run_control.failed}
            # The clips are safe; writing them reports a full disk.
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
