"""The plans that were run into a store, under ``plan/``: tables like those under ``rows/``, with a row per clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgeval.runs.store import layout, parts

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "plan"

PLANNED = "planned"
"""The status of every row of a plan; the tables under ``rows/`` have the outcomes."""


def read(store: Path) -> pd.DataFrame:
    """Return one row per clip that was ever planned, with its latest labels."""
    import pandas as pd

    tables = list(parts.read_parts(store / FOLDER).values())
    return parts.frame(tables).drop(columns="status").reset_index(drop=True) if tables else pd.DataFrame({"key": []})


def add(store: Path, plan: pd.DataFrame) -> None:
    """Add the rows of a plan that are new or have other labels; the plan's keys must be unique."""
    planned = read(store)
    old = planned.set_index("key").reindex(plan["key"])
    new = plan[~np.isin(plan["key"].to_numpy(str), planned["key"].to_numpy(str)) | changed_rows(plan, old)]
    if len(new):
        import pyarrow as pa

        layout.prepare(store)
        table = pa.Table.from_pandas(new.assign(status=PLANNED), preserve_index=False).replace_schema_metadata(None)
        parts.add_part(store / FOLDER, [table])


def changed_rows(plan: pd.DataFrame, old: pd.DataFrame) -> np.ndarray:
    """Return for each row of a plan whether a column has another value in ``old``, a table of the same rows."""
    differs = np.zeros(len(plan), bool)
    for column in plan.columns.drop("key"):
        new, gap = plan[column].to_numpy(object), plan[column].isna().to_numpy()
        if column in old.columns:
            differs |= (old[column].to_numpy(object) != new) & ~(old[column].isna().to_numpy() & gap)
        else:
            differs |= ~gap
    return differs
