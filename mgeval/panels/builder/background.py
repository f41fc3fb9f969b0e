"""A run that is followed: what it makes is measured while it makes more."""

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

MEASURED = ("width", "balance_db", "correlation", "loudness", "centroid")
"""Metrics that take milliseconds: results are there as soon as clips are."""

POLL_SECONDS = 0.2
"""Seconds between two looks at how far the run is."""

SHARE = 10
"""Putting a table together takes at most one so many-th of the time."""


class BackgroundRun:
    """A run in the background with a thread that measures its clips, first those that were there before.

    Parameters
    ----------
    plan : DataFrame
        What is to be made.
    store : Store
        Where the clips go.
    model : Model or None
        The loaded model, or None to load the plan's.
    measured : dict
        What is known of clips by key: it fills, and spares measuring a clip twice.
    grown : callable
        Called with the clips that are measured so far, a DataFrame, when there are more.
    tell : callable
        Called with how it stands, a dict.

    Attributes
    ----------
    handle : mgeval.runs.runner.Handle
        The run's.
    """

    def __init__(
        self, plan: pd.DataFrame, store: Store, model: Model | None, measured: dict[str, dict[str, Any]],
        grown: Callable[[pd.DataFrame], Any], tell: Callable[[dict[str, Any]], Any],
    ) -> None:  # fmt: skip
        self._plan, self._store, self._measured = plan.drop_duplicates("key"), store, measured
        self._grown, self._tell = grown, tell
        self._rows: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._shown, self._pause, self._next = 0, 0.0, 0.0
        self._trouble = self._failure = ""
        # Failed clips are tried again.
        self._own = set(self._plan["key"].tolist())
        for key in self._own & {key for key, row in measured.items() if row["status"] != "done"}:
            del measured[key]
        self.handle = start(plan, store, model, on_row=self._rows.put)
        self._thread = threading.Thread(target=self._follow, name="mgeval following", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether clips are made or measured."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait until all is made and measured."""
        self._thread.join(timeout)

    def _follow(self) -> None:
        try:
            self._take_what_was_there()
        except Exception as error:
            self._trouble = error_text(error)
        over = False
        while not (over and self._rows.empty()):
            over = self._over()
            try:
                if batch := self._batch():
                    self._measure(batch)
                self._grow()
            except Exception as error:
                self._trouble = error_text(error)
            self._tell(self._standing(over=False))
        try:
            self._grow(last=True)
        except Exception as error:
            self._trouble = error_text(error)
        self._tell(self._standing(over=True))

    def _over(self) -> bool:
        stopped = self.handle.status == "stopped"
        try:
            self.handle.result(1 if stopped else 0)
        except Exception as error:
            if isinstance(error, TimeoutError) and not stopped:
                return False
            self._trouble = error_text(error)
        return True

    def _take_what_was_there(self) -> None:
        table = self._store.table()
        there = table[(table["status"] == "done") & table["key"].isin(self._own)]
        for row in there.to_dict("records"):
            self._rows.put(row)

    def _batch(self) -> list[Mapping[str, Any]]:
        """Wait a moment for a row; return all there are, but no more than are measured in this process."""
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

        scores = measure(pd.DataFrame(rows), self._store, MEASURED, progress=False)
        names = [name for name in (*OUTCOME, *MEASURED, "reason") if name in scores.columns]
        for key, row in zip(scores["key"].tolist(), scores[names].to_dict("records"), strict=True):
            self._measured[key] = row
            if row["status"] != "done":
                self._failure = self._failure or str(row["error"])

    def _grow(self, last: bool = False) -> None:
        count = sum(key in self._measured for key in self._own)
        if count == self._shown or not (last or time.monotonic() >= self._next):
            return
        began = time.monotonic()
        self._grown(self.table())
        self._shown = count
        self._next = time.monotonic() + max(POLL_SECONDS, SHARE * (time.monotonic() - began))

    def table(self) -> pd.DataFrame:
        """Return the clips that are measured so far, as they came."""
        import pandas as pd

        rows = [{"key": key, **row} for key, row in list(self._measured.items()) if key in self._own]
        outcome = pd.DataFrame(rows, columns=None if rows else ["key"])
        return outcome[["key"]].merge(self._plan, on="key").merge(outcome, on="key")

    def _standing(self, over: bool) -> dict[str, Any]:
        handle, total = self.handle, len(self._own)
        state, eta = handle.status, handle.eta
        if state == "cancelled" and not over:
            state = "stopping"
        elif state == "done" and not over:
            state = "measuring"
        measured = sum(key in self._measured for key in self._own)
        made = total - (handle.total - handle.done) if handle.total or over else measured
        note, wrong = self._note(state, made, total, over)
        return {"state": state, "made": made, "failed": handle.failed, "total": total, "measured": measured,
                "eta": eta if math.isfinite(eta) else None, "note": note, "wrong": wrong}  # fmt: skip

    def _note(self, state: str, made: int, total: int, over: bool) -> tuple[str, bool]:
        failed = f"{self.handle.failed} of {total} clips failed: {self._failure}" if self._failure else ""
        if self._trouble or failed:
            return self._trouble or failed, True
        if not over:
            return "", False
        if made < total:
            return f"Stopped: {made} of {total} clips are there, the rest can be resumed", False
        return f"All {total} clips are there" if total > 1 else "The clip is there", False
