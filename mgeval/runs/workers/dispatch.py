"""Making cells on many workers: batches go out, rows come back."""

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
from mgeval.runs.generate import Rows, Work, warn_if_mixed
from mgeval.runs.progress import POLL_SECONDS, cancel_on_interrupt
from mgeval.runs.provenance import ORIGIN, failure_columns
from mgeval.runs.workers.cluster import connect_workers

if TYPE_CHECKING:
    import pandas as pd

BATCH = 64
"""Cells of a task at most: as many as decode together on a GPU."""

TASKS_PER_WORKER = 4
"""Tasks that each worker gets at least, so that none waits long for the last."""

RETRIES = 2
"""How often Dask tries a task again that raised an error."""


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
    # With it, a model that was defined in a notebook arrives whole.
    import cloudpickle

    try:
        return cloudpickle.dumps(model)
    except (TypeError, pickle.PicklingError, AttributeError) as error:
        raise SweepError(
            f"the model {model.name} cannot be sent to workers ({error}): leave it out, they load it by name"
        ) from None


class _Dispatcher:
    """The cells of one model, on their way to workers and back."""

    def __init__(self, work: Work, client: Any, name: str, check: Callable[[], None]) -> None:
        self.work, self.client, self.name, self.check = work, client, name, check
        self.folder = str(work.store.path.resolve())
        self.out: dict[Any, list[dict[str, Any]]] = {}
        self.back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.again: deque[list[dict[str, Any]]] = deque()
        self.told = (False, False)
        self.warned: set[tuple[Any, ...]] = set()

    def make(self, cells: pd.DataFrame) -> None:
        """Make cells and write their rows; return when none is out any more."""
        batches = self._batches(cells)
        with Rows(self.work) as rows, cancel_on_interrupt(self.work.steering):
            try:
                while self._send(batches) or self.out:
                    for row in self._receive():
                        rows.add(row)
            except BaseException as error:
                if self._gone(error):
                    raise self._lost() from None
                self.client.cancel(list(self.out), force=True)
                raise

    def _batches(self, cells: pd.DataFrame) -> Iterator[list[dict[str, Any]]]:
        # Clips of one length together leave no slot empty, and the last tasks are the short ones.
        cells = cells.sort_values("duration", ascending=False, kind="stable")
        size = max(min(-(-len(cells) // (TASKS_PER_WORKER * max(len(self.client.nthreads()), 1))), BATCH), 1)
        for first in range(0, len(cells), size):
            yield cells.iloc[first : first + size].to_dict("records")

    def _send(self, batches: Iterator[list[dict[str, Any]]]) -> bool:
        """Send what there is room for, and say whether something is left to send."""
        from mgeval.runs.workers.worker import make_batch

        steering = self.work.steering
        if steering.cancelled or steering.paused:
            return not steering.cancelled
        # One task for each worker: Dask blames the death of a worker on all tasks that wait there as well.
        for _ in range(max(len(self.client.nthreads()), 1) - len(self.out)):
            cells = self.again.popleft() if self.again else next(batches, None)
            if cells is None:
                return False
            future = self.client.submit(make_batch, self.name, self.folder, cells, pure=False, retries=RETRIES)
            self.out[future] = cells
            future.add_done_callback(self.back.put)
        return True

    def _receive(self) -> list[dict[str, Any]]:
        """Wait a moment for a batch, and return its rows."""
        self._look()
        try:
            future = self.back.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return []
        cells = self.out.pop(future)
        try:
            rows = future.result()
        except (MgevalError, OSError, CancelledError):
            # A model that cannot be loaded, a full disk, no scheduler: the next batch would meet the same.
            raise
        except Exception as error:
            return self._failed(cells, error)
        for row in rows:
            self._warn(row)
        return rows

    def _look(self) -> None:
        """Pass on what was asked for, and see that somebody is at work."""
        self.check()
        from mgeval.runs.workers.worker import set_control

        steering = self.work.steering
        if (asked := (steering.cancelled, steering.paused)) != self.told:
            self.client.run(set_control, self.name, *asked, on_error="ignore")
            self.told = asked

    def _failed(self, cells: list[dict[str, Any]], error: Exception) -> list[dict[str, Any]]:
        """Return the rows of clips that could not be made; of cells that killed workers, try each half again."""
        from distributed import KilledWorker

        missing = [cell for cell in cells if cell["key"] not in self.work.store]
        if isinstance(error, KilledWorker) and len(cells) > 1:
            half = -(-len(missing) // 2)
            self.again.extend(part for part in (missing[:half], missing[half:]) if part)
            return []
        return [{**cell, **failure_columns(error)} for cell in missing]

    def _gone(self, error: BaseException) -> bool:
        """Say whether an error means that the scheduler is gone."""
        from distributed.comm import CommClosedError

        return self.client.status != "running" or isinstance(error, (CancelledError, CommClosedError))

    def _lost(self) -> SweepError:
        path = self.work.store.path
        return SweepError(
            f"the Dask scheduler is gone; what was made is in {path}: run the same plan again, or mgeval resume {path}"
        )

    def _warn(self, row: dict[str, Any]) -> None:
        origin = tuple(row.get(column) for column in ORIGIN)
        if row["status"] == "done" and origin not in self.warned:
            self.warned.add(origin)
            warn_if_mixed(self.work, row["model"], dict(zip(ORIGIN, origin, strict=True)))
