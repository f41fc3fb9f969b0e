"""Whether a plot can be read: shared by the tests of plots."""

from __future__ import annotations

import itertools


def assert_legible(ax) -> None:
    """All text lies within the figure, and neither tick labels, names nor legends cover each other or the data."""
    axes = ax if isinstance(ax, tuple) else (ax,)
    figure = axes[0].figure
    figure.canvas.draw()
    for one in axes:
        ticks = [
            [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
            for axis in (one.xaxis, one.yaxis)
        ]
        names = [text for text in one.texts if text.get_text()]
        labels = [label for label in (one.xaxis.label, one.yaxis.label, one.title, one._left_title) if label.get_text()]
        for part in (*ticks, names):
            for first, second in itertools.combinations(part, 2):
                assert not _box(first).overlaps(_box(second)), (first.get_text(), second.get_text())
        for text in (*ticks[0], *ticks[1], *names, *labels):
            box = _box(text)
            inside = (
                box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.width + 1 and box.y1 <= figure.bbox.height + 1
            )
            assert inside, f"{text.get_text()!r} leaves the figure"
        if (legend := one.get_legend()) is not None:
            box = legend.get_window_extent()
            assert not box.overlaps(one.bbox) and box.x1 <= figure.bbox.width + 1
            assert not any(box.overlaps(_box(label)) for label in labels)


def _box(text):
    box = text.get_window_extent()
    # Rotated texts have boxes that overlap where their letters do not: their middle stands for them.
    return box.shrunk(0.2) if text.get_rotation() else box
