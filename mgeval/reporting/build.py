"""`report`: a run's folder of figures, tables, clips and methods, and the page that shows them."""

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

OURS = '<a class="skip" href="#main">Skip to the report</a>'
"""What tells the page of a report from another ``index.html``."""

FILES = re.compile(r"(figures|tables|clips)/[\w-]+\.(png|pdf|csv|tex|flac|wav)", re.ASCII)
"""The files that come and go with what is reported."""


def report(
    scores: pd.DataFrame, store: Store, path: str | os.PathLike[str], by: str | Sequence[str] | None = None
) -> Path:
    """Write a report of a run: a folder that opens from disk and asks nothing of a network.

    ``index.html`` holds the answer first, figures, tables that sort, clips to hear, methods and provenance;
    ``tables/`` the numbers as CSV and as LaTeX (booktabs), ``figures/`` each figure as PDF and PNG, ``clips/``
    what the page plays; ``methods.md`` says what was done, with the references of models and metrics in
    ``references.bib``. Every clip is judged for failures (`mgeval.failure_table`). Controls stand in
    ``tables/scores.csv`` only. In CSV a text that a spreadsheet would run as a formula begins with an apostrophe.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        Where the clips lie.
    path : path-like
        The folder to write. Of a former report there, what this one has not is removed once this one is whole:
        files that its page names, nothing else.
    by : str or sequence of str, optional
        The columns to show the metrics by, one after the other; by default those that were swept.

    Returns
    -------
    pathlib.Path
        ``index.html``.

    Raises
    ------
    MetricError
        The table holds no clip that was made, no metric, or no such column; then nothing is written.
    """
    folder = expand_path(path)
    # In a run's own folder the page's clips are the run's.
    former = set() if is_store(folder) else _names(folder / "index.html")
    facts = gather(scores, store, by)
    shares = failure_shares(facts.findings)
    files = clips.written(clips.clips_to_show(facts).to_dict("records"), store, folder)
    _write_tables(facts, shares, folder)
    write_atomic(folder / "methods.md", methods.as_markdown(facts).encode())
    write_atomic(folder / "references.bib", sources.bibliography(methods.references(facts)).encode())
    index = write_atomic(folder / "index.html", page.rendered(facts, shares, files, store, folder).encode())
    _remove(folder, former, _names(index))
    return index


def _names(index: Path) -> set[str]:
    """Return the figures, tables and clips that a report's page names; none of another page, or where there is none."""
    text = index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""
    links = _Links()
    if OURS in text:
        links.feed(text)
    return {name for name in links.found if FILES.fullmatch(name)}


class _Links(HTMLParser):
    """What a page links to and shows: attributes only, so that a prompt, which is text, names no file."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update(value for name, value in attrs if value and name in ("href", "src"))


def _remove(folder: Path, former: set[str], now: set[str]) -> None:
    """Remove the files of a former report that are none of this one's."""
    # Where a file system takes no notice of capitals, the file of the other name is the new one.
    kept = {name.casefold() for name in now}
    for name in sorted(former):
        # A link in the folder's place leads to somebody else's files.
        file = folder / name
        if name.casefold() not in kept and file.is_file() and not file.parent.is_symlink():
            file.unlink()


def _write_tables(facts: Facts, shares: pd.DataFrame, folder: Path) -> None:
    written = {
        "scores.csv": tables.csv(facts.scores),
        "all.csv": tables.csv(facts.overall),
        "all.tex": latex.overall(facts.overall).encode(),
        "failures.csv": tables.csv(shares),
        "failures.tex": latex.failures(shares).encode(),
    }
    for factor, name in file_names(facts.factors).items():
        written[f"by-{name}.csv"] = tables.csv(facts.by[factor])
        written[f"by-{name}.tex"] = latex.by_factor(facts.by[factor], factor).encode()
        if factor in facts.compared:
            table = facts.compared[factor]
            written[f"compare-{name}.csv"] = tables.csv(table)
            written[f"compare-{name}.tex"] = latex.comparisons(table, methods.how_tested(table)).encode()
    for name, data in written.items():
        write_atomic(folder / "tables" / name, data)
