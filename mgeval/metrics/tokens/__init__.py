"""What a model sampled: the codes of a clip, and what it predicted when it drew them.

Codes are int ``(codebooks, frames)``; of a stereo model even rows are left, odd rows right, and
rows 2k and 2k + 1 are a pair, the k-th codebook of both sides. Predictions are float
``(codebooks, frames)`` arrays ``log_likelihood``, ``entropy`` (nats, of the guided prediction before
temperature and filters) and ``distance`` (total variation between the guided and the unguided
prediction); NaN where a code was given.

Every measure of a clip takes `Tokens` and returns a float; where it has no meaning - no codes, no
predictions, a mono model - it is `Undefined`, a NaN with a reason. What needs many clips stands in
`mgeval.metrics.tokens.pooled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.registry import metric
from mgeval.metrics.tokens.pooled import codebook_usage, side_information
from mgeval.metrics.undefined import Undefined

__all__ = [
    "Tokens", "by_codebook", "code_perplexity", "code_variety", "codebook_usage", "curves", "entropy",
    "exact_repetition", "guidance_distance", "log_likelihood", "longest_repeat", "repeated", "side_agreement",
    "side_information",
]  # fmt: skip

REPEAT = 25
"""Frames from which on a repetition counts: half a second of MusicGen's codes."""

NO_CODES = "there are no codes"
NO_PREDICTIONS = "the model kept no predictions"
UNGUIDED = "the clip was made without guidance"
GIVEN = "all codes were given, none was drawn"
MONO_MODEL = "the model is mono"
FEW_FRAMES = "the clip has no more frames than a repetition needs"


@dataclass(frozen=True, eq=False)
class Tokens:
    """The codes of one clip and their predictions.

    Parameters
    ----------
    codes : array_like of int
        ``(codebooks, frames)``.
    predictions : mapping of str to numpy.ndarray
        ``log_likelihood``, ``entropy`` and ``distance``, ``(codebooks, frames)``; empty where none were kept.
    channels : int
        2 if even rows are left and odd rows right, else 1.

    Raises
    ------
    MetricError
        The shapes do not fit.
    """

    codes: np.ndarray
    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    channels: int = 2

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes)
        if codes.ndim != 2 or codes.dtype.kind not in "iu":
            raise MetricError(f"codes are {codes.dtype} of shape {codes.shape}, need integers (codebooks, frames)")
        if self.channels == 2 and len(codes) % 2:
            raise MetricError(f"codes of a stereo clip have {len(codes)} rows, need pairs of left and right")
        for name, values in self.predictions.items():
            if np.shape(values) != codes.shape:
                raise MetricError(f"{name} has shape {np.shape(values)}, the codes {codes.shape}")
        object.__setattr__(self, "codes", codes)

    @cached_property
    def names(self) -> np.ndarray:
        """A number for each frame, ``(frames,)``: the same for frames all of whose codes are the same."""
        return np.unique(self.codes, axis=1, return_inverse=True)[1].reshape(-1)


@metric(
    unit="nats",
    high=0,
    channels="tokens",
    label="Log likelihood",
    meaning="how expected the codes drawn were to the model, per code",
    caveat="of the guided prediction at temperature 1",
)
def log_likelihood(tokens: Tokens) -> float:
    """Mean log likelihood of the codes drawn: how expected the clip was to the model.

    Mean over codebooks and frames of ``log p(code)``, p the guided prediction at temperature 1
    before any filter.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    float
        Nats per code, at most 0. Codes that were given do not count. `Undefined` without predictions.
    """
    return _mean_prediction(tokens, "log_likelihood")


@metric(
    unit="nats",
    low=0,
    channels="tokens",
    label="Entropy of the prediction",
    meaning="how undecided the model was, per code",
    caveat="of the guided prediction at temperature 1",
)
def entropy(tokens: Tokens) -> float:
    """Mean entropy of the predictions: how undecided the model was.

    Mean over codebooks and frames of ``-sum p log p``, p the guided prediction at temperature 1
    before any filter.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    float
        Nats per code, 0 to the log of the codebook's size (7.62 for 2048 codes). `Undefined` without
        predictions.
    """
    return _mean_prediction(tokens, "entropy")


@metric(
    low=0,
    high=1,
    channels="tokens",
    label="Distance by guidance",
    meaning="how much the prompt decides: total variation between guided and unguided prediction",
    caveat="NaN without guidance",
)
def guidance_distance(tokens: Tokens) -> float:
    """Distance between guided and unguided prediction: how much the prompt decides.

    Mean over codebooks and frames of the total variation ``sum |p - q| / 2``.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    float
        0 (the prompt changes nothing) to 1, no unit. `Undefined` without guidance.
    """
    return _mean_prediction(tokens, "distance", UNGUIDED)


def _mean_prediction(tokens: Tokens, name: str, nothing: str = GIVEN) -> float:
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    if name not in tokens.predictions:
        return Undefined(NO_PREDICTIONS)
    values = np.asarray(tokens.predictions[name], np.float64)
    there = np.isfinite(values)
    return float(values[there].mean()) if there.any() else Undefined(nothing)


@metric(
    low=0,
    high=1,
    channels="tokens",
    label="Code variety",
    meaning="different codes by frames, mean over codebooks",
    caveat="falls with the length of a clip",
)
def code_variety(tokens: Tokens) -> float:
    """How many different codes there are: distinct codes by frames, mean over codebooks.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        Above 0 to 1, no unit. It falls with the length: compare clips of one duration.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    return float(np.mean([len(np.unique(row)) for row in tokens.codes]) / tokens.codes.shape[1])


@metric(
    low=1,
    channels="tokens",
    label="Code perplexity",
    meaning="how many codes a codebook uses, if all were used alike",
    caveat="grows with the length of a clip",
)
def code_perplexity(tokens: Tokens) -> float:
    """Perplexity of the codes' usage, mean over codebooks: how many codes, if all were used alike.

    ``exp(-sum u log u)``, u the share of frames that hold a code.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        At least 1 (always the same code), no unit; it grows with the length of a clip.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    return float(np.mean([_perplexity(row) for row in tokens.codes]))


