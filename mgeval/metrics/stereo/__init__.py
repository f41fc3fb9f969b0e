"""The stereo image of a clip.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. E[.] is
the mean over all samples of the clip. Framewise measures take 400 ms frames that overlap by 75 %,
as far as they count: those whose power is above -70 dBFS and within 40 dB of the clip's loudest frame.

Every function takes samples, or the `StereoProfile` that `profile` made of them: then the sums over
the samples are not taken again. All return a float; where the measure has no meaning - a mono clip,
silence (below -120 dBFS), one sample, NaN among the samples - it is `Undefined`, a NaN with a
reason. All raise `MetricError` for an array that is not ``(channels, time)``.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.frames import QUIET
from mgeval.metrics.registry import metric
from mgeval.metrics.stereo.moments import LIMIT_DB, ONE_CHANNEL, SILENCE, Moments
from mgeval.metrics.stereo.moments import StereoProfile as StereoProfile
from mgeval.metrics.stereo.moments import profile as profile
from mgeval.metrics.stereo.moments import profile_and_problem as framed
from mgeval.metrics.stereo.spectra import FAINT as FAINT
from mgeval.metrics.stereo.spectra import Spectrogram as Spectrogram
from mgeval.metrics.undefined import Undefined

DIFFUSE = 0.95
ANTIPHASE = -0.1
DUAL_MONO_DB = -60.0
ANY_RATE = 48000
NO_AXIS = "the image is too diffuse to have an axis (ambience above 0.95)"


def _total(x: np.ndarray | StereoProfile) -> tuple[Moments, Undefined | None]:
    # The rate decides on frames only, and no measure of the whole clip looks at those.
    clip = x if isinstance(x, StereoProfile) else profile(x, rate=ANY_RATE)
    return clip.total, clip.problem


def _ratio_db(numerator: float, denominator: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.clip(10 * np.log10(numerator / denominator), -LIMIT_DB, LIMIT_DB)) if denominator else LIMIT_DB


def _correlations(m: Moments) -> np.ndarray:
    """Correlation where both channels sound, else NaN."""
    both = (m.ll > SILENCE) & (m.rr > SILENCE)
    # Two roots, not the root of the product: that one underflows first.
    scale = np.where(both, np.sqrt(m.ll) * np.sqrt(m.rr), np.nan)
    return np.clip(m.lr / scale, -1, 1)


@metric(
    low=-1,
    high=1,
    channels="stereo",
    shared=profile,
    label="Inter-channel correlation",
    meaning="how alike left and right are: 1 mono, 0 independent, -1 antiphase",
    caveat="NaN where a channel is silent; a short delay lowers it too",
)
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


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Stereo width",
    meaning="share of the energy in the side signal: 0 mono, 0.5 independent channels, 1 antiphase",
    caveat="a source wholly on one side reads 0.5 as well: look at `image_angle`",
)
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


@metric(
    unit="dB",
    low=-120,
    high=120,
    channels="stereo",
    shared=profile,
    label="Side to mid level",
    meaning="width on a logarithmic scale",
    caveat="clamped to +-120",
)
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


@metric(
    unit="dB",
    low=-120,
    high=120,
    channels="stereo",
    shared=profile,
    label="Balance",
    meaning="level of the right against the left channel",
    caveat="clamped to +-120",
)
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


@metric(
    unit="dB",
    low=-120,
    high=0,
    better="higher",
    channels="stereo",
    shared=profile,
    label="Mono loss",
    meaning="what a mono speaker loses: 0 nothing, -3 independent channels",
    caveat="clamped to -120",
)
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


@metric(
    unit="degrees",
    low=-90,
    high=90,
    channels="stereo",
    period=180,
    shared=profile,
    label="Image angle",
    meaning="where the image points: -45 left, 0 centre, 45 right; beyond that antiphase",
    caveat="NaN where the image is too diffuse (`ambience` > 0.95)",
)
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


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Ambience",
    meaning="how diffuse the image is: 0 one panned source, 1 independent channels",
    caveat="two sources panned apart count as diffuse",
)
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


@metric(
    low=0,
    high=1,
    better="lower",
    channels="stereo",
    kind="flag",
    shared=profile,
    label="Dual mono",
    meaning="1 if a stereo file holds a mono signal (side 60 dB under mid)",
    caveat="side 60 dB under mid",
)
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
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem
    if not clip.counted.any():
        return Undefined(QUIET)
    values = _correlations(clip.frames)[clip.counted]
    return Undefined(ONE_CHANNEL) if np.isnan(values).all() else values


@metric(
    low=-1,
    high=1,
    better="higher",
    channels="stereo",
    shared=profile,
    label="Correlation, worst 5 %",
    meaning="correlation of the clip's worst moments (5th percentile of 400 ms frames)",
    caveat="needs 400 ms",
)
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


@metric(
    low=0,
    high=1,
    better="lower",
    channels="stereo",
    shared=profile,
    label="Antiphase share",
    meaning="share of the clip in which the channels cancel in mono (correlation below -0.1)",
    caveat="independent broadband noise reads 0: the threshold is -0.1; of low rumble alone it scatters",
)
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
