"""Maps of a clip over time and frequency: where it is panned, and its mid and side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.audio import Audio
from mgeval.metrics import stereo
from mgeval.plots.style import GREY, SMALL, blank, colour_bar, diverging, own_axes, own_pair, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import QuadMesh

__all__ = ["mid_side", "panning_map"]

LOWEST = 40.0
"""Hz from which on maps are drawn."""

PER_OCTAVE = 12
COLUMNS = 400
"""Cells along the time axis at most: more than a column of a paper can show."""

RANGE_DB = 70.0
FREQUENCIES = (50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000)


class Cells(NamedTuple):
    """A map in cells of a logarithmic frequency axis: arrays ``(rows, columns)``.

    Parameters
    ----------
    times, frequencies : numpy.ndarray
        Edges of the cells, in seconds and Hz.
    mid, side : numpy.ndarray
        Mean power of a bin.
    position : numpy.ndarray
        Degrees, -45 left, 45 right: mean over the bins, weighted by power.
    """

    times: np.ndarray
    frequencies: np.ndarray
    mid: np.ndarray
    side: np.ndarray
    position: np.ndarray


def cells(found: stereo.Spectrogram) -> Cells:
    """Gather a spectrogram in cells 1/12 octave or one bin high, whichever is more, and no more than can be shown."""
    width = found.frequencies[1]
    numbers = np.floor(PER_OCTAVE * np.log2(np.maximum(found.frequencies, width) / LOWEST))
    first = int(np.searchsorted(found.frequencies, LOWEST))
    rows = first + np.flatnonzero(np.diff(numbers[first:], prepend=-np.inf))
    step = -(-len(found.times) // COLUMNS)
    columns = np.arange(0, len(found.times), step)
    counts = np.diff(rows, append=len(numbers))[:, None] * np.diff(columns, append=len(found.times))

    def gathered(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=np.float64), columns, axis=1)

    power = found.mid + found.side
    total = gathered(power)
    position = np.divide(gathered(power * _degrees(found.panning)), total, out=np.zeros(total.shape), where=total > 0)
    hop = found.times[0]
    times = np.append(found.times[columns], found.times[-1] + hop) - hop / 2
    frequencies = np.append(found.frequencies[rows], found.frequencies[-1] + width) - width / 2
    return Cells(times, frequencies, gathered(found.mid) / counts, gathered(found.side) / counts, position)


def _degrees(panning: np.ndarray) -> np.ndarray:
    # What constant power pans to t degrees has the panning index sign(t) (1 - cos 2t).
    return np.copysign(np.degrees(np.arccos(np.clip(1 - np.abs(panning), -1, 1))) / 2, panning)


def panning_map(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw where a clip is panned over time and frequency.

    The hue is the position of what sounds, in degrees as constant power pans: -45 left, 0 centre, 45
    right. The paler, the quieter: white is 70 dB under the loudest cell. It hears level differences
    only, so independent channels read left and right at random around the centre.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    Avendano, "Frequency-domain source identification and manipulation in stereo mixes" (2003).
    """
    ax = own_axes(ax)
    known, problem = stereo.framed(audio.samples, audio.rate)
    if problem is not None:
        blank(ax, problem.reason)
        return ax
    shown = cells(known.spectrogram)
    level = _decibels(shown.mid + shown.side)
    options: dict[str, Any] = {"cmap": diverging("#6f6f6f"), "vmin": -45, "vmax": 45, "rasterized": True}
    mesh = ax.pcolormesh(shown.times, shown.frequencies, shown.position, alpha=1 + level / RANGE_DB, **options)
    _scaled(ax, shown, audio.duration)
    ax.set_xlabel("time (s)", fontsize=8)
    titled(ax, f"the paler, the quieter; white: {RANGE_DB:g} dB under the loudest")
    bar = colour_bar(_opaque(mesh), ax, "position (degrees)", ticks=[-45, 0, 45])
    bar.ax.set_yticklabels(["45 L", "0", "45 R"])
    return ax


def mid_side(audio: Audio, axes: Sequence[Axes] | None = None) -> tuple[Axes, Axes]:
    """Draw spectrograms of the mid and the side signal in one scale.

    Parameters
    ----------
    audio : Audio
        The clip.
    axes : sequence of two Axes, optional
        Where to draw mid and side; by default a new figure, one above the other.

    Returns
    -------
    tuple of matplotlib.axes.Axes

    Raises
    ------
    MetricError
        There are not two Axes.
    """
    upper, lower = own_pair(axes, 3.8, sharex=True)
    known, problem = stereo.framed(audio.samples, audio.rate)
    if problem is not None:
        for ax in (upper, lower):
            blank(ax, problem.reason)
        return upper, lower
    shown = cells(known.spectrogram)
    levels = _decibels(np.stack([shown.mid, shown.side]))
    for ax, level, name in zip((upper, lower), levels, ("mid", "side"), strict=True):
        options: dict[str, Any] = {"cmap": "magma", "vmin": -RANGE_DB, "vmax": 0, "rasterized": True}
        mesh = ax.pcolormesh(shown.times, shown.frequencies, level, **options)
        _scaled(ax, shown, audio.duration)
        titled(ax, name)
    lower.set_xlabel("time (s)", fontsize=8)
    colour_bar(mesh, (upper, lower), "level (dB re loudest)")
    return upper, lower


def _decibels(power: np.ndarray) -> np.ndarray:
    """Return levels against the loudest, from -`RANGE_DB` to 0."""
    with np.errstate(divide="ignore"):
        return np.clip(10 * np.log10(power / power.max()), -RANGE_DB, 0)


def _scaled(ax: Axes, shown: Cells, seconds: float) -> None:
    ax.set_yscale("log")
    ax.set(xlim=(0, seconds), ylim=(shown.frequencies[0], shown.frequencies[-1]))
    inside = [f for f in FREQUENCIES if shown.frequencies[0] <= f <= shown.frequencies[-1]]
    ax.set_yticks(inside, [f"{f:g}" if f < 1000 else f"{f / 1000:g}k" for f in inside])
    ax.set_yticks([], minor=True)
    ax.set_ylabel("frequency (Hz)", fontsize=8)
    ax.tick_params(labelsize=SMALL)
    ax.spines[:].set_color(GREY)


def _opaque(mesh: QuadMesh) -> ScalarMappable:
    """Return the colours of a map without its transparency, for the colour bar."""
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm=mesh.norm, cmap=mesh.cmap)
