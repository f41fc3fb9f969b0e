"""Statistics of tables of scores. The prompt is the unit: seeds of one prompt are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import columns, described
from mgeval.store import CONTROL

if TYPE_CHECKING:
    import pandas as pd

BOOTSTRAP_FROM = 20
"""Prompts from which on the interval is a bootstrap; below, its percentiles cover too little."""

RESAMPLES = 2_000
SUMMARY = ("metric", "mean", "lo", "hi", "n_clips", "n_prompts")
"""The columns that a summary adds to those it is grouped by."""
LEVEL = 0.95


def mean_interval(values: np.ndarray, clusters: np.ndarray, period: float = 0) -> tuple[float, float, float, int]:
    """Return a mean over prompts and its 95 % interval.

    The mean is that of the prompts' own means: every prompt counts once, however many of its clips
    could be measured. From 20 prompts on the interval is the percentile bootstrap over prompts
    (2,000 resamples, seeded); below, the t interval on the prompts' means.

    Parameters
    ----------
    values : array_like of float
        One per clip, ``(clips,)``; NaN are left out.
    clusters : array_like
        The prompt of each clip, ``(clips,)``.
    period : float
        Where values wrap round, the distance after which they repeat: the mean of 89 and -89 degrees
        of an axis (period 180) is 90, not 0. ``lo`` and ``hi`` may then pass the wrap.

    Returns
    -------
    mean, lo, hi : float
        NaN where there is nothing to average; ``lo`` and ``hi`` are NaN with a single prompt.
    n_prompts : int
        Prompts with at least one value.
    """
    import pandas as pd

    values = np.asarray(values, float)
    there = ~np.isnan(values)
    index, names = pd.factorize(np.asarray(clusters, dtype=object)[there], use_na_sentinel=False)
    if len(names) == 0:
        return np.nan, np.nan, np.nan, 0
    values = values[there]
    centre = _axis(values, period) if period else 0.0
    # Relative to the axis nothing wraps any more, unless the values point everywhere.
    values = _wrapped(values - centre, period)
    means = np.bincount(index, values) / np.bincount(index)
    mean, lo, hi = _interval(means)
    return float(_wrapped(centre + mean, period)), centre + lo, centre + hi, len(names)


def _axis(values: np.ndarray, period: float) -> float:
    turns = np.exp(2j * np.pi * values / period)
    return float(np.angle(turns.mean()) * period / (2 * np.pi))


def _wrapped(value: np.ndarray | float, period: float) -> np.ndarray | float:
    """Bring values into (-period/2, period/2]."""
    return period / 2 - (period / 2 - value) % period if period else value


def _interval(means: np.ndarray) -> tuple[float, float, float]:
    from scipy.stats import t

    n, mean = len(means), float(means.mean())
    if n == 1:
        return mean, np.nan, np.nan
    if n < BOOTSTRAP_FROM:
        half = float(t.ppf((1 + LEVEL) / 2, n - 1) * means.std(ddof=1) / np.sqrt(n))
        return mean, mean - half, mean + half
    lo, hi = np.quantile(_draws(n) @ means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(lo), float(hi)


@lru_cache(maxsize=2)
def _draws(n: int) -> np.ndarray:
    """Return how often each of n prompts is drawn, as weights ``(resamples, n)``: the same for all metrics."""
    from scipy.sparse import csr_array

    drawn = np.random.default_rng(0).integers(n, size=(RESAMPLES, n), dtype=np.int32)
    rows = np.arange(0, RESAMPLES * n + 1, n)
    return csr_array((np.full(drawn.size, 1 / n), drawn.ravel(), rows), shape=(RESAMPLES, n))


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
        come in the order of the table. Where the table holds controls, ``control`` is one more column
        to group by: their clips never mix with the model's. Metrics whose numbers are names, such as
        `musical_key`, have no mean and no row.

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
    metrics = [name for name in columns(scores.columns) if not described(name).nominal]
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
            mean, lo, hi, n_prompts = mean_interval(values, clusters.to_numpy()[index], described(name).period)
            row = {"metric": name, "mean": mean, "lo": lo, "hi": hi}
            rows.append({**where, **row, "n_clips": int((~np.isnan(values)).sum()), "n_prompts": n_prompts})
    return pd.DataFrame(rows)
