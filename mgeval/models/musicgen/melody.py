"""The melody input of a melody checkpoint: the loudest of the twelve pitch classes over time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import ModelError


class ChromaSettings(NamedTuple):
    """Settings of a melody checkpoint's analysis, from its ``preprocessor_config.json``."""

    sampling_rate: int = 32000
    n_fft: int = 16384
    hop_length: int = 4096
    num_chroma: int = 12
    chunk_length: int = 30


def read_settings(folder: Path) -> ChromaSettings:
    """Read a checkpoint's settings; missing ones default to MusicGen's."""
    path = folder / "preprocessor_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return ChromaSettings()._replace(**{key: int(config[key]) for key in ChromaSettings._fields if key in config})
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def chroma(melody: Audio, settings: ChromaSettings, offset: float = 0.0) -> np.ndarray:
    """Return the loudest pitch class of each frame, one-hot.

    The result equals that of transformers' ``MusicgenMelodyFeatureExtractor``, which needs torchaudio for
    one short-time Fourier transform: periodic Hann window, reflected ends, power spectrum, summed
    by pitch class; the largest class becomes 1, all others 0.

    Parameters
    ----------
    melody : Audio
        Averaged to mono and resampled. Nothing separates the instruments: extract a melody over
        drums or bass first.
    settings : ChromaSettings
        The checkpoint's.
    offset : float
        Start in seconds within the endlessly repeated melody. 0 takes the melody once,
        up to ``chunk_length`` seconds.

    Returns
    -------
    numpy.ndarray
        float32 ``(frames, num_chroma)``, one frame per ``hop_length`` samples; the first class is C.
    """
    import torch
    from transformers.audio_utils import chroma_filter_bank

    rate, size = settings.sampling_rate, settings.n_fft
    wave = melody.mono().resample(rate).samples[0]
    length = settings.chunk_length * rate
    wave = wave[:length] if offset == 0 else wave[(round(offset * rate) + np.arange(length)) % len(wave)]
    short = max(size - len(wave), 0)
    wave = torch.from_numpy(np.pad(wave, (short // 2, short - short // 2)))
    window = torch.hann_window(size)
    spectrum = torch.stft(wave, size, settings.hop_length, window=window, center=True, return_complex=True)
    filters = chroma_filter_bank(
        num_frequency_bins=size, num_chroma=settings.num_chroma, sampling_rate=rate, tuning=0
    ).astype(np.float32)
    energy = torch.from_numpy(filters) @ (spectrum.abs() ** 2 / window.pow(2).sum())
    loudest = torch.nn.functional.normalize(energy, p=float("inf"), dim=0, eps=1e-6).argmax(0)
    return torch.nn.functional.one_hot(loudest, settings.num_chroma).float().numpy()
