"""The sound of each code: 20 ms of a note, with margins for crossfades.

The timbres are those of `mgeval.synth`. Their partials are moved to multiples of 5 or 10 Hz, so that a few
frames repeat exactly and a note can have any length. This detunes pitches by up to
a fifth of a semitone, and an organ's sub-octave by twice that.
"""

from __future__ import annotations

import numpy as np

from mgeval.synth.drums import render_drum
from mgeval.synth.instruments import BASSES, INSTRUMENTS, damped
from mgeval.synth.notes import FRAME, RATE
from training.musicgen_tiny.layout import (  # fmt: skip
    BASS_AGES,
    CHORDS,
    CODES,
    COMPINGS,
    DRUM_AGES,
    KEYS,
    MELODIES,
    Span,
)

GRAIN = 2 * FRAME
"""Samples of a row: a frame, with half a frame before and after it."""

FADE = 160
"""Samples of the crossfade on either side of a frame's edge."""

LEAD = FRAME // 2
DARK = 4200.0
"""Hz above which tones are attenuated: 254 principal components cannot represent more."""

LEVELS = {"melody": 0.1, "chords": 0.04, "bass": 0.097, "drums": 0.24}
BALANCE = {"strings": 0.8, "organ": 0.75, "bell": 0.9, "piano": 1.15, "guitar": 1.2}
HITS = {
    "kick": 1.0,
    "snare": 0.9,
    "hat": 0.75,
    "soft hat": 0.4,
    "open hat": 0.7,
    "clap": 0.9,
    "rim": 0.9,
    "shaker": 0.9,
}
PAIRS = {
    "kick hat": ("kick", "hat"), "snare hat": ("snare", "hat"), "kick shaker": ("kick", "shaker"),
        "rim shaker": ("rim", "shaker"),
}  # fmt: skip


def render_tables() -> np.ndarray:
    """Return the sound of every code, float32 ``(2, 1024, 1280)``."""
    tables = np.zeros((2, CODES, GRAIN), np.float32)
    notes: dict[tuple, np.ndarray] = {}
    for table, keys in zip(tables, KEYS, strict=True):
        for code, key in enumerate(keys, 1):
            if key[0] == "count":
                continue
            if key[:3] not in notes:
                notes[key[:3]] = _note_rows(*key[:3])
            table[code] = notes[key[:3]][key[3]]
    return tables


def _note_rows(voice: str, name: str, pitch: object) -> np.ndarray:
    """Return the grains of a note, ``(rows, 1280)``."""
    if voice == "drums":
        return _struck_rows(_hit(name), DRUM_AGES[name]) * LEVELS["drums"]
    if voice == "bass":
        return _struck_rows(_bass(pitch), BASS_AGES) * LEVELS["bass"]
    span = (MELODIES if voice == "melody" else COMPINGS)[name]
    pitches = (pitch + 12 * (name == "bell"),) if voice == "melody" else CHORDS[pitch]
    return sum(_looped_rows(name, p, span) for p in pitches) * LEVELS[voice] * BALANCE[name]


def window(first: bool = False) -> np.ndarray:
    """Return the weight of a grain: 1 within its frame, with crossfades to its neighbours that add up to 1.

    The first grain of a note begins at full weight.
    """
    weight = np.zeros(GRAIN)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * FADE) + 0.5) / (2 * FADE))
    weight[LEAD - FADE : LEAD + FADE] = rise
    weight[LEAD + FADE : LEAD + FRAME - FADE] = 1
    weight[LEAD + FRAME - FADE : LEAD + FRAME + FADE] = rise[::-1]
    if first:
        weight[: LEAD + FADE] = np.arange(LEAD + FADE) >= LEAD
    return weight


def _grains(signal: np.ndarray, rows: int, begins: bool) -> np.ndarray:
    """Cut a signal, which begins half a frame before its first row, into grains."""
    signal = np.r_[signal, np.zeros(GRAIN)]
    return np.stack([signal[i * FRAME : i * FRAME + GRAIN] * window(begins and i == 0) for i in range(rows)])


