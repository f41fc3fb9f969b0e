"""Which settings a sweep tries: the axes of a grid or of several, and points drawn in ranges."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mgeval.errors import SweepError, nearest
from mgeval.models import LIMITS, Sampling, valid_setting

DESIGNS = ("latin", "random")

MAX_CLIPS = 1_000_000
"""More clips than these, or values on one axis, are a slip of the pen: they would take terabytes."""


def axis(name: str, values: Any) -> list[Any]:
    """Return an axis as a list; a single value is an axis of one."""
    if isinstance(values, (str, bytes, Mapping)):
        raise SweepError(f"{name} is {values!r}: a number or a list of numbers is needed")
    values = list(itertools.islice(values, MAX_CLIPS + 1)) if isinstance(values, Iterable) else [values]
    if len(values) > MAX_CLIPS:
        raise SweepError(f"{name} has more than {MAX_CLIPS:,} values: give fewer")
    # What cannot be hashed is no setting either, and `Sampling` says so.
    if all(isinstance(value, Hashable) for value in values):
        for value, count in Counter(values).items():
            if count > 1:
                raise SweepError(f"{name} has {value!r} twice: the same clip would be counted twice")
    return values


def check_names(field: str, names: Iterable[str]) -> None:
    """Refuse what is no setting that can be swept."""
    for name in names:
        if name not in LIMITS or name == "seed":
            valid = [known for known in LIMITS if known != "seed"]
            hint = "seeds are given as seeds=" if name == "seed" else nearest(str(name), valid)
            raise SweepError(f"{field}: {name!r} is not a setting that can be swept: {hint}")


def check_grids(grid: Any) -> list[dict[str, list[Any]]]:
    """Return the axes of each grid with their values as settings, or say what is wrong with them."""
    grids = [grid] if isinstance(grid, Mapping) else grid
    if isinstance(grids, (str, bytes)) or not isinstance(grids, Sequence):
        raise SweepError(f"grid is {grid!r}: settings with their values are needed: {{'guidance': [1, 3]}}")
    if not grids:
        raise SweepError("grid is an empty list: leave it out, or give at least one grid")
    whole = []
    for number, one in enumerate(grids, start=1):
        where = "grid" if len(grids) == 1 else f"grid {number}"
        if not isinstance(one, Mapping):
            raise SweepError(f"{where} is {one!r}: settings with their values are needed: {{'guidance': [1, 3]}}")
        check_names(where, one)
        axes = {name: axis(name, values) for name, values in one.items()}
        if empty := [name for name, values in axes.items() if not values]:
            raise SweepError(f"{empty[0]} is empty: give at least one value")
        whole.append({name: [valid_setting(name, value) for value in values] for name, values in axes.items()})
    return whole


def check_ranges(
    ranges: Any, grids: Sequence[Mapping[str, Any]], points: Any, design: Any, seed: Any
) -> dict[str, list[Any]]:
    """Return the ranges with their ends as settings, or say what is wrong with them."""
    if not isinstance(ranges, Mapping):
        raise SweepError(f"ranges is {ranges!r}: settings with their low and high are needed: {{'guidance': [1, 6]}}")
    check_names("ranges", ranges)
    if design not in DESIGNS:
        raise SweepError(f"design is {design!r}: {nearest(str(design), DESIGNS)}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SweepError(f"design_seed is {seed!r}: a whole number from 0 is needed")
    if not ranges:
        if points is not None:
            raise SweepError("points is given without ranges: say between which values, ranges={'guidance': [1, 6]}")
        return {}
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 1 <= points <= MAX_CLIPS:
        raise SweepError(
            f"points is {points!r}: needed is how many to draw in the ranges, a whole number from 1 to {MAX_CLIPS:,}"
        )
    whole = {}
    for name, ends in ranges.items():
        if any(name in grid for grid in grids):
            raise SweepError(f"{name} is in grid and in ranges: leave it in one of them")
        if isinstance(ends, (str, bytes, Mapping)) or not isinstance(ends, Sequence) or len(ends) != 2:
            raise SweepError(f"ranges: {name} is {ends!r}: a low and a high are needed, such as [1, 6]")
        low, high = (valid_setting(name, end) for end in ends)
        if low >= high:
            raise SweepError(f"ranges: {name} is [{low}, {high}]: the low comes first, and the high is larger")
        whole[name] = [low, high]
    return whole


def draw_points(
    ranges: Mapping[str, Sequence[Any]], points: int | None, design: str, seed: int
) -> list[dict[str, Any]]:
    """Draw points in ranges: those of a Latin hypercube, or independent uniform ones.

    In a Latin hypercube of n points each setting has one point in each n-th of its range (McKay, Beckman and
    Conover, Technometrics 21, 1979; `scipy.stats.qmc.LatinHypercube`). The ends of whole-numbered settings
    are drawn as often as the numbers between. Points that coincide count once.
    """
    if not ranges or points is None:
        return [{}]
    rng = np.random.default_rng(seed)
    if design == "latin":
        from scipy.stats import qmc

        unit = qmc.LatinHypercube(len(ranges), seed=rng).random(points)
    else:
        unit = rng.random((points, len(ranges)))
    columns = [_scale(name, ends[0], ends[1], unit[:, i]) for i, (name, ends) in enumerate(ranges.items())]
    distinct = dict.fromkeys(zip(*columns, strict=True))
    return [dict(zip(ranges, point, strict=True)) for point in distinct]


def _scale(name: str, low: Any, high: Any, unit: np.ndarray) -> list[Any]:
    if LIMITS[name].integer:
        return [min(low + math.floor(u * (high - low + 1)), high) for u in unit.tolist()]
    return [min(low + u * (high - low), high) for u in unit.tolist()]


def combinations(
    grids: Sequence[Mapping[str, Sequence[Any]]], points: Sequence[Mapping[str, Any]], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Return every setting of every clip of one prompt: grids x points x seeds, the seeds turning fastest.

    What stands in several grids counts once.
    """
    # Each value was checked by itself: 100,000 `Sampling`s would only check them again.
    rest = Sampling().asdict()
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for grid in grids:
        for values, point, seed in itertools.product(itertools.product(*grid.values()), points, seeds):
            cell = {**rest, **dict(zip(grid, values, strict=True)), **point, "seed": seed}
            found.setdefault(tuple(cell.values()), cell)
    return list(found.values())


def count(grids: Sequence[Mapping[str, Sequence[Any]]], *others: int) -> int:
    """Return how many clips a sweep has at most: the points of the grids times the other numbers."""
    return sum(math.prod(len(values) for values in grid.values()) for grid in grids) * math.prod(others)
