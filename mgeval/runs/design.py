"""The settings that a sweep tries: the axes of one or several grids, and points drawn in ranges."""

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
"""Most clips of a sweep and most values of an axis: more are a typing error and would take terabytes."""


def axis(name: str, values: Any) -> list[Any]:
    """Return an axis as a list; a single value is an axis of one."""
    if isinstance(values, (str, bytes, Mapping)):
        raise SweepError(f"{name} must be a number or a list of numbers, got {values!r}")
    values = list(itertools.islice(values, MAX_CLIPS + 1)) if isinstance(values, Iterable) else [values]
    if len(values) > MAX_CLIPS:
        raise SweepError(f"{name} must have at most {MAX_CLIPS:,} values, got more")
    # An unhashable value is not a valid setting either; `Sampling` reports it.
    if all(isinstance(value, Hashable) for value in values):
        for value, count in Counter(values).items():
            if count > 1:
                raise SweepError(f"{name} has {value!r} twice: remove one, or the same clip would count twice")
    return values


def check_names(field: str, names: Iterable[str]) -> None:
    """Raise if a name is not that of a sweepable setting."""
    for name in names:
        if name not in LIMITS or name == "seed":
            valid = [setting for setting in LIMITS if setting != "seed"]
            hint = "give seeds as seeds=" if name == "seed" else nearest(str(name), valid)
            raise SweepError(f"{field}: {name!r} is not a setting that can be swept: {hint}")


def check_grids(grid: Any) -> list[dict[str, list[Any]]]:
    """Return the axes of each grid with valid values; raise if a grid is malformed."""
    grids = [grid] if isinstance(grid, Mapping) else grid
    if isinstance(grids, (str, bytes)) or not isinstance(grids, Sequence):
        raise SweepError(f"grid must map settings to values, such as {{'guidance': [1, 3]}}, got {grid!r}")
    if not grids:
        raise SweepError("grid is an empty list: leave it out, or give at least one grid")
    checked = []
    for number, mapping in enumerate(grids, start=1):
        where = "grid" if len(grids) == 1 else f"grid {number}"
        if not isinstance(mapping, Mapping):
            raise SweepError(f"{where} must map settings to values, such as {{'guidance': [1, 3]}}, got {mapping!r}")
        check_names(where, mapping)
        axes = {name: axis(name, values) for name, values in mapping.items()}
        if empty := [name for name, values in axes.items() if not values]:
            raise SweepError(f"{empty[0]} is empty: give at least one value")
        checked.append({name: [valid_setting(name, value) for value in values] for name, values in axes.items()})
    return checked


def check_ranges(
    ranges: Any, grids: Sequence[Mapping[str, Any]], points: Any, design: Any, seed: Any
) -> dict[str, list[Any]]:
    """Return the ranges with valid ends; raise if the ranges or how to draw in them are malformed."""
    if not isinstance(ranges, Mapping):
        raise SweepError(f"ranges must map settings to [low, high], such as {{'guidance': [1, 6]}}, got {ranges!r}")
    check_names("ranges", ranges)
    if design not in DESIGNS:
        raise SweepError(f"there is no design {design!r}: {nearest(str(design), DESIGNS)}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SweepError(f"design_seed must be a whole number from 0, got {seed!r}")
    if not ranges:
        if points is not None:
            raise SweepError("points needs ranges to draw in, such as ranges={'guidance': [1, 6]}")
        return {}
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 1 <= points <= MAX_CLIPS:
        raise SweepError(f"points must be a whole number from 1 to {MAX_CLIPS:,}, got {points!r}")
    checked = {}
    for name, ends in ranges.items():
        if any(name in grid for grid in grids):
            raise SweepError(f"{name} is in grid and in ranges: keep it in one of them")
        if isinstance(ends, (str, bytes, Mapping)) or not isinstance(ends, Sequence) or len(ends) != 2:
            raise SweepError(f"ranges: {name} must be a low and a high, such as [1, 6], got {ends!r}")
        low, high = (valid_setting(name, end) for end in ends)
        if low >= high:
            raise SweepError(f"ranges: {name} must have its low below its high, got [{low}, {high}]")
        checked[name] = [low, high]
    return checked


def draw_points(
    ranges: Mapping[str, Sequence[Any]], points: int | None, design: str, seed: int
) -> list[dict[str, Any]]:
    """Draw points in ranges, as a Latin hypercube or uniformly and independently.

    In a Latin hypercube of n points each setting has one point in each n-th of its range (McKay, Beckman and
    Conover, Technometrics 21, 1979; `scipy.stats.qmc.LatinHypercube`). For whole-numbered settings the ends
    are drawn as often as the numbers between them. Points that coincide count once.
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
    """Return the settings of every clip of one prompt: grids x points x seeds, seeds varying fastest.

    A combination that is in several grids counts once.
    """
    # Each value has been checked already: 100,000 `Sampling` objects would only check them again.
    defaults = Sampling().asdict()
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for grid in grids:
        for values, point, seed in itertools.product(itertools.product(*grid.values()), points, seeds):
            cell = {**defaults, **dict(zip(grid, values, strict=True)), **point, "seed": seed}
            cells.setdefault(tuple(cell.values()), cell)
    return list(cells.values())


def count(grids: Sequence[Mapping[str, Sequence[Any]]], *others: int) -> int:
    """Return the largest possible number of clips: the points of the grids times the other counts."""
    return sum(math.prod(len(values) for values in grid.values()) for grid in grids) * math.prod(others)
