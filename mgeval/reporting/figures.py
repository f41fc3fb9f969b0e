"""The figures of a report: drawn once, saved as PNG for the page and as PDF for a paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mgeval.files import write_atomic
from mgeval.metrics import metric_of
from mgeval.reporting.facts import INTERVAL, Facts
from mgeval.wording import count_text, level_text

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.audio import Audio

ROW = 4
"""Panels side by side if their levels are few and short; otherwise half as many."""

LETTERS = 22
"""Letters of levels that fit below the narrower panel."""

COLUMN = 3.4
WIDTHS = {1: COLUMN, 2: 5.2}
"""Inches of a figure with few panels; others are as wide as a page."""

PAGE = 7.0
LONGEST = 100
"""Letters of the name of a file, without its ending."""

HEIGHT = 2.3


class Figure(NamedTuple):
    """A figure on disk."""

    name: str
    """Path in the folder of the report, without the ending: there are a .png and a .pdf file."""
    title: str
    caption: str
    inches: float
    """Width of the figure."""


def save_metric_figure(facts: Facts, metric: str, folder: Path) -> Figure:
    """Draw and save how a metric responds to each factor, one panel each, on one scale."""
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
        # The caption replaces the titles of the panels.
        ax.set_title("", loc="left")
        if place % columns:
            ax.set_ylabel("")
    row = metric_of(metric)
    name = f"figures/{file_names(facts.headlines)[metric]}"
    _save(figure, folder, name)
    meaning = f"{row.meaning[0].upper()}{row.meaning[1:]}"
    caption = f"{meaning}. {_sample_sizes(facts, metric)} Bars are 95 % intervals: {INTERVAL}."
    return Figure(name, row.label, caption, size[0])


def _columns(facts: Facts) -> int:
    levels = [list(dict.fromkeys(facts.by[factor][factor])) for factor in facts.factors]
    long = any(len(names) > 6 or sum(len(level_text(name)) for name in names) > LETTERS for names in levels)
    return min(len(levels), ROW // 2 if long else ROW)


def _sample_sizes(facts: Facts, metric: str) -> str:
    """Return a sentence with the number of clips and prompts of the points; panels with equal n share one entry."""
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


def save_atlas_figure(facts: Facts, folder: Path) -> Figure | None:
    """Draw and save which failures occur at which level of the first factor; None if nothing was found."""
    from mgeval import plots

    factor = next((name for name in facts.factors if name in facts.findings.columns), None)
    if factor is None or not facts.findings["flagged"].astype(bool).any():
        return None
    ax = plots.failure_atlas(facts.findings, factor)
    name = "figures/failures"
    _save(ax.figure, folder, name)
    words = factor.replace("_", " ")
    caption = "Share of the clips that could be judged; with few levels, their number n is under the share."
    return Figure(name, f"Failures by {words}", f"{caption} Intervals are in the table.", COLUMN)


def save_clip_picture(audio: Audio, folder: Path, name: str) -> str:
    """Draw and save the stereo image of a clip: a vectorscope, and the panning over time and frequency."""
    import matplotlib.pyplot as plt

    from mgeval import plots

    options: dict[str, Any] = {
        "figsize": (4.6, 1.9),
        "dpi": 150,
        "layout": "constrained",
        "gridspec_kw": {"width_ratios": (2, 3)},
    }
    figure, (left, right) = plt.subplots(1, 2, **options)
    plots.vectorscope(audio, left)
    plots.panning_map(audio, right)
    for ax in (left, right):
        ax.set_title("", loc="left")
    return _save(figure, folder, name, endings=("png",))


def save_failure_picture(findings: pd.DataFrame, folder: Path, name: str) -> str:
    """Draw and save the failures of one clip over time."""
    from mgeval import plots

    ax = plots.failure_timeline(findings)
    return _save(ax.figure, folder, name, endings=("png",))


def _save(figure: Any, folder: Path, name: str, endings: tuple[str, ...] = ("png", "pdf")) -> str:
    import matplotlib.pyplot as plt

    for ending in endings:
        buffer = io.BytesIO()
        # No date, so that the same run gives the same file; TrueType, because many conferences refuse Type 3 fonts.
        with plt.rc_context({"pdf.fonttype": 42}):
            figure.savefig(buffer, format=ending, metadata={"CreationDate": None} if ending == "pdf" else None)
        # Keep the layout of the first drawing for the second format.
        figure.set_layout_engine("none")
        write_atomic(folder / f"{name}.{ending}", buffer.getvalue())
    plt.close(figure)
    return f"{name}.png"


def file_name(text: str) -> str:
    """Return a text as the name of a file."""
    return re.sub(r"[^\w-]", "-", text, flags=re.ASCII)[:LONGEST]


def file_names(texts: Sequence[str]) -> dict[str, str]:
    """Return the name of a file for each text; names that would be equal are numbered from the second on.

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
