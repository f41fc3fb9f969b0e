"""Logistic regression that stays finite, and how sure it is over prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MAX_STEPS = 100
MAX_STEP = 2.0
"""Largest change of a coefficient in one step; longer ones overshoot."""

TOLERANCE = 1e-9


class Logistic(NamedTuple):
    """Coefficients in log odds and their standard errors over prompts."""

    beta: np.ndarray
    error: np.ndarray
    converged: bool


def firth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the coefficients of a logistic regression after Firth, and whether they were found.

    Maximises the likelihood times the root of the determinant of its information (Firth 1993; Heinze and Schemper
    2002), by Newton's steps: few events no longer inflate odds ratios.

    Parameters
    ----------
    x : array_like
        Full rank, ``(clips, terms)``, a column of ones among them.
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
    """Return `firth` with standard errors over prompts, by the jackknife's one step.

    Each prompt in turn is left out, and one Newton step taken from the coefficients of all:
    ``(information without it)^-1 x' (y - p)`` of the prompt. A term that a single prompt decides has a NaN error.

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
        own = index == prompt
        rest = information - (x[own].T * (p * (1 - p))[own]) @ x[own]
        # Which directions the others say nothing about.
        values, axes = np.linalg.eigh(rest)
        lost = values < 1e-9 * values.max()
        single |= (np.abs(axes[:, lost]) > 1e-6).any(axis=1)
        axes = axes[:, ~lost]
        moves[prompt] = axes @ ((axes.T @ (x[own].T @ (y - p)[own])) / values[~lost])
    error = np.sqrt(np.sum(moves**2, axis=0) * (prompts - 1) / prompts)
    return Logistic(beta, np.where(single, np.nan, error), converged)


def separation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a direction that tells failures from the others without exception, in which the odds have no bound.

    No clip lies on its wrong side and some lie on the right one (Albert and Anderson 1984). By linear programming
    (Konis 2007): ``max sum(s x b)`` with ``s x b >= 0`` and ``-1 <= b <= 1``, ``s`` 1 for failures, else -1.

    Parameters
    ----------
    x : array_like
        ``(clips, terms)``.
    y : array_like
        0 or 1, ``(clips,)``.

    Returns
    -------
    numpy.ndarray
        ``b``, ``(terms,)``; 0 where there is no such direction.
    """
    from scipy.optimize import linprog

    sided = np.unique(x * np.where(y > 0, 1.0, -1.0)[:, None], axis=0)
    found = linprog(-sided.sum(axis=0), A_ub=-sided, b_ub=np.zeros(len(sided)), bounds=(-1, 1), method="highs")
    if not found.success or -found.fun < TOLERANCE:
        return np.zeros(x.shape[1])
    return np.where(np.abs(found.x) > TOLERANCE, found.x, 0.0)


def _probabilities(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    # Never 0 or 1 to the last digit: a weight of 0 would lose the clip.
    return np.clip(expit(x @ beta), 1e-12, 1 - 1e-12)
