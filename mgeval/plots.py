"""From tables and clips to matplotlib Axes: calm, colour-blind-safe, legible in one column of a paper.

Colours are Okabe and Ito's (2008), which stay apart under every common colour blindness and in grey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import MetricError, nearest
from mgeval.metrics import described, stereo
from mgeval.stats import SUMMARY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
GREY = "#6b6b6b"
COLUMN = (3.4, 2.6)
"""Width and height in inches of a figure for one column of a two-column paper."""

SETTING_UNITS = {"duration": "s", "extend_stride": "s"}
DOTS = 2_000_000
LONG_LABELS = 40
LONGEST_LABEL = 28


def response(summary: pd.DataFrame, x: str, metric: str, ax: Axes | None = None) -> Axes:
    """Draw how a metric responds to what was swept, with 95 % intervals.

    Parameters
    ----------
    summary : DataFrame
        From `mgeval.summarise`, grouped by ``x``, and by at most one column more, which then tells
        the lines apart.
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
        The summary does not hold such a column or metric, or is grouped by more.
    """
    rows = _rows(summary, x, metric)
    others = [c for c in rows.columns if c not in (x, *SUMMARY)]
    if len(others) > 1:
        raise MetricError(f"the summary is grouped by {', '.join(others)} besides {x}: summarise by one of them only")
    ax = _axes(ax)
    rows = rows.assign(**{column: [_level(value) for value in rows[column]] for column in (x, *others)})
    levels = list(dict.fromkeys(rows[x]))
    numeric = all(isinstance(level, (int, float, np.number)) and not isinstance(level, bool) for level in levels)
    if numeric:
        rows = rows.sort_values(x, kind="stable")
    groups = list(rows.groupby(others, sort=False, dropna=False)) if others else [(None, rows)]
    for index, (group, part) in enumerate(groups):
        places = part[x].to_numpy(float) if numeric else np.array([levels.index(level) for level in part[x]], float)
        if not numeric:
            # Beside each other, so that intervals of two groups do not hide one another.
            places = places + (index - (len(groups) - 1) / 2) * 0.8 / max(len(groups), 4)
        label = None if group is None else str(group[0])
        _interval(ax, places, part, index, "-" if numeric else "none", label)
    if not numeric:
        _name_levels(ax, levels)
    elif len(levels) <= 8:
        ax.set_xticks(sorted(levels), [f"{level:.10g}" for level in sorted(levels)])
    ax.set_xlabel(f"{_words(x)} ({SETTING_UNITS[x]})" if x in SETTING_UNITS else _words(x))
    ax.set_ylabel(_metric_label(metric))
    _frame(ax, metric, rows)
    if others:
        ax.legend(title=_words(others[0]), frameon=False, fontsize=7, title_fontsize=7)
    return ax


def _rows(summary: pd.DataFrame, x: str, metric: str) -> pd.DataFrame:
    for column in (x, "metric", "mean", "lo", "hi"):
        if column not in summary.columns:
            hint = nearest(column, map(str, summary.columns))
            raise MetricError(f"the summary has no column {column!r}: {hint} (summarise(scores, by={x!r}) makes it)")
    rows = summary[summary["metric"] == metric]
    if rows.empty:
        raise MetricError(f"the summary holds no metric {metric!r}: {nearest(metric, summary['metric'].unique())}")
    return rows


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=COLUMN, dpi=150, layout="constrained")[1]


def _level(value: Any) -> Any:
    """Return a group's value as it can be drawn: numbers as they are, texts short and inert."""
    if value is None or value != value:
        return "(none)"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return value
    text = " ".join(str(value).split()) or "(empty)"
    text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."
    # Text between two dollars would be drawn as a formula, and a legend leaves out what begins with a line.
    return re.sub("^_", " ", text).replace("$", r"\$")


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


def _name_levels(ax: Axes, levels: Sequence[Any]) -> None:
    names = [str(level) for level in levels]
    crowded = sum(map(len, names)) > LONG_LABELS
    ax.set_xticks(range(len(names)), names, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    ax.set_xlim(-0.6, len(names) - 0.4)


def _frame(ax: Axes, metric: str, rows: pd.DataFrame) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=7)
    ax.xaxis.label.set_size(8)
    ax.yaxis.label.set_size(8)
    ax.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    if "n_prompts" in rows:
        low, high = int(rows["n_prompts"].min()), int(rows["n_prompts"].max())
        count = f"{high}" if low == high else f"{low} to {high}"
        ax.set_title(f"mean and 95 % interval, {count} prompts each", fontsize=7, color=GREY, loc="left")


def _metric_label(name: str) -> str:
    row = described(name)
    if row is None:
        return _words(name)
    # A checkpoint's name may hold dollars, between which matplotlib reads a formula.
    label = row.label.replace("$", r"\$")
    return f"{label} ({row.unit})" if row.unit not in ("", "flag") else label


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def vectorscope(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the stereo image of a clip as a vectorscope shows it.

    Left and right are turned by 45 degrees: a mono signal stands upright, a source on the left leans
    left, antiphase lies flat, and independent channels fill a ball. The brightness of a place is how
    often the signal is there (logarithmic); the scale is the clip's own largest mid or side.

    Parameters
    ----------
    audio : Audio
        The clip; of one longer than 2,000,000 samples as many, drawn at random by a fixed seed.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = _axes(ax)
    left, right = audio.samples if audio.channels == 2 else np.repeat(audio.samples, 2, axis=0)
    side, mid = (right - left) / 2, (left + right) / 2
    reach = max(float(np.abs(side).max()), float(np.abs(mid).max()), 1e-9)
    if side.size > DOTS:
        # At random: every n-th sample of a steady tone would be the same few points.
        chosen = np.random.default_rng(0).integers(side.size, size=DOTS)
        side, mid = side[chosen], mid[chosen]
    counts, _, _ = np.histogram2d(mid / reach, side / reach, bins=160, range=[[-1, 1], [-1, 1]])
    ax.plot([-1, 1, np.nan, -1, 1], [1, -1, np.nan, -1, 1], color=COLOURS[5], linewidth=0.6, zorder=0)
    # Empty places are left out: a source that is wholly left lies on the guide line and must cover it.
    density = np.ma.masked_equal(np.log1p(counts), 0)
    shown = {"origin": "lower", "extent": (-1, 1, -1, 1), "interpolation": "nearest", "zorder": 1}
    ax.imshow(density, cmap="Greys", vmin=-0.3 * density.max(), **shown)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    for x, y, text, place in ((-0.97, 0.8, "L", "left"), (0.97, 0.8, "R", "right")):
        ax.text(x, y, text, ha=place, fontsize=8, color=COLOURS[0])
    ax.set_xlabel("side", fontsize=7, color=GREY)
    ax.set_ylabel("mid", fontsize=7, color=GREY)
    ax.spines[:].set_color("#cccccc")
    ax.set_title(_scope_title(audio), fontsize=7, color=GREY)
    return ax


def _scope_title(audio: Audio) -> str:
    if audio.channels == 1:
        return "mono clip"
    value = stereo.correlation(audio.samples)
    return value.reason if np.isnan(value) else f"correlation {value:.2f}"
