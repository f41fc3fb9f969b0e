"""The fields of a form: texts that are read as settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mgeval.errors import MgevalError
from mgeval.models import LIMITS, Sampling, valid_range, valid_setting
from mgeval.wording import plain_number


def setting_fields() -> list[dict[str, Any]]:
    """Return a field for each setting: its name, valid range and meaning, and the ends of its slider.

    A slider covers the usual part of the range. The seed has no slider, because it has 63 bits.
    """
    default = Sampling()
    fields = []
    for name, limit in LIMITS.items():
        field: dict[str, Any] = {
            "name": name,
            "label": name.replace("_", " "),
            "meaning": limit.meaning,
            "valid": valid_range(name),
        }
        if name != "seed":
            # The lowest valid value on the grid of the slider: steps of 1 from 0.02 would never reach 10.
            low = math.ceil(limit.low / limit.step) * limit.step
            field |= {"low": low, "high": limit.slider_high, "step": limit.step}
        fields.append({**field, "default": str(plain_number(getattr(default, name)))})
    return fields


def texts_of(sampling: Sampling, widget: Any = None) -> dict[str, str]:
    """Return settings as texts by name, for a synced trait: numbers in JavaScript are too small for a seed."""
    return {name: str(plain_number(value)) for name, value in sampling.asdict().items()}


def sampling_of(texts: Mapping[str, Any], before: Sampling) -> tuple[Sampling, dict[str, str]]:
    """Return the valid settings of the fields, with earlier values for invalid ones, and the errors by name."""
    values = before.asdict()
    errors: dict[str, str] = {}
    for name, text in texts.items():
        try:
            values[name] = setting(name, text)
        except MgevalError as error:
            errors[name] = str(error)
    return Sampling(**values), errors


def setting(name: str, text: Any) -> int | float:
    """Return the value of a setting from the text of a field; raise `SamplingError` if it is invalid."""
    return valid_setting(name, _parse_number(str(text).strip()))


def _parse_number(text: str) -> int | float | str:
    # Not int(float(text)): a float cannot hold the 63 bits of a seed.
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
