"""A plan: checked before its clips are made, and joined with their outcomes afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mgeval.errors import SweepError
from mgeval.metrics import columns
from mgeval.models import LIMITS, Request, Sampling, local_identity, model_identity, valid_setting
from mgeval.runs.store import Store
from mgeval.runs.store.keys import row_keys
from mgeval.runs.store.plans import changed_rows
from mgeval.runs.sweep import PLAN, check_attributes
from mgeval.tables import EMBEDDER, OUTCOME

if TYPE_CHECKING:
    import pandas as pd


def check_plan(plan: pd.DataFrame) -> pd.DataFrame:
    """Return the plan with its keys and without result columns; raise if it cannot be made."""
    import pandas as pd

    if missing := [column for column in PLAN[1:] if column not in getattr(plan, "columns", ())]:
        raise SweepError(f"the plan has no column {missing[0]!r}; Sweep(...).plan() makes a complete plan")
    if not plan.index.is_unique:
        raise SweepError("the plan's index must be unique: call .reset_index(drop=True)")
    for column in ("model", "revision", "prompt_id", "prompt"):
        if pd.isna(plan[column]).any():
            raise SweepError(f"the plan has missing values in column {column!r}")
        if wrong := [value for value in plan[column].tolist() if not isinstance(value, str)]:
            raise SweepError(f"the plan's column {column!r} must hold text, got {wrong[0]!r}")
    result_columns = {*OUTCOME, *columns(plan.columns), *EMBEDDER, "reason"}
    plan = plan.drop(columns=[column for column in plan.columns if column in result_columns])
    check_attributes(plan[[column for column in plan.columns if column not in LIMITS]])
    keys = _keys(plan)
    if "key" in plan.columns and keys != (given_keys := plan["key"].tolist()):
        # A missing folder such as ckpt/mine looks like an id on the hub. The clips that it made are identified by
        # its hash; `check_folders` asks for the folder if more clips are to be made.
        local = _keys(plan, local_identity)
        keys = [alt if alt == given else key for key, alt, given in zip(keys, local, given_keys, strict=True)]
        if wrong := [i for i, (key, given) in enumerate(zip(keys, given_keys, strict=True)) if key != given]:
            raise SweepError(
                f"row {wrong[0] + 1} of the plan was changed after its key was computed: drop column 'key' to "
                "compute it again"
            )
    return plan.assign(key=pd.Series(keys, plan.index, dtype=str))


def check_folders(cells: pd.DataFrame) -> None:
    """Raise if a local checkpoint's folder does not exist: its name would be looked up on the hub."""
    first = cells.drop_duplicates("model")
    for name, key, given in zip(first["model"].tolist(), _keys(first), first["key"].tolist(), strict=True):
        if key != given:
            raise SweepError(
                f"there is no folder {name} here: resume from the folder where the sweep was started, or give "
                "its absolute path"
            )


def _keys(plan: pd.DataFrame, identity: Callable[[str], str] | None = None) -> list[str]:
    identities = {name: (identity or model_identity)(name) for name in plan["model"].unique()}
    models = [identities[name] for name in plan["model"].tolist()]
    cells = zip(models, plan["revision"].tolist(), plan["prompt"].tolist(), strict=True)
    # By columns: 100,000 `Sampling` objects take ten microseconds each.
    settings = {name: _settings(name, plan[name]) for name in LIMITS}
    return list(row_keys(cells, tuple(settings), zip(*settings.values(), strict=True)))


def _settings(name: str, column: pd.Series) -> list[int | float]:
    """Return a column of settings as `Sampling` would hold them."""
    import pandas as pd

    # Check booleans and texts one by one, which raises; check each distinct number once.
    if column.dtype.kind not in "iuf":
        return [valid_setting(name, value) for value in column.tolist()]
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    valid = [valid_setting(name, value) for value in distinct.tolist()]
    return [valid[code] for code in codes.tolist()]


def make_request(cell: Mapping[str, Any]) -> Request:
    """Return the model request for one cell of a plan."""
    return Request(cell["prompt"], Sampling(**{name: cell[name] for name in LIMITS}))


def attach_outcomes(plan: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a plan with the outcome of each of its clips."""
    clips = plan.merge(table.reindex(columns=["key", *OUTCOME]), on="key", how="left", validate="many_to_one")
    return clips.astype(dict.fromkeys(["n_samples", "rate", "channels", "threads"], "Int64")).set_axis(plan.index)


def update_labels(plan: pd.DataFrame, table: pd.DataFrame, store: Store) -> None:
    """Update the labels of existing clips in the store where the plan has other ones."""
    plan = plan.drop_duplicates("key", keep="last")
    old = table.set_index("key").reindex(plan["key"])
    exists = old["status"].notna().to_numpy()
    changed = exists & changed_rows(plan, old)
    outcome = old.loc[changed, [column for column in OUTCOME if column in old.columns]].reset_index(drop=True)
    labels = plan[changed].reset_index(drop=True)
    store.add_rows(labels.assign(**outcome).to_dict("records"))
