"""The stereo image of a clip: where it points, how alike the channels are, how wide it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio
from mgeval.metrics import Undefined, spatial, stereo, widths
from mgeval.plots.maps import FREQUENCIES
from mgeval.plots.style import (
    COLOURS,
    GREY,
    MARKERS,
    PALE,
    SMALL,
    blank,
    legend_above,
    own_axes,
    own_pair,
    plain,
    titled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["coherence", "correlation_meter", "goniometer", "vectorscope", "width_over_time"]

DOTS = 2_000_000
FRAME = 0.4
"""Seconds over which the width is taken, as framewise measures take it."""


def vectorscope(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the stereo image of a clip as a vectorscope shows it.

    Left and right are turned by 45 degrees: a mono signal stands upright, a source on the left leans
    left, antiphase lies flat, and independent channels fill a ball. The brightness of a place is how
    often the signal is there (logarithmic); the scale is the clip's own largest mid or side.

    Parameters
    ----------
    audio : Audio
        The clip; of one longer than 2,000,000 samples as many, drawn at random by a fixed seed.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = own_axes(ax)
    left, right = audio.samples if audio.channels == 2 else np.repeat(audio.samples, 2, axis=0)
    side, mid = (right - left) / 2, (left + right) / 2
    reach = max(float(np.abs(side).max()), float(np.abs(mid).max()), 1e-9)
    if side.size > DOTS:
        # At random: every n-th sample of a steady tone would be the same few points.
        chosen = np.random.default_rng(0).integers(side.size, size=DOTS)
        side, mid = side[chosen], mid[chosen]
    counts, _, _ = np.histogram2d(mid / reach, side / reach, bins=160, range=[[-1, 1], [-1, 1]])
    ax.plot([-1, 1, np.nan, -1, 1], [1, -1, np.nan, -1, 1], color=COLOURS[5], linewidth=0.6, zorder=0)
    # Empty places are left out: a source that is wholly left lies on the guide line and must cover it.
    density = np.ma.masked_equal(np.log1p(counts), 0)
    shown: dict[str, Any] = {"origin": "lower", "extent": (-1, 1, -1, 1), "interpolation": "nearest", "zorder": 1}
    ax.imshow(density, cmap="Greys", vmin=-0.3 * density.max(), **shown)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    for x, y, text, place in ((-0.97, 0.8, "L", "left"), (0.97, 0.8, "R", "right")):
        ax.text(x, y, text, ha=place, fontsize=8, color=COLOURS[0])
    ax.set_xlabel("side", fontsize=7, color=GREY)
    ax.set_ylabel("mid", fontsize=7, color=GREY)
    ax.spines[:].set_color("#cccccc")
    ax.set_title(_scope_title(audio), fontsize=7, color=GREY)
    return ax


def _scope_title(audio: Audio) -> str:
    if audio.channels == 1:
        return "mono clip"
    value = stereo.correlation(audio.samples)
    return value.reason if np.isnan(value) else f"correlation {value:.2f}"


def correlation_meter(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the inter-channel correlation as a meter shows it, from -1 to 1.

    The line is the whole clip's `correlation`, the bar reaches from the 5th to the 95th percentile of
    its 400 ms frames, as far as they count. Left of 0 the channels cancel in mono.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = own_axes(ax, height=0.75)
    known = stereo.profile(audio.samples, audio.rate)
    value = stereo.correlation(known)
    ax.set(xlim=(-1, 1), ylim=(0, 1), yticks=[])
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["\N{MINUS SIGN}1", "\N{MINUS SIGN}0.5", "0", "0.5", "1"])
    if isinstance(value, Undefined):
        blank(ax, value.reason)
        return ax
    plain(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.axvspan(-1, 0, color=COLOURS[1], alpha=0.12, linewidth=0, zorder=0)
    frames = _frame_correlations(known)
    if len(frames):
        low, high = np.percentile(frames, [5, 95])
        ax.barh(0.5, high - low, left=low, height=0.5, color=COLOURS[5], zorder=1)
    ax.axvline(value, color="black", linewidth=1.8, zorder=2)
    ax.set_xlabel("correlation (line: clip; bar: 5 to 95 % of 400 ms frames)", fontsize=SMALL)
    return ax


def _frame_correlations(known: stereo.StereoProfile) -> np.ndarray:
    frames = known.frames
    scale = np.sqrt(frames.ll) * np.sqrt(frames.rr)
    there = known.counted & (scale > 0)
    return np.clip(frames.lr[there] / scale[there], -1, 1)


def goniometer(audio: Audio, axes: Sequence[Axes] | None = None) -> tuple[Axes, Axes]:
    """Draw a vectorscope with a correlation meter beneath, as a studio's goniometer has them.

    Parameters
    ----------
    audio : Audio
        The clip.
    axes : sequence of two Axes, optional
        Where to draw `vectorscope` and `correlation_meter`; by default a new figure.

    Returns
    -------
    tuple of matplotlib.axes.Axes

    Raises
    ------
    MetricError
        There are not two Axes.
    """
    upper, lower = own_pair(axes, 3.6, height_ratios=[1, 0.12])
    return vectorscope(audio, upper), correlation_meter(audio, lower)


def width_over_time(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the stereo width of bass, middle and treble over time.

    The side signal's share of the energy below 250 Hz, from there to 2500 Hz, and above, over 400 ms
    around each time; a gap where the band is 60 dB under the clip.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = own_axes(ax)
    known, problem = stereo.framed(audio.samples, audio.rate)
    if problem is not None:
        blank(ax, problem.reason)
        return ax
    times, shares = _widths(known.spectrogram)
    names = (
        f"below {widths.CROSSOVERS[0]:g} Hz",
        f"{widths.CROSSOVERS[0]:g} to {widths.CROSSOVERS[1]:g} Hz",
        f"above {widths.CROSSOVERS[1]:g} Hz",
    )
    for name, values, colour, marker in zip(names, shares, COLOURS, MARKERS, strict=False):
        # Marks, few enough to be told apart in grey; all of them where there are few.
        ax.plot(times, values, color=colour, linewidth=1.2, marker=marker, markersize=3.5,
                markevery=max(len(times) // 12, 1), label=name)  # fmt: skip
    ax.set(xlabel="time (s)", ylabel="Stereo width", ylim=(-0.02, 1.02), xlim=(0, audio.duration))
    plain(ax)
    legend_above(ax)
    return ax


def _widths(found: stereo.Spectrogram) -> tuple[np.ndarray, np.ndarray]:
    """Return times in seconds, and the width of each band over `FRAME` around them, ``(3, times)``."""
    low, high = widths.CROSSOVERS
    inside = [found.frequencies < low, (found.frequencies >= low) & (found.frequencies < high),
              found.frequencies >= high]  # fmt: skip
    step = found.times[0]
    taken = min(max(int((FRAME - 2 * step) / step) + 1, 1), len(found.times))
    powers = np.array(
        [[power[band].sum(axis=0, dtype=np.float64) for band in inside] for power in (found.mid, found.side)]
    )
    mid, side = np.lib.stride_tricks.sliding_window_view(powers, taken, axis=2).sum(axis=3)
    floor = stereo.FAINT * taken * powers.sum(axis=(0, 1)).mean()
    times = np.convolve(found.times, np.full(taken, 1 / taken), mode="valid")
    return times, np.divide(side, mid + side, out=np.full(side.shape, np.nan), where=mid + side > floor)


def coherence(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the coherence of left and right in 1/3-octave bands.

    Magnitude-squared and unbiased, as the metric `coherence` averages it: 0 for independent channels,
    1 where one is a filtered copy of the other. Filled points rest on at least half of the band's
    power, hollow ones on less: the rest sounds too briefly, or in one channel only. Bands 60 dB under
    the clip are left out.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure of one column's width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = own_axes(ax)
    value = spatial.coherence(known := stereo.profile(audio.samples, audio.rate))
    if isinstance(value, Undefined):
        blank(ax, value.reason)
        return ax
    bands = known.bands
    there = (bands.compared > 0) & (bands.power > stereo.FAINT * bands.power.sum())
    centres, values = bands.centres[there], np.clip(bands.coherence[there], 0, 1)
    firm = bands.compared[there] >= bands.power[there] / 2
    ax.axhline(value, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0.9)
    ax.plot(centres, values, color=COLOURS[0], linewidth=1, zorder=1)
    look: dict[str, Any] = {"edgecolors": COLOURS[0], "s": 14, "linewidths": 0.9, "zorder": 2, "clip_on": False}
    ax.scatter(centres, values, c=[COLOURS[0] if sure else "white" for sure in firm], **look)
    ax.set_xscale("log")
    ax.set(ylim=(0, 1.02), xlabel="frequency (Hz), 1/3-octave bands", ylabel="Coherence")
    shown = [f for f in FREQUENCIES if centres[0] * 0.8 <= f <= centres[-1] * 1.25]
    ax.set_xticks(shown, [f"{f:g}" if f < 1000 else f"{f / 1000:g}k" for f in shown])
    ax.set_xticks([], minor=True)
    plain(ax)
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    titled(ax, f"mean {value:.2f} (dashed)" + ("" if firm.all() else "; hollow: of under half the band's power"))
    return ax
