"""Clips for an embedder, read several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mgeval.audio import Audio
from mgeval.errors import AudioError, MetricError
from mgeval.runs import Store

if TYPE_CHECKING:
    import pandas as pd

Source = Callable[[], Audio]
"""Reads one clip."""


def read_together(sources: Sequence[Source | None]) -> list[Audio | None]:
    """Read clips in as many threads as there are processors; decoding lets other threads run.

    Parameters
    ----------
    sources : sequence of callable or None
        What reads each clip.

    Returns
    -------
    list of Audio or None
        In order; None where there is no source, or where it raised `AudioError`.
    """
    from joblib import cpu_count

    if not any(sources):
        return [None] * len(sources)
    # A SLURM job or a container has fewer processors than its machine: joblib knows.
    with ThreadPoolExecutor(min(len(sources), cpu_count())) as pool:
        return list(pool.map(_read, sources))


def _read(source: Source | None) -> Audio | None:
    try:
        return None if source is None else source()
    except AudioError:
        return None


def store_clips(store: Store, clips: pd.DataFrame | None) -> pd.DataFrame:
    """Return the clips of a table, by default all of a store; raise `MetricError` if the table holds no clips."""
    clips = store.table() if clips is None else clips
    for column in ("key", "status"):
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: run(plan, store) returns one of clips")
    return clips
