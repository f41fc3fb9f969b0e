"""Clips of a blind trial, made so that nothing but their sound tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mgeval.audio import Audio, encode_audio, storage_gain
from mgeval.metrics import signal


class TrialAudio(NamedTuple):
    """The clips of one trial, as they go to a page.

    Parameters
    ----------
    files : list of bytes
        FLAC, all of one rate and as many channels, without any tag.
    rate : int
        Hz.
    gain : float
        By what the samples of all are to be multiplied: FLAC holds nothing beyond full scale.
    """

    files: list[bytes]
    rate: int
    gain: float


def sounds(clips: Sequence[Audio], matched: bool) -> TrialAudio:
    """Return clips in one form: the highest of their rates, the most of their channels, one gain.

    Parameters
    ----------
    clips : sequence of Audio
        Those of one trial.
    matched : bool
        Turn them down to the loudness of the quietest (ITU-R BS.1770-4); one that has none stays as it is.

    Returns
    -------
    Sounds
    """
    rate, channels = max(clip.rate for clip in clips), max(clip.channels for clip in clips)
    factors = _levels(clips) if matched else [1.0] * len(clips)
    samples = [
        np.broadcast_to(resampled, (channels, resampled.shape[1])) * np.float32(factor)
        for clip, factor in zip(clips, factors, strict=True)
        for resampled in [clip.resample(rate).samples]
    ]
    gain = max(storage_gain(float(np.abs(one).max())) for one in samples)
    return TrialAudio([encode_audio(Audio(one / np.float32(gain), rate)) for one in samples], rate, float(gain))


def _levels(clips: Sequence[Audio]) -> list[float]:
    lufs = np.array([signal.loudness(clip.samples, clip.rate) for clip in clips], float)
    if not np.isfinite(lufs).any():
        return [1.0] * len(clips)
    return [10 ** ((np.nanmin(lufs) - one) / 20) if np.isfinite(one) else 1.0 for one in lufs]
