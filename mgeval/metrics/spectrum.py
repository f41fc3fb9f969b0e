"""Shape of the long-term spectrum, mono or stereo.

``x`` has shape ``(channels, time)``. P(f) is the mean power spectrum over all channels (Welch: Hann
windows of about 64 ms with 50 % overlap, after subtracting each channel's mean), without its lowest
bin, which holds the rest of a constant. Every function takes samples, or the `SpectrumProfile` that
`profile` computes from them, and returns a float; where the measure is not defined - silence, a clip shorter
than one window - it is `Undefined`. All raise `MetricError` for an array that is not ``(channels, time)``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgeval.metrics.frames import BROKEN, EMPTY, SILENT, as_samples, check_rate
from mgeval.metrics.registry import metric
from mgeval.metrics.undefined import Undefined

WINDOW = 0.064
"""Seconds, rounded to the nearest power of two of samples."""

ENERGY = 0.99
SILENCE = 1e-12
SHORT = "the clip is shorter than one window of 64 ms"


class SpectrumProfile(NamedTuple):
    """The long-term spectrum that the measures of this module share.

    Parameters
    ----------
    hertz : numpy.ndarray
        ``(bins,)``, without 0.
    power : numpy.ndarray
        P of each bin, ``(bins,)``, with an arbitrary sum.
    problem : Undefined or None
        Why the clip cannot be measured; None if it can.
    """

    hertz: np.ndarray
    power: np.ndarray
    problem: Undefined | None


def profile(x: np.ndarray, rate: int) -> SpectrumProfile:
    """Compute a clip's spectrum once, for every measure of this module.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    SpectrumProfile

    Raises
    ------
    MetricError
        ``x`` is not ``(channels, time)`` with one or two channels, or the rate is not positive.
    """
    from scipy.signal import welch

    x = as_samples(x)
    check_rate(rate)
    size = 2 ** max(round(np.log2(WINDOW * rate)), 2)
    if x.shape[1] == 0:
        return _empty_profile(EMPTY)
    if not np.isfinite(x).all():
        return _empty_profile(BROKEN)
    if x.shape[1] < size:
        return _empty_profile(SHORT)
    x = x - x.mean(axis=1, keepdims=True, dtype=np.float64).astype(x.dtype)
    peak = np.abs(x).max()
    if peak <= SILENCE:
        return _empty_profile(SILENT)
    # Scaled by the peak, so that no square under- or overflows; one channel at a time halves the memory.
    spectra = [welch(channel / peak, rate, "hann", size, detrend=False) for channel in x]
    power = np.sum([power for _, power in spectra], axis=0, dtype=np.float64)
    # welch counts f and -f in each bin except the first and the last; here every bin counts both.
    power[-1] *= 2
    return SpectrumProfile(spectra[0][0][1:], power[1:], None)


def _empty_profile(reason: str) -> SpectrumProfile:
    return SpectrumProfile(np.zeros(0), np.zeros(0), Undefined(reason))


def _as_profile(x: np.ndarray | SpectrumProfile, rate: int | None) -> SpectrumProfile:
    return x if isinstance(x, SpectrumProfile) else profile(x, check_rate(rate))


@metric(
    unit="Hz",
    low=0,
    shared=profile,
    label="Spectral centroid",
    meaning="mean frequency, weighted by power; high values sound bright",
    caveat="other tools weight by magnitude and give higher values",
    cites=("welch1967",),
)
def centroid(x: np.ndarray | SpectrumProfile, rate: int | None = None) -> float:
    """Spectral centroid: the mean frequency, weighted by power.

    ``sum f P(f) / sum P(f)`` with P the long-term power spectrum. Other tools weight by magnitude,
    frame by frame, and give higher values.

    Parameters
    ----------
    x : array_like or SpectrumProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Hz, 0 to half the rate. A tone gives its frequency, white noise a quarter of the rate.
        `Undefined` for silence and clips shorter than 64 ms.

    Examples
    --------
    >>> import numpy as np
    >>> round(centroid(np.sin(2 * np.pi * 1000 * np.arange(32000) / 32000), 32000))
    1000
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    return float(clip.hertz @ clip.power / clip.power.sum())


@metric(
    unit="Hz",
    low=0,
    shared=profile,
    label="Bandwidth",
    meaning="frequency below which 99 % of the energy lies; low values sound muffled",
    caveat="cannot exceed half the sampling rate: compare only clips of the same rate",
    cites=("welch1967",),
)
def bandwidth(x: np.ndarray | SpectrumProfile, rate: int | None = None) -> float:
    """Bandwidth: the frequency below which 99 % of the energy lies (roll-off).

    The smallest f with ``sum P(<= f) >= 0.99 sum P``, to a bin (about 16 Hz), with P the long-term
    power spectrum. Low for muffled clips and for codecs that cut off the treble.

    Parameters
    ----------
    x : array_like or SpectrumProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Hz, 0 to half the rate. White noise gives 0.495 of the rate. `Undefined` for silence and
        clips shorter than 64 ms.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    sums = np.cumsum(clip.power)
    return float(clip.hertz[np.searchsorted(sums, ENERGY * sums[-1])])


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Spectral flatness",
    meaning="how even the spectrum is: 0 for a tone, 1 for white noise",
    caveat="computed from the long-term spectrum up to half the sampling rate",
    cites=("welch1967", "johnston1988"),
)
def flatness(x: np.ndarray | SpectrumProfile, rate: int | None = None) -> float:
    """Spectral flatness (Wiener entropy): geometric over arithmetic mean of the power spectrum.

    ``exp(E[ln P]) / E[P]`` over the bins of the long-term power spectrum P (Johnston 1988, *Transform
    coding of audio signals using perceptual noise criteria*).

    Parameters
    ----------
    x : array_like or SpectrumProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A tone gives 0, long white noise 1; music, whose spectrum falls off towards high
        frequencies, mostly stays below 0.1. `Undefined` for silence and clips shorter than 64 ms.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    # A single empty bin would make the result 0: empty bins count as 200 dB below the loudest.
    power = np.maximum(clip.power, clip.power.max() * 1e-20)
    return float(np.exp(np.mean(np.log(power))) / power.mean())
