"""Make the clips of a plan: `run` blocks, `start` does not; in this process or on many workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mgeval.errors import ModelError, SweepError
from mgeval.models import Model
from mgeval.runs.generate import Work, make_here
from mgeval.runs.journal import run_record
from mgeval.runs.plan import attach_outcomes, check_folders, check_plan, update_labels
from mgeval.runs.progress import RunControl
from mgeval.runs.run_handle import Handle
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

    An interrupted run loses only the clips in progress: run the same plan again, or use ``mgeval resume``. The
    first Ctrl-C finishes the decoding step and saves, a second one stops at once. A clip that fails is a row with
    its error, and the next run tries it again. Workers that die are replaced, and other workers make the clips
    that they had not written.

    Parameters
    ----------
    plan : DataFrame
        From `Sweep.plan`, or made by hand with the same columns (``key`` may be left out). The table that
        another `run` returned is a plan too. The store keeps the plan (`Store.plan`) and a record of this run
        (`Store.runs`).
    store : Store
        Where the clips go. Workers on other machines must see its folder at the same path.
    model : Model, optional
        The loaded model; by default the plan's models are loaded by name, one after the other. Workers receive
        it pickled; for a checkpoint that is its name, device and dtype.
    progress : bool
        Show a bar with the time left.
    workers : int, optional
        Make the clips in this many processes on this machine, each with its own copy of the model, and on its
        own GPU if there are several. Each uses OMP_NUM_THREADS threads; without that variable they share the cores.
    scheduler : str or dask cluster, optional
        Make the clips on the workers of a running Dask scheduler, given by its address (``tcp://host:8786``), or
        of a cluster object such as dask-jobqueue's ``SLURMCluster``; see docs/scaling.md. A worker in a SLURM job
        uses as many threads as the job has cores, any other worker as many as Dask gave it.
    on_row : callable, optional
        Called in this process with the row of each clip, made or failed, as it arrives:
        `mgeval.runs.trackers.to_wandb` and ``to_mlflow`` return such a function. If it raises, the run warns and
        continues without it.

    Returns
    -------
    pandas.DataFrame
        The clips: the plan with ``path`` (in the store), ``status`` ('done' or 'failed'), ``error``, ``traceback``
        (of an unexpected error; empty for mgeval's own), ``n_samples``, ``rate`` in Hz, ``channels``,
        ``peak`` (1 is full scale), ``gain`` (the divisor of the file's samples, above 1 for a clip beyond full
        scale), ``started`` (UTC), ``elapsed`` in seconds, ``slots`` (most clips that decoded together),
        ``halved`` (whether memory ran out during decoding), ``seams`` (frames at which further windows began),
        ``device``, ``dtype``, ``hardware``, ``threads`` (of the processor; 0 where that has no meaning) and
        ``versions`` (of packages and Python, and the commit of mgeval's clone, as JSON).

    Raises
    ------
    SweepError
        The plan lacks a column, a setting in it is invalid, its keys do not match its settings, or it is for
        another model than the one given; no scheduler answers, the scheduler or all workers were lost, or the
        packages of ``mgeval[slurm]`` are missing.
    ModelError
        A model cannot be loaded, or ``model`` is not a loaded model.
    StoreError
        ``store`` is not a `Store`, or its tables are damaged.
    """
    plan, run_control = check_plan(plan), RunControl(on_row)
    _check_arguments(store, model, on_row)
    check_workers(workers, scheduler)
    clips = _make(plan, store, model, progress, workers, scheduler, run_control)
    if run_control.cancelled:
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
    """Start `run` in a thread of its own, which leaves a notebook's kernel free.

    The parameters are those of `run`. A wrong plan raises at once, any later error in `Handle.result`.

    Returns
    -------
    Handle
        Its ``done``, ``failed``, ``total`` and ``eta`` show the progress; ``pause()``, ``resume()`` and ``cancel()``
        control the run; ``result()`` waits for the clips.

    Examples
    --------
    >>> import tempfile
    >>> import mgeval as mg
    >>> plan = mg.Sweep("synth", ["piano"], {"duration": 0.5}).plan()
    >>> handle = mg.start(plan, mg.Store(tempfile.mkdtemp()))
    >>> handle.result()["status"].tolist()
    ['done']
    """
    plan, run_control = check_plan(plan), RunControl(on_row)
    _check_arguments(store, model, on_row)
    check_workers(workers, scheduler)
    return Handle(lambda: _make(plan, store, model, progress, workers, scheduler, run_control), run_control)


def _check_arguments(store: Any, model: Any, on_row: Any) -> None:
    """Raise on arguments that are easily confused: a folder for a store, a name for a model."""
    check_store(store)
    if model is not None and not hasattr(model, "stream"):
        raise ModelError(f"model must be a loaded model, load_model(name), or left out, got {model!r}")
    if on_row is not None and not callable(on_row):
        raise SweepError(f"on_row must be a function that takes a row, got {on_row!r}")


def _where(workers: int | None, scheduler: Any) -> str:
    """Return where clips are made, for the run's record."""
    if workers is not None:
        return f"{workers} workers on this machine"
    if scheduler is None:
        return "this process"
    return scheduler if isinstance(scheduler, str) else type(scheduler).__name__


def _make(
    plan: pd.DataFrame, store: Store, model: Model | None, progress: bool, workers: Any, scheduler: Any,
    run_control: RunControl,
) -> pd.DataFrame:  # fmt: skip
    """Make the missing clips of a checked plan, and return all its clips."""
    cells = plan.drop_duplicates("key")
    present = store.keys()
    missing = [key not in present for key in cells["key"].tolist()]
    if any(missing):
        new, where = cells[missing], _where(workers, scheduler)
        check_folders(new)
        with run_control.track(new, progress), run_record(store.path, new, run_control, where) as on_start:
            work = Work(new, cells, store, store.table(), run_control, on_start)
            if workers is None and scheduler is None:
                make_here(work, model)
            else:
                make_on_workers(work, model, workers, scheduler)
    elif len(cells):
        store.add_plan(cells)
    table = store.table()
    update_labels(plan, table, store)
    return attach_outcomes(plan, table)
