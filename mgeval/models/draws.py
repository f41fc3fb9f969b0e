"""Random streams of clips, and drawing codes from what a decoder predicts."""

from __future__ import annotations

import hashlib
import math
from typing import Any, NamedTuple

import numpy as np

GREEDY_BELOW = 1e-3
"""Temperatures under which the division by them overflows; there the draw is greedy in all but name."""

RECORDED = ("log_likelihood", "entropy", "distance")
"""What is kept of every draw; see `Taken`."""


def uniforms(seed: int, prompt: str, codebooks: int, frames: int) -> np.ndarray:
    """Return the random numbers of a clip's own: one per codebook and frame.

    They come from a counter (Philox) under a key made of seed and prompt: they do not depend on
    anything that was drawn before, and those of a shorter clip begin those of a longer one. The prompt
    is in the key so that the clips of one seed are independent, while two settings of one prompt meet
    the same numbers.

    Returns
    -------
    numpy.ndarray
        float32 ``(codebooks, frames)``, multiples of 2**-23 from 0 to below 1.
    """
    digest = hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()
    stream = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
    # 23 bits: times a float32 sum, the largest still rounds to less than the sum.
    return ((stream.random_raw(frames * codebooks) >> 41) * 2.0**-23).astype(np.float32).reshape(frames, codebooks).T


class Settings(NamedTuple):
    """How each row draws, as tensors ``(rows, 1)``; the last three say what has to be computed at all.

    Parameters
    ----------
    temperature : torch.Tensor
        1 in greedy rows.
    greedy : torch.Tensor
        Whether the likeliest code is taken.
    top_k : torch.Tensor
        The number of codes kept, at least 1; all of them where the filter is off.
    top_p : torch.Tensor
        1 where off.
    most : int
        The largest ``top_k`` of a row that has it on.
    limited, nucleus : torch.Tensor, slice or None
        Rows that ``top_k`` and ``top_p`` have to look at, as an index. Sorting is most of the work, and
        rows without the filter can do without; but they may be among these.
    """

    temperature: Any
    greedy: Any
    top_k: Any
    top_p: Any
    most: int = 0
    limited: Any = None
    nucleus: Any = None


class Taken(NamedTuple):
    """Codes drawn, and what is recorded of them, each ``(rows, codebooks)``.

    `log_likelihood` is the code's, in nats, under the guided prediction at temperature 1, before any
    filter; `entropy` is that prediction's, in nats; `distance` is the total variation between the guided
    and the unguided prediction, from 0 to 1, NaN where there is no guidance.
    """

    codes: Any
    log_likelihood: Any
    entropy: Any
    distance: Any


def take(text: Any, plain: Any, guidance: Any, numbers: Any, settings: Settings) -> Taken:
    """Draw a code from each prediction.

    Parameters
    ----------
    text, plain : torch.Tensor
        Logits with and without the text, float32 ``(rows, codebooks, codes)``.
    guidance : torch.Tensor
        ``(rows,)``; where it is 1, ``plain`` does not matter.
    numbers : torch.Tensor
        ``(rows, codebooks)``, from 0 to below 1.
    settings : Settings
        How to draw.
    """
    import torch

    scale = guidance[:, None, None]
    logits = plain + (text - plain) * scale
    weights = kept(logits, settings)
    sums = weights.cumsum(-1)
    if sums.is_cuda:
        # A GPU adds up in parallel, and rounding can make a sum smaller than the one before.
        sums = sums.cummax(-1).values
    # The first code whose sum exceeds the number: never one of weight zero.
    drawn = torch.searchsorted(sums, numbers[..., None] * sums[..., -1:], right=True)
    # Sums of NaN are exceeded by nothing; the record tells of them.
    drawn = drawn.clamp(max=logits.shape[-1] - 1)
    codes = torch.where(settings.greedy[..., None], logits.argmax(-1, keepdim=True), drawn)
    codes = codes[..., 0]
    return Taken(codes, *recorded(logits, plain, guidance, codes))


def recorded(logits: Any, plain: Any, guidance: Any, codes: Any) -> tuple[Any, Any, Any]:
    """Return what is recorded of codes drawn from guided ``logits``, in the order of `RECORDED`."""
    import torch

    logs = torch.log_softmax(logits, -1)
    chances = logs.exp()
    distance = (chances - torch.softmax(plain, -1)).abs().sum(-1) / 2
    return (
        logs.gather(-1, codes[..., None])[..., 0],
        -(chances * logs).sum(-1),
        distance.masked_fill(guidance[:, None] == 1, math.nan),
    )


def kept(logits: Any, settings: Settings) -> Any:
    """Return weights in proportion to the probabilities that the filters leave, in transformers' order.

    Temperature, then the k likeliest, then the fewest likeliest of these whose probability reaches p.
    """
    import torch

    logits = logits / settings.temperature[..., None]
    weights = (logits - logits.amax(-1, keepdim=True)).exp()
    if (rows := settings.limited) is not None:
        part, most, top_k = logits[rows], settings.most, settings.top_k[rows, None]
        best = torch.topk(part, most, -1).values
        least = best.gather(-1, (top_k.clamp(max=most) - 1).expand(*part.shape[:2], 1))
        weights[rows] = weights[rows] * (part >= least.masked_fill(top_k > most, -math.inf))
    if (rows := settings.nucleus) is not None:
        part, top_p = weights[rows], settings.top_p[rows, None]
        ascending = part.sort(-1).values
        sums = ascending.cumsum(-1)
        below = (sums <= (1 - top_p) * sums[..., -1:]).sum(-1, keepdim=True)
        least = ascending.gather(-1, below.clamp(max=logits.shape[-1] - 1))
        weights[rows] = part * (part >= least.masked_fill(top_p >= 1, 0))
    return weights
