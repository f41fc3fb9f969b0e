"""A clip in the engine."""

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
    """A clip in the engine, with its settings and its codes so far.

    Parameters
    ----------
    prompt : str
        The text; the engine's ``states`` encodes it for the decoder.
    sampling : Sampling
        Its settings.
    load_prefix : callable
        Returns the codes of the clip's audio prompt, int16 ``(codebooks, frames)``; called when the clip begins.
    tokens : int
        Number of tokens of the prompt.
    codes : numpy.ndarray
        The codes so far, int16 ``(codebooks, frames)``.
    record : numpy.ndarray
        float32 ``(3, codebooks, frames)``, in the order of `RECORDED`; NaN for the codes of the audio prompt.
    given : int
        Frames of the audio prompt.
    seams : list of int
        Frames at which a new window begins.
    slots : int
        The engine's slots when the clip began.
    halved : bool
        Whether memory ran out while the clip was in a slot, and it restarted with fewer slots.
    seconds : float
        Its share of the wall time: the time of a step is divided equally among its clips.
    started : float
        Time of the last start, in seconds of Unix time.
    """

    prompt: str
    sampling: Sampling
    load_prefix: Callable[[], np.ndarray]
    tokens: int
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
        """Whether the clip needs an unguided twin; without a prompt, guidance has no effect."""
        return self.sampling.guidance != 1 and self.prompt != ""

    def begin(self, codebooks: int) -> None:
        """Reset the clip to its beginning; this also restarts an interrupted clip."""
        self.started = time.time()
        self.codes, self.seams = self.load_prefix(), []
        self.given = self.codes.shape[1]
        self.record = np.full((len(RECORDED), codebooks, self.codes.shape[1]), np.nan, np.float32)

    @property
    def broken(self) -> bool:
        """Whether a prediction was NaN."""
        return bool(np.isnan(self.record[0, :, self.given :]).any())

    def window(self, frames: int) -> tuple[int, int]:
        """Return the first and the last frame (excluded) of the next window."""
        known = self.codes.shape[1]
        overlap = max(frames - round(self.sampling.extend_stride * FRAME_RATE), 1)
        first = 0 if known < frames else known - overlap
        return first, min(first + frames, self.sampling.frames)

    def extend(self, first: int, codes: np.ndarray, record: np.ndarray) -> None:
        """Append the new part of the window that begins at frame ``first``."""
        known = self.codes.shape[1]
        self.codes = np.concatenate([self.codes, codes[:, known - first :]], axis=1)
        self.record = np.concatenate([self.record, record[..., known - first :]], axis=2)
