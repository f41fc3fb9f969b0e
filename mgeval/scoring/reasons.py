"""Why values of a table are undefined: the texts of its column ``reason``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mgeval.metrics import Undefined, columns

if TYPE_CHECKING:
    import pandas as pd

SEVERAL = "; "
"""Between the checkpoints, or the reasons, of one cell."""

MOST_NAMES = 3
"""A reason that holds for more measures than this counts them instead of naming them."""


def reason_text(values: Mapping[str, float]) -> str:
    """Return why values are undefined: each reason once, with the measures it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, Undefined):
            reasons.setdefault(value.reason, []).append(name)
    return SEVERAL.join(
        f"{reason} ({', '.join(names) if len(names) <= MOST_NAMES else f'{len(names)} measures'})"
        for reason, names in reasons.items()
    )


def merge_reasons(before: pd.DataFrame, kept: pd.DataFrame, reasons: pd.Series) -> list[str]:
    """Return the reasons of a table that was measured again: metrics that it keeps also keep their reasons.

    Parameters
    ----------
    before : DataFrame
        The table before.
    kept : DataFrame
        The same without the columns that were measured again.
    reasons : Series
        Why the new values are undefined.
    """
    if "reason" not in before.columns:
        return reasons.tolist()
    undefined = kept[columns(kept.columns)].isna().any(axis=1)
    former = before["reason"].where(undefined & before["reason"].notna(), "")
    # Part by part: a reason that still holds must not grow with every measurement.
    parts = (f"{old}{SEVERAL}{new}".split(SEVERAL) for old, new in zip(former, reasons, strict=True))
    return [SEVERAL.join(dict.fromkeys(filter(None, each))) for each in parts]
