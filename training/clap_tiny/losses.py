"""The losses: masked contrast between texts and pieces, and classification of attributes from both."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.clap_tiny.words import CLASSES, NAMED, UNNAMED

TEMPOS = np.geomspace(58, 186, 32)
"""Centres of the tempo classes, BPM: 3.8 % apart."""

SINGLE = tuple(name for name in CLASSES if name != "has")


class Heads(nn.Module):
    """Linear classifiers of every attribute, shared by texts and pieces; discarded after training.

    Sharing them gives an attribute the same direction in the space for both towers.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = 8.0
        self.single = nn.ModuleDict({name: nn.Linear(width, len(CLASSES[name])) for name in SINGLE})
        self.has = nn.Linear(width, len(CLASSES["has"]))
        self.tempo = nn.Linear(width, len(TEMPOS))

    def forward(self, vectors: torch.Tensor, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return the mean loss of each attribute over the rows that state it.

        Parameters
        ----------
        vectors : torch.Tensor
            ``(n, width)``, of length 1.
        rows : numpy.ndarray
            ``(n, len(NAMED))``, from `training.clap_tiny.words`.
        """
        x, losses = vectors * self.scale, {}
        for name in SINGLE:
            target = torch.from_numpy(rows[:, NAMED.index(name)]).long()
            if (known := target != UNNAMED).any():
                losses[name] = functional.cross_entropy(self.single[name](x[known]), target[known])
        tempo = rows[:, NAMED.index("tempo")]
        known = torch.from_numpy(tempo != UNNAMED)
        if known.any():
            losses["tempo"] = functional.cross_entropy(self.tempo(x[known]), tempo_target(tempo[tempo != UNNAMED]))
        target, weight = presence(rows)
        if weight.any():
            loss = functional.binary_cross_entropy_with_logits(self.has(x), target, weight, reduction="sum")
            losses["has"] = 3 * loss / weight.sum()
        return losses


def tempo_target(tempo: np.ndarray) -> torch.Tensor:
    """Return soft classes, ``(n, len(TEMPOS))``: a Gaussian with a standard deviation of 4 % around the tempo."""
    deviation = np.log(tempo[:, None] / TEMPOS) / 0.04
    bell = np.exp(-0.5 * deviation**2)
    return torch.from_numpy((bell / bell.sum(axis=1, keepdims=True)).astype(np.float32))


def presence(rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which instruments a piece has, and for which this is known, both float ``(n, instruments)``."""
    count = len(CLASSES["has"])
    melody, chords, has = (rows[:, NAMED.index(name)].astype(int) for name in ("melody", "chords", "has"))
    present = np.stack([np.arange(count) == part[:, None] for part in (melody, chords, has)]).any(axis=0)
    both = (melody != UNNAMED) & (chords != UNNAMED)
    known = present | both[:, None]
    return torch.from_numpy(present.astype(np.float32)), torch.from_numpy(known.astype(np.float32))


def contrast(audio: torch.Tensor, text: torch.Tensor, scales: tuple[Any, Any], wrong: np.ndarray) -> torch.Tensor:
    """Return InfoNCE in both directions; only texts that are false for a piece are its negatives.

    Parameters
    ----------
    audio, text : torch.Tensor
        ``(n, width)``, rows of length 1; row i of one belongs to row i of the other.
    scales : tuple
        Factors of the cosines, among texts and among pieces.
    wrong : numpy.ndarray
        bool ``(texts, pieces)`` of `training.clap_tiny.words.contradicts`.
    """
    cosines = text @ audio.T
    allowed = torch.from_numpy(wrong) | torch.eye(len(text), dtype=torch.bool)
    pieces = (cosines * scales[1]).masked_fill(~allowed, -1e4)
    texts = (cosines * scales[0]).masked_fill(~allowed, -1e4).T
    partners = torch.arange(len(text))
    return (functional.cross_entropy(pieces, partners) + functional.cross_entropy(texts, partners)) / 2
