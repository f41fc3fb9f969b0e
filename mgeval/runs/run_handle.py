"""`Handle`, which `mgeval.start` returns."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mgeval.runs.progress import RunControl

if TYPE_CHECKING:
    import pandas as pd


class Handle:
    """A run in a thread of its own.

    Attributes
    ----------
    total, done, failed : int
        Clips missing when the run began, clips made since, and clips that failed.
    eta : float
        Seconds left at the pace so far; NaN before the first clip.
    status : str
        'running', 'paused', 'cancelled', 'done', or 'stopped' (by an error, which `result` raises).
    """

    def __init__(self, work: Callable[[], pd.DataFrame], run_control: RunControl) -> None:
        self._work, self._run_control = work, run_control
        self._clips: pd.DataFrame | None = None
        self._error: BaseException | None = None
        # A daemon thread: the program does not wait for it at exit, and clips already written stay.
        self._thread = threading.Thread(target=self._execute, name="mgeval run", daemon=True)
        self._thread.start()

    def _execute(self) -> None:
        try:
            self._clips = self._work()
        except BaseException as error:
            self._error = error

    total = property(lambda self: self._run_control.total)
    done = property(lambda self: self._run_control.done)
    failed = property(lambda self: self._run_control.failed)
    eta = property(lambda self: self._run_control.eta)

    @property
    def status(self) -> str:
        """'running', 'paused', 'cancelled', 'done' or 'stopped'."""
        if self._error is not None:
            return "stopped"
        if self._run_control.cancelled:
            return "cancelled"
        if self._clips is not None:
            return "done"
        return "paused" if self._run_control.paused else "running"

    def pause(self) -> None:
        """Pause until `resume`, after the current decoding step, or after the clip for a model without steps."""
        self._run_control.paused = True

    def resume(self) -> None:
        """Continue after a pause."""
        self._run_control.paused = False

    def cancel(self) -> None:
        """Stop after the current decoding step and save the finished clips, which `result` then returns."""
        # A run that has ended cannot be cancelled and stays 'done'.
        self._run_control.cancelled = self._run_control.cancelled or self._thread.is_alive()

    def result(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait for the end and return the clips, as `mgeval.run` does.

        After `cancel`, ``status`` is missing for clips that were not made; running the plan again makes them.

        Parameters
        ----------
        timeout : float, optional
            Longest wait, in seconds.

        Raises
        ------
        TimeoutError
            The run has not ended by then; it continues.
        MgevalError, OSError
            The error that stopped the run.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"{self!r}, after {timeout:g} s of waiting")
        if self._error is not None:
            raise self._error
        assert self._clips is not None, "a run that ends without an error returns clips"
        return self._clips

    def __repr__(self) -> str:
        status, eta = self.status, self.eta
        left = f", about {eta:.0f} s left" if status == "running" and math.isfinite(eta) else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<mgeval run: {status}, {self.done} of {self.total} clips{failed}{left}>"
