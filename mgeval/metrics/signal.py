"""Level and defects of the signal, mono or stereo.

``x`` has shape ``(channels, time)`` with full scale +-1. Every function returns a float; where the
measure is not defined it is `Undefined`, a NaN with a reason. All raise `MetricError` for an array
that is not ``(channels, time)``.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.failures import failures as failures
from mgeval.metrics.failures import findings_of
from mgeval.metrics.failures.findings import Finding
from mgeval.metrics.frames import (
    BROKEN,
    EMPTY,
    FLOOR,
    FRAME,
    QUIET,
    SHORT,
    SILENT,
    STEPS,
    as_samples,
    check_rate,
    power,
)
from mgeval.metrics.registry import DETECTORS, metric
from mgeval.metrics.undefined import Undefined

FULL_SCALE = 1 - 2.0**-15
"""The largest 16-bit sample: the level of clipped samples in files without lossy coding."""

FLAT_TOP = 3
SHORT_TERM = 3.0
SHORT_TERM_STEP = 0.1
GATE = -70.0
RANGE_GATE = 20.0
OVERSAMPLING = 4
CHUNK = 1 << 18
MARGIN = 32


def _check_samples(x: np.ndarray) -> tuple[np.ndarray, Undefined | None]:
    x = as_samples(x)
    if x.shape[1] == 0:
        return x, Undefined(EMPTY)
    return x, None if np.isfinite(x).all() else Undefined(BROKEN)


@metric(
    unit="LUFS",
    low=-70,
    label="Integrated loudness",
    meaning="integrated loudness, ITU-R BS.1770-4",
    caveat="needs 400 ms; a mono file reads 3 LU lower than its dual-mono copy",
    cites=("itu1770", "steinmetz2021"),
)
def loudness(x: np.ndarray, rate: int) -> float:
    """Integrated loudness, ITU-R BS.1770-4 (gated at -70 LUFS and -10 LU), by pyloudnorm.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        LUFS, at least -70; samples after the last full step of 100 ms are ignored. A mono clip counts
        as one channel, 3.01 LU below the same clip as dual mono. `Undefined` for clips shorter than 400 ms
        and where everything is below the gate.
    """
    import pyloudnorm

    x, problem = _check_samples(x)
    check_rate(rate)
    if problem is not None:
        return problem
    steps = (x.shape[1] / rate - FRAME) / (FRAME / STEPS)
    if steps < 0:
        return Undefined(SHORT)
    # Whole steps only: pyloudnorm counts a partial block as a full one, and then reads up to 0.3 LU too low.
    x = x[:, : math.ceil((FRAME + int(steps + 1e-6) * FRAME / STEPS) * rate)]
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # For silence it warns of the mean of no blocks.
        warnings.simplefilter("ignore", RuntimeWarning)
        value = float(pyloudnorm.Meter(rate).integrated_loudness(x.T.astype(np.float64)))
    return value if np.isfinite(value) else Undefined(QUIET)


@metric(
    unit="LU",
    low=0,
    label="Loudness range",
    meaning="how much the loudness varies, EBU Tech 3342",
    caveat="needs 3.1 s; unreliable below 10 s",
    cites=("ebu3342", "itu1770", "steinmetz2021"),
)
def loudness_range(x: np.ndarray, rate: int) -> float:
    """Loudness range, EBU Tech 3342: how much the loudness varies.

    Short-term loudness (ITU-R BS.1770-4 over 3 s, every 100 ms, by pyloudnorm), gated at -70 LUFS and
    20 LU below its mean power; the 95th percentile minus the 10th.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        LU, at least 0. Clips shorter than 10 s have few blocks and read low. `Undefined` with fewer than two
        blocks, which have no range: for clips shorter than 3.1 s, and where at most one block is above the gates.
    """
    import pyloudnorm

    x, problem = _check_samples(x)
    check_rate(rate)
    if problem is not None:
        return problem
    steps = (x.shape[1] / rate - SHORT_TERM) / SHORT_TERM_STEP
    if steps + 1e-6 < 1:
        return Undefined("the clip is shorter than 3.1 s, too short for two short-term blocks of 3 s")
    # pyloudnorm's loudness_range appends 1.5 s of silence, which adds 1 LU to a steady clip of 10 s.
    meter = pyloudnorm.Meter(rate, block_size=SHORT_TERM, overlap=1 - SHORT_TERM_STEP / SHORT_TERM)
    x = x[:, : math.ceil((SHORT_TERM + int(steps + 1e-6) * SHORT_TERM_STEP) * rate)]
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        meter.integrated_loudness(x.T.astype(np.float64))
    levels = np.array(meter.blockwise_loudness)
    levels = levels[levels >= GATE]
    if levels.size == 0:
        return Undefined(QUIET)
    # The mean power after the first gate is at most that of the loudest block: the second gate passes some blocks.
    levels = levels[levels >= 10 * np.log10(np.mean(10 ** (levels / 10))) - RANGE_GATE]
    if levels.size < 2:
        return Undefined("only one short-term block of 3 s is above the gates")
    low, high = np.percentile(levels, (10, 95))
    return float(high - low)


@metric(
    unit="dBTP",
    better="lower",
    label="True peak",
    meaning="highest level of the signal between its samples; a player clips above 0",
    caveat=(
        "with 4x oversampling the value is at most 0.55 dB too low up to 0.45 of the sampling rate; noise above that "
        "reads 0.3 dB too low in the median and 2.0 dB at worst (`python benchmarks/true_peak.py`)"
    ),
    cites=("itu1770",),
)
def true_peak(x: np.ndarray, rate: int) -> float:
    """Return the true peak: the largest value of the signal between its samples, ITU-R BS.1770-4 annex 2.

    The signal is oversampled 4 times (scipy's polyphase filter); the rate does not matter. Oversampling can miss
    a peak by ``-20 log10 cos(pi f / 4)`` dB, where f is the frequency over the rate: 0.55 dB at f = 0.45.
    The filter also attenuates frequencies above that: half a second of noise there reads 0.3 dB too low in the
    median of 100 draws and 2.0 dB at worst (benchmarks/true_peak.py).

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        dBTP, 0 is full scale; at least the sample peak. `Undefined` for digital silence.
    """
    from scipy.signal import resample_poly

    x, problem = _check_samples(x)
    if problem is not None:
        return problem
    peak = np.abs(x).max()
    # In pieces, so that memory does not grow with the clip; the filter spans 10 samples.
    for start in range(0, x.shape[1], CHUNK):
        first = max(start - MARGIN, 0)
        piece = resample_poly(x[:, first : start + CHUNK + MARGIN], OVERSAMPLING, 1, axis=1)
        begin = (start - first) * OVERSAMPLING
        peak = max(peak, np.abs(piece[:, begin : begin + CHUNK * OVERSAMPLING]).max())
    return float(20 * np.log10(peak)) if peak > 0 else Undefined(SILENT)


@metric(
    unit="dB",
    low=0,
    label="Crest factor",
    meaning="peak relative to the average level: low for dense or compressed clips, high for sparse or percussive ones",
)
def crest(x: np.ndarray) -> float:
    """Crest factor: peak relative to the root mean square, over all channels.

    ``20 log10(max|x| / sqrt(E[x^2]))``.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.

    Returns
    -------
    float
        dB, at least 0. A square wave gives 0, a sine 3.01. `Undefined` for digital silence.
    """
    x, problem = _check_samples(x)
    if problem is not None:
        return problem
    peak = np.abs(x).max().astype(np.float64)
    if peak == 0:
        return Undefined(SILENT)
    # Scaled by the peak, so that no square under- or overflows.
    return max(0.0, float(-10 * np.log10(np.mean((x / peak) ** 2))))


@metric(
    low=0,
    high=1,
    better="lower",
    label="Silence",
    meaning="share of 400 ms frames at or below -70 dBFS",
    caveat="needs 400 ms",
)
def silence(x: np.ndarray, rate: int) -> float:
    """Share of the clip that is silent: of 400 ms frames, those at or below -70 dBFS.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        0 to 1, no unit. `Undefined` for clips shorter than 400 ms.
    """
    x, problem = _check_samples(x)
    if problem is not None:
        return problem
    powers = power(x, rate)
    return float(np.mean(powers <= FLOOR)) if powers.size else Undefined(SHORT)


@metric(
    low=0,
    high=1,
    better="lower",
    label="Clipping",
    meaning="share of samples in runs of 3 or more at or beyond full scale, which a player clips",
    caveat="misses clipping that happened before the level was lowered or before lossy coding",
)
def clipping(x: np.ndarray) -> float:
    """Share of the samples that a player with integer output clips: 3 or more in a row at or beyond full scale.

    Full scale begins at 1 - 2**-15, the largest 16-bit sample. A sine that just touches full
    scale gives 0 above about 40 Hz (at 32 kHz). Clipping that happened before the level was lowered,
    or before lossy coding, is missed.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.

    Returns
    -------
    float
        0 to 1, no unit.
    """
    x, problem = _check_samples(x)
    if problem is not None:
        return problem
    over = np.abs(x) >= FULL_SCALE
    runs = over[:, :-2] & over[:, 1:-1] & over[:, 2:]
    flat = np.zeros_like(over)
    for step in range(FLAT_TOP):
        flat[:, step : step + runs.shape[1]] |= runs
    return float(flat.mean())


class FailureProfile(NamedTuple):
    """The findings of a clip, and why failures cannot be counted in it."""

    findings: list[Finding]
    problem: Undefined | None


def failure_profile(x: np.ndarray, rate: int | None, findings: list[Finding] | None = None) -> FailureProfile:
    """Return what `failure_count` counts; with findings from before none are looked for."""
    x, problem = _check_samples(x)
    if rate is None:
        raise MetricError("failure_count needs the rate of the samples in Hz")
    if problem is None and x.shape[1] < FRAME * rate:
        problem = Undefined(SHORT)
    if findings is None:
        findings = [] if problem is not None else findings_of(x, rate)
    return FailureProfile(findings, problem)


@metric(
    low=0,
    high=len(DETECTORS),
    better="lower",
    label="Failures",
    shared=failure_profile,
    meaning="number of kinds of failure that are found",
    caveat="[error rates](docs/failures.md) of each kind; a mono file cannot have failures of the stereo image",
)
def failure_count(x: np.ndarray | FailureProfile, rate: int | None = None) -> float:
    """Return the number of kinds of failure that are found, with the default thresholds of `failures`.

    Parameters
    ----------
    x : array_like or FailureProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to the number of detectors, no unit. Kinds that are undefined for the clip, such as those of the
        stereo image for mono, count as not found. `Undefined` for clips shorter than 400 ms.
    """
    found = x if isinstance(x, FailureProfile) else failure_profile(x, rate)
    if found.problem is not None:
        return found.problem
    return float(len({finding.kind for finding in found.findings if finding.flagged}))
