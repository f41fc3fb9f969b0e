"""What to make: `Sweep` and its plan. `mgeval.runs.runner` makes it."""

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
"""Columns that no attribute of a prompt may be called: later tables have them with another meaning."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """Models x prompts x settings x seeds, before anything runs.

    Parameters
    ----------
    models : str or sequence of str
        Names that `load_model` knows.
    prompts : anything `load_prompts` takes
        The prompt set.
    grid : mapping of str to value or sequence, or sequence of such mappings
        Settings by the names of `Sampling`'s fields; a sequence is an axis of the sweep, a single
        value holds for all clips, the others keep their default. Of several grids all points are
        tried, those that stand in more than one once: so an axis can be swept in some points only.
    seeds : iterable of int
        Takes per prompt and setting.
    ranges : mapping of str to (low, high)
        Settings that are drawn between two values, all together, instead of crossed: ``points`` points,
        each combined with every point of the grid and every seed.
    points : int, optional
        How many points to draw in the ranges; points that coincide count once.
    design : str
        'latin' for a Latin hypercube, which spreads the points evenly over each range; or 'random'.
    design_seed : int
        Start of the draw: the same points each time.

    Raises
    ------
    SweepError
        No model, no seed, an empty axis, a setting that does not exist, a range that is none, or more than
        1,000,000 clips.
    SamplingError
        A setting outside its range.

    Examples
    --------
    >>> sweep = Sweep("synth", ["warm piano", "wide strings"], {"duration": [2, 4]}, seeds=range(3))
    >>> len(sweep.plan())
    12
    >>> sweep = Sweep("synth", ["piano"], {"duration": 2}, ranges={"guidance": [1, 6], "top_k": [50, 500]}, points=30)
    >>> len(sweep.plan())
    30

    Each filter is swept where the other is off:

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
                raise SweepError(f"a model is {name!r}: its name or its folder is needed")
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
                raise SweepError(f"the prompts have a column {column!r}, which mgeval uses itself: rename it")
        check_attributes(self.prompts)
        clips = count(grids, self.points or 1, len(seeds), len(models), len(self.prompts))
        if clips > MAX_CLIPS:
            raise SweepError(
                f"the sweep has {clips:,} clips, {MAX_CLIPS:,} are the most: give fewer values, or several sweeps"
            )

    def plan(self) -> pd.DataFrame:
        """Return one row per clip to make.

        Returns
        -------
        pandas.DataFrame
            ``key``, ``model``, ``revision``, ``prompt_id``, ``prompt``, what else is known of the
            prompts, and every field of `Sampling`.

        Raises
        ------
        ModelError
            A model is not there.
        """
        import pandas as pd

        points = draw_points(self.ranges, self.points, self.design, self.design_seed)
        grids = [self.grid] if isinstance(self.grid, Mapping) else self.grid
        settings = combinations(grids, points, list(self.seeds))
        # Column by column: a row at a time takes longer than hashing.
        prompts = pd.DataFrame(self.prompts.to_dict("records"))
        known = prompts.loc[prompts.index.repeat(len(settings))].reset_index(drop=True)
        varied = pd.DataFrame({name: [cell[name] for cell in settings] * len(prompts) for name in LIMITS})
        plans = []
        for model in self.models:
            revision = model_revision(model)
            keys = list(clip_keys(model_identity(model), revision, prompts["prompt"], settings))
            named = pd.DataFrame({"key": keys, "model": model, "revision": revision})
            plans.append(pd.concat([named, known, varied], axis=1))
        return pd.concat(plans, ignore_index=True)

    def preview(self, store: Store | None = None) -> pd.DataFrame:
        """Say what the sweep will take, before anything runs.

        Parameters
        ----------
        store : Store, optional
            Where the clips shall go, or any with clips of the same models: what is there is not made again,
            and sizes and times are estimated from it.

        Returns
        -------
        pandas.DataFrame
            One row per model: ``prompts``, ``clips``, ``to_make`` (clips that are not there), and of these
            ``audio_seconds``, ``disk_bytes`` (as the store's clips of the model take; else 200,000 per second, an
            upper bound for stereo at 32 kHz) and ``seconds`` (as long as the store's clips of the model took;
            NaN where there are none).
        """
        from mgeval.runs.estimates import estimate

        return estimate(self.plan(), store)


def check_attributes(table: pd.DataFrame) -> None:
    """Make sure that what is known of prompts can be stored: columns called by texts, of texts or of numbers only."""
    import pandas as pd

    for column in table.columns:
        if not isinstance(column, str):
            raise SweepError(f"a column of the prompts is called {column!r}: a text is needed")
        kind = pd.api.types.infer_dtype(table[column], skipna=True)
        if kind not in ("string", "integer", "floating", "mixed-integer-float", "boolean", "empty", "categorical"):
            raise SweepError(f"column {column!r} of the prompts holds {kind} values: texts or numbers are needed")
