"""The stereo image of a clip: its direction, how alike the channels are, and its width."""

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
    add_legend_above,
    axes_or_new,
    leave_blank,
    pair_or_new,
    set_small_title,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["coherence", "correlation_meter", "goniometer", "vectorscope", "width_over_time"]

DOTS = 2_000_000
"""Samples that a vectorscope draws at most."""

FRAME = 0.4
"""Seconds over which the width is computed, as in the framewise measures."""


def vectorscope(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the stereo image of a clip as a vectorscope shows it.

    Left and right are rotated by 45 degrees: a mono signal is vertical, a source on the left leans
    left, antiphase is horizontal, and independent channels fill a disc. The darkness of a point shows
    how often the signal is there (logarithmic); the scale is the largest mid or side of the clip.

    Parameters
    ----------
    audio : Audio
        The clip; of more than 2,000,000 samples, that many are drawn at random with a fixed seed.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    left, right = audio.samples if audio.channels == 2 else np.repeat(audio.samples, 2, axis=0)
    side, mid = (right - left) / 2, (left + right) / 2
    reach = max(float(np.abs(side).max()), float(np.abs(mid).max()), 1e-9)
    if side.size > DOTS:
        # At random: every n-th sample of a steady tone would be the same few points.
        sample = np.random.default_rng(0).integers(side.size, size=DOTS)
        side, mid = side[sample], mid[sample]
    counts, _, _ = np.histogram2d(mid / reach, side / reach, bins=160, range=[[-1, 1], [-1, 1]])
    ax.plot([-1, 1, np.nan, -1, 1], [1, -1, np.nan, -1, 1], color=COLOURS[5], linewidth=0.6, zorder=0)
    # Empty cells are NaN and not drawn: a source fully on the left lies on the guide line and must cover it.
    density = np.log1p(np.where(counts > 0, counts, np.nan))
    options: dict[str, Any] = {"origin": "lower", "extent": (-1, 1, -1, 1), "interpolation": "nearest", "zorder": 1}
    ax.imshow(density, cmap="Greys", vmin=-0.3 * np.log1p(counts.max()), **options)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    for x, y, text, side_of in ((-0.97, 0.8, "L", "left"), (0.97, 0.8, "R", "right")):
        ax.text(x, y, text, ha=side_of, fontsize=8, color=COLOURS[0])
    ax.set_xlabel("side", fontsize=7, color=GREY)
    ax.set_ylabel("mid", fontsize=7, color=GREY)
    ax.spines[:].set_color("#cccccc")
    ax.set_title(_scope_title(audio), fontsize=7, color=GREY)
    return ax


def _scope_title(audio: Audio) -> str:
    if audio.channels == 1:
        return "mono clip"
    value = stereo.correlation(audio.samples)
    return value.reason if isinstance(value, Undefined) else f"correlation {value:.2f}"


def correlation_meter(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the inter-channel correlation as a meter shows it, from -1 to 1.

    The line is the `correlation` of the whole clip; the bar reaches from the 5th to the 95th percentile
    of its 400 ms frames that count. Left of 0 the channels cancel in mono.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, height=0.75)
    profile = stereo.profile(audio.samples, audio.rate)
    value = stereo.correlation(profile)
    ax.set(xlim=(-1, 1), ylim=(0, 1), yticks=[])
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["\N{MINUS SIGN}1", "\N{MINUS SIGN}0.5", "0", "0.5", "1"])
    if isinstance(value, Undefined):
        leave_blank(ax, value.reason)
        return ax
    style_axes(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.axvspan(-1, 0, color=COLOURS[1], alpha=0.12, linewidth=0, zorder=0)
    frames = _frame_correlations(profile)
    if len(frames):
        low, high = np.percentile(frames, [5, 95])
        ax.barh(0.5, high - low, left=low, height=0.5, color=COLOURS[5], zorder=1)
    ax.axvline(value, color="black", linewidth=1.8, zorder=2)
    ax.set_xlabel("correlation (line: clip; bar: 5 to 95 % of 400 ms frames)", fontsize=SMALL)
    return ax


def _frame_correlations(profile: stereo.StereoProfile) -> np.ndarray:
    frames = profile.frames
    scale = np.sqrt(frames.ll) * np.sqrt(frames.rr)
    valid = profile.counted & (scale > 0)
    return np.clip(frames.lr[valid] / scale[valid], -1, 1)


def goniometer(audio: Audio, axes: Sequence[Axes] | None = None) -> tuple[Axes, Axes]:
    """Draw a vectorscope with a correlation meter under it, as a studio goniometer shows them.

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
    upper, lower = pair_or_new(axes, 3.6, height_ratios=[1, 0.12])
    return vectorscope(audio, upper), correlation_meter(audio, lower)


def width_over_time(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the stereo width of bass, middle and treble over time.

    The width is the share of the side signal in the energy below 250 Hz, from there to 2500 Hz, and
    above, over 400 ms around each time. The line has a gap where the band is 60 dB below the clip.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    profile, problem = stereo.profile_and_problem(audio.samples, audio.rate)
    if problem is not None:
        leave_blank(ax, problem.reason)
        return ax
    times, shares = _widths(profile.spectrogram)
    names = (
        f"below {widths.CROSSOVERS[0]:g} Hz",
        f"{widths.CROSSOVERS[0]:g} to {widths.CROSSOVERS[1]:g} Hz",
        f"above {widths.CROSSOVERS[1]:g} Hz",
    )
    for name, values, colour, marker in zip(names, shares, COLOURS, MARKERS, strict=False):
        # About 12 markers, so that the lines can be told apart in grey.
        ax.plot(times, values, color=colour, linewidth=1.2, marker=marker, markersize=3.5,
                markevery=max(len(times) // 12, 1), label=name)  # fmt: skip
    ax.set(xlabel="time (s)", ylabel="Stereo width", ylim=(-0.02, 1.02), xlim=(0, audio.duration))
    style_axes(ax)
    add_legend_above(ax)
    return ax


def _widths(spectrogram: stereo.Spectrogram) -> tuple[np.ndarray, np.ndarray]:
    """Return times in seconds and the width of each band over `FRAME` around them, ``(3, times)``."""
    low, high = widths.CROSSOVERS
    frequencies, times = spectrogram.frequencies, spectrogram.times
    bands = [frequencies < low, (frequencies >= low) & (frequencies < high), frequencies >= high]
    step = times[0]
    window = min(max(int((FRAME - 2 * step) / step) + 1, 1), len(times))
    powers = np.array(
        [[power[band].sum(axis=0, dtype=np.float64) for band in bands] for power in (spectrogram.mid, spectrogram.side)]
    )
    mid, side = np.lib.stride_tricks.sliding_window_view(powers, window, axis=2).sum(axis=3)
    floor = stereo.FAINT * window * powers.sum(axis=(0, 1)).mean()
    centres = np.convolve(times, np.full(window, 1 / window), mode="valid")
    return centres, np.divide(side, mid + side, out=np.full(side.shape, np.nan), where=mid + side > floor)


def coherence(audio: Audio, ax: Axes | None = None) -> Axes:
    """Draw the coherence of left and right in 1/3-octave bands.

    It is magnitude-squared and unbiased, as averaged by the metric `coherence`: 0 for independent
    channels, 1 if one is a filtered copy of the other. Filled points are based on at least half of the
    power of the band, hollow ones on less: the rest sounds too briefly, or in one channel only. Bands
    60 dB below the clip are left out.

    Parameters
    ----------
    audio : Audio
        The clip.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    value = spatial.coherence(profile := stereo.profile(audio.samples, audio.rate))
    if isinstance(value, Undefined):
        leave_blank(ax, value.reason)
        return ax
    bands = profile.bands
    audible = (bands.compared > 0) & (bands.power > stereo.FAINT * bands.power.sum())
    centres, values = bands.centres[audible], np.clip(bands.coherence[audible], 0, 1)
    reliable = bands.compared[audible] >= bands.power[audible] / 2
    ax.axhline(value, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0.9)
    ax.plot(centres, values, color=COLOURS[0], linewidth=1, zorder=1)
    options: dict[str, Any] = {"edgecolors": COLOURS[0], "s": 14, "linewidths": 0.9, "zorder": 2, "clip_on": False}
    ax.scatter(centres, values, c=[COLOURS[0] if filled else "white" for filled in reliable], **options)
    ax.set_xscale("log")
    ax.set(ylim=(0, 1.02), xlabel="frequency (Hz), 1/3-octave bands", ylabel="Coherence")
    ticks = [f for f in FREQUENCIES if centres[0] * 0.8 <= f <= centres[-1] * 1.25]
    ax.set_xticks(ticks, [f"{f:g}" if f < 1000 else f"{f / 1000:g}k" for f in ticks])
    ax.set_xticks([], minor=True)
    style_axes(ax)
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    set_small_title(
        ax, f"mean {value:.2f} (dashed)" + ("" if reliable.all() else "; hollow: under half of the band's power")
    )
    return ax
