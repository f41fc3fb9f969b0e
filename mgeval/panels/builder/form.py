"""A sweep as the fields of a form hold it: texts, read as its axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from mgeval.errors import MgevalError, PromptError, SweepError, nearest
from mgeval.models import LIMITS
from mgeval.panels.settings import setting
from mgeval.runs import Store, Sweep
from mgeval.wording import plain_number

AXES = tuple(name for name in LIMITS if name != "seed")
"""Settings that have a field each, in which several values stand for an axis."""

FIELDS = ("prompts", *AXES, "seeds")

BLANK = {**dict.fromkeys(FIELDS, ""), "seeds": "0"}


def check_form(form: Mapping[str, str]) -> dict[str, str]:
    """Return a form with all its fields, those that are left out blank."""
    for name, text in form.items():
        if name not in FIELDS:
            raise SweepError(f"there is no field {name!r}: {nearest(str(name), FIELDS)}")
        if not isinstance(text, str):
            raise SweepError(f"field {name!r} is {text!r}: a text is needed, such as '1, 3'")
    return {**BLANK, **form}


def sweep_of(model: str, form: Mapping[str, str]) -> tuple[Sweep | None, dict[str, str]]:
    """Return the sweep that a form says, or None; and what is wrong, by field.

    Values stand apart by commas, semicolons or spaces, prompts on a line each. A blank field is a setting's default.
    """
    wrong: dict[str, str] = {}
    axes: dict[str, list[Any]] = {}
    for name in (*AXES, "seeds"):
        try:
            axes[name] = [setting(name.removesuffix("s") if name == "seeds" else name, part)
                          for part in re.split(r"[\s,;]+", form[name]) if part]  # fmt: skip
        except MgevalError as error:
            wrong[name] = str(error)
    prompts = [line.strip() for line in form["prompts"].splitlines() if line.strip()]
    if not prompts:
        wrong["prompts"] = "write at least one prompt, each on a line of its own"
    if wrong:
        return None, wrong
    seeds = axes.pop("seeds") or [0]
    grid = {name: values if len(values) > 1 else values[0] for name, values in axes.items() if values}
    try:
        return Sweep(model, prompts, grid, seeds=seeds), {}
    except MgevalError as error:
        # Such as "guidance has 3 twice".
        named = "prompts" if isinstance(error, PromptError) else str(error).split()[0]
        return None, {named if named in FIELDS else "prompts": str(error)}


def yaml_of(sweep: Sweep) -> str:
    """Return a sweep as a file for `mgeval run`, which `mgeval.runs.sweep_file.load_sweep` reads."""
    import yaml

    grid = {name: [plain_number(value) for value in values] for name, values in sweep.grid.items()}
    parts = [{"models": sweep.models}, {"prompts": sweep.prompts["prompt"].tolist()}]
    parts += [{"grid": grid}] if grid else []
    parts += [{"seeds": sweep.seeds}]
    return "".join(
        yaml.safe_dump(part, default_flow_style=False if "prompts" in part else None, allow_unicode=True, width=100)
        for part in parts
    )


def estimate_of(sweep: Sweep, store: Store) -> dict[str, Any]:
    """Return what a sweep will take, as a page shows it; ``seconds`` is None where no clip has told the pace."""
    total = sweep.preview(store)[["clips", "to_make", "audio_seconds", "disk_bytes", "seconds"]].sum(skipna=False)
    found = {name: float(value) for name, value in total.items()}
    return {name: value if np.isfinite(value) else None for name, value in found.items()}
