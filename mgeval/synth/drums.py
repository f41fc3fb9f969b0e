"""The drum kit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mgeval.synth.notes import DRUMS, RATE

# Seconds, lowest and highest frequency of the noise in Hz, its decay in 1/s, gain.
NOISES: dict[str, tuple[float, float, float, float, float]] = {
    "snare": (0.30, 900, 9000, 20, 0.50),
    "clap": (0.28, 800, 5000, 22, 0.60),
    "rim": (0.10, 1500, 6000, 70, 0.45),
    "hat": (0.12, 6500, 14000, 55, 0.30),
    "open hat": (0.35, 6000, 14000, 13, 0.28),
    "ride": (0.50, 5000, 12000, 13, 0.20),
    "shaker": (0.14, 4000, 11000, 32, 0.24),
}

# Frequencies in Hz, decay in 1/s and gain of the tones that ring with the noise.
TONES: dict[str, tuple[tuple[float, ...], float, float]] = {
    "snare": ((185, 331), 22, 0.45),
    "rim": ((1710, 820), 90, 0.35),
    "ride": ((3141, 4273, 5531), 5, 0.05),
}

TAKES = 3
"""Renderings of each piece, so that consecutive hits differ."""


@lru_cache(maxsize=TAKES * len(DRUMS))
def render_drum(piece: str, take: int) -> np.ndarray:
    """Render one hit at full velocity.

    Parameters
    ----------
    piece : str
        A key of `mgeval.synth.notes.DRUMS`.
    take : int
        Index of the rendering, 0 to ``TAKES - 1``.

    Returns
    -------
    numpy.ndarray
        complex64 ``(samples,)``, read-only. The imaginary part is orthogonal to the real part and
        has the same energy, as in `render_note`; that of the kick is zero, so the kick stays a point in the image.
    """
    hit = _kick() if piece == "kick" else _noise_hit(piece, take)
    hit.setflags(write=False)
    return hit


def _kick() -> np.ndarray:
    time = np.arange(round(0.34 * RATE)) / RATE
    # The skin's pitch falls from 150 Hz to 50 Hz within a few hundredths of a second.
    phase = 2 * np.pi * (50 * time + 100 / 38 * (1 - np.exp(-38 * time)))
    body = np.sin(phase) * np.exp(-16 * time)
    hit = _fade_ends(body, 0.0015)
    # Remove the mean of the sweep with the envelope of the hit, so that both ends stay at zero.
    shape = _fade_ends(np.exp(-16 * time), 0.0015)
    return (hit - shape * hit.sum() / shape.sum()).astype(np.complex64)


def _noise_hit(piece: str, take: int) -> np.ndarray:
    seconds, low, high, decay, gain = NOISES[piece]
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    rng = np.random.default_rng([DRUMS[piece], take])
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    band = 1 / np.sqrt((1 + (low / np.maximum(hertz, 1)) ** 6) * (1 + (hertz / high) ** 6))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal((2, count))) * band, count)
    # Normalise the filtered noise, so that its loudness depends on the gain alone.
    noise *= gain / noise.std() * np.exp(-decay * time)
    if piece == "clap":
        # Several hands, not quite together.
        noise *= 0.35 + 0.65 * np.abs(np.cos(np.pi * np.minimum(time, 0.03) / 0.01)) ** 2
    frequencies, ringing, level = TONES.get(piece, ((), 0.0, 0.0))
    for f in frequencies:
        phase = 2 * np.pi * f * time + rng.uniform(0, 0.3)
        noise += level * np.exp(-ringing * time) * np.array([np.sin(phase), -np.cos(phase)])
    x, y = (_fade_ends(part, 0.0008) for part in noise)
    y -= x * (x @ y) / (x @ x)
    y *= np.sqrt((x @ x) / (y @ y))
    return (x + 1j * y).astype(np.complex64)


def _fade_ends(hit: np.ndarray, attack: float) -> np.ndarray:
    """Return the hit with a short fade-in and a fade-out to zero."""
    rise, fall = round(attack * RATE), round(0.02 * RATE)
    hit = hit.copy()
    hit[:rise] *= np.linspace(0, 1, rise)
    hit[-fall:] *= np.linspace(1, 0, fall)
    return hit
