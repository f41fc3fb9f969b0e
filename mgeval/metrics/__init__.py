"""Metrics: plain functions on arrays, and `METRICS`, the only list of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution, music, signal, similarity, spectrum, stereo, tokens
from mgeval.metrics.failures import DETECTORS, Finding, findings_of
from mgeval.metrics.failures.findings import undefined_finding
from mgeval.metrics.registry import METRICS, Detector, Metric, detector, metric
from mgeval.metrics.stereo import spatial, widths
from mgeval.metrics.tokens import pooled as pooled
from mgeval.metrics.undefined import Undefined

__all__ = [
    "DETECTORS", "METRICS", "TEXT", "TOKENS", "Detector", "Finding", "Metric", "Undefined", "added", "adherence",
    "claims", "columns", "described", "detector", "distribution", "evaluate", "failures", "findings_of", "metric",
    "metric_names", "metric_of", "music", "pooled", "signal", "similarity", "spatial", "spectrum", "stereo", "tokens",
    "undefined_finding", "widths",
]  # fmt: skip


# The order of columns and tables: family by family, within one as the functions stand in their file.
_FAMILIES = [module.__name__ for module in (stereo, spatial, widths, signal, spectrum, music, similarity, tokens)]
_rows = sorted(METRICS.items(), key=lambda item: _FAMILIES.index(item[1].function.__module__))
METRICS.clear()
METRICS.update(_rows)
_BUILT_IN = frozenset(id(row) for row in METRICS.values())

TEXT = [name for name, row in METRICS.items() if row.channels == "text"]
"""Metrics that need a checkpoint; their columns carry its name, such as ``clap:tiny``."""

TOKENS = [name for name, row in METRICS.items() if row.channels == "tokens"]
"""Metrics of the codes that a model drew; `mgeval.token_table` computes them."""


def custom_metrics() -> dict[str, Metric]:
    """Return the rows that a script or a notebook put into `METRICS`: another process does not have them."""
    return {name: row for name, row in METRICS.items() if id(row) not in _BUILT_IN}


def described(column: str) -> Metric | None:
    """Return the row that a table's column belongs to; None if the column is no metric.

    ``clap:tiny`` is `clap` of the checkpoint ``tiny``, whose name the label then bears.
    """
    name, _, checkpoint = column.partition(":")
    row = METRICS.get(name)
    if row is None or (row.channels == "text") != bool(checkpoint):
        return None
    return replace(row, label=f"{row.label} ({checkpoint})") if checkpoint else row


def metric_of(column: str) -> Metric:
    """Return the row of a column that is a metric, as those of `columns` are.

    Raises
    ------
    MetricError
        The column is no metric.
    """
    row = described(column)
    if row is None:
        raise MetricError(f"there is no metric {column!r}: {nearest(column, METRICS)}")
    return row


def columns(table: Iterable[object]) -> list[str]:
    """Return the columns of a table that are metrics, in the order of `METRICS`."""
    order = list(METRICS)
    found = [column for column in table if isinstance(column, str) and described(column)]
    return sorted(found, key=lambda column: order.index(column.partition(":")[0]))


def metric_names(names: str | Iterable[str] | None = None) -> list[str]:
    """Return the metrics that were asked for, or all of the sound that need no checkpoint.

    A metric that needs one is asked for by the embedder's name, such as ``clap:tiny``: it holds a colon.

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
            raise MetricError(f"{name!r} is one of the codes, not of the sound: token_table(store) computes it")
        if name in TEXT or name == "clap:":
            raise MetricError(f"{name!r} needs a checkpoint: 'clap:tiny', or 'clap:PATH' of a local ClapModel")
        if name not in METRICS and ":" not in name:
            raise MetricError(f"there is no metric {name!r}: {nearest(name, [*free, 'clap:tiny'])}")
    return names


def evaluate(x: np.ndarray, rate: int, names: Iterable[str]) -> dict[str, float]:
    """Compute metrics of one clip; those of a family share one pass over the samples.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    names : iterable of str
        Keys of `METRICS` that need no checkpoint.

    Returns
    -------
    dict of str to float
        By name; what is not defined is `Undefined`.
    """
    names = metric_names(names)
    if needs := [name for name in names if name not in METRICS]:
        raise MetricError(f"{needs[0]!r} compares with a prompt: measure(clips, store, {needs[0]!r}) does that")
    rows = [METRICS[name] for name in names]
    shared = {row.shared: row.shared(x, rate) for row in rows if row.shared}
    values = {}
    for row in rows:
        given = shared[row.shared] if row.shared else x
        values[row.name] = row.function(given, rate) if row.timed else row.function(given)
    return values
