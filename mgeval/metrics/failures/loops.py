"""Failures of form: the same second repeats; see `mgeval.metrics.failures` for the conventions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgeval.metrics.failures.findings import (
    INAUDIBLE,
    QUIET_DB,
    TINY,
    Finding,
    Place,
    check_samples,
    decibels,
    findings_at,
    runs,
    undefined_finding,
)
from mgeval.metrics.registry import detector

__all__ = ["looping"]

SEARCH_RATE = 8000
WINDOW = 3.0
STEP = 1.0
LAGS = (0.2, 1.3)
NEAR = 0.5


class Repeat(NamedTuple):
    """How a stretch repeats."""

    strength: float
    """Normalised autocorrelation at the lag, -1 to 1."""

    lag: float
    """Seconds."""


@detector(meaning="the same stretch repeats over and over")
def looping(x: np.ndarray, rate: int, threshold: float = 0.97) -> list[Finding]:
    """Find loops: stretches that repeat after a short time.

    Largest normalised autocorrelation ``sum d(t) d(t + lag) / sqrt(sum d(t)^2 sum d(t + lag)^2)`` of the
    samples' first difference d, summed over both channels and 3 s, at lags of 0.2 to 1.3 s, which is
    less than a bar of fast music. It compares waveforms: players never repeat one, sequenced music of
    several voices does not repeat one within a bar, but a model whose codes repeat does. A steady sound
    also equals itself; see `drone`.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest autocorrelation that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch; the score is its largest autocorrelation (the strength of the loop), -1
        to 1, and ``reason`` gives the time after which it repeats. Undefined for clips shorter than 3 s and if
        nothing is above -60 dBFS.
    """
    x, why = check_samples(x, rate)
    if not why and x.shape[1] < WINDOW * rate:
        why = f"the clip is shorter than {WINDOW:g} s"
    if not why and decibels(np.square(x - x.mean(axis=1, keepdims=True)).max()) <= QUIET_DB:
        why = INAUDIBLE
    if why:
        return undefined_finding("looping", why)
    seconds = x.shape[1] / rate
    repeats = _best_repeats(x, rate)
    scores = np.array([repeat.strength for repeat in repeats])
    rows = []
    for first, last in runs(scores >= threshold):
        best = max(repeats[first:last])
        place = Place(best.strength, first * STEP, (last - 1) * STEP + WINDOW)
        (row,) = findings_at("looping", [place], best.strength, seconds)
        rows.append(row._replace(reason=f"repeats every {best.lag:.3f} s"))
    return rows or findings_at("looping", [], scores.max(), seconds)


def _best_repeats(x: np.ndarray, rate: int) -> list[Repeat]:
    """Return the best repetition of each window of 3 s, every second."""
    every = max(round(rate / SEARCH_RATE), 1)
    # Decimation comes before the difference: otherwise aliased treble would dominate.
    coarse = np.diff(x[:, : x.shape[1] // every * every].reshape(len(x), -1, every).mean(axis=2), axis=1)
    # The difference is a sample shorter: without the -1 the last window of a clip of whole seconds would not fit.
    size, step = round(WINDOW * rate / every) - 1, round(STEP * rate / every)
    size = min(size, coarse.shape[1])
    lags = np.arange(round(LAGS[0] * rate / every), round(LAGS[1] * rate / every))
    repeats = []
    for start in range(0, coarse.shape[1] - size + 1, step):
        strengths = _autocorrelation(coarse[:, start : start + size], lags)
        best = int(np.argmax(strengths))
        repeat = Repeat(float(strengths[best]), float(lags[best] * every / rate))
        if repeat.strength > NEAR:
            # Refined to whole samples: an error of half a sample already blurs the treble.
            fine = np.diff(x[:, start * every : (start + size) * every], axis=1)
            around = range((lags[best] - 1) * every, (lags[best] + 1) * every + 1)
            repeat = max(Repeat(_autocorrelation_at(fine, lag), lag / rate) for lag in around)
        repeats.append(repeat)
    return repeats


def _autocorrelation(x: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return the normalised autocorrelation, summed over the channels, at several lags."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = x.shape[1]
    length = next_fast_len(size + int(lags[-1]) + 1, real=True)
    power = sum(bins.real**2 + bins.imag**2 for bins in rfft(x, length, axis=1))
    sums = np.concatenate([[0], np.cumsum(np.einsum("ct,ct->t", x, x, dtype=np.float64))])
    return irfft(power, length)[lags] / np.sqrt(np.maximum(sums[size - lags] * (sums[size] - sums[lags]), TINY**2))


def _autocorrelation_at(x: np.ndarray, lag: int) -> float:
    """Return the normalised autocorrelation, summed over the channels, at one lag."""
    early, late = x[:, :-lag], x[:, lag:]
    product, early_power, late_power = (
        sum(float(p @ q) for p, q in zip(a, b, strict=True)) for a, b in ((early, late), (early, early), (late, late))
    )
    return float(product / max(np.sqrt(early_power) * np.sqrt(late_power), TINY))
