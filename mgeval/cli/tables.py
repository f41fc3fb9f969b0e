"""The commands that print tables: measurements of clips, and comparisons of runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mgeval
from mgeval.cli.folders import Json, store_of
from mgeval.cli.help import COMPARE, MEASURE
from mgeval.errors import MetricError, MgevalError, nearest

if TYPE_CHECKING:
    import pandas as pd

commands = typer.Typer()

TEXTS = {"key": str, "prompt_id": str, "prompt": str, "revision": str}
"""Columns of a CSV that are read as text even where they hold only digits."""

METRIC_HELP = (
    "A metric; repeat for more. By default all metrics that need no checkpoint; --metric all --metric clap:tiny adds "
    "how well clips fit their prompts."
)
Metrics = Annotated[list[str] | None, typer.Option("--metric", help=METRIC_HELP)]
TableFile = Annotated[Path | None, typer.Option("--out", help="Also write the table: .parquet or .csv.")]


@commands.command(rich_help_panel=MEASURE)
def measure(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Audio files, folders of audio files, or folders of runs.")
    ],
    metrics: Metrics = None,
    out: TableFile = None,
    as_json: Json = False,
) -> None:
    """Measure clips and print the table, one row for each clip.

    A value that is undefined is NaN, with its reason in the last column.
    """
    _check_table_file(out)
    scores = mgeval.measure(paths, metrics=metrics)
    if "channels" in scores and len(scores) and scores["channels"].isna().all():
        raise MgevalError(f"no file could be read; the first: {scores['reason'].iloc[0]}")
    if out is not None:
        _write_table(scores, out)
    if as_json:
        print(scores.to_json(orient="records"))
    else:
        print(_score_table(scores))


def _check_table_file(out: Path | None) -> None:
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise MgevalError(f"--out must end in .parquet or .csv, got '{out}'")


def _write_table(table: pd.DataFrame, out: Path) -> None:
    import io

    import pandas as pd

    from mgeval.files import write_atomic

    buffer = io.BytesIO()
    if out.suffix == ".parquet":
        # Runs that were merged into one store may have numbers and texts in the same column.
        mixed = [name for name in table if pd.api.types.infer_dtype(table[name], skipna=True).startswith("mixed")]
        texts = {str(name): table[name].map(str, na_action="ignore") for name in mixed}
        table.assign(**texts).to_parquet(buffer, index=False)
    else:
        table.to_csv(buffer, index=False)
    write_atomic(out, buffer.getvalue())


def _score_table(scores: pd.DataFrame) -> str:
    """Return a table of scores as text for a terminal: short paths, few digits, reasons last."""
    from mgeval.metrics import columns

    first = "key" if "key" in scores else "path"
    names = columns(scores)
    table = scores[[first, *[c for c in ("channels", "duration") if c in scores], *names, "reason"]].copy()
    if first == "path":
        parents = {str(Path(path).parent) for path in table["path"]}
        table["path"] = [Path(path).name if len(parents) == 1 else path for path in table["path"]]
    if "channels" in table:
        # A file that could not be read has no number of channels; that of the others must not become 2.0.
        table["channels"] = table["channels"].astype("Int64")
    # On a terminal the columns wrap in blocks; in a file or a pipe each clip is one line.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return table.to_string(index=False, float_format="%.2f", na_rep="NaN", line_width=width)


@commands.command(rich_help_panel=COMPARE)
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Folders of runs, or tables that mgeval measure wrote.")
    ],
    by: Annotated[
        str | None, typer.Option("--by", help="The column whose values are compared, if there is one run only.")
    ] = None,
    metrics: Metrics = None,
    out: TableFile = None,
    as_json: Json = False,
) -> None:
    """Compare runs, or the settings of one run: differences, intervals, p values and effect sizes.

    Clips are paired by prompt and seed. Of more than two runs, or values of a setting, each is compared with each.
    """
    import pandas as pd

    _check_table_file(out)
    if (len(runs) == 1) != (by is not None):
        raise MgevalError("compare needs two or more runs, or one run and a column: mgeval compare RUN --by guidance")
    names = [run.name if [other.name for other in runs].count(run.name) == 1 else str(run) for run in runs]
    if len(set(names)) < len(names):
        raise MgevalError(f"{max(names, key=names.count)} is given twice: compare different runs")
    tables = [_scores(run, metrics, by).assign(run=name) for run, name in zip(runs, names, strict=True)]
    table = mgeval.compare(pd.concat(tables, ignore_index=True), by=by or "run")
    if out is not None:
        _write_table(table, out)
    if as_json:
        print(table.to_json(orient="records"))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(table.to_string(index=False, float_format="%.3g", na_rep="NaN", line_width=width))
    if table[["difference", "p"]].isna().all(axis=None):
        # In the table the reasons are far to the right.
        reasons = dict.fromkeys(part for reason in table["reason"] for part in reason.split("; ") if part)
        print("mgeval: nothing could be compared:", "; ".join(reasons), file=sys.stderr)


def check_column(name: str, clips: pd.DataFrame, store: mgeval.Store, metrics: list[str] | None) -> None:
    """Raise if the measured clips will have no such column, before measuring takes minutes."""
    if name in clips.columns:
        return
    columns = mgeval.measure(clips.head(0), store, metrics, progress=False).columns
    if name not in columns:
        raise MetricError(f"the table has no column {name!r}: {nearest(name, columns)}")


def _scores(run: Path, metrics: list[str] | None, by: str | None) -> pd.DataFrame:
    """Return the scores of a run, or of a file that `mgeval measure` wrote."""
    import pandas as pd

    from mgeval.metrics import columns
    from mgeval.stats import split_by

    if run.suffix not in (".parquet", ".csv"):
        store = store_of(run)
        clips = store.table()
        if by is not None:
            check_column(by, clips, store, metrics)
            if by in clips.columns:
                # This also raises if the column has too few or too many values.
                split_by(clips, by)
        return mgeval.measure(clips, store, metrics)
    try:
        table = pd.read_parquet(run) if run.suffix == ".parquet" else pd.read_csv(run, dtype=TEXTS)
    except (ValueError, UnicodeDecodeError) as error:
        raise MgevalError(f"{run}: not a table that mgeval measure wrote ({str(error).splitlines()[0]})") from None
    present = columns(table)
    requested = present if not metrics or "all" in metrics else metrics
    for name in requested:
        if name not in present:
            raise MgevalError(f"{run}: the table has no metric {name!r}: {nearest(name, present)}")
    return table.drop(columns=[name for name in present if name not in requested])
