"""The factors that were varied in a table of clips, and the metrics and columns asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mgeval.errors import MetricError, nearest
from mgeval.metrics import columns, described, metric_of
from mgeval.tables import NO_SETTING, own_clips

if TYPE_CHECKING:
    import pandas as pd

LEVELS = 24
"""Most distinct values of a column to group by."""

NO_PROMPT = "the table has no column 'prompt_id': the statistics are over prompts"


def swept(scores: pd.DataFrame) -> list[str]:
    """Return the columns of a table of clips that were varied and can be grouped by.

    These are models, prompt attributes and settings with 2 to 24 distinct values, in the table's order. An
    attribute with another value for each prompt is an identifier, not a factor.

    Raises
    ------
    MetricError
        The table has no column ``prompt_id``.
    """
    if "prompt_id" not in scores.columns:
        raise MetricError(NO_PROMPT)
    scores = own_clips(scores)
    by_prompt = scores.groupby("prompt_id")
    identifiers = {
        column
        for column in scores.columns
        if scores[column].nunique() == by_prompt.ngroups and by_prompt[column].nunique().max() == 1
    }
    skip = NO_SETTING | identifiers | set(columns(scores.columns))
    return [column for column in scores.columns if column not in skip and 2 <= scores[column].nunique() <= LEVELS]


def check_metrics(table: Iterable[str], metrics: str | Sequence[str] | None) -> list[str]:
    """Return the metrics asked for, by default all that have a mean; raise `MetricError` if there are none."""
    present = [name for name in columns(table) if metric_of(name).kind != "name"]
    if metrics is None:
        if not present:
            raise MetricError("the table holds no metric: measure(clips, store) adds them")
        return present
    requested = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in requested:
        if name in present:
            continue
        if (row := described(name)) is not None and row.kind == "name":
            raise MetricError(f"{name!r} is categorical: its numbers have no mean and no order")
        raise MetricError(f"the table holds no metric {name!r}: {nearest(name, present)}")
    if not requested:
        raise MetricError("metrics is empty: give at least one, or leave it out for all")
    return list(dict.fromkeys(requested))


def check_factors(table: pd.DataFrame, factors: str | Sequence[str] | None) -> list[str]:
    """Return the factors asked for, by default all that were varied; raise `MetricError` if there are none."""
    if "prompt_id" not in table.columns:
        raise MetricError(NO_PROMPT)
    if len(table) == 0:
        raise MetricError("the table is empty: there is nothing to explain")
    if factors is None:
        factors = swept(table)
        if not factors:
            raise MetricError("nothing was varied in this table: give the columns as factors")
    factors = [factors] if isinstance(factors, str) else list(factors)
    for name in factors:
        if name not in table.columns:
            raise MetricError(f"the table has no column {name!r}: {nearest(name, map(str, table.columns))}")
    return list(dict.fromkeys(factors))
