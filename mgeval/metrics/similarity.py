"""How well a clip fits a text, by the vectors of a joint text and audio model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.registry import metric
from mgeval.metrics.undefined import Undefined


@metric(
    low=-1,
    high=1,
    better="higher",
    channels="text",
    label="CLAP score",
    meaning="how well the clip fits its prompt: cosine of text and audio vectors, mean over the clip's windows",
    caveat="computed from the mono mean; scores of different checkpoints are not comparable",
    cites=("elizalde2023", "wu2023"),
)
def clap(windows: np.ndarray, text: np.ndarray) -> float:
    """Return the CLAP score: the mean over a clip's windows of the cosine between window and text.

    ``mean_w  <a_w, t> / (|a_w| |t|)``, as in Elizalde et al. 2023 and Wu et al. 2023, who call it
    the similarity of audio and text.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``, from `mgeval.embed.Embedder.audio`.
    text : array_like
        The text's vector, ``(dim,)``, from `mgeval.embed.Embedder.text`.

    Returns
    -------
    float
        Cosine, -1 to 1; scores of different checkpoints are not comparable. `Undefined` if a vector
        is zero or not finite.

    Raises
    ------
    MetricError
        The shapes do not match.
    """
    cosines = _window_cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.mean())


@metric(
    low=-1,
    high=1,
    better="higher",
    channels="text",
    label="CLAP score, worst window",
    meaning="cosine of text and audio vectors for the window of the clip that fits its prompt least",
    caveat="equals `clap` for clips up to 10 s; scores of different checkpoints are not comparable",
    cites=("elizalde2023", "wu2023"),
)
def clap_min(windows: np.ndarray, text: np.ndarray) -> float:
    """Return the CLAP score of the worst window: the part of a clip that fits the text least.

    Parameters
    ----------
    windows : array_like
        ``(windows, dim)``.
    text : array_like
        ``(dim,)``.

    Returns
    -------
    float
        Cosine, -1 to 1, at most `clap`, and equal to it for a clip of one window. `Undefined` where `clap` is.

    Raises
    ------
    MetricError
        The shapes do not match.
    """
    cosines = _window_cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.min())


class Rank(NamedTuple):
    """Rank of a clip's own prompt among others."""

    reciprocal: float
    margin: float


def clap_rank(windows: np.ndarray, texts: np.ndarray, own: int) -> Rank:
    """Return where a clip's own prompt ranks among all prompts of a sweep, by their CLAP scores.

    ``reciprocal`` is ``1 / rank``, whose mean over clips is the mean reciprocal rank (Voorhees, *The TREC-8
    question answering track report*, 1999). Prompts with equal scores share the mean of the reciprocals of their ranks,
    so that a text tower that gives every prompt the same vector scores the `chance` of its number of prompts.
    ``margin`` is the score of the clip's own prompt minus that of the best other one.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``.
    texts : array_like
        The prompts' vectors, ``(prompts, dim)``, each prompt once; at least two.
    own : int
        Index of the clip's own prompt.

    Returns
    -------
    Rank
        ``reciprocal``, ``1 / prompts`` to 1, no unit; ``margin``, a difference of cosines, -2 to 2, above 0
        if the clip's own prompt is first. Both are `Undefined` if a vector is zero or not finite.

    Raises
    ------
    MetricError
        The shapes do not match, or there is no other prompt.

    Examples
    --------
    >>> clap_rank([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], own=1)
    Rank(reciprocal=0.5, margin=-1.0)
    """
    texts = np.asarray(texts, np.float64)
    if texts.ndim != 2 or len(texts) < 2:
        raise MetricError(f"texts must be (prompts, dim) with two prompts or more, got {texts.shape}")
    values = [clap(windows, text) for text in texts]
    for value in values:
        if isinstance(value, Undefined):
            return Rank(value, value)
    scores = np.array(values)
    others = np.delete(scores, own)
    # Rounding must not separate equal vectors.
    tied = np.abs(others - scores[own]) < 1e-9
    better = int(np.sum(others[~tied] > scores[own]))
    ranks = better + 1 + np.arange(int(tied.sum()) + 1)
    return Rank(float(np.mean(1 / ranks)), float(scores[own] - others.max()))


def chance(prompts: int) -> float:
    """Return the mean reciprocal rank of guessing among a number of prompts: ``sum_r 1 / r`` over that number.

    Examples
    --------
    >>> round(chance(4), 3)
    0.521
    """
    return float(np.mean(1 / np.arange(1, prompts + 1)))


def _window_cosines(windows: np.ndarray, text: np.ndarray) -> np.ndarray | Undefined:
    windows, text = np.asarray(windows, np.float64), np.asarray(text, np.float64)
    if windows.ndim != 2 or len(windows) == 0 or text.shape != windows.shape[1:]:
        raise MetricError(f"vectors must be (windows, dim) and (dim,), got {windows.shape} and {text.shape}")
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(text)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        return Undefined("a vector is zero or not finite")
    return np.clip(windows @ text / lengths, -1, 1)