def _struck_rows(signal: np.ndarray, rows: int) -> np.ndarray:
    """Return the rows of a sound without a loop; it fades out over its last frames."""
    signal = signal[: rows * FRAME].copy()
    fade = min(3 * FRAME, len(signal) // 2)
    signal[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
    return _grains(np.r_[np.zeros(LEAD), signal], rows, True)


def _hit(name: str) -> np.ndarray:
    pieces = PAIRS.get(name, (name,))
    sounds = [render_drum(piece.replace("soft ", ""), 0).real * HITS[piece] for piece in pieces]
    mixed = np.zeros(max(map(len, sounds)))
    for sound in sounds:
        mixed[: len(sound)] += sound
    return mixed


def _bass(pitch: int) -> np.ndarray:
    f, r, a = BASSES["electric bass"].timbre(440 * 2 ** ((pitch - 69) / 12))
    note = damped((f, r + 2.0, a * np.sqrt(2 / (np.abs(a) ** 2).sum())), BASS_AGES * FRAME).real
    return _fade_in(note, 0.004)


def _fade_in(note: np.ndarray, seconds: float) -> np.ndarray:
    rise = max(round(seconds * RATE), 1)
    note[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    return note


def _looped_rows(name: str, pitch: int, span: Span) -> np.ndarray:
    """Return the rows of a note: onset, loops without decay, and release."""
    player = INSTRUMENTS[name]
    f, r, a = player.timbre(440 * 2 ** ((pitch - 69) / 12))
    grid = RATE / FRAME / span.loop
    f, a = np.round(f / grid) * grid, a * np.sqrt(2 / (np.abs(a) ** 2).sum()) / (1 + (f / DARK) ** 8)
    if name == "bell":
        r = r * 1.3
    count = (span.onset + span.loop) * FRAME + GRAIN
    onset = _fade_in(_tones(f, r, a, count, name), player.attack / 2)
    parts = [_grains(np.r_[np.zeros(LEAD), onset], span.onset, True)]
    turn = span.turn if span.second else span.stop
    levels = [(span.loop, (span.onset + min(turn, 40)) / 2)] + [(span.second, (span.turn + span.stop) / 2)] * bool(
        span.second
    )
    for loop, age in levels:
        amplitudes = a * np.exp(-r * age * FRAME / RATE)
        steady = _tones(f, np.zeros(len(f)), amplitudes, count + LEAD, name, start=span.onset * FRAME - LEAD)
        parts.append(_grains(steady, loop, False))
    if span.release:
        steady *= _fade_out(len(steady), span.release)
        parts.append(_grains(steady, span.release, False))
    return np.concatenate(parts) * player.gain


def _fade_out(samples: int, frames: int) -> np.ndarray:
    """Return a fade from 1 to 0 over a number of frames, which begins after half a frame."""
    progress = np.clip((np.arange(samples) - LEAD) / (frames * FRAME), 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * progress)


def _tones(f: np.ndarray, r: np.ndarray, a: np.ndarray, samples: int, name: str, start: int = 0) -> np.ndarray:
    """Return the sum of the partials from a sample on; strings have a vibrato of 5 Hz."""
    time = (np.arange(samples) + start) / RATE
    depth = f * (2 ** (9 / 1200) - 1) / 5 if name == "strings" else np.zeros(len(f))
    phase = 2 * np.pi * np.outer(f, time) + np.outer(depth, np.sin(2 * np.pi * 5 * time))
    return ((a[:, None] * np.exp(1j * phase)).real * np.exp(-np.outer(r, time))).sum(0)


def play(codes: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Add the sounds of the codes of one side: the reference for the codec.

    Parameters
    ----------
    codes : numpy.ndarray
        int ``(4, frames)``.
    tables : numpy.ndarray
        As `render_tables` returns them.

    Returns
    -------
    numpy.ndarray
        ``(640 * frames,)``.
    """
    from training.musicgen_tiny.layout import TABLE_OF_CODEBOOK

    frames = codes.shape[1]
    wave = np.zeros((frames + 1) * FRAME)
    for book, table in enumerate(TABLE_OF_CODEBOOK):
        for frame in range(frames):
            wave[frame * FRAME : frame * FRAME + GRAIN] += tables[table, codes[book, frame]]
    return wave[LEAD : LEAD + frames * FRAME]
