"""The clips of a blind trial as files that differ only in their sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mgeval.audio import Audio, encode_audio, storage_gain
from mgeval.metrics import signal


class TrialAudio(NamedTuple):
    """The clips of one trial for a page.

    Parameters
    ----------
    files : list of bytes
        FLAC files with the same rate and number of channels, without tags.
    rate : int
        Hz.
    gain : float
        Factor for the samples of all files: FLAC cannot store samples beyond full scale.
    """

    files: list[bytes]
    rate: int
    gain: float


def prepare_trial(clips: Sequence[Audio], matched: bool) -> TrialAudio:
    """Return clips in one format: the highest of their rates, the largest number of channels, one gain.

    Parameters
    ----------
    clips : sequence of Audio
        The clips of one trial.
    matched : bool
        Turn them down to the loudness of the quietest (ITU-R BS.1770-4); a clip without a loudness is unchanged.

    Returns
    -------
    TrialAudio
    """
    rate, channels = max(clip.rate for clip in clips), max(clip.channels for clip in clips)
    factors = _matching_factors(clips) if matched else [1.0] * len(clips)
    samples = [
        np.broadcast_to(resampled, (channels, resampled.shape[1])) * np.float32(factor)
        for clip, factor in zip(clips, factors, strict=True)
        for resampled in [clip.resample(rate).samples]
    ]
    gain = max(storage_gain(float(np.abs(clip).max())) for clip in samples)
    return TrialAudio([encode_audio(Audio(clip / np.float32(gain), rate)) for clip in samples], rate, float(gain))


def _matching_factors(clips: Sequence[Audio]) -> list[float]:
    lufs = np.array([signal.loudness(clip.samples, clip.rate) for clip in clips], float)
    if not np.isfinite(lufs).any():
        return [1.0] * len(clips)
    return [10 ** ((np.nanmin(lufs) - value) / 20) if np.isfinite(value) else 1.0 for value in lufs]
