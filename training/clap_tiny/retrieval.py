"""Retrieval between texts and pieces, among 64 pieces that differ audibly in mono."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mgeval.synth.captions import caption
from training.clap_tiny.data import piece
from training.clap_tiny.words import contradicts, fact_row, truth_row


class Draw(NamedTuple):
    """Pieces, each with a caption.

    Parameters
    ----------
    indices : list of int
        Indices of the pieces in their part of the data.
    texts : list of str
        One caption per piece.
    """

    indices: list[int]
    texts: list[str]


def draw(candidates: Iterable[int], size: int = 64, part: str = "test", seed: int = 0, distinct: bool = True) -> Draw:
    """Select the first pieces that their captions distinguish from each other.

    A piece is skipped if its caption is audibly true (`contradicts`) of a piece already selected, or
    vice versa: such a pair has no right answer. There is no other selection.

    Parameters
    ----------
    candidates : iterable of int
        Pieces in the order of consideration.
    size : int
        Number of pieces to select.
    part : {'test', 'valid'}
        The part of the data; neither shares specs or seeds with the training data.
    seed : int
        Selects the wordings of `mgeval.synth.captions.caption`.
    distinct : bool
        False skips no piece.
    """
    indices, texts, facts, truths = [], [], [], []
    for index in candidates:
        spec, number = piece(index, part)
        text, names = caption(spec, number + 31 * seed)
        fact, truth = fact_row(names), truth_row(spec)
        if distinct and indices:
            others_false = contradicts(np.stack(facts), truth[None])[:, 0]
            own_false = contradicts(fact[None], np.stack(truths))[0]
            if not (others_false & own_false).all():
                continue
        for row, value in ((indices, index), (texts, text), (facts, fact), (truths, truth)):
            row.append(value)
        if len(indices) == size:
            return Draw(indices, texts)
    raise ValueError(f"captions distinguish only {len(indices)} of {size} pieces: give more candidates")


def recalls(text: np.ndarray, audio: np.ndarray) -> dict[str, float]:
    """Return the retrieval figures of one draw.

    Parameters
    ----------
    text, audio : numpy.ndarray
        ``(n, width)``, rows of length 1; row i of one belongs to row i of the other.

    Returns
    -------
    dict
        For text to audio (``t2a``) and audio to text (``a2t``): ``r1`` and ``r5``, the share of rows whose
        partner has the highest cosine, or is among the five highest.
    """
    cosines = text @ audio.T
    figures = {}
    for name, rows in (("t2a", cosines), ("a2t", cosines.T)):
        rank = (rows > np.diag(rows)[:, None]).sum(axis=1)
        figures |= {f"{name}_r1": float((rank < 1).mean()), f"{name}_r5": float((rank < 5).mean())}
    return figures
