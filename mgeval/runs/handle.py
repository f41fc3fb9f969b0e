"""What `mgeval.start` returns."""

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
        Clips that were missing when it began, of these made, and those that could not be made.
    eta : float
        Seconds that the rest will take, at the pace so far; NaN before the first clip.
    status : str
        'running', 'paused', 'cancelled', 'done', or 'stopped' (by an error, which `result` raises).
    """

    def __init__(self, work: Callable[[], pd.DataFrame], steering: RunControl) -> None:
        self._work, self._steering = work, steering
        self._clips: pd.DataFrame | None = None
        self._error: BaseException | None = None
        # A daemon: a program that ends does not wait for it; what is written stays.
        self._thread = threading.Thread(target=self._do, name="mgeval run", daemon=True)
        self._thread.start()

    def _do(self) -> None:
        try:
            self._clips = self._work()
        except BaseException as error:
            self._error = error

    total = property(lambda self: self._steering.total)
    done = property(lambda self: self._steering.done)
    failed = property(lambda self: self._steering.failed)
    eta = property(lambda self: self._steering.eta)

    @property
    def status(self) -> str:
        """How it stands."""
        if self._error is not None:
            return "stopped"
        if self._steering.cancelled:
            return "cancelled"
        if self._clips is not None:
            return "done"
        return "paused" if self._steering.paused else "running"

    def pause(self) -> None:
        """Rest after the decoding step, or the clip of a model that has no steps, until `resume`."""
        self._steering.paused = True

    def resume(self) -> None:
        """Go on after a pause."""
        self._steering.paused = False

    def cancel(self) -> None:
        """Stop after the decoding step and save what is finished; `result` then returns what there is."""
        # What has ended cannot be stopped, and stays 'done'.
        self._steering.cancelled = self._steering.cancelled or self._thread.is_alive()

    def result(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait for the end and return the clips, as `mgeval.run` does.

        After `cancel`, clips that were not made have a gap in ``status``; running the plan again makes them.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            It is not done by then; it goes on.
        MgevalError, OSError
            What ended it early.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"{self!r}, after {timeout:g} s of waiting")
        if self._error is not None:
            raise self._error
        assert self._clips is not None, "a run that ended without an error has clips"
        return self._clips

    def __repr__(self) -> str:
        status, eta = self.status, self.eta
        left = f", about {eta:.0f} s left" if status == "running" and math.isfinite(eta) else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<mgeval run: {status}, {self.done} of {self.total} clips{failed}{left}>"
