"""Tables for a page: numbers unchanged, texts as their position in a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.metrics import columns as metric_columns
from mgeval.metrics import described, metric_of, music
from mgeval.stats import mean_interval
from mgeval.tables import CONTROL, OUTCOME, SETTING_UNITS, is_number, own_clips, prompt_texts
from mgeval.wording import MINUS, level_text

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.metrics import Metric

MOST_LEVELS = 50
"""Distinct texts of a column that can be plotted at most; prompts have no limit."""

TEXT_LENGTH = 160
"""Letters of a text that the page gets with the table; the details of a row have the whole text."""

HIDDEN_COLUMNS = {*OUTCOME, "key", "reason", CONTROL, "prompt_id", "revision"} - {"channels", "elapsed", "peak"}
"""Columns on how a clip was made or stored: they appear only in its details."""


class PlotTable(NamedTuple):
    """A table for a plot; it never changes: another table is another PlotTable.

    Parameters
    ----------
    table : DataFrame
        The rows without controls.
    keys : list of str
        The key of each row.
    header, values
        The result of `encode_table`.
    """

    table: pd.DataFrame
    keys: list[str]
    header: dict[str, Any]
    values: list[np.ndarray]

    @property
    def columns(self) -> list[str]:
        """The names of the columns that can be plotted."""
        return [column["name"] for column in self.header["columns"]]

    def rows(self, keys: Collection[str]) -> pd.DataFrame:
        """Return the rows with these keys, in the order of the table."""
        selected = set(keys)
        return self.table[[key in selected for key in self.keys]]


def plot_table(table: pd.DataFrame) -> PlotTable:
    """Return a table of clips, or any other table, for a plot."""
    header, values = encode_table(table)
    return PlotTable(own_clips(table), header["keys"], header, values)


def encode_table(table: pd.DataFrame) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Encode a table of clips for a page.

    Parameters
    ----------
    table : DataFrame
        One row per clip; controls are not sent as rows.

    Returns
    -------
    dict
        ``columns``: for each a JSON object with ``name``, ``label``, ``unit``, ``metric``, ``meaning``, and
        ``levels`` if its values are texts; the ``keys`` of the rows, their distinct ``prompts``, and
        ``references`` from `control_means`.
    list of numpy.ndarray
        For each column float32 ``(rows,)``: numbers, or positions of levels; NaN for missing values. The last array
        has the position of the prompt of each row.
    """
    clips = own_clips(table)
    headers, values = [], []
    for name in clips.columns:
        if (column := _column(name, clips[name])) is not None:
            headers.append(column[0])
            values.append(column[1])
    prompts, codes = _codes([prompt[:TEXT_LENGTH] for prompt in prompt_texts(clips)])
    header = {"columns": headers, "keys": keys_of(clips), "prompts": prompts, "references": control_means(table)}
    return header, [*values, codes]


def keys_of(table: pd.DataFrame) -> list[str]:
    """Return the key of each row: that of its clip, or its index if the table has no keys."""
    return [str(key) for key in (table["key"] if "key" in table.columns else table.index)]


def control_means(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean of each metric over each kind of control: ``{"name": kind, "values": {metric: mean}}``."""
    if CONTROL not in table.columns:
        return []
    controls = []
    for kind, rows in table[table[CONTROL].notna()].groupby(CONTROL, sort=False):
        means = {name: _mean(rows[name], name) for name in metric_columns(table.columns)}
        controls.append(
            {"name": str(kind), "values": {name: mean for name, mean in means.items() if np.isfinite(mean)}}
        )
    return controls


def _mean(values: pd.Series, name: str) -> float:
    metric = metric_of(name)
    if metric.kind == "name":
        return np.nan
    # The mean of clips, not of prompts: the line shows the value of silence or noise.
    return mean_interval(values.to_numpy(float), np.arange(len(values)), metric.period)[0]


def _column(name: Any, series: pd.Series) -> tuple[dict[str, Any], np.ndarray] | None:
    """Return the header and the values of a column; None if it cannot be plotted."""
    metric = described(name) if isinstance(name, str) else None
    if not isinstance(name, str) or name in HIDDEN_COLUMNS or series.isna().all():
        return None
    header = {"name": name, "label": name.replace("_", " "), "unit": SETTING_UNITS.get(name, ""), "metric": False}
    if metric is not None:
        header |= {"label": metric.label, "unit": metric.unit, "metric": True}
        header["meaning"] = metric.meaning
    if series.dtype.kind in "iuf" and not (metric is not None and metric.kind == "name"):
        return header, series.to_numpy(np.float32, na_value=np.nan)
    levels, codes = _codes([_text(value, metric is not None) for value in series.tolist()])
    return ({**header, "levels": levels}, codes) if len(levels) <= MOST_LEVELS else None


def _text(value: Any, nominal: bool) -> str | None:
    if value is None or value != value:
        return None
    if nominal:
        return music.key_name(value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return level_text(value) if is_number(value) else " ".join(str(value).split())[:TEXT_LENGTH] or "(empty)"


def _codes(texts: list[str | None]) -> tuple[list[str], np.ndarray]:
    levels = {text: None for text in texts if text is not None}
    # Levels are in the order of the table.
    positions = {text: position for position, text in enumerate(levels)}
    return list(levels), np.array([np.nan if text is None else positions[text] for text in texts], np.float32)


def details(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row as texts: ``prompt``, ``reason``, ``settings`` and ``metrics`` (``[label, value, meaning]``)."""
    settings, metrics = [], []
    for name, value in row.items():
        metric = described(name) if isinstance(name, str) else None
        if metric is not None:
            metrics.append([metric.label, _value_text(value, metric), metric.meaning])
        elif name not in ("prompt", "reason", "path", "versions", "status") and not (value is None or value != value):
            settings.append([str(name).replace("_", " "), _number_text(value), ""])
    prompt, reason = row.get("prompt"), row.get("reason")
    return {
        "prompt": prompt if isinstance(prompt, str) else "",
        "reason": reason if isinstance(reason, str) else "",
        "settings": settings,
        "metrics": metrics,
    }


def _value_text(value: Any, metric: Metric) -> str:
    if value is None or value != value:
        return "–"
    if metric.kind == "name":
        return music.key_name(value)
    if metric.kind == "flag":
        return "yes" if value else "no"
    return f"{_number_text(value)} {metric.unit}".strip()


def _number_text(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return text.replace("-", MINUS) if is_number(value) else text
