"""``mel``: log-mel statistics, an embedding without weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import TAIL, Embedder, check_clips, cut, mono_at, repeat_pad
from mgeval.errors import ModelError

FORMS = ("mel",)
"""How its embedders are called."""

RATE = 32000
FRAME, HOP = 2048, 640
"""Length and distance of the frames of the spectrogram, in samples: 64 ms and 20 ms."""

BANDS = 64
LOWEST, HIGHEST = 30.0, 16000.0
"""Hz: edges of the lowest and the highest band."""

FLOOR = 1e-10
"""Lowest power of a band, relative to a full-scale sine: -100 dB."""

VERSION = "1"
"""Must change whenever the vectors change."""


class Mel(Embedder):
    """Mean and standard deviation of 64 log-mel bands in windows of 1 s.

    32 kHz, mean of the channels, windows of 1 s every 1 s; a remainder over 10 ms gets a window
    that ends with the clip, and a clip shorter than 1 s is repeated to fill one window. Within a window:
    Hann frames of 2048 samples every 640 (none reaches past the window), power spectrum in which a
    full-scale sine has power 1 at its peak, 64 triangular bands of unit height evenly spaced on
    Slaney's mel scale from 30 Hz to 16 kHz, 10 log10 with a floor of -100 dB. A row holds the 64 means over time, in
    dB, then the 64 standard deviations (ddof 0), in dB.

    A gain of g dB adds g to each mean above the floor and keeps the deviations; swapping the
    channels changes nothing; silence gives -100 and 0. Rows are not normalised.
    """

    def __init__(self) -> None:
        self.id = f"mel@{VERSION}"
        self.rate = RATE
        self.dim = 2 * BANDS
        self.recipe = "32 kHz, mono mean, windows of 1 s every 1 s, shorter clips repeated"
        self.filters = mel_filters(RATE, FRAME, BANDS, LOWEST, HIGHEST)

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(windows, 128)``, dB; see `Embedder.audio`."""
        return [self._clip(clip) for clip in check_clips(clips)]

    def _clip(self, clip: Audio) -> np.ndarray:
        windows = cut(mono_at(clip, RATE), RATE, RATE, round(TAIL * RATE))
        return np.stack([self._window(repeat_pad(window, RATE)) for window in windows])

    def _window(self, x: np.ndarray) -> np.ndarray:
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
        frames = np.lib.stride_tricks.sliding_window_view(np.asarray(x, np.float64), FRAME)[::HOP]
        # Twice, because half of a sine's amplitude is at negative frequencies.
        spectrum = 2 * np.abs(np.fft.rfft(frames * hann, axis=1)) / hann.sum()
        level = 10 * np.log10(np.maximum(spectrum**2 @ self.filters, FLOOR))
        return np.concatenate([level.mean(axis=0), level.std(axis=0)]).astype(np.float32)


def load_mel(name: str, revision: str | None = None) -> Mel:
    """Load ``mel``.

    Raises
    ------
    ModelError
        The name has a suffix, such as ``mel:x``.
    """
    if name != "mel":
        raise ModelError(f"no embedder is called {name!r}: 'mel' has no variants")
    return Mel()


def mel_filters(rate: int, frame: int, bands: int, lowest: float, highest: float) -> np.ndarray:
    """Return triangular filters of unit height, evenly spaced on Slaney's mel scale, ``(frame // 2 + 1, bands)``.

    Linear below 1 kHz (200/3 Hz a mel), logarithmic above (27 mels for a factor of 6.4), as in
    Slaney's Auditory Toolbox (1998) and in librosa with ``norm=None``.
    """
    first, last = to_mel(np.array([lowest, highest]))
    edges = to_hertz(np.linspace(first, last, bands + 2))
    hertz = np.fft.rfftfreq(frame, 1 / rate)[:, None]
    rising = (hertz - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - hertz) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))


def to_mel(hertz: np.ndarray) -> np.ndarray:
    """Convert frequencies in Hz to Slaney's mels."""
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1e-9) / 1000) / np.log(6.4))


def to_hertz(mel: np.ndarray) -> np.ndarray:
    """Convert Slaney's mels to frequencies in Hz."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
