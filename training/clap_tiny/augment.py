"""Augmentation of spectrograms in training."""

from __future__ import annotations

import numpy as np

SILENCE = -100.0
SHORTEST = 150
"""Frames of the shortest cut: 3 s in frames of 20 ms."""


def augment_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the spectrogram of a simulated shorter, louder, duller or noisier recording.

    Half are cut to 3..10 s at a random position, and repeated as in the front end. All get
    a gain of -15..+5 dB, a gentle random filter, and a noise floor between -100 and -55 dB.

    Parameters
    ----------
    mel : numpy.ndarray
        ``(frames, bands)`` in dB.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        float32, same shape.
    """
    mel = np.asarray(mel, np.float32)
    frames, bands = mel.shape
    if rng.random() < 0.5:
        length = int(rng.integers(min(SHORTEST, frames), frames + 1))
        start = int(rng.integers(frames - length + 1))
        mel = cut_and_repeat(mel, start, length)
    x = np.linspace(0, 1, bands, dtype=np.float32)
    curve = rng.uniform(-15, 5) + rng.uniform(-4, 4) * (x - 0.5)
    for wave in (1, 2, 3):
        curve = curve + rng.uniform(-1.5, 1.5) * np.cos(np.pi * (wave * x + rng.uniform(0, 2)))
    floor = rng.uniform(-100, -55) + rng.uniform(-10, 0) * x
    return np.maximum(mel + curve.astype(np.float32), np.maximum(floor, SILENCE).astype(np.float32))


def cut_and_repeat(mel: np.ndarray, start: int, length: int) -> np.ndarray:
    """Return a part of a spectrogram, repeated as often as it fits whole, and padded with silence."""
    part = mel[start : start + length]
    copies = np.tile(part, (len(mel) // length, 1))
    return np.concatenate([copies, np.full((len(mel) - len(copies), mel.shape[1]), SILENCE, mel.dtype)])
