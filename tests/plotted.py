"""Whether a plot can be read: shared by the tests of plots."""

from __future__ import annotations

import itertools


def assert_legible(ax) -> None:
    """All text lies within the figure, and neither tick labels, names nor legends cover each other or the data."""
    axes = ax if isinstance(ax, tuple) else (ax,)
    figure = axes[0].figure
    figure.canvas.draw()
    room = figure.bbox.padded(1.5)
    for one in axes:
        ticks = [[label for label in axis.get_ticklabels() if _seen(label, one)] for axis in (one.xaxis, one.yaxis)]
        names = [text for text in one.texts if text.get_text()]
        labels = [label for label in (one.xaxis.label, one.yaxis.label, one.title, one._left_title) if label.get_text()]
        for part in (*ticks, names):
            for first, second in itertools.combinations(part, 2):
                assert not _box(first).overlaps(_box(second)), (first.get_text(), second.get_text())
        for text in (*ticks[0], *ticks[1], *names, *labels):
            box = text.get_window_extent()
            assert room.contains(*box.min) and room.contains(*box.max), f"{text.get_text()!r} leaves the figure"
        if (legend := one.get_legend()) is not None:
            box = legend.get_window_extent()
            assert room.contains(*box.min) and room.contains(*box.max) and not box.overlaps(one.bbox)
            assert not any(box.overlaps(label.get_window_extent()) for label in labels)


def _seen(label, ax) -> bool:
    """Whether a tick label is drawn: matplotlib keeps some beyond the limits, unseen."""
    low, high = sorted(ax.get_xlim() if label in ax.get_xticklabels() else ax.get_ylim())
    place = label.get_position()[0 if label in ax.get_xticklabels() else 1]
    return bool(label.get_text()) and label.get_visible() and low <= place <= high


def _box(text):
    box = text.get_window_extent()
    # Boxes of slanted texts overlap where their letters do not: their middles stand for them.
    return box.shrunk(0.2, 0.2) if 0 < text.get_rotation() < 90 else box
