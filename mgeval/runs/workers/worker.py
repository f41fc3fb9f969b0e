"""What a worker does: it loads a model once, and makes batch after batch with it."""

from __future__ import annotations

import os
import pickle
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from distributed import WorkerPlugin, get_worker

from mgeval.errors import StoreError
from mgeval.models import Model
from mgeval.runs.generate import generate_clips, load_for_plan
from mgeval.runs.progress import RunControl
from mgeval.runs.store import Store, is_store
from mgeval.runs.store.layout import read_record


class Maker(WorkerPlugin):
    """One model on one worker, for as long as its cells are made.

    Parameters
    ----------
    name : str
        Under which Dask knows it.
    model, revision : str
        What the plan calls the model.
    pickled : bytes, optional
        The model itself; else it is loaded by its name.
    threads : int, optional
        That torch computes with; else as many as the worker's job has cores.
    """

    def __init__(
        self, name: str, model: str, revision: str, pickled: bytes | None = None, threads: int | None = None
    ) -> None:
        self.name, self.model, self.revision, self.pickled, self.threads = name, model, revision, pickled, threads

    def setup(self, worker: Any) -> None:
        """Take the worker; the model comes with the first batch, whose error can be told."""
        self.steering = RunControl()
        # Where Dask gave a worker several threads, their batches still take turns at the one model.
        self.turn = threading.Lock()
        self.loaded: Model | None = None
        self.threads = self.threads or int(os.environ.get("SLURM_CPUS_PER_TASK") or worker.state.nthreads)

    def teardown(self, worker: Any) -> None:
        """Let the model go."""
        self.loaded = None

    def load(self) -> Model:
        """Return the model, loaded once."""
        if self.loaded is None:
            self.loaded = load_for_plan(self.model, self.revision, pickle.loads(self.pickled) if self.pickled else None)
            # Not every model has it; Dask's own setting is one thread.
            if "torch" in sys.modules:
                sys.modules["torch"].set_num_threads(self.threads)
        return self.loaded


def make_batch(name: str, folder: str, cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make cells, their files first, and return their rows; what another worker has written is not made again."""
    if not is_store(folder):
        raise StoreError(
            f"{folder}: is not there on {socket.gethostname()}; put the run on a file system that all workers share"
        )
    maker, store = get_worker().plugins[name], Store(folder)
    with maker.turn:
        there = [cell["key"] for cell in cells if cell["key"] in store]
        rows = [read_record(store.file(key, "record"))[0] for key in there]
        missing = [cell for cell in cells if cell["key"] not in there]
        return [*rows, *(generate_clips(maker.load(), missing, store, maker.steering.watch) if missing else ())]


def set_control(name: str, cancelled: bool, paused: bool, dask_worker: Any = None) -> None:
    """Tell a worker's model to pause, go on or stop."""
    maker = dask_worker.plugins.get(name)
    if maker is not None:
        maker.steering.cancelled, maker.steering.paused = cancelled, paused
