"""A plot of two columns of a table in which a row can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from mgeval.errors import MetricError, nearest
from mgeval.panels.bundle import bundle
from mgeval.panels.panel import Answer, Panel
from mgeval.panels.tables import PlotTable, keys_of, plot_table

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("x", "y", "colour", "shape")

SHAPES = 7
"""Distinct shapes."""


class Plot(Panel):
    """The common base of `Scatter`, `Explorer` and `SweepBuilder`: a table, the plotted columns, the chosen row.

    Parameters
    ----------
    table : DataFrame
        One row per clip; controls become lines.
    fields : mapping of str to str or None
        The columns for ``x``, ``y``, ``colour`` and ``shape``.
    interval : pair of str, optional
        Columns with the lower and upper end of a bar at each point, along ``y``.
    answers, slow, **traits
        See `Panel`.
    """

    value = traitlets.Unicode(None, allow_none=True, help="the chosen row's key").tag(sync=True)
    x = traitlets.Unicode(help="the column on the horizontal axis").tag(sync=True)
    y = traitlets.Unicode(help="the column on the vertical axis").tag(sync=True)
    colour = traitlets.Unicode("", help="the column of the colours, or ''").tag(sync=True)
    shape = traitlets.Unicode("", help="the column of the shapes, or ''").tag(sync=True)
    selection = traitlets.Any(help="the selected rows")

    _chosen = "value"
    """The trait with the key of the chosen row."""

    def __init__(
        self,
        table: pd.DataFrame,
        fields: dict[str, str | None],
        interval: tuple[str, str] | None = None,
        answers: Mapping[str, Callable[[dict, Sequence], Answer]] | None = None,
        slow: Sequence[str] = (),
        **traits: Any,
    ) -> None:
        self._interval = interval
        self._set_table(plot_table(table))
        for name in fields.values():
            self._check(name)
        self._check_shape(fields["shape"])
        plot_answers = {"table": self._table, "choose": self._choose, "select": self._select, "fields": self._fields}
        traits |= {role: name or "" for role, name in fields.items()}
        super().__init__({**plot_answers, **(answers or {})}, ("choose", "select", "fields", *slow), **traits)
        self.selection = self.table.iloc[:0]

    @property
    def table(self) -> pd.DataFrame:
        """The rows that are plotted."""
        return self._plotted.table

    def _set_table(self, plotted: PlotTable) -> None:
        for name in self._interval or ():
            _check_column(name, plotted.columns)
        # One assignment: the page may ask on another thread at any time.
        self._plotted = plotted

    def update(self, table: pd.DataFrame) -> None:
        """Show another table, such as one with new rows; can be called on any thread.

        The chosen and the selected rows stay if the new table has them, and so does a zoomed view. If the new table
        lacks a plotted column, its first column is plotted instead, without colours or shapes.

        Parameters
        ----------
        table : DataFrame
            Like the first table.

        Raises
        ------
        MetricError
            The table lacks a column with the ends of the bars.
        """
        plotted = plot_table(table)
        self._set_table(plotted)
        for role in ROLES:
            if getattr(self, role) not in plotted.columns:
                setattr(self, role, plotted.columns[0] if role in ("x", "y") and plotted.columns else "")
        self._select_keys(keys_of(self.selection))
        if getattr(self, self._chosen) not in plotted.keys:
            setattr(self, self._chosen, None)
        self.send({"tell": "table"})

    def _select_keys(self, keys: Collection[str]) -> None:
        while True:
            plotted = self._plotted
            self.selection = plotted.rows(keys)
            # If another table was set meanwhile, select its rows.
            if plotted is self._plotted:
                return

    def _check(self, name: str | None) -> None:
        _check_column(name, self._plotted.columns)

    def _check_shape(self, name: str | None) -> None:
        if not name:
            return
        plotted = self._plotted
        values = plotted.values[plotted.columns.index(name)]
        if (kinds := len(np.unique(values[~np.isnan(values)]))) > SHAPES:
            raise MetricError(
                f"{name!r} has {kinds} distinct values, but there are only {SHAPES} shapes: choose another column"
            )

    @traitlets.validate(*ROLES)
    def _valid_column(self, proposal: Any) -> str:
        name, role = proposal["value"], proposal["trait"].name
        self._check(name)
        # The table may have gained values since the column was set; the page then draws it without shapes.
        if role == "shape" and name != self.shape:
            self._check_shape(name)
        return name

    def _table(self, message: dict, buffers: Sequence) -> Answer:
        plotted = self._plotted
        header = {**plotted.header, "interval": self._interval, "selected": keys_of(self.selection)}
        return header, plotted.values

    def _choose(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("value", message["key"])
        return {}, []

    def _select(self, message: dict, buffers: Sequence) -> Answer:
        # By key, because the page may still have the rows of an earlier table.
        self._select_keys(message["keys"])
        return {}, []

    def _fields(self, message: dict, buffers: Sequence) -> Answer:
        for role in ROLES:
            self._set_quietly(role, message["fields"].get(role) or "")
        return {}, []

    @traitlets.observe("selection")
    def _show_selection(self, change: Any) -> None:
        self.send({"tell": "selected", "keys": keys_of(change["new"])})


def _check_column(name: str | None, columns: Sequence[str]) -> None:
    if name and name not in columns:
        raise MetricError(f"the table has no column {name!r} to plot: {nearest(name, columns)}")


class Scatter(Plot):
    """Plot two columns of a table; click a point, or use the arrow keys, to choose a row.

    Controls are dashed lines at the mean of their values. Drag to zoom, with Shift to draw a
    lasso; the arrow keys move, Enter chooses again, S selects, + and - zoom, 0 shows all.

    Parameters
    ----------
    table : DataFrame
        One row per clip, as `mgeval.measure` returns them, or any other table.
    x, y : str
        Columns: metrics, settings, or texts with at most 50 distinct values.
    colour, shape : str, optional
        Columns; a shape needs at most 7 distinct values, a colour as well, or numbers.
    interval : pair of str, optional
        Columns with the ends of a bar at each point, such as ``("lo", "hi")`` of `mgeval.summarise`.

    Attributes
    ----------
    value : str or None
        The key of the chosen row (its index in a table without keys); set it, or observe it. To hear the chosen
        clip: ``traitlets.dlink((scatter, "value"), (player, "value"))``.
    selection : DataFrame
        The rows inside the lasso; set it, or observe it. Rows with the same key are selected together.

    Raises
    ------
    MetricError
        The table has no such column, or the column cannot be plotted or has more distinct values than there are shapes.

    Examples
    --------
    >>> import pandas as pd
    >>> scatter = Scatter(pd.DataFrame({"key": ["a", "b"], "width": [0.1, 0.4], "loudness": [-14.0, -9.0]}),
    ...                   x="width", y="loudness")
    >>> scatter.selection = scatter.table[scatter.table["width"] > 0.2]
    >>> list(scatter.selection["key"])
    ['b']
    """

    _esm = bundle("scatter")

    def __init__(
        self,
        table: pd.DataFrame,
        x: str,
        y: str,
        colour: str | None = None,
        shape: str | None = None,
        interval: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(table, {"x": x, "y": y, "colour": colour, "shape": shape}, interval)
