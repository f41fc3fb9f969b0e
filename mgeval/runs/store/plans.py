"""The plans that a store was asked for, under ``plan/``: tables like those under ``rows/``, with a row per clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgeval.runs.store import layout, parts

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "plan"

PLANNED = "planned"
"""The status of every row there: what became of a clip is for the other tables to say."""


def read(store: Path) -> pd.DataFrame:
    """Return one row per clip that was ever planned, with the labels that it was given last."""
    import pandas as pd

    tables = list(parts.read_parts(store / FOLDER).values())
    return parts.frame(tables).drop(columns="status").reset_index(drop=True) if tables else pd.DataFrame({"key": []})


def add(store: Path, plan: pd.DataFrame) -> None:
    """Keep what of a plan is not there yet, or with other labels; its keys do not repeat."""
    known = read(store)
    old = known.set_index("key").reindex(plan["key"])
    new = plan[~np.isin(plan["key"].to_numpy(str), known["key"].to_numpy(str)) | changed_rows(plan, old)]
    if len(new):
        import pyarrow as pa

        layout.prepare(store)
        table = pa.Table.from_pandas(new.assign(status=PLANNED), preserve_index=False).replace_schema_metadata(None)
        parts.add_part(store / FOLDER, [table])


def changed_rows(plan: pd.DataFrame, old: pd.DataFrame) -> np.ndarray:
    """Say of each row of a plan whether any of its columns has another value in a table of the same rows."""
    differs = np.zeros(len(plan), bool)
    for column in plan.columns.drop("key"):
        new, gap = plan[column].to_numpy(object), plan[column].isna().to_numpy()
        if column in old.columns:
            differs |= (old[column].to_numpy(object) != new) & ~(old[column].isna().to_numpy() & gap)
        else:
            differs |= ~gap
    return differs
