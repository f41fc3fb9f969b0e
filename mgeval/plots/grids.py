"""Grids of coloured cells: a metric by prompt and setting, failures by kind and setting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import described
from mgeval.plots.style import (
    SMALL,
    add_colour_bar,
    axes_or_new,
    column_label,
    diverging_colours,
    leave_blank,
    level_names,
    metric_label,
    metric_rows,
    set_small_title,
    setting_label,
    sort_levels,
)
from mgeval.tables import SUMMARY, distinct_values, own_clips, require_columns, value_or_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["failure_atlas", "heatmap"]

ROW = 0.21
TALLEST = 8.0
"""Inches: higher figures do not fit a page."""

NAMED = 40
"""Rows up to which each has a label."""

NUMBERED = 6
"""Columns up to which the cells show numbers."""


def heatmap(summary: pd.DataFrame, x: str, metric: str, ax: Axes | None = None, prompt: str = "prompt") -> Axes:
    """Draw a metric's mean for each prompt and each value of a setting.

    With few columns, cells show numbers: the mean, and under it the half-width of its 95 % interval
    over prompts, or the number of clips n if they are of one prompt and there is no interval. Cells
    without a value are hatched: they have no clip, or none for which the metric is defined. Controls are
    left out.

    Parameters
    ----------
    summary : DataFrame
        ``mgeval.summarise(scores, ["prompt", x])``.
    x : str
        The setting on the horizontal axis; numbers ascend.
    metric : str
        A metric of the summary.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.
    prompt : str
        The column whose values are the rows, in the order of the summary.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The summary has no such column or metric, or is grouped by more columns.
    """
    rows = own_clips(metric_rows(summary, [prompt, x], metric))
    if more := [c for c in rows.columns if c not in (x, prompt, "control", *SUMMARY)]:
        raise MetricError(f"the summary is also grouped by {', '.join(more)}: summarise by {prompt} and {x} only")
    names, levels = distinct_values(rows[prompt]), sort_levels(rows[x])
    values = _grid(rows[prompt], rows[x], rows["mean"], names, levels)
    ax = axes_or_new(ax, height=_height(len(names)))
    if not np.isfinite(values).any():
        leave_blank(ax, "the metric is defined for none of the clips")
        return ax
    halves = _grid(rows[prompt], rows[x], (rows["hi"] - rows["lo"]) / 2, names, levels)
    counts = _grid(rows[prompt], rows[x], rows["n_clips"], names, levels)
    mesh = _draw_metric_cells(ax, values, metric)
    _write_uncertainty(ax, values, counts, halves)
    _label_axes(ax, names, levels, x)
    if len(names) > NAMED:
        ax.set_ylabel(f"{len(names)} prompts", fontsize=8)
    add_colour_bar(mesh, ax, metric_label(metric))
    if not np.isfinite(values).all():
        set_small_title(ax, "hatched: no value")
    return ax


def failure_atlas(found: pd.DataFrame, x: str, ax: Axes | None = None) -> Axes:
    """Draw where in a sweep each failure occurs: the share of clips that have it.

    There is a row for each kind that was flagged in any clip. Shares are of the clips that could be
    judged for the kind; with few columns, their number n is under the share. Cells without such clips
    are hatched.

    Parameters
    ----------
    found : DataFrame
        ``mgeval.failure_table(store)``: one row per clip and finding, with the clip's ``key`` and its
        settings. A clip counts once for a kind, even with several findings.
    x : str
        The setting on the horizontal axis; numbers ascend.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The table lacks a column.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from mgeval.metrics.signal import failures
    >>> loudness = {"quiet": 0.0, "loud": 0.1}
    >>> clips = {key: level * np.random.default_rng(0).standard_normal((2, 32000)) for key, level in loudness.items()}
    >>> tables = [failures(x, 32000).assign(key=key, level=loudness[key]) for key, x in clips.items()]
    >>> ax = failure_atlas(pd.concat(tables), "level")
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['0', '0.1']
    """
    source = "failure_table(store) makes one"
    require_columns(found, ("key", "kind", "flagged", "score", x), source)
    found = own_clips(found)
    judged = found[found["score"].notna() | found["flagged"].astype(bool)]
    findings = judged.assign(flagged=judged["flagged"].astype(bool))
    by_clip = findings.groupby(["kind", x, "key"], sort=False, dropna=False)
    clips = by_clip["flagged"].any().reset_index()
    kinds = list(dict.fromkeys(clips["kind"][clips["flagged"]]))
    levels, count = sort_levels(found[x]), found["key"].nunique()
    ax = axes_or_new(ax, height=_height(len(kinds)))
    if not kinds:
        none_found = f"no failure found in {count} {'clip' if count == 1 else 'clips'}"
        leave_blank(ax, none_found if len(clips) else "no clip could be judged")
        return ax
    by_cell = clips[clips["kind"].isin(kinds)].groupby(["kind", x], sort=False, dropna=False)
    shares = by_cell["flagged"].agg(["mean", "size"]).reset_index()
    values, counts = (_grid(shares["kind"], shares[x], shares[name], kinds, levels) for name in ("mean", "size"))
    mesh = _draw_cells(ax, 100 * values, cmap="Blues", vmin=0, vmax=100)
    _write_uncertainty(ax, 100 * values, counts)
    _label_axes(ax, [column_label(str(kind)) for kind in kinds], levels, x)
    add_colour_bar(mesh, ax, "clips that have it (%)")
    set_small_title(ax, f"{count} clips; kinds found in none: {found['kind'].nunique() - len(kinds)}")
    return ax


def _height(rows: int) -> float:
    return float(np.clip(1.0 + ROW * rows, 1.7, TALLEST))


def _grid(
    rows: Iterable[Any], columns: Iterable[Any], values: Iterable[float], names: list, levels: list
) -> np.ndarray:
    """Return values by row and column, NaN for gaps."""
    grid = np.full((len(names), len(levels)), np.nan)
    for row, column, value in zip(rows, columns, values, strict=True):
        grid[names.index(value_or_none(row)), levels.index(value_or_none(column))] = value
    return grid


def _draw_metric_cells(ax: Axes, values: np.ndarray, metric: str) -> Any:
    row = described(metric)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if row is not None and row.low == -row.high and np.isfinite(row.high):
        # The sign matters: left or right, in phase or in antiphase.
        reach = max(-low, high) or 1.0
        return _draw_cells(ax, values, cmap=diverging_colours(), vmin=-reach, vmax=reach)
    return _draw_cells(ax, values, cmap="cividis", vmin=low, vmax=high if high > low else low + 1)


def _draw_cells(ax: Axes, values: np.ndarray, **colours: Any) -> Any:
    """Draw a grid with the first row on top, hatched gaps, and numbers if they fit."""
    from matplotlib.patches import Rectangle

    shape = np.arange(values.shape[1] + 1) - 0.5, np.arange(values.shape[0] + 1) - 0.5
    mesh = ax.pcolormesh(*shape, values, edgecolors="white", linewidth=0.5, **colours)
    ax.set_ylim(values.shape[0] - 0.5, -0.5)
    with_numbers = _fits_numbers(values)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            gap: dict[str, Any] = {"facecolor": "#f5f5f5", "edgecolor": "#b0b0b0", "hatch": "/////", "linewidth": 0}
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **gap))
        elif with_numbers:
            number = _rounded(value, values).replace("-", "\N{MINUS SIGN}")
            ax.text(column, row - 0.18, number, color=_text_colour(mesh, value), fontsize=5.5, ha="center", va="center")
    return mesh


def _write_uncertainty(ax: Axes, values: np.ndarray, counts: np.ndarray, halves: np.ndarray | None = None) -> None:
    """Write under each number the half-width of its interval, or the number of its clips."""
    mesh = ax.collections[0]
    if not _fits_numbers(values):
        return
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        half = np.nan if halves is None else halves[row, column]
        text = f"n {counts[row, column]:.0f}" if np.isnan(half) else f"\N{PLUS-MINUS SIGN}{_rounded(half, values)}"
        ax.text(column, row + 0.27, text, color=_text_colour(mesh, value), fontsize=4.5, ha="center", va="center")


def _fits_numbers(values: np.ndarray) -> bool:
    return values.shape[1] <= NUMBERED and values.shape[0] <= NAMED


def _rounded(value: float, values: np.ndarray) -> str:
    digits = 2 if np.nanmax(np.abs(values)) < 10 else 0
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _text_colour(mesh: Any, value: float) -> str:
    """Return the colour of text that is legible on the colour of a value."""
    return "white" if np.dot(mesh.cmap(mesh.norm(value))[:3], (0.299, 0.587, 0.114)) < 0.55 else "black"


def _label_axes(ax: Axes, names: Sequence[Any], levels: Sequence[Any], x: str) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=SMALL - 1)
    few = len(names) <= NAMED
    ax.set_yticks(range(len(names)) if few else [], level_names(names) if few else [])
    labels = level_names(levels)
    crowded = sum(map(len, labels)) > 20
    ax.set_xticks(range(len(labels)), labels, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    ax.set_xlabel(setting_label(x), fontsize=8)
