"""The stereo image of a clip.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. E[.] is
the mean over all samples of the clip. Framewise measures take 400 ms frames that overlap by 75 %,
as far as they count (see `mgeval.metrics.frames`).

Every function takes samples, or the `StereoProfile` that `profile` made of them: then the sums over
the samples are not taken again. All return a float; where the measure has no meaning - a mono clip,
silence (below -120 dBFS), one sample, NaN among the samples - it is `Undefined`, a NaN with a
reason. All raise `MetricError` for an array that is not ``(channels, time)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mgeval.metrics.frames import BROKEN, EMPTY, QUIET, SHORT, SILENT, STEPS, checked, counted, frame_sums, hop
from mgeval.metrics.undefined import Undefined

LIMIT_DB = 120.0
"""Level differences are clamped to this many dB: an infinity would poison every mean."""

SILENCE = 10 ** (-LIMIT_DB / 10)
DIFFUSE = 0.95
ANTIPHASE = -0.1
DUAL_MONO_DB = -60.0
CHUNK = 1 << 16
ANY_RATE = 48000
MONO = "the clip is mono"
ONE_CHANNEL = "one channel is silent"
NO_AXIS = "the image is too diffuse to have an axis (ambience above 0.95)"


class Moments(NamedTuple):
    """Mean products over some samples: of the clip (floats) or of its frames (arrays)."""

    ll: np.ndarray
    rr: np.ndarray
    lr: np.ndarray
    mm: np.ndarray
    ss: np.ndarray

    @property
    def power(self) -> np.ndarray:
        """Mean power of the two channels."""
        return (self.ll + self.rr) / 2


@dataclass(frozen=True, eq=False)
class StereoProfile:
    """The sums that all stereo measures are made of; `profile` makes one.

    Parameters
    ----------
    total : Moments
        Of the whole clip.
    frames : Moments
        Of each 400 ms frame, arrays ``(frames,)``.
    counted : numpy.ndarray
        Which frames count, bool ``(frames,)``.
    times : numpy.ndarray
        Middle of each frame in seconds.
    problem : Undefined or None
        Why nothing can be measured, if so.
    """

    total: Moments
    frames: Moments
    counted: np.ndarray
    times: np.ndarray
    problem: Undefined | None


def profile(x: np.ndarray, rate: int) -> StereoProfile:
    """Sum a clip up, once, for every stereo measure.

    Parameters
    ----------
    x : array_like
        ``(2, time)``.
    rate : int
        Hz.

    Returns
    -------
    StereoProfile

    Raises
    ------
    MetricError
        ``x`` is not ``(channels, time)`` with one or two channels, or the rate is not positive.
    """
    x = checked(x)
    width = hop(rate)
    if x.shape[0] == 1:
        return _unmeasurable(MONO)
    if x.shape[1] == 0:
        return _unmeasurable(EMPTY)
    whole = x.shape[1] // width * width
    hops = np.concatenate([_products(x[:, start:stop], width) for start, stop in _chunks(whole, width)], axis=1)
    rest = _products(x[:, whole:], max(x.shape[1] - whole, 1))
    total = Moments(*((hops.sum(axis=1) + rest.sum(axis=1)) / x.shape[1]))
    frames = Moments(*(frame_sums(hops) / (width * STEPS)))
    times = (np.arange(len(frames.ll)) + STEPS / 2) * width / rate
    return StereoProfile(total, frames, counted(frames.power), times, _problem(total, x.shape[1]))


def _chunks(stop: int, width: int) -> list[tuple[int, int]]:
    # About two seconds at a time keep the float64 copies within the processor's cache.
    size = max(CHUNK // width, 1) * width
    return [(start, min(start + size, stop)) for start in range(0, stop, size)] or [(0, 0)]


def _products(x: np.ndarray, width: int) -> np.ndarray:
    """Sum LL, RR, LR, MM and SS over consecutive runs of ``width`` samples: ``(5, runs)``."""
    left, right = x.reshape(2, -1, width).astype(np.float64)
    # Inf less Inf: the sums then hold NaN, and `_problem` says so.
    with np.errstate(invalid="ignore", over="ignore"):
        # M and S are squared as such: from LL + RR - 2 LR a nearly mono clip's S would be rounding.
        mid, side = (left + right) / 2, (left - right) / 2
        pairs = ((left, left), (right, right), (left, right), (mid, mid), (side, side))
        return np.stack([np.einsum("ht,ht->h", a, b) for a, b in pairs])


def _problem(total: Moments, samples: int) -> Undefined | None:
    if not np.isfinite(total).all():
        return Undefined(BROKEN)
    if samples < 2:
        return Undefined("the clip is a single sample")
    return Undefined(SILENT) if total.power <= SILENCE else None


def _unmeasurable(reason: str) -> StereoProfile:
    none = np.zeros(0)
    return StereoProfile(Moments(*[np.nan] * 5), Moments(*[none] * 5), none.astype(bool), none, Undefined(reason))


def _total(x: np.ndarray | StereoProfile) -> tuple[Moments, Undefined | None]:
    # The rate decides on frames only, and no measure of the whole clip looks at those.
    known = x if isinstance(x, StereoProfile) else profile(x, rate=ANY_RATE)
    return known.total, known.problem


def _ratio_db(numerator: float, denominator: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.clip(10 * np.log10(numerator / denominator), -LIMIT_DB, LIMIT_DB)) if denominator else LIMIT_DB


def _correlations(m: Moments) -> np.ndarray:
    """Correlation where both channels sound, else NaN."""
    both = (m.ll > SILENCE) & (m.rr > SILENCE)
    # Two roots, not the root of the product: that one underflows first.
    scale = np.where(both, np.sqrt(m.ll) * np.sqrt(m.rr), np.nan)
    return np.clip(m.lr / scale, -1, 1)


def correlation(x: np.ndarray | StereoProfile) -> float:
    """Inter-channel correlation: how alike left and right are, in phase.

    ``E[LR] / sqrt(E[L^2] E[R^2])``, without removing the mean, as a phase meter shows it.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        -1 to 1, no unit. L = R reads 1, L = -R reads -1, independent channels 0; the gain of
        either channel does not matter. `Undefined` also where one channel is silent.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(np.arange(1000))
    >>> round(correlation(np.stack([tone, -0.5 * tone])), 6)
    -1.0
    """
    total, problem = _total(x)
    if problem is not None:
        return problem
    value = float(_correlations(total))
    return Undefined(ONE_CHANNEL) if np.isnan(value) else value


def width(x: np.ndarray | StereoProfile) -> float:
    """Stereo width: the side signal's share of the energy.

    ``E[S^2] / (E[M^2] + E[S^2])``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        0 to 1, no unit. Mono reads 0, independent channels of equal power 0.5, antiphase 1. For
        channels of equal energy it is exactly ``(1 - correlation) / 2``.
    """
    total, problem = _total(x)
    return problem if problem is not None else float(total.ss / (total.mm + total.ss))


def side_mid_db(x: np.ndarray | StereoProfile) -> float:
    """Level of the side against the mid signal: `width` on a logarithmic scale.

    ``10 log10(E[S^2] / E[M^2])``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        dB, clamped to -120 (mono) and 120 (antiphase). Independent channels of equal power read 0.
    """
    total, problem = _total(x)
    return problem if problem is not None else _ratio_db(total.ss, total.mm)


def balance_db(x: np.ndarray | StereoProfile) -> float:
    """Level of the right against the left channel.

    ``10 log10(E[R^2] / E[L^2])``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        dB, right positive, clamped to +-120 (one channel silent). Swapping the channels flips the
        sign.
    """
    total, problem = _total(x)
    return problem if problem is not None else _ratio_db(total.rr, total.ll)


def mono_loss_db(x: np.ndarray | StereoProfile) -> float:
    """What a mono speaker loses: level of the mid signal against the mean channel.

    ``10 log10(E[M^2] / (E[L^2 + R^2] / 2))``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        dB, -120 to 0. Identical channels lose 0, independent ones of equal power -3.01, antiphase
        -120.
    """
    total, problem = _total(x)
    return problem if problem is not None else min(_ratio_db(total.mm, total.power), 0.0)


def image_angle(x: np.ndarray | StereoProfile) -> float:
    """Direction of the image: the main axis of the covariance of left and right.

    ``atan2(2 E[LR], E[L^2] - E[R^2]) / 2 - 45`` degrees, wrapped.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        Degrees in (-90, 90]: left -45, centre 0, right 45; beyond +-45 the channels are in
        antiphase. A source panned to t by constant power (gains cos(t + 45), sin(t + 45)) reads t.
        `Undefined` also where `ambience` is above 0.95: there is no axis then.
    """
    total, problem = _total(x)
    if problem is not None:
        return problem
    if _ambience(total) > DIFFUSE:
        return Undefined(NO_AXIS)
    angle = float(np.degrees(np.arctan2(2 * total.lr, total.ll - total.rr)) / 2 - 45)
    return angle + 180 if angle <= -90 else angle


def ambience(x: np.ndarray | StereoProfile) -> float:
    """Share of the energy that does not lie on the image's main axis, doubled.

    ``2 l2 / (l1 + l2)`` with the eigenvalues ``l1 >= l2`` of the covariance of left and right.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        0 to 1, no unit. Any single panned source reads 0, independent channels of equal power 1;
        rotating the image does not change it.
    """
    total, problem = _total(x)
    return problem if problem is not None else _ambience(total)


def _ambience(m: Moments) -> float:
    # l1 - l2 and l1 + l2 of a symmetric 2 x 2 matrix, in closed form.
    return float(np.clip(1 - np.hypot(m.ll - m.rr, 2 * m.lr) / (m.ll + m.rr), 0, 1))


def dual_mono(x: np.ndarray | StereoProfile) -> float:
    """Say whether a stereo file holds a mono signal: side at least 60 dB under mid.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        1 if so, 0 if not: the mean over clips is the share of such clips.
    """
    level = side_mid_db(x)
    return level if np.isnan(level) else float(level <= DUAL_MONO_DB)


def _frame_correlations(x: np.ndarray | StereoProfile, rate: int | None) -> np.ndarray | Undefined:
    known = x if isinstance(x, StereoProfile) else profile(x, rate)
    if known.problem is not None:
        return known.problem
    if len(known.times) == 0:
        return Undefined(SHORT)
    if not known.counted.any():
        return Undefined(QUIET)
    values = _correlations(known.frames)[known.counted]
    return Undefined(ONE_CHANNEL) if np.isnan(values).all() else values


def correlation_low(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Correlation of the clip's worst moments: 5th percentile over its frames.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        -1 to 1, no unit; not above the median frame. Frames in which one channel is silent have no
        correlation and are left out. `Undefined` also for clips under 400 ms.
    """
    values = _frame_correlations(x, rate)
    return values if isinstance(values, Undefined) else float(np.nanpercentile(values, 5))


def antiphase_share(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Share of the frames whose channels work against each other: correlation below -0.1.

    The threshold is not 0, around which independent channels scatter.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit; independent noise reads 0. `Undefined` also for clips under 400 ms.
    """
    values = _frame_correlations(x, rate)
    return values if isinstance(values, Undefined) else float(np.mean(values < ANTIPHASE))
