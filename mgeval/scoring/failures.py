"""The failures of clips, as a table."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import AudioError, MetricError
from mgeval.metrics import DETECTORS, Finding, findings_of, undefined_finding
from mgeval.runs import Store
from mgeval.scoring.measurement import spread, store_clips

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
    jobs = [(store, row.key, row.status == "done") for row in clips.itertuples()]
    found = list(tqdm(spread(_findings, jobs), total=len(jobs), desc="judging", unit="clip", disable=not progress))
    of = np.repeat(np.arange(len(clips)), [len(rows) for rows in found])
    rows = pd.DataFrame(list(itertools.chain.from_iterable(found)), columns=Finding._fields)
    return pd.concat([clips.iloc[of].reset_index(drop=True), rows], axis=1)


def _findings(store: Store, key: str, made: bool) -> list[Finding]:
    why = "the clip was not made"
    try:
        if made:
            audio = store.audio(key)
            return findings_of(audio.samples, audio.rate)
    except AudioError as error:
        why = str(error)
    return [finding for kind in DETECTORS for finding in undefined_finding(kind, why)]
