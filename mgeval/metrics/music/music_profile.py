"""The spectra that the music measures share: onsets and their pulse, pitch classes, harmonic and percussive parts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mgeval.files import lock_folder
from mgeval.metrics.frames import (
    BEYOND,
    BROKEN,
    EMPTY,
    LOUDEST,
    QUIET,
    RANGE_DB,
    SHORT,
    as_samples,
    check_rate,
    power,
    select_frames,
)
from mgeval.metrics.undefined import Undefined

STEP = 0.016
"""Seconds from one frame for rhythm to the next; a frame lasts four steps."""

PITCH_STEP = 0.064
SMOOTHING = 0.032
"""Standard deviation in seconds of the Gaussian that smooths onsets: beats may fall anywhere within a frame."""

MEDIAN = 31
"""Frames, and bins, of the median filters that separate harmonic from percussive sounds."""

BLOCK = 2048
"""Frames at a time, so that memory does not grow with the length of a clip."""

SLOWEST, FASTEST = 40.0, 220.0
USUAL_TEMPO, OCTAVES = 120.0, 1.0
BEATS = (1, 2, 4)

FLAT = 0.25
"""Spread of the chroma over its mean below which there is no key: noise has 0.05, drums 0.2, music 0.4 or more."""

# Temperley, Music and Probability (2007), table 4.1: how often a pitch class sounds in a segment.
MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)


@cache
def load_librosa() -> Any:
    """Return librosa, loaded so that only one process at a time compiles its functions.

    In a new environment the functions are compiled while librosa's modules are imported. If two processes do so at
    once, numba may store the code of one under the name of the other, and every later process that loads it crashes.
    """
    import librosa

    # The lock is on librosa's own folder: it holds the compiled code, also if several machines share it.
    with lock_folder(Path(librosa.__file__).parent):
        import librosa.core.pitch
        import librosa.feature
        import librosa.onset
    return librosa


class _Rhythm(NamedTuple):
    """Results of one pass over the short frames."""

    mel: np.ndarray
    harmonic: float
    percussive: float


@dataclass(frozen=True, eq=False)
class MusicProfile:
    """The spectra that the music measures share, each computed on first use.

    Parameters
    ----------
    x : numpy.ndarray
        ``(channels, time)``.
    rate : int
        Hz.
    problem : Undefined or None
        Why the clip cannot be measured; None if it can.
    """

    x: np.ndarray
    rate: int
    problem: Undefined | None

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.x.shape[1] / self.rate

    @cached_property
    def rhythm(self) -> _Rhythm:
        """The mel power spectrum, ``(128, frames)``, and the energies of the harmonic and the percussive part."""
        librosa = load_librosa()
        step = _step(self.rate)
        bank = librosa.filters.mel(sr=self.rate, n_fft=4 * step)
        mels, harmonic, percussive = [], 0.0, 0.0
        for spectrum, inner in _blocks(self.x, step):
            mels.append(bank @ spectrum[:, inner])
            energies = _part_energies(np.sqrt(spectrum), inner)
            harmonic, percussive = harmonic + energies[0], percussive + energies[1]
        return _Rhythm(np.concatenate(mels, axis=1), harmonic, percussive)

    @cached_property
    def onsets(self) -> np.ndarray:
        """Onset strength: mean rise in dB over the mel bands, ``(frames,)``, 16 ms apart."""
        librosa = load_librosa()
        mel = self.rhythm.mel
        # Relative to the peak, so that the floor follows the gain.
        level = librosa.power_to_db(mel / mel.max())
        return librosa.onset.onset_strength(S=level, sr=self.rate, n_fft=4 * self.step, hop_length=self.step)

    @property
    def step(self) -> int:
        """Samples from one value of `onsets` to the next."""
        return _step(self.rate)

    @cached_property
    def pulse(self) -> tuple[float, float]:
        """The tempo in BPM and the regularity of the pulse; see `tempo` and `beat_strength`."""
        from scipy.ndimage import gaussian_filter1d

        if not (self.onsets - self.onsets.mean()).any():
            return np.nan, 0.0
        tempi = np.geomspace(SLOWEST, FASTEST, 1000)
        lags = np.multiply.outer(BEATS, 60 / tempi * self.rate / self.step)
        values = _mean_autocorrelation(self.onsets, lags)
        best = np.argmax(np.maximum(values, 0) * np.exp(-0.5 * (np.log2(tempi / USUAL_TEMPO) / OCTAVES) ** 2))
        # There are no onsets before and after the clip.
        smooth = gaussian_filter1d(self.onsets, SMOOTHING * self.rate / self.step, mode="constant")
        strength = float(np.clip(_mean_autocorrelation(smooth, lags[:, [best]])[0], 0, 1))
        return (tempi[best] if values[best] > 0 else np.nan), strength

    @cached_property
    def chroma(self) -> np.ndarray:
        """Strength of each pitch class, C first, ``(12,)``: mean over frames, each relative to its strongest."""
        librosa = load_librosa()
        step = round(PITCH_STEP * self.rate)
        spectrum = np.concatenate([spectrum[:, inner] for spectrum, inner in _blocks(self.x, step)], axis=1)
        loud = spectrum.sum(axis=0)
        spectrum = spectrum[:, loud >= loud.max() * 10 ** (-RANGE_DB / 10)]
        with warnings.catch_warnings():
            # If nothing sounds from 150 Hz to 4 kHz, librosa falls back to standard tuning, which is fine here.
            warnings.filterwarnings("ignore", "Trying to estimate tuning from empty")
            tuning = librosa.estimate_tuning(S=spectrum, sr=self.rate, n_fft=4 * step)
        return librosa.feature.chroma_stft(S=spectrum, sr=self.rate, n_fft=4 * step, tuning=tuning).mean(axis=1)

    @cached_property
    def fits(self) -> np.ndarray:
        """Correlation of the chroma with each key profile, ``(24,)``: C to B major, then minor; NaN if too flat."""
        if self.chroma.std() < FLAT * self.chroma.mean():
            return np.full(24, np.nan)
        profiles = np.array([np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)])
        return np.corrcoef(self.chroma, profiles)[0, 1:]


def _mean_autocorrelation(strength: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return the autocorrelation of ``(frames,)`` at ``(beats, tempi)`` lags, mean over the beats: ``(tempi,)``."""
    librosa = load_librosa()
    strength, count = strength - strength.mean(), len(strength)
    correlation = librosa.autocorrelate(strength)
    correlation = correlation / correlation[0] * count / np.arange(count, 0, -1)
    # For lags beyond half the clip, too few pairs remain to tell repetition from chance.
    valid = lags <= count / 2
    return np.where(valid, np.interp(lags, np.arange(count), correlation), 0).sum(axis=0) / valid.sum(axis=0)


