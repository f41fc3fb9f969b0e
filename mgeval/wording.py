"""Numbers as a sentence says them: with their interval, and in words where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable


def interval(mean: float, lo: float = math.nan, hi: float = math.nan, unit: str = "", digits: int = 2) -> str:
    """Say a mean with its 95 % interval.

    Parameters
    ----------
    mean, lo, hi : float
        A mean and its ends, as `mgeval.summarise` has them.
    unit : str
        Stands behind; '%' multiplies by 100 and leaves out the digits.
    digits : int
        Behind the point.

    Returns
    -------
    str
        Such as ``'0.42 (0.31 to 0.53)'``; says what is undefined.

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
    # Rounded and 0 added: a minus before nothing would only puzzle.
    value, low, high = (f"{round(number, digits) + 0:.{digits}f}" for number in (mean, lo, hi))
    ends = "no interval" if math.isnan(lo) or math.isnan(hi) else f"{low} to {high}"
    return f"{value} {unit} ({ends})" if unit else f"{value} ({ends})"


def listed(names: Iterable[object], nothing: str = "none") -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> listed(["left", "right", "wide"])
    'left, right and wide'
    >>> listed([])
    'none'
    """
    *first, last = [str(name) for name in names] or [nothing]
    return f"{', '.join(first)} and {last}" if first else last
