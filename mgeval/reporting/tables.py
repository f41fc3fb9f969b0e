"""Tables as HTML that sorts in a browser, and as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mgeval.metrics import metric_of
from mgeval.wording import DASH, SIGNIFICANCE, decimals, estimate_text, level_text, probability_text, sample_text

if TYPE_CHECKING:
    import pandas as pd

TAG = re.compile("<[^>]*>")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a formula starts in a spreadsheet."""


class Cell(NamedTuple):
    """One cell: its HTML, and the value that it is sorted by."""

    content: str
    order: float | str = ""


def text_cell(text: Any, order: float | str | None = None) -> Cell:
    """Return a cell of a text, which is escaped."""
    return Cell(html.escape(str(text)), str(text) if order is None else order)


def sortable_table(head: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str, texts: int = 1) -> str:
    """Return a table that sorts by a click on a column head.

    Parameters
    ----------
    head : sequence of str
        HTML of the heads of the columns.
    rows : sequence of sequences of Cell
        The rows; the first cell is the head of its row.
    caption : str
        HTML; describes the numbers and their n.
    texts : int
        How many of the first columns are texts, aligned left.

    Returns
    -------
    str
    """
    kinds = [" class='text'" if place < texts else "" for place in range(len(head))]
    heads = "".join(f"<th scope='col'{kind}>{text}</th>" for text, kind in zip(head, kinds, strict=True))
    lines = []
    for row in rows:
        name, *others = row
        cells = "".join(
            f"<td{kind}{_order_attribute(c)}>{c.content}</td>" for c, kind in zip(others, kinds[1:], strict=True)
        )
        lines.append(f"<tr><th scope='row'{_order_attribute(name)}>{name.content}</th>{cells}</tr>")
    return (
        f"<p class='caption'>{caption}</p><div class='wide' tabindex='0' role='region' aria-label='Table'>"
        f"<table class='sortable' aria-label='{_attribute_text(caption)}'>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _attribute_text(caption: str) -> str:
    """Return a caption as the value of an attribute: without tags and with escaped quotes."""
    return TAG.sub("", caption).replace("'", "&#x27;")


def _order_attribute(cell: Cell) -> str:
    if isinstance(cell.order, str):
        return ""
    # An empty order keeps cells without a value at the end, whichever way the column is sorted.
    return f" data-order='{cell.order!r}'" if math.isfinite(cell.order) else " data-order=''"


def metric_cell(metric: str) -> Cell:
    """Return the cell with the name and unit of a metric; its meaning appears when the mouse is over it."""
    row = metric_of(metric)
    unit = f" <span class='unit'>{html.escape(row.unit)}</span>" if row.unit else ""
    return Cell(f"<span title='{html.escape(row.meaning)}'>{html.escape(row.label)}</span>{unit}", row.label)


def by_factor(summary: pd.DataFrame, factor: str, caption: str) -> str:
    """Return a summary by a factor: a row for each metric, a column for each level, and n where it differs."""
    levels = list(dict.fromkeys(summary[factor]))
    groups = {level: summary[summary[factor] == level].set_index("metric") for level in levels}
    usual = {level: (int(g["n_clips"].max()), int(g["n_prompts"].max())) for level, g in groups.items()}
    heads = [f"{html.escape(level_text(level))} <small>{sample_text(*usual[level])}</small>" for level in levels]
    rows = []
    for metric in dict.fromkeys(summary["metric"]):
        estimates: dict[Any, Any] = {level: groups[level].loc[metric] for level in levels}
        digits = decimals(value for row in estimates.values() for value in (row["mean"], row["lo"], row["hi"]))
        cells = [_estimate_cell(row, digits, usual[level]) for level, row in estimates.items()]
        rows.append([metric_cell(metric), *cells])
    return sortable_table(["metric", *heads], rows, caption)


def overall(summary: pd.DataFrame, caption: str) -> str:
    """Return a summary of all clips: a row for each metric."""
    rows = []
    for row in summary.to_dict("records"):
        digits = decimals((row["mean"], row["lo"], row["hi"]))
        ns = [Cell(f"{row[name]:,}", float(row[name])) for name in ("n_clips", "n_prompts")]
        rows.append([metric_cell(row["metric"]), _estimate_cell(row, digits, (row["n_clips"], row["n_prompts"])), *ns])
    return sortable_table(["metric", "mean [95 % interval]", "clips", "prompts"], rows, caption)


def comparisons(table: pd.DataFrame, caption: str) -> str:
    """Return differences between settings from `mgeval.compare`: a row for each metric and pair of settings."""
    rows = []
    for row in table.to_dict("records"):
        digits = decimals((row["difference"], row["lo"], row["hi"]))
        mark = "*" if row["p_holm"] < SIGNIFICANCE else ""
        rows.append([
            metric_cell(row["metric"]),
            text_cell(level_text(row["a"])),
            text_cell(level_text(row["b"])),
            Cell(estimate_text(row["difference"], row["lo"], row["hi"], digits) + mark, float(row["difference"])),
            Cell(html.escape(probability_text(row["p_holm"])), float(row["p_holm"])),
            Cell(estimate_text(row["dz"], row["dz_lo"], row["dz_hi"], 2), float(row["dz"])),
            *(Cell(f"{row[name]:,}", float(row[name])) for name in ("n_pairs", "n_prompts")),
        ])  # fmt: skip
    heads = ["metric", "a", "b", "b minus a [95 % interval]", "p (Holm)", "d<sub>z</sub> [95 % interval]"]
    return sortable_table([*heads, "pairs", "prompts"], rows, caption, texts=3)


def _estimate_cell(row: Any, digits: int, usual: tuple[int, int]) -> Cell:
    if not math.isfinite(row["mean"]):
        return Cell(DASH, math.nan)
    n = (int(row["n_clips"]), int(row["n_prompts"]))
    other = "" if n == usual else f" <small>{sample_text(*n)}</small>"
    return Cell(f"{estimate_text(row['mean'], row['lo'], row['hi'], digits)}{other}", float(row["mean"]))


def csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV; texts that a spreadsheet would run as formulas start with an apostrophe.

    Examples
    --------
    >>> import pandas as pd
    >>> csv(pd.DataFrame({"prompt": ["=1+1", "piano"], "width": [-0.5, 1.0]})).decode().split()
    ['prompt,width', "'=1+1,-0.5", 'piano,1.0']
    """
    safe = table.rename(columns=_quote_formula)
    for position, dtype in enumerate(safe.dtypes):
        if dtype.kind not in "biuf":
            column: Any = safe.iloc[:, position].map(_quote_formula)
            safe.isetitem(position, column)
    return safe.to_csv(index=False).encode()


def _quote_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
