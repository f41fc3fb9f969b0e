"""The stereo image of a voice: panning, decorrelation, reverberation.

Angles are degrees of constant-power panning: -45 is the left speaker, 0 the centre, 45 the right.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mgeval.synth.notes import RATE

BLOCK = 1 << 15
"""Samples that `reverberate` transforms at a time."""


class Image(NamedTuple):
    """The numbers of a named stereo image.

    Parameters
    ----------
    pan : float
        Degrees: position of the whole band.
    spread : float
        Degrees: the melody is this far to the right of ``pan``, and the chords to the left;
        a negative value swaps them. Bass and drums are at ``pan``.
    decorrelation : float
        0..1: one minus the correlation of the two channels of a voice. It is 0 for bass and kick.
    bounce : float
        Degrees by which successive notes of melody, chords and cymbals alternate, left first.
    reverb : float
        Gain of the reverberation, whose tails differ between the two channels.
    """

    pan: float = 0.0
    spread: float = 0.0
    decorrelation: float = 0.0
    bounce: float = 0.0
    reverb: float = 0.0


IMAGES: dict[str, Image] = {
    "mono": Image(),
    "center": Image(decorrelation=0.05),
    "narrow": Image(spread=12, decorrelation=0.2),
    "wide": Image(spread=30, decorrelation=1.0),
    "left": Image(pan=-30),
    "right": Image(pan=30),
    "split": Image(spread=-40),
    "ping-pong": Image(bounce=38),
    "reverberant": Image(decorrelation=0.2, reverb=0.8),
}
"""Every stereo image with its numbers; there is no other list."""


def pan_gains(degrees: float) -> tuple[float, float]:
    """Return the gains of left and right for a constant-power pan.

    Parameters
    ----------
    degrees : float
        -45 (left) to 45 (right).

    Returns
    -------
    tuple of float
        ``cos(degrees + 45)`` and ``sin(degrees + 45)``; exactly equal at 0, and exactly zero at the far side.
    """
    angle = np.radians(degrees + 45)
    # Rounding makes the gains exactly equal in the centre and exactly zero at the far side.
    return round(float(np.cos(angle)), 9), round(float(np.sin(angle)), 9)


def mix_note(mix: np.ndarray, start: int, note: np.ndarray, gain: float, degrees: float, decorrelation: float) -> None:
    """Add a note to a stereo mix.

    With x the note and y its quadrature partner (same spectrum and envelope, orthogonal to x), the
    channels before panning are ``c x + s y`` and ``c x - s y`` with ``c**2 - s**2`` the correlation,
    so correlation and energies have the requested values, whatever the note.

    Parameters
    ----------
    mix : numpy.ndarray
        float32 ``(2, samples)``, changed in place; samples past its end are dropped.
    start : int
        First sample of the note.
    note : numpy.ndarray
        complex64 ``(samples,)``: x is the real part, y the imaginary part.
    gain : float
        Factor on the note.
    degrees : float
        Pan, -45 to 45.
    decorrelation : float
        0 (a point) to 1 (uncorrelated channels).
    """
    note = note[: mix.shape[1] - start]
    part = mix[:, start : start + len(note)]
    left, right = pan_gains(degrees)
    common, differing = np.sqrt(1 - decorrelation / 2), np.sqrt(decorrelation / 2)
    x = note.real * np.float32(gain * common)
    if decorrelation == 0:
        part[0] += np.float32(left) * x
        part[1] += np.float32(right) * x
        return
    y = note.imag * np.float32(gain * differing)
    part[0] += np.float32(left) * (x + y)
    part[1] += np.float32(right) * (x - y)


@lru_cache(maxsize=1)
def _tails(seconds: float = 1.6) -> np.ndarray:
    """Return the impulse response of the room, float32 ``(2, samples)``: band-limited noise that decays by 60 dB."""
    count = int(seconds * RATE)
    noise = np.random.default_rng(1905).standard_normal((2, count))
    time = np.arange(count) / RATE
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    # Little below 200 Hz and above 4 kHz, as in a furnished hall.
    spectrum *= (hertz / 200) ** 2 / (1 + (hertz / 200) ** 2) / (1 + (hertz / 4000) ** 2)
    tails = np.fft.irfft(spectrum, count) * np.exp(-6.9 * time / seconds) * np.minimum(time / 0.02, 1)
    normalised: np.ndarray = tails / np.sqrt((tails**2).sum(axis=1, keepdims=True))
    return normalised.astype(np.float32)


def reverberate(mix: np.ndarray, gain: float) -> None:
    """Add reverberation to a stereo mix, in place.

    The mean of the channels excites two tails, which are independent of each other.

    Parameters
    ----------
    mix : numpy.ndarray
        float32 ``(2, samples)``, of whole blocks, so that a longer mix with the same beginning has
        exactly the same samples there.
    gain : float
        Level of the tails; at 1 they are about as strong as the mean of the channels.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    tails = _tails()
    length = next_fast_len(BLOCK + tails.shape[1], real=True)
    response = rfft(tails * np.float32(gain), length)
    send = mix.mean(axis=0)
    wet = np.zeros((2, mix.shape[1] + length), np.float32)
    for start in range(0, len(send), BLOCK):
        wet[:, start : start + length] += irfft(rfft(send[start : start + BLOCK], length) * response, length)
    mix += wet[:, : mix.shape[1]]
