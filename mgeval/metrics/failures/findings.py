"""The rows that detectors return, and the tools that they share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mgeval.metrics.frames import BEYOND, BROKEN, EMPTY, FRAME, LOUDEST, SHORT, as_samples, check_rate

QUIET_DB = -60.0
"""Sounds at or below this level in dBFS count as silence."""

INAUDIBLE = f"nothing in the clip is above {QUIET_DB:g} dBFS"
TINY = 1e-15


class Finding(NamedTuple):
    """One row of the table of failures."""

    kind: str
    score: float
    flagged: bool
    start_s: float
    end_s: float
    reason: str = ""
    """Why the score is NaN, if it is."""


class Place(NamedTuple):
    """Where a failure is, in seconds, and how bad it is."""

    score: float
    start_s: float
    end_s: float


def find_problem(x: np.ndarray, rate: int) -> str:
    """Return why samples cannot be searched; '' if they can."""
    check_rate(rate)
    if x.shape[1] == 0:
        return EMPTY
    # NaN if a sample is NaN.
    highest = max(float(x.max()), -float(x.min()))
    if not highest <= LOUDEST:
        return BEYOND if np.isfinite(highest) else BROKEN
    return SHORT if x.shape[1] < FRAME * rate else ""


def check_samples(x: np.ndarray, rate: int) -> tuple[np.ndarray, str]:
    """Return samples as `as_samples` does, and why they cannot be searched; '' if they can."""
    x = as_samples(x)
    return x, find_problem(x, rate)


def undefined_finding(kind: str, reason: str) -> list[Finding]:
    """Return the row of a kind that is undefined for a clip."""
    return [Finding(kind, math.nan, False, math.nan, math.nan, reason)]


def findings_at(kind: str, places: Iterable[Place], score: float, seconds: float) -> list[Finding]:
    """Return a flagged row for each place; without places, one row for the whole clip with its score."""
    rows = [Finding(kind, float(p.score), True, float(p.start_s), min(float(p.end_s), seconds)) for p in places]
    return rows or [Finding(kind, float(score), False, 0.0, seconds)]


def clip_finding(kind: str, score: float, flagged: bool, seconds: float) -> list[Finding]:
    """Return the single row of a kind that judges the clip as a whole."""
    return [Finding(kind, float(score), bool(flagged), 0.0, seconds)]


def runs(flags: np.ndarray) -> np.ndarray:
    """Return the first index and one past the last index of each run of True, ``(runs, 2)``."""
    return np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def clusters(positions: np.ndarray, distance: float) -> list[np.ndarray]:
    """Split ascending positions wherever two neighbours are further apart than ``distance``."""
    return np.split(positions, np.flatnonzero(np.diff(positions) > distance) + 1) if len(positions) else []


def block_power(x: np.ndarray, size: int) -> np.ndarray:
    """Return the mean power of consecutive full blocks of each channel, ``(channels, blocks)``."""
    blocks = x[:, : x.shape[1] // size * size].reshape(x.shape[0], -1, size)
    return np.einsum("cbt,cbt->cb", blocks, blocks, dtype=np.float64) / size


def decibels(power: np.ndarray) -> np.ndarray:
    """Return levels in dBFS, at least -150."""
    return 10 * np.log10(np.maximum(power, TINY))
