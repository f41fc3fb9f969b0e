"""Failures of the level: silence, gaps, offset, drift; see `mgeval.metrics.failures` for the conventions."""

from __future__ import annotations

import numpy as np

from mgeval.metrics.failures.findings import (
    INAUDIBLE,
    QUIET_DB,
    Finding,
    Place,
    block_power,
    check_samples,
    clip_finding,
    decibels,
    findings_at,
    undefined_finding,
)
from mgeval.metrics.frames import FRAME
from mgeval.metrics.registry import detector

__all__ = ["dc_offset", "dropout", "early_ending", "leading_silence", "level_drift", "silence"]

BLOCK = 0.02
GAP_BLOCK = 0.0025
GAP_EDGE = 4
"""Number of blocks (10 ms together) that give the level on either side of a gap."""

GAP_LONGEST = 1.0
GAP_LOUD_DB = -50.0
GAP_SAME_DB = 10.0
GAP_SLACK_DB = 6.0
GAP_CLEAR = 2.0
"""A sample belongs to the sound before a gap if it exceeds the largest sample of the gap by this factor."""

DRIFT_BLOCK = 0.5
DRIFT_SHORTEST = 6.0
DRIFT_RANGE_DB = 40.0
DRIFT_BODY = 0.7


@detector(meaning="the clip is inaudible")
def silence(x: np.ndarray, rate: int, threshold: float = -60.0) -> list[Finding]:
    """Find inaudible clips.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        dBFS; levels at or below it are flagged.

    Returns
    -------
    list of Finding
        One; the score is the variance of the loudest 400 ms, mean over channels, in dBFS, at
        least -150.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("silence", why)
    level = float(decibels(_block_variances(x, max(round(FRAME * rate), 1)).mean(axis=0).max(initial=0)))
    return clip_finding("silence", level, level <= threshold, x.shape[1] / rate)


@detector(meaning="the clip begins with silence")
def leading_silence(x: np.ndarray, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find silence before the music.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Shortest time in seconds that is flagged.

    Returns
    -------
    list of Finding
        One; the score is the time in seconds before the first 20 ms above -60 dBFS in any channel, without
        offset. Undefined if no block is above -60 dBFS.
    """
    x, why = check_samples(x, rate)
    ends = None if why else _sound_edges(x, rate)
    if ends is None:
        return undefined_finding("leading_silence", why or INAUDIBLE)
    places = [Place(ends[0], 0, ends[0])] if ends[0] >= threshold else []
    return findings_at("leading_silence", places, ends[0], x.shape[1] / rate)


