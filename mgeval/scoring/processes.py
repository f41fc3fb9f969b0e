"""Clips on all processors that this process may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mgeval.metrics import METRICS, Metric, custom_metrics, evaluate

CLIPS_PER_WORKER = 12
"""With fewer clips, starting another process takes longer than it saves."""


def spread(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], before: Callable[[], None] = lambda: None
) -> Iterable[Any]:
    """Yield ``function(*job)`` for each clip's job, in order, on all processors where that is worth it.

    Parameters
    ----------
    function : callable
        Works on one clip; the function and its results must be picklable.
    jobs : sequence of tuple
        Arguments, one tuple for each clip.
    before : callable
        Called once, in this process, before other processes start.

    Returns
    -------
    iterable
        The results.
    """
    from joblib import Parallel, cpu_count, delayed

    # A SLURM job or a container has fewer processors than its machine: joblib knows.
    workers = min(cpu_count(), len(jobs) // CLIPS_PER_WORKER)
    if workers <= 1:
        return (function(*job) for job in jobs)
    before()
    # Only paths and numbers travel, and no more clips are in memory than there are workers.
    rows = custom_metrics()
    return Parallel(workers, return_as="generator")(delayed(_with_metrics)(rows, function, *job) for job in jobs)


def _with_metrics(rows: dict[str, Metric], function: Callable[..., Any], *job: Any) -> Any:
    """Call a function in a process that lacks the metrics that a script or a notebook custom_metrics."""
    before = dict(METRICS)
    METRICS.update(rows)
    try:
        return function(*job)
    finally:
        # Processes are used again: the next call may come without these rows.
        METRICS.clear()
        METRICS.update(before)


def compile_metrics(names: list[str]) -> None:
    """Measure four seconds of chords once, in this process.

    librosa compiles on first use and keeps the result in files: processes that start with that at the same time crash
    one another.
    """
    time = np.arange(4 * 16000) / 16000
    beats = np.exp(-8 * (time % 0.5))
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330))
    evaluate(np.stack([0.1 * beats * chord, 0.05 * chord]).astype(np.float32), 16000, names)
