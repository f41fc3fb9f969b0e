"""Random numbers of clips, and sampling of codes from a decoder's predictions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

GREEDY_BELOW = 1e-3
"""Sampling is greedy below this temperature, where division by it overflows; the result is the same."""

RECORDED = ("log_likelihood", "entropy", "distance")
"""Statistics of every draw; see `Draw`."""


def uniforms(seed: int, prompt: str, codebooks: int, frames: int) -> np.ndarray:
    """Return the random numbers of a clip: one per codebook and frame.

    They come from a counter-based generator (Philox) whose key is a hash of seed and prompt: they do not depend on
    earlier draws, and those of a shorter clip are the beginning of those of a longer one. The prompt
    is in the key so that the clips of one seed are independent, while two settings of one prompt use
    the same numbers.

    Returns
    -------
    numpy.ndarray
        float32 ``(codebooks, frames)``, multiples of 2**-23 from 0 to below 1.
    """
    digest = hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()
    stream = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
    # 23 bits: the largest number times a float32 sum still rounds to less than the sum.
    return ((stream.random_raw(frames * codebooks) >> 41) * 2.0**-23).astype(np.float32).reshape(frames, codebooks).T


class Filter(NamedTuple):
    """Rows that `filtered_weights` has to filter. Sorting dominates its cost, so it skips all other rows.

    Parameters
    ----------
    rows : torch.Tensor or slice
        The rows.
    most : int
        Number of likeliest codes to consider: the largest ``top_k`` among the rows, or all codes if a row has
        ``top_p`` alone.
    nucleus : bool
        Whether any row has ``top_p`` on.
    alike : bool
        Whether ``top_k`` is ``most`` in all rows: then the order of the codes does not matter.
    """

    rows: Any
    most: int
    nucleus: bool
    alike: bool


class Settings(NamedTuple):
    """The settings of each row, as tensors ``(rows, 1)``, and the filters of the rows.

    Parameters
    ----------
    temperature : torch.Tensor
        1 in greedy rows.
    greedy : torch.Tensor
        Whether to take the likeliest code.
    top_k : torch.Tensor
        The number of codes to keep, at least 1; all codes if the filter is off.
    top_p : torch.Tensor
        1 if the filter is off.
    filters : list of Filter
        Each row is in at most one. A filter may include rows without any filter on.
    """

    temperature: Any
    greedy: Any
    top_k: Any
    top_p: Any
    filters: Sequence[Filter] = ()


class Draw(NamedTuple):
    """Sampled codes and their statistics, each ``(rows, codebooks)``.

    `log_likelihood` is that of the code, in nats, under the guided prediction at temperature 1, before any
    filter; `entropy` is that of the same prediction, in nats; `distance` is the total variation between the guided
    and the unguided prediction, from 0 to 1, NaN without guidance.
    """

    codes: Any
    log_likelihood: Any
    entropy: Any
    distance: Any


def draw_codes(text: Any, plain: Any, guidance: Any, numbers: Any, settings: Settings) -> Draw:
    """Sample a code from each prediction.

    Parameters
    ----------
    text, plain : torch.Tensor
        Logits with and without the text, float32 ``(rows, codebooks, codes)``.
    guidance : torch.Tensor
        ``(rows,)``; ``plain`` does not matter for rows where it is 1.
    numbers : torch.Tensor
        ``(rows, codebooks)``, from 0 to below 1.
    settings : Settings
        Settings of each row.
    """
    import torch

    scale = guidance[:, None, None]
    logits = plain + (text - plain) * scale
    weights = filtered_weights(logits, settings)
    sums = weights.cumsum(-1)
    if sums.is_cuda:
        # A GPU computes the sums in parallel, and rounding can make a sum smaller than the one before.
        sums = sums.cummax(-1).values
    # The first code whose sum exceeds the number: its weight is never zero.
    sampled = torch.searchsorted(sums, numbers[..., None] * sums[..., -1:], right=True)
    # No sum exceeds NaN, so the index can be out of range; the record shows the NaN.
    sampled = sampled.clamp(max=logits.shape[-1] - 1)
    codes = torch.where(settings.greedy[..., None], logits.argmax(-1, keepdim=True), sampled)
    codes = codes[..., 0]
    return Draw(codes, *record_draws(logits, plain, guidance, codes))


def record_draws(logits: Any, plain: Any, guidance: Any, codes: Any) -> tuple[Any, Any, Any]:
    """Return the statistics of codes that were sampled from guided ``logits``, in the order of `RECORDED`."""
    import torch

    logs = torch.log_softmax(logits, -1)
    probabilities = logs.exp()
    distance = (probabilities - torch.softmax(plain, -1)).abs().sum(-1) / 2
    return (
        logs.gather(-1, codes[..., None])[..., 0],
        -(probabilities * logs).sum(-1),
        distance.masked_fill(guidance[:, None] == 1, math.nan),
    )


def filtered_weights(logits: Any, settings: Settings) -> Any:
    """Return weights proportional to the filtered probabilities, with the filters in transformers' order.

    Temperature, then the k likeliest codes, then the smallest set of the likeliest of these whose probability
    reaches p.
    """
    logits = logits / settings.temperature[..., None]
    weights = (logits - logits.amax(-1, keepdim=True)).exp()
    for row_filter in settings.filters:
        rows = row_filter.rows
        part, top_k, top_p = logits[rows], settings.top_k[rows, None], settings.top_p[rows, None]
        weights[rows] *= part >= _lowest_logit(part, top_k, top_p, row_filter)
    return weights


def _lowest_logit(logits: Any, top_k: Any, top_p: Any, row_filter: Filter) -> Any:
    """Return the lowest logit that passes the filters in each row, ``(rows, codebooks, 1)``."""
    import torch

    best = torch.topk(logits, row_filter.most, -1, sorted=row_filter.nucleus or not row_filter.alike).values
    if row_filter.alike:
        least = best.amin(-1, keepdim=True)
    else:
        least = best.gather(-1, (top_k.clamp(max=row_filter.most) - 1).expand(*best.shape[:2], 1))
        least = least.masked_fill(top_k > row_filter.most, -math.inf)
    if not row_filter.nucleus:
        return least
    weights = ((best - best[..., :1]).exp() * (best >= least)).flip(-1)
    sums = weights.cumsum(-1)
    below = (sums <= (1 - top_p) * sums[..., -1:]).sum(-1, keepdim=True)
    nucleus_least = best.gather(-1, (row_filter.most - 1 - below).clamp(min=0))
    return torch.maximum(least, nucleus_least.masked_fill(top_p >= 1, -math.inf))
