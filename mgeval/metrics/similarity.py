"""How well a clip fits a text, from the vectors that a joint text and audio model gives them."""

from __future__ import annotations

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics.undefined import Undefined


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
    cosines = _cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.mean())


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
    cosines = _cosines(windows, text)
    return cosines if isinstance(cosines, Undefined) else float(cosines.min())


def _cosines(windows: np.ndarray, text: np.ndarray) -> np.ndarray | Undefined:
    windows, text = np.asarray(windows, np.float64), np.asarray(text, np.float64)
    if windows.ndim != 2 or len(windows) == 0 or text.shape != windows.shape[1:]:
        raise MetricError(f"need (windows, dim) and (dim,): got {windows.shape} and {text.shape}")
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(text)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        return Undefined("a vector is zero or not finite")
    return np.clip(windows @ text / lengths, -1, 1)
