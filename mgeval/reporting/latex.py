r"""LaTeX tables (booktabs) with escaped user text: pdflatex typesets it as typed, or as the number of the character.

A file has one or more ``tabular`` environments, for ``\input`` inside a ``table`` of the paper.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mgeval.metrics import metric_of
from mgeval.wording import (
    DASH,
    MINUS,
    SIGNIFICANCE,
    bracket_interval,
    count_text,
    decimals,
    level_text,
    number_text,
    percent_text,
    probability_text,
)

if TYPE_CHECKING:
    import pandas as pd

BESIDE = 4
"""Levels in one tabular; further levels follow in tabulars below it."""

LEVEL_HEADS = r"mean & 95 \% CI & $n$"
HEADER = r"% Needs \usepackage{booktabs}. Made by mgeval." + "\n"

SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"{\char34}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "-": "-{}", "[": "{[}", "]": "{]}", "*": "{*}", "?": "?{}", "!": "!{}",
    **{c: f"\\{c}" for c in "$&#_%{}"},
    DASH: "--", "\N{EM DASH}": "---", MINUS: "$-$", "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{LEFT SINGLE QUOTATION MARK}": "`{}", "\N{RIGHT SINGLE QUOTATION MARK}": "'{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``", "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{DEGREE SIGN}": r"\textdegree{}", "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MICRO SIGN}": r"\textmu{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
}  # fmt: skip
"""The LaTeX of characters that are not typeset as typed. Brackets and stars are in braces: after a line break they
would be its options. The double quote is given by number, because only T1 has a name for it; OT1 has no straight double
quote and typesets a closing one."""

ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`", "\N{COMBINING ACUTE ACCENT}": "'", "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~", "\N{COMBINING DIAERESIS}": '"', "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING CARON}": "v", "\N{COMBINING CEDILLA}": "c", "\N{COMBINING MACRON}": "=", "\N{COMBINING BREVE}": "u",
    "\N{COMBINING DOT ABOVE}": ".", "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
}  # fmt: skip


def escape(text: str) -> str:
    r"""Return the LaTeX of a text for any font encoding; a character that pdflatex lacks becomes its number.

    Examples
    --------
    >>> escape("50 % of $x_1$")
    '50 \\% of \\$x\\_1\\$'
    >>> escape("café 🎵")
    "caf\\'{e} {[}U+1F3B5{]}"
    """
    decomposed = "".join(c if c in SPECIAL else unicodedata.normalize("NFD", c) for c in " ".join(str(text).split()))
    out: list[str] = []
    for c in decomposed:
        if c in ACCENTS and out and out[-1].isalpha() and len(out[-1]) == 1:
            out[-1] = f"\\{ACCENTS[c]}{{{out[-1]}}}"
        elif c in SPECIAL or (c.isascii() and c.isprintable()):
            out.append(SPECIAL.get(c, c))
        else:
            out.append(f"{{[}}U+{ord(c):04X}{{]}}")
    return "".join(out)


def by_factor(summary: pd.DataFrame, factor: str) -> str:
    """Return a summary by a factor: a row for each metric; the mean, interval and n of each level."""
    levels = list(dict.fromkeys(summary[factor]))
    parts = [levels[start : start + BESIDE] for start in range(0, len(levels), BESIDE)]
    return HEADER + "\n\\par\\medskip\n".join(_tabular(summary, factor, part) for part in parts)


def _tabular(summary: pd.DataFrame, factor: str, levels: Sequence[object]) -> str:
    groups = {level: summary[summary[factor] == level].set_index("metric") for level in levels}
    head = " & ".join(rf"\multicolumn{{3}}{{c}}{{{escape(level_text(level))}}}" for level in levels)
    rules = "".join(rf"\cmidrule(lr){{{3 * i + 2}-{3 * i + 4}}}" for i in range(len(levels)))
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{'r@{ }lr' * len(levels)}@{{}}}}",
        r"\toprule",
        rf"{escape(factor.replace('_', ' '))} & {head} \\",
        rules,
        rf"($n$: clips/prompts) & {' & '.join([LEVEL_HEADS] * len(levels))} \\",
        r"\midrule",
    ]
    for metric in dict.fromkeys(summary["metric"]):
        rows = [groups[level].loc[metric] for level in levels]
        digits = decimals(value for row in rows for value in (row["mean"], row["lo"], row["hi"]))
        cells = [f"{_number(r['mean'], digits)} & {_interval(r, digits)} & {_n(r)}" for r in rows]
        lines.append(rf"{escape(_label(metric))} & {' & '.join(cells)} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def overall(summary: pd.DataFrame) -> str:
    """Return a summary of all clips: a row for each metric."""
    lines = [r"\begin{tabular}{@{}lr@{ }lrr@{}}", r"\toprule", r"metric & mean & 95 \% CI & clips & prompts \\"]
    lines.append(r"\midrule")
    for row in summary.to_dict("records"):
        digits = decimals((row["mean"], row["lo"], row["hi"]))
        cells = f"{_number(row['mean'], digits)} & {_interval(row, digits)} & {row['n_clips']} & {row['n_prompts']}"
        lines.append(rf"{escape(_label(row['metric']))} & {cells} \\")
    return HEADER + "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def comparisons(table: pd.DataFrame, note: str) -> str:
    """Return differences between settings from `mgeval.compare`, with a note under the table on how p was computed."""
    lines = [
        r"\begin{tabular}{@{}lllr@{ }lrrr@{}}",
        r"\toprule",
        r"metric & $a$ & $b$ & $b-a$ & 95 \% CI & $p$ (Holm) & pairs & prompts \\",
        r"\midrule",
    ]
    for row in table.to_dict("records"):
        digits = decimals((row["difference"], row["lo"], row["hi"]))
        star = "$^{*}$" if row["p_holm"] < SIGNIFICANCE else ""
        cells = [
            escape(_label(row["metric"])), escape(level_text(row["a"])), escape(level_text(row["b"])),
            _number(row["difference"], digits) + star, _interval(row, digits),
            probability_text(row["p_holm"]).replace("<", "$<$").replace(DASH, "--"),
            str(row["n_pairs"]), str(row["n_prompts"]),
        ]  # fmt: skip
        lines.append(rf"{' & '.join(cells)} \\")
    footnote = rf"\par\smallskip{{\footnotesize {escape(note)}}}"
    return HEADER + "\n".join([*lines, r"\bottomrule", r"\end{tabular}", footnote, ""])


def failures(shares: pd.DataFrame) -> str:
    """Return the shares of clips that have each kind of failure, from `mgeval.reporting.facts.failure_shares`."""
    lines = [
        r"\begin{tabular}{@{}lrrr@{}}",
        r"\toprule",
        r"failure & clips that have it, 95 \% CI & judged & prompts \\",
    ]
    lines.append(r"\midrule")
    for row in shares.to_dict("records"):
        share = escape(percent_text(row["share"], row["lo"], row["hi"]))
        lines.append(
            rf"{escape(row['kind'].replace('_', ' '))} & {share} & {count_text(row['n_clips'], 'clip')} "
            rf"& {row['n_prompts']} \\"
        )
    return HEADER + "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _label(metric: str) -> str:
    row = metric_of(metric)
    return f"{row.label} ({row.unit})" if row.unit else row.label


def _n(row: Any) -> str:
    return f"{row['n_clips']:.0f}/{row['n_prompts']:.0f}"


def _number(value: float, digits: int) -> str:
    return number_text(value, digits).replace(MINUS, "$-$").replace(DASH, "--")


def _interval(row: Any, digits: int) -> str:
    return bracket_interval(row["lo"], row["hi"], digits).replace(MINUS, "$-$")
