"""The figures of a report: each is drawn once and saved as PNG for the page and as PDF for a paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mgeval.files import write_atomic
from mgeval.metrics import described
from mgeval.reporting.facts import INTERVAL, Facts
from mgeval.wording import count_text, level_text

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.audio import Audio

ROW = 4
"""Panels beside each other, of few and short levels; of others half as many."""

LETTERS = 22
"""Letters of levels that fit under the narrower panel."""

COLUMN = 3.4
WIDTHS = {1: COLUMN, 2: 5.2}
"""Inches of a figure with few panels; others are as wide as a page of a paper."""

PAGE = 7.0
LONGEST = 100
"""Letters of a file's name, without its ending."""

HEIGHT = 2.3


class Figure(NamedTuple):
    """A figure on disk."""

    name: str
    """Under the report's folder, without the ending: both .png and .pdf are there."""
    title: str
    caption: str
    inches: float
    """Its width."""


def metric_figure(facts: Facts, metric: str, folder: Path) -> Figure:
    """Draw how a metric responds to each factor, panel by panel on one scale."""
    import matplotlib.pyplot as plt

    from mgeval import plots

    columns = _columns(facts)
    lines = -(-len(facts.factors) // columns)
    size = (WIDTHS.get(columns, PAGE), HEIGHT * lines)
    figure, axes = plt.subplots(lines, columns, figsize=size, dpi=150, layout="constrained", sharey=True, squeeze=False)
    for place, ax in enumerate(axes.flat):
        if place >= len(facts.factors):
            ax.set_visible(False)
            continue
        factor = facts.factors[place]
        plots.response(facts.by[factor], factor, metric, ax=ax)
        # The panels' common title is the caption.
        ax.set_title("", loc="left")
        if place % columns:
            ax.set_ylabel("")
    row = described(metric)
    name = f"figures/{file_names(facts.headlines)[metric]}"
    _save(figure, folder, name)
    caption = (
        f"{row.meaning[0].upper()}{row.meaning[1:]}. {_counts(facts, metric)} Bars are 95 % intervals: {INTERVAL}."
    )
    return Figure(name, row.label, caption, size[0])


def _columns(facts: Facts) -> int:
    levels = [list(dict.fromkeys(facts.by[factor][factor])) for factor in facts.factors]
    long = any(len(found) > 6 or sum(len(level_text(one)) for one in found) > LETTERS for found in levels)
    return min(len(levels), ROW // 2 if long else ROW)


def _counts(facts: Facts, metric: str) -> str:
    """Say of how many clips and prompts the points are; panels of the same n together."""
    panels: dict[str, list[str]] = {}
    for factor in facts.factors:
        rows = facts.by[factor][facts.by[factor]["metric"] == metric]
        count = f"{_range(rows['n_clips'], 'clip')} of {_range(rows['n_prompts'], 'prompt')}"
        panels.setdefault(count, []).append(factor.replace("_", " "))
    if len(panels) == 1:
        return f"Points are means over prompts, n = {next(iter(panels))} each."
    each = "; ".join(f"{count} ({', '.join(names)})" for count, names in panels.items())
    return f"Points are means over prompts; n of each: {each}."


def _range(counts: pd.Series, noun: str) -> str:
    low, high = int(counts.min()), int(counts.max())
    return count_text(high, noun) if low == high else f"{low} to {count_text(high, noun)}"


def atlas_figure(facts: Facts, folder: Path) -> Figure | None:
    """Draw which failures occur where, by the first factor; None where nothing was found."""
    from mgeval import plots

    factor = next((name for name in facts.factors if name in facts.findings.columns), None)
    if factor is None or not facts.findings["flagged"].astype(bool).any():
        return None
    ax = plots.failure_atlas(facts.findings, factor)
    name = "figures/failures"
    _save(ax.figure, folder, name)
    words = factor.replace("_", " ")
    caption = "Share of the clips that could be judged, whose number n stands under it where there are few levels."
    return Figure(name, f"Failures by {words}", f"{caption} Intervals stand in the table.", COLUMN)


def clip_picture(audio: Audio, folder: Path, name: str) -> str:
    """Draw a clip's stereo image: as a vectorscope shows it, and over time and frequency."""
    import matplotlib.pyplot as plt

    from mgeval import plots

    options = {"figsize": (4.6, 1.9), "dpi": 150, "layout": "constrained", "gridspec_kw": {"width_ratios": (2, 3)}}
    figure, (left, right) = plt.subplots(1, 2, **options)
    plots.vectorscope(audio, left)
    plots.panning_map(audio, right)
    for ax in (left, right):
        ax.set_title("", loc="left")
    return _save(figure, folder, name, endings=("png",))


def failure_picture(found: pd.DataFrame, folder: Path, name: str) -> str:
    """Draw when the failures of one clip happen."""
    from mgeval import plots

    ax = plots.failure_timeline(found)
    return _save(ax.figure, folder, name, endings=("png",))


def _save(figure: Any, folder: Path, name: str, endings: tuple[str, ...] = ("png", "pdf")) -> str:
    import matplotlib.pyplot as plt

    for ending in endings:
        buffer = io.BytesIO()
        # Without the date, so that the same run makes the same file; in TrueType, for conferences refuse Type 3.
        with plt.rc_context({"pdf.fonttype": 42}):
            figure.savefig(buffer, format=ending, metadata={"CreationDate": None} if ending == "pdf" else None)
        # The places that the first drawing found hold for the next.
        figure.set_layout_engine("none")
        write_atomic(folder / f"{name}.{ending}", buffer.getvalue())
    plt.close(figure)
    return f"{name}.png"


def file_name(text: str) -> str:
    """Return a text as a file's name."""
    return re.sub(r"[^\w-]", "-", text, flags=re.ASCII)[:LONGEST]


def file_names(texts: Sequence[str]) -> dict[str, str]:
    """Return a name for each text; of those that would be the same the later ones are numbered.

    Examples
    --------
    >>> file_names(["a b", "a-b"])
    {'a b': 'a-b', 'a-b': 'a-b-2'}
    """
    names: dict[str, str] = {}
    for text in texts:
        name, count = file_name(text), 1
        while (name if count == 1 else f"{name}-{count}") in names.values():
            count += 1
        names[text] = name if count == 1 else f"{name}-{count}"
    return names
