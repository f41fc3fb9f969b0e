"""Random streams of clips, and drawing codes from what a decoder predicts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
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


class Filter(NamedTuple):
    """Rows whose codes `kept` has to choose from. Sorting is most of its work: other rows do without.

    Parameters
    ----------
    rows : torch.Tensor or slice
        Which.
    most : int
        How many of the likeliest codes to look at: the largest ``top_k`` of the rows that have it on, or
        all codes if one has ``top_p`` alone.
    nucleus : bool
        Whether ``top_p`` is on in any of them.
    alike : bool
        Whether all have ``top_k`` at ``most``: then their order does not matter.
    """

    rows: Any
    most: int
    nucleus: bool
    alike: bool


class Settings(NamedTuple):
    """How each row draws, as tensors ``(rows, 1)``, and the filters that are on in any.

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
    filters : list of Filter
        No row stands in two. They may hold rows that have no filter on.
    """

    temperature: Any
    greedy: Any
    top_k: Any
    top_p: Any
    filters: Sequence[Filter] = ()


class Draw(NamedTuple):
    """Codes drawn, and what is record_draws of them, each ``(rows, codebooks)``.

    `log_likelihood` is the code's, in nats, under the guided prediction at temperature 1, before any
    filter; `entropy` is that prediction's, in nats; `distance` is the total variation between the guided
    and the unguided prediction, from 0 to 1, NaN where there is no guidance.
    """

    codes: Any
    log_likelihood: Any
    entropy: Any
    distance: Any


def draw_codes(text: Any, plain: Any, guidance: Any, numbers: Any, settings: Settings) -> Draw:
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
    weights = filtered_weights(logits, settings)
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
    return Draw(codes, *record_draws(logits, plain, guidance, codes))


def record_draws(logits: Any, plain: Any, guidance: Any, codes: Any) -> tuple[Any, Any, Any]:
    """Return what is record_draws of codes drawn from guided ``logits``, in the order of `RECORDED`."""
    import torch

    logs = torch.log_softmax(logits, -1)
    chances = logs.exp()
    distance = (chances - torch.softmax(plain, -1)).abs().sum(-1) / 2
    return (
        logs.gather(-1, codes[..., None])[..., 0],
        -(chances * logs).sum(-1),
        distance.masked_fill(guidance[:, None] == 1, math.nan),
    )


def filtered_weights(logits: Any, settings: Settings) -> Any:
    """Return weights in proportion to the probabilities that the filters leave, in transformers' order.

    Temperature, then the k likeliest, then the fewest likeliest of these whose probability reaches p.
    """

    logits = logits / settings.temperature[..., None]
    weights = (logits - logits.amax(-1, keepdim=True)).exp()
    for one in settings.filters:
        part, top_k, top_p = logits[one.rows], settings.top_k[one.rows, None], settings.top_p[one.rows, None]
        weights[one.rows] *= part >= _least(part, top_k, top_p, one)
    return weights


def _least(logits: Any, top_k: Any, top_p: Any, how: Filter) -> Any:
    """Return the least logit that the filters leave of each row, ``(rows, codebooks, 1)``."""
    import torch

    best = torch.topk(logits, how.most, -1, sorted=how.nucleus or not how.alike).values
    if how.alike:
        least = best.amin(-1, keepdim=True)
    else:
        least = best.gather(-1, (top_k.clamp(max=how.most) - 1).expand(*best.shape[:2], 1))
        least = least.masked_fill(top_k > how.most, -math.inf)
    if not how.nucleus:
        return least
    chances = ((best - best[..., :1]).exp() * (best >= least)).flip(-1)
    sums = chances.cumsum(-1)
    below = (sums <= (1 - top_p) * sums[..., -1:]).sum(-1, keepdim=True)
    likely = best.gather(-1, (how.most - 1 - below).clamp(min=0))
    return torch.maximum(least, likely.masked_fill(top_p >= 1, -math.inf))
