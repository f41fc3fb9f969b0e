"""What detectors return, and what they share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mgeval.metrics.frames import BEYOND, BROKEN, EMPTY, FRAME, LOUDEST, SHORT, as_samples, hop

QUIET_DB = -60.0
"""Level in dBFS at or under which a detector takes a sound for silence."""

UNHEARD = f"nothing in the clip is above {QUIET_DB:g} dBFS"
TINY = 1e-15


class Finding(NamedTuple):
    """One row of the table of failures."""

    kind: str
    score: float
    flagged: bool
    start_s: float
    end_s: float
    reason: str = ""
    """Why the score is NaN, where it is."""


class Place(NamedTuple):
    """Where a failure lies, in seconds, and how bad it is."""

    score: float
    start_s: float
    end_s: float


def find_problem(x: np.ndarray, rate: int) -> str:
    """Say why nothing can be found in samples; '' if it can."""
    hop(rate)  # says what is wrong with the rate
    if x.shape[1] == 0:
        return EMPTY
    # NaN if one of the samples is.
    highest = max(float(x.max()), -float(x.min()))
    if not highest <= LOUDEST:
        return BEYOND if np.isfinite(highest) else BROKEN
    return SHORT if x.shape[1] < FRAME * rate else ""


def check_samples(x: np.ndarray, rate: int) -> tuple[np.ndarray, str]:
    """Return checked samples and their `problem`."""
    x = as_samples(x)
    return x, find_problem(x, rate)


def undefined_finding(kind: str, reason: str) -> list[Finding]:
    """Return the row of a kind that has no meaning for a clip."""
    return [Finding(kind, math.nan, False, math.nan, math.nan, reason)]


def findings_at(kind: str, places: Iterable[Place], score: float, seconds: float) -> list[Finding]:
    """Return a flagged row for each place; if there is none, one that covers the clip and keeps its score."""
    rows = [Finding(kind, float(p.score), True, float(p.start_s), min(float(p.end_s), seconds)) for p in places]
    return rows or [Finding(kind, float(score), False, 0.0, seconds)]


def clip_finding(kind: str, score: float, flagged: bool, seconds: float) -> list[Finding]:
    """Return the one row of a kind that judges the clip as a whole."""
    return [Finding(kind, float(score), bool(flagged), 0.0, seconds)]


def runs(flags: np.ndarray) -> np.ndarray:
    """Return first and one past last index of each run of True, ``(runs, 2)``."""
    return np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def clusters(positions: np.ndarray, distance: float) -> list[np.ndarray]:
    """Part ascending positions wherever two neighbours are further apart than this."""
    return np.split(positions, np.flatnonzero(np.diff(positions) > distance) + 1) if len(positions) else []


def block_power(x: np.ndarray, size: int) -> np.ndarray:
    """Return the mean power of consecutive blocks of each channel, ``(channels, blocks)``; the rest is left out."""
    blocks = x[:, : x.shape[1] // size * size].reshape(x.shape[0], -1, size)
    return np.einsum("cbt,cbt->cb", blocks, blocks, dtype=np.float64) / size


def decibels(power: np.ndarray) -> np.ndarray:
    """Return levels in dBFS, at least -150."""
    return 10 * np.log10(np.maximum(power, TINY))
