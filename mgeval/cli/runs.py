"""The commands that make clips: the demo, a sweep, and a run that is to be continued."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mgeval
from mgeval.cli.folders import Json, Run, store_of
from mgeval.cli.help import MAKE
from mgeval.cli.reports import write_report
from mgeval.cli.tables import Metrics
from mgeval.errors import MgevalError, StoreError
from mgeval.files import FULL

if TYPE_CHECKING:
    import pandas as pd

commands = typer.Typer()

DEMO_CLAIMS = ("mono", "wide")
DEMO_GRID = {"guidance": [1, 3], "temperature": [1, 1.5], "duration": [2, 4]}

Workers = Annotated[
    int | None, typer.Option("--workers", help="Make the clips in this number of processes on this machine.")
]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Make the clips on a Dask scheduler, such as tcp://host:8786.")
]


@commands.command(rich_help_panel=MAKE)
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; an existing run is continued.")] = Path(
        "demo-run"
    ),
) -> None:
    """Sweep the built-in tiny model and show a table, a plot and a page, in about a minute.

    The sweep needs no download. Its clips, scores.csv and the report are in the folder of the run.
    """
    from mgeval.metrics import metric_of

    prompts = mgeval.load_prompts("demo")
    plan = mgeval.Sweep("tiny", prompts[prompts["spatial"].isin(DEMO_CLAIMS)], DEMO_GRID).plan()
    store = mgeval.Store(out)
    print(f"Making {len(plan)} clips with the built-in model ...", file=sys.stderr)
    scores = _make_and_measure(plan, store, ["all", "clap:tiny"])
    page = write_report(scores, store)
    for metric in ("width", "clap:tiny"):
        label = metric_of(metric).label
        print(f"\n{label} by what the prompt claims and by guidance:\n\n{_claim_table(scores, metric)}")
    print(f"\ntable  {store.path / 'scores.csv'}")
    print(f"plot   {page.parent / 'figures' / 'width.png'}")
    print(f"page   {page}    (open it in a browser)")


def _claim_table(scores: pd.DataFrame, metric: str) -> str:
    summary = mgeval.summarise(scores, ["spatial", "guidance"])
    rows = summary[summary["metric"] == metric].drop(columns="metric").rename(columns={"spatial": "claim"})
    return rows.to_string(index=False, float_format="%.3f")


@commands.command(rich_help_panel=MAKE)
def run(
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="A sweep as a YAML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; an existing run is continued.")],
    metrics: Metrics = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Make and measure every clip of a sweep, and continue where an earlier run stopped.

    Clips that exist already are kept, and failed ones are tried again. The scores go to scores.csv in the folder of
    the run. The exit code is 1 if a clip failed.
    """
    from mgeval.runs import load_sweep

    store = mgeval.Store(out)
    scores = _make_and_measure(load_sweep(sweep).plan(), store, metrics, workers, scheduler)
    _print_outcome(scores, store, as_json)


@commands.command(rich_help_panel=MAKE)
def resume(
    folder: Run,
    metrics: Metrics = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Make and measure every clip that was ever planned in the folder of a run; no sweep file is needed.

    Clips that exist already are kept, and failed ones are tried again. The exit code is 1 if a clip failed.
    """
    store = store_of(folder)
    plan = store.plan()
    if plan.empty:
        raise MgevalError(f"{folder}: the run has no plan; mgeval run SWEEP.yaml --out {folder} makes a sweep's clips")
    _print_outcome(_make_and_measure(plan, store, metrics, workers, scheduler), store, as_json)


def _make_and_measure(
    plan: pd.DataFrame,
    store: mgeval.Store,
    metrics: list[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    from mgeval.files import write_atomic
    from mgeval.runs import estimate

    _check_metrics(metrics)
    try:
        clips = mgeval.run(plan, store, workers=workers, scheduler=scheduler)
    except OSError as error:
        if error.errno not in FULL:
            raise
        missing = estimate(plan, store)["disk_bytes"].sum() / 1e6
        raise StoreError(
            f"{error.filename}: {error.strerror}; free about {missing:.3g} MB and run the same command to continue"
        ) from None
    scores = mgeval.measure(clips, store, metrics)
    write_atomic(store.path / "scores.csv", scores.to_csv(index=False).encode())
    return scores


def _check_metrics(metrics: list[str] | None) -> None:
    """Raise if a metric does not exist, before the clips take hours."""
    from mgeval import embed
    from mgeval.metrics import METRICS, metric_names

    for name in metric_names(metrics):
        if name not in METRICS:
            embed.load(name)


def _print_outcome(scores: pd.DataFrame, store: mgeval.Store, as_json: bool) -> None:
    """Print how many clips a run has; exit with code 1 if a clip failed."""
    out, failed = store.path, scores[scores["status"] != "done"]
    if as_json:
        print(json.dumps({"clips": len(scores), "failed": len(failed), "store": str(out)}))
    else:
        print(f"{len(scores) - len(failed)} of {len(scores)} clips are in {out}, their scores in {out / 'scores.csv'}")
        if len(failed):
            print(f"{len(failed)} failed, the first: {failed['error'].iloc[0]}; the next run tries them again")
        print(f"next: mgeval report {out}")
    if len(failed):
        raise typer.Exit(1)
