"""Failures of single samples: clipping, overs, clicks; see `mgeval.metrics.failures` for the conventions."""

from __future__ import annotations

import numpy as np

from mgeval.metrics.failures.findings import (
    TINY,
    Finding,
    Place,
    check_samples,
    clusters,
    findings_at,
    runs,
    undefined_finding,
)
from mgeval.metrics.registry import detector

__all__ = ["clicks", "clipping", "overs"]

FLAT = 1e-4
FLAT_TOP = 3
STEPS_OF_16_BITS = 2.0**-14
CORNER = 1e-3
APART = 0.5
OVERSAMPLING = 4
REACH = 32
OVER_BLOCK = 1024
OVER_NEAR = 0.9
CLICK_BLOCK = 0.00025
CLICK_SIDE = 120
"""Number of blocks (about 30 ms together) on either side of a click that must hold nothing similar."""

CLICK_NEAR = 20
CLICK_SIZE = 0.1
CLICK_FLOOR = 1e-4


@detector(meaning="the waveform has flat tops, at full scale or below")
def clipping(x: np.ndarray, rate: int, threshold: float = 0.3) -> list[Finding]:
    """Find flat tops, at full scale or below.

    A flat top is a run of 3 or more samples within 0.01 % of the channel's highest (or lowest) one, at one end
    of which the signal drops at once by more than 0.1 %. The round top of a low note, if three of its samples
    are that close, drops by at most 0.04 %. Clipping before lossy coding or a filter leaves no flat tops and is
    missed.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest number of flat tops per second that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch whose tops are less than 0.5 s apart; the score is the number of flat tops
        per second of the whole clip, all channels together.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("clipping", why)
    tops = np.sort(np.concatenate([_flat_tops(signed) for channel in x for signed in (channel, -channel)]))
    seconds = x.shape[1] / rate
    score = len(tops) / seconds
    groups = clusters(tops, APART * rate) if score >= threshold else []
    places = [Place(score, group[0] / rate, (group[-1] + FLAT_TOP) / rate) for group in groups]
    return findings_at("clipping", places, score, seconds)


def _flat_tops(channel: np.ndarray) -> np.ndarray:
    """Return the first sample of each flat top at the channel's maximum."""
    peak = channel.max()
    high = np.flatnonzero(channel >= peak * (1 - FLAT)) if peak > 0 else np.zeros(0, int)
    groups = [group for group in clusters(high, 1) if len(group) >= FLAT_TOP]
    inside = [group for group in groups if group[0] > 0 and group[-1] < len(channel) - 1]
    # In a quiet 16-bit file the top of any wave is flat, so a drop by one quantisation step is not a corner.
    least = max(CORNER * peak, STEPS_OF_16_BITS)
    corner = [peak - min(channel[group[0] - 1], channel[group[-1] + 1]) >= least for group in inside]
    return np.array([group[0] for group, sharp in zip(inside, corner, strict=True) if sharp], int)


@detector(meaning="the signal exceeds full scale, at its samples or between them")
def overs(x: np.ndarray, rate: int, threshold: float = 0.0) -> list[Finding]:
    """Find inter-sample overs: the signal exceeds full scale, at its samples or between them.

    True peaks as in `mgeval.metrics.signal.true_peak` (ITU-R BS.1770-4, 4 times oversampled), of
    blocks of 1024 samples whose largest sample is within 0.9 dB of the largest one of the clip.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        dBTP; levels above it are flagged.

    Returns
    -------
    list of Finding
        One for each run of such blocks that exceeds it; the score is its true peak in dBTP, at least -150.
    """
    from scipy.signal import resample_poly

    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("overs", why)
    samples = x.shape[1]
    highest = np.maximum(x.max(axis=0), -x.min(axis=0))
    blocks = np.maximum.reduceat(highest, np.arange(0, samples, OVER_BLOCK))
    places, best = [], -150.0
    for first, last in runs((blocks >= OVER_NEAR * blocks.max()) & (blocks > TINY)):
        start, stop = first * OVER_BLOCK, min(last * OVER_BLOCK, samples)
        piece = resample_poly(x[:, max(start - REACH, 0) : stop + REACH], OVERSAMPLING, 1, axis=1)
        level = 20 * np.log10(max(np.abs(piece).max(), blocks[first:last].max()))
        places += [Place(level, start / rate, stop / rate)] if level > threshold else []
        best = max(best, level)
    return findings_at("overs", places, best, samples / rate)


@detector(meaning="the signal has jumps or stray samples that are shorter than the attack of any instrument")
def clicks(x: np.ndarray, rate: int, threshold: float = 12.5) -> list[Finding]:
    """Find clicks: jumps and stray samples that are shorter than the attack of any instrument.

    In blocks of about 0.25 ms (a power of two of samples), the largest third difference is compared with the
    largest one in the 120 blocks before and in the 120 after, without the neighbouring blocks. A drum stroke is
    followed by similar differences because it rings on, and a sawtooth repeats them in every period. A difference
    below a tenth of the peak within 20 blocks is not a click but the corner at the start of a loud note.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest ratio in dB that is flagged.

    Returns
    -------
    list of Finding
        One for each click; the score is the ratio in dB. The first and last 120 blocks are not searched.
    """
    from scipy.ndimage import maximum_filter1d

    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("clicks", why)
    size = 2 ** max(round(np.log2(CLICK_BLOCK * rate)), 2)
    jumps, peaks = _block_maxima(np.diff(x, 3, axis=1), size), _block_maxima(x, size)
    first, count = CLICK_SIDE + 2, jumps.shape[1] - 2 * CLICK_SIDE - 4
    if count <= 0:
        return undefined_finding("clicks", f"the clip has fewer than {2 * CLICK_SIDE + 5} blocks of {size} samples")
    # The width is even: the maximum at i covers the CLICK_SIDE / 2 blocks before i and as many from i on.
    around = maximum_filter1d(jumps, CLICK_SIDE, axis=1)
    before, after = (first + offset for offset in (-1 - CLICK_SIDE // 2, 2 + CLICK_SIDE // 2))
    beside = np.maximum(around[:, before : before + count], around[:, after : after + count])
    loud = maximum_filter1d(peaks, 2 * CLICK_NEAR + 1, axis=1)[:, first : first + count]
    jumps = jumps[:, first : first + count]
    ratio = np.where(jumps >= CLICK_SIZE * loud, jumps / np.maximum(beside, CLICK_FLOOR), 0).max(axis=0)
    scores = 20 * np.log10(np.maximum(ratio, 1))
    hits = clusters(np.flatnonzero(scores >= threshold), 1)
    places = [
        Place(scores[hit].max(), (hit[0] + first) * size / rate, (hit[-1] + first + 1) * size / rate) for hit in hits
    ]
    return findings_at("clicks", places, scores.max(), x.shape[1] / rate)


def _block_maxima(x: np.ndarray, size: int) -> np.ndarray:
    """Return the largest magnitude of consecutive blocks, ``(channels, blocks)``; ``size`` is a power of two."""
    maxima = np.abs(x[:, : x.shape[1] // size * size])
    # Halving repeatedly is faster than many short maxima.
    while size > 1:
        maxima, size = np.maximum(maxima[:, ::2], maxima[:, 1::2]), size // 2
    return maxima
