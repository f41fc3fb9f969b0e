"""The clips that a report plays: their selection, their files, and their HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import encode_audio
from mgeval.errors import AudioError
from mgeval.files import write_atomic
from mgeval.metrics import metric_of
from mgeval.reporting import figures
from mgeval.reporting.facts import Facts, extremes, longest_failures
from mgeval.reporting.tables import Cell, metric_cell, sortable_table, text_cell
from mgeval.runs import Store
from mgeval.wording import decimals, level_text, number_text

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 4
GROUPS = 8
"""Levels with examples at most; of more levels, 8 from the first to the last."""

PLACES = ("lowest", "median", "highest")
WORST = {"higher": "lowest", "lower": "highest"}
"""Which end is the worst one, by which direction is better."""

SHORT = 60
"""Letters of a prompt in the title of a number."""

Row = Mapping[Any, Any]
"""A row of a table of clips."""

Files = dict[str, str | AudioError]
"""The file of each clip by its key, or why it has none."""


def write_clips(rows: Iterable[Row], store: Store, folder: Path) -> Files:
    """Write clips into the folder of a report; return the file of each by its key, or why it has none."""
    files: Files = {}
    for row in rows:
        if row["key"] not in files:
            try:
                files[row["key"]] = _write_clip(row["key"], float(row["peak"]), store, folder)
            except AudioError as error:
                files[row["key"]] = error
    return files


def _write_clip(key: str, peak: float, store: Store, folder: Path) -> str:
    # This raises if the clip cannot be read: a copy that the page does not link to is useless.
    audio = store.audio(key)
    if peak < 1:
        write_atomic(folder / f"clips/{key}.flac", store.file(key).read_bytes())
        return f"clips/{key}.flac"
    # Browsers ignore the gain of a FLAC file: a clip beyond full scale needs a WAV file of its samples.
    write_atomic(folder / f"clips/{key}.wav", encode_audio(audio, ".wav"))
    return f"clips/{key}.wav"


def examples(facts: Facts) -> pd.DataFrame:
    """Return a few clips to start with: for levels of the first factor, the same prompts where possible."""
    import pandas as pd

    clips = facts.clips
    if not facts.factors:
        return clips.drop_duplicates("prompt_id").head(EXAMPLES)
    factor = facts.factors[0]
    levels = facts.by[factor][factor].unique()
    selected = levels[np.unique(np.linspace(0, len(levels) - 1, GROUPS).round().astype(int))]
    groups = [clips[clips[factor] == level].drop_duplicates("prompt_id") for level in selected]
    return pd.concat([part.head(max(EXAMPLES // len(groups), 1)) for part in groups])


def clips_to_show(facts: Facts) -> pd.DataFrame:
    """Return every clip that the page plays."""
    import pandas as pd

    ends = [extremes(facts.clips, metric) for metric in _numeric_metrics(facts)]
    failing = facts.clips[facts.clips["key"].isin(longest_failures(facts.findings)["key"])]
    return pd.concat([examples(facts), failing, *ends])


def _numeric_metrics(facts: Facts) -> list[str]:
    return [metric for metric in facts.metrics if metric_of(metric).kind != "name"]


def example_cards(facts: Facts, store: Store, folder: Path, files: Files) -> str:
    """Return the cards of the examples, each with a picture and a player."""
    cards = []
    for row in examples(facts).to_dict("records"):
        try:
            picture = figures.save_clip_picture(store.audio(row["key"]), folder, f"clips/{row['key']}")
        except AudioError as error:
            files[row["key"]] = error
            picture = ""
        cards.append(_card(row, facts, files, picture, "Vectorscope, and panning over time"))
    return f"<div class='cards'>{''.join(cards)}</div>"


def failure_cards(facts: Facts, folder: Path, files: Files) -> str:
    """Return a card for each kind of failure that was found, with the clip in which it lasts longest."""
    rows = {row["key"]: row for row in facts.clips.to_dict("records")}
    cards = []
    for kind, key, seconds in longest_failures(facts.findings).itertuples(index=False):
        findings = facts.findings[facts.findings["key"] == key]
        picture = figures.save_failure_picture(findings, folder, f"clips/{key}-failures")
        words = kind.replace("_", " ")
        spans = findings[(findings["kind"] == kind) & findings["flagged"].astype(bool)]
        times = ", ".join(
            f"{start:.2f} to {end:.2f} s" for start, end in zip(spans["start_s"], spans["end_s"], strict=True)
        )
        times = times if len(spans) <= 3 else f"{len(spans)} times, {seconds:.2f} s in total"
        title = f"<h3>{html.escape(words.capitalize())}</h3><p class='note'>{times}</p>"
        cards.append(_card(rows[key], facts, files, picture, f"Failures of this clip over time: {words}", title))
    return f"<div class='cards'>{''.join(cards)}</div>"


def _card(row: Row, facts: Facts, files: Files, picture: str, alt: str, title: str = "") -> str:
    file = files[row["key"]]
    text = html.escape(row["prompt"]) or "(no prompt)"
    settings = ", ".join(f"{name.replace('_', ' ')} {level_text(row[name])}" for name in [*facts.factors, "seed"])
    if isinstance(file, AudioError):
        player = f"<p class='note'>{html.escape(str(file))}</p>"
    else:
        player = f"<audio controls preload='none' src='{file}' aria-label='{_attribute(row['prompt'])}'></audio>"
    image = f"<img src='{picture}' alt='{_attribute(alt)}' loading='lazy'>" if picture else ""
    return (
        f"<article class='card'>{title}{image}{player}<p class='prompt'>{text}</p>"
        f"<p class='note'>{html.escape(settings)}</p></article>"
    )


def extremes_table(facts: Facts, files: Files, caption: str) -> str:
    """Return a table of the clips with the lowest, middle and highest value of every metric, as links that play."""
    rows = []
    for metric in _numeric_metrics(facts):
        ends = extremes(facts.clips, metric)
        count = int(facts.clips[metric].notna().sum())
        n = Cell(f"{count:,}", float(count))
        if ends.empty:
            value = float(facts.clips[metric].dropna().iloc[0])
            alike = Cell(f"<span class='note'>all {number_text(value, decimals([value]))}</span>", value)
            rows.append([metric_cell(metric), n, text_cell("", float("nan")), alike, text_cell("", float("nan"))])
            continue
        digits = decimals(ends[metric])
        worst = WORST.get(metric_of(metric).better)
        places = zip(PLACES, ends.to_dict("records"), strict=True)
        cells = [_play_cell(row, metric, place, digits, place == worst, files) for place, row in places]
        rows.append([metric_cell(metric), n, *cells])
    return sortable_table(["metric", "clips", *PLACES], rows, caption)


def _play_cell(row: Row, metric: str, place: str, digits: int, worst: bool, files: Files) -> Cell:
    value, file = float(row[metric]), files[row["key"]]
    number = number_text(value, digits)
    mark = "<span class='worst'>worst</span> " if worst else ""
    if isinstance(file, AudioError):
        return Cell(f"{mark}<span title='{_attribute(str(file))}'>{number} (cannot be read)</span>", value)
    prompt = row["prompt"] if len(row["prompt"]) <= SHORT else f"{row['prompt'][: SHORT - 3]}..."
    title = f"{metric_of(metric).label}, {place}, {number}: {prompt or '(no prompt)'}, seed {level_text(row['seed'])}"
    return Cell(f"{mark}<a class='play' href='{file}' title='{_attribute(title)}'>{number}</a>", value)


def _attribute(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=True)
