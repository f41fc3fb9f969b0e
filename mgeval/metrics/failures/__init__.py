"""What went wrong in a clip: detectors of failures, each a plain function, and `failures`, all of them.

A detector takes ``x`` of shape ``(channels, time)`` with full scale +-1, the rate in Hz and its
threshold. It returns `Finding` rows: flagged ones with their seconds, or a single unflagged one that
covers the clip and bears its score. For a clip without meaning for it - no samples, NaN among them,
less than 400 ms, or what its docstring adds - it returns one row with a NaN score and the reason. All
raise `MetricError` for an array that is not ``(channels, time)``.

How often each finds what is there, and what is not, stands in docs/failures.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics.failures.findings import Finding
from mgeval.metrics.failures.image import *
from mgeval.metrics.failures.levels import *
from mgeval.metrics.failures.loops import *
from mgeval.metrics.failures.peaks import *
from mgeval.metrics.failures.texture import *
from mgeval.metrics.frames import as_samples
from mgeval.metrics.registry import DETECTORS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DETECTORS", "Finding", "failures", "findings_of", *DETECTORS]


def failures(x: np.ndarray, rate: int, **thresholds: float) -> pd.DataFrame:
    """Look for every kind of failure.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    **thresholds : float
        By kind, in the units of its detector's score: ``failures(x, rate, clicks=20)`` flags only
        clicks that stand out by 20 dB.

    Returns
    -------
    pandas.DataFrame
        One row for each finding, and one for each kind that found nothing: ``kind``, ``score``,
        ``flagged``, ``start_s`` and ``end_s``, and ``reason``: why the score is NaN, or after what time
        a loop repeats.

    Raises
    ------
    MetricError
        A threshold for a kind that does not exist; the message names the nearest one.

    Examples
    --------
    >>> import numpy as np
    >>> tone = 0.1 * np.sin(0.2 * np.arange(64000))
    >>> table = failures(np.stack([tone, 0 * tone]), 32000)
    >>> list(table["kind"][table["flagged"]])
    ['dead_channel', 'imbalance']
    """
    import pandas as pd

    return pd.DataFrame(findings_of(x, rate, **thresholds), columns=Finding._fields)


def findings_of(x: np.ndarray, rate: int, **thresholds: float) -> list[Finding]:
    """Return the rows of `failures` without a table."""
    for kind in thresholds:
        if kind not in DETECTORS:
            raise MetricError(f"there is no failure {kind!r}: {nearest(kind, DETECTORS)}")
    x = as_samples(x)
    # Profiles that several detectors share are computed once.
    profiles = dict.fromkeys(row.shared for row in DETECTORS.values())
    shared = {profile: profile(x, rate) for profile in profiles if profile}
    rows = []
    for kind, row in DETECTORS.items():
        options = {"threshold": thresholds[kind]} if kind in thresholds else {}
        rows += row(shared[row.shared] if row.shared else x, rate, **options)
    return rows
