"""`report`: a run's folder of figures, tables, clips and methods, and the page that shows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mgeval.files import named, write_atomic
from mgeval.reporting import clips, latex, methods, page, sources, tables
from mgeval.reporting.facts import Facts, failure_shares, gather
from mgeval.reporting.figures import file_names
from mgeval.store import Store

if TYPE_CHECKING:
    import pandas as pd


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
        The table holds no clip that was made, no metric, or no such column; then nothing is written.
    """
    folder = named(path)
    facts = gather(scores, store, by)
    shares = failure_shares(facts.findings)
    files = clips.written(clips.chosen(facts).to_dict("records"), store, folder)
    _write_tables(facts, shares, folder)
    write_atomic(folder / "methods.md", methods.as_markdown(facts).encode())
    write_atomic(folder / "references.bib", sources.bibliography(methods.references(facts)).encode())
    return write_atomic(folder / "index.html", page.rendered(facts, shares, files, store, folder).encode())


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
