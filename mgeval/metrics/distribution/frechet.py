"""The Frechet distance of infinitely many clips, and how far a distance would move with other prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.distribution.gaussian import GaussianStats, frechet_distance
from mgeval.metrics.distribution.vectors import Interval, jackknife_error, jackknife_interval, prompt_groups, vectors

PARTS = 5
"""The set is cut into 1, 2, ... this many parts; the line is fitted through their mean distances."""


class FrechetInfinity(NamedTuple):
    """The line through distances by 1 / clips, and where it meets 0."""

    value: float
    error: float
    """Standard error of the fit: how straight the line is, not how far other clips would move it."""
    slope: float
    clips: tuple[float, ...]
    distances: tuple[float, ...]


def frechet_infinity(clips: Sequence[np.ndarray], reference: GaussianStats, seed: int = 0) -> FrechetInfinity:
    """Return the Frechet distance extrapolated to infinitely many clips.

    The distance of ``m`` clips reads too high by about ``c / m``. The set is shuffled and cut into 1 to 5
    equal parts, so that at every size each clip is drawn once; the mean distance of the parts by ``1 / m``
    is fitted by a straight line, whose value at 0 is returned. As in Chong and Forsyth, *Effectively unbiased
    FID and Inception Score*, 2020, and fadtk, who draw single vectors, fadtk with replacement: windows of
    one clip are alike, and vectors drawn twice lower the rank, so both bend the line.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``. Where several clips share a prompt, stack those of each prompt
        and give them as one: what is drawn must be independent.
    reference : GaussianStats
        Of the reference set; its own bias is not removed: it should be much larger.
    seed : int
        Of the shuffle.

    Returns
    -------
    FrechetInfinity
        ``value`` in squared units of the embedding, which may fall below 0 where the sets are alike; ``error``, the
        standard error of the fit; ``slope``, ``clips`` and ``distances`` of the line.

    Raises
    ------
    MetricError
        Fewer than 10 clips, a fifth of them holds no more vectors than there are dimensions (the distance is
        then not linear in ``1 / m``), or what `GaussianStats` refuses.
    """
    sets = _require_enough(_check_clips(clips, reference), reference)
    return _fit(_distances(sets, _parts(len(sets), seed), reference), len(sets))


def frechet_infinity_interval(
    clips: Sequence[np.ndarray], prompts: Sequence, reference: GaussianStats, seed: int = 0
) -> Interval:
    """Return `frechet_infinity` with its 95 % interval over prompts, by the delete-cluster jackknife.

    Whole prompts are drawn. Each prompt in turn is left out, all cuts kept, and the line fitted anew; the
    t interval is on the jackknife's standard error. The reference is taken as given. That it covers is
    tested by simulation, of clips with one window and with several, where the distance is not near 0 and the
    vectors are worth more independent ones than 5 for each dimension: windows that are much alike, of few prompts,
    count as fewer, and then it can miss.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``.
    prompts : sequence
        The prompt of each clip.
    reference : GaussianStats
        Of the reference set.
    seed : int
        Of the shuffle.

    Returns
    -------
    Interval
        ``value``, ``lo``, ``hi``, ``n_prompts``.

    Raises
    ------
    MetricError
        As `frechet_infinity`, counting prompts in place of clips.
    """
    groups = prompt_groups(prompts, len(clips))
    sets = _require_enough(_stack_groups(_check_clips(clips, reference), groups), reference)
    parts = _parts(len(sets), seed)
    whole = _distances(sets, parts, reference)
    without = []
    for left_out in range(len(sets)):
        # Only one part of each cut holds the prompt: the others' distances stay.
        changed = [
            [_distance(sets, part[part != left_out], reference) if left_out in part else distance
             for part, distance in zip(cut, known, strict=True)]
            for cut, known in zip(parts, whole, strict=True)
        ]  # fmt: skip
        without.append(_fit(changed, len(sets) - 1).value)
    return jackknife_interval(_fit(whole, len(sets)).value, np.array(without))


def frechet_spread(clips: Sequence[np.ndarray], prompts: Sequence, reference: GaussianStats) -> float:
    """Return how far the plain Frechet distance would move with other prompts: a spread, no interval.

    The standard error by the delete-cluster jackknife over prompts. It says nothing of the distance of infinitely
    many clips: the plain distance is too high by more than its spread, so ``distance +- 2 spread`` does not cover
    it. For that see `frechet_infinity_interval`.

    Parameters
    ----------
    clips : sequence of array_like
        Each clip's vectors, ``(windows, dim)``.
    prompts : sequence
        The prompt of each clip.
    reference : GaussianStats
        Of the reference set.

    Returns
    -------
    float
        0 and up, in the unit of `frechet_distance`.

    Raises
    ------
    MetricError
        Fewer than two prompts, or what `GaussianStats` refuses.
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
    """Return the sets if a line can be fitted to them."""
    if len(sets) < 2 * PARTS:
        raise MetricError(f"extrapolating needs {2 * PARTS} clips (or prompts): got {len(sets)}")
    total = sum(map(len, sets))
    if total <= PARTS * reference.dim:
        raise MetricError(
            f"{total} vectors are too few: with {reference.dim} dimensions the distance is linear in 1 / clips only "
            f"from {PARTS * reference.dim} on; take more clips, or frechet_distance"
        )
    return sets


def _parts(count: int, seed: int) -> list[list[np.ndarray]]:
    order = np.random.default_rng(seed).permutation(count)
    return [np.array_split(order, cuts) for cuts in range(1, PARTS + 1)]


def _distance(sets: list[np.ndarray], which: np.ndarray, reference: GaussianStats) -> float:
    return frechet_distance(GaussianStats.from_embeddings(np.concatenate([sets[i] for i in which])), reference)


def _distances(sets: list[np.ndarray], parts: list[list[np.ndarray]], reference: GaussianStats) -> list[list[float]]:
    return [[_distance(sets, part, reference) for part in cut] for cut in parts]


def _fit(distances: list[list[float]], count: int) -> FrechetInfinity:
    """Fit a line through the mean distances of the cuts by the inverse of their parts' mean size."""
    sizes = [count / len(cut) for cut in distances]
    x, y = 1 / np.array(sizes), np.array([np.mean(cut) for cut in distances])
    around = x - x.mean()
    slope = float(around @ y / (around @ around))
    value = float(y.mean() - slope * x.mean())
    residual = y - value - slope * x
    variance = residual @ residual / (len(x) - 2)
    error = float(np.sqrt(variance * (1 / len(x) + x.mean() ** 2 / (around @ around))))
    return FrechetInfinity(value, error, slope, tuple(sizes), tuple(float(d) for d in y))
