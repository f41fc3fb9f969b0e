"""Plain, slow implementations of stereo measures: by definition, in float64, with scipy's spectra."""

from __future__ import annotations

import numpy as np
from scipy import signal

SIZE = 2048
"""Size of the window of `mgeval.metrics.stereo.spectra` at 32 kHz."""


def frames(x: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequencies, and spectra of left and right ``(bins, frames)``."""
    how = {"fs": rate, "window": "hann", "nperseg": SIZE, "boundary": None, "padded": False, "detrend": False}
    frequencies, _, left = signal.stft(x[0], **how)
    return frequencies, left, signal.stft(x[1], **how)[2]


def coherence(x: np.ndarray, rate: int) -> float:
    """Loop over all pairs of frames that are at least a window apart, bin by bin, band by band."""
    frequencies, left, right = frames(x, rate)
    count = left.shape[1]
    shared, most = np.zeros(len(left)), np.zeros(len(left))
    for m in range(count):
        for n in range(count):
            if abs(m - n) >= 2:
                shared += (left[:, m] * right[:, m].conj() * (left[:, n] * right[:, n].conj()).conj()).real
                most += np.abs(left[:, m]) ** 2 * np.abs(right[:, n]) ** 2
    power = (np.abs(left) ** 2 + np.abs(right) ** 2).sum(axis=1)
    # The last bin holds one frequency, each other bin a positive and a negative one.
    power[-1] /= 2
    sums, weights = 0.0, 0.0
    for band in range(-17, 15):
        low, high = 1000 * 10 ** ((2 * band - 1) / 20), 1000 * 10 ** ((2 * band + 1) / 20)
        inside = (frequencies >= low) & (frequencies < high)
        if inside.any():
            value = np.sum(power[inside] * (shared / most)[inside]) / power[inside].sum()
            sums, weights = sums + value * power[inside].sum(), weights + power[inside].sum()
    return sums / weights


def welch_coherence(x: np.ndarray, rate: int) -> float:
    """Use scipy's coherence, and subtract the bias of K segments of independent noise, 1 / K."""
    frequencies, found = signal.coherence(*x, fs=rate, window="hann", nperseg=SIZE, detrend=False)
    power = sum(signal.welch(channel, rate, "hann", SIZE, detrend=False)[1] for channel in x)
    segments = x.shape[1] // (SIZE // 2) - 1
    # In noise, neighbouring Hann windows with 50 % overlap have a correlation of 1/6.
    count = segments / (1 + 2 * (1 - 1 / segments) / 36)
    heard = frequencies > 17.8
    return np.average(((count * found - 1) / (count - 1))[heard], weights=power[heard])


def correlation_at(x: np.ndarray, lag: int) -> float:
    """Correlate left with right some samples later."""
    total = 0.0
    for t in range(x.shape[1]):
        if 0 <= t + lag < x.shape[1]:
            total += x[0, t] * x[1, t + lag]
    return total / np.sqrt((x[0] @ x[0]) * (x[1] @ x[1]))


def delay(x: np.ndarray, rate: int) -> tuple[float, float]:
    """Return the lag in ms and the height of the largest correlation within 1 ms, at 64 lags per sample."""
    whole = signal.correlate(x[1], x[0], method="fft") / np.sqrt((x[0] @ x[0]) * (x[1] @ x[1]))
    middle = x.shape[1] - 1
    fine = signal.resample(whole[middle - 4096 : middle + 4096], 8192 * 64)
    lags = (np.arange(len(fine)) / 64 - 4096) / rate * 1000
    inside = np.abs(lags) <= 1
    best = np.abs(fine[inside]).argmax()
    return lags[inside][best], np.abs(fine[inside][best])


def panning(x: np.ndarray, rate: int) -> tuple[float, float]:
    """Return mean and spread of Avendano's index, with his similarities of each channel."""
    frequencies, left, right = frames(x, rate)
    values, weights = [], []
    for frequency, row, other in zip(frequencies, left, right, strict=True):
        if frequency < 17.8:
            continue
        for a, b in zip(row, other, strict=True):
            both = abs(a * np.conj(b))
            difference = both / abs(a) ** 2 - both / abs(b) ** 2
            values.append((1 - 2 * both / (abs(a) ** 2 + abs(b) ** 2)) * np.sign(difference))
            # Every bin except the last counts twice, because the full spectrum has it twice.
            weights.append((abs(a) ** 2 + abs(b) ** 2) * (1 if frequency == rate / 2 else 2))
    mean = np.average(values, weights=weights)
    return mean, np.sqrt(np.average((np.array(values) - mean) ** 2, weights=weights))


def band_width(x: np.ndarray, rate: int, low: float, high: float) -> float:
    """Compare Welch's spectra of side and mid in a band."""
    frequencies, mid = signal.welch((x[0] + x[1]) / 2, rate, "hann", SIZE, detrend=False)
    side = signal.welch((x[0] - x[1]) / 2, rate, "hann", SIZE, detrend=False)[1]
    inside = (frequencies >= low) & (frequencies < high)
    return side[inside].sum() / (mid + side)[inside].sum()


def frame_widths(x: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times and widths of the frames of 400 ms that count."""
    step = round(0.1 * rate)
    rows = []
    for start in range(0, x.shape[1] - 4 * step + 1, step):
        left, right = x[:, start : start + 4 * step]
        side, mid = np.mean((left - right) ** 2) / 4, np.mean((left + right) ** 2) / 4
        rows.append(((start + 2 * step) / rate, side / (mid + side), np.mean(left**2 + right**2) / 2))
    times, widths, powers = np.array(rows).T
    kept = (powers > 1e-7) & (powers >= powers.max() * 1e-4)
    return times[kept], widths[kept]