def profile(x: np.ndarray, rate: int) -> MusicProfile:
    """Prepare a clip once, for every measure of music.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    MusicProfile

    Raises
    ------
    MetricError
        ``x`` is not ``(channels, time)`` with one or two channels, or the rate is not positive.
    """
    x = as_samples(x)
    check_rate(rate)
    if x.shape[1] and np.isfinite(x).all():
        # A DC offset is inaudible, but would be the loudest of the low bins.
        x = x - x.mean(axis=1, keepdims=True, dtype=np.float64).astype(x.dtype)
    return MusicProfile(x, rate, _problem(x, rate))


def _problem(x: np.ndarray, rate: int) -> Undefined | None:
    if x.shape[1] == 0:
        return Undefined(EMPTY)
    if not np.isfinite(x).all():
        return Undefined(BROKEN)
    if np.abs(x).max() > LOUDEST:
        return Undefined(BEYOND)
    powers = power(x, rate)
    if powers.size == 0:
        return Undefined(SHORT)
    return None if select_frames(powers).any() else Undefined(QUIET)


def _step(rate: int) -> int:
    return max(round(STEP * rate), 1)


def _blocks(x: np.ndarray, step: int) -> Iterator[tuple[np.ndarray, slice]]:
    """Yield power spectra ``(bins, frames)`` with the margins that the filters need, and the slice without margins."""
    librosa = load_librosa()
    width, margin = 4 * step, MEDIAN // 2
    padded = np.pad(x.astype(np.float32, copy=False), ((0, 0), (width // 2, width // 2)))
    count = 1 + x.shape[1] // step
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        first, last = max(start - margin, 0), min(stop + margin, count)
        piece = padded[:, first * step : (last - 1) * step + width]
        spectrum = librosa.stft(piece, n_fft=width, hop_length=step, center=False)
        yield np.mean(spectrum.real**2 + spectrum.imag**2, axis=0), slice(start - first, stop - first)


def _part_energies(magnitude: np.ndarray, inner: slice) -> tuple[float, float]:
    """Return the energy of the harmonic and the percussive part of the inner frames."""
    harmonic = _median_filter(magnitude)[:, inner]
    percussive = _median_filter(magnitude[:, inner].T).T
    total = harmonic**2 + percussive**2
    mask = np.divide(harmonic**2, total, out=np.full_like(total, 0.5), where=total > np.finfo(np.float32).tiny)
    energy = magnitude[:, inner].astype(np.float64) ** 2
    return float((mask**2 * energy).sum()), float(((1 - mask) ** 2 * energy).sum())


def _median_filter(x: np.ndarray) -> np.ndarray:
    """Apply a median filter of 31 values along the last axis, mirrored at the ends."""
    from scipy.ndimage import median_filter

    half = MEDIAN // 2
    rows = np.pad(x, ((0, 0), (half, half)), mode="symmetric")
    # As one long row, which scipy filters ten times as fast as an array. The padding separates the rows.
    return median_filter(rows.ravel(), MEDIAN).reshape(rows.shape)[:, half:-half]


def as_profile(x: np.ndarray | MusicProfile, rate: int | None) -> MusicProfile:
    """Return the profile of samples; a profile stays as it is."""
    return x if isinstance(x, MusicProfile) else profile(x, check_rate(rate))
