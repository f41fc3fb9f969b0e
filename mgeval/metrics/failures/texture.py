"""Failures of the texture: noise, drone, seam; see `mgeval.metrics.failures` for the conventions.

All use the power of windows of 64 ms, all channels together; ``x`` may be the
`Spectrogram` that `spectrogram` computes.
"""

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
    clusters,
    decibels,
    findings_at,
    runs,
    undefined_finding,
)
from mgeval.metrics.registry import detector

__all__ = ["drone", "noise_collapse", "seam"]

WINDOW = 0.064
BANDS = np.geomspace(100, 10000, 17)
"""Edges in Hz of the bands whose levels distinguish sounds, about 2.4 per octave."""

NOISE_BAND = (300, 8000)
NOISE_BINS = 16
NOISE_HALF = 8
NOISE_QUANTILE = 0.25
NOISE_FLATNESS = float(np.exp(-np.euler_gamma))
"""Geometric over arithmetic mean of an exponential variable: the power of stationary noise is exponential."""

NOISE_RANGE = 1e-7
RUMBLE = 3
"""Lowest bins, which hold the offset and inaudible rumble."""

DRONE_WINDOWS = 4
DRONE_DB = 2.5
DRONE_RANGE = 1e-4
SEAM_SIDE = 3.0
SEAM_SHARE = 20
SEAM_HEARD = 0.1
SEAM_RANGE = 1e-5


class Spectrogram(NamedTuple):
    """Power in consecutive windows of about 64 ms."""

    sides: np.ndarray
    """``(channels, windows, bins)``; the bins of a full-scale sine sum to about 0.5."""

    power: np.ndarray
    """Mean over the channels, ``(windows, bins)``."""

    step: float
    """Seconds from one window to the next."""

    hertz: float
    """Hz from one bin to the next."""

    seconds: float
    """Length of the clip."""

    problem: str
    """Why the clip cannot be searched; '' if it can."""

    def audible(self) -> np.ndarray:
        """Return which windows are above -60 dBFS, ``(windows,)``, without the inaudible offset."""
        return decibels(self.power[:, RUMBLE:].sum(axis=1)) > QUIET_DB

    def bands(self) -> np.ndarray:
        """Return the power in `BANDS`, ``(windows, bands)``, without bands above the last bin."""
        edges = np.round(BANDS / self.hertz).astype(int)
        edges = edges[edges < self.power.shape[1]]
        return np.add.reduceat(self.power[:, : edges[-1]], edges[:-1], axis=1)


