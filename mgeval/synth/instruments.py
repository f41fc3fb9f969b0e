"""Instruments: sums of decaying partials, rendered as analytic signals.

A partial is ``a exp((2 pi i f - r) t)``: real and imaginary part are the same tone, a quarter period
apart. So each note has the quadrature partner that the stereo image needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mgeval.synth.notes import FRAME, RATE

BLOCK, ROWS = 256, 4
"""Sizes of the matrix products in `damped`: too small for several threads, whose number would
otherwise affect the last bits."""

TOP = 13000.0
"""Highest frequency of a partial in Hz."""

Partials = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Frequencies in Hz, decay rates in 1/s, amplitudes."""


class Instrument(NamedTuple):
    """The sound and the playing of an instrument.

    Parameters
    ----------
    timbre : callable
        Maps the pitch in Hz to the partials.
    centre : int
        MIDI pitch at the centre of its melodies.
    sustained : bool
        Whether a note sounds until it ends, so that chords are held; otherwise it is struck or plucked.
    polyphonic : bool
        Whether one player can play melody and chords.
    attack, release : float
        Seconds.
    ring : float
        Shortest duration of a sound in seconds, whatever the length of the note.
    gain : float
        Balances the instruments: the notes of all instruments are about equally loud.
    vibrato, tremolo : float
        Depth: cents of pitch, share of amplitude.
    """

    timbre: Callable[[float], Partials]
    centre: int
    sustained: bool = False
    polyphonic: bool = True
    attack: float = 0.004
    release: float = 0.15
    ring: float = 0.0
    gain: float = 1.0
    vibrato: float = 0.0
    tremolo: float = 0.0


