"""What a panel compares where the user did not say it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mgeval.errors import MetricError
from mgeval.stats import swept
from mgeval.tables import require_columns

if TYPE_CHECKING:
    import pandas as pd


def varied(scores: pd.DataFrame, by: str | None, among: Collection[str] | None = None) -> str:
    """Return the setting to compare by: the one that was asked for, or the only one that varies.

    Raises
    ------
    MetricError
        None was asked for, and none or several vary.
    """
    require_columns(scores, ["key", "prompt_id"], "measure(clips, store) makes such a table")
    if by is not None:
        return by
    found = [name for name in swept(scores) if among is None or name in among]
    if not found:
        raise MetricError("no setting varies in this table: there is nothing to compare")
    if len(found) > 1:
        raise MetricError(f"several settings vary ({', '.join(found)}): say which to compare, such as by={found[0]!r}")
    return found[0]
