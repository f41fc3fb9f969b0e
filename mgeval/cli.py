"""The same verbs from a shell. Bad input is one line on stderr and exit code 2."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mgeval.errors import MgevalError, StoreError
from mgeval.files import FULL
from mgeval.shell_notebooks import commands as notebook_commands

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Generate, measure and explore stereo text-to-music.",
)

INTERRUPTED = 130

SHOWN_CLIPS = 10

DEMO_CLAIMS = ("mono", "wide")
DEMO_GRID = {"guidance": [1, 3], "temperature": [1, 1.5], "duration": [2, 4]}

# Typer brings its own copy of click from some version on; this is the base of either's errors.
ShellError = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

Out = Annotated[Path, typer.Option("--out", help="Folder of the run; an existing run is resumed.")]
METRIC_HELP = (
    "A metric; repeat for more. By default all that need no checkpoint; 'all' and 'clap:tiny' add how well clips fit "
    "their prompts."
)
Metrics = Annotated[list[str] | None, typer.Option("--metric", help=METRIC_HELP)]
Workers = Annotated[int | None, typer.Option("--workers", help="Make the clips in so many processes on this machine.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Or on a Dask scheduler's, such as tcp://host:8786.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]


def main() -> None:
    """Run the command line; every error that the user can mend ends as one line."""
    # File names can hold what the terminal cannot show.
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
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
    from mgeval.previews import estimate

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
    from mgeval.metrics import METRICS, chosen

    for name in chosen(metrics):
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
    from mgeval.sweepfile import load_sweep

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
def measure(
    paths: Annotated[list[Path], typer.Argument(help="Audio files, folders of them, or folders of runs.")],
    metrics: Metrics = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the table: .parquet or .csv.")] = None,
    as_json: Json = False,
) -> None:
    """Measure clips and print the table."""
    from mgeval import measure as measured

    _check_table(out)
    scores = measured(paths, metrics=metrics)
    if "channels" in scores and len(scores) and scores["channels"].isna().all():
        raise MgevalError(f"none of these could be read; the first: {scores['reason'].iloc[0]}")
    if out is not None:
        _write_table(scores, out)
    if as_json:
        print(scores.to_json(orient="records"))
    else:
        print(_readable(scores))


def _check_table(out: Path | None) -> None:
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise MgevalError(f"--out {out}: write a table to a .parquet or a .csv file")


def _write_table(table: pd.DataFrame, out: Path) -> None:
    import io

    import pandas as pd

    from mgeval.files import write_atomic

    buffer = io.BytesIO()
    if out.suffix == ".parquet":
        # Runs joined in one store may hold numbers and texts in the same column.
        mixed = [name for name in table if pd.api.types.infer_dtype(table[name], skipna=True).startswith("mixed")]
        table.astype(dict.fromkeys(mixed, str)).to_parquet(buffer, index=False)
    else:
        table.to_csv(buffer, index=False)
    write_atomic(out, buffer.getvalue())


def _readable(scores: pd.DataFrame) -> str:
    """Lay a table of scores out for a terminal: short paths, few digits, reasons last."""
    from mgeval.metrics import columns

    first = "key" if "key" in scores else "path"
    names = columns(scores)
    table = scores[[first, *[c for c in ("channels", "duration") if c in scores], *names, "reason"]].copy()
    if first == "path":
        parents = {str(Path(path).parent) for path in table["path"]}
        table["path"] = [Path(path).name if len(parents) == 1 else path for path in table["path"]]
    if "channels" in table:
        # A file that could not be read has no number of channels; the others' must not turn to 2.0.
        table["channels"] = table["channels"].astype("Int64")
    # On a screen the columns wrap in blocks; into a file or a pipe each clip is one line.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return table.to_string(index=False, float_format="%.2f", na_rep="NaN", line_width=width)


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, or tables that measure wrote.")
    ],
    by: Annotated[str | None, typer.Option("--by", help="Of one run: the column whose values are compared.")] = None,
    metrics: Metrics = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the table: .parquet or .csv.")] = None,
    as_json: Json = False,
) -> None:
    """Compare runs with each other, or the settings of one: differences, intervals, p values, effect sizes."""
    import pandas as pd

    from mgeval import compare as compared

    _check_table(out)
    if (len(runs) == 1) != (by is not None):
        raise MgevalError("compare two runs or more, or the settings of one: mgeval compare RUN --by guidance")
    names = [run.name if [other.name for other in runs].count(run.name) == 1 else str(run) for run in runs]
    if len(set(names)) < len(names):
        raise MgevalError(f"{max(names, key=names.count)} stands there twice: compare different runs")
    tables = [_scores(run, metrics).assign(run=name) for run, name in zip(runs, names, strict=True)]
    # More runs than two are compared each with each.
    table = compared(pd.concat(tables, ignore_index=True), by=by or "run")
    if out is not None:
        _write_table(table, out)
    if as_json:
        print(table.to_json(orient="records"))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(table.to_string(index=False, float_format="%.3g", na_rep="NaN", line_width=width))


def _scores(run: Path, metrics: list[str] | None) -> pd.DataFrame:
    """Return a run's scores, or the table of them that a file holds."""
    import pandas as pd

    from mgeval import measure
    from mgeval.errors import nearest
    from mgeval.metrics import columns

    if run.suffix not in (".parquet", ".csv"):
        store = _store(run)
        return measure(store.table(), store, metrics)
    try:
        table = pd.read_parquet(run) if run.suffix == ".parquet" else pd.read_csv(run)
    except (ValueError, UnicodeDecodeError) as error:
        raise MgevalError(f"{run}: is no table that measure wrote ({str(error).splitlines()[0]})") from None
    there = columns(table)
    asked = there if not metrics or "all" in metrics else metrics
    for name in asked:
        if name not in there:
            raise MgevalError(f"{run}: holds no metric {name!r}: {nearest(name, there)}")
    return table.drop(columns=[name for name in there if name not in asked])


