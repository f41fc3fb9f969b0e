"""Statistical power: how many prompts it takes to show an effect."""

from __future__ import annotations

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats.permutations import ALPHA, EXACT_TO

MAX_PROMPTS = 1_000_000
"""Upper end of the search."""


def power(effect: float, n_prompts: int, alpha: float = ALPHA) -> float:
    """Return the probability that `compare` finds an effect of this size with this many prompts.

    This is the power of the paired t test on the prompts' mean differences, ``P(|T| > t)`` with T noncentral t of
    ``n - 1`` degrees of freedom and noncentrality ``effect sqrt(n)`` (Cohen 1988). The sign-flip test has nearly the
    same power. Up to 12 prompts its p takes discrete steps, and the level is the largest step up to ``alpha``. If
    that is the first step, only prompts that all differ in the same direction reach it: with the normal distribution
    Phi the power is ``Phi(effect)^n + Phi(-effect)^n``.

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
        0..1; 0 if so few prompts cannot reach the level.

    Raises
    ------
    MetricError
        The effect is not a finite number, there is no prompt, or the level is outside 0..1.

    Examples
    --------
    >>> round(power(0.5, 34), 2)
    0.81
    """
    from scipy.stats import nct, norm, t

    if not np.isfinite(effect):
        raise MetricError(f"the effect must be Cohen's dz, a finite number, got {effect}")
    if n_prompts < 1 or not 0 < alpha < 1:
        raise MetricError(f"power needs at least one prompt and a level between 0 and 1, got {n_prompts} and {alpha}")
    if n_prompts <= EXACT_TO:
        steps = 2 ** (n_prompts - 1)
        alpha = np.floor(alpha * steps) / steps
        if alpha * steps == 1:
            return float(norm.cdf(effect) ** n_prompts + norm.cdf(-effect) ** n_prompts)
    if alpha == 0:
        return 0.0
    free, shift = n_prompts - 1, abs(effect) * np.sqrt(n_prompts)
    limit = t.ppf(1 - alpha / 2, free)
    # For a large effect the other tail vanishes, but scipy returns NaN.
    return float(nct.sf(limit, free, shift) + np.nan_to_num(nct.cdf(-limit, free, shift)))


def sample_size(effect: float, chance: float = 0.8, alpha: float = ALPHA) -> int:
    """Return how many prompts it takes to show an effect.

    Parameters
    ----------
    effect : float
        The smallest Cohen's dz that matters to you, or that of `compare` on a pilot. A pilot's dz is uncertain: the
        lower end of its interval gives a cautious number. More seeds per prompt raise dz as far as the spread comes
        from seeds.
    chance : float
        The probability of finding the effect if it exists.
    alpha : float
        The level of the test.

    Returns
    -------
    int
        The smallest number from which on `power` reaches the chance.

    Raises
    ------
    MetricError
        The effect is 0 or not a finite number, the chance or level is outside 0..1, or a million prompts are too few.

    Examples
    --------
    >>> sample_size(0.5)
    34
    """
    if effect == 0:
        raise MetricError("no number of prompts shows an effect of 0")
    if not 0 < chance < 1:
        raise MetricError(f"the chance must be between 0 and 1, got {chance}")
    if power(effect, MAX_PROMPTS, alpha) < chance:
        raise MetricError(f"an effect of {effect} takes more than {MAX_PROMPTS:,} prompts")
    low, high = 1, MAX_PROMPTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, alpha) >= chance else (middle, high)
    # Where p has steps, one prompt more can reduce the power: search backwards from above the steps.
    n = max(high, EXACT_TO + 1)
    while n > 1 and power(effect, n - 1, alpha) >= chance:
        n -= 1
    return n
