"""The verbs of the shell that print tables of measurements."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mgeval.cli.folders import Json, store_of
from mgeval.errors import MetricError, MgevalError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.runs import Store

commands = typer.Typer()

TEXTS = {"key": str, "prompt_id": str, "prompt": str, "revision": str}
"""Columns of a CSV that are texts also where they hold digits only."""

METRIC_HELP = (
    "A metric; repeat for more. By default all that need no checkpoint; 'all' and 'clap:tiny' add how well clips fit "
    "their prompts."
)
Metrics = Annotated[list[str] | None, typer.Option("--metric", help=METRIC_HELP)]


@commands.command()
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
        texts = {str(name): table[name].map(str, na_action="ignore") for name in mixed}
        table.assign(**texts).to_parquet(buffer, index=False)
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


@commands.command()
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
    tables = [_scores(run, metrics, by).assign(run=name) for run, name in zip(runs, names, strict=True)]
    # More runs than two are compared each with each.
    table = compared(pd.concat(tables, ignore_index=True), by=by or "run")
    if out is not None:
        _write_table(table, out)
    if as_json:
        print(table.to_json(orient="records"))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(table.to_string(index=False, float_format="%.3g", na_rep="NaN", line_width=width))
    if table[["difference", "p"]].isna().all(axis=None):
        # In the table the reasons stand far to the right.
        reasons = dict.fromkeys(part for reason in table["reason"] for part in reason.split("; ") if part)
        print("mgeval: nothing could be compared:", "; ".join(reasons), file=sys.stderr)


def check_column(name: str, clips: pd.DataFrame, store: Store, metrics: list[str] | None) -> None:
    """Refuse a column that the clips will not have either when minutes have gone into measuring them."""
    from mgeval import measure

    if name in clips.columns:
        return
    measured = measure(clips.head(0), store, metrics, progress=False).columns
    if name not in measured:
        raise MetricError(f"the table has no column {name!r}: {nearest(name, measured)}")


def _scores(run: Path, metrics: list[str] | None, by: str | None) -> pd.DataFrame:
    """Return a run's scores, or the table of them that a file holds."""
    import pandas as pd

    from mgeval import measure
    from mgeval.metrics import columns
    from mgeval.stats import split_by

    if run.suffix not in (".parquet", ".csv"):
        store = store_of(run)
        clips = store.table()
        if by is not None:
            check_column(by, clips, store, metrics)
            if by in clips.columns:
                # Too few values, or too many, are refused here too.
                split_by(clips, by)
        return measure(clips, store, metrics)
    try:
        table = pd.read_parquet(run) if run.suffix == ".parquet" else pd.read_csv(run, dtype=TEXTS)
    except (ValueError, UnicodeDecodeError) as error:
        raise MgevalError(f"{run}: is no table that measure wrote ({str(error).splitlines()[0]})") from None
    there = columns(table)
    asked = there if not metrics or "all" in metrics else metrics
    for name in asked:
        if name not in there:
            raise MgevalError(f"{run}: holds no metric {name!r}: {nearest(name, there)}")
    return table.drop(columns=[name for name in there if name not in asked])
