"""Plot, player, details, similar clips and failures, linked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from mgeval.errors import MetricError
from mgeval.metrics import columns as metric_columns
from mgeval.metrics import described
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
"""Similar clips that are listed."""


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
        The rows that are plotted.
    """

    _esm = bundle("explore")

    other = traitlets.Unicode(None, allow_none=True, help="the key of the clip it is compared with").tag(sync=True)

    def __init__(self, scores: pd.DataFrame, store: Store, fields: dict[str, str | None]) -> None:
        self._clips = Clips(store)
        playing, slow = player_answers(self, self._clips)
        own = {"about": self._about, "findings": self._findings}
        super().__init__(scores, fields, answers={**playing, **own}, slow=(*slow, "findings"))

    def _take_in(self, found: PlotTable) -> None:
        super()._take_in(found)
        self._compared = found, standardised(found.table)

    def _about(self, message: dict, buffers: Sequence) -> Answer:
        found, standard = self._compared
        if message["key"] not in found.keys:
            raise MetricError(f"clip {message['key']!r} is not in the table any more")
        place = found.keys.index(message["key"])
        near = [{"key": found.keys[i], "note": f"{distance:.2f}"} for i, distance in nearest_rows(standard, place)]
        return {"details": details(found.table.iloc[place].to_dict()), "similar": near}, []

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
    """See every clip of a table as a point, hear it with a click, and learn what is known of it.

    Above the plot stand filters by the table's own columns. Beside it are the chosen clip's numbers and the clips that
    are most like it: those of the smallest root mean square difference over the metrics that both have, each metric in
    its standard deviations. Below is the player, and when what went wrong. Drag to zoom, with Shift to draw a lasso;
    `Scatter` and `ClipPlayer` have the keys.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`; controls become dashed lines.
    store : Store
        Where the clips are.
    x, y : str, optional
        Columns; by default two metrics.
    colour, shape : str, optional
        Columns; by default the colours are those of a setting that varies. Shapes are for at most 7 kinds.

    Returns
    -------
    Explorer
        A widget; ``.value`` is the chosen clip's key, ``.selection`` the rows inside the lasso.

    Raises
    ------
    MetricError
        The table has no clips or no such column, holds no metric, or a shape's column has more than 7 kinds.

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
    own = own_clips(scores)
    metrics = [name for name in metric_columns(own.columns) if own[name].notna().any()]
    if own.empty or not metrics:
        raise MetricError("the table holds no clips with a metric: measure(clips, store) makes one that does")
    first = [name for name in ("width", "loudness") if name in metrics] + metrics
    x = x or first[0]
    y = y or next((name for name in first if name != x), x)
    return Explorer(scores, store, {"x": x, "y": y, "colour": colour or _varied(own), "shape": shape})


def _varied(table: pd.DataFrame) -> str | None:
    named = "prompt_id" in table.columns
    return next((name for name in swept(table) if table[name].nunique() <= 7), None) if named else None


def standardised(table: pd.DataFrame) -> np.ndarray:
    """Return metrics as ``(rows, metrics)``: less their mean, by their standard deviation; NaN stays.

    Metrics that are names, that wrap round or that do not vary are left out.
    """
    names = [
        name for name in metric_columns(table.columns) if not (described(name).kind == "name" or described(name).period)
    ]
    values = table[names].to_numpy(float)
    values = np.where(np.isfinite(values), values, np.nan)
    varying = np.array([np.isfinite(one).any() and np.nanmax(one) > np.nanmin(one) for one in values.T], bool)
    values = values[:, varying]
    return (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0) if varying.any() else values


def nearest_rows(standard: np.ndarray, place: int) -> list[tuple[int, float]]:
    """Return the rows most like one, nearest first, with their root mean square difference over what both have."""
    squares = (standard - standard[place]) ** 2
    there = np.isfinite(squares)
    counts = there.sum(axis=1)
    # Rows that share less than half of what this one has say too little.
    enough = counts * 2 > np.isfinite(standard[place]).sum()
    sums = np.where(there, squares, 0).sum(axis=1)
    distance = np.sqrt(np.divide(sums, counts, out=np.full(len(sums), np.inf), where=enough & (counts > 0)))
    distance[place] = np.inf
    order = np.argsort(distance, kind="stable")[:SIMILAR]
    return [(int(i), float(distance[i])) for i in order if np.isfinite(distance[i])]
