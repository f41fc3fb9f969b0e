"""Spectra of a stereo clip: sums over time for the measures, and maps over time for plots.

Hann windows of about 64 ms with 50 % overlap, as many as fit: padding would add clicks where a clip is cut.
Mid and side are transformed, and left and right are their sum and difference. So neither the side signal of a
nearly mono clip nor the silent channel of a hard-panned one is rounding error of something larger.
Transforms are float32, of a clip scaled to about unit power; sums over the blocks of frames are float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

WINDOW = 0.064
"""Length of a window in seconds; rounded to a length with a fast transform."""

BLOCK = 32
"""Frames transformed at a time; they stay in the processor's cache."""

LOWEST_BAND = -17
"""Number of the 1/3-octave band around 20 Hz; the band around 1 kHz is 0 (IEC 61260, base ten)."""

MIN_SHARE = 1e-4
"""Smallest share of a bin's energy in frames that do not overlap for which the bin has a coherence."""

FAINT = 1e-6
"""Power of the weaker channel relative to the other below which a bin is one-sided and cannot be compared."""

TINY = 1e-30


class Spectra(NamedTuple):
    """Powers and cross terms of each bin over the whole clip: arrays ``(bins,)``.

    Powers are mean squares; their sum over the bins is about the power of the clip.

    Parameters
    ----------
    frequencies : numpy.ndarray
        Hz.
    left, right, mid, side : numpy.ndarray
        Power.
    coherence : numpy.ndarray
        Unbiased magnitude-squared coherence: for independent channels slightly below 0 as often as
        above. NaN if a bin sounds too briefly.
    panning, panning_squared : numpy.ndarray
        The panning index (see `panning_index`) and its square, each weighted by the power of the
        two channels and summed over time.
    """

    frequencies: np.ndarray
    left: np.ndarray
    right: np.ndarray
    mid: np.ndarray
    side: np.ndarray
    coherence: np.ndarray
    panning: np.ndarray
    panning_squared: np.ndarray


class Bands(NamedTuple):
    """1/3-octave bands that hold at least one bin: arrays ``(bands,)``.

    Parameters
    ----------
    centres : numpy.ndarray
        Hz.
    power : numpy.ndarray
        Power of the two channels together.
    compared : numpy.ndarray
        Power of the two channels in the bins that have a coherence.
    coherence : numpy.ndarray
        Mean over those bins, weighted by power; unbiased like theirs. NaN if there are none.
    """

    centres: np.ndarray
    power: np.ndarray
    compared: np.ndarray
    coherence: np.ndarray


class Spectrogram(NamedTuple):
    """Powers and panning of each bin at each time: arrays ``(bins, frames)``, float32.

    Parameters
    ----------
    times : numpy.ndarray
        Middle of each frame in seconds, ``(frames,)``.
    frequencies : numpy.ndarray
        Hz, ``(bins,)``.
    mid, side : numpy.ndarray
        Power; the sum over the bins of a frame is its mean square.
    panning : numpy.ndarray
        Panning index, -1 left, 1 right (see `panning_index`); 0 in silence.
    """

    times: np.ndarray
    frequencies: np.ndarray
    mid: np.ndarray
    side: np.ndarray
    panning: np.ndarray


def window_size(rate: int) -> int:
    """Return the number of samples in a window; it is even."""
    from scipy.fft import next_fast_len

    return 2 * next_fast_len(max(round(WINDOW / 2 * rate), 1), real=True)


def band_numbers(frequencies: np.ndarray) -> np.ndarray:
    """Return the 1/3-octave band of each frequency: 0 around 1 kHz, 1 around 1.26 kHz; -inf for 0 Hz."""
    with np.errstate(divide="ignore"):
        return np.rint(10 * np.log10(np.asarray(frequencies) / 1000))


