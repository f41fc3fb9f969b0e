"""How numbers are written: as many decimals as their row needs, each with its interval and its n."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

SIGNIFICANT = 3
MOST = 7
"""Decimals at most."""

SIGNIFICANCE = 0.05
"""Adjusted p below which a difference is marked."""

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def decimals(values: Iterable[float]) -> int:
    """Return how many decimals show the largest of these values to three significant digits.

    Examples
    --------
    >>> decimals([0.0012, 0.552, float("nan")]), decimals([1875.0, -3.0]), decimals([0.0])
    (3, 0, 0)
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return min(max(SIGNIFICANT - 1 - math.floor(math.log10(largest)), 0), MOST) if largest else 0


def number(value: float, digits: int) -> str:
    """Return a number with so many decimals and the minus sign proper; never a negative zero.

    Examples
    --------
    >>> number(-0.0004, 3), number(-2.5, 1), number(float("nan"), 1)
    ('0.000', '−2.5', '–')
    """
    if not math.isfinite(value):
        return DASH
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def interval(lo: float, hi: float, digits: int) -> str:
    """Return an interval; nothing where there is none, as with a single prompt."""
    return f"[{number(lo, digits)}, {number(hi, digits)}]" if math.isfinite(lo) and math.isfinite(hi) else ""


def estimate(mean: float, lo: float, hi: float, digits: int) -> str:
    """Return a mean with its interval.

    Examples
    --------
    >>> estimate(0.41, 0.2831, 0.552, 3)
    '0.410 [0.283, 0.552]'
    """
    return f"{number(mean, digits)} {interval(lo, hi, digits)}".strip()


def probability(p: float) -> str:
    """Return a p value; a small one as below a thousandth.

    Examples
    --------
    >>> probability(0.0312), probability(0.0004), probability(1.0), probability(float("nan"))
    ('0.031', '< 0.001', '1.000', '–')
    """
    return "< 0.001" if p < 0.001 else number(p, 3)


def percent(share: float, lo: float, hi: float) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percent(0.656, 0.46, 0.861)
    '66 % [46, 86]'
    """
    if not math.isfinite(share):
        return DASH
    return f"{number(100 * share, 0)} % {interval(100 * lo, 100 * hi, 0)}".strip()


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "clip"), counted(1200, "clip")
    ('1 clip', '1,200 clips')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sample(n_clips: int, n_prompts: int) -> str:
    """Return an n of clips and prompts."""
    return f"{counted(int(n_clips), 'clip')}, {counted(int(n_prompts), 'prompt')}"


def level_text(value: Any) -> str:
    """Return a setting's value as it is read: 1.0 as 1, texts as they are."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def listed(values: Iterable[Any], most: int = 8) -> str:
    """Return values one after the other; of many, how many there are, the first and the last."""
    names = [level_text(value) for value in values]
    return ", ".join(names) if len(names) <= most else f"{len(names)} values from {names[0]} to {names[-1]}"
