"""A metric against what was swept."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import described
from mgeval.plots.style import (
    COLOURS,
    GREY,
    LETTER,
    MARKERS,
    SMALL,
    legend_above,
    level,
    level_names,
    metric_label,
    metric_rows,
    noted,
    own_axes,
    plain,
    setting_label,
    titled,
    words,
)
from mgeval.tables import CONTROL, SUMMARY, distinct_values, is_number, value_or_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["response"]

LINE = 2.0
"""Height of the title in the size of the legend's letters."""

APART = 0.075
"""Distance that the names of controls keep, as a share of the axis."""


def response(summary: pd.DataFrame, x: str, metric: str, ax: Axes | None = None) -> Axes:
    """Draw how a metric responds to what was swept, with 95 % intervals.

    Controls are drawn as horizontal lines, named at the right: the mean over the rows of one kind, each
    weighted by its prompts, within a band from the lowest to the highest end of their intervals. A
    control for which the metric is undefined has no line.

    Parameters
    ----------
    summary : DataFrame
        From `mgeval.summarise`, grouped by ``x``, and by at most one column more, which then tells
        the lines apart; the column ``control`` does not count.
    x : str
        The column on the horizontal axis; numbers make a line, texts a row of points.
    metric : str
        A metric of the summary.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The summary does not hold such a column or metric, is grouped by more, or holds controls only.
    """
    rows, held = _parted(metric_rows(summary, [x], metric), x)
    others = [c for c in rows.columns if c not in (x, *SUMMARY)]
    if len(others) > 1:
        raise MetricError(f"the summary is grouped by {', '.join(others)} besides {x}: summarise by one of them only")
    ax = own_axes(ax)
    # Levels are told apart by their values: the short names of two long texts can be the same.
    levels = distinct_values(rows[x])
    numeric = all(map(is_number, levels))
    if numeric:
        rows = rows.sort_values(x, kind="stable")
    groups = list(rows.groupby(others, sort=False, dropna=False)) if others else [((None,), rows)]
    labels = level_names([key[0] for key, _ in groups]) if others else [None]
    for index, (label, (_, part)) in enumerate(zip(labels, groups, strict=True)):
        places = (
            part[x].to_numpy(float) if numeric else np.array([levels.index(value_or_none(v)) for v in part[x]], float)
        )
        if not numeric:
            # Beside each other, so that intervals of two groups do not hide one another.
            places = places + (index - (len(groups) - 1) / 2) * 0.8 / max(len(groups), 4)
        _interval(ax, places, part, index, "-" if numeric else "none", label)
    if not numeric:
        _name_levels(ax, level_names(levels))
        _name_gaps(ax, [all(rows.loc[[value_or_none(v) == one for v in rows[x]], "mean"].isna()) for one in levels])
    elif len(levels) <= 8:
        ax.set_xticks(sorted(levels), [f"{place:.10g}" for place in sorted(levels)])
    ax.set_xlabel(setting_label(x))
    ax.set_ylabel(metric_label(metric))
    plain(ax)
    if rows["mean"].isna().all():
        noted(ax, "the metric is defined for none of the clips")
        if held.empty:
            # Nothing is there that numbers at the axis could measure.
            ax.set_yticks([])
    _counted(ax, rows)
    _controls(ax, held, metric)
    if others:
        legend_above(ax, title=words(others[0]), under=LINE)
    return ax


