"""Failures of the level: silence, gaps, offset, drift. Conventions stand in `mgeval.metrics.failures`."""

from __future__ import annotations

import numpy as np

from mgeval.metrics.failures.findings import (
    QUIET_DB,
    UNHEARD,
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
"""Blocks, 10 ms, over which the level on either side of a gap is taken."""

GAP_LONGEST = 1.0
GAP_LOUD_DB = -50.0
GAP_SAME_DB = 10.0
GAP_SLACK_DB = 6.0
GAP_CLEAR = 2.0
"""Times the gap's own largest sample that one of the sound before it must have to stand out of the gap."""

DRIFT_BLOCK = 0.5
DRIFT_SHORTEST = 6.0
DRIFT_RANGE_DB = 40.0
DRIFT_BODY = 0.7


@detector(meaning="nothing in the clip can be heard")
def silence(x: np.ndarray, rate: int, threshold: float = -60.0) -> list[Finding]:
    """Find clips in which nothing can be heard.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        dBFS, flagged at or below it.

    Returns
    -------
    list of Finding
        One; the score is the power of the loudest 400 ms about its own mean, mean over channels, in dBFS, at
        least -150.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("silence", why)
    level = decibels(_block_variances(x, max(round(FRAME * rate), 1)).mean(axis=0).max(initial=0))
    return clip_finding("silence", level, level <= threshold, x.shape[1] / rate)


@detector(meaning="the music begins late")
def leading_silence(x: np.ndarray, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find silence before the music.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Seconds, flagged from there.

    Returns
    -------
    list of Finding
        One; the score is the time in seconds before the first 20 ms above -60 dBFS in any channel,
        an offset aside.
        Undefined where there are none.
    """
    x, why = check_samples(x, rate)
    ends = None if why else _sound_edges(x, rate)
    if ends is None:
        return undefined_finding("leading_silence", why or UNHEARD)
    places = [Place(ends[0], 0, ends[0])] if ends[0] >= threshold else []
    return findings_at("leading_silence", places, ends[0], x.shape[1] / rate)


@detector(meaning="the music ends before the clip does")
def early_ending(x: np.ndarray, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find silence after the music: it ends before the clip does.

    A fade-out of any usual shape is above -60 dBFS until a few hundredths of a second before its end.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Seconds, flagged from there.

    Returns
    -------
    list of Finding
        One; the score is the time in seconds after the last 20 ms above -60 dBFS in any channel.
        Undefined where there are none.
    """
    x, why = check_samples(x, rate)
    ends = None if why else _sound_edges(x, rate)
    if ends is None:
        return undefined_finding("early_ending", why or UNHEARD)
    seconds = x.shape[1] / rate
    left = seconds - ends[1]
    return findings_at("early_ending", [Place(left, ends[1], seconds)] if left >= threshold else [], left, seconds)


def _block_variances(x: np.ndarray, size: int) -> np.ndarray:
    """Return the power of consecutive blocks about their own mean, ``(channels, blocks)``: nobody hears an offset."""
    return x[:, : x.shape[1] // size * size].reshape(len(x), -1, size).var(axis=2, dtype=np.float64)


def _sound_edges(x: np.ndarray, rate: int) -> tuple[float, float] | None:
    """Return when the sound begins and ends, in seconds."""
    size = max(round(BLOCK * rate), 1)
    loud = np.flatnonzero(decibels(_block_variances(x, size).max(axis=0)) > QUIET_DB)
    if len(loud) == 0:
        return None
    # The begun block at the end counts as the one before it.
    last = x.shape[1] if (loud[-1] + 2) * size > x.shape[1] else (loud[-1] + 1) * size
    return loud[0] * size / rate, last / rate


@detector(meaning="the sound of a channel breaks off and comes back as loud")
def dropout(x: np.ndarray, rate: int, threshold: float = 30.0) -> list[Finding]:
    """Find gaps: the sound of a channel breaks off and comes back as abruptly and as loud.

    In levels of 2.5 ms: from one 10 ms to the next but one block the level falls by the threshold from
    above -50 dBFS, stays down for up to 1 s, and returns to within 10 dB of what it was. The last 2.5 ms
    of sound, up to the last sample that stands out of the gap, must be within 10 dB of the 10 ms before:
    a gap cuts between two samples. A rest is no gap: notes die away before it, if only by 60 dB in 4 ms
    (10 ms in the bass), or the next one enters louder than they were.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        dB, flagged from there.

    Returns
    -------
    list of Finding
        One for each gap of each channel; the score is its depth in dB below the quieter side,
        digital silence taken for -150 dBFS. 0 where nothing breaks off.
    """
    x, why = check_samples(x, rate)
    if why:
        return undefined_finding("dropout", why)
    size = max(round(GAP_BLOCK * rate), 1)
    levels = decibels(block_power(x, size))
    places = [
        place for side, own in zip(x, levels, strict=True) for place in _find_gaps(side, own, threshold, size, rate)
    ]
    return findings_at(
        "dropout", sorted(places, key=lambda place: (place.start_s, -place.score)), 0.0, x.shape[1] / rate
    )


def _find_gaps(side: np.ndarray, levels: np.ndarray, threshold: float, size: int, rate: int) -> list[Place]:
    step = size / rate
    before = np.lib.stride_tricks.sliding_window_view(levels, GAP_EDGE).min(axis=1)[: -GAP_EDGE - 1]
    falls = before - levels[GAP_EDGE + 1 : GAP_EDGE + 1 + len(before)]
    longest = round(GAP_LONGEST / step)
    places, done = [], 0
    for edge in np.flatnonzero((falls >= threshold) & (before > GAP_LOUD_DB)):
        start = edge + GAP_EDGE + 1
        if start < done:
            continue
        # The gap lasts while the level stays near the bottom; the block of the rise itself is mixed.
        back = np.flatnonzero(levels[start : start + longest] > before[edge] - threshold + GAP_SLACK_DB)
        stop = start + (back[0] if len(back) else longest)
        after = levels[stop + 1 : stop + 1 + GAP_EDGE]
        if len(after) < GAP_EDGE or not len(back):
            continue
        depth = min(before[edge], after.min()) - levels[start:stop].max()
        level = levels[edge : edge + GAP_EDGE].mean()
        sound, rest = side[edge * size : (start + 1) * size], side[(start + 1) * size : (stop - 1) * size]
        cut = _level_before_gap(sound, rest, size) >= level - GAP_SAME_DB
        if depth >= threshold and cut and abs(after.mean() - level) <= GAP_SAME_DB:
            places.append(Place(depth, start * step, stop * step))
            done = stop
    return places


def _level_before_gap(sound: np.ndarray, rest: np.ndarray, size: int) -> float:
    """Return the level of the last so many samples of a sound, up to the last one that stands out of the rest."""
    heard = np.abs(sound)
    floor = max(GAP_CLEAR * np.abs(rest).max(initial=0), heard.max() * 10 ** (GAP_LOUD_DB / 20))
    last = np.flatnonzero(heard > floor)[-1:].sum() + 1
    return float(decibels(np.mean(sound[max(last - size, 0) : last].astype(np.float64) ** 2)))


@detector(meaning="a constant is added to the sound")
def dc_offset(x: np.ndarray, rate: int, threshold: float = 0.01) -> list[Finding]:
    """Find a constant added to the sound.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        Of full scale, flagged from there.

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


@detector(meaning="the level creeps up or down all through the clip")
def level_drift(x: np.ndarray, rate: int, threshold: float = 9.0) -> list[Finding]:
    """Find a level that creeps up or down all through the clip.

    The change over the clip is a Theil-Sen line through the levels of 1 s (every 0.5 s, an offset aside, those within
    40 dB of the loudest), once through all and once through the first 70 %; the smaller counts, 0 if they
    disagree in sign. So a fade-out, which comes at the end, is no drift. A note now and then has no
    level to follow: in sparse music drift may be missed.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    threshold : float
        dB over the whole clip, flagged from there.

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
    kept = np.flatnonzero(levels > max(levels.max() - DRIFT_RANGE_DB, QUIET_DB))
    body = kept[kept < DRIFT_BODY * len(levels)]
    if len(body) < len(levels) / 4:
        return undefined_finding("level_drift", "most of the clip is silent")
    overall, early = (_theil_sen_slope(levels[part], part / len(powers)) for part in (kept, body))
    drift = min(abs(overall), abs(early)) if overall * early > 0 else 0.0
    return clip_finding("level_drift", drift, drift >= threshold, x.shape[1] / rate)


def _theil_sen_slope(values: np.ndarray, times: np.ndarray) -> float:
    """Return the median slope of all pairs (Theil-Sen): some odd seconds do not turn it."""
    first, second = np.triu_indices(len(values), 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))
