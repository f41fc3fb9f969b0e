"""Bias-reduced logistic regression after Firth, with standard errors over prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MAX_STEPS = 100
MAX_STEP = 2.0
"""Largest change of a coefficient in one step; longer steps overshoot."""

TOLERANCE = 1e-9
"""Largest coefficient of a separating direction that counts as 0."""


class Logistic(NamedTuple):
    """Coefficients in log odds and their standard errors over prompts."""

    beta: np.ndarray
    error: np.ndarray
    converged: bool


def firth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the coefficients of a logistic regression after Firth, and whether the fit converged.

    Maximises the likelihood times the square root of the determinant of its information (Firth 1993; Heinze and
    Schemper 2002) by Newton's method, so that few events do not inflate the odds ratios.

    Parameters
    ----------
    x : array_like
        Full rank, ``(clips, terms)``, including a column of ones.
    y : array_like
        0 or 1, ``(clips,)``.

    Returns
    -------
    beta : numpy.ndarray
        Log odds, ``(terms,)``.
    converged : bool
    """
    beta = np.zeros(x.shape[1])
    for _ in range(MAX_STEPS):
        p = _probabilities(x, beta)
        weight = p * (1 - p)
        inverse = np.linalg.pinv((x.T * weight) @ x)
        leverage = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (y - p + leverage * (0.5 - p)))
        longest = np.abs(step).max()
        beta = beta + step * min(1.0, MAX_STEP / longest if longest else 1.0)
        if longest < 1e-8:
            return beta, True
    return beta, False


def logistic(x: np.ndarray, y: np.ndarray, index: np.ndarray) -> Logistic:
    """Fit `firth` with standard errors over prompts from a one-step jackknife.

    For each prompt left out, take one Newton step from the coefficients of all prompts:
    ``(information without it)^-1 x' (y - p)`` of the prompt. The error of a term that depends on a single prompt is
    NaN.

    Parameters
    ----------
    x : array_like
        ``(clips, terms)``.
    y : array_like
        ``(clips,)``.
    index : array_like of int
        The prompt of each clip, counted from 0, ``(clips,)``.

    Returns
    -------
    Logistic
    """
    beta, converged = firth(x, y)
    p = _probabilities(x, beta)
    information, prompts = (x.T * (p * (1 - p))) @ x, int(index.max()) + 1
    moves, single = np.zeros((prompts, x.shape[1])), np.zeros(x.shape[1], bool)
    for prompt in range(prompts):
        in_prompt = index == prompt
        rest = information - (x[in_prompt].T * (p * (1 - p))[in_prompt]) @ x[in_prompt]
        # Directions about which the other prompts hold no information.
        values, axes = np.linalg.eigh(rest)
        unidentified = values < 1e-9 * values.max()
        single |= (np.abs(axes[:, unidentified]) > 1e-6).any(axis=1)
        axes = axes[:, ~unidentified]
        moves[prompt] = axes @ ((axes.T @ (x[in_prompt].T @ (y - p)[in_prompt])) / values[~unidentified])
    error = np.sqrt(np.sum(moves**2, axis=0) * (prompts - 1) / prompts)
    return Logistic(beta, np.where(single, np.nan, error), converged)


def separation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a direction that separates failures from the other clips, along which the odds are unbounded.

    No clip is on the wrong side of it, and some are on the right side (Albert and Anderson 1984). Found by linear
    programming (Konis 2007): ``max sum(s x b)`` with ``s x b >= 0`` and ``-1 <= b <= 1``, ``s`` 1 for failures, else
    -1.

    Parameters
    ----------
    x : array_like
        ``(clips, terms)``.
    y : array_like
        0 or 1, ``(clips,)``.

    Returns
    -------
    numpy.ndarray
        ``b``, ``(terms,)``; all 0 if there is no such direction.
    """
    from scipy.optimize import linprog

    signed = np.unique(x * np.where(y > 0, 1.0, -1.0)[:, None], axis=0)
    solution = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    if not solution.success or -solution.fun < TOLERANCE:
        return np.zeros(x.shape[1])
    return np.where(np.abs(solution.x) > TOLERANCE, solution.x, 0.0)


def _probabilities(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    # Keep p off 0 and 1: a clip of weight 0 would be lost.
    return np.clip(expit(x @ beta), 1e-12, 1 - 1e-12)
