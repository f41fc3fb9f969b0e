"""A clip on its way through the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mgeval.models.base import no_codes
from mgeval.models.musicgen.draw import RECORDED
from mgeval.models.sampling import FRAME_RATE, Sampling


def no_record() -> np.ndarray:
    """Return the record of a clip without codes: float32 of shape ``(3, 0, 0)``."""
    return np.zeros((len(RECORDED), 0, 0), np.float32)


@dataclass(eq=False)
class Clip:
    """A clip on its way through the engine.

    Parameters
    ----------
    prompt : str
        Text; what of it the decoder sees comes from the engine's ``states``.
    sampling : Sampling
        Its settings.
    begun : callable
        Returns the codes that it begins with, int16 ``(codebooks, frames)``; called when its turn comes.
    words : int
        The prompt's number of tokens.
    codes : numpy.ndarray
        What is known of it so far, int16 ``(codebooks, frames)``.
    record : numpy.ndarray
        float32 ``(3, codebooks, frames)``, in the order of `RECORDED`; NaN in what was given.
    given : int
        Frames that it began with.
    seams : list of int
        Frames at which a new window began to draw.
    slots : int
        The engine's when it was begun.
    halved : bool
        Whether memory ran out while it was in a slot, and it was begun again with fewer slots.
    seconds : float
        Its share of the wall time: a step counts for all clips in it alike.
    started : float
        When it was begun, or begun again, in seconds of Unix time.
    """

    prompt: str
    sampling: Sampling
    begun: Callable[[], np.ndarray]
    words: int
    codes: np.ndarray = field(default_factory=no_codes)
    record: np.ndarray = field(default_factory=no_record)
    given: int = 0
    seams: list[int] = field(default_factory=list)
    slots: int = 0
    halved: bool = False
    seconds: float = 0.0
    started: float = float("nan")

    @property
    def guided(self) -> bool:
        """Whether it needs an unguided twin; without a prompt there is nothing to pull towards."""
        return self.sampling.guidance != 1 and self.prompt != ""

    def begin(self, codebooks: int) -> None:
        """Set it to its beginning, also after it was interrupted."""
        self.started = time.time()
        self.codes, self.seams = self.begun(), []
        self.given = self.codes.shape[1]
        self.record = np.full((len(RECORDED), codebooks, self.codes.shape[1]), np.nan, np.float32)

    @property
    def broken(self) -> bool:
        """Whether a prediction was NaN."""
        return bool(np.isnan(self.record[0, :, self.given :]).any())

    def window(self, frames: int) -> tuple[int, int]:
        """Return the first and the last frame (excluded) of the window that comes next."""
        known = self.codes.shape[1]
        kept = max(frames - round(self.sampling.extend_stride * FRAME_RATE), 1)
        first = 0 if known < frames else known - kept
        return first, min(first + frames, self.sampling.frames)

    def extend(self, first: int, codes: np.ndarray, record: np.ndarray) -> None:
        """Take in the window that begins at frame ``first``."""
        known = self.codes.shape[1]
        self.codes = np.concatenate([self.codes, codes[:, known - first :]], axis=1)
        self.record = np.concatenate([self.record, record[..., known - first :]], axis=2)
