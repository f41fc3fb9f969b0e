"""`Sweep`, which lists the clips to make as a plan; `mgeval.runs.runner` makes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mgeval.errors import SweepError
from mgeval.metrics import METRICS
from mgeval.models import LIMITS, model_identity, model_revision, valid_setting
from mgeval.prompts import load_prompts
from mgeval.runs.design import MAX_CLIPS, axis, check_grids, check_ranges, combinations, count, draw_points
from mgeval.runs.store import Store
from mgeval.runs.store.keys import clip_keys
from mgeval.runs.store.layout import RECORD_ONLY
from mgeval.tables import CONTROL, EMBEDDER, OUTCOME, SUMMARY

if TYPE_CHECKING:
    import pandas as pd

PLAN = ("key", "model", "revision", "prompt_id", "prompt", *LIMITS)
"""The columns that every plan has."""

RESERVED = {*PLAN, *OUTCOME, *METRICS, *SUMMARY, *RECORD_ONLY, CONTROL, *EMBEDDER, "reason"} - {"prompt", "prompt_id"}
"""Names that prompt attributes may not have: later tables use these columns with another meaning."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The clips to make: models x prompts x settings x seeds.

    Parameters
    ----------
    models : str or sequence of str
        Names that `load_model` accepts.
    prompts : anything `load_prompts` takes
        The prompt set.
    grid : mapping of str to value or sequence, or sequence of such mappings
        Settings, by the names of `Sampling`'s fields. A sequence is an axis of the sweep, a single value
        applies to all clips, and all other settings keep their default. With several grids the points of
        all are tried, a point in more than one of them once: so an axis can be swept in some points only.
    seeds : iterable of int
        One clip per seed for each prompt and setting.
    ranges : mapping of str to (low, high)
        Settings to draw jointly between two values instead of crossing them: ``points`` points, each
        combined with every point of the grid and every seed.
    points : int, optional
        How many points to draw in the ranges; points that coincide count once.
    design : str
        'latin' for a Latin hypercube, which spreads the points evenly over each range; or 'random'.
    design_seed : int
        Seed of the draw; the same seed gives the same points.

    Raises
    ------
    SweepError
        There is no model or no seed, an axis is empty, a setting does not exist, a range is invalid, or there
        are more than 1,000,000 clips.
    SamplingError
        A setting is outside its range.

    Examples
    --------
    >>> sweep = Sweep("synth", ["warm piano", "wide strings"], {"duration": [2, 4]}, seeds=range(3))
    >>> len(sweep.plan())
    12
    >>> sweep = Sweep("synth", ["piano"], {"duration": 2}, ranges={"guidance": [1, 6], "top_k": [50, 500]}, points=30)
    >>> len(sweep.plan())
    30

    Sweep each filter while the other is off:

    >>> filters = [{"top_k": [50, 250], "top_p": 0}, {"top_k": 0, "top_p": [0.8, 0.9, 0.95]}]
    >>> len(Sweep("synth", ["piano"], filters).plan())
    5
    """

    models: str | Sequence[str]
    prompts: Any
    grid: Mapping[str, Any] | Sequence[Mapping[str, Any]] = field(default_factory=dict)
    seeds: Iterable[int] = (0,)
    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)
    points: int | None = None
    design: str = "latin"
    design_seed: int = 0

    def __post_init__(self) -> None:
        models = axis("models", [self.models] if isinstance(self.models, (str, os.PathLike)) else self.models)
        models = [os.fspath(name) if isinstance(name, os.PathLike) else name for name in models]
        for name in models:
            if not isinstance(name, str):
                raise SweepError(f"a model must be a name or a folder, got {name!r}")
        for name, values in (("models", models), ("seeds", seeds := axis("seeds", self.seeds))):
            if not values:
                raise SweepError(f"{name} is empty: give at least one value")
        grids = check_grids(self.grid)
        ranges = check_ranges(self.ranges, grids, self.points, self.design, self.design_seed)
        object.__setattr__(self, "models", models)
        object.__setattr__(self, "prompts", load_prompts(self.prompts))
        object.__setattr__(self, "grid", grids[0] if isinstance(self.grid, Mapping) else grids)
        object.__setattr__(self, "ranges", ranges)
        object.__setattr__(self, "seeds", [valid_setting("seed", seed) for seed in seeds])
        for column in self.prompts.columns:
            if column in RESERVED:
                raise SweepError(f"the prompts have a column {column!r}, a name that mgeval uses itself: rename it")
        check_attributes(self.prompts)
        clips = count(grids, self.points or 1, len(seeds), len(models), len(self.prompts))
        if clips > MAX_CLIPS:
            raise SweepError(
                f"a sweep must have at most {MAX_CLIPS:,} clips, got {clips:,}: give fewer values, or several sweeps"
            )

    def plan(self) -> pd.DataFrame:
        """Return one row per clip to make.

        Returns
        -------
        pandas.DataFrame
            ``key``, ``model``, ``revision``, ``prompt_id``, ``prompt``, the prompts' other
            attributes, and every field of `Sampling`.

        Raises
        ------
        ModelError
            A model does not exist.
        """
        import pandas as pd

        points = draw_points(self.ranges, self.points, self.design, self.design_seed)
        grids = [self.grid] if isinstance(self.grid, Mapping) else self.grid
        settings = combinations(grids, points, list(self.seeds))
        # Build the plan by columns: building it by rows takes longer than hashing.
        prompts = pd.DataFrame(self.prompts.to_dict("records"))
        attributes = prompts.loc[prompts.index.repeat(len(settings))].reset_index(drop=True)
        sampling = pd.DataFrame({name: [cell[name] for cell in settings] * len(prompts) for name in LIMITS})
        plans = []
        for model in self.models:
            revision = model_revision(model)
            keys = list(clip_keys(model_identity(model), revision, prompts["prompt"], settings))
            identity = pd.DataFrame({"key": keys, "model": model, "revision": revision})
            plans.append(pd.concat([identity, attributes, sampling], axis=1))
        return pd.concat(plans, ignore_index=True)

    def preview(self, store: Store | None = None) -> pd.DataFrame:
        """Estimate the clips, disk space and time that the sweep will take.

        Parameters
        ----------
        store : Store, optional
            Where the clips will go, or any store with clips of the same models. Clips that it holds are not
            made again, and sizes and times are estimated from them.

        Returns
        -------
        pandas.DataFrame
            One row per model: ``prompts``, ``clips``, ``to_make`` (clips that the store lacks), and for these
            ``audio_seconds``, ``disk_bytes`` (at the rate of the store's clips of the model; otherwise 200,000 per
            second, an upper bound for stereo at 32 kHz) and ``seconds`` (at the pace of the store's clips of the
            model; NaN if it has none).
        """
        from mgeval.runs.estimates import estimate

        return estimate(self.plan(), store)


def check_attributes(table: pd.DataFrame) -> None:
    """Raise if prompt attributes cannot be stored: column names must be text, columns all text or all numbers."""
    import pandas as pd

    for column in table.columns:
        if not isinstance(column, str):
            raise SweepError(f"the name of a prompt column must be text, got {column!r}")
        kind = pd.api.types.infer_dtype(table[column], skipna=True)
        if kind not in ("string", "integer", "floating", "mixed-integer-float", "boolean", "empty", "categorical"):
            raise SweepError(f"column {column!r} of the prompts must hold text or numbers, got {kind} values")
