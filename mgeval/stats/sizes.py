"""How many prompts it takes to show an effect."""

from __future__ import annotations

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats.permutations import ALPHA, EXACT_TO

MAX_PROMPTS = 1_000_000
"""Prompts up to which is searched."""


def power(effect: float, n_prompts: int, alpha: float = ALPHA) -> float:
    """Return the chance that `compare` finds an effect of this size with so many prompts.

    That of the paired t test on the prompts' mean differences, ``P(|T| > t)`` with T noncentral t of ``n - 1``
    degrees of freedom and noncentrality ``effect sqrt(n)`` (Cohen 1988). The sign-flip test has nearly the same power;
    up to 12 prompts its p has steps, and the level is the largest step that does not pass ``alpha``. Where that is the
    first one, only prompts that all differ the same way reach it: with Phi of the normal distribution the power is
    ``Phi(effect)^n + Phi(-effect)^n``.

    Parameters
    ----------
    effect : float
        Cohen's dz: the mean difference over the spread of the prompts' differences, as `compare` returns it.
    n_prompts : int
        Prompts, each with both settings.
    alpha : float
        The level of the test.

    Returns
    -------
    float
        0..1; 0 where so few prompts can reach no such level.

    Raises
    ------
    MetricError
        An effect that is no number, fewer than one prompt, or a level outside 0..1.

    Examples
    --------
    >>> round(power(0.5, 34), 2)
    0.81
    """
    from scipy.stats import nct, norm, t

    if not np.isfinite(effect):
        raise MetricError(f"the effect is {effect}: give Cohen's dz, a finite number")
    if n_prompts < 1 or not 0 < alpha < 1:
        raise MetricError(f"power needs at least one prompt and a level between 0 and 1: {n_prompts}, {alpha}")
    if n_prompts <= EXACT_TO:
        steps = 2 ** (n_prompts - 1)
        alpha = np.floor(alpha * steps) / steps
        if alpha * steps == 1:
            return float(norm.cdf(effect) ** n_prompts + norm.cdf(-effect) ** n_prompts)
    if alpha == 0:
        return 0.0
    free, shift = n_prompts - 1, abs(effect) * np.sqrt(n_prompts)
    limit = t.ppf(1 - alpha / 2, free)
    # The other tail is nothing where the effect is large, and scipy's is NaN there.
    return float(nct.sf(limit, free, shift) + np.nan_to_num(nct.cdf(-limit, free, shift)))


def sample_size(effect: float, chance: float = 0.8, alpha: float = ALPHA) -> int:
    """Return how many prompts would show an effect.

    Parameters
    ----------
    effect : float
        Cohen's dz that matters to you, or that of `compare` on a pilot. A pilot's is uncertain: its interval's lower
        end gives the careful number. More seeds per prompt raise dz, as far as it is seeds that scatter.
    chance : float
        Of finding the effect, if it is there.
    alpha : float
        The level of the test.

    Returns
    -------
    int
        The fewest prompts whose `power` reaches the chance, and with every larger number too.

    Raises
    ------
    MetricError
        An effect of 0 or that is no number, a chance or level outside 0..1, or a million prompts would not do.

    Examples
    --------
    >>> sample_size(0.5)
    34
    """
    if effect == 0:
        raise MetricError("no number of prompts shows an effect of 0")
    if not 0 < chance < 1:
        raise MetricError(f"the chance of finding it is {chance}: give one between 0 and 1")
    if power(effect, MAX_PROMPTS, alpha) < chance:
        raise MetricError(f"an effect of {effect} takes more than {MAX_PROMPTS:,} prompts")
    low, high = 1, MAX_PROMPTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, alpha) >= chance else (middle, high)
    # Where p has steps, one prompt more can have less power: look back from beyond them.
    n = max(high, EXACT_TO + 1)
    while n > 1 and power(effect, n - 1, alpha) >= chance:
        n -= 1
    return n
