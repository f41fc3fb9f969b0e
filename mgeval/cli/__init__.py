"""The same verbs from a shell. Bad input is one line on stderr and exit code 2."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mgeval.cli.folders import Json, Run, store_of
from mgeval.cli.folders import commands as run_commands
from mgeval.cli.notebooks import commands as notebook_commands
from mgeval.cli.tables import Metrics, check_column
from mgeval.cli.tables import commands as table_commands
from mgeval.errors import MgevalError, StoreError
from mgeval.files import FULL, expand_path

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Generate, measure and explore stereo text-to-music.",
)

INTERRUPTED = 130

DEMO_CLAIMS = ("mono", "wide")
DEMO_GRID = {"guidance": [1, 3], "temperature": [1, 1.5], "duration": [2, 4]}

# Typer brings its own copy of click from some version on; this is the base of either's errors.
ShellError = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

Out = Annotated[Path, typer.Option("--out", help="Folder of the run; an existing run is resumed.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Make the clips in so many processes on this machine.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Or on a Dask scheduler's, such as tcp://host:8786.")
]


def main() -> None:
    """Run the command line; every error that the user can mend ends as one line."""
    # File names can hold what the terminal cannot show.
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app([_named(argument) for argument in sys.argv[1:]] or ["--help"], standalone_mode=False) or 0
    except MgevalError as error:
        _stop(str(error))
    except ShellError as error:
        context = getattr(error, "ctx", None)
        _stop(f"{error.format_message().rstrip('.')} (see {context.command_path if context else 'mgeval'} --help)")
    except OSError as error:
        advice = "; free some space, and the same command goes on" if error.errno in FULL else ""
        _stop(f"{error.filename or 'disk'}: {error.strerror or error}{advice}")
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("mgeval: stopped; a run keeps what was finished, and the same command goes on", file=sys.stderr)
    sys.exit(code)


def _named(argument: str) -> str:
    """Return an argument with the home folder in place of ``~``, which shells leave in --option=~/folder."""
    option, equals, path = argument.partition("=")
    if equals and path.startswith("~"):
        return f"{option}={expand_path(path)}"
    return str(expand_path(argument)) if argument.startswith("~") else argument


def _stop(message: str) -> None:
    print("mgeval:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


@app.command()
def demo(out: Out = Path("demo-run")) -> None:
    """Sweep the built-in tiny model: a table, a plot and a page, in a minute."""
    from mgeval import Store, Sweep, load_prompts
    from mgeval.metrics import metric_of

    prompts = load_prompts("demo")
    sweep = Sweep("tiny", prompts[prompts["spatial"].isin(DEMO_CLAIMS)], DEMO_GRID)
    store = Store(out)
    plan = sweep.plan()
    print(f"Making {len(plan)} clips with the built-in model ...", file=sys.stderr)
    scores = _run(plan, store, ["all", "clap:tiny"])
    page = _report(scores, store)
    for metric in ("width", "clap:tiny"):
        print(f"\n{metric_of(metric).label} by what the prompt claims and by guidance:\n\n{_shown(scores, metric)}")
    print(f"\ntable  {store.path / 'scores.csv'}")
    print(f"plot   {page.parent / 'figures' / 'width.png'}")
    print(f"page   {page}    (open it in a browser)")


def _shown(scores: pd.DataFrame, metric: str) -> str:
    from mgeval import summarise

    table = summarise(scores, ["spatial", "guidance"])
    shown = table[table["metric"] == metric].drop(columns="metric").rename(columns={"spatial": "claim"})
    return shown.to_string(index=False, float_format="%.3f")


def _run(plan: Any, store: Any, metrics: list[str] | None = None, **where: Any) -> pd.DataFrame:
    from mgeval import measure, run
    from mgeval.files import write_atomic
    from mgeval.runs import estimate

    _check_metrics(metrics)
    try:
        clips = run(plan, store, **where)
    except OSError as error:
        if error.errno not in FULL:
            raise
        more = estimate(plan, store)["disk_bytes"].sum() / 1e6
        raise StoreError(
            f"{error.filename}: {error.strerror}; free about {more:.3g} MB, and the same command goes on"
        ) from None
    scores = measure(clips, store, metrics)
    write_atomic(store.path / "scores.csv", scores.to_csv(index=False).encode())
    return scores


def _check_metrics(metrics: list[str] | None) -> None:
    """Refuse what cannot be measured before hours go into clips."""
    from mgeval import embed
    from mgeval.metrics import METRICS, metric_names

    for name in metric_names(metrics):
        if name not in METRICS:
            embed.load(name)


def _report(scores: pd.DataFrame, store: Any) -> Path:
    import matplotlib

    from mgeval import report

    # Figures go to files; a machine without a screen has no other way.
    matplotlib.use("Agg")
    return report(scores, store, store.path / "report")


@app.command()
def run(
    sweep: Annotated[Path, typer.Argument(help="A sweep as a YAML file.")],
    out: Out,
    metrics: Metrics = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Make and measure every clip of a sweep; go on where a former run stopped."""
    from mgeval import Store
    from mgeval.runs import load_sweep

    store = Store(out)
    scores = _run(load_sweep(sweep).plan(), store, metrics, workers=workers, scheduler=scheduler)
    _tell(scores, store, as_json)


