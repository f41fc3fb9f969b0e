"""A metric against a setting that was swept."""

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
    add_legend_above,
    axes_or_new,
    column_label,
    drawable_level,
    level_names,
    metric_label,
    metric_rows,
    set_small_title,
    setting_label,
    style_axes,
    write_note,
)
from mgeval.tables import CONTROL, SUMMARY, distinct_values, is_number, value_or_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["response"]

LINE = 2.0
"""Height of the title, in heights of the letters of the legend."""

APART = 0.075
"""Least distance between the names of two controls, as a share of the axis."""


def response(summary: pd.DataFrame, x: str, metric: str, ax: Axes | None = None) -> Axes:
    """Draw how a metric responds to a setting, with 95 % intervals.

    Controls are horizontal lines with their names on the right: the mean over the rows of one kind, each
    weighted by its number of prompts, in a band from the lowest to the highest end of their intervals. A
    control has no line if the metric is undefined for it.

    Parameters
    ----------
    summary : DataFrame
        From `mgeval.summarise`, grouped by ``x`` and at most one more column, which has a line for each
        of its values; the column ``control`` does not count.
    x : str
        The column on the horizontal axis: a line for numbers, separate points for texts.
    metric : str
        A metric of the summary.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The summary has no such column or metric, is grouped by more columns, or has only controls.
    """
    rows, controls = _split_controls(metric_rows(summary, [x], metric), x)
    others = [c for c in rows.columns if c not in (x, *SUMMARY)]
    if len(others) > 1:
        raise MetricError(f"the summary is grouped by {', '.join(others)} besides {x}: summarise by only one of them")
    ax = axes_or_new(ax)
    # By value: the shortened names of two long texts can be the same.
    levels = distinct_values(rows[x])
    numeric = all(map(is_number, levels))
    if numeric:
        rows = rows.sort_values(x, kind="stable")
    groups = list(rows.groupby(others, sort=False, dropna=False)) if others else [((None,), rows)]
    labels: list[str | None] = [*level_names([key[0] for key, _ in groups])] if others else [None]
    for index, (label, (_, part)) in enumerate(zip(labels, groups, strict=True)):
        places = (
            part[x].to_numpy(float) if numeric else np.array([levels.index(value_or_none(v)) for v in part[x]], float)
        )
        if not numeric:
            # Side by side, so that the intervals of two groups do not hide each other.
            places = places + (index - (len(groups) - 1) / 2) * 0.8 / max(len(groups), 4)
        _draw_intervals(ax, places, part, index, "-" if numeric else "none", label)
    if not numeric:
        _label_levels(ax, level_names(levels))
        _mark_undefined(
            ax, [all(rows.loc[[value_or_none(v) == level for v in rows[x]], "mean"].isna()) for level in levels]
        )
    elif len(levels) <= 8:
        ax.set_xticks(sorted(levels), [f"{place:.10g}" for place in sorted(levels)])
    ax.set_xlabel(setting_label(x))
    ax.set_ylabel(metric_label(metric))
    style_axes(ax)
    if rows["mean"].isna().all():
        write_note(ax, "the metric is defined for none of the clips")
        if controls.empty:
            # Without any data the numbers on the axis mean nothing.
            ax.set_yticks([])
    _write_count(ax, rows)
    _draw_controls(ax, controls, metric)
    if others:
        add_legend_above(ax, title=column_label(others[0]), under=LINE)
    return ax


