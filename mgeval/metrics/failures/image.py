"""Failures of the stereo image. Conventions stand in `mgeval.metrics.failures`.

Frames are those of `mgeval.metrics.stereo`: 400 ms, every 100 ms, as far as they count. For ``x`` a
`StereoProfile` will do. Undefined for mono clips.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics import stereo
from mgeval.metrics.failures.findings import Finding, Place, clip_finding, findings_at, runs, undefined_finding
from mgeval.metrics.frames import QUIET, STEPS
from mgeval.metrics.registry import detector
from mgeval.metrics.stereo.moments import profile_and_problem

__all__ = ["antiphase", "collapsed_stereo", "dead_channel", "imbalance"]

NOTHING = 1e-6
"""Power ratio, -60 dB, under which a signal is not there beside another."""

OPPOSED = -0.5
"""Correlation of a frame under which it is in antiphase: wide music falls to 0 and a little below it."""


@detector(meaning="a stereo file holds a mono sound", stereo=True, shared=stereo.profile)
def collapsed_stereo(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 0.5) -> list[Finding]:
    """Find a stereo file whose sound is mono.

    Share of the frames whose side signal is 60 dB or more under the mid signal. A clip that was asked
    to be mono is found as well.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Share, flagged from there.

    Returns
    -------
    list of Finding
        One for each stretch of such frames; the score is the clip's share, 0 to 1.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("collapsed_stereo", why)
    return _share_findings("collapsed_stereo", clip.frames.ss <= NOTHING * clip.frames.mm, clip, threshold)


@detector(meaning="one channel is silent while the other sounds", stereo=True, shared=stereo.profile)
def dead_channel(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 2.0) -> list[Finding]:
    """Find a channel that is silent while the other sounds: 60 dB or more under it.

    A mix of sources panned hard to both sides passes as long as none plays alone for that long; a
    lone source on one side does not.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Seconds, flagged from there.

    Returns
    -------
    list of Finding
        One for each stretch; the score is its length in seconds, or that of the longest.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("dead_channel", why)
    left, right = clip.frames.ll, clip.frames.rr
    stretches = [
        place for a, b in ((left, right), (right, left)) for place in _flagged_stretches(a <= NOTHING * b, clip)
    ]
    lengths = [place.end_s - place.start_s for place in stretches]
    scored = [place._replace(score=length) for place, length in zip(stretches, lengths, strict=True)]
    places = [place for place in scored if place.score >= threshold]
    return findings_at("dead_channel", places, max(lengths, default=0), _last_frame_end(clip))


@detector(meaning="the channels cancel in mono", stereo=True, shared=stereo.profile)
def antiphase(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 0.25) -> list[Finding]:
    """Find channels that work against each other: they cancel in mono.

    Share of the frames whose correlation is below -0.5. Inverting a channel of music whose
    correlation was under 0.5 is not found: it is no more audible than the music's own width.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        Share, flagged from there.

    Returns
    -------
    list of Finding
        One for each stretch of such frames; the score is the clip's share, 0 to 1.
    """
    clip, why = _profile_and_reason(x, rate)
    if why:
        return undefined_finding("antiphase", why)
    frames = clip.frames
    opposed = frames.lr < OPPOSED * np.sqrt(frames.ll) * np.sqrt(frames.rr)
    return _share_findings("antiphase", opposed, clip, threshold)


@detector(meaning="the image lies on one side", stereo=True, shared=stereo.profile)
def imbalance(x: np.ndarray | stereo.StereoProfile, rate: int, threshold: float = 15.0) -> list[Finding]:
    """Find an image that lies on one side: ``|10 log10 E[R^2] / E[L^2]|``.

    A source panned by 30 degrees reads 11.4 dB.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz.
    threshold : float
        dB, flagged from there.

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
    """Return the profile, and why nothing can be found in it, if so."""
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return clip, problem.reason
    return clip, "" if clip.counted.any() else QUIET


def _last_frame_end(clip: stereo.StereoProfile) -> float:
    """Return where the last frame ends: within 0.1 s of the clip's end."""
    return float(clip.times[-1] + clip.times[0])


def _share_findings(kind: str, flags: np.ndarray, clip: stereo.StereoProfile, threshold: float) -> list[Finding]:
    share = float(flags[clip.counted].mean())
    places = [p._replace(score=share) for p in _flagged_stretches(flags, clip)] if share >= threshold else []
    return findings_at(kind, places, share, _last_frame_end(clip))


def _flagged_stretches(flags: np.ndarray, clip: stereo.StereoProfile) -> list[Place]:
    """Return where counted frames are flagged one after the other; the score is left at 0."""
    step = clip.times[0] * 2 / STEPS
    return [Place(0.0, first * step, (last + STEPS - 1) * step) for first, last in runs(flags & clip.counted)]
