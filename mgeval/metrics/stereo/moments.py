"""What the measures of the stereo image share: sums over samples and frames, and spectra on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mgeval.metrics.frames import (
    BROKEN,
    EMPTY,
    SHORT,
    SILENT,
    STEPS,
    as_samples,
    check_rate,
    frame_sums,
    hop,
    select_frames,
)
from mgeval.metrics.stereo import correlogram, spectra
from mgeval.metrics.stereo.spectra import Bands, Spectra, Spectrogram
from mgeval.metrics.undefined import Undefined

LIMIT_DB = 120.0
"""Level differences are clamped to this many dB, because an infinite value would make every mean infinite."""

SILENCE = 10 ** (-LIMIT_DB / 10)
CHUNK = 1 << 16
MONO = "the clip is mono"
ONE_CHANNEL = "one channel is silent"


class Moments(NamedTuple):
    """Mean products over samples: of the whole clip (floats) or of its frames (arrays)."""

    ll: Any
    rr: Any
    lr: Any
    mm: Any
    ss: Any

    @property
    def power(self) -> Any:
        """Mean power of the two channels."""
        return (self.ll + self.rr) / 2


@dataclass(frozen=True, eq=False)
class StereoProfile:
    """The sums that all stereo measures are computed from; `profile` returns one.

    Spectra and cross-correlation are computed on first use and then kept.

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
        Why the clip cannot be measured, and then it has no spectra; None if it can.
    samples : numpy.ndarray
        The clip, ``(2, time)``.
    rate : int
        Hz.
    """

    total: Moments
    frames: Moments
    counted: np.ndarray
    times: np.ndarray
    problem: Undefined | None
    samples: np.ndarray
    rate: int

    @cached_property
    def spectra(self) -> Spectra:
        """Powers and cross terms of each bin over the whole clip."""
        return spectra.spectra(self.samples, self.rate, self.total.power)

    @cached_property
    def bands(self) -> Bands:
        """Power and coherence in 1/3-octave bands."""
        return spectra.bands(self.spectra)

    @cached_property
    def correlogram(self) -> correlogram.Correlogram:
        """Cross-correlation of the channels within 1 ms; neither may be silent."""
        return correlogram.correlogram(self.samples, self.rate, self.total.ll, self.total.rr)

    @cached_property
    def spectrogram(self) -> Spectrogram:
        """Mid, side and panning over time and frequency, for plots; no measure uses it."""
        return spectra.spectrogram(self.samples, self.rate, self.total.power)

    @cached_property
    def band_widths(self) -> tuple[np.ndarray, np.ndarray]:
        """Centres of 1/3-octave bands in Hz, ``(bands,)``, and the width of each over the times of `spectrogram`."""
        return spectra.band_widths(self.spectrogram)


def profile(x: np.ndarray, rate: int) -> StereoProfile:
    """Sum a clip once for every stereo measure.

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
    x = as_samples(x)
    width = hop(rate)
    if x.shape[0] == 1:
        return _empty_profile(MONO, x, rate)
    if x.shape[1] == 0:
        return _empty_profile(EMPTY, x, rate)
    whole = x.shape[1] // width * width
    hops = np.concatenate([_products(x[:, start:stop], width) for start, stop in _chunks(whole, width)], axis=1)
    rest = _products(x[:, whole:], max(x.shape[1] - whole, 1))
    total = Moments(*((hops.sum(axis=1) + rest.sum(axis=1)) / x.shape[1]))
    frames = Moments(*(frame_sums(hops) / (width * STEPS)))
    times = (np.arange(len(frames.ll)) + STEPS / 2) * width / rate
    return StereoProfile(total, frames, select_frames(frames.power), times, _problem(total, x.shape[1]), x, rate)


def profile_and_problem(x: np.ndarray | StereoProfile, rate: int | None) -> tuple[StereoProfile, Undefined | None]:
    """Return the profile of samples, and why no measure that needs a frame of 400 ms is defined; None if all are."""
    clip = x if isinstance(x, StereoProfile) else profile(x, check_rate(rate))
    if clip.problem is not None:
        return clip, clip.problem
    return clip, None if len(clip.times) else Undefined(SHORT)


def _chunks(stop: int, width: int) -> list[tuple[int, int]]:
    # With about two seconds at a time, the float64 copies stay in the processor's cache.
    size = max(CHUNK // width, 1) * width
    return [(start, min(start + size, stop)) for start in range(0, stop, size)] or [(0, 0)]


def _products(x: np.ndarray, width: int) -> np.ndarray:
    """Sum LL, RR, LR, MM and SS over consecutive runs of ``width`` samples: ``(5, runs)``."""
    left, right = x.reshape(2, -1, width).astype(np.float64)
    # Inf minus Inf gives NaN in the sums, which `_problem` reports.
    with np.errstate(invalid="ignore", over="ignore"):
        # M and S are squared directly: for a nearly mono clip, LL + RR - 2 LR would be mostly rounding error.
        mid, side = (left + right) / 2, (left - right) / 2
        pairs = ((left, left), (right, right), (left, right), (mid, mid), (side, side))
        return np.stack([np.einsum("ht,ht->h", a, b) for a, b in pairs])


def _problem(total: Moments, samples: int) -> Undefined | None:
    if not np.isfinite(total).all():
        return Undefined(BROKEN)
    if samples < 2:
        return Undefined("the clip is a single sample")
    return Undefined(SILENT) if total.power <= SILENCE else None


def _empty_profile(reason: str, x: np.ndarray, rate: int) -> StereoProfile:
    none = np.zeros(0)
    nothing = Moments(*[np.nan] * 5), Moments(*[none] * 5), none.astype(bool), none
    return StereoProfile(*nothing, Undefined(reason), x, rate)