@detector(meaning="the clip ends with silence")
def early_ending(x: np.ndarray, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find silence after the music, which ends before the clip does.

    A fade-out of any common shape is above -60 dBFS until a few hundredths of a second before its end.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Shortest time in seconds that is flagged.

    Returns
    -------
    list of Finding
        One; the score is the time in seconds after the last 20 ms above -60 dBFS in any channel.
        Undefined if no block is above -60 dBFS.
    """
    x, why = check_samples(x, rate)
    ends = None if why else _sound_edges(x, rate)
    if ends is None:
        return undefined_finding("early_ending", why or INAUDIBLE)
    seconds = x.shape[1] / rate
    rest = seconds - ends[1]
    return findings_at("early_ending", [Place(rest, ends[1], seconds)] if rest >= threshold else [], rest, seconds)


def _block_variances(x: np.ndarray, size: int) -> np.ndarray:
    """Return the variance of consecutive blocks, ``(channels, blocks)``: power without the inaudible offset."""
    return x[:, : x.shape[1] // size * size].reshape(len(x), -1, size).var(axis=2, dtype=np.float64)


def _sound_edges(x: np.ndarray, rate: int) -> tuple[float, float] | None:
    """Return when the sound begins and ends, in seconds; None in silence."""
    size = max(round(BLOCK * rate), 1)
    loud = np.flatnonzero(decibels(_block_variances(x, size).max(axis=0)) > QUIET_DB)
    if len(loud) == 0:
        return None
    # The partial block at the end counts as the block before it.
    last = x.shape[1] if (loud[-1] + 2) * size > x.shape[1] else (loud[-1] + 1) * size
    return loud[0] * size / rate, last / rate


@detector(meaning="the sound of a channel breaks off and returns at the same level")
def dropout(x: np.ndarray, rate: int, threshold: float = 30.0) -> list[Finding]:
    """Find gaps: the sound of a channel breaks off and returns as abruptly and at the same level.

    In blocks of 2.5 ms: from 10 ms of sound to the second block after it, the level falls by the threshold from
    above -50 dBFS, stays down for up to 1 s, and returns to within 10 dB of its former value. The last 2.5 ms
    of sound, up to the last sample that exceeds the gap, must be within 10 dB of the 10 ms before,
    because a gap cuts between two samples. A rest is not a gap: notes decay before it, even if by 60 dB in 4 ms
    (10 ms in the bass), or the next note enters louder.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest depth in dB that is flagged.

    Returns
    -------
    list of Finding
        One for each gap of each channel; the score is its depth in dB below the quieter side, where
        digital silence counts as -150 dBFS; 0 without gaps.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("dropout", why)
    size = max(round(GAP_BLOCK * rate), 1)
    levels = decibels(block_power(x, size))
    places = [
        place
        for channel, level in zip(x, levels, strict=True)
        for place in _find_gaps(channel, level, threshold, size, rate)
    ]
    return findings_at(
        "dropout", sorted(places, key=lambda place: (place.start_s, -place.score)), 0.0, x.shape[1] / rate
    )


def _find_gaps(channel: np.ndarray, levels: np.ndarray, threshold: float, size: int, rate: int) -> list[Place]:
    step = size / rate
    before = np.lib.stride_tricks.sliding_window_view(levels, GAP_EDGE).min(axis=1)[: -GAP_EDGE - 1]
    falls = before - levels[GAP_EDGE + 1 : GAP_EDGE + 1 + len(before)]
    longest = round(GAP_LONGEST / step)
    places: list[Place] = []
    last_stop = 0
    for edge in np.flatnonzero((falls >= threshold) & (before > GAP_LOUD_DB)):
        start = edge + GAP_EDGE + 1
        if start < last_stop:
            continue
        # The gap lasts while the level stays near the bottom; the block of the rise holds both.
        back = np.flatnonzero(levels[start : start + longest] > before[edge] - threshold + GAP_SLACK_DB)
        stop = start + (back[0] if len(back) else longest)
        after = levels[stop + 1 : stop + 1 + GAP_EDGE]
        if len(after) < GAP_EDGE or not len(back):
            continue
        depth = min(before[edge], after.min()) - levels[start:stop].max()
        level = levels[edge : edge + GAP_EDGE].mean()
        sound, rest = channel[edge * size : (start + 1) * size], channel[(start + 1) * size : (stop - 1) * size]
        cut = _level_before_gap(sound, rest, size) >= level - GAP_SAME_DB
        if depth >= threshold and cut and abs(after.mean() - level) <= GAP_SAME_DB:
            places.append(Place(depth, start * step, stop * step))
            last_stop = stop
    return places


def _level_before_gap(sound: np.ndarray, rest: np.ndarray, size: int) -> float:
    """Return the level of the last ``size`` samples of a sound, up to the last one that exceeds the rest."""
    magnitude = np.abs(sound)
    floor = max(GAP_CLEAR * np.abs(rest).max(initial=0), magnitude.max() * 10 ** (GAP_LOUD_DB / 20))
    last = np.flatnonzero(magnitude > floor)[-1:].sum() + 1
    return float(decibels(np.mean(sound[max(last - size, 0) : last].astype(np.float64) ** 2)))


@detector(meaning="the signal has a DC offset")
def dc_offset(x: np.ndarray, rate: int, threshold: float = 0.01) -> list[Finding]:
    """Find a DC offset: a constant added to the signal.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest offset that is flagged, full scale 1.

    Returns
    -------
    list of Finding
        One; the score is the largest ``|E[x]|`` of a channel, full scale 1.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("dc_offset", why)
    offset = np.abs(x.mean(axis=1, dtype=np.float64)).max()
    return clip_finding("dc_offset", offset, offset >= threshold, x.shape[1] / rate)


@detector(meaning="the level rises or falls throughout the clip")
def level_drift(x: np.ndarray, rate: int, threshold: float = 9.0) -> list[Finding]:
    """Find a level that rises or falls throughout the clip.

    The change over the clip is the slope of a Theil-Sen line through the levels of 1 s (every 0.5 s, without offset,
    those within 40 dB of the loudest), once through all and once through the first 70 %; the smaller one counts,
    or 0 if their signs differ. So a fade-out at the end is not a drift. In sparse music, which has
    no continuous level, drift may be missed.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest change in dB over the whole clip that is flagged.

    Returns
    -------
    list of Finding
        One; the score is the change in dB, at least 0. Undefined for clips under 6 s or mostly silent.
    """
    x, why = check_samples(x, rate)
    if not why and x.shape[1] < DRIFT_SHORTEST * rate:
        why = f"the clip is shorter than {DRIFT_SHORTEST:g} s"
    if why:
        return undefined_finding("level_drift", why)
    powers = _block_variances(x, round(DRIFT_BLOCK * rate)).mean(axis=0)
    levels = decibels((powers[1:] + powers[:-1]) / 2)
    loud = np.flatnonzero(levels > max(levels.max() - DRIFT_RANGE_DB, QUIET_DB))
    body = loud[loud < DRIFT_BODY * len(levels)]
    if len(body) < len(levels) / 4:
        return undefined_finding("level_drift", "most of the clip is silent")
    overall, early = (_theil_sen_slope(levels[part], part / len(powers)) for part in (loud, body))
    drift = min(abs(overall), abs(early)) if overall * early > 0 else 0.0
    return clip_finding("level_drift", drift, drift >= threshold, x.shape[1] / rate)


def _theil_sen_slope(values: np.ndarray, times: np.ndarray) -> float:
    """Return the median slope of all pairs (Theil-Sen), which is robust to outliers."""
    first, second = np.triu_indices(len(values), 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))
