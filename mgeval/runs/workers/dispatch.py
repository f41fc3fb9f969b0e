"""Make cells on many workers: send out batches, collect their rows."""

from __future__ import annotations

import contextlib
import pickle
import queue
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from mgeval.errors import MgevalError, SweepError, first_line
from mgeval.models import Model
from mgeval.runs.generate import Rows, Work, to_rows, warn_if_mixed
from mgeval.runs.progress import POLL_SECONDS, cancel_on_interrupt
from mgeval.runs.provenance import ORIGIN, failure_columns
from mgeval.runs.workers.cluster import connect_workers

if TYPE_CHECKING:
    import pandas as pd

BATCH = 64
"""Most cells of a task: as many as decode together on a GPU."""

TASKS_PER_WORKER = 4
"""Fewest tasks per worker, so that no worker idles long while another makes the last ones."""

RETRIES = 2
"""How often Dask retries a task that raised an error."""


def make_on_workers(work: Work, model: Model | None, workers: int | None, scheduler: Any) -> None:
    """Make all cells on workers, one model after the other."""
    from mgeval.runs.workers.worker import Maker

    pickled = None if model is None else _pickle_model(model)
    with connect_workers(workers, scheduler) as (client, threads, check):
        work.keep_plan()
        for name, revision, cells in work.models():
            maker = Maker(f"mgeval-{uuid.uuid4().hex}", name, revision, pickled, threads)
            try:
                client.register_plugin(maker, name=maker.name)
            except Exception as error:
                raise SweepError(f"the workers cannot use mgeval ({first_line(error)}): install it there") from None
            try:
                _Dispatcher(work, client, maker.name, check).make(cells)
            finally:
                if client.status == "running":
                    with contextlib.suppress(OSError):
                        client.unregister_worker_plugin(maker.name)


def _pickle_model(model: Model) -> bytes:
    # cloudpickle also sends the code of a model that was defined in a notebook.
    import cloudpickle

    try:
        return cloudpickle.dumps(model)
    except (TypeError, pickle.PicklingError, AttributeError) as error:
        raise SweepError(
            f"the model {model.name} cannot be sent to workers ({error}): leave it out, and they load it by name"
        ) from None


class _Dispatcher:
    """Sends the cells of one model to workers and collects their rows."""

    def __init__(self, work: Work, client: Any, name: str, check: Callable[[], None]) -> None:
        self.work, self.client, self.name, self.check = work, client, name, check
        self.folder = str(work.store.path.resolve())
        self.pending: dict[Any, list[dict[str, Any]]] = {}
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.retries: deque[list[dict[str, Any]]] = deque()
        self.sent_control = (False, False)
        self.warned_origins: set[tuple[Any, ...]] = set()

    def make(self, cells: pd.DataFrame) -> None:
        """Make cells and write their rows; return when no batch is pending."""
        batches = self._batches(cells)
        with Rows(self.work) as rows, cancel_on_interrupt(self.work.run_control):
            try:
                while self._send(batches) or self.pending:
                    for row in self._receive():
                        rows.add(row)
            except BaseException as error:
                if self._scheduler_lost(error):
                    raise self._lost_error() from None
                self.client.cancel(list(self.pending), force=True)
                raise

    def _batches(self, cells: pd.DataFrame) -> Iterator[list[dict[str, Any]]]:
        # Sort by length: clips of one length leave no slot empty, and the short tasks come last.
        cells = cells.sort_values("duration", ascending=False, kind="stable")
        size = max(min(-(-len(cells) // (TASKS_PER_WORKER * max(len(self.client.nthreads()), 1))), BATCH), 1)
        for first in range(0, len(cells), size):
            yield to_rows(cells.iloc[first : first + size])

    def _send(self, batches: Iterator[list[dict[str, Any]]]) -> bool:
        """Send a batch to each free worker; return whether batches are left."""
        from mgeval.runs.workers.worker import make_batch

        run_control = self.work.run_control
        if run_control.cancelled or run_control.paused:
            return not run_control.cancelled
        # One task per worker: Dask blames a worker's death on the tasks that wait there as well.
        for _ in range(max(len(self.client.nthreads()), 1) - len(self.pending)):
            cells = self.retries.popleft() if self.retries else next(batches, None)
            if cells is None:
                return False
            future = self.client.submit(make_batch, self.name, self.folder, cells, pure=False, retries=RETRIES)
            self.pending[future] = cells
            future.add_done_callback(self.done.put)
        return True

    def _receive(self) -> list[dict[str, Any]]:
        """Wait briefly for a batch, and return its rows."""
        self._relay_control()
        try:
            future = self.done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return []
        cells = self.pending.pop(future)
        try:
            rows = future.result()
        except (MgevalError, OSError, CancelledError):
            # No model, a full disk or no scheduler: the next batch would fail in the same way.
            raise
        except Exception as error:
            return self._failed(cells, error)
        for row in rows:
            self._warn(row)
        return rows

    def _relay_control(self) -> None:
        """Check that a worker is left, and pass a change of pause or cancel on to all of them."""
        self.check()
        from mgeval.runs.workers.worker import set_control

        run_control = self.work.run_control
        if (request := (run_control.cancelled, run_control.paused)) != self.sent_control:
            self.client.run(set_control, self.name, *request, on_error="ignore")
            self.sent_control = request

    def _failed(self, cells: list[dict[str, Any]], error: Exception) -> list[dict[str, Any]]:
        """Return the rows of failed cells; if a batch killed workers, queue each half of it again instead."""
        from distributed import KilledWorker

        missing = [cell for cell in cells if cell["key"] not in self.work.store]
        if isinstance(error, KilledWorker) and len(cells) > 1:
            half = -(-len(missing) // 2)
            self.retries.extend(part for part in (missing[:half], missing[half:]) if part)
            return []
        return [{**cell, **failure_columns(error)} for cell in missing]

    def _scheduler_lost(self, error: BaseException) -> bool:
        """Return whether an error means that the scheduler is gone."""
        from distributed.comm.core import CommClosedError

        return self.client.status != "running" or isinstance(error, (CancelledError, CommClosedError))

    def _lost_error(self) -> SweepError:
        path = self.work.store.path
        return SweepError(
            f"the Dask scheduler is gone; finished clips are in {path}: run the plan again, or mgeval resume {path}"
        )

    def _warn(self, row: dict[str, Any]) -> None:
        origin = tuple(row.get(column) for column in ORIGIN)
        if row["status"] == "done" and origin not in self.warned_origins:
            self.warned_origins.add(origin)
            warn_if_mixed(self.work, row["model"], dict(zip(ORIGIN, origin, strict=True)))
