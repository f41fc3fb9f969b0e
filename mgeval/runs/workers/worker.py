"""The code that runs on a worker: load a model once, and make batch after batch with it."""

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
    """One model on one worker, for as long as its cells are being made.

    Parameters
    ----------
    name : str
        The plugin's name in Dask.
    model, revision : str
        The model's name and revision in the plan.
    pickled : bytes, optional
        The model itself; by default it is loaded by its name.
    threads : int, optional
        Threads for torch; by default one for each core of the worker's job.
    """

    def __init__(
        self, name: str, model: str, revision: str, pickled: bytes | None = None, threads: int | None = None
    ) -> None:
        self.name, self.model, self.revision, self.pickled, self.threads = name, model, revision, pickled, threads

    def setup(self, worker: Any) -> None:
        """Set up the worker. The model is loaded with the first batch, which can report an error."""
        self.run_control = RunControl()
        # If Dask gave the worker several threads, their batches take turns with the one model.
        self.lock = threading.Lock()
        self.loaded: Model | None = None
        self.threads = self.threads or int(os.environ.get("SLURM_CPUS_PER_TASK") or worker.state.nthreads)

    def teardown(self, worker: Any) -> None:
        """Free the model."""
        self.loaded = None

    def load(self) -> Model:
        """Return the model, loaded once."""
        if self.loaded is None:
            self.loaded = load_for_plan(self.model, self.revision, pickle.loads(self.pickled) if self.pickled else None)
            # Dask sets one thread; not every model uses torch.
            if "torch" in sys.modules:
                sys.modules["torch"].set_num_threads(self.threads)
        return self.loaded


def make_batch(name: str, folder: str, cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write the clips of cells and return their rows; clips that another worker has written are not made again."""
    if not is_store(folder):
        raise StoreError(
            f"{folder}: does not exist on {socket.gethostname()}; put the run on a file system that all workers share"
        )
    maker, store = get_worker().plugins[name], Store(folder)
    assert isinstance(maker, Maker), "the plugin of this name is registered by `make_on_workers`"
    with maker.lock:
        present = [cell["key"] for cell in cells if cell["key"] in store]
        rows = [read_record(store.file(key, "record"))[0] for key in present]
        missing = [cell for cell in cells if cell["key"] not in present]
        return [*rows, *(generate_clips(maker.load(), missing, store, maker.run_control.watch) if missing else ())]


def set_control(name: str, cancelled: bool, paused: bool, dask_worker: Any = None) -> None:
    """Pause, resume or cancel a worker's model."""
    maker = dask_worker.plugins.get(name)
    if maker is not None:
        maker.run_control.cancelled, maker.run_control.paused = cancelled, paused