def _tell(scores: pd.DataFrame, store: Any, as_json: bool) -> None:
    """Say what became of a run; exit code 1 if a clip failed."""
    out, failed = store.path, scores[scores["status"] != "done"]
    if as_json:
        print(json.dumps({"clips": len(scores), "failed": len(failed), "store": str(out)}))
    else:
        print(f"{len(scores) - len(failed)} of {len(scores)} clips are in {out}; their numbers in {out / 'scores.csv'}")
        if len(failed):
            print(f"{len(failed)} failed, the first: {failed['error'].iloc[0]}; running again tries them again")
        print(f"next: mgeval report {out}")
    if len(failed):
        raise typer.Exit(1)


@app.command()
def resume(
    folder: Run,
    metrics: Metrics = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Go on with all that was ever begun in a run's folder, and measure it; no sweep file is needed."""
    store = store_of(folder)
    plan = store.plan()
    if plan.empty:
        raise MgevalError(f"{folder}: holds no plan; mgeval run SWEEP.yaml --out {folder} goes on with a sweep's")
    _tell(_run(plan, store, metrics, workers=workers, scheduler=scheduler), store, as_json)


@app.command()
def report(
    folder: Run,
    by: Annotated[list[str] | None, typer.Option("--by", help="A column to group by; repeat for more.")] = None,
    metrics: Metrics = None,
) -> None:
    """Write DIR/report: a page, figures and tables for a paper, clips to hear, methods."""
    import matplotlib

    from mgeval import measure
    from mgeval import report as reported
    from mgeval.reporting import check_factor

    matplotlib.use("Agg")
    store = store_of(folder)
    clips = _clips(store)
    for name in by or ():
        check_column(name, clips, store, metrics)
        check_factor(name)
    _check_folder(folder / "report")
    scores = measure(clips, store, metrics)
    print(reported(scores, store, folder / "report", by))
    _tell_unread(scores, store)
    plan = store.plan()
    if missing := int((~plan["key"].isin(clips["key"])).sum()):
        print(
            f"mgeval: the run is not complete: {missing} of {len(plan)} planned clips are missing; mgeval resume "
            f"{store.path} makes them",
            file=sys.stderr,
        )


@app.command()
def card(folder: Run, metrics: Metrics = None) -> None:
    """Write DIR/card/MODEL.md: a model card with the run's results, for each of its models."""
    from mgeval import measure
    from mgeval.reporting import write_cards

    store = store_of(folder)
    clips = _clips(store)
    _check_folder(folder / "card")
    scores = measure(clips, store, metrics)
    for path in write_cards(scores, store, folder / "card"):
        print(path)
    _tell_unread(scores, store)


def _clips(store: Any) -> pd.DataFrame:
    """Return a run's clips; refuse a run that has none."""
    clips = store.table()
    if clips.empty:
        raise MgevalError(f"{store.path}: holds no clips; mgeval resume {store.path} makes those that are planned")
    return clips


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written before minutes go into measuring; leave no trace in it."""
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


def _tell_unread(scores: pd.DataFrame, store: Any) -> None:
    """Say how many clips could not be read, as the page does."""
    from mgeval.metrics import columns
    from mgeval.reporting import unreadable_clips

    made = scores[scores["status"] == "done"]
    unread = unreadable_clips(made, columns(made.columns), store)
    for key in [*unread][:1]:
        print(
            f"mgeval: {len(unread)} of {len(made)} clips could not be read, the first: {store.file(key)}: "
            f"{unread[key]}; mgeval verify {store.path} finds them all",
            file=sys.stderr,
        )


@app.command("doctor")
def show_doctor(as_json: Json = False) -> None:
    """Say what is installed, which devices and checkpoints are there, and how to mend what is not."""
    from mgeval.cli.doctor import findings

    rows = findings()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['status']:8} {row['name']:{width}}  {row['detail']}")
        if row["fix"]:
            print(f"{'':8} {'':{width}}  -> {row['fix']}")


for commands in (table_commands, run_commands, notebook_commands):
    app.add_typer(commands)
