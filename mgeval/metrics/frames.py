"""What all metrics share: checked input, short-time frames, and the choice of frames that count.

Frames last 400 ms and overlap by 75 %. A frame counts if its power, the mean over its samples and
channels, is above -70 dBFS (full scale squared is 0 dBFS) and within 40 dB of the clip's loudest
frame; ITU-R BS.1770-4 uses the same frames and the same floor.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from mgeval.errors import MetricError

FRAME = 0.4
"""Length of a frame in seconds."""

STEPS = 4
"""Hops in a frame: frames overlap by 1 - 1/STEPS."""

FLOOR_DB = -70.0
RANGE_DB = 40.0

FLOOR = 10 ** (FLOOR_DB / 10)
"""A frame with at most this power is silent."""

SILENT = "the clip is silent"
QUIET = "nothing in the clip is above -70 dBFS"
SHORT = "the clip is shorter than one frame of 400 ms"
BROKEN = "some samples are NaN or Inf"
EMPTY = "there are no samples"

LOUDEST = 1e9
"""Largest sample (full scale is 1) whose power does not overflow in float32: only a broken file or model exceeds it."""

BEYOND = f"a sample exceeds {LOUDEST:.0e} times full scale: this is not sound"


def as_samples(x: np.ndarray) -> np.ndarray:
    """Return ``x`` as a float array ``(channels, time)``; raise `MetricError` if it is not one."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        # The full scale of integers is unknown: they may have 16 or 24 bits, or use 24 of 32.
        raise MetricError(f"samples must be floating point numbers with full scale +-1, got {x.dtype}")
    if x.dtype.itemsize not in (4, 8):
        # Models decode in half precision: squares would underflow, and scipy does not accept it.
        x = x.astype(np.float32 if x.dtype.itemsize < 4 else np.float64)
    if x.ndim == 1:
        x = x[None, :]
    if x.ndim != 2 or not 1 <= x.shape[0] <= 2:
        raise MetricError(f"samples must have shape (channels, time) with 1 or 2 channels, got {x.shape}")
    return x


def check_rate(rate: Any) -> int:
    """Return the rate; raise `MetricError` if it is not a positive number."""
    valid = isinstance(rate, numbers.Real) and float(rate) > 0
    if not valid:
        raise MetricError(f"rate must be a positive number of Hz, got {rate!r}")
    return rate


def hop(rate: int) -> int:
    """Return the number of samples from one frame to the next."""
    return max(round(FRAME / STEPS * check_rate(rate)), 1)


def frame_sums(hops: np.ndarray) -> np.ndarray:
    """Return sums over frames from sums over hops, along the last axis."""
    count = hops.shape[-1] - STEPS + 1
    if count < 1:
        return np.zeros((*hops.shape[:-1], 0))
    # Plain sums of four: a running sum would carry the rounding of a loud frame into quiet ones.
    return sum((hops[..., step : step + count] for step in range(1, STEPS)), start=hops[..., :count])


def power(x: np.ndarray, rate: int) -> np.ndarray:
    """Return the power of each frame, mean over samples and channels, ``(frames,)``."""
    width = hop(rate)
    count = x.shape[1] // width
    blocks = x[:, : count * width].reshape(x.shape[0], count, width)
    return frame_sums(np.einsum("cht,cht->h", blocks, blocks, dtype=np.float64)) / (x.shape[0] * width * STEPS)


def select_frames(powers: np.ndarray) -> np.ndarray:
    """Return which frames count, given their powers: bool, same shape."""
    if powers.size == 0:
        return np.zeros(0, bool)
    return (powers > FLOOR) & (powers >= powers.max() * 10 ** (-RANGE_DB / 10))
