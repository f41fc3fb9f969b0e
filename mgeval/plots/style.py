"""What all plots share: colours, sizes, labels from names, and escaping of user text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import described
from mgeval.tables import SETTING_UNITS, distinct_values, is_number, value_or_none
from mgeval.wording import level_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
GREY = "#6b6b6b"
PALE = "#e6e6e6"
COLUMN = (3.4, 2.6)
"""Width and height in inches of a figure for one column of a two-column paper."""

SMALL = 7
LETTER = 0.058
"""Width of a letter of size `SMALL`, in inches: about 0.6 of its height."""

LONGEST_LABEL = 28
"""Letters of a label; longer texts are shortened."""


def axes_or_new(ax: Axes | None, height: float = COLUMN[1]) -> Axes:
    """Return the given Axes, or those of a new figure one column wide."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(COLUMN[0], height), dpi=150, layout="constrained")[1]


def pair_or_new(axes: Sequence[Axes] | None, height: float, **rows: Any) -> tuple[Axes, Axes]:
    """Return the two given Axes, or two of a new figure, one above the other."""
    if axes is None:
        import matplotlib.pyplot as plt

        options: dict[str, Any] = {"figsize": (COLUMN[0], height), "dpi": 150, "layout": "constrained"}
        axes = plt.subplots(2, 1, **options, **rows)[1]
    # One Axes or an array of any shape is accepted too.
    pair = list(np.ravel(np.asarray(axes, dtype=object)))
    if len(pair) != 2:
        raise MetricError(f"the plot needs two Axes, got {len(pair)}: plt.subplots(2, 1)[1] makes two")
    return pair[0], pair[1]


def metric_rows(summary: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """Return the rows of a metric in a summary grouped by these columns; raise if there are none."""
    for column in (*by, "metric", "mean", "lo", "hi"):
        if column not in summary.columns:
            hint, group = nearest(column, map(str, summary.columns)), by[0] if len(by) == 1 else list(by)
            raise MetricError(
                f"the summary has no column {column!r}: {hint} (summarise(scores, by={group!r}) makes it)"
            )
    rows = summary[summary["metric"] == metric]
    if rows.empty:
        raise MetricError(f"the summary has no metric {metric!r}: {nearest(metric, summary['metric'].unique())}")
    return rows


def drawable_level(value: Any) -> Any:
    """Return the value of a group for an axis: numbers unchanged, texts shortened and escaped."""
    if value_or_none(value) is None:
        return "(none)"
    if is_number(value):
        return value
    text = " ".join(str(value).split()) or "(empty)"
    text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."
    return escape_text(text)


def level_names(values: Sequence[Any]) -> list[str]:
    """Return the values of groups as labels; long texts that begin alike are shortened in the middle."""
    cut_at_end = [level_name(value) for value in values]
    names, half = list(cut_at_end), (LONGEST_LABEL - 3) // 2
    for index, value in enumerate(values):
        text = " ".join(str(value).split())
        if cut_at_end.count(names[index]) > 1 and len(text) > LONGEST_LABEL:
            names[index] = escape_text(f"{text[:half]}...{text[-half:]}")
    return names


def escape_text(text: str) -> str:
    """Return a text that matplotlib draws letter for letter.

    It draws text between two dollars as a formula, and leaves labels that begin with an underscore out of a legend.
    """
    return re.sub("^_", " ", text).replace("$", r"\$")


def level_name(value: Any) -> str:
    """Return the value of a group as a label."""
    value = drawable_level(value)
    return level_text(value) if is_number(value) else value


def sort_levels(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values: numbers in ascending order, texts in the order they come."""
    levels = distinct_values(values)
    return sorted(levels) if all(map(is_number, levels)) else levels


def column_label(name: str) -> str:
    """Return the name of a column as words."""
    return name.replace("_", " ").capitalize().replace("$", r"\$")


def setting_label(name: str) -> str:
    """Return the name of a setting with its unit."""
    return f"{column_label(name)} ({SETTING_UNITS[name]})" if name in SETTING_UNITS else column_label(name)


def metric_label(name: str) -> str:
    """Return the label of a metric with its unit."""
    row = described(name)
    if row is None:
        return column_label(name)
    # The name of a checkpoint may have dollars, and matplotlib reads a formula between two of them.
    label = row.label.replace("$", r"\$")
    return f"{label} ({row.unit})" if row.unit else label


def style_axes(ax: Axes, grid: Literal["both", "x", "y", ""] = "y") -> None:
    """Give Axes the style of all plots: two spines, small labels, a pale grid under the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.label.set_fontsize(8)
    ax.yaxis.label.set_fontsize(8)
    if grid:
        ax.grid(axis=grid, color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def set_small_title(ax: Axes, text: str) -> None:
    """Set a small grey title on the left."""
    ax.set_title(text, fontsize=SMALL, color=GREY, loc="left")


def write_note(ax: Axes, text: str) -> None:
    """Write in the middle of empty Axes why nothing is drawn, or that nothing was found."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=SMALL, color=GREY, wrap=True)


def leave_blank(ax: Axes, reason: str) -> None:
    """Leave Axes empty except for the reason."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#cccccc")
    write_note(ax, reason)


def add_legend_above(ax: Axes, title: str | None = None, under: float = 0.2) -> None:
    """Put the legend above the Axes, where it hides no data, in as many columns as fit the width of the figure.

    Parameters
    ----------
    ax : Axes
        Axes whose data have labels.
    title : str, optional
        What the labels stand for.
    under : float
        Distance between Axes and legend, in heights of its letters.
    """
    from matplotlib.transforms import ScaledTranslation

    lengths = [len(label) for label in ax.get_legend_handles_labels()[1]]
    # About 64 letters fit side by side; the sample of a line takes the space of six.
    columns = max(min(64 // (max(lengths, default=0) + 6), len(lengths)), 1)
    letters: dict[str, Any] = {
        "fontsize": 6.5,
        "title_fontsize": 6.5,
        "handlelength": 1.3,
        "handletextpad": 0.5,
        "columnspacing": 1.0,
    }
    raised = ax.transAxes + ScaledTranslation(0, under * 6.5 / 72, ax.figure.dpi_scale_trans)
    position: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1),
        "bbox_transform": raised,
        "borderaxespad": 0,
        "borderpad": 0.1,
    }
    ax.legend(title=title, ncols=columns, frameon=False, alignment="left", **letters, **position)


def add_colour_bar(mappable: Any, axes: Axes | tuple[Axes, ...], label: str, **options: Any) -> Any:
    """Add a thin colour bar with small labels; ``mappable`` is the coloured artist."""
    first = axes[0] if isinstance(axes, tuple) else axes
    bar: Any = first.figure.colorbar(mappable, ax=axes, aspect=25, pad=0.02, **options)
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL - 1)
    bar.outline.set_visible(False)
    return bar


def diverging_colours(middle: str = "#f2f2f2") -> Colormap:
    """Return a colour map from blue over a middle colour to vermillion, which colour-blind readers can tell apart."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blue-vermillion", [COLOURS[0], middle, COLOURS[1]])
