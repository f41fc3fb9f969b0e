"""What the channels have in common over time and frequency: coherence, delay, panning.

``x`` has shape ``(2, time)``; L and R are its rows, M = (L + R) / 2 and S = (L - R) / 2. Every function
takes samples and their rate, or the `StereoProfile` that `mgeval.metrics.stereo.profile` made of them:
then spectra and cross-correlation are computed once for all. All return a float; where the measure has
no meaning - whatever `mgeval.metrics.stereo` names, and clips under 400 ms - it is `Undefined`, a
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
"""`iacc` below which no lag is a direction: beside its peak, the correlation of white noise reaches 0.22."""

NOTHING_ALIKE = "the channels are too little alike within 1 ms to have a delay (iacc below 0.25)"
BEYOND = "the correlation is highest at 1 ms: the delay is longer, or the sound too low to show it"
APART = "no sound lasts in both channels, so there is nothing to compare"


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Coherence",
    meaning="how far one channel is a filtered or delayed copy of the other: 0 independent, 1 a copy",
    caveat="steady tones of one frequency count as copies",
    cites=("welch1967", "carter1973"),
)
def coherence(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Coherence: how far one channel is a filtered copy of the other, whatever the filter.

    Magnitude-squared coherence of each bin after Welch,
    ``|sum L R*|^2 / (sum |L|^2 sum |R|^2)`` over the frames, without the products of frames that
    overlap: those are its bias, ``1 / K`` for K independent frames. The mean over the bins of each
    1/3-octave band and over the bands, weighted by power, is taken before it is limited to 0..1.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A delayed (by far less than 64 ms), filtered or inverted copy reads 1, independent
        noise 0 at any length, noise of correlation r reads r squared. Two steady tones of one
        frequency count as copies. Bins that sound too briefly, or 60 dB louder in one channel, are
        left out; `Undefined` where that is all, or a channel is silent.

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
        return Undefined(APART)
    there = bands.compared > 0
    return float(np.clip(np.average(bands.coherence[there], weights=bands.compared[there]), 0, 1))


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
    meaning="by how much the right channel is late, at the lag of the largest correlation",
    caveat="NaN where `iacc` is below 0.25, or the delay longer than 1 ms",
    cites=("iso3382",),
)
def time_difference_ms(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Time difference of the channels: lag of the largest absolute cross-correlation within 1 ms.

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
        Milliseconds, -1 to 1, positive where right is late. Of peaks as high as each other, as a steady tone
        has them every half period, the one nearest to 0. `Undefined` where `iacc` is below 0.25, and
        where the largest value is at the edge, which is no peak.
    """
    found = _correlogram(x, rate)
    if isinstance(found, Undefined):
        return found
    if found.height < ALIKE:
        return Undefined(NOTHING_ALIKE)
    return Undefined(BEYOND) if np.isnan(found.peak) else found.peak


@metric(
    low=0,
    high=1,
    channels="stereo",
    shared=profile,
    label="Correlation at the best lag",
    meaning="largest absolute correlation of the channels within 1 ms",
    caveat="of the channels, not of ears",
    cites=("iso3382",),
)
def iacc(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Correlation of the channels at the best lag within 1 ms, as the interaural one is defined.

    ``max |sum L(t) R(t + lag)| / sqrt(sum L^2 sum R^2)``, ISO 3382-1 annex B, of the two channels
    themselves and not of ears.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit; not below the absolute `correlation`. A copy delayed by up to 1 ms reads 1.
    """
    found = _correlogram(x, rate)
    return found if isinstance(found, Undefined) else found.height


@metric(
    low=-1,
    high=1,
    channels="stereo",
    shared=profile,
    label="Panning, mean",
    meaning="where the sound is panned, bin by bin: -1 left, 0 centre, 1 right",
    caveat="hears level differences only; t degrees read `1 - cos 2t`",
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
        -1 (left) to 1 (right), no unit. One source panned to t degrees by constant power reads
        ``sign(t) (1 - cos 2t)``, sources in different bins the mean of theirs.

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
    meaning="how far apart what sounds is panned: 0 all at one place",
    caveat="independent noise reads 0.31",
    cites=("avendano2003",),
)
def pan_spread(x: np.ndarray | StereoProfile, rate: int | None = None) -> float:
    """Spread of the panning index over time and frequency: how far apart what sounds is panned.

    Its standard deviation, weighted by power; see `pan_mean`.

    Parameters
    ----------
    x : array_like or StereoProfile
        ``(2, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. One panned source reads 0, wherever it stands; two of equal power at -t and t
        that share no bin ``1 - cos 2t``; independent channels of noise ``sqrt(5/3 - pi/2)`` = 0.31.
    """
    return _panning(x, rate)[1]


def _panning(x: np.ndarray | StereoProfile, rate: int | None) -> tuple[float, float]:
    clip, problem = profile_and_problem(x, rate)
    if problem is not None:
        return problem, problem
    found = clip.spectra
    heard = band_numbers(found.frequencies) >= LOWEST_BAND
    power = (found.left + found.right)[heard].sum()
    if power <= FAINT * clip.total.power:
        return (Undefined("nothing sounds above 18 Hz"),) * 2
    mean = found.panning[heard].sum() / power
    spread = np.sqrt(max(found.panning_squared[heard].sum() / power - mean**2, 0.0))
    return float(np.clip(mean, -1, 1)), float(min(spread, 1.0))
