"""Failures of the stereo image; see `mgeval.metrics.failures` for the conventions.

Frames are those of `mgeval.metrics.stereo`: 400 ms, every 100 ms; only those that count are used. ``x`` may be a
`StereoProfile`. Undefined for mono clips.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics import stereo
from mgeval.metrics.failures.findings import Finding, Place, clip_finding, findings_at, runs, undefined_finding
from mgeval.metrics.frames import QUIET, STEPS
from mgeval.metrics.registry import detector
from mgeval.metrics.stereo.moments import profile_and_problem

__all__ = ["antiphase", "collapsed_stereo", "dead_channel", "imbalance"]

NEGLIGIBLE = 1e-6
"""Power ratio, -60 dB, below which a signal counts as absent next to another."""

ANTIPHASE = -0.5
"""Correlation below which a frame is in antiphase; frames of wide music reach 0 and slightly less."""


@detector(meaning="the stereo file holds a mono signal", stereo=True, shared=stereo.profile)
def collapsed_stereo(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find a stereo file that holds a mono signal.

    Share of the frames whose side signal is at least 60 dB below the mid signal. A clip whose prompt asks
    for mono is flagged as well.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest share that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch of such frames; the score is the share for the whole clip, 0 to 1.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("collapsed_stereo", why)
    return _share_findings("collapsed_stereo", clip.frames.ss <= NEGLIGIBLE * clip.frames.mm, clip, threshold)


@detector(meaning="one channel is silent while the other is not", stereo=True, shared=stereo.profile)
def dead_channel(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 2.0) -> list[Finding]:
    """Find a channel that is silent while the other is not: at least 60 dB below it.

    A mix of sources panned hard to both sides passes unless one of them plays alone for longer than the threshold;
    a single source on one side is flagged.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Shortest time in seconds that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch; the score is its length in seconds, or the length of the longest if none is flagged.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("dead_channel", why)
    left, right = clip.frames.ll, clip.frames.rr
    stretches = [
        place for a, b in ((left, right), (right, left)) for place in _flagged_stretches(a <= NEGLIGIBLE * b, clip)
    ]
    lengths = [place.end_s - place.start_s for place in stretches]
    scored = [place._replace(score=length) for place, length in zip(stretches, lengths, strict=True)]
    places = [place for place in scored if place.score >= threshold]
    return findings_at("dead_channel", places, max(lengths, default=0), _last_frame_end(clip))


@detector(meaning="the channels cancel in mono", stereo=True, shared=stereo.profile)
def antiphase(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 0.25) -> list[Finding]:
    """Find channels that cancel in mono.

    Share of the frames whose correlation is below -0.5. An inverted channel is missed if the music had a
    correlation below 0.5 before: then it is no more audible than the width of the music itself.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest share that is flagged.

    Returns
    -------
    list of Finding
        One for each stretch of such frames; the score is the share for the whole clip, 0 to 1.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("antiphase", why)
    frames = clip.frames
    cancelling = frames.lr < ANTIPHASE * np.sqrt(frames.ll) * np.sqrt(frames.rr)
    return _share_findings("antiphase", cancelling, clip, threshold)


@detector(meaning="the stereo image is on one side", stereo=True, shared=stereo.profile)
def imbalance(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 15.0) -> list[Finding]:
    """Find a stereo image on one side: ``|10 log10 E[R^2] / E[L^2]|``.

    A source panned by 30 degrees gives 11.4 dB.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Smallest level difference in dB that is flagged.

    Returns
    -------
    list of Finding
        One; the score is the level difference in dB, 0 to 120.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("imbalance", why)
    difference = abs(stereo.balance_db(clip))
    return clip_finding("imbalance", difference, difference >= threshold, _last_frame_end(clip))


def _profile_and_reason(x: np.ndarray | stereo.StereoProfile, rate: int) -> tuple[stereo.StereoProfile, str]:
    """Return the profile, and why it cannot be searched; '' if it can."""
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return clip, problem.reason
    return clip, "" if clip.counted.any() else QUIET


def _last_frame_end(clip: stereo.StereoProfile) -> float:
    """Return the end of the last frame, which is within 0.1 s of the end of the clip."""
    return float(clip.times[-1] + clip.times[0])


def _share_findings(kind: str, flags: np.ndarray, clip: stereo.StereoProfile, threshold: float) -> list[Finding]:
    share = float(flags[clip.counted].mean())
    places = [p._replace(score=share) for p in _flagged_stretches(flags, clip)] if share >= threshold else []
    return findings_at(kind, places, share, _last_frame_end(clip))


def _flagged_stretches(flags: np.ndarray, clip: stereo.StereoProfile) -> list[Place]:
    """Return the stretches of consecutive flagged frames that count, with the score 0."""
    step = clip.times[0] * 2 / STEPS
    return [Place(0.0, first * step, (last + STEPS - 1) * step) for first, last in runs(flags & clip.counted)]
