"""What a plan will take, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgeval.runs.store import Store, check_store

if TYPE_CHECKING:
    import pandas as pd

BYTES_PER_SECOND = 200_000
"""24-bit stereo at 32 kHz that does not compress at all (192,000), and eight codebooks with what was predicted."""

SAMPLE = 200
"""Clips of a store whose files are looked at for their size."""


def estimate(plan: pd.DataFrame, store: Store | None = None) -> pd.DataFrame:
    """Return counts, seconds, bytes and time of a plan, one row per model; see `mgeval.Sweep.preview`."""
    import pandas as pd

    if store is not None:
        check_store(store)
    cells = plan.drop_duplicates("key")
    table = None if store is None else store.table()
    there = set() if table is None or table.empty else set(table.loc[table["status"] == "done", "key"])
    rows = []
    for (model, revision), own in cells.groupby(["model", "revision"], sort=False):
        todo = own[~own["key"].isin(there)]
        seconds = float(todo["duration"].sum())
        size, pace = BYTES_PER_SECOND, float("nan")
        if there:
            made = table[(table["status"] == "done") & (table["model"] == model) & (table["revision"] == revision)]
            size, pace = _bytes_per_second(made, store), _pace(made)
        rows.append(
            {
                "model": model,
                "prompts": own["prompt"].nunique(),
                "clips": len(own),
                "to_make": len(todo),
                "audio_seconds": seconds,
                "disk_bytes": round(size * seconds),
                "seconds": pace * seconds,
            }
        )
    return pd.DataFrame(rows)


def _bytes_per_second(made: pd.DataFrame, store: Store) -> float:
    sample = made.iloc[:: max(1, len(made) // SAMPLE)]
    sizes = [store.file(key, kind).stat().st_size for key in sample["key"] for kind in ("audio", "codes", "record")
             if store.file(key, kind).exists()]  # fmt: skip
    seconds = (sample["n_samples"] / sample["rate"]).sum()
    return sum(sizes) / seconds if seconds > 0 else BYTES_PER_SECOND


def _pace(made: pd.DataFrame) -> float:
    """Return the seconds that a second of audio took; NaN where that is not known."""
    if "elapsed" not in made:
        return float("nan")
    timed = made[made["elapsed"].notna()]
    seconds = (timed["n_samples"] / timed["rate"]).sum()
    return float(timed["elapsed"].sum() / seconds) if seconds > 0 else float("nan")
