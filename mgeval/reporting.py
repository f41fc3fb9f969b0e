"""From a run to a page: `report` writes a folder that opens from disk and asks nothing of a network."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.audio import encode_audio
from mgeval.errors import AudioError, MetricError
from mgeval.files import write_atomic
from mgeval.metrics import columns, described
from mgeval.stats import summarise, swept
from mgeval.store import Store, own_clips, prompts_of

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 12
FIGURES = ("clap", "width", "correlation", "image_angle", "ambience", "loudness", "crest")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; }}
table {{ border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25rem .7rem; border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }}
th {{ border-bottom: 1px solid #888; }} td:first-child, th:first-child, td.text {{ text-align: left; }}
td.text {{ white-space: normal; }}
.wide {{ overflow-x: auto; }} .note {{ color: #666; font-size: 13px; }}
figure {{ display: inline-block; margin: 0 1rem 1rem 0; }} figure img {{ width: 21rem; max-width: 100%; }}
.clips {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1.2rem; }}
.clips img {{ width: 9rem; }} .clips audio {{ width: 100%; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def report(
    scores: pd.DataFrame, store: Store, path: str | os.PathLike[str], by: str | Sequence[str] | None = None
) -> Path:
    """Write a report of a run: a folder with ``index.html``, figures, audio examples and tables.

    Controls stand in the table of scores only.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        Where the clips lie.
    path : path-like
        The folder to write; what a former report left there is replaced file by file.
    by : str or sequence of str, optional
        The columns to show the metrics by, one after the other; by default those that were swept.

    Returns
    -------
    pathlib.Path
        ``index.html``.

    Raises
    ------
    MetricError
        The table holds no clip that was made, or no such column.
    """
    folder = Path(path)
    if "status" not in scores.columns:
        raise MetricError("the table is not one of clips of a run: measure(clips, store) returns one")
    own = own_clips(scores)
    own = own.assign(prompt=prompts_of(own))
    made = own[own["status"] == "done"]
    if made.empty:
        raise MetricError("no clip of this table was made: there is nothing to report")
    factors = swept(made) if by is None else [by] if isinstance(by, str) else list(by)
    metrics = [name for name in columns(made.columns) if made[name].notna().any()]
    for factor in factors:
        if factor in made.columns:
            made = made.assign(**{factor: made[factor].astype(object).where(made[factor].notna(), "(none)")})
    sections = [_overview(own, made)]
    for factor in factors:
        sections.append(_section(made, factor, _drawn(metrics), folder))
    if not factors:
        sections.append(f"<h2>All clips</h2>{_table(summarise(made), None)}")
    sections.append(_examples(made, store, factors[0] if factors else None, folder))
    sections.append(_meanings(metrics))
    write_atomic(folder / "tables" / "scores.csv", scores.to_csv(index=False).encode())
    title = f"Run {store.path.resolve().name}"
    page = PAGE.format(title=html.escape(title), body="\n".join(sections))
    return write_atomic(folder / "index.html", page.encode())


def _overview(scores: pd.DataFrame, made: pd.DataFrame) -> str:
    seconds = (made["n_samples"] / made["rate"]).sum()
    models = ", ".join(
        f"{name} ({revision})" for name, revision in made[["model", "revision"]].drop_duplicates().values
    )
    facts = [
        f"{len(made)} clips of {made['prompt_id'].nunique()} prompts, {seconds / 60:.1f} minutes of audio",
        f"Model and revision: {models}",
        f"Generated in {made['elapsed'].sum():.0f} s on {', '.join(sorted(made['device'].unique()))}",
    ]
    if failed := len(scores) - len(made):
        reasons = ", ".join(sorted(set(scores.loc[scores["status"] != "done", "error"].fillna("not run yet"))))
        facts.append(f"{failed} {'clip' if failed == 1 else 'clips'} could not be made: {reasons}")
    return "".join(f"<p>{html.escape(fact)}.</p>" for fact in facts)


def _drawn(metrics: Sequence[str]) -> list[str]:
    """Return the metrics that get a figure: of those with a checkpoint, every checkpoint's."""
    return [name for drawn in FIGURES for name in metrics if name.partition(":")[0] == drawn]


