"""Metrics: plain functions on arrays, and `METRICS`, the only list of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution, music, signal, similarity, spectrum, stereo, tokens
from mgeval.metrics.failures import DETECTORS, Finding, findings_of
from mgeval.metrics.failures.findings import undefined_finding
from mgeval.metrics.music import harmony, rhythm
from mgeval.metrics.registry import METRICS, Detector, Metric, Profiles, detector, metric
from mgeval.metrics.stereo import spatial, widths
from mgeval.metrics.tokens import pooled as pooled
from mgeval.metrics.undefined import Undefined

__all__ = [
    "DETECTORS", "METRICS", "TEXT", "TOKENS", "Detector", "Finding", "Metric", "Profiles", "Undefined", "adherence",
    "claims", "columns", "custom_metrics", "described", "detector", "distribution", "evaluate", "failures",
    "find_metric", "findings_of", "metric", "metric_names", "metric_of", "music", "pooled", "signal", "similarity",
    "spatial", "spectrum", "stereo", "tokens", "undefined_finding", "widths",
]  # fmt: skip


# Columns and tables list the metrics by family, and within a family in the order of the functions in the file.
_FAMILIES = [
    module.__name__ for module in (stereo, spatial, widths, signal, spectrum, rhythm, harmony, similarity, tokens)
]
_rows = sorted(METRICS.items(), key=lambda item: _FAMILIES.index(item[1].function.__module__))
METRICS.clear()
METRICS.update(_rows)
_BUILT_IN = frozenset(id(row) for row in METRICS.values())

TEXT = [name for name, row in METRICS.items() if row.channels == "text"]
"""Metrics that need a checkpoint; the checkpoint's name is part of the column's, such as ``clap:tiny``."""

TOKENS = [name for name, row in METRICS.items() if row.channels == "tokens"]
"""Metrics of the codes that a model sampled; `mgeval.token_table` computes them."""


def custom_metrics() -> dict[str, Metric]:
    """Return the metrics that a script or a notebook added to `METRICS`: other processes do not have them."""
    return {name: row for name, row in METRICS.items() if id(row) not in _BUILT_IN}


def find_metric(column: str) -> Metric | None:
    """Return the metric that a table's column holds; None if the column holds no metric.

    ``clap:tiny`` is `clap` with the checkpoint ``tiny``; the label then includes the checkpoint's name.
    """
    name, _, checkpoint = column.partition(":")
    row = METRICS.get(name)
    if row is None or (row.channels == "text") != bool(checkpoint):
        return None
    return replace(row, label=f"{row.label} ({checkpoint})") if checkpoint else row


described = find_metric
"""Former name of `find_metric`."""


def metric_of(column: str) -> Metric:
    """Return the metric that a table's column holds; unlike `find_metric`, raise an error where there is none.

    Raises
    ------
    MetricError
        The column holds no metric.
    """
    row = find_metric(column)
    if row is None:
        raise MetricError(f"there is no metric {column!r}: {nearest(column, METRICS)}")
    return row


def columns(table: Iterable[object]) -> list[str]:
    """Return the columns of a table that hold metrics, in the order of `METRICS`."""
    order = list(METRICS)
    names = [column for column in table if isinstance(column, str) and find_metric(column)]
    return sorted(names, key=lambda column: order.index(column.partition(":")[0]))


def metric_names(names: str | Iterable[str] | None = None) -> list[str]:
    """Expand and check the names of metrics; by default, all metrics of the sound that need no checkpoint.

    The name of a metric that needs a checkpoint includes the embedder, such as ``clap:tiny``.

    Raises
    ------
    MetricError
        A name is unknown; the message names the nearest one.
    """
    free = [name for name in METRICS if name not in TEXT and name not in TOKENS]
    names = free if names is None else [names] if isinstance(names, str) else list(names)
    names = list(dict.fromkeys(part for name in names for part in (free if name == "all" else [name])))
    for name in names:
        if name in TOKENS:
            raise MetricError(f"{name!r} is a metric of codes, not of sound: use token_table(store)")
        if name in TEXT or name == "clap:":
            raise MetricError(f"{name!r} needs a checkpoint: 'clap:tiny', or 'clap:PATH' for a local ClapModel")
        if name not in METRICS and ":" not in name:
            raise MetricError(f"there is no metric {name!r}: {nearest(name, [*free, 'clap:tiny'])}")
    return names


def evaluate(x: np.ndarray, rate: int, names: Iterable[str], profiles: Profiles | None = None) -> dict[str, float]:
    """Compute metrics of one clip; metrics of a family share one pass over the samples.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    names : iterable of str
        Keys of `METRICS` that need no checkpoint.
    profiles : Profiles, optional
        What metrics share, as far as it was computed before.

    Returns
    -------
    dict of str to float
        By name; a metric that is not defined for the clip is `Undefined`.
    """
    names = metric_names(names)
    if with_prompt := [name for name in names if name not in METRICS]:
        first = with_prompt[0]
        raise MetricError(f"{first!r} compares with a prompt: use measure(clips, store, {first!r})")
    rows = [METRICS[name] for name in names]
    profiles = Profiles(x, rate) if profiles is None else profiles
    values = {}
    for row in rows:
        given = profiles[row.shared] if row.shared else x
        values[row.name] = row.function(given, rate) if row.timed else row.function(given)
    return values