def spectrogram(x: np.ndarray, rate: int) -> Spectrogram:
    """Compute the power of a clip's windows once for every detector of texture.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    Spectrogram
    """
    from scipy.fft import next_fast_len, rfft

    x, why = check_samples(x, rate)
    size = next_fast_len(max(round(WINDOW * rate), 32), real=True)
    size += size % 2
    count = 0 if why else x.shape[1] // size
    if not why and (count == 0 or rate < 4 * BANDS[0]):
        why = "the clip has too few samples to judge its texture"
    sides = np.zeros((len(x), count, size // 2 + 1), np.float32)
    if not why:
        window = np.hanning(size + 1)[:-1].astype(np.float32)
        # A full-scale sine then has a power of 0.5, spread over three bins.
        window *= np.sqrt(2 / (size * np.sum(window**2)))
        for side, channel in zip(sides, x, strict=True):
            bins = rfft(channel[: count * size].astype(np.float32).reshape(count, size) * window, axis=1)
            side[:] = bins.real**2 + bins.imag**2
    clip = Spectrogram(sides, sides.mean(axis=0), size / rate, rate / size, x.shape[1] / rate, why)
    return clip if why or clip.audible().any() else clip._replace(problem=INAUDIBLE)


def _as_spectrogram(x: np.ndarray | Spectrogram, rate: int) -> Spectrogram:
    return x if isinstance(x, Spectrogram) else spectrogram(x, rate)


@detector(meaning="the music turns into noise", shared=spectrogram)
def noise_collapse(x: np.ndarray | Spectrogram, rate: int, threshold: float = 0.87) -> list[Finding]:
    """Find the seconds in which the music has turned into noise.

    Flatness (geometric over arithmetic mean of the power) of patches of 1 s by 250 Hz between 300 Hz
    and 8 kHz, divided by exp(-0.577), the flatness of stationary noise of any colour; mean over the channels, weighted
    by their power. Tones make a patch uneven in frequency, drums in time. Patches whose bins are 70 dB
    below the loudest bin of the clip, at any time and frequency, count as 0, because rounding errors are noise too.

    Parameters
    ----------
    x : array_like or Spectrogram
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest flatness that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch; the score is the largest over its seconds of the lower quartile over the patches of
        a second, about 0 to 1. Undefined for clips shorter than 1 s, if nothing is above
        -60 dBFS, and at rates below 1.3 kHz.
    """
    clip = _as_spectrogram(x, rate)
    halves = len(clip.power) // NOISE_HALF
    if clip.problem or halves < 2:
        return undefined_finding("noise_collapse", clip.problem or "the clip is shorter than 1 s")
    low, high = (round(edge / clip.hertz) for edge in NOISE_BAND)
    high = min(high, clip.power.shape[1] * 9 // 10)
    if high - low < NOISE_BINS:
        return undefined_finding("noise_collapse", "the rate is too low to tell noise from tones")
    loudest = clip.power[: halves * NOISE_HALF, RUMBLE:].reshape(halves, NOISE_HALF, -1).mean(axis=1).max()
    patches = clip.sides[:, : halves * NOISE_HALF, low : high - (high - low) % NOISE_BINS] + TINY
    shape = (len(patches), halves, NOISE_HALF, -1, NOISE_BINS)
    mean, log = (a.reshape(shape).mean(axis=(2, 4)) for a in (patches, np.log(patches)))
    mean, log = (mean[:, 1:] + mean[:, :-1]) / 2, (log[:, 1:] + log[:, :-1]) / 2
    # Flatness times power of a channel is its geometric mean.
    flatness = np.exp(log).sum(axis=0) / mean.sum(axis=0) / NOISE_FLATNESS
    scores = np.quantile(np.where(mean.mean(axis=0) > NOISE_RANGE * loudest, flatness, 0), NOISE_QUANTILE, axis=1)
    step = NOISE_HALF * clip.step
    places = [Place(scores[a:b].max(), a * step, (b + 1) * step) for a, b in runs(scores >= threshold)]
    return findings_at("noise_collapse", places, scores.max(), clip.seconds)


@detector(meaning="one sound continues unchanged", shared=spectrogram)
def drone(x: np.ndarray | Spectrogram, rate: int, threshold: float = 5.0) -> list[Finding]:
    """Find a sound that does not change.

    Levels in 16 bands from 100 Hz to 10 kHz over quarters of a second, clipped at 40 dB below the
    loudest; a stretch lasts while they stay within 2.5 dB, root mean square over the bands, of their
    mean so far. A chord held for a bar passes; one held longer than the threshold is flagged.

    Parameters
    ----------
    x : array_like or Spectrogram
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Shortest time in seconds that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch; the score is its length in seconds, or the length of the longest if none is flagged.
        Undefined if nothing is above -60 dBFS.
    """
    clip = _as_spectrogram(x, rate)
    count = len(clip.power) // DRONE_WINDOWS
    if clip.problem or count < 2:
        return undefined_finding("drone", clip.problem or "the clip is shorter than half a second")
    powers = clip.bands()[: count * DRONE_WINDOWS].reshape(count, DRONE_WINDOWS, -1).mean(axis=1)
    total = powers.sum(axis=1)
    levels = decibels(np.maximum(powers, DRONE_RANGE * total.max()))
    step = DRONE_WINDOWS * clip.step
    stretches = [Place((b - a) * step, a * step, b * step) for a, b in _steady_stretches(levels, total)]
    places = [place for place in stretches if place.score >= threshold]
    return findings_at("drone", places, max((place.score for place in stretches), default=0), clip.seconds)


def _steady_stretches(levels: np.ndarray, total: np.ndarray) -> list[tuple[int, int]]:
    """Return the stretches without change; moments 40 dB below the loudest belong to no stretch."""
    loud = total > DRONE_RANGE * total.max()
    stretches, first = [], 0
    for index in range(1, len(levels) + 1):
        continues = index < len(levels) and loud[first] and loud[index]
        if not continues or np.sqrt(np.mean((levels[index] - levels[first:index].mean(axis=0)) ** 2)) > DRONE_DB:
            stretches += [(first, index)] if loud[first] else []
            first = index
    return stretches


@detector(meaning="level and timbre jump at a boundary", shared=spectrogram)
def seam(x: np.ndarray | Spectrogram, rate: int, threshold: float = 3.0) -> list[Finding]:
    """Find a boundary at which level and timbre jump, for example between two generated parts of a long clip.

    At each moment the levels (mean power in dB) of the 3 s before and of the 3 s after it are compared, in those of
    16 bands from 100 Hz to 10 kHz that are not empty (within 50 dB of the clip's mean power). The score is the
    smallest change of all but a fifth of the bands, if they change in one direction, minus the change
    within the sides (first half to second, median of the bands, mean of the two sides).
    Instruments that enter or leave change only their own bands. Music that stops or begins is not a seam:
    a tenth of either side must be above -60 dBFS. A change of timbre at a constant level is missed.

    Parameters
    ----------
    x : array_like or Spectrogram
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest change in dB that is flagged.

    Returns
    -------
    list of Finding
        One for all such moments that are less than 3 s apart, at the moment with the largest score, in dB, at
        least 0. Undefined for clips shorter than 6.5 s and if nothing is above -60 dBFS.
    """
    clip = _as_spectrogram(x, rate)
    side = round(SEAM_SIDE / clip.step)
    if clip.problem or len(clip.power) < 2 * side + 5:
        return undefined_finding("seam", clip.problem or "the clip is shorter than 6.5 s")
    powers = clip.bands()
    total = powers.sum(axis=1).mean()
    audible = np.lib.stride_tricks.sliding_window_view(clip.audible(), side).mean(axis=1) >= SEAM_HEARD
    powers = np.maximum(powers[:, powers.mean(axis=0) > SEAM_RANGE * total], SEAM_RANGE * total)
    # One window between the sides is skipped, because it contains both.
    change = _level_changes(powers, side, side + 1)
    # Changes within the sides, which are as large for sparse notes and fade-outs.
    within = np.abs(np.median(_level_changes(powers, side // 2, side - side // 2), axis=1))
    count = len(change)
    scores = np.maximum(np.percentile(change, SEAM_SHARE, axis=1), -np.percentile(change, 100 - SEAM_SHARE, axis=1))
    scores = np.maximum(scores - (within[:count] + within[side + 1 : side + 1 + count]) / 2, 0)
    scores[~(audible[:count] & audible[side + 1 :])] = 0
    # A boundary raises the change for seconds; a dip in between does not make it two boundaries.
    groups = clusters(np.flatnonzero(scores >= threshold), side)
    peaks = [group[np.argmax(scores[group])] for group in groups]
    places = [Place(scores[k], (k + side) * clip.step, (k + side + 1) * clip.step) for k in peaks]
    return findings_at("seam", places, scores.max(), clip.seconds)


def _level_changes(powers: np.ndarray, side: int, distance: int) -> np.ndarray:
    """Return the difference in dB of ``side`` windows and those ``distance`` before, ``(moments, bands)``."""
    # Means, because in sparse music percentiles only depend on how many of the windows hold a note.
    levels = decibels(np.lib.stride_tricks.sliding_window_view(powers, side, axis=0).mean(axis=2))
    return levels[distance:] - levels[:-distance]
