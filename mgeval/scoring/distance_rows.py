"""The distances between two sets of clips: one row each, which says what it needs of the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import distribution

FEW_CLIPS = 25
"""Clips below which a share of them, such as `precision`, moves by more than 0.1 by chance: 0.5 / sqrt(25)."""


class VectorSet(NamedTuple):
    """The vectors of a group, or of a reference.

    Parameters
    ----------
    clips : list of numpy.ndarray
        Of the clips that have any, ``(windows, dim)``; empty for saved statistics.
    prompts : list
        The prompt of each clip.
    stats : GaussianStats or None
        Their mean and covariance.
    lost : int
        Clips that cannot be read, are too short for a vector, or have none that is finite.
    mono : int
        Clips of one channel where two are embedded.
    broken : int
        Vectors that are not finite.
    """

    clips: list[np.ndarray]
    prompts: list[Any]
    stats: distribution.GaussianStats | None
    lost: int = 0
    mono: int = 0
    broken: int = 0

    @property
    def vectors(self) -> np.ndarray:
        """All vectors, ``(n, dim)``."""
        return np.concatenate(self.clips)

    @property
    def size(self) -> float:
        """How many vectors the set has; NaN where a file of statistics does not say."""
        return np.nan if self.stats is None or self.stats.n is None else self.stats.n

    @property
    def dim(self) -> float:
        """The length of its vectors; NaN without any."""
        return np.nan if self.stats is None else self.stats.dim

    @property
    def effective_size(self) -> float:
        """How many independent vectors the set amounts to; of saved statistics, their number."""
        groups: dict[Any, list[np.ndarray]] = {}
        for prompt, clip in zip(self.prompts, self.clips, strict=True):
            groups.setdefault(prompt, []).append(clip)
        if not groups:
            return self.size
        return distribution.independent([np.concatenate(group) for group in groups.values()])


class Estimate(NamedTuple):
    """A distance with its interval, and what makes it mean less than it seems."""

    value: float
    lo: float = np.nan
    hi: float = np.nan
    spread: float = np.nan
    warnings: tuple[str, ...] = ()


class Pair:
    """A group and the reference that it is compared with; what several distances need is computed once."""

    def __init__(self, group: VectorSet, reference: VectorSet) -> None:
        self.group, self.reference = group, reference

    @property
    def stats(self) -> tuple[distribution.GaussianStats, distribution.GaussianStats]:
        """The statistics of both."""
        assert self.group.stats is not None
        assert self.reference.stats is not None
        return self.group.stats, self.reference.stats

    @cached_property
    def shares(self) -> dict[str, Estimate]:
        """Precision, recall, density and coverage, from one pass over all pairs of vectors."""
        group, reference = self.group, self.reference
        shares = distribution.manifold(group.vectors, reference.vectors)
        warnings = []
        for name, sample in (("the group", group), ("the reference", reference)):
            if len(sample.clips) < FEW_CLIPS:
                warnings.append(f"{name} has {len(sample.clips)} clips: a share of them moves by chance")
            if (independent := sample.effective_size) < sample.size / 2:
                warnings.append(
                    f"{name}'s {sample.size:.0f} vectors are worth {independent:.0f} independent ones: they are each "
                    "other's neighbours, biased downwards"
                )
        if not 0.5 <= group.size / reference.size <= 2:
            warnings.append(
                f"{group.size:.0f} vectors against {reference.size:.0f}: the value depends on both numbers, compare "
                "only with sets of the same sizes"
            )
        return {name: Estimate(value, warnings=tuple(warnings)) for name, value in shares._asdict().items()}


@dataclass(frozen=True)
class Distance:
    """One row of `DISTANCES`.

    Parameters
    ----------
    compute : callable
        ``compute(pair)`` returns an `Estimate`.
    needs : {'vectors', 'statistics', ''}
        What it needs of the reference: its vectors, its mean and covariance, or nothing.
    """

    compute: Callable[[Pair], Estimate]
    needs: Literal["vectors", "statistics", ""]


DISTANCES: dict[str, Distance] = {}
"""Every distance by its name, in the order of tables."""


def distance(
    needs: Literal["vectors", "statistics", ""],
) -> Callable[[Callable[[Pair], Estimate]], Callable[[Pair], Estimate]]:
    """Make a function a distance: a decorator that says what it needs of the reference."""

    def register(function: Callable[[Pair], Estimate]) -> Callable[[Pair], Estimate]:
        DISTANCES[function.__name__] = Distance(function, needs)
        return function

    return register


@distance(needs="statistics")
def frechet(pair: Pair) -> Estimate:
    """Frechet distance of two Gaussians; its spread over prompts is no interval, because its bias is larger."""
    group, reference = pair.stats
    spread = np.nan
    if len(set(pair.group.prompts)) > 2:
        spread = distribution.frechet_spread(pair.group.clips, pair.group.prompts, reference)
    warnings = (*_bias_warnings("the group", pair.group), *_bias_warnings("the reference", pair.reference))
    return Estimate(distribution.frechet_distance(group, reference), spread=spread, warnings=warnings)


@distance(needs="statistics")
def frechet_infinity(pair: Pair) -> Estimate:
    """Frechet distance, extrapolated to a group of infinite size."""
    group, reference = pair.stats
    value, lo, hi, _ = distribution.frechet_infinity_interval(pair.group.clips, pair.group.prompts, reference)
    # The group's size is extrapolated away; the reference's is not.
    warnings = _bias_warnings("the reference", pair.reference)
    # There are enough vectors, or it would have raised; but those of one prompt are alike.
    if (independent := pair.group.effective_size) <= distribution.PARTS * group.dim:
        warnings.append(
            f"{group.n} vectors that are worth {independent:.0f} independent ones in {group.dim} dimensions: "
            "biased upwards, the interval may miss; take more prompts"
        )
    if lo <= 0:
        warnings.append("the interval reaches 0, where it is not known to cover")
    return Estimate(value, lo, hi, warnings=tuple(warnings))


@distance(needs="vectors")
def kernel(pair: Pair) -> Estimate:
    """Kernel distance (MMD)."""
    group, reference = pair.group, pair.reference
    if len(set(group.prompts)) < 3:
        few = "no interval: fewer than 3 prompts; windows of one clip bias it upwards"
        return Estimate(distribution.kernel_distance(group.vectors, reference.vectors), warnings=(few,))
    prompts, others = (
        [sample.prompts[i] for i, clip in enumerate(sample.clips) for _ in range(len(clip))]
        for sample in (group, reference)
    )
    value, lo, hi, _ = distribution.kernel_interval(group.vectors, prompts, reference.vectors, others)
    return Estimate(value, lo, hi)


@distance(needs="vectors")
def precision(pair: Pair) -> Estimate:
    """Share of the group within the reference's manifold."""
    return pair.shares["precision"]


