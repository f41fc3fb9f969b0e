"""Clips for an embedder, read several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mgeval.audio import Audio
from mgeval.errors import AudioError

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
