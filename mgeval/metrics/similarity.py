"""How well a clip fits a text, from the vectors that a joint text and audio model gives them."""

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
    meaning="how well the clip fits its prompt: cosine of text and audio vectors, mean over its windows",
    caveat="hears the mono mean; scores of different checkpoints do not compare",
    cites=("elizalde2023", "wu2023"),
)
def clap(windows: np.ndarray, text: np.ndarray) -> float:
    """Return the CLAP score: the mean over a clip's windows of the cosine between window and text.

    ``mean_w  <a_w, t> / (|a_w| |t|)``, as in Elizalde et al. 2023 and Wu et al. 2023, who call it
    the similarity of audio and text.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``; `mgeval.embed.Embedder.audio` gives them.
    text : array_like
        The text's vector, ``(dim,)``; `mgeval.embed.Embedder.text` gives it.

    Returns
    -------
    float
        Cosine, -1 to 1; scores of different checkpoints do not compare. `Undefined` where a vector
        is zero or not finite.

    Raises
    ------
    MetricError
        The shapes do not fit.
    """
    cosines = _window_cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.mean())


@metric(
    low=-1,
    high=1,
    better="higher",
    channels="text",
    label="CLAP score, worst window",
    meaning="the same for the part of the clip that fits least",
    caveat="equals `clap` up to 10 s",
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
        Cosine, -1 to 1, at most `clap`; the same for a clip of one window. `Undefined` as there.

    Raises
    ------
    MetricError
        The shapes do not fit.
    """
    cosines = _window_cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.min())


class Rank(NamedTuple):
    """Where a clip's own prompt comes among others."""

    reciprocal: float
    margin: float


def clap_rank(windows: np.ndarray, texts: np.ndarray, own: int) -> Rank:
    """Return where a clip's own prompt ranks among all prompts of a sweep, by their CLAP scores.

    ``reciprocal`` is ``1 / rank``, whose mean over clips is the mean reciprocal rank (Voorhees, *The TREC-8
    question answering track report*, 1999); prompts that score alike share the mean of their places' reciprocals, so
    that a text tower whose vectors are all one reads the `chance` of its number of prompts. ``margin`` is the score
    of the own prompt minus that of the best other one.

    Parameters
    ----------
    windows : array_like
        The clip's vectors, ``(windows, dim)``.
    texts : array_like
        The prompts' vectors, ``(prompts, dim)``, each prompt once; two at least.
    own : int
        Which of them is the clip's.

    Returns
    -------
    Rank
        ``reciprocal``, ``1 / prompts`` to 1, no unit; ``margin``, a difference of cosines, -2 to 2, above 0
        where the own prompt is first. Both `Undefined` where a vector is zero or not finite.

    Raises
    ------
    MetricError
        The shapes do not fit, or there is no other prompt.

    Examples
    --------
    >>> clap_rank([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], own=1)
    Rank(reciprocal=0.5, margin=-1.0)
    """
    texts = np.asarray(texts, np.float64)
    if texts.ndim != 2 or len(texts) < 2:
        raise MetricError(f"need two prompts or more, (prompts, dim): got {texts.shape}")
    fits = [clap(windows, text) for text in texts]
    for fit in fits:
        if isinstance(fit, Undefined):
            return Rank(fit, fit)
    scores = np.array(fits)
    others = np.delete(scores, own)
    # Rounding must not part what is the same vector.
    alike = np.abs(others - scores[own]) < 1e-9
    before = int(np.sum(others[~alike] > scores[own]))
    places = before + 1 + np.arange(int(alike.sum()) + 1)
    return Rank(float(np.mean(1 / places)), float(scores[own] - others.max()))


def chance(prompts: int) -> float:
    """Return the mean reciprocal rank that guessing reaches among so many prompts: ``sum_r 1 / r`` over their number.

    Examples
    --------
    >>> round(chance(4), 3)
    0.521
    """
    return float(np.mean(1 / np.arange(1, prompts + 1)))


def _window_cosines(windows: np.ndarray, text: np.ndarray) -> np.ndarray | Undefined:
    windows, text = np.asarray(windows, np.float64), np.asarray(text, np.float64)
    if windows.ndim != 2 or len(windows) == 0 or text.shape != windows.shape[1:]:
        raise MetricError(f"need (windows, dim) and (dim,): got {windows.shape} and {text.shape}")
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(text)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        return Undefined("a vector is zero or not finite")
    return np.clip(windows @ text / lengths, -1, 1)
