"""Estimates of the clips, disk space and time that a plan will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgeval.runs.store import Store, check_store

if TYPE_CHECKING:
    import pandas as pd

BYTES_PER_SECOND = 200_000
"""Incompressible 24-bit stereo at 32 kHz (192,000), and eight codebooks with their predictions."""

SAMPLE = 200
"""Clips of a store whose file sizes are sampled."""


def estimate(plan: pd.DataFrame, store: Store | None = None) -> pd.DataFrame:
    """Return a plan's counts, seconds of audio, bytes and time, one row per model; see `mgeval.Sweep.preview`."""
    import pandas as pd

    if store is not None:
        check_store(store)
    cells = plan.drop_duplicates("key")
    table = None if store is None else store.table()
    done = None if table is None or table.empty else table[table["status"] == "done"]
    done_keys = set() if done is None else set(done["key"])
    rows = []
    for (model, revision), model_cells in cells.groupby(["model", "revision"], sort=False):
        todo = model_cells[~model_cells["key"].isin(done_keys)]
        seconds = float(todo["duration"].sum())
        size, pace = float(BYTES_PER_SECOND), float("nan")
        if store is not None and done is not None and len(done):
            clips = done[(done["model"] == model) & (done["revision"] == revision)]
            size, pace = _bytes_per_second(clips, store), _pace(clips)
        rows.append(
            {
                "model": model,
                "prompts": model_cells["prompt"].nunique(),
                "clips": len(model_cells),
                "to_make": len(todo),
                "audio_seconds": seconds,
                "disk_bytes": round(size * seconds),
                "seconds": pace * seconds,
            }
        )
    return pd.DataFrame(rows)


def _bytes_per_second(clips: pd.DataFrame, store: Store) -> float:
    sample = clips.iloc[:: max(1, len(clips) // SAMPLE)]
    sizes = [store.file(key, kind).stat().st_size for key in sample["key"] for kind in ("audio", "codes", "record")
             if store.file(key, kind).exists()]  # fmt: skip
    seconds = (sample["n_samples"] / sample["rate"]).sum()
    return sum(sizes) / seconds if seconds > 0 else BYTES_PER_SECOND


def _pace(clips: pd.DataFrame) -> float:
    """Return the seconds taken per second of audio; NaN if unknown."""
    if "elapsed" not in clips:
        return float("nan")
    timed = clips[clips["elapsed"].notna()]
    seconds = (timed["n_samples"] / timed["rate"]).sum()
    return float(timed["elapsed"].sum() / seconds) if seconds > 0 else float("nan")
