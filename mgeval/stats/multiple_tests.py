"""p values of several tests at once: Holm's and Benjamini and Hochberg's adjustments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike


def holm(p: ArrayLike) -> np.ndarray:
    """Return p values adjusted after Holm (1979), which controls the probability of any false finding.

    In ascending order, ``max over j <= i of min((m - j + 1) p_j, 1)``, of m values; NaN are kept and do not count.

    Parameters
    ----------
    p : array_like
        ``(tests,)``.

    Returns
    -------
    numpy.ndarray
        ``(tests,)``, 0..1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjust(p, lambda ranked: np.maximum.accumulate(np.arange(len(ranked), 0, -1) * ranked))


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """Return p values adjusted after Benjamini and Hochberg (1995), which controls the share of false findings.

    In ascending order, ``min over j >= i of m p_j / j``, of m values; NaN are kept and do not count.

    Parameters
    ----------
    p : array_like
        ``(tests,)``.

    Returns
    -------
    numpy.ndarray
        ``(tests,)``, 0..1.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjust(
        p, lambda ranked: np.minimum.accumulate((ranked * len(ranked) / np.arange(1, len(ranked) + 1))[::-1])[::-1]
    )


def _adjust(p: ArrayLike, adjust: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    p = np.array(p, float)
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    p[order] = np.minimum(adjust(p[order]), 1)
    return p