def _parted(rows: pd.DataFrame, x: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the model's own clips and those of controls."""
    if CONTROL not in rows.columns or x == CONTROL:
        return rows, rows.iloc[:0].assign(**{CONTROL: None})
    own = rows[CONTROL].isna()
    if not own.any():
        raise MetricError("the summary holds controls only: measure the model's own clips with them")
    return rows[own].drop(columns=CONTROL), rows[~own]


def _interval(ax: Axes, places: np.ndarray, part: pd.DataFrame, index: int, line: str, label: str | None) -> None:
    mean, lo, hi = (part[column].to_numpy(float) for column in ("mean", "lo", "hi"))
    ax.errorbar(
        places,
        mean,
        yerr=np.maximum([mean - lo, hi - mean], 0),
        label=label,
        linestyle=line,
        color=COLOURS[index % len(COLOURS)],
        marker=MARKERS[index % len(MARKERS)],
        markersize=4,
        linewidth=1.2,
        elinewidth=1,
        capsize=2,
    )


def _name_levels(ax: Axes, names: Sequence[str]) -> None:
    place = ax.get_window_extent().width / ax.figure.dpi / (len(names) + 0.2)
    # Two names that stand beside each other reach half their lengths towards one another.
    crowded = any(LETTER * ((len(a) + len(b)) / 2 + 1) > place for a, b in itertools.pairwise(names))
    ax.set_xticks(range(len(names)), names, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    ax.set_xlim(-0.6, len(names) - 0.4)


def _name_gaps(ax: Axes, undefined: Sequence[bool]) -> None:
    """Say that nothing stands at a level because nothing is defined there."""
    for place in np.flatnonzero(undefined if not all(undefined) else []):
        across = ax.get_xaxis_transform()
        ax.text(place, 0.03, "undefined", rotation=90, ha="center", fontsize=SMALL - 1, color=GREY, transform=across)


def _counted(ax: Axes, rows: pd.DataFrame) -> None:
    if "n_prompts" in rows:
        low, high = int(rows["n_prompts"].min()), int(rows["n_prompts"].max())
        count = f"{high}" if low == high else f"{low} to {high}"
        titled(ax, f"mean and 95 % interval, {count} {'prompt' if count == '1' else 'prompts'} each")


def _controls(ax: Axes, held: pd.DataFrame, metric: str) -> None:
    pooled = {kind: _pooled(part, metric) for kind, part in held.groupby(CONTROL, sort=False)}
    found = {kind: values for kind, values in pooled.items() if values is not None}
    for mean, lo, hi in found.values():
        ax.axhspan(lo, hi, color=GREY, alpha=0.15, linewidth=0, zorder=0.5)
        ax.axhline(mean, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0.6)
    bottom, top = ax.get_ylim()
    kinds = sorted(found, key=lambda kind: found[kind][0])
    heights = np.array([(found[kind][0] - bottom) / (top - bottom) for kind in kinds])
    inches = ax.get_window_extent().height / ax.figure.dpi
    for kind, height, place in zip(kinds, heights, _spread(heights), strict=True):
        # Bound to the value, and moved from there by points: the name follows when the limits change.
        where: dict[str, Any] = {"xy": (1, found[kind][0]), "xycoords": ("axes fraction", "data")}
        away: dict[str, Any] = {"xytext": (3, 72 * inches * (place - height)), "textcoords": "offset points"}
        ax.annotate(str(level(kind)), **where, **away, va="center", fontsize=6.5, color=GREY)


def _pooled(part: pd.DataFrame, metric: str) -> tuple[float, float, float] | None:
    """Return mean, lowest and highest end over a control's rows; None where it is undefined."""
    part = part[part["mean"].notna()]
    if part.empty:
        return None
    mean, lo, hi = (part[column].to_numpy(float) for column in ("mean", "lo", "hi"))
    row = described(metric)
    if row is not None and row.period:
        # Counted from the first, so that what lies on both sides of the wrap is not averaged to its opposite.
        turn = row.period * np.round((mean - mean[0]) / row.period)
        mean, lo, hi = mean - turn, lo - turn, hi - turn
    weights = part["n_prompts"].to_numpy(float) if "n_prompts" in part else None
    centre = float(np.average(mean, weights=weights))
    return centre, float(np.nanmin([centre, *lo])), float(np.nanmax([centre, *hi]))


def _spread(heights: np.ndarray) -> np.ndarray:
    """Move ascending heights apart until no two are nearer than `APART`, as little and as evenly as that takes."""
    steps = APART * np.arange(len(heights))
    # Least squares under an order: neighbours that clash are pooled at their mean, until none does.
    pools: list[list[float]] = []
    for value in heights - steps:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    return np.array([np.mean(pool) for pool in pools for _ in pool]) + steps
