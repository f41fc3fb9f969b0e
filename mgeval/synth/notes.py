"""The note, which the score contains, the renderer plays and the truth lists; and seeded random streams."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 32000
"""Samples per second."""

FRAME = 640
"""Samples of one frame, the grid of note starts and ends: 20 ms, as in MusicGen's codec."""

FRAMES_PER_SECOND = RATE // FRAME

VOICES = ("melody", "chords", "bass", "drums")

DRUMS = {"kick": 36, "rim": 37, "snare": 38, "clap": 39, "hat": 42, "open hat": 46, "ride": 51, "shaker": 70}
"""The drum kit, with General MIDI's numbers."""


@dataclass(frozen=True)
class Note:
    """One note.

    Parameters
    ----------
    voice : {'melody', 'chords', 'bass', 'drums'}
        The voice of the note.
    instrument : str
        The instrument, or the piece of the drum kit.
    pitch : int
        MIDI number; for drums General MIDI's number of the piece.
    start, length : int
        Frames of 20 ms.
    velocity : float
        0..1.
    """

    voice: str
    instrument: str
    pitch: int
    start: int
    length: int
    velocity: float


def stream(*key: Any) -> np.random.Generator:
    """Return a random stream that depends only on the key, in any process and on any machine.

    Parameters
    ----------
    *key
        Values that JSON can encode.
    """
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
