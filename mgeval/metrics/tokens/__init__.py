"""What a model sampled: the codes of a clip, and its predictions while sampling.

Codes are int ``(codebooks, frames)``; for a stereo model even rows are left, odd rows right, and
rows 2k and 2k + 1 are a pair, the k-th codebook of both sides. Predictions are float
``(codebooks, frames)`` arrays ``log_likelihood``, ``entropy`` (nats, of the guided prediction before
temperature and filters) and ``distance`` (total variation between the guided and the unguided
prediction); NaN where a code was given.

Every measure of a clip takes `Tokens` and returns a float; where it is not defined - no codes, no
predictions, a mono model - it is `Undefined`, a NaN with a reason. For measures of many clips see
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
"""Length of the shortest repetition that counts, in frames: half a second for MusicGen."""

NO_CODES = "the clip has no codes"
NO_PREDICTIONS = "the model stored no predictions"
UNGUIDED = "the clip was generated without guidance"
GIVEN = "all codes were given, none was sampled"
MONO_MODEL = "the model is mono"
FEW_FRAMES = "the clip has too few frames for a repetition"


@dataclass(frozen=True, eq=False)
class Tokens:
    """The codes of one clip and their predictions.

    Parameters
    ----------
    codes : array_like of int
        ``(codebooks, frames)``.
    predictions : mapping of str to numpy.ndarray
        ``log_likelihood``, ``entropy`` and ``distance``, ``(codebooks, frames)``; empty if none were stored.
    channels : int
        2 if even rows are left and odd rows right, else 1.

    Raises
    ------
    MetricError
        The shapes do not match.
    """

    codes: np.ndarray
    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    channels: int = 2

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes)
        if codes.ndim != 2 or codes.dtype.kind not in "iu":
            raise MetricError(f"codes must be integers (codebooks, frames), got {codes.dtype} of shape {codes.shape}")
        if self.channels == 2 and len(codes) % 2:
            raise MetricError(f"codes of a stereo clip must be pairs of left and right, got {len(codes)} rows")
        for name, values in self.predictions.items():
            if np.shape(values) != codes.shape:
                raise MetricError(f"{name} must have the shape of the codes, {codes.shape}, got {np.shape(values)}")
        object.__setattr__(self, "codes", codes)

    @cached_property
    def names(self) -> np.ndarray:
        """A number for each frame, ``(frames,)``, equal for frames whose codes are all equal."""
        return np.unique(self.codes, axis=1, return_inverse=True)[1].reshape(-1)


@metric(
    unit="nats",
    high=0,
    channels="tokens",
    label="Log likelihood",
    meaning="mean log probability of the sampled codes under the model, per code",
    caveat="under the guided prediction at temperature 1, before any filter",
)
def log_likelihood(tokens: Tokens) -> float:
    """Mean log likelihood of the sampled codes: how probable the clip was to the model.

    Mean over codebooks and frames of ``log p(code)``, where p is the guided prediction at temperature 1
    before any filter.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    float
        Nats per code, at most 0. Given codes are ignored. `Undefined` without predictions.
    """
    return _mean_prediction(tokens, "log_likelihood")


@metric(
    unit="nats",
    low=0,
    channels="tokens",
    label="Entropy of the prediction",
    meaning="mean entropy of the model's predictions, per code: how uncertain the model was",
    caveat="of the guided prediction at temperature 1, before any filter",
)
def entropy(tokens: Tokens) -> float:
    """Mean entropy of the predictions: how uncertain the model was.

    Mean over codebooks and frames of ``-sum p log p``, where p is the guided prediction at temperature 1
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
    meaning="how much the prompt matters: mean total variation distance of the guided and unguided predictions",
    caveat="NaN for clips generated without guidance",
)
def guidance_distance(tokens: Tokens) -> float:
    """Distance between guided and unguided prediction: how much the prompt matters.

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


def _mean_prediction(tokens: Tokens, name: str, reason: str = GIVEN) -> float:
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    if name not in tokens.predictions:
        return Undefined(NO_PREDICTIONS)
    values = np.asarray(tokens.predictions[name], np.float64)
    finite = np.isfinite(values)
    return float(values[finite].mean()) if finite.any() else Undefined(reason)


@metric(
    low=0,
    high=1,
    channels="tokens",
    label="Code variety",
    meaning="number of distinct codes divided by the number of frames, mean over codebooks",
    caveat="falls with the length of a clip: compare only clips of the same duration",
)
def code_variety(tokens: Tokens) -> float:
    """Return the number of distinct codes divided by the number of frames, mean over codebooks.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        Above 0, at most 1, no unit. It falls with the length: compare only clips of the same duration.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    return float(np.mean([len(np.unique(row)) for row in tokens.codes]) / tokens.codes.shape[1])


