"""Statistics of tables of scores. The prompt is the unit: seeds of one prompt are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

BOOTSTRAP_FROM = 20
"""Prompts from which on the interval is a bootstrap; below, its percentiles cover too little."""

RESAMPLES = 10_000
LEVEL = 0.95


def mean_interval(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float, float, int]:
    """Return a mean over prompts and its 95 % interval.

    The mean is that of the prompts' own means: every prompt counts once, however many of its clips
    could be measured. From 20 prompts on the interval is the percentile bootstrap over prompts
    (10,000 resamples, seeded); below, the t interval on the prompts' means.

    Parameters
    ----------
    values : array_like of float
        One per clip, ``(clips,)``; NaN are left out.
    clusters : array_like
        The prompt of each clip, ``(clips,)``.

    Returns
    -------
    mean, lo, hi : float
        NaN where there is nothing to average; ``lo`` and ``hi`` are NaN with a single prompt.
    n_prompts : int
        Prompts with at least one value.
    """
    from scipy.stats import t

    values = np.asarray(values, float)
    there = ~np.isnan(values)
    _, index = np.unique(np.asarray(clusters)[there], return_inverse=True)
    n = int(index.max()) + 1 if index.size else 0
    if n == 0:
        return np.nan, np.nan, np.nan, 0
    means = np.bincount(index, values[there]) / np.bincount(index)
    mean = float(means.mean())
    if n == 1:
        return mean, np.nan, np.nan, 1
    if n < BOOTSTRAP_FROM:
        half = float(t.ppf((1 + LEVEL) / 2, n - 1) * means.std(ddof=1) / np.sqrt(n))
        return mean, mean - half, mean + half, n
    lo, hi = np.quantile(_resampled(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(lo), float(hi), n


def _resampled(means: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    # In blocks, so that memory stays flat for thousands of prompts.
    block = max(1_000_000 // len(means), 1)
    sizes = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
    return np.concatenate([means[rng.integers(len(means), size=(size, len(means)))].mean(axis=1) for size in sizes])


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
        (95 % interval of the mean, see `mean_interval`), ``n_clips`` that have a value, and
        ``n_prompts``. Clips of a table without ``prompt_id`` each stand for themselves. Groups
        come in the order of the table.

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
    metrics = [name for name in METRICS if name in scores.columns]
    if not metrics:
        raise MetricError("the table holds no metric: measure(clips, store) adds them")
    if len(scores) == 0:
        raise MetricError("the table is empty: there is nothing to summarise")
    clusters = scores["prompt_id"] if "prompt_id" in scores.columns else pd.Series(range(len(scores)), scores.index)
    groups = scores.groupby(by, sort=False, dropna=False).indices if by else {(): np.arange(len(scores))}
    order = sorted(groups.items(), key=lambda item: item[1][0])
    rows = []
    for group, index in order:
        where = dict(zip(by, group if isinstance(group, tuple) else (group,), strict=True))
        for name in metrics:
            values = scores[name].to_numpy(float)[index]
            mean, lo, hi, n_prompts = mean_interval(values, clusters.to_numpy()[index])
            row = {"metric": name, "mean": mean, "lo": lo, "hi": hi}
            rows.append({**where, **row, "n_clips": int((~np.isnan(values)).sum()), "n_prompts": n_prompts})
    return pd.DataFrame(rows)
