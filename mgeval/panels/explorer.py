"""A plot of clips, linked with a player, details, similar clips and failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from mgeval.errors import MetricError
from mgeval.metrics import columns as metric_columns
from mgeval.metrics import metric_of
from mgeval.panels.bundle import bundle
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer
from mgeval.panels.player import player_answers
from mgeval.panels.scatter import Plot
from mgeval.panels.tables import PlotTable, details
from mgeval.runs import Store
from mgeval.stats import swept
from mgeval.tables import own_clips, require_columns

if TYPE_CHECKING:
    import pandas as pd

SIMILAR = 8
"""Similar clips in the list."""


class Explorer(Plot):
    """The widget that `explore` returns.

    Attributes
    ----------
    value : str or None
        The key of the chosen clip; set it, or observe it.
    other : str or None
        The key of the clip it is compared with.
    selection : DataFrame
        The selected rows; set it, or observe it.
    table : DataFrame
        The plotted rows.
    """

    _esm = bundle("explore")

    other = traitlets.Unicode(None, allow_none=True, help="the key of the clip it is compared with").tag(sync=True)

    def __init__(self, scores: pd.DataFrame, store: Store, fields: dict[str, str | None]) -> None:
        self._clips = Clips(store)
        playing, slow = player_answers(self, self._clips)
        answers = {**playing, "about": self._about, "findings": self._findings}
        super().__init__(scores, fields, answers=answers, slow=(*slow, "findings"))

    def _set_table(self, plotted: PlotTable) -> None:
        super()._set_table(plotted)
        self._compared = plotted, standardise(plotted.table)

    def _about(self, message: dict, buffers: Sequence) -> Answer:
        plotted, standard = self._compared
        if message["key"] not in plotted.keys:
            raise MetricError(f"clip {message['key']!r} is no longer in the table")
        row = plotted.keys.index(message["key"])
        similar = [{"key": plotted.keys[i], "note": f"{distance:.2f}"} for i, distance in nearest_rows(standard, row)]
        return {"details": details(plotted.table.iloc[row].to_dict()), "similar": similar}, []

    def _findings(self, message: dict, buffers: Sequence) -> Answer:
        return {"findings": self._clips.findings(message["key"])}, []


def explore(
    scores: pd.DataFrame,
    store: Store,
    x: str | None = None,
    y: str | None = None,
    colour: str | None = None,
    shape: str | None = None,
) -> Explorer:
    """Plot every clip of a table as a point, play it with a click, and see its details.

    Above the plot are filters by the columns of the table. Beside it are the numbers of the chosen clip and the most
    similar clips: those with the smallest root mean square difference over the metrics that both have, each metric in
    units of its standard deviation. Below are the player and the failures of the clip over time. Drag to zoom, with
    Shift to draw a lasso; `Scatter` and `ClipPlayer` list the keys.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`; controls become dashed lines.
    store : Store
        The source of the clips.
    x, y : str, optional
        Columns; by default two metrics.
    colour, shape : str, optional
        Columns; the default colours are those of a setting that varies. A shape needs at most 7 distinct values.

    Returns
    -------
    Explorer
        A widget; ``.value`` is the chosen clip's key, ``.selection`` the rows inside the lasso.

    Raises
    ------
    MetricError
        The table has no clips, no metric or no such column, or the column of shapes has more than 7 distinct values.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> store = mg.Store(tempfile.mkdtemp())
    >>> clips = mg.run(mg.Sweep("synth", ["calm piano"], {"duration": 1}).plan(), store, progress=False)
    >>> scores = mg.measure(clips, store, ["width", "loudness"], progress=False)
    >>> explore(scores, store).x
    'width'
    """
    require_columns(scores, ["key"], "measure(clips, store) makes such a table")
    clips = own_clips(scores)
    metrics = [name for name in metric_columns(clips.columns) if clips[name].notna().any()]
    if clips.empty or not metrics:
        raise MetricError("the table has no clips with a metric: measure(clips, store) returns such a table")
    first = [name for name in ("width", "loudness") if name in metrics] + metrics
    x = x or first[0]
    y = y or next((name for name in first if name != x), x)
    return Explorer(scores, store, {"x": x, "y": y, "colour": colour or _colour_column(clips), "shape": shape})


def _colour_column(table: pd.DataFrame) -> str | None:
    if "prompt_id" not in table.columns:
        return None
    return next((name for name in swept(table) if table[name].nunique() <= 7), None)


def standardise(table: pd.DataFrame) -> np.ndarray:
    """Return metrics as ``(rows, metrics)``, minus their mean and divided by their standard deviation; NaN stays.

    Metrics that are names, that are periodic or that do not vary are left out.
    """
    names = [
        name for name in metric_columns(table.columns) if not (metric_of(name).kind == "name" or metric_of(name).period)
    ]
    values = table[names].to_numpy(float)
    values = np.where(np.isfinite(values), values, np.nan)
    varying = np.array(
        [np.isfinite(column).any() and np.nanmax(column) > np.nanmin(column) for column in values.T], bool
    )
    values = values[:, varying]
    return (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0) if varying.any() else values


def nearest_rows(standard: np.ndarray, row: int) -> list[tuple[int, float]]:
    """Return the rows nearest to a row, with their root mean square difference over the metrics that both have."""
    squares = (standard - standard[row]) ** 2
    shared = np.isfinite(squares)
    counts = shared.sum(axis=1)
    # Rows that share less than half of the metrics of this row are not comparable.
    enough = counts * 2 > np.isfinite(standard[row]).sum()
    sums = np.where(shared, squares, 0).sum(axis=1)
    distance = np.sqrt(np.divide(sums, counts, out=np.full(len(sums), np.inf), where=enough & (counts > 0)))
    distance[row] = np.inf
    order = np.argsort(distance, kind="stable")[:SIMILAR]
    return [(int(i), float(distance[i])) for i in order if np.isfinite(distance[i])]
