"""Shares of clips beside those expected by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.plots.style import (
    COLOURS,
    COLUMN,
    GREY,
    MARKERS,
    add_legend_above,
    axes_or_new,
    column_label,
    level_name,
    level_names,
    set_small_title,
    style_axes,
    write_note,
)
from mgeval.tables import distinct_values, require_columns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["adherence"]

ROW = 0.24
AROUND = 0.75
"""Inches above and below the rows."""

LINE = 2.0
"""Height of the title, in heights of the letters of the legend."""


def adherence(table: pd.DataFrame, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how often clips have what their prompts claim, with 95 % intervals and chance levels.

    A short grey line marks chance: an interval that includes it does not show that the model follows the claim. Claims
    for which no clip could be judged have a name and no point.

    Parameters
    ----------
    table : DataFrame
        From `mgeval.adherence`.
    by : str, optional
        The column the table is grouped by; its groups are below each other, each with its chance.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The table lacks a column.
    """
    require_columns(table, ["claim", "met", "lo", "hi", "chance", *([by] if by else [])], "adherence(store) makes one")
    claims = list(dict.fromkeys(table["claim"]))
    groups = distinct_values(table[by]) if by else [None]
    labels: list[str | None] = [*level_names(groups)] if by else [None]
    ax = axes_or_new(ax, height=max(AROUND + ROW * len(claims) * (0.6 + 0.4 * len(groups)), COLUMN[1] / 2))
    for index, (group, label) in enumerate(zip(groups, labels, strict=True)):
        rows = table if not by else table[table[by].isna() if group is None else table[by] == group]
        places = np.array([claims.index(name) for name in rows["claim"]], float)
        places += (index - (len(groups) - 1) / 2) * 0.7 / max(len(groups), 2)
        met, lo, hi, chance = (100 * rows[column].to_numpy(float) for column in ("met", "lo", "hi", "chance"))
        options: dict[str, Any] = {
            "color": COLOURS[index % len(COLOURS)],
            "marker": MARKERS[index % len(MARKERS)],
            "label": label,
        }
        ax.errorbar(met, places, xerr=np.maximum([met - lo, hi - met], 0), linestyle="none", markersize=4,
                    elinewidth=1, capsize=2, **options)  # fmt: skip
        ax.vlines(chance, places - 0.2, places + 0.2, color=GREY, linewidth=1.6, zorder=1.5)
    ax.set_yticks(range(len(claims)), [level_name(claim) for claim in claims])
    ax.set_ylim(len(claims) - 0.4, -0.6)
    ax.set_xlim(-3, 103)
    ax.set_xlabel("clips that have what their prompt claims (%)")
    style_axes(ax, grid="x")
    set_small_title(ax, "share and 95 % interval over prompts; grey: chance")
    if table["met"].isna().all():
        write_note(ax, "no clip could be judged")
    if by:
        add_legend_above(ax, title=column_label(by), under=LINE)
    return ax
