"""How clips change from beginning to end: their segments measured one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import AudioError, MetricError
from mgeval.metrics import columns, evaluate, metric_names
from mgeval.runs import Store
from mgeval.scoring.clip_reader import store_clips
from mgeval.scoring.processes import spread
from mgeval.scoring.reasons import reason_text
from mgeval.tables import EMBEDDER

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-6
"""Seconds by which a whole number of segments may miss the clip's end."""


def segment_table(
    store: Store,
    clips: pd.DataFrame | None = None,
    seconds: float = 5.0,
    metrics: str | Iterable[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Measure clips segment by segment: how they change from beginning to end.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store.
    seconds : float
        Length of a segment, above 0. A shorter rest at the end of a clip is left out.
    metrics : str or iterable of str, optional
        As for `measure`, but for those that need a checkpoint.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        One row per clip and segment: the clip's columns without its own measurements, ``start_s`` and
        ``end_s``, a column per metric, and ``reason``: why those that are NaN are. `summarise` by
        ``start_s`` takes it. A clip that was not made, cannot be read or is shorter than a segment has no row.

    Raises
    ------
    MetricError
        The table is not one of clips, ``seconds`` is not above 0, or there is no such metric.
    """
    import pandas as pd
    from tqdm.auto import tqdm

    if not seconds > 0:
        raise MetricError(f"seconds must be a length above 0, got {seconds!r}")
    names = metric_names(metrics)
    clips = store_clips(store, clips)
    clips = clips[clips["status"] == "done"].drop(columns=["reason", *EMBEDDER], errors="ignore")
    # The numbers of a whole clip do not describe its segments.
    clips = clips.drop(columns=columns(clips.columns))
    if clash := {"start_s", "end_s"} & set(clips.columns):
        raise MetricError(f"the table has a column {min(clash)!r}, which the table of segments needs: rename it")
    jobs = [(store, key, seconds, names) for key in clips["key"]]
    segments = list(tqdm(spread(_segments, jobs), total=len(jobs), desc="measuring", unit="clip", disable=not progress))
    index = np.repeat(np.arange(len(clips)), [len(rows) for rows in segments])
    rows = pd.DataFrame([row for part in segments for row in part], columns=["start_s", "end_s", *names, "reason"])
    return pd.concat([clips.iloc[index].reset_index(drop=True), rows], axis=1)


def _segments(store: Store, key: str, seconds: float, names: list[str]) -> list[dict[str, Any]]:
    try:
        audio = store.audio(key)
    except AudioError:
        return []
    rows = []
    for number in range(int(audio.duration / seconds + ROUNDING)):
        start, end = number * seconds, min((number + 1) * seconds, audio.duration)
        part = audio.slice(start, end)
        values = evaluate(part.samples, part.rate, names)
        numbers = {name: float(value) for name, value in values.items()}
        rows.append({"start_s": start, "end_s": end, **numbers, "reason": reason_text(values)})
    return rows
