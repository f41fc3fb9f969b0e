"""How far a run is, and telling it to pause or to stop."""

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
"""Seconds between two looks at whether a pause is over."""


class RunControl:
    """What a run and those who watch it share; any thread may call it.

    Parameters
    ----------
    on_row : callable, optional
        Called with the row of every clip that was made or failed.

    Attributes
    ----------
    total, done, failed : int
        Clips to make, made, and that could not be made.
    cancelled, paused : bool
        What was asked for last.
    """

    def __init__(self, on_row: Callable[[Mapping[str, Any]], Any] | None = None) -> None:
        self._on_row = on_row
        self.total = self.done = self.failed = 0
        self.cancelled = self.paused = False
        self._seconds = self._planned = self._rested = 0.0
        self._began = time.monotonic()
        self._bar: Any = None

    @contextlib.contextmanager
    def shown(self, cells: pd.DataFrame, progress: bool) -> Iterator[None]:
        """Count from here on, towards so many cells; show a bar with the time left."""
        from tqdm.auto import tqdm

        self.total, self._planned = len(cells), float(cells["duration"].sum())
        self._began = time.monotonic()
        with tqdm(desc="generating", total=self.total, unit="clip", disable=not progress) as self._bar:
            yield

    def count(self, row: Mapping[str, Any]) -> None:
        """Take note of a clip that was made or failed."""
        # First what the pace is told by: another thread may ask at any time.
        self._seconds += row["duration"]
        self.done += row["status"] == "done"
        self.failed += row["status"] != "done"
        self._bar.update()
        if self._on_row is not None:
            self._tell(row)

    def _tell(self, row: Mapping[str, Any]) -> None:
        try:
            self._on_row(row)
        except Exception as error:
            self._on_row = None
            warnings.warn(
                f"on_row raised {type(error).__name__}: {error}; it is not called any more, and the run goes on",
                stacklevel=2,
            )

    @property
    def eta(self) -> float:
        """Seconds that the rest will take, at the pace so far of seconds of audio; NaN before the first clip."""
        if self.total and self.done + self.failed == self.total:
            return 0.0
        spent = time.monotonic() - self._began - self._rested
        return spent / self._seconds * (self._planned - self._seconds) if self._seconds else math.nan

    def watch(self, *_: float) -> bool:
        """Say whether to stop; wait as long as the run is paused. For a model to call between its steps."""
        began = time.monotonic()
        while self.paused and not self.cancelled:
            time.sleep(POLL_SECONDS)
        self.rest(began)
        return self.cancelled

    def rest(self, began: float) -> None:
        """Take the time since then out of the pace."""
        self._rested += time.monotonic() - began


@contextlib.contextmanager
def cancel_on_interrupt(steering: RunControl) -> Iterator[None]:
    """Let the first Ctrl-C cancel the run, which then ends its step and saves; a second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if getattr(before, "__module__", "") == "dask_jobqueue.runner":
        # Nobody chose it: dask-jobqueue's import makes every Ctrl-C end the whole process.
        before = signal.default_int_handler
        signal.signal(signal.SIGINT, before)
    # Who has a handler of their own, or heeds no interrupt at all, keeps it so.
    if before is not signal.default_int_handler:
        yield
        return

    def stop(number: int, frame: Any) -> None:
        steering.cancelled = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not print: the interrupt may come while a bar is being written.
        os.write(2, b"\nmgeval: ends this step and saves; Ctrl-C again stops at once\n")

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
