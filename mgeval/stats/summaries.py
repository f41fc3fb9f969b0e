"""Means and intervals of scores by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import Metric, columns, metric_of
from mgeval.stats.intervals import Interval, mean_interval, share_interval
from mgeval.tables import SUMMARY, group_columns, group_rows

if TYPE_CHECKING:
    import pandas as pd


def summarise(scores: pd.DataFrame, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Summarise scores by group.

    Parameters
    ----------
    scores : DataFrame
        From `measure`.
    by : str or sequence of str, optional
        Columns whose combinations form the groups; by default all clips are one group.

    Returns
    -------
    pandas.DataFrame
        One row per group and metric: the group's values, ``metric``, ``mean``, ``lo`` and ``hi`` (95 % interval of
        the mean, see `mean_interval`, limited to the metric's range; for flags see `share_interval`), ``n_clips``
        with a value, and ``n_prompts``. Without ``prompt_id``, each clip counts as its own prompt. Groups are in
        the order of the table. If the table holds controls, it is also grouped by ``control``, so that they never
        mix with the model's clips. Categorical metrics, such as `musical_key`, have no mean and no row.

    Raises
    ------
    MetricError
        A column does not exist, or the table holds no metric.
    """
    import pandas as pd

    by = group_columns(scores, by, SUMMARY)
    metrics = [name for name in columns(scores.columns) if metric_of(name).kind != "name"]
    if not metrics:
        raise MetricError("the table holds no metric: measure(clips, store) adds them")
    if len(scores) == 0:
        raise MetricError("the table is empty: there is nothing to summarise")
    clusters = (scores["prompt_id"] if "prompt_id" in scores.columns else pd.Series(range(len(scores)))).to_numpy()
    rows = []
    for group, index in group_rows(scores, by):
        for name in metrics:
            values = scores[name].to_numpy(float)[index]
            mean, lo, hi, n_prompts = _interval(values, clusters[index], metric_of(name))
            row = {"metric": name, "mean": mean, "lo": lo, "hi": hi}
            rows.append({**group, **row, "n_clips": int((~np.isnan(values)).sum()), "n_prompts": n_prompts})
    return pd.DataFrame(rows)


def _interval(values: np.ndarray, clusters: np.ndarray, metric: Metric) -> Interval:
    if metric.kind == "flag":
        return share_interval(values, clusters)
    interval = mean_interval(values, clusters, metric.period)
    if metric.period:
        return interval
    # The t interval of a few prompts can pass the metric's range, where the mean cannot be.
    return interval._replace(lo=np.maximum(interval.lo, metric.low), hi=np.minimum(interval.hi, metric.high))
