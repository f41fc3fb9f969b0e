"""How wide the stereo image is by frequency and over time.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. Every function
takes samples and their rate, or the `StereoProfile` that `mgeval.metrics.stereo.profile` computes from them.
All return a float; where the measure is not defined - the cases in `mgeval.metrics.stereo`, and
clips shorter than 400 ms - it is `Undefined`, a NaN with a reason. All raise `MetricError` for an array that
is not ``(channels, time)``.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.frames import QUIET
from mgeval.metrics.registry import metric
from mgeval.metrics.stereo.moments import StereoProfile, profile, profile_and_problem
from mgeval.metrics.stereo.spectra import FAINT
from mgeval.metrics.undefined import Undefined

CROSSOVERS = (250.0, 2500.0)
"""Where low ends and where high begins, in Hz."""

DRIFT = 10.0
"""Seconds per unit of `width_drift`."""

ONE_FRAME = "only one frame of 400 ms is above -70 dBFS and within 40 dB of the loudest"


def _band_width(x: np.ndarray | StereoProfile, rate: int | None, low: float, high: float, where: str) -> float:
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem
    bins = clip.spectra
    inside = (bins.frequencies >= low) & (bins.frequencies < high)
    mid, side = bins.mid[inside].sum(), bins.side[inside].sum()
    if mid + side <= FAINT * (bins.mid + bins.side).sum():
        return Undefined(f"nothing sounds {where}")
    return float(side / (mid + side))


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Width below 250 Hz",
    meaning="share of the energy below 250 Hz that is in the side signal",
    caveat="NaN if the band is 60 dB below the clip",
)
def width_low(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Stereo width of the bass: the side signal's share of the energy below 250 Hz.

    ``sum |S|^2 / (sum |M|^2 + sum |S|^2)`` over the bins below 250 Hz.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit, as `width`. `Undefined` if the band is 60 dB below the clip.
    """
    return _band_width(x, rate, 0, CROSSOVERS[0], "below 250 Hz")


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Width, 250 to 2500 Hz",
    meaning="share of the energy from 250 to 2500 Hz that is in the side signal",
    caveat="NaN if the band is 60 dB below the clip",
)
def width_mid(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Stereo width of the middle: the side signal's share of the energy from 250 to 2500 Hz.

    ``sum |S|^2 / (sum |M|^2 + sum |S|^2)`` over the bins from 250 Hz and below 2500 Hz.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit, as `width`. `Undefined` if the band is 60 dB below the clip.
    """
    return _band_width(x, rate, *CROSSOVERS, "between 250 and 2500 Hz")


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Width above 2500 Hz",
    meaning="share of the energy above 2500 Hz that is in the side signal",
    caveat="NaN if the band is 60 dB below the clip",
)
def width_high(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Stereo width of the treble: the side signal's share of the energy above 2500 Hz.

    ``sum |S|^2 / (sum |M|^2 + sum |S|^2)`` over the bins from 2500 Hz.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit, as `width`. `Undefined` if the band is 60 dB below the clip.
    """
    return _band_width(x, rate, CROSSOVERS[1], np.inf, "above 2500 Hz")


def _frame_widths(x: np.ndarray | StereoProfile, rate: int | None) -> tuple[np.ndarray, np.ndarray] | Undefined:
    """Return times in seconds and widths of the frames that count, at least two."""
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem
    if not clip.counted.any():
        return Undefined(QUIET)
    if clip.counted.sum() == 1:
        return Undefined(ONE_FRAME)
    side, mid = clip.frames.ss[clip.counted], clip.frames.mm[clip.counted]
    return clip.times[clip.counted], side / (mid + side)


@metric(
    low=0,
    high=0.5,
    channels="stereo",
    shared=profile,
    label="Width, variation",
    meaning="standard deviation of the width over 400 ms frames",
    caveat="needs two frames that are not silent",
)
def width_std(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """How much the width varies: standard deviation of `width` over 400 ms frames.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 0.5, no unit. Steady noise gives about 0 (0.005 for independent white channels).
        `Undefined` if fewer than two frames count.
    """
    frames = _frame_widths(x, rate)
    return frames if isinstance(frames, Undefined) else float(frames[1].std())


@metric(
    unit="per 10 s",
    channels="stereo",
    shared=profile,
    label="Width, drift",
    meaning="change of the width per 10 s: positive if the image widens",
    caveat="extrapolated for clips shorter than 10 s",
)
def width_drift(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """How the width changes over the clip: slope of `width` over 400 ms frames, per 10 s.

    Slope of the least-squares line through the frames that count.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Width per 10 s, positive if the image widens; unlimited, and less certain for shorter clips.
        `Undefined` if fewer than two frames count.
    """
    frames = _frame_widths(x, rate)
    if isinstance(frames, Undefined):
        return frames
    times, widths = frames
    times = times - times.mean()
    return float(DRIFT * (times @ widths) / (times @ times))