@metric(
    low=1,
    channels="tokens",
    label="Code perplexity",
    meaning="effective number of codes in use, mean over codebooks",
    caveat="grows with the length of a clip: compare only clips of the same duration",
)
def code_perplexity(tokens: Tokens) -> float:
    """Perplexity of code usage, mean over codebooks: the effective number of codes in use.

    ``exp(-sum u log u)``, where u is the share of frames that hold a code.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        At least 1 (always the same code), no unit. It grows with the length of a clip.
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
    meaning="share of the pairs of left and right codes that are equal: 1 for a mono signal",
    caveat="NaN for mono models",
)
def side_agreement(tokens: Tokens) -> float:
    """Agreement of left and right: the share of their pairs of codes that are equal.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        0 to 1, no unit; a mono signal gives 1. `Undefined` for mono models.
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
    meaning="share of frames in a stretch of 25 or more frames (0.5 s) that occurs again, code for code",
    caveat="silence counts as repetition, too",
)
def exact_repetition(tokens: Tokens) -> float:
    """Share of the frames in a stretch of at least 25 frames (0.5 s) that occurs again in the clip, code for code.

    All codebooks must agree. The two stretches may overlap, as with a model that is stuck on one frame.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        0 to 1, no unit; the first occurrence counts, too. `Undefined` for clips of at most 25 frames.
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
    meaning="length of the longest stretch of frames that occurs twice, code for code",
    caveat="the two occurrences may overlap; MusicGen has 50 frames a second",
)
def longest_repeat(tokens: Tokens) -> float:
    """Length of the longest stretch of frames that occurs twice in the clip, code for code; the two may overlap.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes.

    Returns
    -------
    float
        Frames (50 a second for MusicGen), 0 to one less than the clip has.
    """
    if tokens.codes.size == 0:
        return Undefined(NO_CODES)
    low, high = 0, tokens.codes.shape[1]
    # A stretch that repeats implies shorter ones that do: bisection works.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _occurs_again(_number_stretches(tokens.names, middle)).any() else (low, middle)
    return float(low)


def repeated(tokens: Tokens, length: int = REPEAT) -> np.ndarray:
    """Return which frames are in a stretch of ``length`` frames that occurs again.

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
    frames = tokens.codes.shape[1]
    if frames < length:
        return np.zeros(frames, bool)
    starts = np.flatnonzero(_occurs_again(_number_stretches(tokens.names, length)))
    edges = np.zeros(frames + 1, int)
    edges[starts] += 1
    np.subtract.at(edges, starts + length, 1)
    return edges.cumsum()[:-1] > 0


def _number_stretches(names: np.ndarray, length: int) -> np.ndarray:
    """Return a number for every stretch of ``length`` frames, equal for equal stretches.

    By doubling: a stretch consists of two overlapping ones of at least half its length, so a pair of
    numbers identifies it. Nothing is hashed, so nothing collides.
    """
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        pairs = names[: len(names) - step] * (len(names) + 1) + names[step:]
        names, covered = np.unique(pairs, return_inverse=True)[1].reshape(-1), covered + step
    return names


def _occurs_again(names: np.ndarray) -> np.ndarray:
    return np.bincount(names)[names] > 1 if len(names) else np.zeros(0, bool)


def curves(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return how a clip's tokens behave over time, to plot where a failure begins.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    dict of str to numpy.ndarray
        Each float ``(frames,)``: the means of the predictions over codebooks (NaN where all codes were given),
        ``agreement``, the share of the pairs that are equal (stereo models), and ``repeated``, 1 in
        stretches that occur again.
    """
    over_time = {name: _finite_means(values, 0) for name, values in tokens.predictions.items()}
    if tokens.channels == 2:
        over_time["agreement"] = (tokens.codes[::2] == tokens.codes[1::2]).mean(axis=0)
    return over_time | {"repeated": repeated(tokens).astype(float)}


def by_codebook(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return how a clip's tokens behave in each codebook; the first codebooks are coarse, the later ones hold detail.

    Parameters
    ----------
    tokens : Tokens
        A clip's codes and predictions.

    Returns
    -------
    dict of str to numpy.ndarray
        Each float ``(codebooks,)``, for a stereo model alternately left and right: the means of the predictions over
        frames (NaN where all codes were given), whose mean is `entropy`, `log_likelihood` or `guidance_distance` if no
        code was given; and the ``perplexity`` of code usage, whose mean is `code_perplexity`. Empty without codes.
    """
    if tokens.codes.size == 0:
        return {}
    means = {name: _finite_means(values, 1) for name, values in tokens.predictions.items()}
    return means | {"perplexity": np.array([_perplexity(row) for row in tokens.codes])}


def _finite_means(values: np.ndarray, axis: int) -> np.ndarray:
    """Average finite values; NaN without any."""
    finite = np.isfinite(values)
    sums = np.where(finite, values, 0).sum(axis=axis, dtype=np.float64)
    return np.divide(sums, finite.sum(axis=axis), out=np.full(len(sums), np.nan), where=finite.any(axis=axis))
