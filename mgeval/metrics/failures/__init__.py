"""What went wrong in a clip: detectors of failures, each a plain function, and `failures`, which runs them all.

A detector takes ``x`` of shape ``(channels, time)`` with full scale +-1, the rate in Hz and a
threshold. It returns `Finding` rows: flagged ones with their times in seconds, or a single unflagged one that
covers the clip and holds its score. For a clip that it cannot judge - no samples, NaN among them,
shorter than 400 ms, or the cases in its docstring - it returns one row with a NaN score and the reason. All
raise `MetricError` for an array that is not ``(channels, time)``.

docs/failures.md gives the rates of hits and false alarms of each detector.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics.failures.clipping_and_clicks import *
from mgeval.metrics.failures.findings import Finding
from mgeval.metrics.failures.levels import *
from mgeval.metrics.failures.loops import *
from mgeval.metrics.failures.stereo_image import *
from mgeval.metrics.failures.texture import *
from mgeval.metrics.frames import as_samples
from mgeval.metrics.registry import DETECTORS, Profiles

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DETECTORS", "Finding", "failures", "findings_of", *DETECTORS]


def failures(x: np.ndarray, rate: int, **thresholds: float) -> pd.DataFrame:
    """Run all detectors of failures.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    **thresholds : float
        By kind, in the unit of its detector's score: ``failures(x, rate, clicks=20)`` flags only
        clicks that stand out by 20 dB.

    Returns
    -------
    pandas.DataFrame
        One row for each finding, and one for each kind without a finding: ``kind``, ``score``,
        ``flagged``, ``start_s``, ``end_s``, and ``reason``: why the score is NaN, or the time after which
        a loop repeats.

    Raises
    ------
    MetricError
        A threshold is for an unknown kind; the message names the nearest one.

    Examples
    --------
    >>> import numpy as np
    >>> tone = 0.1 * np.sin(0.2 * np.arange(64000))
    >>> table = failures(np.stack([tone, 0 * tone]), 32000)
    >>> list(table["kind"][table["flagged"]])
    ['dead_channel', 'imbalance']
    """
    import pandas as pd

    return pd.DataFrame(findings_of(x, rate, thresholds), columns=Finding._fields)


def findings_of(
    x: np.ndarray,
    rate: int,
    thresholds: Mapping[str, float] | None = None,
    kinds: Collection[str] | None = None,
    profiles: Profiles | None = None,
) -> list[Finding]:
    """Return the rows of `failures` as a list: of all kinds, or of some."""
    thresholds = thresholds or {}
    for kind in thresholds:
        if kind not in DETECTORS:
            raise MetricError(f"there is no failure {kind!r}: {nearest(kind, DETECTORS)}")
    x = as_samples(x)
    profiles = Profiles(x, rate) if profiles is None else profiles
    rows = []
    for kind, row in DETECTORS.items():
        if kinds is None or kind in kinds:
            options = {"threshold": thresholds[kind]} if kind in thresholds else {}
            rows += row(profiles[row.shared] if row.shared else x, rate, **options)
    return rows
