"""Grids of coloured cells: a metric by prompt and setting, failures by kind and setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import described
from mgeval.plots.style import (
    SMALL,
    blank,
    colour_bar,
    diverging,
    level_names,
    metric_label,
    metric_rows,
    ordered,
    own_axes,
    setting_label,
    titled,
    words,
)
from mgeval.tables import SUMMARY, distinct_values, own_clips, require_columns, value_or_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["failure_atlas", "heatmap"]

ROW = 0.21
TALLEST = 8.0
"""Inches: what stays on a page."""

NAMED = 40
"""Rows up to which each has its name."""

NUMBERED = 6
"""Columns up to which the cells bear numbers."""


def heatmap(summary: pd.DataFrame, x: str, metric: str, ax: Axes | None = None, prompt: str = "prompt") -> Axes:
    """Draw a metric's mean for each prompt and each value of a setting.

    Cells bear numbers where there are few columns: the mean, and under it the half-width of its 95 %
    interval over prompts, or the number of clips n where they are of one prompt, which has none. Cells
    without a value are hatched: no clip there, or none for which the metric is defined. Controls are left
    out.

    Parameters
    ----------
    summary : DataFrame
        ``mgeval.summarise(scores, ["prompt", x])``.
    x : str
        The setting, along the horizontal axis; numbers ascend.
    metric : str
        A metric of the summary.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.
    prompt : str
        The column whose values are the rows, in the order of the summary.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The summary does not hold such a column or metric, or is grouped by more.
    """
    rows = own_clips(metric_rows(summary, [prompt, x], metric))
    if more := [c for c in rows.columns if c not in (x, prompt, "control", *SUMMARY)]:
        raise MetricError(f"the summary is grouped by {', '.join(more)} as well: summarise by {prompt} and {x} only")
    names, levels = distinct_values(rows[prompt]), ordered(rows[x])
    values = _grid(rows[prompt], rows[x], rows["mean"], names, levels)
    ax = own_axes(ax, height=_height(len(names)))
    if not np.isfinite(values).any():
        blank(ax, "the metric is defined for none of the clips")
        return ax
    halves = _grid(rows[prompt], rows[x], (rows["hi"] - rows["lo"]) / 2, names, levels)
    counts = _grid(rows[prompt], rows[x], rows["n_clips"], names, levels)
    mesh = _cells(ax, values, metric)
    _noted(ax, values, counts, halves)
    _axes_named(ax, names, levels, x)
    if len(names) > NAMED:
        ax.set_ylabel(f"{len(names)} prompts", fontsize=8)
    colour_bar(mesh, ax, metric_label(metric))
    if not np.isfinite(values).all():
        titled(ax, "hatched: no value")
    return ax


def failure_atlas(found: pd.DataFrame, x: str, ax: Axes | None = None) -> Axes:
    """Draw which failures occur where in a sweep: the share of clips that have each.

    A row for each kind that was flagged in any clip. Shares are of the clips that could be judged for
    the kind, whose number n stands under the share where there are few columns; cells without any are
    hatched.

    Parameters
    ----------
    found : DataFrame
        ``mgeval.failure_table(store)``: one row per clip and finding, with the clip's ``key`` and its
        settings. A clip counts once for a kind, however many findings it has.
    x : str
        The setting, along the horizontal axis; numbers ascend.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

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
    clips = judged.assign(flagged=judged["flagged"].astype(bool)).groupby(["kind", x, "key"], sort=False, dropna=False)
    clips = clips["flagged"].any().reset_index()
    kinds = list(dict.fromkeys(clips["kind"][clips["flagged"]]))
    levels, count = ordered(found[x]), found["key"].nunique()
    ax = own_axes(ax, height=_height(len(kinds)))
    if not kinds:
        blank(
            ax,
            f"no failure found in {count} {'clip' if count == 1 else 'clips'}"
            if len(clips)
            else "no clip could be judged",
        )
        return ax
    shares = clips[clips["kind"].isin(kinds)].groupby(["kind", x], sort=False, dropna=False)["flagged"]
    shares = shares.agg(["mean", "size"]).reset_index()
    values, counts = (_grid(shares["kind"], shares[x], shares[name], kinds, levels) for name in ("mean", "size"))
    mesh = _drawn(ax, 100 * values, cmap="Blues", vmin=0, vmax=100)
    _noted(ax, 100 * values, counts)
    _axes_named(ax, [words(str(kind)) for kind in kinds], levels, x)
    colour_bar(mesh, ax, "clips that have it (%)")
    titled(ax, f"{count} clips; kinds found in none: {found['kind'].nunique() - len(kinds)}")
    return ax


