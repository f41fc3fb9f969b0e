"""Making cells of a plan with one model, in this process: `run` does so here, a worker there."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mgeval.errors import AudioError, SweepError
from mgeval.models import Generated, Model, Request, load_model, model_identity
from mgeval.runs.plan import make_request
from mgeval.runs.progress import RunControl, cancel_on_interrupt
from mgeval.runs.provenance import failure_columns, generation_columns, origin
from mgeval.runs.store import Store

if TYPE_CHECKING:
    import pandas as pd

PART = 50
"""So many rows are written together; those of a process that is killed first come from their clips' records."""


@dataclass(frozen=True, eq=False)
class Work:
    """What is to be made, and where it goes.

    Parameters
    ----------
    cells : DataFrame
        The rows of the plan whose clips are missing; keys do not repeat.
    plan : DataFrame
        All its rows, for the store to keep.
    store : Store
        Where the clips go.
    there : DataFrame
        The store's table before.
    steering : Steering
        Counts, and is heeded.
    began : callable
        Called when the models are there and the first clip is about to be made.
    """

    cells: pd.DataFrame
    plan: pd.DataFrame
    store: Store
    there: pd.DataFrame
    steering: RunControl
    began: Callable[[], Any]

    def keep_plan(self) -> None:
        """Let the store keep the plan: from here on something is made."""
        self.store.add_plan(self.plan)
        self.began()

    def models(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield each model's name, revision and cells, as long as nobody cancels."""
        for (name, revision), cells in self.cells.groupby(["model", "revision"], sort=False):
            if not self.steering.cancelled:
                yield name, revision, cells


class Rows:
    """Rows on their way into the store's tables: counted at once, written `PART` at a time and at the end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: Any) -> None:
        # Also on Ctrl-C: what was made is in the table.
        self._write()

    def add(self, row: dict[str, Any]) -> None:
        """Take a row in."""
        self._rows.append(row)
        self._work.steering.count(row)
        if len(self._rows) >= PART:
            self._write()

    def _write(self) -> None:
        rows, self._rows = self._rows, []
        self._work.store.add_rows(rows)


def make_here(work: Work, model: Model | None) -> None:
    """Make all cells in this process, one model after the other."""
    for name, revision, cells in work.models():
        _make_model(work, name, revision, cells, model)


def _make_model(work: Work, name: str, revision: str, cells: pd.DataFrame, model: Model | None) -> None:
    """Make the cells of one model. The model goes with this function: no two are in memory at once."""
    loaded = load_for_plan(name, revision, model)
    work.keep_plan()
    warn_if_mixed(work, name, origin(loaded))
    with Rows(work) as rows, cancel_on_interrupt(work.steering):
        for row in generate_clips(loaded, cells.to_dict("records"), work.store, work.steering.watch):
            rows.add(row)


def load_for_plan(name: str, revision: str, model: Model | None) -> Model:
    """Return the model that a plan names: the one given, which must be it, or by its name."""
    loaded = model or load_model(name, revision=revision)
    if (model_identity(loaded.name), loaded.revision) != (model_identity(name), revision):
        raise SweepError(
            f"the plan is for {name} at revision {revision}, the model is {loaded.name} at {loaded.revision}: "
            "make the plan anew"
        )
    return loaded


def generate_clips(
    model: Model, cells: Sequence[Mapping[str, Any]], store: Store, watch: Callable[..., Any]
) -> Iterator[dict[str, Any]]:
    """Make cells; yield each one's row when its files are written, or with the error that came instead."""
    common = origin(model)
    for index, result in stream_results(model, [make_request(cell) for cell in cells], watch):
        yield _outcome({**cells[index], **common}, result, store)


def _outcome(row: Mapping[str, Any], result: Generated | Exception, store: Store) -> dict[str, Any]:
    """Write a clip if there is one; return its row, or that of its failure."""
    try:
        return write_clip(row, result, store) if isinstance(result, Generated) else {**row, **failure_columns(result)}
    except AudioError as error:
        # What no FLAC can hold, such as 384 kHz, is one failed clip; a full disk ends the run.
        return {**row, **failure_columns(error)}


def write_clip(row: Mapping[str, Any], clip: Generated, store: Store) -> dict[str, Any]:
    """Write a clip that was made of a cell, whose row has its `origin`; return the whole row."""
    return store.put({**row, **generation_columns(clip)}, clip.audio, clip.codes, clip.record)


def stream_results(
    model: Model, requests: Sequence[Request], watch: Callable[..., Any]
) -> Iterator[tuple[int, Generated | Exception]]:
    """Yield what a model makes of requests; if it gives up, its error for each that is left."""
    if watch():
        return
    left = set(range(len(requests)))
    # A model that decodes step by step looks between two steps, any other is asked between two clips.
    steps = "watch" in inspect.signature(model.stream).parameters
    try:
        for index, result in model.stream(requests, watch) if steps else model.stream(requests):
            left.discard(index)
            yield index, result
            if not steps and watch():
                return
    except Exception as error:
        yield from ((index, error) for index in sorted(left))


def warn_if_mixed(work: Work, name: str, common: Mapping[str, Any]) -> None:
    """Warn where the store's clips of a model were made by something else than the rest will be."""
    there = work.there
    if len(there):
        there = there[there["model"].eq(name) & there["status"].eq("done")]
    for column, value in common.items():
        now = _origin_text(value)
        others = (
            sorted({_origin_text(one) for one in there[column].dropna().unique()} - {now}) if column in there else []
        )
        if others:
            warnings.warn(
                f"{work.store.path}: clips of this model were made with {column} {' and '.join(others)}, the "
                f"rest will be with {now}; they may differ in rounding",
                stacklevel=6,
            )


def _origin_text(value: Any) -> str:
    """Return an origin in words: of versions those of packages and of Python, not the commit that mgeval runs from."""
    if not str(value).startswith("{"):
        # Beside rows without threads, such as controls, a column of whole numbers is one of floats.
        return f"{value:g}" if isinstance(value, float) else str(value)
    return ", ".join(f"{name} {version}" for name, version in sorted(json.loads(value).items()) if name != "git")
