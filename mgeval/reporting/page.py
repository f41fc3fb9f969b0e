"""The page: the answer first, then what it rests on. Text of users is escaped; nothing outside the folder is named."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from mgeval.errors import AudioError
from mgeval.metrics import DETECTORS, described
from mgeval.reporting import clips, figures, methods, tables
from mgeval.reporting.facts import ANY, UNAWARE, Facts
from mgeval.reporting.tables import Cell, cell, metric_cell, sortable
from mgeval.runs import Store
from mgeval.wording import DASH, decimals, estimate_text, level_text, list_levels, percent_text, sample_text

if TYPE_CHECKING:
    import pandas as pd

MEANS = "Means over prompts with their 95 % intervals."
COMMON = 3
"""Kinds of failure that the summary names."""

Files = Mapping[str, str | AudioError]


def rendered(facts: Facts, shares: pd.DataFrame, files: dict[str, Any], store: Store, folder: Path) -> str:
    """Return the page; the pictures that it names are written on the way.

    Parameters
    ----------
    facts : Facts
        The run.
    shares : DataFrame
        From `mgeval.reporting.facts.failure_shares`.
    files : dict
        From `mgeval.reporting.clips.written`.
    store : Store
        Where the clips lie.
    folder : Path
        The report's.
    """
    factors = facts.factors
    atlas = figures.atlas_figure(facts, folder)
    drawn = [figures.metric_figure(facts, metric, folder) for metric in facts.headlines] if factors else []
    sections = [
        ("short", "In short", _short(facts, shares)),
        ("failures", "Failures", _failures(facts, shares, atlas, files, folder)),
        ("figures", "Figures", "".join(map(_figure, drawn))) if drawn else None,
        *((f"by-{place}", f"By {_words(factor)}", _by(facts, factor)) for place, factor in enumerate(factors)),
        ("all", "All clips", _overall(facts)),
        ("ends", "Worst and median clips", _ends(facts, files)),
        ("examples", "Examples to hear", clips.example_cards(facts, store, folder, files)),
        ("methods", "Methods and provenance", methods.as_html(facts) + _revisions(facts)),
        ("meanings", "What the metrics mean", _meanings(facts.metrics)),
        ("files", "Files", _files(facts, drawn if atlas is None else [atlas, *drawn])),
    ]
    shown = [section for section in sections if section is not None]
    return Template(_part("page.html")).substitute(
        title=html.escape(f"Run {facts.name}"),
        style=_part("page.css"),
        script=_part("page.js"),
        lead=f"<p>{html.escape(_lead(facts))}</p>",
        contents="".join(f"<li><a href='#{name}'>{html.escape(title)}</a></li>" for name, title, _ in shown),
        body="\n".join(
            f"<section aria-labelledby='{name}'><h2 id='{name}'>{html.escape(title)}</h2>{body}</section>"
            for name, title, body in shown
        ),
    )


def _part(name: str) -> str:
    return (resources.files("mgeval.reporting") / name).read_text(encoding="utf-8")


def _words(factor: str) -> str:
    return factor.replace("_", " ")


def _lead(facts: Facts) -> str:
    made = facts.made
    seconds = float((made["n_samples"] / made["rate"]).sum())
    models = list_levels(made["model"].unique())
    return f"{sample_text(len(made), made['prompt_id'].nunique())}, {seconds / 60:.1f} minutes of audio, by {models}."


def _short(facts: Facts, shares: pd.DataFrame) -> str:
    lines = []
    if facts.factors:
        varied = (f"{_words(factor)} ({list_levels(facts.by[factor][factor].unique())})" for factor in facts.factors)
        lines.append(f"Varied: {'; '.join(varied)}.")
    if more := methods.finely_varied(facts.made, facts.factors):
        values = (f"{_words(name)} ({facts.made[name].nunique(dropna=False)})" for name in more)
        lines.append(f"Varied over too many values to group clips by, unless by= asks for it: {'; '.join(values)}.")
    lines.append(_failing(shares))
    lines += methods.left_out(facts, str)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul class='answer'>{items}</ul>{_standing_out(facts)}"


def _failing(shares: pd.DataFrame) -> str:
    rows = shares.set_index("kind")
    if not rows.loc[ANY, "n_clips"]:
        return "No clip could be judged for failures."
    texts = {kind: percent_text(row["share"], row["lo"], row["hi"]) for kind, row in rows.iterrows()}
    of = sample_text(rows.loc[ANY, "n_clips"], rows.loc[ANY, "n_prompts"])
    found = [kind for kind in rows.index if kind != ANY and rows.loc[kind, "found"]]
    text = f"{texts[ANY]} of clips have at least one of {len(DETECTORS)} kinds of failure (n: {of})"
    if not found:
        return f"{text}."
    often = ", ".join(f"{_words(kind)} ({texts[kind]})" for kind in found[:COMMON])
    return f"{text}; most often {often}. {UNAWARE}"


def _standing_out(facts: Facts) -> str:
    """Return a table of the headline metrics: over all clips, and where each is lowest and highest."""
    import pandas as pd

    rows = []
    overall = facts.overall.set_index("metric")
    for metric in facts.headlines:
        groups = [
            table[table["metric"] == metric].rename(columns={factor: "level"}).assign(factor=factor)
            for factor, table in facts.by.items()
        ]
        cells = pd.concat(groups) if groups else overall.iloc[:0]
        # A group of one prompt says nothing of others, and is at an end by chance.
        cells = cells[cells["mean"].notna() & (cells["n_prompts"] > 1)].sort_values("mean", kind="stable")
        ends = [cells.iloc[0], cells.iloc[-1]] if len(cells) else []
        whole = overall.loc[metric]
        digits = decimals(value for row in (whole, *ends) for value in (row["mean"], row["lo"], row["hi"]))
        rows.append([metric_cell(metric), _estimated(whole, digits), *(_group(row, digits) for row in ends)])
        rows[-1] += [cell(DASH, math.nan)] * (2 if facts.factors and not ends else 0)
    if not rows:
        return ""
    heads = ["metric", "all clips", *(["lowest group", "highest group"] if facts.factors else [])]
    caption = (
        f"{MEANS} Groups are the levels of one factor each; the ends are picked after the fact, so part of their "
        "distance is chance."
    )
    return sortable(heads, rows, caption if facts.factors else MEANS)


def _group(row: pd.Series, digits: int) -> Cell:
    return _estimated(row, digits, f"{_words(row['factor'])} {level_text(row['level'])}: ")


def _estimated(row: pd.Series, digits: int, where: str = "") -> Cell:
    about = html.escape(f"{where}{sample_text(row['n_clips'], row['n_prompts'])}")
    return Cell(
        f"{estimate_text(row['mean'], row['lo'], row['hi'], digits)} <small>{about}</small>", float(row["mean"])
    )


def _failures(
    facts: Facts, shares: pd.DataFrame, atlas: figures.Figure | None, files: dict[str, Any], folder: Path
) -> str:
    rows = [
        [
            cell(_words(row["kind"])),
            Cell(percent_text(row["share"], row["lo"], row["hi"]), float(row["share"])),
            *(Cell(f"{row[name]:,}", float(row[name])) for name in ("found", "n_clips", "n_prompts")),
        ]
        for row in shares.to_dict("records")
    ]
    caption = f"Share of the clips that have each kind, mean over prompts with its 95 % interval. {UNAWARE}"
    heads = ["failure", "share of clips", "clips with it", "clips judged", "prompts"]
    parts = [sortable(heads, rows, caption)]
    if atlas is not None:
        parts.append(_figure(atlas))
    if cards := clips.failure_cards(facts, folder, files) if facts.findings["flagged"].any() else "":
        parts.append(f"<h3>To hear</h3><p class='note'>Of each kind the clip in which it lasts longest.</p>{cards}")
    return "".join(parts)


def _figure(figure: figures.Figure) -> str:
    title = html.escape(figure.title)
    return (
        f"<figure style='--inches: {figure.inches:g}'><a href='{figure.name}.pdf'>"
        f"<img src='{figure.name}.png' alt='{title}: {html.escape(figure.caption)}' loading='lazy'></a>"
        f"<figcaption><b>{title}.</b> {html.escape(figure.caption)}</figcaption></figure>"
    )


def _by(facts: Facts, factor: str) -> str:
    caption = f"{MEANS} n stands in the head, and in the cell where it is another; a dash where nothing is defined."
    shown = tables.by_factor(facts.by[factor], factor, caption)
    if factor in facts.uncompared:
        return f"{shown}<p class='note'>Levels are not compared: {html.escape(facts.uncompared[factor])}.</p>"
    table = facts.compared[factor]
    caption = (
        "Differences between clips of one prompt and seed, all other settings equal: mean over prompts with its 95 % "
        f"interval. {html.escape(methods.how_tested(table))}"
    )
    if table[["difference", "p", "dz", "dz_lo"]].isna().any(axis=None):
        caption += " Where a number or an interval is not defined, the table's file says why."
    return f"{shown}<h3>Compared</h3>{tables.comparisons(table, caption)}"


def _overall(facts: Facts) -> str:
    return tables.overall(facts.overall, f"{MEANS} n are the clips and prompts for which the metric is defined.")


def _ends(facts: Facts, files: Files) -> str:
    caption = (
        "The clips with the lowest, the middle and the highest value of each metric: press a number to hear its clip. "
        "Where one direction is better, the other end is marked as the worst."
    )
    return clips.extremes_table(facts, dict(files), caption)


def _revisions(facts: Facts) -> str:
    import pandas as pd

    made = facts.made
    groups = made.groupby(["model", "revision", "device", "dtype"], sort=False, dropna=False)
    rows = [
        [
            cell(group[0]),
            *(cell(DASH if pd.isna(value) else value) for value in group[1:]),
            Cell(f"{len(part):,}", float(len(part))),
            _elapsed(part),
        ]
        for group, part in groups
    ]
    heads = ["model", "revision", "device", "number format", "clips", "seconds to make"]
    return sortable(heads, rows, "What made the clips, from their records.", texts=4)


def _elapsed(part: pd.DataFrame) -> Cell:
    seconds = float(part["elapsed"].sum())
    return Cell(f"{seconds:,.0f}", seconds)


def _meanings(metrics: Sequence[str]) -> str:
    better = {"": "neither", "higher": "higher", "lower": "lower"}
    rows = [
        [cell(row.label), cell(row.unit or DASH), cell(better[row.better]), cell(row.meaning)]
        for row in map(described, metrics)
    ]
    return sortable(["metric", "unit", "better", "meaning"], rows, "The measures of this report.", texts=4)


def _files(facts: Facts, drawn: Sequence[figures.Figure]) -> str:
    names = figures.file_names(facts.factors)
    pairs = [names[factor] for factor in facts.compared]
    links = {
        "Numbers": [
            "tables/scores.csv",
            "tables/all.csv",
            "tables/failures.csv",
            *(f"tables/by-{n}.csv" for n in names.values()),
            *(f"tables/compare-{n}.csv" for n in pairs),
        ],
        "LaTeX (booktabs)": [
            "tables/all.tex",
            "tables/failures.tex",
            *(f"tables/by-{n}.tex" for n in names.values()),
            *(f"tables/compare-{n}.tex" for n in pairs),
        ],
        "Figures": [f"{figure.name}.pdf" for figure in drawn],
        "Methods": ["methods.md", "references.bib"],
    }
    lines = (
        f"<li>{title}: {', '.join(f'<a href={chr(39)}{name}{chr(39)}>{name}</a>' for name in found)}</li>"
        for title, found in links.items()
        if found
    )
    return f"<ul class='answer'>{''.join(lines)}</ul>"