@distance(needs="vectors")
def recall(pair: Pair) -> Estimate:
    """Share of the reference within the group's manifold."""
    return pair.shares["recall"]


@distance(needs="vectors")
def density(pair: Pair) -> Estimate:
    """How densely the group lies around the reference."""
    return pair.shares["density"]


@distance(needs="vectors")
def coverage(pair: Pair) -> Estimate:
    """Share of the reference that has a neighbour in the group."""
    return pair.shares["coverage"]


@distance(needs="")
def vendi(pair: Pair) -> Estimate:
    """Diversity of the group alone: the effective number of different clips."""
    group = pair.group
    few = group.size < group.dim
    warning = f"at most {group.size:.0f}, the number of vectors: compare only with sets of the same size"
    return Estimate(distribution.vendi_score(group.vectors), warnings=(warning,) if few else ())


def attempt(row: Distance, pair: Pair) -> Estimate | str:
    """Return a distance, or why it cannot be computed."""
    if pair.group.stats is None:
        return "no clip of the group has vectors"
    if row.needs and pair.reference.stats is None:
        return "the reference has no vectors or statistics of these channels"
    if row.needs == "vectors" and not pair.reference.clips:
        return "saved statistics hold no vectors: give the reference as a folder or a store"
    try:
        return row.compute(pair)
    except MetricError as error:
        return str(error)


def _bias_warnings(name: str, sample: VectorSet) -> list[str]:
    """Warn of a set whose covariance is mostly chance."""
    if np.isnan(sample.size):
        return []
    few = f"{name} has {sample.size:.0f} vectors"
    enough = distribution.PARTS * sample.dim
    if sample.size > enough:
        if (independent := sample.effective_size) > enough:
            return []
        few += f", worth {independent:.0f} independent ones,"
    return [f"{few} in {sample.dim:.0f} dimensions: biased upwards, compare only with sets of the same size"]
