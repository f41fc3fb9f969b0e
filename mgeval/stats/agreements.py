"""Rank correlation between metrics."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import metric_of
from mgeval.stats.factors import check_metrics
from mgeval.stats.intervals import LEVEL, index_by_prompt
from mgeval.tables import own_clips

if TYPE_CHECKING:
    import pandas as pd

AGREEMENT = ("a", "b", "rho", "lo", "hi", "n_clips", "n_prompts", "reason")
MIN_PROMPTS = 5
"""Fewest prompts for an interval."""


class Agreement(NamedTuple):
    """Spearman's rank correlation and its 95 % interval."""

    rho: float
    lo: float
    hi: float
    n_clips: int
    n_prompts: int
    reason: str = ""


def agreement(scores: pd.DataFrame, metrics: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Correlate the ranks that metrics give to clips; with ``|rho|`` near 1, two metrics are redundant.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`; controls are left out. Without ``prompt_id``, each clip counts as its own prompt.
    metrics : str or sequence of str, optional
        Two or more; by default all. Circular metrics, such as `image_angle`, have no order and are left out.

    Returns
    -------
    pandas.DataFrame
        A row for each pair of metrics, ``a`` and ``b``, strongest correlation first: ``rho``, ``lo`` and ``hi`` (95 %
        interval over prompts), ``n_clips`` with a value of both, ``n_prompts``, and ``reason``. See
        `rank_correlation`.

    Raises
    ------
    MetricError
        A metric does not exist, or there are fewer than two.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"prompt_id": range(6), "width": range(6), "side_mid_db": [-40, -30, -9, -6, -3, 0]})
    >>> float(agreement(scores)["rho"][0].round(9))
    1.0
    """
    import pandas as pd

    scores = own_clips(scores)
    names = [name for name in check_metrics(scores.columns, metrics) if not metric_of(name).period]
    if len(names) < 2:
        raise MetricError(f"agreement needs at least two metrics with an order, got {len(names)}")
    prompts = (scores["prompt_id"] if "prompt_id" in scores.columns else pd.Series(range(len(scores)))).to_numpy()
    values = {name: scores[name].to_numpy(float) for name in names}
    rows: list[dict[str, Any]] = []
    for a, b in itertools.combinations(names, 2):
        rows.append({"a": a, "b": b, **rank_correlation(values[a], values[b], prompts)._asdict()})
    table = pd.DataFrame(rows, columns=AGREEMENT)
    return table.iloc[np.argsort(-table["rho"].abs().fillna(-1).to_numpy(), kind="stable")].reset_index(drop=True)


def rank_correlation(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> Agreement:
    """Return Spearman's rank correlation over clips, with its 95 % interval over prompts.

    ``rho`` is the correlation of the ranks, ties at their mean (Spearman 1904). Its standard error is that of the
    sums of its influence function over prompts, including how each clip moves the ranks of the others; the interval
    is Student's on Fisher's scale (``artanh``).

    Parameters
    ----------
    x, y : array_like of float
        One value per clip, ``(clips,)``; clips with NaN are left out.
    clusters : array_like
        The prompt of each clip, ``(clips,)``.

    Returns
    -------
    Agreement
        ``rho``, ``lo``, ``hi`` in -1..1; NaN with a reason if ``x`` or ``y`` is constant; ``lo`` and ``hi`` are also
        NaN below 5 prompts. For a ``rho`` of -1 or 1 the interval is that point.

    Raises
    ------
    MetricError
        The three do not have the same length.
    """
    from scipy.stats import t

    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.shape != y.shape:
        raise MetricError(f"x and y must have the same shape, got {x.shape} and {y.shape}")
    missing = np.isnan(x) | np.isnan(y)
    _, index, n = index_by_prompt(np.where(missing, np.nan, x), clusters)
    x, y, clips = x[~missing], y[~missing], int((~missing).sum())
    if clips < 2 or x.min() == x.max() or y.min() == y.max():
        reason = "fewer than two clips have both" if clips < 2 else "one of the two is the same for all clips"
        return Agreement(np.nan, np.nan, np.nan, clips, n, reason)
    u, v = _centred_ranks(x), _centred_ranks(y)
    vu, vv = np.mean(u * u), np.mean(v * v)
    rho = float(np.clip(np.mean(u * v) / np.sqrt(vu * vv), -1, 1))
    if n < MIN_PROMPTS:
        return Agreement(rho, np.nan, np.nan, clips, n, f"an interval needs {MIN_PROMPTS} prompts")
    if 1 - abs(rho) < 1e-12:
        return Agreement(rho, rho, rho, clips, n)
    joint = u * v + _weight_above(x, v) + _weight_above(y, u)
    marginal = (u * u + 2 * _weight_above(x, u)) / vu + (v * v + 2 * _weight_above(y, v)) / vv
    # An influence function has mean 0: the centring below drops the constant terms of the products.
    influence = joint / np.sqrt(vu * vv) - rho / 2 * marginal
    sums = np.bincount(index, influence - influence.mean()) / clips
    standard_error = np.sqrt(n / (n - 1) * np.sum(sums**2))
    half_width = t.ppf((1 + LEVEL) / 2, n - 1) * standard_error / (1 - rho**2)
    lo, hi = np.tanh(np.arctanh(rho) + np.array([-half_width, half_width]))
    return Agreement(rho, float(lo), float(hi), clips, n)


def _centred_ranks(x: np.ndarray) -> np.ndarray:
    """Return each value's rank, scaled to -0.5 to 0.5; ties get their mean rank."""
    from scipy.stats import rankdata

    return (rankdata(x) - 0.5) / len(x) - 0.5


def _weight_above(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return for each value the mean weight of all larger values, ties half: its effect on their ranks."""
    order = np.argsort(x, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    lower, upper = (np.searchsorted(x[order], x, side) for side in ("left", "right"))
    return (total[-1] - (total[lower] + total[upper]) / 2) / len(x)