def panning_index(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the panning index of Avendano (2003) from the powers of left and right.

    ``sign(|R| - |L|) (1 - 2 |L R*| / (|L|^2 + |R|^2))``: a source that is panned to t degrees by constant power
    gives ``sign(t) (1 - cos 2t)``. Silence gives 0.
    """
    difference = np.sqrt(right) - np.sqrt(left)
    return difference * np.abs(difference) / (left + right + TINY)


def spectra(x: np.ndarray, rate: int, power: float) -> Spectra:
    """Sum the spectra of a clip over time.

    Parameters
    ----------
    x : numpy.ndarray
        ``(2, time)``, finite, not silent, and at least a window long.
    rate : int
        Hz.
    power : float
        Mean square of the clip.
    """
    size = window_size(rate)
    sums: list[np.ndarray] = []
    for mid, side in _transforms(x, size, power):
        block = _block_sums(mid, side)
        sums = [a + b for a, b in zip(sums, block, strict=True)] if sums else block
    *powers, cross, near, near_most = sums
    unit = _bin_units(size) / _frame_count(x, size) * _scale(power) ** -2
    left, right = powers[0], powers[1]
    coherence = _coherence(left, right, cross, near, near_most)
    mid, side, panning, squared = (unit * value for value in powers[2:])
    return Spectra(_frequencies(size, rate), unit * left, unit * right, mid, side, coherence, panning, squared)


def bands(bins: Spectra) -> Bands:
    """Combine bins into 1/3-octave bands; bins below the band around 20 Hz are ignored."""
    first, starts, centres = _third_octaves(bins.frequencies)
    power, coherence = (bins.left + bins.right)[first:], bins.coherence[first:]
    compared = np.add.reduceat(np.where(np.isnan(coherence), 0, power), starts)
    weighted = np.add.reduceat(np.where(np.isnan(coherence), 0, power * coherence), starts)
    mean = weighted / np.where(compared > 0, compared, np.nan)
    return Bands(centres, np.add.reduceat(power, starts), compared, mean)


def spectrogram(x: np.ndarray, rate: int, power: float) -> Spectrogram:
    """Return the maps of a clip over time and frequency; parameters as in `spectra`."""
    size = window_size(rate)
    maps: tuple[list[np.ndarray], ...] = ([], [], [])
    for mid, side in _transforms(x, size, power):
        mid, side = mid[:BLOCK], side[:BLOCK]
        powers = (
            _squared_magnitude(mid),
            _squared_magnitude(side),
            panning_index(_squared_magnitude(mid + side), _squared_magnitude(mid - side)),
        )
        for blocks, value in zip(maps, powers, strict=True):
            blocks.append(value)
    mid, side, panning = (np.concatenate(blocks).T for blocks in maps)
    unit = (_bin_units(size) * _scale(power) ** -2).astype(np.float32)[:, None]
    times = np.arange(1, mid.shape[1] + 1) * (size // 2) / rate
    return Spectrogram(times, _frequencies(size, rate), unit * mid, unit * side, panning)


def band_widths(maps: Spectrogram) -> tuple[np.ndarray, np.ndarray]:
    """Return centres ``(bands,)`` and widths ``(bands, frames)`` of 1/3-octave bands; NaN in silence."""
    first, starts, centres = _third_octaves(maps.frequencies)
    mid, side = (np.add.reduceat(power[first:], starts) for power in (maps.mid, maps.side))
    return centres, side / np.where(mid + side > 0, mid + side, np.nan)


def _third_octaves(frequencies: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the first bin of the bands, the start of each band relative to it, and the centres in Hz."""
    numbers = band_numbers(frequencies)
    first = int(np.searchsorted(numbers, LOWEST_BAND))
    starts = np.flatnonzero(np.diff(numbers[first:], prepend=-np.inf))
    return first, starts, 1000 * 10 ** (numbers[first:][starts] / 10)


def _frequencies(size: int, rate: int) -> np.ndarray:
    return np.arange(size // 2 + 1) * rate / size


def _bin_units(size: int) -> np.ndarray:
    """Return the factors from a bin's squared magnitude to its share of a frame's mean square."""
    both = np.full(size // 2 + 1, 2.0)
    both[[0, -1]] = 1
    return both / (size * np.sum(_window(size).astype(np.float64) ** 2))


def _window(size: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def _scale(power: float) -> float:
    # A power of two, so that scaling does not round.
    return 2.0 ** -round(math.log2(power) / 2)


def _frame_count(x: np.ndarray, size: int) -> int:
    return x.shape[1] // (size // 2) - 1


def _transforms(x: np.ndarray, size: int, power: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield spectra of mid and side, each ``(frames, bins)``; a block's last frame is the next block's first."""
    from scipy.fft import rfft

    step, window, count = size // 2, _window(size), _frame_count(x, size)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK + 1, count)
        piece = x[:, first * step : (last + 1) * step]
        left, right = piece.astype(np.result_type(x.dtype, np.float32), copy=False) * (_scale(power) / 2)
        both = np.stack([left + right, left - right]).astype(np.float32, copy=False)
        frames = np.lib.stride_tricks.sliding_window_view(both, size, axis=1)[:, ::step]
        mid, side = rfft(frames * window)
        yield mid, side


def _squared_magnitude(z: np.ndarray) -> np.ndarray:
    return z.real**2 + z.imag**2


def _block_sums(mid: np.ndarray, side: np.ndarray) -> list[np.ndarray]:
    """Sum powers, panning, cross-spectrum and the products of overlapping frames over a block."""
    left, right = mid + side, mid - side
    cross = left * right.conj()
    ll, rr = _squared_magnitude(left), _squared_magnitude(right)
    block = slice(BLOCK)
    panning = panning_index(ll[block], rr[block])
    weighted = panning * (ll + rr)[block]
    same = np.einsum("tb,tb->b", ll[block], rr[block])
    # The real part of the products of neighbours, without computing the complex products.
    pairs = cross.view(np.float32).reshape(*cross.shape, 2)
    near = same + 2 * np.einsum("tbc,tbc->b", pairs[:-1], pairs[1:])
    most = same + np.einsum("tb,tb->b", ll[:-1], rr[1:]) + np.einsum("tb,tb->b", ll[1:], rr[:-1])
    values = [
        ll[block],
        rr[block],
        _squared_magnitude(mid[block]),
        _squared_magnitude(side[block]),
        weighted,
        weighted * panning,
        cross[block],
    ]
    sums = [value.sum(axis=0) for value in values] + [near, most]
    return [value.astype(np.complex128 if np.iscomplexobj(value) else np.float64) for value in sums]


def _coherence(
    left: np.ndarray, right: np.ndarray, cross: np.ndarray, near: np.ndarray, near_most: np.ndarray
) -> np.ndarray:
    """Return magnitude-squared coherence from pairs of frames that share no sample.

    Welch's ``|sum L R*|^2 / (sum |L|^2 sum |R|^2)`` is a sum over pairs of frames m, n of
    ``L_m R_m* conj(L_n R_n*)``. For independent channels, those of a frame with itself and with its neighbours do
    not vanish: they are the bias of K segments, 1/K for a steady signal. If they are left out of numerator and
    denominator, a filtered copy still gives 1, and independent channels give 0 for any envelope.
    """
    most = left * right
    apart = most - near_most
    usable = (apart > MIN_SHARE * most) & (np.minimum(left, right) > FAINT * np.maximum(left, right))
    return (_squared_magnitude(cross) - near) / np.where(usable, apart, np.nan)
