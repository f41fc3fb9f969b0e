"""The table of means and intervals by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import Metric, columns, metric_of
from mgeval.stats.intervals import Interval, mean_interval, share_interval
from mgeval.tables import CONTROL, SUMMARY

if TYPE_CHECKING:
    import pandas as pd


def summarise(scores: pd.DataFrame, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Summarise scores by group.

    Parameters
    ----------
    scores : DataFrame
        From `measure`.
    by : str or sequence of str, optional
        Columns whose combinations are the groups; without, all clips are one.

    Returns
    -------
    pandas.DataFrame
        One row per group and metric: the group's values, ``metric``, ``mean``, ``lo`` and ``hi``
        (95 % interval of the mean, see `mean_interval`, within the metric's range; of flags
        see `share_interval`), ``n_clips`` that have a value, and ``n_prompts``. Clips of a table without
        ``prompt_id`` each stand for themselves. Groups come in the order of the table. Where the table holds
        controls, ``control`` is one more column to group by: their clips never mix with the model's. Metrics whose
        numbers are names, such as `musical_key`, have no mean and no row.

    Raises
    ------
    MetricError
        No such column, or no metric in the table.
    """
    import pandas as pd

    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    for column in by:
        if column not in scores.columns:
            raise MetricError(f"the table has no column {column!r}: {nearest(column, map(str, scores.columns))}")
        if column in SUMMARY:
            raise MetricError(f"the summary has a column {column!r} of its own: rename that of the table")
    metrics = [name for name in columns(scores.columns) if metric_of(name).kind != "name"]
    if not metrics:
        raise MetricError("the table holds no metric: measure(clips, store) adds them")
    if len(scores) == 0:
        raise MetricError("the table is empty: there is nothing to summarise")
    if CONTROL in scores.columns and scores[CONTROL].notna().any() and CONTROL not in by:
        by = [*by, CONTROL]
    clusters = scores["prompt_id"] if "prompt_id" in scores.columns else pd.Series(range(len(scores)), scores.index)
    groups = scores.groupby(by, sort=False, dropna=False).indices if by else {(): np.arange(len(scores))}
    order = sorted(groups.items(), key=lambda item: item[1][0])
    rows = []
    for group, index in order:
        where = dict(zip(by, group if isinstance(group, tuple) else (group,), strict=True))
        for name in metrics:
            values = scores[name].to_numpy(float)[index]
            mean, lo, hi, n_prompts = _interval(values, clusters.to_numpy()[index], metric_of(name))
            row = {"metric": name, "mean": mean, "lo": lo, "hi": hi}
            rows.append({**where, **row, "n_clips": int((~np.isnan(values)).sum()), "n_prompts": n_prompts})
    return pd.DataFrame(rows)


def _interval(values: np.ndarray, clusters: np.ndarray, metric: Metric) -> Interval:
    if metric.kind == "flag":
        return share_interval(values, clusters)
    found = mean_interval(values, clusters, metric.period)
    if metric.period:
        return found
    # The t interval of a few prompts knows no range; what lies beyond it cannot be the mean.
    return found._replace(lo=np.maximum(found.lo, metric.low), hi=np.minimum(found.hi, metric.high))
