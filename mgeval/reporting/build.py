"""`report`: a folder of figures, tables, clips and methods, with a page that shows them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from mgeval.files import expand_path, write_atomic
from mgeval.reporting import clips, latex, methods, page, sources, tables
from mgeval.reporting.facts import Facts, failure_shares, gather
from mgeval.reporting.figures import file_names
from mgeval.runs import Store, is_store

if TYPE_CHECKING:
    import pandas as pd

PAGE_MARK = '<a class="skip" href="#main">Skip to the report</a>'
"""Distinguishes the page of a report from any other ``index.html``."""

REPORT_FILE = re.compile(r"(figures|tables|clips)/[\w-]+\.(png|pdf|csv|tex|flac|wav)", re.ASCII)
"""Files of a report that a later one may no longer have."""


def report(
    scores: pd.DataFrame, store: Store, path: str | os.PathLike[str], by: str | Sequence[str] | None = None
) -> Path:
    """Write a report of a run: a folder that opens from disk and needs no network.

    ``index.html`` starts with a summary, followed by figures, sortable tables, clips to hear, methods and
    provenance. ``tables/`` has the numbers as CSV and as LaTeX (booktabs), ``figures/`` each figure as PDF and PNG,
    ``clips/`` the clips that the page plays. ``methods.md`` describes what was done, and ``references.bib`` has the
    references of models and metrics. Every clip is searched for failures (`mgeval.failure_table`). Controls are in
    ``tables/scores.csv`` only. In CSV a text that a spreadsheet would run as a formula starts with an apostrophe.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        The store of the clips.
    path : path-like
        The folder to write. Once the new report is complete, files of a former report there that the new one lacks
        are deleted: those that the former page links to, nothing else.
    by : str or sequence of str, optional
        The columns to group the metrics by, one after the other; by default the settings that were swept.

    Returns
    -------
    pathlib.Path
        ``index.html``.

    Raises
    ------
    MetricError
        The table has no finished clip, no metric, or no such column; then nothing is written.
    """
    folder = expand_path(path)
    # In the folder of a run, the clips of the page are those of the run.
    former = set() if is_store(folder) else _linked_files(folder / "index.html")
    facts = gather(scores, store, by)
    shares = failure_shares(facts.findings)
    files = clips.write_clips(clips.clips_to_show(facts).to_dict("records"), store, folder)
    _write_tables(facts, shares, folder)
    write_atomic(folder / "methods.md", methods.as_markdown(facts).encode())
    write_atomic(folder / "references.bib", sources.bibliography(methods.references(facts)).encode())
    index = write_atomic(folder / "index.html", page.render_page(facts, shares, files, store, folder).encode())
    _remove_former(folder, former, _linked_files(index))
    return index


def _linked_files(index: Path) -> set[str]:
    """Return the figures, tables and clips that the page of a report links to; none for another page or no page."""
    text = index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""
    links = _Links()
    if PAGE_MARK in text:
        links.feed(text)
    return {name for name in links.targets if REPORT_FILE.fullmatch(name)}


class _Links(HTMLParser):
    """The targets of links and images of a page; only attributes count, so that a prompt cannot name a file."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the targets of a tag."""
        self.targets.update(value for name, value in attrs if value and name in ("href", "src"))


def _remove_former(folder: Path, former: set[str], current: set[str]) -> None:
    """Delete the files of a former report that the current one lacks."""
    # On a file system that ignores case, names that differ only in case are the same file.
    needed = {name.casefold() for name in current}
    for name in sorted(former):
        # If the folder is a link, the files may belong to something else.
        file = folder / name
        if name.casefold() not in needed and file.is_file() and not file.parent.is_symlink():
            file.unlink()


def _write_tables(facts: Facts, shares: pd.DataFrame, folder: Path) -> None:
    files = {
        "scores.csv": tables.csv(facts.scores),
        "all.csv": tables.csv(facts.overall),
        "all.tex": latex.overall(facts.overall).encode(),
        "failures.csv": tables.csv(shares),
        "failures.tex": latex.failures(shares).encode(),
    }
    for factor, name in file_names(facts.factors).items():
        files[f"by-{name}.csv"] = tables.csv(facts.by[factor])
        files[f"by-{name}.tex"] = latex.by_factor(facts.by[factor], factor).encode()
        if factor in facts.compared:
            table = facts.compared[factor]
            files[f"compare-{name}.csv"] = tables.csv(table)
            files[f"compare-{name}.tex"] = latex.comparisons(table, methods.p_value_note(table)).encode()
    for name, data in files.items():
        write_atomic(folder / "tables" / name, data)
