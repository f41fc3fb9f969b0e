"""What to make, and making it: `Sweep`, its plan, and `run`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mgeval.designs import MOST, axis, check_grids, check_ranges, combinations, count, drawn
from mgeval.errors import SweepError
from mgeval.metrics import METRICS, columns
from mgeval.models import LIMITS, Generated, Model, Request, Sampling, load_model, model_identity, model_revision
from mgeval.models.base import with_progress
from mgeval.models.sampling import checked
from mgeval.prompts import load_prompts
from mgeval.provenance import failure, making, origin
from mgeval.stats import SUMMARY
from mgeval.storage.keys import clip_key, clip_keys
from mgeval.storage.layout import RECORD_ONLY
from mgeval.store import CONTROL, OUTCOME, Store

if TYPE_CHECKING:
    import pandas as pd

PLAN = ("key", "model", "revision", "prompt_id", "prompt", *LIMITS)
"""The columns that every plan has."""

RESERVED = {*PLAN, *OUTCOME, *METRICS, *SUMMARY, *RECORD_ONLY, CONTROL, "embedder", "reason"} - {"prompt", "prompt_id"}
"""Columns that no attribute of a prompt may be called: later tables have them with another meaning."""

PART = 50


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
        object.__setattr__(self, "seeds", [checked("seed", seed) for seed in seeds])
        for column in self.prompts.columns:
            if column in RESERVED:
                raise SweepError(f"the prompts have a column {column!r}, which mgeval uses itself: rename it")
        _check_attributes(self.prompts)
        clips = count(grids, self.points or 1, len(seeds), len(models), len(self.prompts))
        if clips > MOST:
            raise SweepError(
                f"the sweep has {clips:,} clips, {MOST:,} are the most: give fewer values, or several sweeps"
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

        points = drawn(self.ranges, self.points, self.design, self.design_seed)
        grids = [self.grid] if isinstance(self.grid, Mapping) else self.grid
        settings = combinations(grids, points, self.seeds)
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
        from mgeval.previews import estimate

        return estimate(self.plan(), store)


def _check_attributes(table: pd.DataFrame) -> None:
    """Make sure that what is known of the prompts can be stored: each column all texts or all numbers."""
    import pandas as pd

    for column in table.columns:
        kind = pd.api.types.infer_dtype(table[column], skipna=True)
        if kind not in ("string", "integer", "floating", "mixed-integer-float", "boolean", "empty", "categorical"):
            raise SweepError(f"column {column!r} of the prompts holds {kind} values: texts or numbers are needed")


def run(plan: pd.DataFrame, store: Store, model: Model | None = None, progress: bool = True) -> pd.DataFrame:
    """Make every clip of a plan that the store does not hold yet.

    An interrupted run loses the clips in the making and nothing else: run the same plan again. A
    clip that could not be made is a row with its error, and is tried again by the next run.

    Parameters
    ----------
    plan : DataFrame
        From `Sweep.plan`, or made by hand with the same columns (``key`` may be left out). The
        clips that another `run` returned are a plan too.
    store : Store
        Where the clips go.
    model : Model, optional
        The loaded model; without it the plan's models are loaded by name, one after the other.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        The clips: the plan with ``path`` (in the store), ``status`` ('done' or 'failed'), ``error``,
        ``n_samples``, ``rate`` in Hz, ``channels``, ``peak``, ``gain``, ``traceback`` (its end, where one failed),
        ``started`` (ISO 8601, UTC), ``elapsed`` in seconds, ``slots`` (clips that decoded together at most),
        ``halved`` (whether memory ran out meanwhile), ``seams`` (frames at which further windows began),
        ``device``, ``dtype``, ``hardware``, ``threads`` and ``versions``.

    Raises
    ------
    SweepError
        The plan lacks a column, a setting in it is not valid, its keys are not those of its
        settings, or it is for another model than the one given.
    """
    plan, requests = _checked(plan)
    todo = plan.drop_duplicates("key")
    todo = todo[~todo["key"].isin(store.keys())]
    if len(todo):
        there = store.table()
        for _, cells in todo.groupby(["model", "revision"], sort=False):
            _make(cells, [requests[place] for place in cells.index], there, store, model, progress)
    table = store.table()
    _relabel(plan, table, store)
    clips = plan.merge(table.reindex(columns=["key", *OUTCOME]), on="key", how="left", validate="many_to_one")
    return clips.astype(dict.fromkeys(["n_samples", "rate", "channels", "threads"], "Int64")).set_axis(plan.index)


def _checked(plan: pd.DataFrame) -> tuple[pd.DataFrame, dict[Any, Request]]:
    """Return the plan proper, with its keys, and each row's request by the row's index."""
    import pandas as pd

    if missing := [column for column in PLAN[1:] if column not in getattr(plan, "columns", ())]:
        raise SweepError(f"the plan has no column {missing[0]!r}; Sweep(...).plan() makes a whole one")
    if not plan.index.is_unique:
        raise SweepError("the plan's index repeats: call .reset_index(drop=True) on it")
    for column in ("model", "revision", "prompt_id", "prompt"):
        if pd.isna(plan[column]).any():
            raise SweepError(f"the plan has gaps in column {column!r}")
        if wrong := [value for value in plan[column] if not isinstance(value, str)]:
            raise SweepError(f"the plan's column {column!r} holds {wrong[0]!r}: texts are needed")
    later = {*OUTCOME, *columns(plan.columns), "embedder", "reason"}
    plan = plan.drop(columns=[column for column in plan.columns if column in later])
    _check_attributes(plan[[column for column in plan.columns if column not in LIMITS]])
    identities = {name: model_identity(name) for name in plan["model"].unique()}
    requests, keys = {}, []
    for index, row in plan.to_dict("index").items():
        sampling = Sampling(**{name: row[name] for name in LIMITS})
        requests[index] = Request(row["prompt"], sampling)
        keys.append(clip_key(identities[row["model"]], row["revision"], row["prompt"], sampling.asdict()))
    if "key" in plan.columns and (wrong := [i for i, key in enumerate(keys) if key != plan["key"].iloc[i]]):
        raise SweepError(
            f"row {wrong[0] + 1} of the plan was changed after its key was made: drop column 'key' to have it made anew"
        )
    return plan.assign(key=pd.Series(keys, plan.index, dtype=str)), requests


def _make(
    cells: pd.DataFrame, requests: list[Request], there: pd.DataFrame, store: Store, model: Model | None, progress: bool
) -> None:
    """Make the cells of one model. The model goes with this function: no two are in memory at once."""
    name, revision = cells[["model", "revision"]].iloc[0]
    loaded = model or load_model(name, revision=revision)
    if (model_identity(loaded.name), loaded.revision) != (model_identity(name), revision):
        raise SweepError(
            f"the plan is for {name} at revision {revision}, the model is {loaded.name} at {loaded.revision}: "
            "make the plan anew"
        )
    made_by = origin(loaded)
    _warn_of_mixture(there[there["model"].eq(name)] if len(there) else there, made_by, store)
    rows: list[dict[str, Any]] = []
    todo = cells.to_dict("records")
    try:
        for index, result in with_progress(loaded.stream(requests), len(cells), progress):
            row = {**todo[index], **made_by}
            if isinstance(result, Generated):
                rows.append(store.put({**row, **making(result)}, result.audio, result.codes, result.record))
            else:
                rows.append({**row, **failure(result)})
            if len(rows) >= PART:
                store.add_rows(rows)
                rows = []
    finally:
        # Also on Ctrl-C: what was made is in the table.
        store.add_rows(rows)


def _relabel(plan: pd.DataFrame, table: pd.DataFrame, store: Store) -> None:
    """Write the plan's labels over those that clips got when they were made, where they differ."""
    plan = plan.drop_duplicates("key", keep="last")
    old = table.set_index("key").reindex(plan["key"])
    made = old["status"].notna().to_numpy()
    differs = ~made
    for column in plan.columns.drop("key"):
        was = old[column] if column in old.columns else old["status"].isna()
        new = plan[column].to_numpy(object)
        differs |= (was.to_numpy(object) != new) & ~(was.isna().to_numpy() & plan[column].isna().to_numpy())
    changed = made & differs
    outcome = old.loc[changed, [column for column in OUTCOME if column in old.columns]].reset_index(drop=True)
    labels = plan[changed].reset_index(drop=True)
    store.add_rows(labels.assign(**outcome).to_dict("records"))


def _warn_of_mixture(there: pd.DataFrame, made_by: dict[str, Any], store: Store) -> None:
    there = there[there["status"] == "done"]
    for column, value in made_by.items():
        others = sorted(map(str, set(there[column].dropna()) - {value})) if column in there else []
        if others:
            warnings.warn(
                f"{store.path}: clips of this model were made with {column} {', '.join(others)}, the rest will be with "
                f"{value}; they may differ in rounding",
                stacklevel=4,
            )
