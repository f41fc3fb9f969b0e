"""A sweep as a YAML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mgeval.errors import MgevalError, SweepError, nearest
from mgeval.sweep import Sweep

KEYS = ("models", "prompts", "grid", "seeds", "ranges", "points", "design", "design_seed")


def load_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read a sweep from a YAML file, which mirrors the arguments of `Sweep`.

    Parameters
    ----------
    path : path-like
        For example::

            models: [synth]
            prompts: spatial
            grid: {temperature: [0.8, 1.2], duration: [5]}
            seeds: [0, 1]

        or, with settings drawn in ranges instead of crossed::

            models: [synth]
            prompts: spatial
            ranges: {temperature: [0.5, 1.5], guidance: [1, 6]}
            points: 64
            design: latin

        A relative CSV file of prompts is looked for beside it first.

    Returns
    -------
    Sweep

    Raises
    ------
    SweepError
        The file is missing, is not YAML, or holds something else than a sweep; the message names
        the field and what would be valid.
    """
    path = Path(path)
    try:
        content = _yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SweepError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not a text file'})") from None
    except SweepError as error:
        raise SweepError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise SweepError(f"{path}: is no sweep; it needs lines such as 'models: [synth]' and 'prompts: demo'")
    if unknown := [key for key in content if key not in KEYS]:
        raise SweepError(f"{path}: there is no field {unknown[0]!r}: {nearest(str(unknown[0]), KEYS)}")
    try:
        fields = _model().model_validate(content)
    except ValueError as error:
        raise SweepError(f"{path}: {_first(error)}") from None
    if isinstance(fields.prompts, str) and fields.prompts.endswith(".csv") and (path.parent / fields.prompts).is_file():
        fields.prompts = str(path.parent / fields.prompts)
    try:
        return Sweep(**fields.model_dump())
    except MgevalError as error:
        raise type(error)(f"{path}: {error}") from None


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise SweepError("nested too deeply to be a sweep") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise SweepError(f"{where}not YAML ({getattr(error, 'problem', None) or 'unreadable'})") from None


def _model() -> type:
    from pydantic import BaseModel, StrictFloat, StrictInt, StrictStr

    number = StrictInt | StrictFloat

    class SweepFields(BaseModel):
        models: StrictStr | list[StrictStr]
        prompts: StrictStr | list[StrictStr]
        grid: dict[StrictStr, number | list[number]] = {}
        seeds: StrictInt | list[StrictInt] = [0]
        ranges: dict[StrictStr, list[number]] = {}
        points: StrictInt | None = None
        design: StrictStr = "latin"
        design_seed: StrictInt = 0

    return SweepFields


def _first(error: Any) -> str:
    """Say the first thing that pydantic found, in one line and in the file's words."""
    found = error.errors()[0]
    field = str(found["loc"][0])
    if found["type"] == "missing":
        return f"the field {field!r} is missing"
    wanted = {
        "models": "the name of a model, or a list of names",
        "prompts": "the name of a prompt set, a CSV file, or a list of texts",
        "grid": "settings with a number or a list of numbers each, such as {duration: [5, 10]}",
        "seeds": "a list of whole numbers",
        "ranges": "settings with their low and high each, such as {guidance: [1, 6]}",
        "points": "how many points to draw in the ranges, a whole number",
        "design": "latin or random",
        "design_seed": "a whole number",
    }[field]
    where = ".".join([field, *[str(part) for part in found["loc"][1:2] if field in ("grid", "ranges")]])
    return f"{where} is {found['input']!r}: needed is {wanted}"
