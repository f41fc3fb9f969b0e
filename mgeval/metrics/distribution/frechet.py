"""The Frechet distance of infinitely many clips, and how much a distance varies with the choice of prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.distribution.gaussian import GaussianStats, frechet_distance
from mgeval.metrics.distribution.vectors import Interval, jackknife_error, jackknife_interval, prompt_groups, vectors

PARTS = 5
"""The set is split into 1, 2, ... this many parts; a line is fitted to their mean distances."""


class FrechetInfinity(NamedTuple):
    """The line through distances over 1 / clips, and its value at 0."""

    value: float
    error: float
    """Standard error of the fit: how straight the line is, not how much it varies with the choice of clips."""
    slope: float
    clips: tuple[float, ...]
    distances: tuple[float, ...]


def frechet_infinity(clips: Sequence[np.ndarray], reference: GaussianStats, seed: int = 0) -> FrechetInfinity:
    """Return the Frechet distance extrapolated to infinitely many clips.

    The distance of ``m`` clips is too high by about ``c / m``. The set is shuffled and split into 1 to 5
    equal parts, so that each clip is used once at every size; a straight line is fitted to the mean distance of the
    parts over ``1 / m``, and its value at 0 is returned. This follows Chong and Forsyth, *Effectively unbiased
    FID and Inception Score*, 2020, and fadtk, which draw single vectors, fadtk with replacement. But windows of
    one clip are similar, and vectors drawn twice lower the rank, and both bend the line.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``. If several clips share a prompt, stack the vectors of each prompt
        and pass them as one clip, because the units that are drawn must be independent.
    reference : GaussianStats
        Statistics of the reference set, which should be much larger, because its own bias is not removed.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    FrechetInfinity
        ``value`` in squared units of the embedding, which may be below 0 for similar sets; ``error``, the
        standard error of the fit; ``slope``, ``clips`` and ``distances`` of the line.

    Raises
    ------
    MetricError
        There are fewer than 10 clips, a fifth of them has no more vectors than dimensions (the distance is
        then not linear in ``1 / m``), or `GaussianStats` raises an error.
    """
    sets = _require_enough(_check_clips(clips, reference), reference)
    return _fit(_distances(sets, _parts(len(sets), seed), reference), len(sets))


def frechet_infinity_interval(
    clips: Sequence[np.ndarray], prompts: Sequence, reference: GaussianStats, seed: int = 0
) -> Interval:
    """Return `frechet_infinity` with its 95 % interval over prompts, by the delete-cluster jackknife.

    Whole prompts are drawn. Each prompt in turn is left out with the splits unchanged, and the line is fitted again;
    the t interval uses the jackknife's standard error. The reference is treated as fixed. Simulations of clips with one
    window and with several confirm the coverage if the distance is not near 0 and the effective number of
    independent vectors is above 5 per dimension. Very similar windows of few prompts count as fewer vectors, and
    then the interval can miss.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``.
    prompts : sequence
        The prompt of each clip.
    reference : GaussianStats
        Statistics of the reference set.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    Interval
        ``value``, ``lo``, ``hi``, ``n_prompts``.

    Raises
    ------
    MetricError
        As in `frechet_infinity`, with prompts in place of clips.
    """
    groups = prompt_groups(prompts, len(clips))
    sets = _require_enough(_stack_groups(_check_clips(clips, reference), groups), reference)
    parts = _parts(len(sets), seed)
    whole = _distances(sets, parts, reference)
    without = []
    for left_out in range(len(sets)):
        # Only one part of each split holds the prompt; the distances of the others do not change.
        changed = [
            [_distance(sets, part[part != left_out], reference) if left_out in part else distance
             for part, distance in zip(split, distances, strict=True)]
            for split, distances in zip(parts, whole, strict=True)
        ]  # fmt: skip
        without.append(_fit(changed, len(sets) - 1).value)
    return jackknife_interval(_fit(whole, len(sets)).value, np.array(without))


def frechet_spread(clips: Sequence[np.ndarray], prompts: Sequence, reference: GaussianStats) -> float:
    """Return how much the plain Frechet distance varies with the choice of prompts: a spread, not an interval.

    The standard error by the delete-cluster jackknife over prompts. It says nothing about the distance of infinitely
    many clips: the plain distance is too high by more than its spread, so ``distance +- 2 spread`` does not cover
    that distance. For an interval see `frechet_infinity_interval`.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``.
    prompts : sequence
        The prompt of each clip.
    reference : GaussianStats
        Statistics of the reference set.

    Returns
    -------
    float
        At least 0, in the unit of `frechet_distance`.

    Raises
    ------
    MetricError
        There are fewer than two prompts, or `GaussianStats` raises an error.
    """
    groups = prompt_groups(prompts, len(clips))
    sets = _stack_groups(_check_clips(clips, reference), groups)
    everyone = np.arange(len(sets))
    return jackknife_error(np.array([_distance(sets, everyone[everyone != g], reference) for g in everyone]))


def _check_clips(clips: Sequence[np.ndarray], reference: GaussianStats) -> list[np.ndarray]:
    sets = [vectors(clip, what=f"clip {index}") for index, clip in enumerate(clips)]
    for index, clip in enumerate(sets):
        if clip.shape[1] != reference.dim:
            raise MetricError(f"clip {index} has {clip.shape[1]} dimensions and the reference {reference.dim}")
    return sets


def _stack_groups(clips: list[np.ndarray], groups: list[np.ndarray]) -> list[np.ndarray]:
    return [np.concatenate([clips[i] for i in group]) for group in groups]


def _require_enough(sets: list[np.ndarray], reference: GaussianStats) -> list[np.ndarray]:
    """Return the sets; raise `MetricError` if they are too few for a line."""
    if len(sets) < 2 * PARTS:
        raise MetricError(f"the extrapolation needs {2 * PARTS} clips (or prompts), got {len(sets)}")
    total = sum(map(len, sets))
    if total <= PARTS * reference.dim:
        raise MetricError(
            f"{total} vectors are too few: with {reference.dim} dimensions the distance is linear in 1 / clips only "
            f"above {PARTS * reference.dim}; use more clips, or frechet_distance"
        )
    return sets


def _parts(count: int, seed: int) -> list[list[np.ndarray]]:
    order = np.random.default_rng(seed).permutation(count)
    return [np.array_split(order, number) for number in range(1, PARTS + 1)]


def _distance(sets: list[np.ndarray], which: np.ndarray, reference: GaussianStats) -> float:
    return frechet_distance(GaussianStats.from_embeddings(np.concatenate([sets[i] for i in which])), reference)


def _distances(sets: list[np.ndarray], parts: list[list[np.ndarray]], reference: GaussianStats) -> list[list[float]]:
    return [[_distance(sets, part, reference) for part in split] for split in parts]


def _fit(distances: list[list[float]], count: int) -> FrechetInfinity:
    """Fit a line to the mean distances of the splits over the inverse of the mean size of their parts."""
    sizes = [count / len(split) for split in distances]
    x, y = 1 / np.array(sizes), np.array([np.mean(split) for split in distances])
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    value = float(y.mean() - slope * x.mean())
    residual = y - value - slope * x
    variance = residual @ residual / (len(x) - 2)
    error = float(np.sqrt(variance * (1 / len(x) + x.mean() ** 2 / (centred @ centred))))
    return FrechetInfinity(value, error, slope, tuple(sizes), tuple(float(d) for d in y))
