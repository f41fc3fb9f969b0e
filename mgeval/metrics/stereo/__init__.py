"""The stereo image of a clip.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. E[.] is
the mean over all samples of the clip. Framewise measures use 400 ms frames that overlap by 75 %. Only
frames count whose power is above -70 dBFS and within 40 dB of the clip's loudest frame.

Every function takes samples, or the `StereoProfile` that `profile` computes from them, which saves summing
the samples again. All return a float; where the measure is not defined - a mono clip,
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
from mgeval.metrics.stereo.moments import profile_and_problem as profile_and_problem
from mgeval.metrics.stereo.spectra import FAINT as FAINT
from mgeval.metrics.stereo.spectra import Spectrogram as Spectrogram
from mgeval.metrics.undefined import Undefined

DIFFUSE = 0.95
ANTIPHASE = -0.1
DUAL_MONO_DB = -60.0
ANY_RATE = 48000
NO_AXIS = "the image is too diffuse to have a direction (ambience above 0.95)"


def _total(x: np.ndarray | StereoProfile) -> tuple[Moments, Undefined | None]:
    # The rate only affects frames, which measures of the whole clip do not use.
    clip = x if isinstance(x, StereoProfile) else profile(x, rate=ANY_RATE)
    return clip.total, clip.problem


def _ratio_db(numerator: float, denominator: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.clip(10 * np.log10(numerator / denominator), -LIMIT_DB, LIMIT_DB)) if denominator else LIMIT_DB


def _correlations(m: Moments) -> np.ndarray:
    """Return the correlation; NaN where a channel is silent."""
    both = (m.ll > SILENCE) & (m.rr > SILENCE)
    # The product of two roots, because the root of the product underflows earlier.
    scale = np.where(both, np.sqrt(m.ll) * np.sqrt(m.rr), np.nan)
    return np.clip(m.lr / scale, -1, 1)


@metric(
    low=-1,
    high=1,
    channels="stereo",
    shared=profile,
    label="Inter-channel correlation",
    meaning="how similar left and right are: 1 for mono, 0 for independent channels, -1 for antiphase",
    caveat="NaN if a channel is silent; a short delay between the channels also lowers it",
)
def correlation(x: np.ndarray | StereoProfile) -> float:
    """Inter-channel correlation: how similar left and right are, in phase.

    ``E[LR] / sqrt(E[L^2] E[R^2])``, without removing the mean, as a phase meter shows it.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        -1 to 1, no unit. L = R gives 1, L = -R gives -1, independent channels 0; the gain of
        either channel does not matter. Also `Undefined` if one channel is silent.

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
    meaning="share of the energy in the side signal: 0 for mono, 0.5 for independent channels, 1 for antiphase",
    caveat="a source entirely on one side also gives 0.5: check `image_angle`",
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
        0 to 1, no unit. Mono gives 0, independent channels of equal power 0.5, antiphase 1. For
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
    meaning="level of the side signal relative to the mid signal: width on a logarithmic scale",
    caveat="clamped to +-120 dB",
)
def side_mid_db(x: np.ndarray | StereoProfile) -> float:
    """Level of the side signal relative to the mid signal: `width` on a logarithmic scale.

    ``10 log10(E[S^2] / E[M^2])``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        dB, clamped to -120 (mono) and 120 (antiphase). Independent channels of equal power give 0.
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
    meaning="level of the right channel relative to the left channel",
    caveat="clamped to +-120 dB",
)
def balance_db(x: np.ndarray | StereoProfile) -> float:
    """Level of the right channel relative to the left channel.

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
    meaning="level change when the clip is played in mono: 0 for identical channels, -3 for independent ones",
    caveat="clamped to -120 dB",
)
def mono_loss_db(x: np.ndarray | StereoProfile) -> float:
    """Level change when the clip is played in mono: the mid signal relative to the mean of the channels.

    ``10 log10(E[M^2] / (E[L^2 + R^2] / 2))``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        dB, -120 to 0. Identical channels give 0, independent ones of equal power -3.01, antiphase
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
    meaning="direction of the image: -45 is left, 0 centre, 45 right; beyond +-45 the channels are in antiphase",
    caveat="NaN if the image is too diffuse (`ambience` above 0.95)",
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
        antiphase. A source panned to t by constant power (gains cos(t + 45), sin(t + 45)) gives t.
        Also `Undefined` if `ambience` is above 0.95, because the image then has no direction.
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
    meaning="how diffuse the image is: 0 for one panned source, 1 for independent channels",
    caveat="two sources panned to different places count as diffuse",
)
def ambience(x: np.ndarray | StereoProfile) -> float:
    """Twice the share of the energy that does not lie on the main axis of the image.

    ``2 l2 / (l1 + l2)`` with the eigenvalues ``l1 >= l2`` of the covariance of left and right.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        0 to 1, no unit. Any single panned source gives 0, independent channels of equal power 1;
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
    meaning="1 if a stereo file holds a mono signal, else 0; its mean over clips is the share of such clips",
    caveat="mono means that the side signal is at least 60 dB below the mid signal",
)
def dual_mono(x: np.ndarray | StereoProfile) -> float:
    """Return whether a stereo file holds a mono signal: the side at least 60 dB below the mid signal.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.

    Returns
    -------
    float
        1 if it does, else 0; the mean over clips is the share of such clips.
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
    meaning="correlation at the clip's worst moments (5th percentile over 400 ms frames)",
    caveat="needs 400 ms; frames with a silent channel are ignored",
)
def correlation_low(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Correlation at the clip's worst moments: 5th percentile over its frames.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        -1 to 1, no unit; at most the value of the median frame. Frames in which one channel is silent have no
        correlation and are ignored. Also `Undefined` for clips shorter than 400 ms.
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
    meaning="share of 400 ms frames whose channels cancel in mono (correlation below -0.1)",
    caveat="independent broadband noise gives 0, because the threshold is -0.1; low rumble alone gives erratic values",
)
def antiphase_share(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Share of the frames whose channels cancel each other: correlation below -0.1.

    The threshold is below 0 because the correlations of independent channels scatter around 0.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit; independent noise gives 0. Also `Undefined` for clips shorter than 400 ms.
    """
    values = _frame_correlations(x, rate)
    return values if isinstance(values, Undefined) else float(np.mean(values < ANTIPHASE))
