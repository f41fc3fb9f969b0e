"""CLAP's log-mel front end: transformers' `ClapFeatureExtractor`, for all frames at once."""

from __future__ import annotations

from typing import Any

import numpy as np

FLOOR = 1e-10
"""Lowest power of a mel band: -100 dB."""


def log_mel(x: np.ndarray, extractor: Any) -> np.ndarray:
    """Return the mel spectrogram of one window in dB.

    transformers loops over the frames in Python; this computes all frames at once and agrees with it
    within 0.001 dB.

    Parameters
    ----------
    x : numpy.ndarray
        float ``(time,)`` at the extractor's rate.
    extractor : transformers.ClapFeatureExtractor
        Provides frame length, hop and filters: HTK mel for checkpoints with fusion, Slaney for the others.

    Returns
    -------
    numpy.ndarray
        float32 ``(frames, bands)``, dB re full-scale power, at least -100.
    """
    import scipy.fft

    length, hop = extractor.fft_window_size, extractor.hop_length
    filters = extractor.mel_filters if extractor.truncation == "fusion" else extractor.mel_filters_slaney
    padded = np.pad(np.asarray(x, np.float64), length // 2, mode="reflect")
    # Hann, periodic.
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop] * window
    spectrum = scipy.fft.rfft(frames, axis=1)
    mel = (spectrum.real**2 + spectrum.imag**2) @ filters
    return (10 * np.log10(np.maximum(mel, FLOOR))).astype(np.float32)
