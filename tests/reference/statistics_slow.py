"""Plain, slow implementations of statistics: by definition, over all orders, or with another solver."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from scipy import optimize
from scipy.stats import t


def all_signs(n: int) -> Iterator[np.ndarray]:
    """Yield all ways to give n numbers a sign."""
    return map(np.array, itertools.product((1, -1), repeat=n))


def shuffled_within(cells: np.ndarray) -> float:
    """Loop over all orders of each row."""
    orders = list(itertools.permutations(range(cells.shape[1])))
    observed, above, count = np.var(cells.mean(axis=0)), 0, 0
    for chosen in itertools.product(orders, repeat=len(cells)):
        moved = np.array([row[list(order)] for row, order in zip(cells, chosen, strict=True)])
        above += np.var(moved.mean(axis=0)) >= observed - 1e-12
        count += 1
    return above / count


def shuffled_between(means: np.ndarray, levels: np.ndarray) -> float:
    """Loop over all ways to choose the members of the first of two levels."""
    size = int(np.sum(levels == 0))

    def apart(first: list[int]) -> float:
        rest = [i for i in range(len(means)) if i not in first]
        return abs(means[first].mean() - means[rest].mean())

    observed = apart(list(np.flatnonzero(levels == 0)))
    ways = [apart(list(first)) for first in itertools.combinations(range(len(means)), size)]
    return float(np.mean(np.array(ways) >= observed - 1e-12))


def jackknife(
    rows: np.ndarray, statistic: Callable, scale: Callable = lambda x: x, back: Callable = lambda x: x
) -> tuple[float, float]:
    """Compute the statistic without each row in turn, on a scale."""
    n = len(rows)
    without = np.array([scale(statistic(np.delete(rows, i, axis=0))) for i in range(n)])
    half = t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2))
    centre = scale(statistic(rows))
    return float(back(centre - half)), float(back(centre + half))


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> float:
    """Loop over all pairs."""
    return float(np.mean([np.sign(y - x) for x in a for y in b]))


def firth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Maximise the penalised likelihood without its derivatives."""

    def loss(beta: np.ndarray) -> float:
        p = 1 / (1 + np.exp(-x @ beta))
        information = sum(w * np.outer(row, row) for w, row in zip(p * (1 - p), x, strict=True))
        likelihood = np.sum(np.log(np.where(y == 1, p, 1 - p)))
        return -(likelihood + 0.5 * np.log(np.linalg.det(information)))

    return optimize.minimize(loss, np.zeros(x.shape[1]), method="Nelder-Mead",
                             options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 20_000}).x  # fmt: skip
