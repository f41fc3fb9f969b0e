"""The page: a summary, then the details. User text is escaped, and all links stay within the folder."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from mgeval.metrics import DETECTORS, metric_of
from mgeval.reporting import clips, figures, methods, tables
from mgeval.reporting.facts import ANY, PROMPT_CAVEAT, Facts
from mgeval.reporting.tables import Cell, metric_cell, sortable_table, text_cell
from mgeval.runs import Store
from mgeval.wording import DASH, decimals, estimate_text, level_text, list_levels, percent_text, sample_text

if TYPE_CHECKING:
    import pandas as pd

MEANS = "Means over prompts with their 95 % intervals."
COMMON = 3
"""Kinds of failure that the summary names."""


def render_page(facts: Facts, shares: pd.DataFrame, files: clips.Files, store: Store, folder: Path) -> str:
    """Return the page, and save its pictures.

    Parameters
    ----------
    facts : Facts
        The run.
    shares : DataFrame
        From `mgeval.reporting.facts.failure_shares`.
    files : dict
        From `mgeval.reporting.clips.write_clips`.
    store : Store
        The store of the clips.
    folder : Path
        The folder of the report.
    """
    factors = facts.factors
    atlas = figures.save_atlas_figure(facts, folder)
    plots = [figures.save_metric_figure(facts, metric, folder) for metric in facts.headlines] if factors else []
    sections = [
        ("short", "In short", _summary(facts, shares)),
        ("failures", "Failures", _failure_section(facts, shares, atlas, files, folder)),
        ("figures", "Figures", "".join(map(_figure_html, plots))) if plots else None,
        *(
            (f"by-{place}", f"By {_words(factor)}", _factor_section(facts, factor))
            for place, factor in enumerate(factors)
        ),
        ("all", "All clips", _overall_section(facts)),
        ("ends", "Worst and median clips", _extremes_section(facts, files)),
        ("examples", "Examples to hear", clips.example_cards(facts, store, folder, files)),
        ("methods", "Methods and provenance", methods.as_html(facts) + _model_table(facts)),
        ("meanings", "What the metrics mean", _meaning_table(facts.metrics)),
        ("files", "Files", _file_list(facts, plots if atlas is None else [atlas, *plots])),
    ]
    present = [section for section in sections if section is not None]
    return Template(_read_part("page.html")).substitute(
        title=html.escape(f"Run {facts.name}"),
        style=_read_part("page.css"),
        script=_read_part("page.js"),
        lead=f"<p>{html.escape(_lead(facts))}</p>",
        contents="".join(f"<li><a href='#{name}'>{html.escape(title)}</a></li>" for name, title, _ in present),
        body="\n".join(
            f"<section aria-labelledby='{name}'><h2 id='{name}'>{html.escape(title)}</h2>{body}</section>"
            for name, title, body in present
        ),
    )


def _read_part(name: str) -> str:
    return (resources.files("mgeval.reporting") / name).read_text(encoding="utf-8")


def _words(factor: str) -> str:
    return factor.replace("_", " ")


def _lead(facts: Facts) -> str:
    table = facts.clips
    seconds = float((table["n_samples"] / table["rate"]).sum())
    models = list_levels(table["model"].unique())
    return f"{sample_text(len(table), table['prompt_id'].nunique())}, {seconds / 60:.1f} minutes of audio, by {models}."


def _summary(facts: Facts, shares: pd.DataFrame) -> str:
    lines = []
    if facts.factors:
        varied = (f"{_words(factor)} ({list_levels(facts.by[factor][factor].unique())})" for factor in facts.factors)
        lines.append(f"Varied: {'; '.join(varied)}.")
    if more := methods.ungrouped_settings(facts.clips, facts.factors):
        values = (f"{_words(name)} ({facts.clips[name].nunique(dropna=False)})" for name in more)
        lines.append(f"Varied over too many values to group by, unless by= names it: {'; '.join(values)}.")
    lines.append(_failure_summary(shares))
    lines += methods.exclusion_sentences(facts, str)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul class='answer'>{items}</ul>{_headline_table(facts)}"


def _failure_summary(shares: pd.DataFrame) -> str:
    rows: Any = shares.set_index("kind")
    if not rows.loc[ANY, "n_clips"]:
        return "No clip could be judged for failures."
    texts = {kind: percent_text(row["share"], row["lo"], row["hi"]) for kind, row in rows.iterrows()}
    n = sample_text(rows.loc[ANY, "n_clips"], rows.loc[ANY, "n_prompts"])
    kinds = [kind for kind in rows.index if kind != ANY and rows.loc[kind, "found"]]
    text = f"{texts[ANY]} of clips have at least one of {len(DETECTORS)} kinds of failure (n: {n})"
    if not kinds:
        return f"{text}."
    frequent = ", ".join(f"{_words(kind)} ({texts[kind]})" for kind in kinds[:COMMON])
    return f"{text}; most often {frequent}. {PROMPT_CAVEAT}"


def _headline_table(facts: Facts) -> str:
    """Return a table of the headline metrics: over all clips, and in the groups with the lowest and highest mean."""
    import pandas as pd

    rows = []
    overall: Any = facts.overall.set_index("metric")
    for metric in facts.headlines:
        groups = [
            table[table["metric"] == metric].rename(columns={factor: "level"}).assign(factor=factor)
            for factor, table in facts.by.items()
        ]
        cells = pd.concat(groups) if groups else facts.overall.iloc[:0]
        # A group of one prompt says nothing about other prompts, and is extreme by chance.
        cells = cells[cells["mean"].notna() & (cells["n_prompts"] > 1)].sort_values("mean", kind="stable")
        ends: list[Any] = [cells.iloc[0], cells.iloc[-1]] if len(cells) else []
        total = overall.loc[metric]
        digits = decimals(value for row in (total, *ends) for value in (row["mean"], row["lo"], row["hi"]))
        rows.append([metric_cell(metric), _estimate_cell(total, digits), *(_group_cell(row, digits) for row in ends)])
        rows[-1] += [text_cell(DASH, math.nan)] * (2 if facts.factors and not ends else 0)
    if not rows:
        return ""
    heads = ["metric", "all clips", *(["lowest group", "highest group"] if facts.factors else [])]
    caption = (
        f"{MEANS} A group is a level of one factor. The lowest and the highest are selected after the fact, so part "
        "of their distance is chance."
    )
    return sortable_table(heads, rows, caption if facts.factors else MEANS)


def _group_cell(row: Any, digits: int) -> Cell:
    return _estimate_cell(row, digits, f"{_words(row['factor'])} {level_text(row['level'])}: ")


def _estimate_cell(row: Any, digits: int, group: str = "") -> Cell:
    n = html.escape(f"{group}{sample_text(row['n_clips'], row['n_prompts'])}")
    return Cell(f"{estimate_text(row['mean'], row['lo'], row['hi'], digits)} <small>{n}</small>", float(row["mean"]))


def _failure_section(
    facts: Facts, shares: pd.DataFrame, atlas: figures.Figure | None, files: clips.Files, folder: Path
) -> str:
    rows = [
        [
            text_cell(_words(row["kind"])),
            Cell(percent_text(row["share"], row["lo"], row["hi"]), float(row["share"])),
            *(Cell(f"{row[name]:,}", float(row[name])) for name in ("found", "n_clips", "n_prompts")),
        ]
        for row in shares.to_dict("records")
    ]
    caption = f"Share of the clips that have each kind, mean over prompts with its 95 % interval. {PROMPT_CAVEAT}"
    heads = ["failure", "share of clips", "clips with it", "clips judged", "prompts"]
    parts = [sortable_table(heads, rows, caption)]
    if atlas is not None:
        parts.append(_figure_html(atlas))
    if cards := clips.failure_cards(facts, folder, files) if facts.findings["flagged"].any() else "":
        parts.append(f"<h3>Examples</h3><p class='note'>For each kind, the clip in which it lasts longest.</p>{cards}")
    return "".join(parts)


def _figure_html(figure: figures.Figure) -> str:
    title = html.escape(figure.title)
    return (
        f"<figure style='--inches: {figure.inches:g}'><a href='{figure.name}.pdf'>"
        f"<img src='{figure.name}.png' alt='{title}: {html.escape(figure.caption)}' loading='lazy'></a>"
        f"<figcaption><b>{title}.</b> {html.escape(figure.caption)}</figcaption></figure>"
    )


def _factor_section(facts: Facts, factor: str) -> str:
    caption = f"{MEANS} n is in the head, and in the cell if it differs; a dash means undefined."
    summary = tables.by_factor(facts.by[factor], factor, caption)
    if factor in facts.uncompared:
        return f"{summary}<p class='note'>Levels are not compared: {html.escape(facts.uncompared[factor])}.</p>"
    table = facts.compared[factor]
    caption = (
        "Differences between clips of one prompt and seed, all other settings equal: mean over prompts with its 95 % "
        f"interval. {html.escape(methods.p_value_note(table))}"
    )
    if table[["difference", "p", "dz", "dz_lo"]].isna().any(axis=None):
        caption += " If a number or an interval is undefined, the file of the table gives the reason."
    return f"{summary}<h3>Comparisons</h3>{tables.comparisons(table, caption)}"


def _overall_section(facts: Facts) -> str:
    return tables.overall(facts.overall, f"{MEANS} n counts the clips and prompts for which the metric is defined.")


def _extremes_section(facts: Facts, files: clips.Files) -> str:
    caption = (
        "The clips with the lowest, the middle and the highest value of each metric: click a number to hear its clip. "
        "If one direction is better, the other end is marked as the worst."
    )
    return clips.extremes_table(facts, files, caption)


def _model_table(facts: Facts) -> str:
    import pandas as pd

    groups: Any = facts.clips.groupby(["model", "revision", "device", "dtype"], sort=False, dropna=False)
    rows = [
        [
            text_cell(group[0]),
            *(text_cell(DASH if pd.isna(value) else value) for value in group[1:]),
            Cell(f"{len(part):,}", float(len(part))),
            _seconds_cell(part),
        ]
        for group, part in groups
    ]
    heads = ["model", "revision", "device", "number format", "clips", "seconds to make"]
    return sortable_table(heads, rows, "Models and devices that made the clips, from their records.", texts=4)


def _seconds_cell(part: pd.DataFrame) -> Cell:
    seconds = float(part["elapsed"].sum())
    return Cell(f"{seconds:,.0f}", seconds)


def _meaning_table(metrics: Sequence[str]) -> str:
    better = {"": "neither", "higher": "higher", "lower": "lower"}
    rows = [
        [text_cell(row.label), text_cell(row.unit or DASH), text_cell(better[row.better]), text_cell(row.meaning)]
        for row in map(metric_of, metrics)
    ]
    return sortable_table(["metric", "unit", "better", "meaning"], rows, "The metrics of this report.", texts=4)


def _file_list(facts: Facts, plots: Sequence[figures.Figure]) -> str:
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
        "Figures": [f"{figure.name}.pdf" for figure in plots],
        "Methods": ["methods.md", "references.bib"],
    }
    lines = (
        f"<li>{title}: {', '.join(f'<a href={chr(39)}{name}{chr(39)}>{name}</a>' for name in files)}</li>"
        for title, files in links.items()
        if files
    )
    return f"<ul class='answer'>{''.join(lines)}</ul>"