def _height(rows: int) -> float:
    return float(np.clip(1.0 + ROW * rows, 1.7, TALLEST))


def _grid(
    rows: Sequence[Any], columns: Sequence[Any], values: Sequence[float], names: list, levels: list
) -> np.ndarray:
    """Return values by row and column, NaN where there is none."""
    grid = np.full((len(names), len(levels)), np.nan)
    for row, column, value in zip(rows, columns, values, strict=True):
        grid[names.index(value_or_none(row)), levels.index(value_or_none(column))] = value
    return grid


def _cells(ax: Axes, values: np.ndarray, metric: str) -> Any:
    row = described(metric)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if row is not None and row.low == -row.high and np.isfinite(row.high):
        # Around 0 the sign is what matters: left or right, in phase or against it.
        reach = max(-low, high) or 1.0
        return _drawn(ax, values, cmap=diverging(), vmin=-reach, vmax=reach)
    return _drawn(ax, values, cmap="cividis", vmin=low, vmax=high if high > low else low + 1)


def _drawn(ax: Axes, values: np.ndarray, **colours: Any) -> Any:
    """Draw a grid, first row on top, gaps hatched, with numbers where they fit."""
    from matplotlib.patches import Rectangle

    shape = np.arange(values.shape[1] + 1) - 0.5, np.arange(values.shape[0] + 1) - 0.5
    mesh = ax.pcolormesh(*shape, np.ma.masked_invalid(values), edgecolors="white", linewidth=0.5, **colours)
    ax.set_ylim(values.shape[0] - 0.5, -0.5)
    numbered = _numbered(values)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            gap: dict[str, Any] = {"facecolor": "#f5f5f5", "edgecolor": "#b0b0b0", "hatch": "/////", "linewidth": 0}
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **gap))
        elif numbered:
            number = _figures(value, values).replace("-", "\N{MINUS SIGN}")
            ax.text(column, row - 0.18, number, color=_ink(mesh, value), fontsize=5.5, ha="center", va="center")
    return mesh


def _noted(ax: Axes, values: np.ndarray, counts: np.ndarray, halves: np.ndarray | None = None) -> None:
    """Write under each number how sure it is: the half-width of its interval, or how many clips it is of."""
    mesh = ax.collections[0]
    if not _numbered(values):
        return
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        half = np.nan if halves is None else halves[row, column]
        text = f"n {counts[row, column]:.0f}" if np.isnan(half) else f"\N{PLUS-MINUS SIGN}{_figures(half, values)}"
        ax.text(column, row + 0.27, text, color=_ink(mesh, value), fontsize=4.5, ha="center", va="center")


def _numbered(values: np.ndarray) -> bool:
    return values.shape[1] <= NUMBERED and values.shape[0] <= NAMED


def _figures(value: float, values: np.ndarray) -> str:
    digits = 2 if np.nanmax(np.abs(values)) < 10 else 0
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _ink(mesh: Any, value: float) -> str:
    """Return what can be read on a value's colour."""
    return "white" if np.dot(mesh.cmap(mesh.norm(value))[:3], (0.299, 0.587, 0.114)) < 0.55 else "black"


def _axes_named(ax: Axes, names: Sequence[Any], levels: Sequence[Any], x: str) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=SMALL - 1)
    few = len(names) <= NAMED
    ax.set_yticks(range(len(names)) if few else [], level_names(names) if few else [])
    labels = level_names(levels)
    crowded = sum(map(len, labels)) > 20
    ax.set_xticks(range(len(labels)), labels, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    ax.set_xlabel(setting_label(x), fontsize=8)
