"""A clip over time: its failures, and how sure the model was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.plots.style import (
    COLOURS,
    GREY,
    axes_or_new,
    column_label,
    drawable_level,
    leave_blank,
    pair_or_new,
    set_small_title,
    style_axes,
    write_note,
)
from mgeval.tables import require_columns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["failure_timeline", "token_curves"]

ROW = 0.22
"""Height of the row of one kind of failure in inches."""

FRAME_RATE = 50
"""Frames of codes per second in MusicGen's codec."""

SMOOTH = 0.5
"""Seconds of the running mean over token curves."""

CURVES = {"entropy": "Entropy (nats)", "agreement": "Agreement (share)"}


def failure_timeline(found: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the failures of a clip over time.

    There is one row for each kind that was flagged, in the order of the table; a very short failure is
    drawn as a line. The title says how many kinds were searched for and how many could not be judged.

    Parameters
    ----------
    found : DataFrame
        From `mgeval.metrics.signal.failures`, for one clip.
    ax : Axes, optional
        Where to draw; by default a new figure one column wide.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The table lacks a column, or has several clips.
    """
    require_columns(
        found,
        ("kind", "score", "flagged", "start_s", "end_s"),
        "failures(audio.samples, audio.rate) makes such a table",
    )
    if "key" in found.columns and found["key"].nunique() > 1:
        raise MetricError(
            f"the table must have one clip, got {found['key'].nunique()}: choose one, or draw failure_atlas"
        )
    flagged = found[found["flagged"].astype(bool)]
    kinds = list(dict.fromkeys(flagged["kind"]))
    ax = axes_or_new(ax, height=max(0.75 + ROW * len(kinds), 1.1))
    for start, end, kind in zip(flagged["start_s"], flagged["end_s"], flagged["kind"], strict=True):
        # The edge makes a click of one millisecond visible.
        ax.barh(
            kinds.index(kind), end - start, left=start, height=0.6, color=COLOURS[1], edgecolor=COLOURS[1], linewidth=1
        )
    seconds = found["end_s"].max()
    if seconds > 0:
        ax.set_xlim(0, seconds)
    ax.set_yticks(range(len(kinds)), [column_label(drawable_level(kind)) for kind in kinds])
    ax.set_ylim(max(len(kinds), 1) - 0.5, -0.5)
    ax.set_xlabel("time (s)")
    style_axes(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    unjudged = found[found["score"].isna() & ~found["flagged"].astype(bool)]
    total = found["kind"].nunique()
    not_judged = f", {len(unjudged)} not judged" if len(unjudged) else ""
    set_small_title(ax, f"{len(kinds)} of {total} kinds of failure found{not_judged}")
    if len(unjudged) == total:
        write_note(ax, str(drawable_level(unjudged["reason"].iloc[0])) if "reason" in unjudged else "not judged")
    elif not kinds:
        write_note(ax, "nothing found")
    return ax


def token_curves(
    curves: Mapping[str, np.ndarray], axes: Sequence[Axes] | None = None, frame_rate: float = FRAME_RATE
) -> tuple[Axes, Axes]:
    """Draw the uncertainty of the model over time, and how far its left and right codes agree.

    Thin lines are single frames, thick lines a running mean over 0.5 s. Segments that occur elsewhere in
    the clip, code for code, are shaded.

    Parameters
    ----------
    curves : mapping of str to numpy.ndarray
        From `mgeval.metrics.tokens.curves`.
    axes : sequence of two Axes, optional
        Where to draw entropy and agreement; by default a new figure, one above the other.
    frame_rate : float
        Frames per second, above 0.

    Returns
    -------
    tuple of matplotlib.axes.Axes

    Raises
    ------
    MetricError
        The mapping has no token curves, they differ in length, or there are not two Axes.
    """
    if not any(name in curves for name in (*CURVES, "repeated")):
        raise MetricError(
            f"curves must have entropy, agreement or repeated, got {', '.join(curves) or 'nothing'}: "
            "tokens.curves(...) makes them"
        )
    if len({len(values) for values in curves.values()}) > 1:
        raise MetricError(
            f"curves must have the same length, got {', '.join(f'{k} {len(v)}' for k, v in curves.items())}"
        )
    if not frame_rate > 0:
        raise MetricError(f"frame_rate must be a positive number of frames per second, got {frame_rate!r}")
    pair = pair_or_new(axes, 3.0, sharex=True)
    frames = len(next(iter(curves.values())))
    missing = ("the model saved no predictions", "the model is mono")
    for ax, (name, label), reason in zip(pair, CURVES.items(), missing, strict=True):
        values = np.asarray(curves.get(name, np.zeros(0)), float)
        if name not in curves or not np.isfinite(values).any():
            given = reason if name not in curves else "all codes were given"
            leave_blank(ax, "there are no codes" if frames == 0 else given)
            continue
        _draw_curve(ax, values, frame_rate, COLOURS[list(CURVES).index(name)])
        _shade_repeats(ax, np.asarray(curves.get("repeated", np.zeros(0))), frame_rate)
        ax.set_ylabel(label)
        style_axes(ax)
        ax.set_xlim(0, frames / frame_rate)
    pair[0].set_ylim(bottom=0)
    pair[1].set_ylim(-0.03, 1.03)
    pair[1].set_xlabel("time (s)", fontsize=8)
    shaded = "; shaded: occurs elsewhere too" if np.any(curves.get("repeated", 0)) else ""
    set_small_title(pair[0], f"thick: mean over 0.5 s{shaded}")
    return pair


def _draw_curve(ax: Axes, values: np.ndarray, frame_rate: float, colour: str) -> None:
    times = (np.arange(len(values)) + 0.5) / frame_rate
    single: dict[str, Any] = {"marker": "o", "markersize": 3} if len(values) == 1 else {}
    ax.plot(times, values, color=colour, linewidth=0.5, alpha=0.45, zorder=1)
    ax.plot(times, _running_mean(values, frame_rate), color=colour, linewidth=1.5, zorder=2, **single)


def _running_mean(values: np.ndarray, frame_rate: float) -> np.ndarray:
    """Return the mean of the finite values over `SMOOTH` around each frame; NaN where the frame is not finite."""
    size = min(2 * int(SMOOTH * frame_rate / 2) + 1, 2 * len(values) - 1)
    finite = np.isfinite(values)
    padded = [np.pad(part, size // 2) for part in (np.where(finite, values, 0), finite.astype(float))]
    sums, counts = (np.convolve(part, np.ones(size), mode="valid") for part in padded)
    counts = np.round(counts)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=finite & (counts > 0))


def _shade_repeats(ax: Axes, repeated: np.ndarray, frame_rate: float) -> None:
    edges = np.flatnonzero(np.diff((repeated > 0).astype(int), prepend=0, append=0)).reshape(-1, 2) / frame_rate
    for start, end in edges:
        ax.axvspan(start, end, color=GREY, alpha=0.15, linewidth=0, zorder=0)
