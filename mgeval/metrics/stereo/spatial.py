"""What the channels have in common over time and frequency: coherence, delay, panning.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. Every function
takes samples and their rate, or the `StereoProfile` that `mgeval.metrics.stereo.profile` computes from them,
which shares spectra and cross-correlation. All return a float; where the measure is not
defined - the cases in `mgeval.metrics.stereo`, and clips shorter than 400 ms - it is `Undefined`, a
NaN with a reason. All raise `MetricError` for an array that is not ``(channels, time)``.

Spectra are Hann windows of about 64 ms with 50 % overlap (see `mgeval.metrics.stereo.spectra`).
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.registry import metric
from mgeval.metrics.stereo.correlogram import Correlogram
from mgeval.metrics.stereo.moments import ONE_CHANNEL, SILENCE, StereoProfile, profile, profile_and_problem
from mgeval.metrics.stereo.spectra import FAINT, LOWEST_BAND, band_numbers
from mgeval.metrics.undefined import Undefined

ALIKE = 0.25
"""Smallest `iacc` at which a lag is meaningful: away from its peak, the correlation of white noise reaches 0.22."""

UNRELATED = "the channels are too different within 1 ms to have a delay (iacc below 0.25)"
BEYOND = "the correlation is highest at 1 ms: the delay is longer, or the frequency is too low to resolve it"
NOTHING_SHARED = "no sound lasts in both channels, so there is nothing to compare"


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Coherence",
    meaning="how far one channel is a filtered or delayed copy of the other: 0 for independent channels, 1 for a copy",
    caveat="steady tones of the same frequency count as copies",
    cites=("welch1967", "carter1973"),
)
def coherence(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Coherence: how far one channel is a filtered copy of the other, for any filter.

    Magnitude-squared coherence of each bin after Welch,
    ``|sum L R*|^2 / (sum |L|^2 sum |R|^2)`` over the frames, without the products of frames that
    overlap, which cause its bias of ``1 / K`` for K independent frames. The bins of each
    1/3-octave band and then the bands are averaged, weighted by power; only this mean is limited to 0..1.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A delayed (by far less than 64 ms), filtered or inverted copy gives 1, independent
        noise 0 at any length, noise of correlation r gives r squared. Two steady tones of the same
        frequency count as copies. Bins that sound too briefly, or are 60 dB louder in one channel, are
        ignored; `Undefined` if no other bins remain or a channel is silent.

    References
    ----------
    Welch, "The use of fast Fourier transform for the estimation of power spectra" (1967). Carter, Knapp and
    Nuttall, "Estimation of the magnitude-squared coherence function via overlapped FFT" (1973), on
    its bias.
    """
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem
    if min(clip.total.ll, clip.total.rr) <= SILENCE:
        return Undefined(ONE_CHANNEL)
    bands = clip.bands
    if bands.compared.sum() <= FAINT * bands.power.sum():
        return Undefined(NOTHING_SHARED)
    used = bands.compared > 0
    return float(np.clip(np.average(bands.coherence[used], weights=bands.compared[used]), 0, 1))


def _correlogram(x: np.ndarray | StereoProfile, rate: int | None) -> Correlogram | Undefined:
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem
    return clip.correlogram if min(clip.total.ll, clip.total.rr) > SILENCE else Undefined(ONE_CHANNEL)


@metric(
    unit="ms",
    low=-1,
    high=1,
    channels="stereo",
    shared=profile,
    label="Time difference",
    meaning="delay of the right channel: the lag of the largest correlation",
    caveat="NaN if `iacc` is below 0.25 or the delay is longer than 1 ms",
    cites=("iso3382",),
)
def time_difference_ms(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Time difference of the channels: the lag of the largest absolute cross-correlation within 1 ms.

    ``argmax |sum L(t) R(t + lag)|``, at four lags per sample and refined by a parabola.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Milliseconds, -1 to 1, positive if right is late. Of equally high peaks, such as those of a steady tone
        at every half period, the one nearest to 0. `Undefined` if `iacc` is below 0.25, and
        if the largest value is at the edge, which is not a peak.
    """
    correlogram = _correlogram(x, rate)
    if isinstance(correlogram, Undefined):
        return correlogram
    if correlogram.height < ALIKE:
        return Undefined(UNRELATED)
    return Undefined(BEYOND) if np.isnan(correlogram.peak) else correlogram.peak


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Correlation at the best lag",
    meaning="largest absolute correlation of the channels at any lag within 1 ms",
    caveat="computed from the two channels, not from the signals at a listener's ears",
    cites=("iso3382",),
)
def iacc(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Correlation of the channels at the best lag within 1 ms, defined like the interaural one.

    ``max |sum L(t) R(t + lag)| / sqrt(sum L^2 sum R^2)``, ISO 3382-1 annex B, computed from the two channels
    and not from the signals at a listener's ears.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit; at least the absolute `correlation`. A copy delayed by up to 1 ms gives 1.
    """
    correlogram = _correlogram(x, rate)
    return correlogram if isinstance(correlogram, Undefined) else correlogram.height


@metric(
    low=-1,
    high=1,
    channels="stereo",
    shared=profile,
    label="Panning, mean",
    meaning="mean panning over time and frequency: -1 is left, 0 centre, 1 right",
    caveat="measures level differences only; a source panned to t degrees gives `1 - cos 2t`",
    cites=("avendano2003",),
)
def pan_mean(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Mean of the panning index over time and frequency, weighted by power.

    The index of a bin of a frame is ``sign(|R| - |L|) (1 - 2 |L R*| / (|L|^2 + |R|^2))``.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        -1 (left) to 1 (right), no unit. One source panned to t degrees by constant power gives
        ``sign(t) (1 - cos 2t)``; sources in different bins give the mean of their values.

    References
    ----------
    Avendano, "Frequency-domain source identification and manipulation in stereo mixes for
    enhancement, suppression and re-panning applications", WASPAA 2003.
    """
    return _panning(x, rate)[0]


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Panning, spread",
    meaning="standard deviation of the panning over time and frequency: 0 if everything is at one place",
    caveat="independent noise gives 0.31",
    cites=("avendano2003",),
)
def pan_spread(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Spread of the panning index over time and frequency: how far apart the sounds are panned.

    Standard deviation of the index, weighted by power; see `pan_mean`.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. One panned source gives 0 at any position; two of equal power at -t and t
        that share no bin give ``1 - cos 2t``; independent channels of noise ``sqrt(5/3 - pi/2)`` = 0.31.
    """
    return _panning(x, rate)[1]


def _panning(x: np.ndarray | StereoProfile, rate: int | None) -> tuple[float, float]:
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem, problem
    bins = clip.spectra
    audible = band_numbers(bins.frequencies) >= LOWEST_BAND
    power = (bins.left + bins.right)[audible].sum()
    if power <= FAINT * clip.total.power:
        return (Undefined("nothing sounds above 18 Hz"),) * 2
    mean = bins.panning[audible].sum() / power
    spread = np.sqrt(max(bins.panning_squared[audible].sum() / power - mean**2, 0.0))
    return float(np.clip(mean, -1, 1)), float(min(spread, 1.0))
