"""Maps of a clip over time and frequency: its panning, and its mid and side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.audio import Audio
from mgeval.metrics import stereo
from mgeval.plots.style import (
    GREY,
    SMALL,
    add_colour_bar,
    axes_or_new,
    diverging_colours,
    leave_blank,
    pair_or_new,
    set_small_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import QuadMesh

__all__ = ["mid_side", "panning_map"]

LOWEST = 40.0
"""Lowest frequency of a map in Hz."""

PER_OCTAVE = 12
COLUMNS = 400
"""Cells along the time axis at most: more than one column of a paper can show."""

RANGE_DB = 70.0
"""Levels this far below the loudest cell are the end of the colour scale."""

FREQUENCIES = (50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000)


class Cells(NamedTuple):
    """A map in cells on a logarithmic frequency axis: arrays ``(rows, columns)``.

    Parameters
    ----------
    times, frequencies : numpy.ndarray
        Edges of the cells, in seconds and Hz.
    mid, side : numpy.ndarray
        Mean power of a bin of the spectrogram.
    position : numpy.ndarray
        Degrees, -45 left, 45 right: mean over the bins, weighted by their power.
    """

    times: np.ndarray
    frequencies: np.ndarray
    mid: np.ndarray
    side: np.ndarray
    position: np.ndarray


def map_cells(spectrogram: stereo.Spectrogram) -> Cells:
    """Average a spectrogram over cells 1/12 octave or one bin high, whichever is more, and at most `COLUMNS` wide."""
    bins, frames = spectrogram.frequencies, spectrogram.times
    width = bins[1]
    numbers = np.floor(PER_OCTAVE * np.log2(np.maximum(bins, width) / LOWEST))
    first = int(np.searchsorted(bins, LOWEST))
    rows = first + np.flatnonzero(np.diff(numbers[first:], prepend=-np.inf))
    step = -(-len(frames) // COLUMNS)
    columns = np.arange(0, len(frames), step)
    counts = np.diff(rows, append=len(numbers))[:, None] * np.diff(columns, append=len(frames))

    def sum_cells(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=np.float64), columns, axis=1)

    power = spectrogram.mid + spectrogram.side
    total = sum_cells(power)
    position = np.divide(
        sum_cells(power * _degrees(spectrogram.panning)), total, out=np.zeros(total.shape), where=total > 0
    )
    hop = frames[0]
    times = np.append(frames[columns], frames[-1] + hop) - hop / 2
    frequencies = np.append(bins[rows], bins[-1] + width) - width / 2
    return Cells(
        times, frequencies, sum_cells(spectrogram.mid) / counts, sum_cells(spectrogram.side) / counts, position
    )


def _degrees(panning: np.ndarray) -> np.ndarray:
    # A source that constant power pans to t degrees has the panning index sign(t) (1 - cos 2t).
    return np.copysign(np.degrees(np.arccos(np.clip(1 - np.abs(panning), -1, 1))) / 2, panning)


def panning_map(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw where a clip is panned over time and frequency.

    The hue is the position of the sound, in degrees of constant-power panning: -45 left, 0 centre, 45
    right. Paler is quieter: white is 70 dB below the loudest cell. Only level differences count, so
    independent channels appear left and right at random around the centre.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    Avendano, "Frequency-domain source identification and manipulation in stereo mixes" (2003).
    """
    ax = axes_or_new(ax)
    profile, problem = stereo.profile_and_problem(audio.samples, audio.rate)
    if problem is not None:
        leave_blank(ax, problem.reason)
        return ax
    cells = map_cells(profile.spectrogram)
    level = _decibels(cells.mid + cells.side)
    options: dict[str, Any] = {
        "cmap": diverging_colours("#6f6f6f"), "vmin": -45, "vmax": 45, "alpha": 1 + level / RANGE_DB,
        "rasterized": True,
    }  # fmt: skip
    mesh = ax.pcolormesh(cells.times, cells.frequencies, cells.position, **options)
    _scale_axes(ax, cells, audio.duration)
    ax.set_xlabel("time (s)", fontsize=8)
    set_small_title(ax, f"paler: quieter; white: {RANGE_DB:g} dB below the loudest")
    bar = add_colour_bar(_opaque(mesh), ax, "position (degrees)", ticks=[-45, 0, 45])
    bar.ax.set_yticklabels(["45 L", "0", "45 R"])
    return ax


def mid_side(audio: Audio, axes: Sequence[Axes] | None = None) -> tuple[Axes, Axes]:
    """Draw spectrograms of the mid and the side signal on one scale.

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
    upper, lower = pair_or_new(axes, 3.8, sharex=True)
    profile, problem = stereo.profile_and_problem(audio.samples, audio.rate)
    if problem is not None:
        for ax in (upper, lower):
            leave_blank(ax, problem.reason)
        return upper, lower
    cells = map_cells(profile.spectrogram)
    levels = _decibels(np.stack([cells.mid, cells.side]))
    for ax, level, name in zip((upper, lower), levels, ("mid", "side"), strict=True):
        options: dict[str, Any] = {"cmap": "magma", "vmin": -RANGE_DB, "vmax": 0, "rasterized": True}
        mesh = ax.pcolormesh(cells.times, cells.frequencies, level, **options)
        _scale_axes(ax, cells, audio.duration)
        set_small_title(ax, name)
    lower.set_xlabel("time (s)", fontsize=8)
    add_colour_bar(mesh, (upper, lower), "level (dB re loudest)")
    return upper, lower


def _decibels(power: np.ndarray) -> np.ndarray:
    """Return levels relative to the loudest, from -`RANGE_DB` to 0."""
    with np.errstate(divide="ignore"):
        return np.clip(10 * np.log10(power / power.max()), -RANGE_DB, 0)


def _scale_axes(ax: Axes, cells: Cells, seconds: float) -> None:
    ax.set_yscale("log")
    ax.set(xlim=(0, seconds), ylim=(cells.frequencies[0], cells.frequencies[-1]))
    ticks = [f for f in FREQUENCIES if cells.frequencies[0] <= f <= cells.frequencies[-1]]
    ax.set_yticks(ticks, [f"{f:g}" if f < 1000 else f"{f / 1000:g}k" for f in ticks])
    ax.set_yticks([], minor=True)
    ax.set_ylabel("frequency (Hz)", fontsize=8)
    ax.tick_params(labelsize=SMALL)
    ax.spines[:].set_color(GREY)


def _opaque(mesh: QuadMesh) -> ScalarMappable:
    """Return the colours of a map without its transparency, for the colour bar."""
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm=mesh.norm, cmap=mesh.cmap)
