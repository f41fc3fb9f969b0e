"""What to make, and making it: `Sweep`, its plan, and `run`."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from mgeval.errors import SweepError, nearest
from mgeval.models import LIMITS, Generated, Model, Request, Sampling, load_model, model_revision
from mgeval.models.base import with_progress
from mgeval.prompts import load_prompts
from mgeval.store import OUTCOME, Store, clip_key

if TYPE_CHECKING:
    import pandas as pd

PLAN = ("key", "model", "revision", "prompt_id", "prompt", *LIMITS)
"""The columns that every plan has."""

PART = 50
PACKAGES = ("mgeval", "numpy", "torch", "transformers")


@dataclass(frozen=True, eq=False)
class Sweep:
    """Models x prompts x settings x seeds, before anything runs.

    Parameters
    ----------
    models : str or sequence of str
        Names that `load_model` knows.
    prompts : anything `load_prompts` takes
        The prompt set.
    grid : mapping of str to value or sequence
        Settings by the names of `Sampling`'s fields; a sequence is an axis of the sweep, a single
        value holds for all clips, the others keep their default.
    seeds : iterable of int
        Takes per prompt and setting.

    Raises
    ------
    SweepError
        No model, no seed, an empty axis, or a setting that does not exist.
    SamplingError
        A setting outside its range.

    Examples
    --------
    >>> sweep = Sweep("synth", ["warm piano", "wide strings"], {"duration": [2, 4]}, seeds=range(3))
    >>> len(sweep.plan())
    12
    """

    models: str | Sequence[str]
    prompts: Any
    grid: Mapping[str, Any] = field(default_factory=dict)
    seeds: Iterable[int] = (0,)

    def __post_init__(self) -> None:
        models = [self.models] if isinstance(self.models, str) else list(self.models)
        axes = {name: _axis(name, values) for name, values in self.grid.items()}
        for name, values in (("models", models), ("seeds", seeds := _axis("seeds", self.seeds)), *axes.items()):
            if not values:
                raise SweepError(f"{name} is empty: give at least one value")
        object.__setattr__(self, "models", models)
        object.__setattr__(self, "prompts", load_prompts(self.prompts))
        object.__setattr__(self, "grid", axes)
        object.__setattr__(self, "seeds", seeds)
        if clash := [
            column for column in self.prompts.columns if column in {*PLAN, *OUTCOME} - {"prompt", "prompt_id"}
        ]:
            raise SweepError(f"the prompts have a column {clash[0]!r}, which a plan uses itself: rename it")
        self._samplings()

    def _samplings(self) -> list[Sampling]:
        names = [*self.grid, "seed"]
        for name in self.grid:
            if name not in LIMITS or name == "seed":
                valid = [known for known in LIMITS if known != "seed"]
                hint = "seeds are given as seeds=" if name == "seed" else nearest(name, valid)
                raise SweepError(f"grid: {name!r} is not a setting that can be swept: {hint}")
        combinations = itertools.product(*self.grid.values(), self.seeds)
        return [Sampling(**dict(zip(names, values, strict=True))) for values in combinations]

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

        settings = [sampling.asdict() for sampling in self._samplings()]
        prompts = self.prompts.to_dict("records")
        rows = []
        for model in self.models:
            revision = model_revision(model)
            for prompt in prompts:
                for sampling in settings:
                    key = clip_key(model, revision, prompt["prompt"], sampling)
                    rows.append({"key": key, "model": model, "revision": revision, **prompt, **sampling})
        return pd.DataFrame(rows)


def _axis(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes, Mapping)):
        raise SweepError(f"{name} is {values!r}: a number or a list of numbers is needed")
    return list(values) if isinstance(values, Iterable) else [values]


def run(plan: pd.DataFrame, store: Store, model: Model | None = None, progress: bool = True) -> pd.DataFrame:
    """Make every clip of a plan that the store does not hold yet.

    An interrupted run loses the clip in the making and nothing else: run the same plan again. A
    clip that could not be made is a row with its error, and is tried again by the next run.

    Parameters
    ----------
    plan : DataFrame
        From `Sweep.plan`, or made by hand with the same columns.
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
        ``n_samples``, ``rate`` in Hz, ``channels``, ``peak``, ``gain``, ``elapsed`` in seconds,
        ``device``, ``dtype`` and ``versions``.

    Raises
    ------
    SweepError
        The plan lacks a column, a setting in it is not valid, or it is for another model than the
        one given.
    """
    requests = _requests(plan)
    todo = plan.drop_duplicates("key")
    todo = todo[[key not in store for key in todo["key"]]]
    for (name, revision), cells in todo.groupby(["model", "revision"], sort=False):
        loaded = model or load_model(name, revision=revision)
        if (loaded.name, loaded.revision) != (name, revision):
            raise SweepError(
                f"the plan is for {name} at revision {revision}, the model is {loaded.name} at {loaded.revision}: "
                "make the plan anew"
            )
        made_by = {"device": loaded.device, "dtype": loaded.dtype, "versions": _versions()}
        _warn_of_mixture(store, plan["key"], made_by)
        stream = loaded.stream([requests[index] for index in cells.index])
        _keep(with_progress(stream, len(cells), progress), cells.to_dict("records"), made_by, store)
    return _clips(plan, store)


def _requests(plan: pd.DataFrame) -> dict[Any, Request]:
    import pandas as pd

    if missing := [column for column in PLAN if column not in getattr(plan, "columns", ())]:
        raise SweepError(f"the plan has no column {missing[0]!r}; Sweep(...).plan() makes a whole one")
    if not plan.index.is_unique:
        raise SweepError("the plan's index repeats: call .reset_index(drop=True) on it")
    if missing := [c for c in ("key", "model", "revision", "prompt") if pd.isna(plan[c]).any()]:
        raise SweepError(f"the plan has gaps in column {missing[0]!r}")
    rows = plan.to_dict("index")
    return {
        index: Request(row["prompt"], Sampling(**{name: row[name] for name in LIMITS})) for index, row in rows.items()
    }


def _keep(stream: Iterator, cells: list[dict[str, Any]], made_by: dict[str, str], store: Store) -> None:
    """Put each clip into the store as it comes, and its row into a part of the table."""
    rows: list[dict[str, Any]] = []
    try:
        for index, result in stream:
            row = {**cells[index], **made_by}
            if isinstance(result, Generated):
                rows.append(store.put({**row, "elapsed": result.seconds}, result.audio, result.codes))
            else:
                rows.append({**row, "status": "failed", "error": f"{type(result).__name__}: {result}"})
            if len(rows) >= PART:
                store.add_rows(rows)
                rows = []
    finally:
        # Also on Ctrl-C: what was made is in the table.
        store.add_rows(rows)


def _clips(plan: pd.DataFrame, store: Store) -> pd.DataFrame:
    outcome = store.table().reindex(columns=["key", *OUTCOME])
    return plan.merge(outcome, on="key", how="left", validate="many_to_one")


def _versions() -> str:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return json.dumps(found)


def _warn_of_mixture(store: Store, keys: pd.Series, made_by: dict[str, str]) -> None:
    table = store.table()
    there = table[table["key"].isin(keys) & (table["status"] == "done")]
    for column, value in made_by.items():
        others = sorted(set(there[column]) - {value}) if column in there else []
        if others:
            warnings.warn(
                f"{store.path}: clips of this plan were made with {column} {', '.join(others)}, the rest will be with "
                f"{value}; they may differ in rounding",
                stacklevel=3,
            )
