"""A run in the background whose clips are measured while it makes more."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mgeval.models import Model
from mgeval.panels.panel import error_text
from mgeval.runs import Store, start
from mgeval.scoring import CLIPS_PER_WORKER, measure
from mgeval.tables import OUTCOME

if TYPE_CHECKING:
    import pandas as pd

QUICK_METRICS = ("width", "balance_db", "correlation", "loudness", "centroid")
"""Metrics that take milliseconds, so that results appear as soon as clips do."""

POLL_SECONDS = 0.2
"""Seconds between two checks of the progress of the run."""

TABLE_INTERVAL = 10
"""Least time between two tables, in units of the time that one takes."""


class BackgroundRun:
    """A run in the background with a thread that measures its clips, starting with those that existed before.

    Parameters
    ----------
    plan : DataFrame
        The clips to make.
    store : Store
        Where the clips go.
    model : Model or None
        The loaded model, or None to load that of the plan.
    measured : dict
        Outcome and metrics of clips by key; the run adds to it, so that no clip is measured twice.
    on_clips : callable
        Called with a DataFrame of the clips measured so far when there are more.
    on_status : callable
        Called with the status, a dict.

    Attributes
    ----------
    handle : mgeval.runs.runner.Handle
        The handle of the run.
    """

    def __init__(
        self, plan: pd.DataFrame, store: Store, model: Model | None, measured: dict[str, dict[str, Any]],
        on_clips: Callable[[pd.DataFrame], Any], on_status: Callable[[dict[str, Any]], Any],
    ) -> None:  # fmt: skip
        self._plan, self._store, self._measured = plan.drop_duplicates("key"), store, measured
        self._on_clips, self._on_status = on_clips, on_status
        self._rows: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._reported, self._next = 0, 0.0
        self._error = self._first_failure = ""
        # Failed clips are tried again.
        self._keys = set(self._plan["key"].tolist())
        for key in self._keys & {key for key, row in measured.items() if row["status"] != "done"}:
            del measured[key]
        self.handle = start(plan, store, model, on_row=self._rows.put)
        self._thread = threading.Thread(target=self._follow, name="mgeval background run", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether clips are being made or measured."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait until all clips are made and measured."""
        self._thread.join(timeout)

    def _follow(self) -> None:
        try:
            self._queue_existing()
        except Exception as error:
            self._error = error_text(error)
        ended = False
        while not (ended and self._rows.empty()):
            ended = self._has_ended()
            try:
                if batch := self._batch():
                    self._measure(batch)
                self._report_clips()
            except Exception as error:
                self._error = error_text(error)
            self._on_status(self._status(ended=False))
        try:
            self._report_clips(last=True)
        except Exception as error:
            self._error = error_text(error)
        self._on_status(self._status(ended=True))

    def _has_ended(self) -> bool:
        stopped = self.handle.status == "stopped"
        try:
            self.handle.result(1 if stopped else 0)
        except Exception as error:
            if isinstance(error, TimeoutError) and not stopped:
                return False
            self._error = error_text(error)
        return True

    def _queue_existing(self) -> None:
        table = self._store.table()
        existing: list[dict[Any, Any]] = table[(table["status"] == "done") & table["key"].isin(self._keys)].to_dict(
            "records"
        )
        for row in existing:
            self._rows.put(row)

    def _batch(self) -> list[Mapping[str, Any]]:
        """Wait a moment for a row; return all waiting rows, at most as many as are measured in this process."""
        rows: dict[str, Mapping[str, Any]] = {}
        try:
            while len(rows) < CLIPS_PER_WORKER:
                row = self._rows.get(timeout=POLL_SECONDS) if not rows else self._rows.get_nowait()
                if row["key"] not in self._measured:
                    rows[row["key"]] = row
        except queue.Empty:
            pass
        return list(rows.values())

    def _measure(self, rows: Sequence[Mapping[str, Any]]) -> None:
        import pandas as pd

        scores = measure(pd.DataFrame(rows), self._store, QUICK_METRICS, progress=False)
        names = [name for name in (*OUTCOME, *QUICK_METRICS, "reason") if name in scores.columns]
        rows_by_key: Any = zip(scores["key"].tolist(), scores[names].to_dict("records"), strict=True)
        for key, row in rows_by_key:
            self._measured[key] = row
            if row["status"] != "done":
                self._first_failure = self._first_failure or str(row["error"])

    def _report_clips(self, last: bool = False) -> None:
        count = sum(key in self._measured for key in self._keys)
        if count == self._reported or not (last or time.monotonic() >= self._next):
            return
        started = time.monotonic()
        self._on_clips(self.table())
        self._reported = count
        self._next = time.monotonic() + max(POLL_SECONDS, TABLE_INTERVAL * (time.monotonic() - started))

    def table(self) -> pd.DataFrame:
        """Return the clips measured so far, in the order in which they were measured."""
        import pandas as pd

        rows = [{"key": key, **row} for key, row in list(self._measured.items()) if key in self._keys]
        outcome = pd.DataFrame(rows, columns=None if rows else ["key"])
        return outcome[["key"]].merge(self._plan, on="key").merge(outcome, on="key")

    def _status(self, ended: bool) -> dict[str, Any]:
        handle, total = self.handle, len(self._keys)
        state, eta = handle.status, handle.eta
        if state == "cancelled" and not ended:
            state = "stopping"
        elif state == "done" and not ended:
            state = "measuring"
        measured = sum(key in self._measured for key in self._keys)
        made = total - (handle.total - handle.done) if handle.total or ended else measured
        note, wrong = self._note(made, total, ended)
        return {"state": state, "made": made, "failed": handle.failed, "total": total, "measured": measured,
                "eta": eta if math.isfinite(eta) else None, "note": note, "wrong": wrong}  # fmt: skip

    def _note(self, made: int, total: int, ended: bool) -> tuple[str, bool]:
        failed = f"{self.handle.failed} of {total} clips failed: {self._first_failure}" if self._first_failure else ""
        if self._error or failed:
            return self._error or failed, True
        if not ended:
            return "", False
        if made < total:
            return f"Stopped: {made} of {total} clips are made; resume makes the rest", False
        return f"All {total} clips are made" if total > 1 else "The clip is made", False
