"""Cross-correlation of left and right around lag 0, and its peak between the samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

REACH = 1e-3
"""The largest lag in seconds: the delay between two ears, or between two microphones a hand apart (ISO 3382-1)."""

TAPS = 64
"""Samples on each side of a lag that the interpolation at this lag uses."""

SHAPE = 9.0
"""Shape of the Kaiser window on the interpolating sinc: its ripples stay below `SAME`, so they add no peaks."""

STEPS = 4
"""Lags per sample at which peaks are searched."""

SAME = 1e-4
"""Peaks that differ by less than this count as equally high, such as those of a steady tone."""

BLOCK = 64


class Correlogram(NamedTuple):
    """Cross-correlation of left and right at lags within 1 ms, and one step of the grid beyond.

    Parameters
    ----------
    lags : numpy.ndarray
        Milliseconds in steps of a quarter sample, ``(lags,)``; positive if right is late.
    values : numpy.ndarray
        ``sum L(t) R(t + lag) / sqrt(sum L^2 sum R^2)``, -1 to 1, ``(lags,)``.
    peak : float
        Lag of the peak of the absolute value in milliseconds; NaN if the largest value is at the
        edge, where the correlation still rises.
    height : float
        The largest absolute value within 1 ms, 0 to 1.
    """

    lags: np.ndarray
    values: np.ndarray
    peak: float
    height: float


def correlogram(x: np.ndarray, rate: int, left: float, right: float) -> Correlogram:
    """Correlate the channels of a clip.

    Parameters
    ----------
    x : numpy.ndarray
        ``(2, time)``, finite.
    rate : int
        Hz.
    left, right : float
        Mean squares of the channels, both above 0.
    """
    reach = REACH * rate
    edge = int(STEPS * reach) + 1
    lags = np.arange(-edge - 1, edge + 2) / STEPS
    sums = _lag_sums(x, -(-(edge + 1) // STEPS) + TAPS) / (np.sqrt(left) * np.sqrt(right) * x.shape[1])
    values = _interpolate(sums, lags)
    peak_lags, heights = _peaks(sums, lags, values, reach)
    inside = np.append(np.abs(lags) <= reach, [True, True])
    ends = np.abs(_interpolate(sums, np.array([-reach, reach])))
    within = np.append(np.abs(values), ends)[inside].max()
    height = max(within, heights.max(initial=0))
    peak = _nearest_peak(peak_lags, heights) if heights.max(initial=0) >= within - SAME else np.nan
    inner = slice(1, -1)
    return Correlogram(1000 * lags[inner] / rate, np.clip(values[inner], -1, 1), 1000 * peak / rate, min(height, 1.0))


def _lag_sums(x: np.ndarray, most: int) -> np.ndarray:
    """Sum L(t) R(t + lag) at lags from ``-most`` to ``most`` samples, with zeros beyond the clip."""
    from scipy.fft import irfft, rfft

    # Each block of the right channel extends ``most`` samples beyond the left one: no lag wraps around.
    size = 1 << (32 * most - 1).bit_length()
    step = size - 2 * most
    total = np.zeros(size // 2 + 1, np.complex128)
    for first in range(0, x.shape[1], BLOCK * step):
        count = min(BLOCK, -(-(x.shape[1] - first) // step))
        left, right = np.zeros((count, size)), np.zeros(count * step + 2 * most)
        piece = x[:, first : first + count * step]
        padded = np.zeros(count * step)
        padded[: piece.shape[1]] = piece[0]
        left[:, :step] = padded.reshape(count, step)
        start = max(first - most, 0)
        piece = x[1, start : first + count * step + most]
        right[start - first + most :][: len(piece)] = piece
        rows = np.lib.stride_tricks.sliding_window_view(right, size)[::step]
        total += np.einsum("bf,bf->f", rfft(left).conj(), rfft(rows))
    return irfft(total, size)[: 2 * most + 1]


def _interpolate(sums: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Interpolate sums at whole lags to other lags by a tapered sinc."""
    most = len(sums) // 2
    distance = lags[:, None] - np.arange(-most, most + 1)
    taper = np.i0(SHAPE * np.sqrt(np.maximum(1 - (distance / TAPS) ** 2, 0))) / np.i0(SHAPE)
    return np.where(np.abs(distance) < TAPS, np.sinc(distance) * taper, 0) @ sums


def _peaks(sums: np.ndarray, lags: np.ndarray, values: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return lags in samples and heights of the peaks of the absolute value, by parabolas through three points."""
    size = np.abs(values)
    before, middle, after = size[:-2], size[1:-1], size[2:]
    peaks = np.flatnonzero((middle >= before) & (middle >= after) & (middle > 0))
    before, middle, after = before[peaks], middle[peaks], after[peaks]
    bend = before - 2 * middle + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros(len(peaks)), where=bend < 0)
    # The peak of a source that is late by exactly 1 ms falls beyond 1 ms as often as below.
    peak_lags = lags[peaks + 1] + shift / STEPS
    peak_lags = np.clip(peak_lags[np.abs(peak_lags) <= reach + 1 / STEPS], -reach, reach)
    return peak_lags, np.abs(_interpolate(sums, peak_lags))


def _nearest_peak(peak_lags: np.ndarray, heights: np.ndarray) -> float:
    """Return the highest peak; of several equally high ones, the one nearest to 0."""
    return min(peak_lags[heights >= heights.max() - SAME], key=abs) + 0.0
