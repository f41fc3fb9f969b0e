"""Stereo signals whose image is known by construction. Shared by the tests; tested in test_signals.py."""

from __future__ import annotations

import numpy as np

RATE = 32000


def noise(seconds: float, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """White noise, ``(time,)``, with exactly this root mean square."""
    x = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return x * level / np.sqrt(np.mean(x**2))


def tone(seconds: float, hertz: float = 440.0, level: float = 0.5, phase: float = 0.0) -> np.ndarray:
    """A sine of this amplitude, ``(time,)``."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE + phase)


def panned(source: np.ndarray, degrees: float) -> np.ndarray:
    """Place a source by constant power: -45 left, 0 centre, 45 right."""
    angle = np.radians(degrees + 45)
    return np.stack([np.cos(angle) * source, np.sin(angle) * source])


def correlated(rho: float, seconds: float = 10.0, seed: int = 0) -> np.ndarray:
    """Two channels of noise, of equal energy and with exactly this correlation."""
    a, b = noise(seconds, seed), noise(seconds, seed + 1)
    # Made orthogonal, so that the correlation is rho itself and not only in expectation.
    b = b - a * (a @ b) / (a @ a)
    b *= np.sqrt((a @ a) / (b @ b))
    return np.stack([a, rho * a + np.sqrt(1 - rho**2) * b])