Run = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


def _store(folder: Path) -> Any:
    from mgeval import Store
    from mgeval.store import is_store

    if not is_store(folder):
        raise MgevalError(f"{folder}: is no run; mgeval run SWEEP.yaml --out {folder} makes one")
    return Store(folder)


@app.command()
def resume(
    folder: Run,
    metrics: Metrics = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Go on with all that was ever begun in a run's folder, and measure it; no sweep file is needed."""
    store = _store(folder)
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

    matplotlib.use("Agg")
    store = _store(folder)
    print(reported(measure(store.table(), store, metrics), store, folder / "report", by))


@app.command()
def card(folder: Run, metrics: Metrics = None) -> None:
    """Write DIR/card/MODEL.md: a model card with the run's results, for each of its models."""
    from mgeval import measure
    from mgeval.reporting import write_cards

    store = _store(folder)
    for path in write_cards(measure(store.table(), store, metrics), store, folder / "card"):
        print(path)


@app.command()
def status(folder: Run, as_json: Json = False) -> None:
    """Say what a run holds and lacks: clips, failures and their errors, seconds of audio, bytes."""
    found = _store(folder).status()
    if as_json:
        print(json.dumps(found))
        return
    print(f"{found['done']} clips are in {folder}, {found['failed']} failed")
    if found["planned"] > found["planned_done"]:
        missing = found["planned"] - found["planned_done"]
        print(f"{missing} of {found['planned']} planned are missing; mgeval resume {folder} makes them")
    for model, clips in found["models"].items():
        print(f"  {clips} by {model}")
    for error, clips in found["errors"].items():
        print(f"  {clips} failed with {' '.join(error.split())}")
    print(f"{found['audio_seconds']:.1f} s of audio in {found['bytes'] / 1e6:.1f} MB")


@app.command()
def verify(
    folder: Run,
    discard: Annotated[bool, typer.Option("--discard", help="Delete what is damaged; a run makes it anew.")] = False,
    as_json: Json = False,
) -> None:
    """Read every file of a run again and say which are damaged; exit code 1 if any is."""
    store = _store(folder)
    damage = store.verify()
    if discard:
        store.discard(damage)
    if as_json:
        print(damage.to_json(orient="records"))
    else:
        for file, problem in zip(damage["file"], damage["problem"], strict=True):
            print(f"{file}: {problem}")
        if damage.empty:
            print(f"{folder}: nothing is damaged")
        elif discard:
            print(f"{len(damage)} damaged; their clips are discarded, and running the same sweep makes them anew")
        else:
            print(f"{len(damage)} damaged; mgeval verify {folder} --discard deletes them, for a run to make anew")
    if len(damage):
        raise typer.Exit(1)


@app.command()
def diff(
    a: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another.")],
    as_json: Json = False,
) -> None:
    """Say what two runs differ in: settings, versions, devices, clips; exit code 1 if in anything."""
    from mgeval import diff as differences

    found = differences(_store(a), _store(b))
    if as_json:
        print(found.to_json(orient="records"))
    elif found.empty:
        print(f"{a} and {b} hold the same clips, made by the same")
    else:
        clips = found["what"].isin(["audio", "codes", "predictions"])
        shown = found[~clips | (clips.cumsum() <= SHOWN_CLIPS)].copy()
        shown.loc[clips, ["a", "b"]] = shown.loc[clips, ["a", "b"]].map(lambda text: text[:12])
        print(shown.rename(columns={"a": str(a), "b": str(b)}).to_string(index=False))
        if more := len(found) - len(shown):
            print(f"and {more} clips more, which --json lists")
    if len(found):
        raise typer.Exit(1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, which devices and checkpoints are there, and how to mend what is not."""
    from mgeval.doctor import findings

    rows = findings()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['status']:8} {row['name']:{width}}  {row['detail']}")
        if row["fix"]:
            print(f"{'':8} {'':{width}}  -> {row['fix']}")


app.add_typer(notebook_commands)

if __name__ == "__main__":
    main()
