"""A plot of two columns of a table, each row of which can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
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
"""Kinds that have a shape of their own."""


class Plot(Panel):
    """What `Scatter` and `Explorer` have in common: a table, which columns are drawn, what is chosen.

    Parameters
    ----------
    table : DataFrame
        One row per clip; controls become lines.
    fields : mapping of str to str or None
        The columns for ``x``, ``y``, ``colour`` and ``shape``.
    interval : pair of str, optional
        Columns of lower and upper ends of a bar at each point, on the axis of ``y``.
    answers, slow, **traits
        As `Panel` takes them.
    """

    value = traitlets.Unicode(None, allow_none=True, help="the chosen row's key").tag(sync=True)
    x = traitlets.Unicode(help="the column of the x axis").tag(sync=True)
    y = traitlets.Unicode(help="the column of the y axis").tag(sync=True)
    colour = traitlets.Unicode("", help="the column of colours, or none").tag(sync=True)
    shape = traitlets.Unicode("", help="the column of shapes, or none").tag(sync=True)
    selection = traitlets.Any(help="the selected rows")

    _chosen = "value"
    """The trait of the chosen row's key."""

    def __init__(
        self,
        table: pd.DataFrame,
        fields: dict[str, str | None],
        interval: tuple[str, str] | None = None,
        answers: dict[str, Callable[[dict, Sequence], Answer]] | None = None,
        slow: Sequence[str] = (),
        **traits: Any,
    ) -> None:
        self._interval = interval
        self._take_in(plot_table(table))
        for name in fields.values():
            self._check(name)
        self._check_shape(fields["shape"])
        own = {"table": self._table, "choose": self._choose, "select": self._select, "fields": self._fields}
        traits |= {role: name or "" for role, name in fields.items()}
        super().__init__({**own, **(answers or {})}, ("choose", "select", "fields", *slow), **traits)
        self.selection = self.table.iloc[:0]

    @property
    def table(self) -> pd.DataFrame:
        """The rows that are plotted."""
        return self._drawn.table

    def _take_in(self, found: PlotTable) -> None:
        for name in self._interval or ():
            _check(name, found.columns)
        # One value: the page may ask from another thread at any time.
        self._drawn = found

    def update(self, table: pd.DataFrame) -> None:
        """Show another table, such as one that has grown; any thread may call it.

        What is chosen and selected stays where its rows are there still, and so does a view that was zoomed; a chosen
        row that is gone leaves none. In place of a column that is gone the first one is drawn, and no colours or
        shapes.

        Parameters
        ----------
        table : DataFrame
            As the first one.

        Raises
        ------
        MetricError
            A column of the bars' ends is gone.
        """
        found = plot_table(table)
        self._take_in(found)
        for role in ROLES:
            if getattr(self, role) not in found.columns:
                setattr(self, role, found.columns[0] if role in ("x", "y") and found.columns else "")
        self._select_keys(keys_of(self.selection))
        if getattr(self, self._chosen) not in found.keys:
            setattr(self, self._chosen, None)
        self.send({"tell": "table"})

    def _select_keys(self, keys: Collection[str]) -> None:
        while True:
            found = self._drawn
            self.selection = found.rows(keys)
            # Another table may have come meanwhile: then they are its rows.
            if found is self._drawn:
                return

    def _check(self, name: str | None) -> None:
        _check(name, self._drawn.columns)

    def _check_shape(self, name: str | None) -> None:
        if not name:
            return
        found = self._drawn
        values = found.values[found.columns.index(name)]
        if (kinds := len(np.unique(values[~np.isnan(values)]))) > SHAPES:
            raise MetricError(f"{name!r} has {kinds} kinds, and there are {SHAPES} shapes: choose a column of fewer")

    @traitlets.validate(*ROLES)
    def _known(self, proposal: Any) -> str:
        name, role = proposal["value"], proposal["trait"].name
        self._check(name)
        # What is drawn may have grown to more kinds since; the page draws it without shapes.
        if role == "shape" and name != self.shape:
            self._check_shape(name)
        return name

    def _table(self, message: dict, buffers: Sequence) -> Answer:
        found = self._drawn
        return {**found.header, "interval": self._interval, "selected": keys_of(self.selection)}, found.values

    def _choose(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("value", message["key"])
        return {}, []

    def _select(self, message: dict, buffers: Sequence) -> Answer:
        # Keys, for the page may have numbered the rows of a former table.
        self._select_keys(message["keys"])
        return {}, []

    def _fields(self, message: dict, buffers: Sequence) -> Answer:
        for role in ROLES:
            self._set_quietly(role, message["fields"].get(role) or "")
        return {}, []

    @traitlets.observe("selection")
    def _show_selection(self, change: Any) -> None:
        self.send({"tell": "selected", "keys": keys_of(change["new"])})


def _check(name: str | None, columns: Sequence[str]) -> None:
    if name and name not in columns:
        raise MetricError(f"the table has no column {name!r} to plot: {nearest(name, columns)}")


class Scatter(Plot):
    """Plot two columns of a table; click a point, or walk with the arrow keys, to choose a row.

    Controls among the rows become dashed lines at the mean of what they read. Drag to zoom, with Shift to draw a
    lasso; the arrows walk, Enter chooses again, S selects, + and - zoom, 0 shows all.

    Parameters
    ----------
    table : DataFrame
        One row per clip, as `mgeval.measure` returns them, or any other table.
    x, y : str
        Columns: metrics, settings, or texts of at most 50 kinds.
    colour, shape : str, optional
        Columns; shapes are for at most 7 kinds, colours for those or for numbers.
    interval : pair of str, optional
        Columns with the ends of a bar at each point, such as ``("lo", "hi")`` of `mgeval.summarise`.

    Attributes
    ----------
    value : str or None
        The key of the chosen row (its index, in a table without keys); set it, or observe it. To hear what is
        chosen: ``traitlets.dlink((scatter, "value"), (player, "value"))``.
    selection : DataFrame
        The rows inside the lasso; set it, or observe it. Rows of one key are selected together.

    Raises
    ------
    MetricError
        The table has no such column, or one that cannot be plotted, or of more kinds than there are shapes.

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