def _split_controls(rows: pd.DataFrame, x: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of clips and the rows of controls."""
    if CONTROL not in rows.columns or x == CONTROL:
        return rows, rows.iloc[:0].assign(**{CONTROL: None})
    clips = rows[CONTROL].isna()
    if not clips.any():
        raise MetricError("the summary has only controls: measure the clips of the model with them")
    return rows[clips].drop(columns=CONTROL), rows[~clips]


def _draw_intervals(ax: Axes, places: np.ndarray, part: pd.DataFrame, index: int, line: str, label: str | None) -> None:
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


def _label_levels(ax: Axes, names: Sequence[str]) -> None:
    place = ax.get_window_extent().width / ax.figure.dpi / (len(names) + 0.2)
    # Two adjacent names each extend half their length towards the other.
    crowded = any(LETTER * ((len(a) + len(b)) / 2 + 1) > place for a, b in itertools.pairwise(names))
    ax.set_xticks(range(len(names)), names, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    ax.set_xlim(-0.6, len(names) - 0.4)


def _mark_undefined(ax: Axes, undefined: Sequence[bool]) -> None:
    """Write at each level without a defined value that the metric is undefined there."""
    for place in np.flatnonzero(undefined if not all(undefined) else []):
        across = ax.get_xaxis_transform()
        ax.text(place, 0.03, "undefined", rotation=90, ha="center", fontsize=SMALL - 1, color=GREY, transform=across)


def _write_count(ax: Axes, rows: pd.DataFrame) -> None:
    if "n_prompts" in rows:
        low, high = int(rows["n_prompts"].min()), int(rows["n_prompts"].max())
        count = f"{high}" if low == high else f"{low} to {high}"
        set_small_title(ax, f"mean and 95 % interval, {count} {'prompt' if count == '1' else 'prompts'} each")


def _draw_controls(ax: Axes, controls: pd.DataFrame, metric: str) -> None:
    pooled = {kind: _pooled(part, metric) for kind, part in controls.groupby(CONTROL, sort=False)}
    lines = {kind: values for kind, values in pooled.items() if values is not None}
    for mean, lo, hi in lines.values():
        ax.axhspan(lo, hi, color=GREY, alpha=0.15, linewidth=0, zorder=0.5)
        ax.axhline(mean, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0.6)
    bottom, top = ax.get_ylim()
    kinds = sorted(lines, key=lambda kind: lines[kind][0])
    heights = np.array([(lines[kind][0] - bottom) / (top - bottom) for kind in kinds])
    inches = ax.get_window_extent().height / ax.figure.dpi
    for kind, height, place in zip(kinds, heights, _spread_apart(heights), strict=True):
        # Anchored at the value with an offset in points, so that the name follows when the limits change.
        anchor: dict[str, Any] = {"xy": (1, lines[kind][0]), "xycoords": ("axes fraction", "data")}
        offset: dict[str, Any] = {"xytext": (3, 72 * inches * (place - height)), "textcoords": "offset points"}
        ax.annotate(str(drawable_level(kind)), **anchor, **offset, va="center", fontsize=6.5, color=GREY)


def _pooled(part: pd.DataFrame, metric: str) -> tuple[float, float, float] | None:
    """Return the mean and the lowest and highest end over the rows of a control; None if it is undefined."""
    part = part[part["mean"].notna()]
    if part.empty:
        return None
    mean, lo, hi = (part[column].to_numpy(float) for column in ("mean", "lo", "hi"))
    row = described(metric)
    if row is not None and row.period:
        # Relative to the first, so that values on both sides of the wrap do not average to the opposite side.
        turn = row.period * np.round((mean - mean[0]) / row.period)
        mean, lo, hi = mean - turn, lo - turn, hi - turn
    weights = part["n_prompts"].to_numpy(float) if "n_prompts" in part else None
    centre = float(np.average(mean, weights=weights))
    return centre, float(np.nanmin([centre, *lo])), float(np.nanmax([centre, *hi]))


def _spread_apart(heights: np.ndarray) -> np.ndarray:
    """Move ascending heights apart by the least squares until no two are closer than `APART`."""
    steps = APART * np.arange(len(heights))
    # Isotonic regression: neighbours that violate the order are pooled at their mean until none does.
    pools: list[list[float]] = []
    for value in heights - steps:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    return np.array([np.mean(pool) for pool in pools for _ in pool]) + steps
