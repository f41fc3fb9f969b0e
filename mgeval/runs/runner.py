"""Making a plan: `run`, which blocks, and `start`, which does not; here or on many workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mgeval.errors import ModelError, SweepError
from mgeval.models import Model
from mgeval.runs.generate import Work, make_here
from mgeval.runs.handle import Handle
from mgeval.runs.journal import run_record
from mgeval.runs.plan import attach_outcomes, check_folders, check_plan, update_labels
from mgeval.runs.progress import RunControl
from mgeval.runs.store import Store, check_store
from mgeval.runs.workers.cluster import check_workers
from mgeval.runs.workers.dispatch import make_on_workers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Handle", "run", "start"]


def run(
    plan: pd.DataFrame,
    store: Store,
    model: Model | None = None,
    progress: bool = True,
    workers: int | None = None,
    scheduler: Any = None,
    on_row: Callable[[Mapping[str, Any]], Any] | None = None,
) -> pd.DataFrame:
    """Make every clip of a plan that the store does not hold yet.

    An interrupted run loses the clips in the making and nothing else: run the same plan again, or
    ``mgeval resume``. The first Ctrl-C finishes the decoding step and saves, a second one stops at once. A
    clip that could not be made is a row with its error, and is tried again by the next run. Workers that die
    are replaced, and what they had not written is made by others.

    Parameters
    ----------
    plan : DataFrame
        From `Sweep.plan`, or made by hand with the same columns (``key`` may be left out). The
        clips that another `run` returned are a plan too. The store keeps it (`Store.plan`), and a record of
        this run (`Store.runs`).
    store : Store
        Where the clips go. Workers on other machines must see its folder under the same path.
    model : Model, optional
        The loaded model; without it the plan's models are loaded by name, one after the other. Workers get
        it pickled, which for a checkpoint is its name, device and dtype.
    progress : bool
        Show a bar with the time left.
    workers : int, optional
        Make the clips in so many processes on this machine, each with its model, on a GPU of its own where
        there are several. Each computes with OMP_NUM_THREADS threads; without that variable they share the cores.
    scheduler : str or dask cluster, optional
        Make them on the workers of a running Dask scheduler, by its address (``tcp://host:8786``), or of a
        cluster object such as dask-jobqueue's ``SLURMCluster``; see docs/scaling.md. A job's worker computes with
        as many threads as SLURM gave it cores, another with as many as Dask gave it.
    on_row : callable, optional
        Called in this process with every clip's row as it comes, made or failed: `mgeval.runs.trackers.to_wandb` and
        ``to_mlflow`` return one. If it raises, a warning says so, and the run goes on without it.

    Returns
    -------
    pandas.DataFrame
        The clips: the plan with ``path`` (in the store), ``status`` ('done' or 'failed'), ``error``, ``traceback``
        (of an error that mgeval does not know, otherwise empty), ``n_samples``, ``rate`` in Hz, ``channels``,
        ``peak`` (1 is full scale), ``gain`` (by which the file's samples are divided, above 1 where a clip is beyond
        full scale), ``started`` (UTC), ``elapsed`` in seconds, ``slots`` (clips that decoded together at most),
        ``halved`` (whether memory ran out meanwhile), ``seams`` (frames at which further windows began), ``device``,
        ``dtype``, ``hardware``, ``threads`` (that a processor computed with; 0 where that has no meaning) and
        ``versions`` (of packages, of Python, and the commit of mgeval's clone, as JSON).

    Raises
    ------
    SweepError
        The plan lacks a column, a setting in it is not valid, its keys are not those of its
        settings, or it is for another model than the one given; no scheduler answers, it or all workers
        were lost, or the packages of ``mgeval[slurm]`` are missing.
    ModelError
        A model cannot be loaded, or what was given is none.
    StoreError
        ``store`` is no `Store`, or its tables are damaged.
    """
    plan, steering = check_plan(plan), RunControl(on_row)
    _check_arguments(store, model, on_row)
    check_workers(workers, scheduler)
    clips = _make(plan, store, model, progress, workers, scheduler, steering)
    if steering.cancelled:
        raise KeyboardInterrupt
    return clips


def start(
    plan: pd.DataFrame,
    store: Store,
    model: Model | None = None,
    progress: bool = False,
    workers: int | None = None,
    scheduler: Any = None,
    on_row: Callable[[Mapping[str, Any]], Any] | None = None,
) -> Handle:
    """Do what `run` does in a thread of its own: a notebook's kernel stays free.

    The parameters are those of `run`; a wrong plan is said at once, everything else by `Handle.result`.

    Returns
    -------
    Handle
        Its ``done``, ``failed``, ``total`` and ``eta`` say how far it is; ``pause()``, ``resume()`` and ``cancel()``
        steer it, ``result()`` waits for the clips.

    Examples
    --------
    >>> import tempfile
    >>> import mgeval as mg
    >>> plan = mg.Sweep("synth", ["piano"], {"duration": 0.5}).plan()
    >>> handle = mg.start(plan, mg.Store(tempfile.mkdtemp()))
    >>> handle.result()["status"].tolist()
    ['done']
    """
    plan, steering = check_plan(plan), RunControl(on_row)
    _check_arguments(store, model, on_row)
    check_workers(workers, scheduler)
    return Handle(lambda: _make(plan, store, model, progress, workers, scheduler, steering), steering)


def _check_arguments(store: Any, model: Any, on_row: Any) -> None:
    """Refuse what is easily mistaken, before anything is done: a folder for a store, a name for a model."""
    check_store(store)
    if model is not None and not hasattr(model, "stream"):
        raise ModelError(f"model is {model!r}: a loaded one is needed, load_model(name), or none: plans name theirs")
    if on_row is not None and not callable(on_row):
        raise SweepError(f"on_row is {on_row!r}: a function that takes a row is needed")


def _where(workers: int | None, scheduler: Any) -> str:
    """Say where clips are made."""
    if workers is not None:
        return f"{workers} workers on this machine"
    if scheduler is None:
        return "this process"
    return scheduler if isinstance(scheduler, str) else type(scheduler).__name__


def _make(
    plan: pd.DataFrame, store: Store, model: Model | None, progress: bool, workers: Any, scheduler: Any,
    steering: RunControl,
) -> pd.DataFrame:  # fmt: skip
    """Make what is missing of a checked plan, and return the clips."""
    cells = plan.drop_duplicates("key")
    there = store.keys()
    missing = [key not in there for key in cells["key"].tolist()]
    if any(missing):
        new, where = cells[missing], _where(workers, scheduler)
        check_folders(new)
        with steering.shown(new, progress), run_record(store.path, new, steering, where) as began:
            work = Work(new, cells, store, store.table(), steering, began)
            if workers is None and scheduler is None:
                make_here(work, model)
            else:
                make_on_workers(work, model, workers, scheduler)
    elif len(cells):
        store.add_plan(cells)
    table = store.table()
    update_labels(plan, table, store)
    return attach_outcomes(plan, table)
