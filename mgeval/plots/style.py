"""What all plots share: colours, sizes, labels from names, and text from users made inert."""

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
"""Width of a letter of size `SMALL`, in inches: 0.6 of its height is usual."""

LONGEST_LABEL = 28


def own_axes(ax: Axes | None, height: float = COLUMN[1]) -> Axes:
    """Return the Axes that were given, or those of a new figure of one column's width."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(COLUMN[0], height), dpi=150, layout="constrained")[1]


def own_pair(axes: Sequence[Axes] | None, height: float, **rows: Any) -> tuple[Axes, Axes]:
    """Return the two Axes that were given, or two of a new figure, one above the other."""
    if axes is None:
        import matplotlib.pyplot as plt

        options: dict[str, Any] = {"figsize": (COLUMN[0], height), "dpi": 150, "layout": "constrained"}
        axes = plt.subplots(2, 1, **options, **rows)[1]
    given = list(np.ravel(axes))
    if len(given) != 2:
        raise MetricError(f"the plot needs two Axes, {len(given)} given: plt.subplots(2, 1)[1] makes two")
    return given[0], given[1]


def metric_rows(summary: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """Return a metric's rows of a summary that is grouped by these columns."""
    for column in (*by, "metric", "mean", "lo", "hi"):
        if column not in summary.columns:
            hint, wanted = nearest(column, map(str, summary.columns)), by[0] if len(by) == 1 else list(by)
            raise MetricError(
                f"the summary has no column {column!r}: {hint} (summarise(scores, by={wanted!r}) makes it)"
            )
    rows = summary[summary["metric"] == metric]
    if rows.empty:
        raise MetricError(f"the summary holds no metric {metric!r}: {nearest(metric, summary['metric'].unique())}")
    return rows


def level(value: Any) -> Any:
    """Return a group's value as it can be drawn: numbers as they are, texts short and inert."""
    if value_or_none(value) is None:
        return "(none)"
    if is_number(value):
        return value
    text = " ".join(str(value).split()) or "(empty)"
    text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."
    return inert(text)


def level_names(values: Sequence[Any]) -> list[str]:
    """Return groups' values as labels; long texts that begin alike keep their ends instead."""
    plain_names = [level_name(value) for value in values]
    names, half = list(plain_names), (LONGEST_LABEL - 3) // 2
    for index, value in enumerate(values):
        text = " ".join(str(value).split())
        if plain_names.count(names[index]) > 1 and len(text) > LONGEST_LABEL:
            names[index] = inert(f"{text[:half]}...{text[-half:]}")
    return names


def inert(text: str) -> str:
    """Return a text as it can be drawn.

    Text between two dollars would be drawn as a formula, and a legend leaves out what begins with a line.
    """
    return re.sub("^_", " ", text).replace("$", r"\$")


def level_name(value: Any) -> str:
    """Return a group's value as a label."""
    value = level(value)
    return level_text(value) if is_number(value) else value


def ordered(values: Iterable[Any]) -> list[Any]:
    """Return the different values: numbers ascending, texts as they come."""
    found = distinct_values(values)
    return sorted(found) if all(map(is_number, found)) else found


def words(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ").capitalize().replace("$", r"\$")


def setting_label(name: str) -> str:
    """Return a setting's name with its unit."""
    return f"{words(name)} ({SETTING_UNITS[name]})" if name in SETTING_UNITS else words(name)


def metric_label(name: str) -> str:
    """Return a metric's label with its unit."""
    row = described(name)
    if row is None:
        return words(name)
    # A checkpoint's name may hold dollars, between which matplotlib reads a formula.
    label = row.label.replace("$", r"\$")
    return f"{label} ({row.unit})" if row.unit else label


def plain(ax: Axes, grid: Literal["both", "x", "y", ""] = "y") -> None:
    """Give Axes the look of all plots: two spines, small labels, a pale grid under the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.label.set_fontsize(8)
    ax.yaxis.label.set_fontsize(8)
    if grid:
        ax.grid(axis=grid, color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def titled(ax: Axes, text: str) -> None:
    """Set a small grey title at the left."""
    ax.set_title(text, fontsize=SMALL, color=GREY, loc="left")


def noted(ax: Axes, text: str) -> None:
    """Say in the middle of empty Axes why nothing is drawn, or that all is well."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=SMALL, color=GREY, wrap=True)


def blank(ax: Axes, reason: str) -> None:
    """Leave Axes empty but for the reason."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#cccccc")
    noted(ax, reason)


def legend_above(ax: Axes, title: str | None = None, under: float = 0.2) -> None:
    """Set the legend over the Axes, where it hides no data, in as many columns as fit a column of a paper.

    Parameters
    ----------
    ax : Axes
        Where all data have labels.
    title : str, optional
        What the labels are.
    under : float
        Room to leave between Axes and legend, in the size of its letters.
    """
    from matplotlib.transforms import ScaledTranslation

    lengths = [len(label) for label in ax.get_legend_handles_labels()[1]]
    # About 64 letters fit side by side; a line's sample takes the room of six.
    columns = max(min(64 // (max(lengths, default=0) + 6), len(lengths)), 1)
    letters: dict[str, Any] = {
        "fontsize": 6.5,
        "title_fontsize": 6.5,
        "handlelength": 1.3,
        "handletextpad": 0.5,
        "columnspacing": 1.0,
    }
    raised = ax.transAxes + ScaledTranslation(0, under * 6.5 / 72, ax.figure.dpi_scale_trans)
    places: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1),
        "bbox_transform": raised,
        "borderaxespad": 0,
        "borderpad": 0.1,
    }
    ax.legend(title=title, ncols=columns, frameon=False, alignment="left", **letters, **places)


def colour_bar(drawn: Any, axes: Axes | Sequence[Axes], label: str, **options: Any) -> Any:
    """Add a thin colour bar with small labels."""
    first = axes if not isinstance(axes, (tuple, list)) else axes[0]
    bar = first.figure.colorbar(drawn, ax=axes, aspect=25, pad=0.02, **options)
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL - 1)
    bar.outline.set_visible(False)
    return bar


def diverging(middle: str = "#f2f2f2") -> Colormap:
    """Return blue over a middle colour to vermillion, which colour-blind eyes tell apart."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blue-vermillion", [COLOURS[0], middle, COLOURS[1]])
