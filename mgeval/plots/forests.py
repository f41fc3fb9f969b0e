"""Odds ratios of a failure, as a forest plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.plots.style import (
    COLOURS,
    GREY,
    SMALL,
    axes_or_new,
    column_label,
    leave_blank,
    level_names,
    set_small_title,
    style_axes,
)
from mgeval.tables import distinct_values, require_columns, value_or_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["forest"]

ROW = 0.19
"""Height of a row in inches."""

WIDE = 36
"""Letters of two levels up to which they share a line."""

TALLEST = 7.0
"""Inches: higher figures do not fit a page."""

BOUNDS = (1e-3, 1e3)
"""Ends of the axis: an interval that goes beyond them ends in an arrow."""


def forest(odds: pd.DataFrame, kind: str, ax: Axes | None = None) -> Axes:
    """Draw the odds ratios of a kind of failure with their 95 % intervals, on a logarithmic axis.

    To the right of 1 the level raises the odds, to the left it lowers them. Filled points have intervals without 1.
    Terms without a ratio are grey, with a dash.

    Parameters
    ----------
    odds : DataFrame
        From `mgeval.predict_failure`.
    kind : str
        A kind of failure in the table.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The table lacks a column, or has no such kind.
    """
    source = "predict_failure(failures) makes one"
    require_columns(odds, ("kind", "factor", "level", "reference", "odds_ratio", "lo", "hi", "reason"), source)
    rows = odds[odds["kind"] == kind]
    if rows.empty:
        raise MetricError(f"the table has no failure {kind!r}: {nearest(kind, odds['kind'].unique())}")
    names = _names(rows)
    lines = sum(name.count("\n") + 1 for name in names)
    ax = axes_or_new(ax, height=float(np.clip(0.9 + ROW * lines, 1.4, TALLEST)))
    if rows["odds_ratio"].isna().all():
        leave_blank(ax, f"{column_label(kind)}: {rows['reason'].iloc[0]}")
        return ax
    ax.set_xscale("log")
    ax.axvline(1, color=GREY, linewidth=0.8)
    ends = rows[["lo", "hi"]].to_numpy(float)
    low, high = np.nanmin([*ends[:, 0], 0.5]), np.nanmax([*ends[:, 1], 2])
    ax.set_xlim(max(low / 1.3, BOUNDS[0]), min(high * 1.3, BOUNDS[1]))
    for place, row in enumerate(rows.itertuples()):
        _draw_row(ax, place, row)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), names)
    ax.set_xlabel("odds ratio (95 % interval)")
    style_axes(ax, grid="x")
    for label, undefined in zip(ax.get_yticklabels(), rows["odds_ratio"].isna(), strict=True):
        label.set(fontsize=SMALL - 1, color=GREY if undefined else "black")
    _set_ticks(ax)
    first = rows.iloc[0]
    set_small_title(
        ax, f"{column_label(kind)}: {first['n_failed']} of {first['n_clips']} clips, {first['n_prompts']} prompts"
    )
    return ax


def _draw_row(ax: Axes, place: int, row: Any) -> None:
    if np.isnan(row.odds_ratio):
        ax.text(1, place, "\N{EN DASH}", ha="center", va="center", fontsize=SMALL, color=GREY,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        return
    excludes_one = row.lo > 1 or row.hi < 1
    low, high = ax.get_xlim()
    ax.plot([max(row.lo, low), min(row.hi, high)], [place, place], color=COLOURS[0], linewidth=1.2)
    for beyond, end, marker in ((row.lo < low, low, "<"), (row.hi > high, high, ">")):
        if beyond:
            ax.plot(end, place, marker=marker, markersize=4, color=COLOURS[0], clip_on=False)
    ratio = float(np.clip(row.odds_ratio, low, high))
    ax.plot(
        ratio, place, "o", markersize=4.5, color=COLOURS[0], markerfacecolor=COLOURS[0] if excludes_one else "white"
    )


def _names(rows: pd.DataFrame) -> list[str]:
    texts = distinct_values([*rows["level"], *rows["reference"]])
    # All at once, so that texts that begin alike are shortened in the middle.
    short = dict(zip(texts, level_names(texts), strict=True))
    names = []
    for factor, level, reference in zip(rows["factor"], rows["level"], rows["reference"], strict=True):
        name, baseline = short[value_or_none(level)], short[value_or_none(reference)]
        # Two long names on one line would leave no space for the plot.
        between = " " if len(name) + len(baseline) <= WIDE else "\n"
        pair = f"{name}{between}vs {baseline}"
        # A text usually tells which factor it belongs to; a number never does.
        names.append(pair if isinstance(level, str) else f"{column_label(factor)}: {pair}")
    return names


def _set_ticks(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = ax.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 50 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(subs=steps, numticks=8))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.10g}")
