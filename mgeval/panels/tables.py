"""Tables as pages plot them: numbers as they are, texts by their number in a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.metrics import columns as metric_columns
from mgeval.metrics import described, music
from mgeval.stats import mean_interval
from mgeval.tables import CONTROL, OUTCOME, SETTING_UNITS, is_number, own_clips, prompt_texts
from mgeval.wording import MINUS, level_text

if TYPE_CHECKING:
    import pandas as pd

LEVELS = 50
"""Different texts of a column at most that can be plotted; prompts may be as many as there are."""

LONGEST = 160
"""Letters of a text that go to the page with the table; the details of a row have all."""

UNSEEN = {*OUTCOME, "key", "reason", CONTROL, "prompt_id", "revision"} - {"channels", "elapsed", "peak"}
"""Columns that say how a clip was made or kept: they stand in its details only."""


class PlotTable(NamedTuple):
    """A table as a plot has it; another table is another one of these, never a change of this.

    Parameters
    ----------
    table : DataFrame
        Its rows without controls.
    keys : list of str
        What names each row.
    header, values
        As `encoded` returns them.
    """

    table: pd.DataFrame
    keys: list[str]
    header: dict[str, Any]
    values: list[np.ndarray]

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns that can be drawn."""
        return [column["name"] for column in self.header["columns"]]

    def rows(self, keys: Collection[str]) -> pd.DataFrame:
        """Return the rows of these names, as they stand in the table."""
        wanted = set(keys)
        return self.table[[key in wanted for key in self.keys]]


def plot_table(table: pd.DataFrame) -> PlotTable:
    """Return a table of clips, or any other, as a plot has it."""
    header, values = encoded(table)
    return PlotTable(own_clips(table), header["keys"], header, values)


def encoded(table: pd.DataFrame) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return a table of clips as a page plots it.

    Parameters
    ----------
    table : DataFrame
        One row per clip; controls are not sent as rows.

    Returns
    -------
    dict
        ``columns``: for each a JSON object with ``name``, ``label``, ``unit``, ``metric``, ``meaning``, and
        ``levels`` where its values are texts; ``keys`` of the rows, ``prompts`` and the number of each row's
        in them, ``references`` from `references`.
    list of numpy.ndarray
        For each column float32 ``(rows,)``: numbers, or those of levels; NaN where nothing stands.
    """
    own = own_clips(table)
    headers, values = [], []
    for name in own.columns:
        if (column := _column(name, own[name])) is not None:
            headers.append(column[0])
            values.append(column[1])
    prompts, codes = _codes([prompt[:LONGEST] for prompt in prompt_texts(own)])
    described_rows = {"columns": headers, "keys": keys_of(own), "prompts": prompts, "references": references(table)}
    return described_rows, [*values, codes]


def keys_of(table: pd.DataFrame) -> list[str]:
    """Return what names each row: its clip's key, or its index where the rows are no clips."""
    return [str(key) for key in (table["key"] if "key" in table.columns else table.index)]


def references(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean of each metric over each kind of control: ``{"name": kind, "values": {metric: mean}}``."""
    if CONTROL not in table.columns:
        return []
    found = []
    for kind, rows in table[table[CONTROL].notna()].groupby(CONTROL, sort=False):
        means = {name: _mean(rows[name], name) for name in metric_columns(table.columns)}
        found.append({"name": str(kind), "values": {name: mean for name, mean in means.items() if np.isfinite(mean)}})
    return found


def _mean(values: pd.Series, name: str) -> float:
    metric = described(name)
    if metric.kind == "name":
        return np.nan
    # Of clips, not of prompts: a line for what silence or noise read.
    return mean_interval(values.to_numpy(float), np.arange(len(values)), metric.period)[0]


def _column(name: Any, series: pd.Series) -> tuple[dict[str, Any], np.ndarray] | None:
    """Return a column's header and values; None for what cannot be plotted."""
    metric = described(name) if isinstance(name, str) else None
    if not isinstance(name, str) or name in UNSEEN or series.isna().all():
        return None
    header = {"name": name, "label": name.replace("_", " "), "unit": SETTING_UNITS.get(name, ""), "metric": False}
    if metric is not None:
        header |= {"label": metric.label, "unit": metric.unit, "metric": True}
        header["meaning"] = metric.meaning
    if series.dtype.kind in "iuf" and not (metric is not None and metric.kind == "name"):
        return header, series.to_numpy(np.float32, na_value=np.nan)
    levels, codes = _codes([_text(value, metric is not None) for value in series.tolist()])
    return ({**header, "levels": levels}, codes) if len(levels) <= LEVELS else None


def _text(value: Any, nominal: bool) -> str | None:
    if value is None or value != value:
        return None
    if nominal:
        return music.key_name(value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return level_text(value) if is_number(value) else " ".join(str(value).split())[:LONGEST] or "(empty)"


def _codes(texts: list[str | None]) -> tuple[list[str], np.ndarray]:
    levels = {text: None for text in texts if text is not None}
    # Numbers written as text keep their order; others stand as they come.
    numbers = {text: number for number, text in enumerate(levels)}
    return list(levels), np.array([np.nan if text is None else numbers[text] for text in texts], np.float32)


def details(row: dict[str, Any]) -> dict[str, Any]:
    """Return all of a row as texts: ``prompt``, ``settings`` and ``metrics``, each ``[label, value, meaning]``."""
    settings, metrics = [], []
    for name, value in row.items():
        metric = described(name) if isinstance(name, str) else None
        if metric is not None:
            metrics.append([metric.label, _shown(value, metric), metric.meaning])
        elif name not in ("prompt", "reason", "path", "versions", "status") and not (value is None or value != value):
            settings.append([str(name).replace("_", " "), _plain(value), ""])
    prompt, reason = row.get("prompt"), row.get("reason")
    return {
        "prompt": prompt if isinstance(prompt, str) else "",
        "reason": reason if isinstance(reason, str) else "",
        "settings": settings,
        "metrics": metrics,
    }


def _shown(value: Any, metric: Any) -> str:
    if value is None or value != value:
        return "–"
    if metric.kind == "name":
        return music.key_name(value)
    if metric.kind == "flag":
        return "yes" if value else "no"
    return f"{_plain(value)} {metric.unit}".strip()


def _plain(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return text.replace("-", MINUS) if is_number(value) else text
