"""The same verbs from a shell. Bad input is one line on stderr and exit code 2."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mgeval.errors import MgevalError

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
METRIC_HELP = (
    "A metric; repeat for more. By default all that need no checkpoint; 'all' and 'clap:tiny' add how well clips fit "
    "their prompts."
)
Metrics = Annotated[list[str] | None, typer.Option("--metric", help=METRIC_HELP)]
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
        _stop(f"{error.filename or 'disk'}: {error.strerror or error}")
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
    from mgeval.metrics import described

    prompts = load_prompts("demo")
    sweep = Sweep("tiny", prompts[prompts["spatial"].isin(DEMO_CLAIMS)], DEMO_GRID)
    store = Store(out)
    print(f"Making {len(sweep.plan())} clips with the built-in model ...", file=sys.stderr)
    scores = _run(sweep, store, ["all", "clap:tiny"])
    page = _report(scores, store)
    for metric in ("width", "clap:tiny"):
        print(f"\n{described(metric).label} by what the prompt claims and by guidance:\n\n{_shown(scores, metric)}")
    print(f"\ntable  {store.path / 'scores.csv'}")
    print(f"plot   {page.parent / 'figures' / 'width.png'}")
    print(f"page   {page}    (open it in a browser)")


def _shown(scores: pd.DataFrame, metric: str) -> str:
    from mgeval import summarise

    table = summarise(scores, ["spatial", "guidance"])
    shown = table[table["metric"] == metric].drop(columns="metric").rename(columns={"spatial": "claim"})
    return shown.to_string(index=False, float_format="%.3f")


def _run(sweep: Any, store: Any, metrics: list[str] | None = None) -> pd.DataFrame:
    from mgeval import measure, run
    from mgeval.files import write_atomic

    clips = run(sweep.plan(), store)
    scores = measure(clips, store, metrics)
    write_atomic(store.path / "scores.csv", scores.to_csv(index=False).encode())
    return scores


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
    as_json: Json = False,
) -> None:
    """Make and measure every clip of a sweep; go on where a former run stopped."""
    from mgeval import Store
    from mgeval.sweepfile import load_sweep

    store = Store(out)
    scores = _run(load_sweep(sweep), store, metrics)
    failed = scores[scores["status"] != "done"]
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


Run = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


def _store(folder: Path) -> Any:
    from mgeval import Store
    from mgeval.store import is_store

    if not is_store(folder):
        raise MgevalError(f"{folder}: is no run; mgeval run SWEEP.yaml --out {folder} makes one")
    return Store(folder)


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
    """Say what a run holds: clips, failures and their errors, seconds of audio, bytes."""
    found = _store(folder).status()
    if as_json:
        print(json.dumps(found))
        return
    print(f"{found['done']} clips are in {folder}, {found['failed']} failed")
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


if __name__ == "__main__":
    main()
