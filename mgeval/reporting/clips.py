"""The clips that a report plays: which ones, their files, and how they stand on the page."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import encode_audio
from mgeval.errors import AudioError
from mgeval.files import write_atomic
from mgeval.metrics import described
from mgeval.reporting import figures
from mgeval.reporting.facts import Facts, extremes, longest_failures
from mgeval.reporting.tables import Cell, cell, metric_cell, sortable
from mgeval.runs import Store
from mgeval.wording import decimals, level_text, number_text

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 4
GROUPS = 8
"""Levels of which there are examples: of more, so many from the first to the last."""

PLACES = ("lowest", "median", "highest")
WORST = {"higher": "lowest", "lower": "highest"}
"""Which end is the worse one, by which direction is better."""

SHORT = 60
"""Letters of a prompt beside a number."""


def written(rows: Iterable[dict[str, Any]], store: Store, folder: Path) -> dict[str, str | AudioError]:
    """Write clips into a report's folder; return each one's file by its key, or why there is none."""
    files: dict[str, str | AudioError] = {}
    for row in rows:
        if row["key"] not in files:
            try:
                files[row["key"]] = _write(row["key"], float(row["peak"]), store, folder)
            except AudioError as error:
                files[row["key"]] = error
    return files


def _write(key: str, peak: float, store: Store, folder: Path) -> str:
    # A clip that cannot be read is not copied: the page would not name the copy.
    audio = store.audio(key)
    if peak < 1:
        write_atomic(folder / f"clips/{key}.flac", store.file(key).read_bytes())
        return f"clips/{key}.flac"
    # A browser knows nothing of a FLAC's gain: what passes full scale is played from the samples proper.
    write_atomic(folder / f"clips/{key}.wav", encode_audio(audio, ".wav"))
    return f"clips/{key}.wav"


def examples(facts: Facts) -> pd.DataFrame:
    """Return a few clips to begin with: of levels of the first factor, the same prompts where they are there."""
    import pandas as pd

    made = facts.made
    if not facts.factors:
        return made.drop_duplicates("prompt_id").head(EXAMPLES)
    factor = facts.factors[0]
    levels = facts.by[factor][factor].unique()
    shown = levels[np.unique(np.linspace(0, len(levels) - 1, GROUPS).round().astype(int))]
    groups = [made[made[factor] == level].drop_duplicates("prompt_id") for level in shown]
    return pd.concat([part.head(max(EXAMPLES // len(groups), 1)) for part in groups])


def clips_to_show(facts: Facts) -> pd.DataFrame:
    """Return every clip that the page plays."""
    import pandas as pd

    numbers = [extremes(facts.made, metric) for metric in _ordinal(facts)]
    failing = facts.made[facts.made["key"].isin(longest_failures(facts.findings)["key"])]
    return pd.concat([examples(facts), failing, *numbers])


def _ordinal(facts: Facts) -> list[str]:
    return [metric for metric in facts.metrics if described(metric).kind != "name"]


def example_cards(facts: Facts, store: Store, folder: Path, files: dict[str, str | AudioError]) -> str:
    """Return cards with a picture and a player of the examples."""
    cards = []
    for row in examples(facts).to_dict("records"):
        try:
            picture = figures.clip_picture(store.audio(row["key"]), folder, f"clips/{row['key']}")
        except AudioError as error:
            files[row["key"]] = error
            picture = ""
        cards.append(_card(row, facts, files, picture, "Stereo image as a vectorscope shows it, and panning over time"))
    return f"<div class='cards'>{''.join(cards)}</div>"


def failure_cards(facts: Facts, folder: Path, files: dict[str, str | AudioError]) -> str:
    """Return a card for each kind of failure that was found: the clip in which it lasts longest, to hear."""
    rows = {row["key"]: row for row in facts.made.to_dict("records")}
    cards = []
    for kind, key, seconds in longest_failures(facts.findings).itertuples(index=False):
        found = facts.findings[facts.findings["key"] == key]
        picture = figures.failure_picture(found, folder, f"clips/{key}-failures")
        words = kind.replace("_", " ")
        spans = found[(found["kind"] == kind) & found["flagged"].astype(bool)]
        when = ", ".join(
            f"{start:.2f} to {end:.2f} s" for start, end in zip(spans["start_s"], spans["end_s"], strict=True)
        )
        when = when if len(spans) <= 3 else f"{len(spans)} times, {seconds:.2f} s in all"
        title = f"<h3>{html.escape(words.capitalize())}</h3><p class='note'>{when}</p>"
        cards.append(_card(rows[key], facts, files, picture, f"When failures happen in this clip: {words}", title))
    return f"<div class='cards'>{''.join(cards)}</div>"


def _card(
    row: dict[str, Any], facts: Facts, files: dict[str, str | AudioError], picture: str, alt: str, title: str = ""
) -> str:
    file = files[row["key"]]
    text = html.escape(row["prompt"]) or "(no prompt)"
    about = ", ".join(f"{name.replace('_', ' ')} {level_text(row[name])}" for name in [*facts.factors, "seed"])
    if isinstance(file, AudioError):
        player = f"<p class='note'>{html.escape(str(file))}</p>"
    else:
        player = f"<audio controls preload='none' src='{file}' aria-label='{_quoted(row['prompt'])}'></audio>"
    image = f"<img src='{picture}' alt='{_quoted(alt)}' loading='lazy'>" if picture else ""
    return (
        f"<article class='card'>{title}{image}{player}<p class='prompt'>{text}</p>"
        f"<p class='note'>{html.escape(about)}</p></article>"
    )


def extremes_table(facts: Facts, files: dict[str, str | AudioError], caption: str) -> str:
    """Return a table of the clips at both ends and in the middle of every metric; each number plays its clip."""
    rows = []
    for metric in _ordinal(facts):
        found = extremes(facts.made, metric)
        count = int(facts.made[metric].notna().sum())
        n = Cell(f"{count:,}", float(count))
        if found.empty:
            value = float(facts.made[metric].dropna().iloc[0])
            alike = Cell(f"<span class='note'>all {number_text(value, decimals([value]))}</span>", value)
            rows.append([metric_cell(metric), n, cell("", float("nan")), alike, cell("", float("nan"))])
            continue
        digits = decimals(found[metric])
        worst = WORST.get(described(metric).better)
        ends = zip(PLACES, found.to_dict("records"), strict=True)
        cells = [_play(row, metric, place, digits, place == worst, files) for place, row in ends]
        rows.append([metric_cell(metric), n, *cells])
    return sortable(["metric", "clips", *PLACES], rows, caption)


def _play(
    row: dict[str, Any], metric: str, place: str, digits: int, worst: bool, files: dict[str, str | AudioError]
) -> Cell:
    value, file = float(row[metric]), files[row["key"]]
    shown = number_text(value, digits)
    mark = "<span class='worst'>worst</span> " if worst else ""
    if isinstance(file, AudioError):
        return Cell(f"{mark}<span title='{_quoted(str(file))}'>{shown} (not to be read)</span>", value)
    prompt = row["prompt"] if len(row["prompt"]) <= SHORT else f"{row['prompt'][: SHORT - 3]}..."
    words = f"{described(metric).label}, {place}, {shown}: {prompt or '(no prompt)'}, seed {level_text(row['seed'])}"
    return Cell(f"{mark}<a class='play' href='{file}' title='{_quoted(words)}'>{shown}</a>", value)


def _quoted(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=True)
