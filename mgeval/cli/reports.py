"""The commands that write a run down for readers: the report and the model card."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mgeval
from mgeval.cli.folders import Run, store_of
from mgeval.cli.help import LOOK
from mgeval.cli.tables import Metrics, check_column
from mgeval.errors import MgevalError

if TYPE_CHECKING:
    import pandas as pd

commands = typer.Typer()


@commands.command(rich_help_panel=LOOK)
def report(
    folder: Run,
    by: Annotated[list[str] | None, typer.Option("--by", help="A column to group by; repeat for more.")] = None,
    metrics: Metrics = None,
) -> None:
    """Write DIR/report: a page with figures, tables for a paper, clips to hear and the methods.

    By default the page groups by every setting that was swept. It opens from disk and needs no network. The command
    prints the path of the page.
    """
    from mgeval.reporting import check_factor

    store = store_of(folder)
    clips = _clips_of(store)
    for name in by or ():
        check_column(name, clips, store, metrics)
        check_factor(name)
    _check_writable(folder / "report")
    scores = mgeval.measure(clips, store, metrics)
    print(write_report(scores, store, by))
    _warn_unreadable(scores, store)
    plan = store.plan()
    if missing := int((~plan["key"].isin(clips["key"])).sum()):
        print(
            f"mgeval: the run is incomplete: {missing} of {len(plan)} planned clips are missing; "
            f"mgeval resume {store.path} makes them",
            file=sys.stderr,
        )


def write_report(scores: pd.DataFrame, store: mgeval.Store, by: list[str] | None = None) -> Path:
    """Write the report of a run into its folder and return the path of the page."""
    import matplotlib

    # Figures go to files: the machine may have no screen.
    matplotlib.use("Agg")
    return mgeval.report(scores, store, store.path / "report", by)


@commands.command(rich_help_panel=LOOK)
def card(folder: Run, metrics: Metrics = None) -> None:
    """Write DIR/card/MODEL.md: a model card with the results of the run, for each of its models.

    The front matter follows the model cards of the Hugging Face hub. The command prints the path of each card.
    """
    from mgeval.reporting import write_cards

    store = store_of(folder)
    clips = _clips_of(store)
    _check_writable(folder / "card")
    scores = mgeval.measure(clips, store, metrics)
    for path in write_cards(scores, store, folder / "card"):
        print(path)
    _warn_unreadable(scores, store)


def _clips_of(store: mgeval.Store) -> pd.DataFrame:
    """Return the clips of a run; raise if it has none."""
    clips = store.table()
    if clips.empty:
        raise MgevalError(f"{store.path}: the run has no clips; mgeval resume {store.path} makes the planned ones")
    return clips


def _check_writable(folder: Path) -> None:
    """Raise if a folder cannot be written, before measuring takes minutes; change nothing in it."""
    try:
        if new := not folder.exists():
            folder.mkdir()
        with tempfile.TemporaryFile(dir=folder):
            pass
        if new:
            folder.rmdir()
    except OSError as error:
        error.filename = str(folder)
        raise


def _warn_unreadable(scores: pd.DataFrame, store: mgeval.Store) -> None:
    """Print how many clips could not be read, as the page does."""
    from mgeval.metrics import columns
    from mgeval.reporting import unreadable_clips

    done = scores[scores["status"] == "done"]
    reasons = unreadable_clips(done, columns(done.columns), store)
    for key in [*reasons][:1]:
        print(
            f"mgeval: {len(reasons)} of {len(done)} clips could not be read, the first: {store.file(key)}: "
            f"{reasons[key]}; mgeval verify {store.path} lists them all",
            file=sys.stderr,
        )
