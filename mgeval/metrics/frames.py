"""What all metrics share: checked input, short-time frames, and which of them count.

Frames last 400 ms and overlap by 75 %. A frame counts if its power, the mean over its samples and
channels, is above -70 dBFS (full scale squared is 0 dBFS) and within 40 dB of the clip's loudest
frame; ITU-R BS.1770-4 takes frames and floor the same.
"""

from __future__ import annotations

import numbers

import numpy as np

from mgeval.errors import MetricError

FRAME = 0.4
"""Length of a frame in seconds."""

STEPS = 4
"""Hops in a frame: frames overlap by 1 - 1/STEPS."""

FLOOR_DB = -70.0
RANGE_DB = 40.0

FLOOR = 10 ** (FLOOR_DB / 10)
"""Power of a frame at or below which it is silence."""

SILENT = "the clip is silent"
QUIET = "nothing in the clip is above -70 dBFS"
SHORT = "the clip is shorter than one frame of 400 ms"
BROKEN = "samples are NaN or Inf"
EMPTY = "there are no samples"

LOUDEST = 1e9
"""Sample, of full scale 1, above which powers in float32 would overflow: nothing but a broken file or model has it."""

BEYOND = f"a sample is above {LOUDEST:.0e} times full scale: this is no sound"


def as_samples(x: np.ndarray) -> np.ndarray:
    """Return ``x`` as a float array ``(channels, time)``, or say what is wrong with its shape."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        # Of integers the full scale is unknown: 16 or 24 bits, or 32 in which 24 are used.
        raise MetricError(f"samples are {x.dtype}, floating point numbers with full scale +-1 are needed")
    if x.dtype.itemsize not in (4, 8):
        # What a model decodes in half precision: its squares would underflow, and scipy does not take it.
        x = x.astype(np.float32 if x.dtype.itemsize < 4 else np.float64)
    if x.ndim == 1:
        x = x[None, :]
    if x.ndim != 2 or not 1 <= x.shape[0] <= 2:
        raise MetricError(f"samples have shape {x.shape}, need (channels, time) with 1 or 2 channels")
    return x


def hop(rate: int) -> int:
    """Return the samples from one frame to the next."""
    if not isinstance(rate, numbers.Real) or not rate > 0:
        raise MetricError(f"rate is {rate!r}, need a positive number of Hz")
    return max(round(FRAME / STEPS * rate), 1)


def frame_sums(hops: np.ndarray) -> np.ndarray:
    """Add up sums over hops, along the last axis, to sums over frames."""
    count = hops.shape[-1] - STEPS + 1
    if count < 1:
        return np.zeros((*hops.shape[:-1], 0))
    # Plain sums of four: a running sum would carry a loud frame's rounding into the quiet ones.
    return sum((hops[..., step : step + count] for step in range(1, STEPS)), start=hops[..., :count])


def power(x: np.ndarray, rate: int) -> np.ndarray:
    """Return the power of each frame, mean over samples and channels, shape ``(frames,)``."""
    width = hop(rate)
    count = x.shape[1] // width
    blocks = x[:, : count * width].reshape(x.shape[0], count, width)
    return frame_sums(np.einsum("cht,cht->h", blocks, blocks, dtype=np.float64)) / (x.shape[0] * width * STEPS)


def select_frames(powers: np.ndarray) -> np.ndarray:
    """Say which frames count, from their powers: bool, same shape."""
    if powers.size == 0:
        return np.zeros(0, bool)
    return (powers > FLOOR) & (powers >= powers.max() * 10 ** (-RANGE_DB / 10))
