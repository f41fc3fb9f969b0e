"""How sure the model was around the moments where failures began."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, StoreError
from mgeval.metrics import Undefined
from mgeval.metrics import tokens as token_metrics
from mgeval.models import FRAME_RATE
from mgeval.runs import Store

if TYPE_CHECKING:
    import pandas as pd

EMPTY = ("key", "prompt_id", "kind", "onset_s", "time_s", "entropy", "log_likelihood", "distance")
"""The columns of a table of onsets without any."""

ROUNDING = 1e-6
"""Share of a step by which a whole number of steps may miss the reach."""


def failure_onsets(
    store: Store,
    found: pd.DataFrame,
    reach: float = 1.0,
    step: float = 0.25,
    frame_rate: float = FRAME_RATE,
) -> pd.DataFrame:
    """Return how sure the model was around the moments where failures began.

    Of each clip and kind the first flagged finding counts. Values are means over codebooks and over ``step`` seconds,
    less the mean of the clips in which nothing of that kind was found, at the same second of the clip: the beginning of
    a clip is less sure than its rest, whatever fails.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    found : DataFrame
        From `failure_table`.
    reach : float
        Seconds before and after the onset.
    step : float
        Seconds that are averaged, above 0.
    frame_rate : float
        Frames of codes per second.

    Returns
    -------
    pandas.DataFrame
        One row per clip, kind and step: ``key``, ``prompt_id``, ``kind``, ``onset_s``, ``time_s`` (the step's middle,
        from the onset on), then ``entropy``, ``log_likelihood`` and ``distance`` where the model kept them.
        NaN outside the clip, and where no clip without such a failure is left to compare with. Clips without
        predictions have no row.

    Raises
    ------
    MetricError
        The table is not one of failures, or ``step`` is not above 0.
    """
    import pandas as pd

    for column in ("key", "kind", "flagged", "start_s"):
        if column not in found.columns:
            raise MetricError(f"the table has no column {column!r}: failure_table(store) returns one of failures")
    if not (step > 0 and reach >= step):
        raise MetricError(f"reach and step must satisfy 0 < step <= reach, got {reach!r} and {step!r}")
    grid = (reach, step, frame_rate)
    keys = found["key"].drop_duplicates()
    curves = {key: _curves(store, key) for key in keys}
    flagged = found[found["flagged"].astype(bool)].sort_values("start_s").drop_duplicates(["key", "kind"])
    rows = []
    for kind, part in flagged.groupby("kind", sort=False):
        usual = _mean_curves([curves[key] for key in keys if key not in set(part["key"])])
        for row in part.to_dict("records"):
            about: dict[str, Any] = {name: row[name] for name in ("key", "prompt_id") if name in row}
            about |= {"kind": kind, "onset_s": row["start_s"]}
            rows += [{**about, **step_row} for step_row in _around(curves[row["key"]], usual, row["start_s"], grid)]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(EMPTY))


def _curves(store: Store, key: str) -> dict[str, np.ndarray]:
    """Return a clip's curves of predictions, those that the store keeps."""
    try:
        tokens = token_metrics.Tokens(store.codes(key), store.predictions(key), channels=1)
        over_time = token_metrics.curves(tokens)
    except (StoreError, MetricError):
        return {}
    return {name: over_time[name] for name in tokens.predictions if np.isfinite(over_time[name]).any()}


def _mean_curves(clips: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the mean curves of clips, frame by frame over the clips that are so long."""
    means = {}
    for name in {name for clip in clips for name in clip}:
        curves = [clip[name] for clip in clips if name in clip]
        table = np.full((len(curves), max(map(len, curves))), np.nan)
        for row, curve in zip(table, curves, strict=True):
            row[: len(curve)] = curve
        finite = np.isfinite(table)
        sums, counts = np.where(finite, table, 0).sum(axis=0), finite.sum(axis=0)
        means[name] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return means


def _around(
    clip: dict[str, np.ndarray], usual: dict[str, np.ndarray], onset: float, grid: tuple[float, float, float]
) -> Iterator[dict[str, float]]:
    reach, step, frame_rate = grid
    for index in range(-int(reach / step + ROUNDING), int(reach / step + ROUNDING)) if clip else ():
        first = round((onset + index * step) * frame_rate)
        last = round((onset + (index + 1) * step) * frame_rate)
        values = {name: _between(curve, usual.get(name), first, last) for name, curve in clip.items()}
        yield {"time_s": (index + 0.5) * step, **values}


def _between(curve: np.ndarray, usual: np.ndarray | None, first: int, last: int) -> float:
    if usual is None:
        return Undefined("no clip without such a failure is left")
    shared = min(len(curve), len(usual))
    frames = slice(max(first, 0), max(min(last, shared), 0))
    differences = curve[frames] - usual[frames]
    differences = differences[np.isfinite(differences)]
    return float(differences.mean()) if differences.size else Undefined("the clip has no codes there")
