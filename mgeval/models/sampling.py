"""Sampling settings of one clip: the ones that a sweep varies."""

from __future__ import annotations

import numbers
import reprlib
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from mgeval.errors import SamplingError

FRAME_RATE = 50
"""Codec frames (and decoding steps) in one second of MusicGen audio."""


class Limit(NamedTuple):
    """The valid range of one setting, the part of it that a slider covers, and its effect."""

    low: float
    high: float
    integer: bool
    slider_high: float
    step: float
    meaning: str


LIMITS: dict[str, Limit] = {
    "temperature": Limit(0, 10, False, 3, 0.05, "spread of the draw; 0 is greedy: always the likeliest code"),
    "top_k": Limit(0, 100_000, True, 1000, 10, "draw among the k likeliest codes only; 0 is off"),
    "top_p": Limit(0, 1, False, 1, 0.01, "draw among the likeliest codes that together have probability p; 0 is off"),
    "guidance": Limit(1, 100, False, 10, 0.25, "how strongly the prompt pulls (classifier-free guidance); 1 is none"),
    "duration": Limit(1 / FRAME_RATE, 3600, False, 30, 0.5, "seconds of audio"),
    "seed": Limit(0, 2**63 - 1, True, 9999, 1, "start of the clip's own random stream"),
    "extend_stride": Limit(1, 29, False, 29, 1, "beyond the trained length, seconds by which the window moves on"),
}
"""Every sampling setting with its valid range; there is no other list."""


@dataclass(frozen=True)
class Sampling:
    """The settings that, with a prompt and a model, determine one clip.

    Parameters
    ----------
    temperature : float
        Divides the logits before sampling. Values below 0.001, 0 included, are greedy. 0 to 10.
    top_k : int
        Keep the k likeliest codes. 0 means off.
    top_p : float
        Then keep the smallest set of likeliest codes whose probability reaches p. 0 (or 1) means
        off. 0 to 1. Filters apply in transformers' order: temperature, top-k, top-p.
    guidance : float
        Classifier-free guidance scale: ``unguided + guidance * (guided - unguided)`` on the
        logits. 1 means none. 1 to 100.
    duration : float
        Seconds. A clip has ``round(50 * duration)`` code frames. 0.02 to 3600.
    seed : int
        Seed of the clip's random stream, 0 to 2**63 - 1.
    extend_stride : float
        Seconds by which the window advances in clips longer than the model was trained for.
        1 to 29.

    Raises
    ------
    SamplingError
        A value is not a number or out of range; the message states the range.

    Examples
    --------
    >>> Sampling(duration=2).frames
    100
    >>> Sampling(temperature=-1)
    Traceback (most recent call last):
    ...
    mgeval.errors.SamplingError: temperature must be a number from 0 to 10, got -1
    """

    temperature: float = 1.0
    top_k: int = 250
    top_p: float = 0.0
    guidance: float = 3.0
    duration: float = 10.0
    seed: int = 0
    extend_stride: float = 18.0

    def __post_init__(self) -> None:
        for name in LIMITS:
            object.__setattr__(self, name, valid_setting(name, getattr(self, name)))

    @property
    def frames(self) -> int:
        """Code frames of the clip: ``round(50 * duration)``."""
        return round(FRAME_RATE * self.duration)

    def asdict(self) -> dict[str, Any]:
        """Return the settings by name, in the order of the signature."""
        return asdict(self)


def valid_range(name: str) -> str:
    """Return the valid values of a setting in words.

    Examples
    --------
    >>> valid_range("guidance")
    'numbers from 1 to 100'
    """
    return f"{'whole numbers' if LIMITS[name].integer else 'numbers'} {_bounds(name)}"


def _bounds(name: str) -> str:
    limit = LIMITS[name]
    high = "2**63 - 1" if limit.high == 2**63 - 1 else f"{limit.high:.12g}"
    return f"from {limit.low:g} to {high}"


def valid_setting(name: str, value: Any) -> int | float:
    """Return a setting's value as `Sampling` holds it, or raise its `SamplingError`."""
    limit = LIMITS[name]
    # numpy registers its numbers here, but not its booleans and arrays.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _invalid(name, value)
    # Seeds have 63 bits, more than a float can hold.
    number = int(value) if isinstance(value, numbers.Integral) else float(value)
    # False for NaN too, and safe for whole numbers beyond the range of floats.
    if not limit.low <= number <= limit.high:
        raise _invalid(name, value)
    if limit.integer:
        if number != int(number):
            raise _invalid(name, value)
        return int(number)
    # Turns -0.0 into 0.0: the same setting must have the same clip key.
    return float(number) + 0.0


def _invalid(name: str, value: Any) -> SamplingError:
    number = "a whole number" if LIMITS[name].integer else "a number"
    return SamplingError(f"{name} must be {number} {_bounds(name)}, got {reprlib.repr(value)}")
