"""What stands in a form's fields: texts, read as the settings that they are meant to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mgeval.errors import MgevalError
from mgeval.models import LIMITS, Sampling, valid_range, valid_setting
from mgeval.wording import plain_number


def controls() -> list[dict[str, Any]]:
    """Return what a page draws for each setting: its name, valid range and meaning, and the ends of its slider.

    A slider covers the usual part of the range. A seed has none: none reaches over 63 bits.
    """
    default = Sampling()
    found = []
    for name, limit in LIMITS.items():
        one = {"name": name, "label": name.replace("_", " "), "meaning": limit.meaning, "valid": valid_range(name)}
        if name != "seed":
            # The lowest valid place on the slider's own grid: steps from 0.02 would never meet 10.
            low = math.ceil(limit.low / limit.step) * limit.step
            one |= {"low": low, "high": limit.slider_high, "step": limit.step}
        found.append({**one, "default": str(plain_number(getattr(default, name)))})
    return found


def texts_of(sampling: Sampling, widget: Any = None) -> dict[str, str]:
    """Return settings as texts by name, as a synced trait sends them: no page counts as far as a seed can go."""
    return {name: str(plain_number(value)) for name, value in sampling.asdict().items()}


def sampling_of(texts: Mapping[str, Any], before: Sampling) -> tuple[Sampling, dict[str, str]]:
    """Return the settings that stand in fields, as far as they are valid, else those before; and what is wrong."""
    values, wrong = before.asdict(), {}
    for name, text in texts.items():
        try:
            values[name] = setting(name, text)
        except MgevalError as error:
            wrong[name] = str(error)
    return Sampling(**values), wrong


def setting(name: str, text: Any) -> int | float:
    """Return a setting as a field has it, or raise the `SamplingError` that says what is valid."""
    return valid_setting(name, _read(str(text).strip()))


def _read(text: str) -> int | float | str:
    # Not int(float(text)): seeds have 63 bits.
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
