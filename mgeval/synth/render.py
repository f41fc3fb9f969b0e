"""From a spec to sound and truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.synth.drums import TAKES, render_drum
from mgeval.synth.instruments import render_note
from mgeval.synth.notes import FRAME, FRAMES_PER_SECOND, RATE, VOICES, Note
from mgeval.synth.rhythm import CYMBALS
from mgeval.synth.score import compose_notes
from mgeval.synth.spec import Spec, SpecError
from mgeval.synth.stereo import BLOCK, place, reverberate

VERSION = "1"
"""Changes whenever the same spec and seed would sound different."""

LEVELS = {"melody": 0.20, "chords": 0.105, "bass": 0.165, "drums": 0.36}
"""Gain of one note of each voice."""

LOUDNESS = -16.5
"""LUFS, about, of every piece."""

WINDOW = 6 * RATE
"""Samples from the start by which loudness is set, however long the clip."""

PEAK = 1.1
"""The highest peak that is left to the limiter."""

KNEE, CEILING = 0.45, 0.708
"""Below the knee the limiter does nothing; no sample passes the ceiling (-3 dBFS)."""


def compose(spec: Spec, seed: int = 0) -> tuple[Audio, dict[str, Any]]:
    """Compose a piece of music and say what is in it.

    A shorter clip of the same spec and seed is the beginning of a longer one, and the image changes
    only where the notes stand, not which they are.

    Parameters
    ----------
    spec : Spec
        What to compose.
    seed : int
        Which of the many pieces that fit the spec; 0 or more.

    Returns
    -------
    Audio
        Stereo, 32 kHz, ``round(32000 * spec.duration)`` samples, peak at most 0.708 (-3 dBFS),
        about -17 LUFS.
    dict
        The truth, fit for JSON. ``tempo`` (BPM), ``key``, ``mode``, ``genre``, ``density``,
        ``duration`` (s), ``instruments`` (by voice, None where silent), ``drums``; ``beats`` (s);
        the image: ``image``, ``pan`` (degrees by voice), ``decorrelation`` (by voice), ``spread``
        and ``bounce`` (degrees), ``reverb`` (gain); ``notes``, each with voice, instrument, pitch
        (MIDI), start and duration (s), velocity and pan (degrees); ``grid`` (s), the grid
        of all starts and durations; ``exact`` and ``approximate``, which say in words how far the
        numbers can be relied on; ``seed`` and ``version``.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SpecError(f"seed must be a whole number from 0, got {seed!r}")
    samples = round(spec.duration * RATE)
    # Loudness is set by the same stretch of music in a clip of any length, and the reverberation
    # transforms whole blocks: with half of one, its rounding errors would depend on the clip's end.
    rendered = -(-max(samples, WINDOW) // BLOCK) * BLOCK
    notes = compose_notes(spec, seed, -(-rendered // FRAME))
    pans = note_pans(spec, notes)
    mix = render(spec, notes, pans, rendered)
    if spec.stereo.reverb:
        reverberate(mix, spec.stereo.reverb)
    mix *= np.float32(level(mix[:, :WINDOW]))
    mix = mix[:, :samples]
    limit(mix)
    heard = [pair for pair in zip(notes, pans, strict=True) if pair[0].start * FRAME < samples]
    return Audio(mix, RATE), truth(spec, int(seed), heard)


def note_pans(spec: Spec, notes: list[Note]) -> list[float]:
    """Return where each note stands, in degrees."""
    bounce = spec.stereo.bounce
    turns = {voice: (-1, 0) for voice in VOICES}
    pans = []
    for note in notes:
        last, side = turns[note.voice]
        moves = note.voice in ("melody", "chords") or note.instrument in CYMBALS
        if moves and note.start != last:
            side = 1 if side < 0 else -1
            turns[note.voice] = (note.start, side)
        pan = spec.voice_pan(note.voice) + (side * bounce if moves else 0)
        pans.append(float(min(max(pan, -45), 45)))
    return pans


def render(spec: Spec, notes: list[Note], pans: list[float], samples: int) -> np.ndarray:
    """Play the notes, each distinct one rendered once, into float32 ``(2, samples)``."""
    mix = np.zeros((2, samples), np.float32)
    made: dict[tuple[str, int, int], np.ndarray] = {}
    for count, (note, pan) in enumerate(zip(notes, pans, strict=True)):
        if note.voice == "drums":
            sound = render_drum(note.instrument, count % TAKES)
        else:
            key = (note.instrument, note.pitch, note.length)
            sound = made[key] if key in made else made.setdefault(key, render_note(*key))
        # Loudness falls faster than the velocity.
        gain = LEVELS[note.voice] * note.velocity**1.5
        place(mix, note.start * FRAME, sound, gain, pan, spec.voice_decorrelation(note.voice))
    return mix


def level(window: np.ndarray) -> float:
    """Return the gain that brings music to its loudness, or less where the limiter would be too busy."""
    return min(10 ** ((LOUDNESS - loudness(window)) / 20), PEAK / float(np.abs(window).max()))


def loudness(mix: np.ndarray) -> float:
    """Return the loudness in LUFS without gating, weighted about as BS.1770 does (within 1 dB)."""
    hertz = np.fft.rfftfreq(mix.shape[1], 1 / RATE)
    low, high = (hertz / 50) ** 4, (hertz / 1500) ** 2
    weight = low / (1 + low) * (1 + 2.5 * high) / (1 + high)
    power = 2 * (np.abs(np.fft.rfft(mix)) ** 2 * weight).sum() / mix.shape[1] ** 2
    return float(10 * np.log10(power + 1e-12) - 0.7)


def limit(mix: np.ndarray) -> None:
    """Round off what passes the knee, in place.

    Both channels of a sample get the same gain, so that panning survives; the gain depends on that
    sample alone, so that a clip's end does not change its beginning.
    """
    peak = np.maximum(np.abs(mix[0]), np.abs(mix[1]))
    loud = np.flatnonzero(peak > KNEE)
    over, room = peak[loud] - KNEE, CEILING - KNEE
    mix[:, loud] *= (KNEE + room * np.tanh(over / room)) / peak[loud]


def truth(spec: Spec, seed: int, notes: list[tuple[Note, float]]) -> dict[str, Any]:
    """Return what is known about a piece; see `compose`."""
    stereo = spec.stereo
    return {
        "version": VERSION,
        "seed": seed,
        "tempo": spec.tempo,
        "key": spec.key,
        "mode": spec.mode,
        "genre": spec.genre,
        "density": spec.density,
        "duration": spec.duration,
        "instruments": {
            "melody": spec.melody,
            "chords": spec.chords,
            "bass": spec.bass,
            "drums": "drums" if spec.drums else None,
        },
        "drums": spec.drums,
        "image": spec.image,
        "pan": {voice: spec.voice_pan(voice) for voice in spec.voices},
        "decorrelation": {voice: spec.voice_decorrelation(voice) for voice in spec.voices},
        "spread": stereo.spread,
        "bounce": stereo.bounce,
        "reverb": stereo.reverb,
        "beats": [round(beat * 60 / spec.tempo, 6) for beat in range(int(np.ceil(spec.duration * spec.tempo / 60)))],
        "grid": 1 / FRAMES_PER_SECOND,
        "notes": [
            {
                "voice": note.voice,
                "instrument": note.instrument,
                "pitch": note.pitch,
                "start": note.start / FRAMES_PER_SECOND,
                "duration": note.length / FRAMES_PER_SECOND,
                "velocity": note.velocity,
                "pan": pan,
            }
            for note, pan in notes
        ],
        "exact": EXACT,
        "approximate": APPROXIMATE,
    }


EXACT = [
    "image 'mono' with no pan: left equals right in every sample",
    "one pan for every voice and decorrelation 0 (left, right): image angle is the pan, correlation 1 "
    "(none at -45 and 45, where one channel is silent)",
    "note starts, pitches, instruments and pans; no note of a voice that the spec leaves out",
    "a note's own channels correlate by 1 - decorrelation over its steady part; the kick's and the bass's by 1",
]
APPROXIMATE = [
    "beats: notes are moved to the nearest 20 ms, and off-beat eighths late where the genre swings",
    "key: every pitch is in the scale; overtones and drums are not",
    "correlation of the whole mix: voices differ in level, and notes of one pitch overlap",
    "durations: instruments ring on after a note's end",
    "where a peak passes 0.45 of full scale both channels are turned down together",
]