def _section(made: pd.DataFrame, factor: str, metrics: list[str], folder: Path) -> str:
    summary = summarise(made, factor)
    figures = "".join(_figure(summary, factor, metric, folder) for metric in metrics)
    words = html.escape(factor.replace("_", " "))
    write_atomic(folder / "tables" / f"by-{_file_name(factor)}.csv", summary.to_csv(index=False).encode())
    return f"<h2>By {words}</h2>{figures}<div class='wide'>{_table(summary, factor)}</div>"


def _figure(summary: pd.DataFrame, factor: str, metric: str, folder: Path) -> str:
    from mgeval import plots

    name = f"figures/{_file_name(metric)}-by-{_file_name(factor)}.png"
    ax = plots.response(summary, factor, metric)
    _save(ax.figure, folder / name)
    text = html.escape(f"{described(metric).label} by {factor}", quote=True)
    return f'<figure><img src="{name}" alt="{text}"></figure>'


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def _table(summary: pd.DataFrame, factor: str | None) -> str:
    """Draw one row per metric and one column per level, each mean with its interval."""
    levels = [None] if factor is None else list(dict.fromkeys(summary[factor]))
    head = "".join(f"<th>{html.escape('all' if level is None else str(level))}</th>" for level in levels)
    rows = []
    for metric, part in summary.groupby("metric", sort=False):
        cells = [part if level is None else part[part[factor] == level] for level in levels]
        row = described(metric)
        unit = f" ({row.unit})" if row.unit else ""
        texts = "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        rows.append(f"<tr><td>{html.escape(row.label + unit)}</td>{texts}</tr>")
    note = "Mean [95 % interval], clustered by prompt; a dash where the metric is not defined."
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table><p class='note'>{note}</p>"


def _cell(rows: pd.DataFrame) -> str:
    if rows.empty or rows["mean"].isna().all():
        return "&ndash;"
    row = rows.iloc[0]
    interval = "" if row["lo"] != row["lo"] else f" [{_number(row['lo'])}, {_number(row['hi'])}]"
    return f"{_number(row['mean'])}{interval}"


def _number(value: float) -> str:
    # The minus sign proper, and never a negative zero.
    return f"{value + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


def _examples(made: pd.DataFrame, store: Store, factor: str | None, folder: Path) -> str:
    groups = [made] if factor is None else [part for _, part in made.groupby(factor, sort=False)]
    each = max(EXAMPLES // len(groups), 1)
    rows = [row for part in groups for row in part.drop_duplicates("prompt_id").head(each).to_dict("records")]
    cards = "".join(_card(row, store, folder, factor) for row in rows)
    return f"<h2>Examples to hear</h2><div class='clips'>{cards}</div>"


def _card(row: dict[str, Any], store: Store, folder: Path, factor: str | None) -> str:
    from mgeval import plots

    name = f"clips/{row['key']}"
    try:
        audio = store.audio(row["key"])
    except AudioError as error:
        return f"<div class='note'>{html.escape(str(error))}</div>"
    ax = plots.vectorscope(audio)
    # A browser knows nothing of a FLAC's gain: what passes full scale is played from the samples proper.
    ending = ".flac" if audio.peak < 1 else ".wav"
    write_atomic(folder / f"{name}{ending}", encode_audio(audio, ending))
    ax.figure.set_size_inches(1.8, 1.9)
    _save(ax.figure, folder / f"{name}.png")
    level = "" if factor is None else f"<b>{html.escape(str(row[factor]))}</b>: "
    seed = html.escape(str(row["seed"]))
    return (
        f'<div><img src="{name}.png" alt="vectorscope"><audio controls preload="none" src="{name}{ending}"></audio>'
        f"<div class='note'>{level}{html.escape(row['prompt']) or '(no prompt)'}, seed {seed}</div></div>"
    )


def _meanings(metrics: list[str]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(row.label)}</td><td>{html.escape(row.unit) or '&ndash;'}</td>"
        f"<td class='text'>{html.escape(row.meaning)}</td></tr>"
        for row in map(described, metrics)
    )
    return f"<h2>What the metrics mean</h2><table><tr><th>metric</th><th>unit</th><th></th></tr>{rows}</table>"


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text)
