"""LaTeX tables: any text is set as typed, and a run's tables and figures make one page."""

from __future__ import annotations

import pandas as pd
from typeset import pages

import mgeval as mg
from mgeval.reporting.latex import by_factor, escape

HOSTILE = [
    r"\input{/etc/passwd}", "50 % & $x_1^2$ # ~ {brace} \\", "<img src=x onerror=alert(1)>", "[first] * star",
    "'q' \"q\"", "café naïve Łódź ßø ő", "日本 🎵 Ω", "a--b ?` !` <<", "\x07bell\x00", "",
]  # fmt: skip


def test_pdflatex_sets_every_text_as_typed(tmp_path):
    rows = [
        {"claim": level, "metric": "width", "mean": -0.5, "lo": -1.0, "hi": 0.0, "n_clips": 4, "n_prompts": 2}
        for level in HOSTILE
    ]
    table = by_factor(pd.DataFrame(rows), "claim")
    text, count, _ = pages(tmp_path, table)
    assert count == 1 and "root:" not in text
    words = " ".join(text.split())
    for typed in (r"\input{/etc/passwd}", "50 % & $x_1^2$ # ~ {brace} \\", "[first] * star", "a--b ?` !` <<"):
        assert typed in words, words
    assert "café naïve Łódź ßø ő" in words and "[U+65E5]" in words and "[U+1F3B5]" in words
    assert "<img src=x onerror=alert(1)>" in words and "'q' \"q\"" in words.replace("’", "'")


def test_latexs_own_fonts_do_too(tmp_path):
    text, count, _ = pages(tmp_path, r" \par ".join(map(escape, HOSTILE)), fonts="")
    words = " ".join(text.split()).translate(str.maketrans("’”", "'\""))
    assert count == 1 and "'q' \"q\"" in words and "<img src=x onerror=alert(1)>" in words


def test_escapes_need_nothing_of_what_is_around():
    assert escape("[a]") == "{[}a{]}" and escape("*") == "{*}" and escape("a\n b") == "a b"
    assert all(c.isascii() for c in escape("".join(HOSTILE)))


def test_a_runs_tables_and_figures_make_a_page(run, tmp_path):
    mg.report(*run, tmp_path / "report", by=["duration", "<b>kind"])
    body = "\n\n\\bigskip\n".join([
        r"\includegraphics[width=.7\linewidth]{report/figures/width.pdf}",
        r"\input{report/tables/by-duration.tex}",
        r"\input{report/tables/by--b-kind.tex}",
        r"\input{report/tables/all.tex}\hfill\input{report/tables/failures.tex}",
    ])  # fmt: skip
    text, count, log = pages(tmp_path, body)
    assert count == 1 and "Overfull \\hbox" not in log
    assert all(words in text for words in ("Stereo width", "collapsed stereo", "95 % CI", "<b>kind", "<i>b"))
