"""The failures of clips, as a table."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import AudioError, MetricError
from mgeval.metrics import DETECTORS, Finding, undefined_finding
from mgeval.runs import Store
from mgeval.scoring.clip_jobs import Result, compute, plan_job
from mgeval.scoring.clip_measures import ClipMeasures, load_measures
from mgeval.scoring.clip_reader import store_clips

if TYPE_CHECKING:
    import pandas as pd


def failure_table(store: Store, clips: pd.DataFrame | None = None, progress: bool = True) -> pd.DataFrame:
    """Look for every kind of failure in clips, on all processors that this process may use.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        The rows of `mgeval.metrics.signal.failures` of every clip, in the clips' order: one for each
        finding and one for each kind that found nothing. Columns are those of the clips, then ``kind``,
        ``score``, ``flagged``, ``start_s``, ``end_s`` and ``reason``. A clip that was not made or cannot
        be read has a row of NaN for each kind, and says why. `mgeval.plots.failure_atlas` takes the table.

    Raises
    ------
    MetricError
        The table is not one of clips, or has a column of its own by one of these names.

    Examples
    --------
    >>> import tempfile
    >>> import mgeval as mg
    >>> store = mg.Store(tempfile.mkdtemp())
    >>> clips = mg.run(mg.Sweep("synth", ["calm piano"], {"duration": 1}).plan(), store, progress=False)
    >>> table = failure_table(store, clips, progress=False)
    >>> int(table["flagged"].sum())
    0
    """
    import pandas as pd
    from tqdm.auto import tqdm

    clips = store_clips(store, clips).drop(columns="reason", errors="ignore")
    for column in Finding._fields:
        if column in clips.columns:
            raise MetricError(f"the table of clips has a column {column!r}, which that of failures needs: rename it")
    keys = [str(key) if status == "done" else None for key, status in zip(clips["key"], clips["status"], strict=True)]
    kept = load_measures(store, keys)
    sources = [None if key is None else partial(store.audio, key) for key in keys]
    jobs = [plan_job(source, clip, [], failures=True) for source, clip in zip(sources, kept, strict=True)]
    bar = tqdm(compute(jobs), total=len(jobs), desc="looking for failures", unit="clip", disable=not progress)
    findings = [_rows(clip, result) for clip, result in zip(kept, bar, strict=True)]
    index = np.repeat(np.arange(len(clips)), [len(rows) for rows in findings])
    table = pd.DataFrame(list(itertools.chain.from_iterable(findings)), columns=Finding._fields)
    return pd.concat([clips.iloc[index].reset_index(drop=True), table], axis=1)


def _rows(kept: ClipMeasures, result: Result | str) -> list[Finding]:
    """Return the findings of a clip, kind by kind, and keep those that are new."""
    if isinstance(result, str):
        return [row for kind in DETECTORS for row in undefined_finding(kind, result)]
    findings = kept.findings() | result.findings
    kept.add(findings=result.findings, mono=result.mono)
    return [row for kind in DETECTORS for row in findings[kind]]


def clip_findings(store: Store, key: str) -> list[Finding]:
    """Return the findings of one clip of a store, kind by kind.

    Raises
    ------
    AudioError
        The clip is missing or damaged.
    """
    (kept,) = load_measures(store, [key])
    (result,) = compute([plan_job(partial(store.audio, key), kept, [], failures=True)])
    if isinstance(result, str):
        raise AudioError(result)
    return _rows(kept, result)
