"""Make cells of a plan with one model in this process: that of `run`, or a worker's."""

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
"""Rows written together; the rows that a killed process had not written come from their clips' records."""


@dataclass(frozen=True, eq=False)
class Work:
    """The clips to make, and where they go.

    Parameters
    ----------
    cells : DataFrame
        The rows of the plan whose clips are missing; keys do not repeat.
    plan : DataFrame
        All rows of the plan, for the store to keep.
    store : Store
        Where the clips go.
    table : DataFrame
        The store's table before the run.
    run_control : RunControl
        Counts the clips; pauses and cancels the run.
    on_start : callable
        Called when the model is loaded and the first clip is about to be made.
    """

    cells: pd.DataFrame
    plan: pd.DataFrame
    store: Store
    table: pd.DataFrame
    run_control: RunControl
    on_start: Callable[[], Any]

    def keep_plan(self) -> None:
        """Keep the plan in the store and mark the run as started, before its first clip."""
        self.store.add_plan(self.plan)
        self.on_start()

    def models(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield each model's name, revision and cells until the run is cancelled."""
        groups: Any = self.cells.groupby(["model", "revision"], sort=False)
        for (name, revision), cells in groups:
            if not self.run_control.cancelled:
                yield name, revision, cells


class Rows:
    """A buffer of rows for the store's tables: counted at once, written `PART` at a time and at the end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: Any) -> None:
        # Also on Ctrl-C, so that the table has every clip that was made.
        self._write()

    def add(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        self._work.run_control.count(row)
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
    """Make the cells of one model, and free the model on return: no two models are in memory at once."""
    loaded = load_for_plan(name, revision, model)
    work.keep_plan()
    warn_if_mixed(work, name, origin(loaded))
    with Rows(work) as rows, cancel_on_interrupt(work.run_control):
        for row in generate_clips(loaded, to_rows(cells), work.store, work.run_control.watch):
            rows.add(row)


def to_rows(cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the cells as mappings, one per row; every column of a plan has text for a name."""
    return [{str(name): value for name, value in cell.items()} for cell in cells.to_dict("records")]


def load_for_plan(name: str, revision: str, model: Model | None) -> Model:
    """Return the model given, or load it by name; raise if it is not the one that the plan names."""
    loaded = model or load_model(name, revision=revision)
    if (model_identity(loaded.name), loaded.revision) != (model_identity(name), revision):
        raise SweepError(
            f"the plan is for {name} at revision {revision}, the model is {loaded.name} at {loaded.revision}: "
            "make a new plan"
        )
    return loaded


def generate_clips(
    model: Model, cells: Sequence[Mapping[str, Any]], store: Store, watch: Callable[..., Any]
) -> Iterator[dict[str, Any]]:
    """Make cells; yield each row when its files are written, or with its error if it failed."""
    common = origin(model)
    for index, result in stream_results(model, [make_request(cell) for cell in cells], watch):
        yield _outcome({**cells[index], **common}, result, store)


def _outcome(row: Mapping[str, Any], result: Generated | Exception, store: Store) -> dict[str, Any]:
    """Write a clip and return its row, or return the row of its failure."""
    try:
        return write_clip(row, result, store) if isinstance(result, Generated) else {**row, **failure_columns(result)}
    except AudioError as error:
        # Audio that FLAC cannot hold, such as 384 kHz, is one failed clip; a full disk ends the run.
        return {**row, **failure_columns(error)}


def write_clip(row: Mapping[str, Any], clip: Generated, store: Store) -> dict[str, Any]:
    """Write a generated clip; ``row`` is its cell with the model's `origin`. Return the complete row."""
    return store.put({**row, **generation_columns(clip)}, clip.audio, clip.codes, clip.record)


def stream_results(
    model: Model, requests: Sequence[Request], watch: Callable[..., Any]
) -> Iterator[tuple[int, Generated | Exception]]:
    """Yield a model's result for each request; if the model raises, yield its error for each one left."""
    if watch():
        return
    remaining = set(range(len(requests)))
    # A model that decodes in steps calls `watch` between two steps; for any other it is called between two clips.
    stream: Callable[..., Iterator[tuple[int, Generated | Exception]]] = model.stream
    steps = "watch" in inspect.signature(stream).parameters
    try:
        for index, result in stream(requests, watch) if steps else stream(requests):
            remaining.discard(index)
            yield index, result
            if not steps and watch():
                return
    except Exception as error:
        yield from ((index, error) for index in sorted(remaining))


def warn_if_mixed(work: Work, name: str, common: Mapping[str, Any]) -> None:
    """Warn if the store's clips of a model have another origin than the new ones will have."""
    clips = work.table
    if len(clips):
        clips = clips[clips["model"].eq(name) & clips["status"].eq("done")]
    for column, value in common.items():
        if column not in clips:
            continue
        new = _origin_text(value)
        if others := sorted({_origin_text(old) for old in clips[column].dropna().unique()} - {new}):
            warnings.warn(
                f"{work.store.path}: clips of this model were made with {column} {' and '.join(others)}, the "
                f"rest will be made with {new}; they may differ in rounding",
                stacklevel=6,
            )


def _origin_text(value: Any) -> str:
    """Return an origin as text; of the versions only those of packages and Python, not mgeval's own commit."""
    if not str(value).startswith("{"):
        # Rows without threads, such as controls, turn a column of whole numbers into floats.
        return f"{value:g}" if isinstance(value, float) else str(value)
    return ", ".join(f"{name} {version}" for name, version in sorted(json.loads(value).items()) if name != "git")
