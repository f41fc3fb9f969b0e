"""Shape of the long-term spectrum, mono or stereo.

``x`` has shape ``(channels, time)``. P(f) is the mean power spectrum over all channels (Welch: Hann
windows of about 64 ms, half overlapping, each channel's mean taken off the clip first), without its lowest
bin, which holds what is left of a constant. Every function returns a float; where the measure has no
meaning - silence, a clip under one window - it is `Undefined`. All raise `MetricError` for an array
that is not ``(channels, time)``.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.frames import BROKEN, EMPTY, SILENT, checked, hop
from mgeval.metrics.undefined import Undefined

WINDOW = 0.064
"""Seconds; the samples are the nearest power of two."""

ENERGY = 0.99
SILENCE = 1e-12
BATCH = 256
SHORT = "the clip is shorter than one window of 64 ms"


def _spectrum(x: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray] | Undefined:
    """Return frequencies in Hz and power, both ``(bins,)``; the power's sum is arbitrary."""
    from scipy.fft import rfft

    x = checked(x)
    hop(rate)  # says what is wrong with the rate
    size = 2 ** max(round(np.log2(WINDOW * rate)), 2)
    if x.shape[1] == 0:
        return Undefined(EMPTY)
    if not np.isfinite(x).all():
        return Undefined(BROKEN)
    if x.shape[1] < size:
        return Undefined(SHORT)
    # Scaled by the peak, so that no square under- or overflows.
    x = x - x.mean(axis=1, keepdims=True, dtype=np.float64).astype(x.dtype)
    peak = np.abs(x).max()
    if peak <= SILENCE:
        return Undefined(SILENT)
    frames = np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, :: size // 2]
    window = np.hanning(size + 1)[:-1].astype(x.dtype) / peak
    power = np.zeros(size // 2 + 1)
    for channel in frames:
        # Some frames at a time stay within the processor's cache.
        for start in range(0, len(channel), BATCH):
            bins = rfft(channel[start : start + BATCH] * window, axis=1)
            power += np.einsum("ft,ft->t", bins.real, bins.real) + np.einsum("ft,ft->t", bins.imag, bins.imag)
    return np.arange(1, len(power)) * rate / size, power[1:]


def centroid(x: np.ndarray, rate: int) -> float:
    """Spectral centroid: the mean frequency, weighted by power.

    ``sum f P(f) / sum P(f)`` with P the long-term power spectrum. Other tools weight by magnitude,
    frame by frame, and read higher.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        Hz, 0 to half the rate. A tone reads its frequency, white noise a quarter of the rate.
        `Undefined` for silence and clips under 64 ms.

    Examples
    --------
    >>> import numpy as np
    >>> round(centroid(np.sin(2 * np.pi * 1000 * np.arange(32000) / 32000), 32000))
    1000
    """
    found = _spectrum(x, rate)
    if isinstance(found, Undefined):
        return found
    hertz, power = found
    return float(hertz @ power / power.sum())


def bandwidth(x: np.ndarray, rate: int) -> float:
    """Bandwidth: the frequency below which 99 % of the energy lies (roll-off).

    The smallest f with ``sum P(<= f) >= 0.99 sum P``, to a bin (about 16 Hz), with P the long-term
    power spectrum. Low for muffled clips and for codecs that cut the top off.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        Hz, 0 to half the rate. White noise reads 0.495 of the rate. `Undefined` for silence and
        clips under 64 ms.
    """
    found = _spectrum(x, rate)
    if isinstance(found, Undefined):
        return found
    hertz, power = found
    sums = np.cumsum(power)
    return float(hertz[np.searchsorted(sums, ENERGY * sums[-1])])


def flatness(x: np.ndarray, rate: int) -> float:
    """Spectral flatness (Wiener entropy): geometric over arithmetic mean of the power spectrum.

    ``exp(E[ln P]) / E[P]`` over the bins of the long-term power spectrum P (Johnston 1988, *Transform
    coding of audio signals using perceptual noise criteria*).

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        0 to 1, no unit. A tone reads 0, long white noise 1; music, which falls off towards the top,
        mostly below 0.1. `Undefined` for silence and clips under 64 ms.
    """
    found = _spectrum(x, rate)
    if isinstance(found, Undefined):
        return found
    power = found[1]
    # Bins in which nothing is at all would make it 0 whatever the others hold: they count as 200 dB down.
    power = np.maximum(power, power.max() * 1e-20)
    return float(np.exp(np.mean(np.log(power))) / power.mean())
