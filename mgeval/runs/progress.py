"""A run's progress, and the switches that pause and cancel it."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

POLL_SECONDS = 0.1
"""Seconds between two checks while paused or waiting for workers."""


class RunControl:
    """The state that a run shares with its watchers; safe to use from any thread.

    Parameters
    ----------
    on_row : callable, optional
        Called with the row of every clip made or failed.

    Attributes
    ----------
    total, done, failed : int
        Clips to make, clips made, and clips that failed.
    cancelled, paused : bool
        The latest request.
    """

    def __init__(self, on_row: Callable[[Mapping[str, Any]], Any] | None = None) -> None:
        self._on_row = on_row
        self.total = self.done = self.failed = 0
        self.cancelled = self.paused = False
        self._seconds = self._planned = self._pause_seconds = 0.0
        self._start = time.monotonic()
        self._bar: Any = None

    @contextlib.contextmanager
    def track(self, cells: pd.DataFrame, progress: bool) -> Iterator[None]:
        """Start counting towards the number of cells; show a progress bar with the time left."""
        from tqdm.auto import tqdm

        self.total, self._planned = len(cells), float(cells["duration"].sum())
        self._start = time.monotonic()
        with tqdm(desc="generating", total=self.total, unit="clip", disable=not progress) as self._bar:
            yield

    def count(self, row: Mapping[str, Any]) -> None:
        """Count a clip that was made or failed."""
        # Update the pace first: another thread may read `eta` at any time.
        self._seconds += row["duration"]
        self.done += row["status"] == "done"
        self.failed += row["status"] != "done"
        self._bar.update()
        self._call_on_row(row)

    def _call_on_row(self, row: Mapping[str, Any]) -> None:
        if self._on_row is None:
            return
        try:
            self._on_row(row)
        except Exception as error:
            self._on_row = None
            warnings.warn(
                f"on_row raised {type(error).__name__}: {error}; it is not called again, and the run continues",
                stacklevel=2,
            )

    @property
    def eta(self) -> float:
        """Seconds left, at the pace so far in seconds of audio; NaN before the first clip."""
        if self.total and self.done + self.failed == self.total:
            return 0.0
        spent = time.monotonic() - self._start - self._pause_seconds
        return spent / self._seconds * (self._planned - self._seconds) if self._seconds else math.nan

    def watch(self, *_: float) -> bool:
        """Return whether to stop, after waiting while paused. A model calls this between its steps."""
        start = time.monotonic()
        while self.paused and not self.cancelled:
            time.sleep(POLL_SECONDS)
        self.exclude_from_pace(start)
        return self.cancelled

    def exclude_from_pace(self, start: float) -> None:
        """Leave the time since ``start`` out of the pace."""
        self._pause_seconds += time.monotonic() - start


@contextlib.contextmanager
def cancel_on_interrupt(run_control: RunControl) -> Iterator[None]:
    """Let the first Ctrl-C cancel the run, which then finishes its step and saves; a second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if getattr(handler, "__module__", "") == "dask_jobqueue.runner":
        # Importing dask-jobqueue makes every Ctrl-C end the whole process; the user did not choose that.
        handler = signal.default_int_handler
        signal.signal(signal.SIGINT, handler)
    # Keep a handler that the user has set, and keep interrupts ignored where they are ignored.
    if handler is not signal.default_int_handler:
        yield
        return

    def stop(number: int, frame: Any) -> None:
        run_control.cancelled = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # os.write, not print: the interrupt may come while the progress bar is being written.
        os.write(2, b"\nmgeval: finishing this step and saving; press Ctrl-C again to stop at once\n")

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
