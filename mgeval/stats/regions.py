"""Find the values of a setting at which clips stay as good as at its default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import described
from mgeval.stats.comparisons import varied_settings
from mgeval.stats.intervals import mean_interval, wrap
from mgeval.tables import own_clips

if TYPE_CHECKING:
    import pandas as pd

WORSE, SAFE, OPEN = "worse", "safe", "open"


def safe_region(
    scores: pd.DataFrame, x: str, default: float, tolerance: dict[str, float], paired: Sequence[str] = ()
) -> pd.DataFrame:
    """Test for which values of a setting clips are no worse than at its default.

    For each value, average over prompts the differences to the default, between clips of the same prompt, seed and
    other settings. A value is ``safe`` if its whole 95 % interval is better than the tolerance, ``worse`` if the
    whole interval is beyond it, and ``open`` if the interval contains it: there are too few prompts to decide. This
    is a test of non-inferiority at 2.5 % for each value alone, without correction for their number.
    A metric without a better direction, such as `width`, must stay as it is: it is ``safe`` if the whole interval is
    nearer to 0 than the tolerance, ``worse`` if all of it is farther, on either side (equivalence at 2.5 % per
    side). Changes of circular values, such as `image_angle`, are taken the shorter way round.

    Parameters
    ----------
    scores : DataFrame
        Clips with the setting, ``prompt_id`` and the metrics. Controls are left out.
    x : str
        The setting, a column of numbers.
    default : float
        The value to compare the others with; clips must have it.
    tolerance : dict of str to float
        Metrics, and by how much each may be worse, above 0 in its own unit. For a metric of which less is better,
        and for any column that is not a metric, worse is more; for one without a direction, worse is either.
    paired : sequence of str
        The columns that must agree in a pair besides ``prompt_id`` and ``seed``: the other swept settings.

    Returns
    -------
    pandas.DataFrame
        One row per metric and value, ascending: ``x``'s value, ``metric``, ``mean`` with ``lo`` and ``hi`` of the
        difference (value minus default), ``n_clips`` (pairs), ``n_prompts``, ``tolerance`` and ``verdict``.

    Raises
    ------
    MetricError
        A column does not exist, no clip has the default, a tolerance is not above 0, or several clips of one prompt,
        seed and ``x`` make the pairing ambiguous.
    """
    import pandas as pd

    for column in (x, "prompt_id", *paired, *tolerance):
        if column not in scores.columns:
            raise MetricError(f"the table has no column {column!r}: {nearest(column, map(str, scores.columns))}")
    for metric, allowed in tolerance.items():
        if not allowed > 0:
            raise MetricError(f"the tolerance of {metric!r} must be above 0, got {allowed!r}")
    scores = own_clips(scores).dropna(subset=[x])
    if not (scores[x] == default).any():
        raise MetricError(f"no clip has {x} {default!r}: valid: {', '.join(map(str, sorted(scores[x].unique())))}")
    keys = _keys(scores, x, paired, tolerance)
    default_clips = scores[scores[x] == default]
    rows = []
    for metric, allowed in tolerance.items():
        better, period = _direction(metric)
        for value in sorted(scores[x].unique()):
            pairs = scores[scores[x] == value].merge(default_clips, on=keys, suffixes=("", "_usual"))
            change = wrap(pairs[metric].to_numpy(float) - pairs[f"{metric}_usual"].to_numpy(float), period)
            mean, lo, hi, n_prompts = mean_interval(change, pairs["prompt_id"].to_numpy(), period)
            verdict = SAFE if value == default else _verdict(lo, hi, allowed, better, period)
            rows.append({x: value, "metric": metric, "mean": mean, "lo": lo, "hi": hi,
                         "n_clips": int(np.isfinite(change).sum()), "n_prompts": n_prompts,
                         "tolerance": allowed, "verdict": verdict})  # fmt: skip
    return pd.DataFrame(rows)


def _keys(scores: pd.DataFrame, x: str, paired: Sequence[str], metrics: Iterable[str]) -> list[str]:
    """Return the columns to pair by; raise if several clips with one value of ``x`` agree in all of them."""
    keys = [name for name in ("prompt_id", "seed") if name in scores.columns] + list(paired)
    duplicates = scores[scores.duplicated([x, *keys], keep=False)]
    if duplicates.empty:
        return keys
    several = f"several clips have the same {', '.join([*keys, x])}"
    if settings := varied_settings(duplicates, [x, *keys], list(metrics)):
        raise MetricError(f"{several} and differ in {', '.join(map(repr, settings))}: name the swept ones in paired")
    raise MetricError(f"{several} and the same settings: keep one of them")


def _direction(metric: str) -> tuple[str, float]:
    """Return which direction of a column is better ("lower" if it is not a metric), and its period."""
    row = described(metric)
    return ("lower", 0) if row is None else (row.better, row.period)


def _verdict(lo: float, hi: float, allowed: float, better: str, period: float) -> str:
    if np.isnan(lo):
        return OPEN
    if not better:
        # On a circle, going beyond the tolerance leads round to its other end.
        circle = period or np.inf
        beyond = allowed < lo <= hi < circle - allowed or allowed - circle < lo <= hi < -allowed
        return SAFE if -allowed < lo and hi < allowed else WORSE if beyond else OPEN
    best, worst = (hi, lo) if better == "higher" else (-lo, -hi)
    return SAFE if worst > -allowed else WORSE if best < -allowed else OPEN


def safe_values(region: pd.DataFrame, x: str, default: float) -> tuple[float, float, str]:
    """Return how far the safe values extend around the default, and what ends them.

    Parameters
    ----------
    region : DataFrame
        From `safe_region`.
    x : str
        The setting.
    default : float
        The value to start from, going down and up as long as every metric is safe.

    Returns
    -------
    low, high : float
        The last values that are safe in every metric.
    ends : str
        The next value on either side, with the metrics that are worse or open there.
    """
    verdicts = region.pivot(index=x, columns="metric", values="verdict")
    safe = (verdicts == SAFE).all(axis=1)
    low = _last([value for value in verdicts.index[::-1] if value <= default], safe)
    high = _last([value for value in verdicts.index if value >= default], safe)
    beyond = [_first(verdicts.index[::-1], low, below=True), _first(verdicts.index, high, below=False)]
    return low, high, "; ".join(_ending(x, value, verdicts.loc[value]) for value in beyond if value is not None)


def _last(values: Sequence[float], safe: pd.Series) -> float:
    first_unsafe = next((position for position, value in enumerate(values) if not safe[value]), len(values))
    return values[first_unsafe - 1]


def _first(values: Iterable[float], end: float, below: bool) -> float | None:
    return next((value for value in values if (value < end if below else value > end)), None)


def _ending(x: str, value: float, verdicts: Any) -> str:
    problems = [f"{metric} is {verdict}" for metric, verdict in verdicts.items() if verdict != SAFE]
    return f"at {x} {value:g} {', '.join(problems)}"
