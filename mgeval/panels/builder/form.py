"""The form of a sweep: texts in fields that are read as its axes."""

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
"""Settings with a field each; several values in a field become an axis."""

FIELDS = ("prompts", *AXES, "seeds")

BLANK = {**dict.fromkeys(FIELDS, ""), "seeds": "0"}


def check_form(form: Mapping[str, str]) -> dict[str, str]:
    """Return a form with all fields; missing ones are blank. Raise if a field is unknown or not a text."""
    for name, text in form.items():
        if name not in FIELDS:
            raise SweepError(f"there is no field {name!r}: {nearest(str(name), FIELDS)}")
        if not isinstance(text, str):
            raise SweepError(f"field {name!r} must be a text such as '1, 3', got {text!r}")
    return {**BLANK, **form}


def sweep_of(model: str, form: Mapping[str, str]) -> tuple[Sweep | None, dict[str, str]]:
    """Return the sweep of a form, or None, and the errors by field.

    Values are separated by commas, semicolons or spaces, and prompts by lines. A blank field means the default.
    """
    errors: dict[str, str] = {}
    axes: dict[str, list[Any]] = {}
    for name in (*AXES, "seeds"):
        try:
            axes[name] = [setting(name.removesuffix("s") if name == "seeds" else name, part)
                          for part in re.split(r"[\s,;]+", form[name]) if part]  # fmt: skip
        except MgevalError as error:
            errors[name] = str(error)
    prompts = [line.strip() for line in form["prompts"].splitlines() if line.strip()]
    if not prompts:
        errors["prompts"] = "write at least one prompt, each on its own line"
    if errors:
        return None, errors
    seeds = axes.pop("seeds") or [0]
    grid = {name: values if len(values) > 1 else values[0] for name, values in axes.items() if values}
    try:
        return Sweep(model, prompts, grid, seeds=seeds), {}
    except MgevalError as error:
        # Such as "guidance has 3 twice".
        field = "prompts" if isinstance(error, PromptError) else str(error).split()[0]
        return None, {field if field in FIELDS else "prompts": str(error)}


def yaml_of(sweep: Sweep) -> str:
    """Return a sweep of the form as the text of a file for ``mgeval run``, which `mgeval.runs.load_sweep` reads."""
    import yaml

    grid = {name: [plain_number(value) for value in values] for name, values in axes_of(sweep).items()}
    parts: list[dict[str, Any]] = [{"models": sweep.models}, {"prompts": sweep.prompts["prompt"].tolist()}]
    parts += [{"grid": grid}] if grid else []
    parts += [{"seeds": sweep.seeds}]
    return "".join(
        yaml.safe_dump(part, default_flow_style=False if "prompts" in part else None, allow_unicode=True, width=100)
        for part in parts
    )


def axes_of(sweep: Sweep) -> Mapping[str, Any]:
    """Return the grid of a sweep of the form, which has one grid only."""
    assert isinstance(sweep.grid, Mapping)
    return sweep.grid


def estimate_of(sweep: Sweep, store: Store) -> dict[str, Any]:
    """Return an estimate of a sweep for a page; ``seconds`` is None if the speed is not known yet."""
    total = sweep.preview(store)[["clips", "to_make", "audio_seconds", "disk_bytes", "seconds"]].sum(skipna=False)
    return {str(name): float(value) if np.isfinite(value) else None for name, value in total.items()}
