"""The tables of mgeval: the names of their columns, and the functions that everything which reads tables uses.

A plan has a row for each clip to generate, a table of clips adds the outcome of generating it, scores add a column for
each metric, and a summary has a row for each group and metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, nearest

if TYPE_CHECKING:
    import pandas as pd

CONTROL = "control"
"""Column with the kind of control of a row; missing for the model's own clips."""

EMBEDDER = ("embedder", "embedder_recipe")
"""Columns with the checkpoint that embedded the clips, and with its preprocessing."""

OUTCOME = (
    *("path", "status", "error", "n_samples", "rate", "channels", "peak", "gain"),
    *("traceback", "started", "elapsed", "slots", "halved", "seams"),
    *("device", "dtype", "hardware", "threads", "versions"),
)
"""The columns that `run` adds to those of a plan."""

NO_SETTING = {"key", "revision", "prompt_id", "prompt", "seed", "reason", *EMBEDDER, CONTROL, *OUTCOME}
"""Columns that are not settings: they identify a clip or describe how it was generated (metrics are not included)."""

SUMMARY = ("metric", "mean", "lo", "hi", "n_clips", "n_prompts")
"""The columns that a summary adds to those it is grouped by."""

ANSWERS = ("a", "b", "same")
"""The answers of a listener who compares two clips."""

GAP = "(none)"
"""The level of clips without a value of a factor."""

SETTING_UNITS = {"duration": "s", "extend_stride": "s"}
"""Units of the settings that have one."""


def require_columns(table: pd.DataFrame, columns: Iterable[str], source: str) -> None:
    """Raise `MetricError` if the table lacks a column; ``source`` names the call that returns such a table."""
    for column in columns:
        if column not in table.columns:
            raise MetricError(
                f"the table has no column {column!r}: {nearest(column, map(str, table.columns))} ({source})"
            )


def own_clips(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of clips without its controls."""
    return table[table[CONTROL].isna()] if CONTROL in table.columns else table


def done_clips(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of finished clips; raise `MetricError` if there are none."""
    clips = table[table["status"] == "done"] if "status" in table.columns else table
    if clips.empty:
        raise MetricError("the table has no finished clip")
    return clips


def prompt_texts(table: pd.DataFrame) -> list[str]:
    """Return the prompts of a table of clips; an empty prompt that a file turned into NaN becomes '' again."""
    prompts = table["prompt"] if "prompt" in table.columns else [""] * len(table)
    return [prompt if isinstance(prompt, str) else "" for prompt in prompts]


def cluster_numbers(clusters: Any) -> tuple[np.ndarray, int]:
    """Return the number of each clip's prompt, and how many prompts there are.

    A clip without a prompt, such as a file among the clips of a run, is a cluster of its own.
    """
    import pandas as pd

    index, names = pd.factorize(np.asarray(clusters, dtype=object))
    missing = index < 0
    index[missing] = len(names) + np.arange(missing.sum())
    return index, len(names) + int(missing.sum())


def prompt_numbers(clips: pd.DataFrame) -> np.ndarray:
    """Return the number of each row's prompt; in a table without prompts every row is a cluster of its own."""
    if "prompt_id" not in clips.columns:
        return np.arange(len(clips))
    return cluster_numbers(clips["prompt_id"])[0]


def group_columns(clips: pd.DataFrame, by: str | Sequence[str] | None, reserved: Sequence[str]) -> list[str]:
    """Return the columns to group by: those in ``by``, and the column of controls if the table has controls.

    Parameters
    ----------
    clips : DataFrame
        The table to group.
    by : str or sequence of str, optional
        The requested columns.
    reserved : sequence of str
        The columns that the result adds, which cannot be used as groups.

    Returns
    -------
    list of str

    Raises
    ------
    MetricError
        The table lacks a column, or the result has a column of this name.
    """
    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    for column in by:
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: {nearest(column, map(str, clips.columns))}")
        if column in reserved:
            raise MetricError(f"the result has a column {column!r} of its own: rename the column of the table")
    if CONTROL in clips.columns and clips[CONTROL].notna().any() and CONTROL not in by:
        by = [*by, CONTROL]
    return by


def group_rows(clips: pd.DataFrame, by: list[str]) -> list[tuple[dict[str, Any], np.ndarray]]:
    """Return the values of each group and the positions of its rows, in the order of the table."""
    groups: Any = clips.groupby(by, sort=False, dropna=False).indices if by else {(): np.arange(len(clips))}
    order = sorted(groups.items(), key=lambda item: item[1][0])
    return [(dict(zip(by, g if isinstance(g, tuple) else (g,), strict=True)), index) for g, index in order]


def is_number(value: Any) -> bool:
    """Return whether a value of a group belongs on a numeric axis."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def value_or_none(value: Any) -> Any:
    """Return a value; None instead of any NaN, because a NaN does not equal itself."""
    import pandas as pd

    # Comparing the NA of pandas gives NA again, so it needs its own check.
    return None if value is None or value is pd.NA or value != value else value


def distinct_values(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in order of appearance; all missing values count as one None."""
    return list(dict.fromkeys(map(value_or_none, values)))