def _perplexity(codes: np.ndarray) -> float:
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(np.exp(-(shares * np.log(shares)).sum()))


@metric(
    low=0,
    high=1,
    channels="tokens",
    label="Left/right agreement",
    meaning="share of equal codes in the pairs of left and right: 1 mono",
    caveat="NaN for mono models",
)
def side_agreement(tokens: Tokens) -> float:
    """Agreement of left and right: share of the pairs of codes that are equal.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        0 to 1, no unit; a mono signal reads 1. `Undefined` for mono models.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    return Undefined(MONO_MODEL) if tokens.channels == 1 else float(np.mean(tokens.codes[::2] == tokens.codes[1::2]))


@metric(
    low=0,
    high=1,
    better="lower",
    channels="tokens",
    label="Exact repetition",
    meaning="share of frames in a stretch of half a second or more that stands elsewhere, code for code",
    caveat="silence repeats too",
)
def exact_repetition(tokens: Tokens) -> float:
    """Share of the frames in a stretch of at least 25 frames (0.5 s) that stands elsewhere in the clip, code for code.

    All codebooks must agree. The two stretches may overlap: a model that is stuck on one frame repeats it.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        0 to 1, no unit; the first occurrence counts as well. `Undefined` for clips of at most 25 frames.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    return float(repeated(tokens).mean()) if tokens.codes.shape[1] > REPEAT else Undefined(FEW_FRAMES)


@metric(
    unit="frames",
    low=0,
    better="lower",
    channels="tokens",
    label="Longest repeat",
    meaning="length of the longest stretch that stands twice, code for code",
    caveat="the two may overlap",
)
def longest_repeat(tokens: Tokens) -> float:
    """Length of the longest stretch of frames that stands twice in the clip, code for code; the two may overlap.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        Frames (MusicGen: 50 a second), 0 to one less than the clip has.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    low, high = 0, tokens.codes.shape[1]
    # What repeats at a length repeats at all shorter ones.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _occurs_again(_number_stretches(tokens.names, middle)).any() else (low, middle)
    return float(low)


def repeated(tokens: Tokens, length: int = REPEAT) -> np.ndarray:
    """Say which frames lie in a stretch of ``length`` frames that stands elsewhere too.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.
    length : int
        Frames, at least 1.

    Returns
    -------
    numpy.ndarray
        bool ``(frames,)``.
    """
    found = np.zeros(tokens.codes.shape[1], bool)
    if len(found) < length:
        return found
    starts = np.flatnonzero(_occurs_again(_number_stretches(tokens.names, length)))
    edges = np.zeros(len(found) + 1, int)
    edges[starts] += 1
    np.subtract.at(edges, starts + length, 1)
    return edges.cumsum()[:-1] > 0


def _number_stretches(names: np.ndarray, length: int) -> np.ndarray:
    """Return a number for every stretch of ``length`` frames: the same for the same stretch.

    By doubling: a stretch is two overlapping ones of half its length or more, so that a pair of
    numbers names it. Nothing is hashed, so nothing collides.
    """
    known = 1
    while known < length:
        step = min(known, length - known)
        pairs = names[: len(names) - step] * (len(names) + 1) + names[step:]
        names, known = np.unique(pairs, return_inverse=True)[1].reshape(-1), known + step
    return names


def _occurs_again(names: np.ndarray) -> np.ndarray:
    return np.bincount(names)[names] > 1 if len(names) else np.zeros(0, bool)


def curves(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return how a clip's tokens behave over time, for plots: where a failure began.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    dict of str to numpy.ndarray
        Each float ``(frames,)``: the predictions' means over codebooks (NaN where all codes were given),
        ``agreement``, the share of the pairs that are equal (stereo models), and ``repeated``, 1 in
        stretches that stand elsewhere too.
    """
    drawn = {name: _finite_means(values, 0) for name, values in tokens.predictions.items()}
    if tokens.channels == 2:
        drawn["agreement"] = (tokens.codes[::2] == tokens.codes[1::2]).mean(axis=0)
    return drawn | {"repeated": repeated(tokens).astype(float)}


def by_codebook(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return a clip's tokens by codebook: whether the coarse ones, which come first, or those of detail behave oddly.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    dict of str to numpy.ndarray
        Each float ``(codebooks,)``, of a stereo model left and right in turns: the predictions' means over frames (NaN
        where all codes were given), whose mean is `entropy`, `log_likelihood` and `guidance_distance` where no code
        was given; and ``perplexity`` of the codes' usage, whose mean is `code_perplexity`. Empty without codes.
    """
    if tokens.codes.size == 0:
        return {}
    means = {name: _finite_means(values, 1) for name, values in tokens.predictions.items()}
    return means | {"perplexity": np.array([_perplexity(row) for row in tokens.codes])}


def _finite_means(values: np.ndarray, axis: int) -> np.ndarray:
    """Average what is finite; NaN where nothing is."""
    there = np.isfinite(values)
    sums = np.where(there, values, 0).sum(axis=axis, dtype=np.float64)
    return np.divide(sums, there.sum(axis=axis), out=np.full(len(sums), np.nan), where=there.any(axis=axis))
