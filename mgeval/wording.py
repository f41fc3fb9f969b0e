"""Numbers, intervals, levels and lists as text: in sentences, in tables and on axes."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

SIGNIFICANT = 3
"""Significant digits of the largest value of a table's column."""

MOST = 7
"""Largest number of decimals."""

SIGNIFICANCE = 0.05
"""Adjusted p below which a difference is marked."""

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def interval(mean: float, lo: float = math.nan, hi: float = math.nan, unit: str = "", digits: int = 2) -> str:
    """Return a mean with its 95 % interval as text.

    Parameters
    ----------
    mean, lo, hi : float
        A mean and the ends of its interval, as in the table of `mgeval.summarise`.
    unit : str
        Follows the mean; '%' multiplies by 100 and removes the decimals.
    digits : int
        Number of decimals.

    Returns
    -------
    str
        Such as ``'0.42 (0.31 to 0.53)'``; names an undefined mean or interval.

    Examples
    --------
    >>> interval(0.421, 0.31, 0.53)
    '0.42 (0.31 to 0.53)'
    >>> interval(0.5, 0.25, 0.75, "%")
    '50 % (25 to 75)'
    >>> interval(12.3, unit="LUFS", digits=0)
    '12 LUFS (no interval)'
    >>> interval(math.nan)
    'undefined'
    """
    if math.isnan(mean):
        return "undefined"
    if unit == "%":
        mean, lo, hi, digits = 100 * mean, 100 * lo, 100 * hi, 0
    # Rounding and adding 0 avoids a negative zero.
    value, low, high = (f"{round(number, digits) + 0:.{digits}f}" for number in (mean, lo, hi))
    ends = "no interval" if math.isnan(lo) or math.isnan(hi) else f"{low} to {high}"
    return f"{value} {unit} ({ends})" if unit else f"{value} ({ends})"


def join_names(names: Iterable[object], nothing: str = "none") -> str:
    """Join names with commas and a final "and".

    Examples
    --------
    >>> join_names(["left", "right", "wide"])
    'left, right and wide'
    >>> join_names([])
    'none'
    """
    *first, last = [str(name) for name in names] or [nothing]
    return f"{', '.join(first)} and {last}" if first else last


listed = join_names
"""Former name of `join_names`."""


def decimals(values: Iterable[float]) -> int:
    """Return the number of decimals that shows the largest value with three significant digits.

    Examples
    --------
    >>> decimals([0.0012, 0.552, float("nan")]), decimals([1875.0, -3.0]), decimals([0.0])
    (3, 0, 0)
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return min(max(SIGNIFICANT - 1 - math.floor(math.log10(largest)), 0), MOST) if largest else 0


def number_text(value: float, digits: int) -> str:
    """Return a number with a fixed number of decimals and a true minus sign, never a negative zero.

    Examples
    --------
    >>> number_text(-0.0004, 3), number_text(-2.5, 1), number_text(float("nan"), 1)
    ('0.000', '−2.5', '–')
    """
    if not math.isfinite(value):
        return DASH
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def bracket_interval(lo: float, hi: float, digits: int) -> str:
    """Return an interval in brackets; an empty text without an interval, as for a single prompt."""
    return f"[{number_text(lo, digits)}, {number_text(hi, digits)}]" if math.isfinite(lo) and math.isfinite(hi) else ""


def estimate_text(mean: float, lo: float, hi: float, digits: int) -> str:
    """Return a mean with its interval in brackets.

    Examples
    --------
    >>> estimate_text(0.41, 0.2831, 0.552, 3)
    '0.410 [0.283, 0.552]'
    """
    return f"{number_text(mean, digits)} {bracket_interval(lo, hi, digits)}".strip()


def probability_text(p: float) -> str:
    """Return a p value; values below 0.001 as '< 0.001'.

    Examples
    --------
    >>> probability_text(0.0312), probability_text(0.0004), probability_text(1.0), probability_text(float("nan"))
    ('0.031', '< 0.001', '1.000', '–')
    """
    return "< 0.001" if p < 0.001 else number_text(p, 3)


def percent_text(share: float, lo: float, hi: float) -> str:
    """Return a share and its interval in per cent.

    Examples
    --------
    >>> percent_text(0.656, 0.46, 0.861)
    '66 % [46, 86]'
    """
    if not math.isfinite(share):
        return DASH
    return f"{number_text(100 * share, 0)} % {bracket_interval(100 * lo, 100 * hi, 0)}".strip()


def count_text(count: int, noun: str) -> str:
    """Return a count with its noun in the singular or plural.

    Examples
    --------
    >>> count_text(1, "clip"), count_text(1200, "clip")
    ('1 clip', '1,200 clips')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sample_text(n_clips: int, n_prompts: int) -> str:
    """Return a sample size as clips and prompts."""
    return f"{count_text(int(n_clips), 'clip')}, {count_text(int(n_prompts), 'prompt')}"


def level_text(value: Any) -> str:
    """Return a setting's value as text: 1.0 as '1', texts unchanged."""
    # The numbers of numpy are registered as these types.
    real = isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral)
    return f"{value:.10g}" if real else str(value)


def list_levels(values: Iterable[Any], most: int = 8) -> str:
    """Return values separated by commas; if there are many, their number, the first and the last."""
    names = [level_text(value) for value in values]
    return ", ".join(names) if len(names) <= most else f"{len(names)} values from {names[0]} to {names[-1]}"


def plain_number(value: float) -> int | float:
    """Return a whole number as int, other numbers unchanged.

    Examples
    --------
    >>> plain_number(10.0), plain_number(0.5)
    (10, 0.5)
    """
    return int(value) if value == int(value) else value
