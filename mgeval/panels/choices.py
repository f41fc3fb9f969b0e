"""The setting that a panel compares if the user names none."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mgeval.errors import MetricError
from mgeval.stats import swept
from mgeval.tables import require_columns

if TYPE_CHECKING:
    import pandas as pd


def compared_setting(scores: pd.DataFrame, by: str | None, allowed: Collection[str] | None = None) -> str:
    """Return the setting to compare by: the given one, or else the only one that varies.

    Raises
    ------
    MetricError
        No setting is given, and none or several vary.
    """
    require_columns(scores, ["key", "prompt_id"], "measure(clips, store) makes such a table")
    if by is not None:
        return by
    names = [name for name in swept(scores) if allowed is None or name in allowed]
    if not names:
        raise MetricError("no setting varies in this table: there is nothing to compare")
    if len(names) > 1:
        raise MetricError(
            f"several settings vary ({', '.join(names)}): name the one to compare, such as by={names[0]!r}"
        )
    return names[0]