def _harmonics(hz: float, most: int, stiffness: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and frequencies of the harmonics; those of a stiff string get sharper with their number."""
    k = np.arange(1, most + 1)
    f = hz * k * np.sqrt((1 + stiffness * k**2) / (1 + stiffness))
    return k[f < TOP], f[f < TOP]


def _ensemble(partials: Partials, cents: tuple[float, ...]) -> Partials:
    """Return the partials of several players, each slightly detuned and with its own phases."""
    f, r, a = partials
    rng = np.random.default_rng(7)
    phases = np.exp(2j * np.pi * rng.random((len(cents), len(f))))
    detune = 2 ** (np.array(cents) / 1200)
    return np.outer(detune, f).ravel(), np.tile(r, len(cents)), (phases * a).ravel()


def _piano(hz: float) -> Partials:
    k, f = _harmonics(hz, 18, stiffness=3e-4)
    # The hammer strikes at an eighth of the string; its felt damps the higher partials.
    a = np.abs(np.sin(np.pi * k / 8.3)) / k * np.exp(-f / 2600)
    r = (hz / 262) ** 0.6 * (0.9 + 0.35 * k)
    # Three strings first move together and decay fast; their difference decays slowly.
    return np.r_[f, f * 1.0004], np.r_[r * 1.6, r * 0.4], np.r_[a, 0.45 * a] * -1j


def _electric_piano(hz: float) -> Partials:
    k = np.array([1, 2, 3, 4, 7.0])
    f = hz * k
    keep = f < TOP
    r, a = np.array([0.9, 1.6, 2.6, 3.5, 14]), np.array([1, 0.28, 0.10, 0.07, 0.10 * min(1, 330 / hz)])
    return f[keep], r[keep], a[keep] * -1j


def _bell(hz: float) -> Partials:
    # A bar free at both ends; the partial at 4.0 is the resonator that keeps it in tune.
    f = hz * np.array([1, 1.001, 2, 2.76, 4.0, 5.4])
    r, a = np.array([1.6, 1.1, 3, 8, 10, 16]), np.array([0.8, 0.5, 0.25, 0.18, 0.12, 0.08])
    keep = f < TOP
    return f[keep], r[keep], a[keep] * -1j


def _marimba(hz: float) -> Partials:
    f = hz * np.array([1, 3.98, 9.9])
    r, a = np.array([4.0, 11, 35]) * (hz / 400) ** 0.5, np.array([1, 0.30, 0.10])
    keep = f < TOP
    return f[keep], r[keep], a[keep] * -1j


def _guitar(hz: float) -> Partials:
    k, f = _harmonics(hz, 24, stiffness=4e-5)
    # The modes of a string plucked at 0.22 of its length, as in Karplus and Strong's loop.
    a = np.sin(np.pi * k * 0.22) / k**1.15 * np.exp(-f / 4500)
    return f, (hz / 220) ** 0.5 * (0.8 + 0.12 * k**1.5), a * -1j


def _strings(hz: float) -> Partials:
    k, f = _harmonics(hz, 14)
    a = k**-1.1 / (1 + (f / 2200) ** 2)
    return _ensemble((f, np.zeros(len(f)), a), (-6.5, 1.0, 5.5))


def _organ(hz: float) -> Partials:
    k = np.array([0.5, 1, 2, 3, 4, 6, 8])
    a = np.array([0.25, 1, 0.7, 0.35, 0.3, 0.12, 0.08]) / (1 + (hz * k / 3500) ** 2)
    keep = hz * k < TOP
    return _ensemble(((hz * k)[keep], np.zeros(keep.sum()), a[keep]), (-1.5, 1.5))


def _flute(hz: float) -> Partials:
    k, f = _harmonics(hz, 5)
    a = np.array([1, 0.32, 0.12, 0.05, 0.02])[: len(k)]
    # Breath: many weak partials around the first two harmonics.
    rng = np.random.default_rng(11)
    breath = hz * rng.uniform(0.7, 2.6, 32)
    phases = np.exp(2j * np.pi * rng.random(32))
    return np.r_[f, breath], np.r_[np.zeros(len(f)), np.full(32, 1.5)], np.r_[a * -1j, 0.007 * phases]


def _pad(hz: float) -> Partials:
    k, f = _harmonics(hz, 10)
    a = k**-1.4 / (1 + (f / 1200) ** 2)
    return _ensemble((f, np.zeros(len(f)), a), (-7.0, 0.0, 7.0))


def _synth(hz: float) -> Partials:
    k, f = _harmonics(hz, 18)
    a = k**-1.0 / (1 + (f / 2600) ** 2)
    return _ensemble((f, 0.5 + 0.55 * k, a), (-5.0, 5.0))


def _electric_bass(hz: float) -> Partials:
    k, f = _harmonics(hz, 12)
    return f, 0.9 + 0.5 * k, np.sin(np.pi * k * 0.28) / k**0.9 * np.exp(-f / 900) * -1j


def _upright_bass(hz: float) -> Partials:
    k, f = _harmonics(hz, 10, stiffness=1e-4)
    return f, 1.8 + 0.9 * k, np.sin(np.pi * k * 0.35) / k**0.9 * np.exp(-f / 600) * -1j


def _synth_bass(hz: float) -> Partials:
    k, f = _harmonics(hz, 14)
    return f, 0.3 + 0.6 * k, k**-0.9 * np.exp(-f / 800) * -1j


INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument(_piano, 74, release=0.18),
    "electric piano": Instrument(_electric_piano, 70, release=0.15, tremolo=0.12, gain=1.1),
    "bell": Instrument(_bell, 84, polyphonic=False, release=0.3, ring=1.6, gain=0.78),
    "marimba": Instrument(_marimba, 72, polyphonic=False, release=0.2, ring=0.7, gain=1.8),
    "guitar": Instrument(_guitar, 69, release=0.12, ring=0.4, gain=1.15),
    "strings": Instrument(
        _strings, 74, sustained=True, polyphonic=False, attack=0.09, release=0.22, vibrato=5, gain=0.95
    ),
    "organ": Instrument(_organ, 72, sustained=True, attack=0.015, release=0.07, tremolo=0.06, gain=0.72),
    "flute": Instrument(_flute, 79, sustained=True, polyphonic=False, attack=0.05, release=0.1, vibrato=9, gain=0.82),
    "pad": Instrument(_pad, 70, sustained=True, polyphonic=False, attack=0.3, release=0.45, tremolo=0.1, gain=1.05),
    "synth": Instrument(_synth, 72, polyphonic=False, attack=0.005, release=0.12, gain=1.05),
}
"""The instruments of melody and chords."""

BASSES: dict[str, Instrument] = {
    "electric bass": Instrument(_electric_bass, 38, attack=0.004, release=0.08),
    "upright bass": Instrument(_upright_bass, 38, attack=0.006, release=0.12, gain=1.3),
    "synth bass": Instrument(_synth_bass, 38, attack=0.006, release=0.06, gain=0.95),
}
"""The instruments of the bass."""


def damped(partials: Partials, samples: int) -> np.ndarray:
    """Return the sum of decaying partials.

    Parameters
    ----------
    partials : tuple of numpy.ndarray
        Frequencies in Hz, decay rates in 1/s, amplitudes (complex ones carry the phase).
    samples : int
        Length.

    Returns
    -------
    numpy.ndarray
        complex64 ``(samples,)``, analytic.
    """
    f, r, a = partials
    step = (2j * np.pi * f - r) / RATE
    # exp(s (n + m)) = exp(s n) exp(s m): one small matrix product instead of an exponential per
    # sample and partial.
    rows = -(-samples // (ROWS * BLOCK)) * ROWS
    coarse = (np.exp(np.outer(np.arange(rows) * BLOCK, step)) * a).astype(np.complex64)
    fine = np.exp(np.outer(step, np.arange(BLOCK))).astype(np.complex64)
    return (coarse.reshape(-1, ROWS, len(f)) @ fine).ravel()[:samples]


def render_note(name: str, pitch: int, length: int) -> np.ndarray:
    """Render one note at full velocity.

    Parameters
    ----------
    name : str
        A key of `INSTRUMENTS` or `BASSES`.
    pitch : int
        MIDI number.
    length : int
        Frames of 20 ms until the key is released; the release follows.

    Returns
    -------
    numpy.ndarray
        complex64 ``(samples,)``: the note, with its quadrature partner as the imaginary part.
        It begins and ends at zero.
    """
    instrument = INSTRUMENTS.get(name) or BASSES[name]
    release_start = max(length * FRAME, round(instrument.ring * RATE))
    samples = release_start + round(instrument.release * RATE)
    f, r, a = instrument.timbre(440 * 2 ** ((pitch - 69) / 12))
    note = damped((f, r, a * np.sqrt(2 / (np.abs(a) ** 2).sum())), samples)
    time = np.arange(samples, dtype=np.float32) / RATE
    if instrument.vibrato:
        _vibrate(note, time, 440 * 2 ** ((pitch - 69) / 12), instrument.vibrato)
    envelope = _envelope(samples, release_start, instrument)
    if instrument.tremolo:
        envelope *= 1 + instrument.tremolo * np.sin(2 * np.pi * 4.7 * time)
    note *= envelope * np.float32(instrument.gain)
    return note


def _vibrate(note: np.ndarray, time: np.ndarray, hz: float, cents: float) -> None:
    """Modulate the phase with the vibrato of the fundamental; it grows during the first half second."""
    rate = 5.2
    depth = hz * (2 ** (cents / 1200) - 1) / rate * np.minimum(time / 0.5, 1)
    note *= np.exp(1j * depth * np.sin(2 * np.pi * rate * time)).astype(np.complex64)


def _envelope(samples: int, release_start: int, instrument: Instrument) -> np.ndarray:
    """Return a raised-cosine attack and release around a flat middle, float32."""
    envelope = np.ones(samples, np.float32)
    rise = min(round(instrument.attack * RATE), release_start)
    envelope[:rise] = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    fall = samples - release_start
    envelope[release_start:] = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return envelope
