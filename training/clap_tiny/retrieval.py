"""How well texts find their pieces and pieces their texts, among 64 that differ in what mono can hear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mgeval.synth.captions import caption
from training.clap_tiny.data import piece
from training.clap_tiny.words import contradicts, fact_row, truth_row


class Draw(NamedTuple):
    """Pieces with a caption each.

    Parameters
    ----------
    indices : list of int
        Pieces of the part it was drawn from.
    texts : list of str
        A caption of each.
    """

    indices: list[int]
    texts: list[str]


def draw(candidates: Iterable[int], size: int = 64, part: str = "test", seed: int = 0, distinct: bool = True) -> Draw:
    """Take the first pieces whose captions tell them from each other.

    A piece is passed over if its caption is audibly true (`contradicts`) of a piece already taken, or
    the caption of one of those of it: such a pair has no right answer. Nothing else is chosen.

    Parameters
    ----------
    candidates : iterable of int
        Pieces in the order in which they are looked at.
    size : int
        How many to take.
    part : {'test', 'valid'}
        Which data; neither shares specs or seeds with what was trained on.
    seed : int
        Of the captions' wordings, by `mgeval.synth.captions.caption`.
    distinct : bool
        False takes all as they come.
    """
    indices, texts, facts, truths = [], [], [], []
    for index in candidates:
        spec, number = piece(index, part)
        text, names = caption(spec, number + 31 * seed)
        fact, truth = fact_row(names), truth_row(spec)
        if distinct and indices:
            old = contradicts(np.stack(facts), truth[None])[:, 0], contradicts(fact[None], np.stack(truths))[0]
            if not (old[0] & old[1]).all():
                continue
        for row, value in ((indices, index), (texts, text), (facts, fact), (truths, truth)):
            row.append(value)
        if len(indices) == size:
            return Draw(indices, texts)
    raise ValueError(f"only {len(indices)} of {size} pieces can be told apart: give more candidates")


def recalls(text: np.ndarray, audio: np.ndarray) -> dict[str, float]:
    """Return retrieval figures of one draw.

    Parameters
    ----------
    text, audio : numpy.ndarray
        ``(n, width)``, of length 1; row i of one belongs to row i of the other.

    Returns
    -------
    dict
        Of text to audio (``t2a``) and audio to text (``a2t``): ``r1`` and ``r5``, the share whose own
        partner has the highest cosine, or is among the five highest.
    """
    cosines = text @ audio.T
    figures = {}
    for name, rows in (("t2a", cosines), ("a2t", cosines.T)):
        rank = (rows > np.diag(rows)[:, None]).sum(axis=1)
        figures |= {f"{name}_r1": float((rank < 1).mean()), f"{name}_r5": float((rank < 5).mean())}
    return figures
