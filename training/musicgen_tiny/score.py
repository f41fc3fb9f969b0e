"""The music: from a `Plan` to a score on the frame grid, and on to codes.

All music is in C, in bars of eight eighths, and an eighth is a whole number of frames, so that
the tempo is exact: 1500 / frames beats per minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.musicgen_tiny.layout import (
    BAR,
    BASS_AGES,
    BASS_PITCHES,
    BASS_ROOTS,
    CHORDS,
    CODE,
    CODEBOOKS,
    CODES,
    COMPINGS,
    DRUM_AGES,
    EIGHTHS,
    MELODIES,
    MELODY_PITCHES,
    ROWS,
    SILENCE,
    SUSTAINED,
    note_codes,
)

IMAGES = ("mono", "center", "narrow", "wide", "left", "right", "ping-pong")
COMMON_IMAGES = ("narrow", *("mono", "center", "left", "right", "ping-pong") * 2, *("wide",) * 3)
"""Images to draw from: prompts ask for wide more often than for narrow, which is almost the same."""

SIDES = {"left": (0,), "right": (1,)}

PROGRESSIONS = {
    "major": (("C", "G", "Am", "F"), ("C", "Am", "F", "G"), ("C", "F", "G", "C"), ("C", "F", "C", "G"), ("C", "Am",
        "Dm", "G")),
    "minor": (("Cm", "Ab", "Eb", "Bb"), ("Cm", "Fm", "Gm", "Cm"), ("Cm", "Ab", "Bb", "Cm"), ("Cm", "Fm", "Cm",
        "Gm"), ("Cm", "Eb", "Bb", "Fm")),
}  # fmt: skip

BEATS = {
    "rock": (
        ("kick hat", "hat", "snare hat", "hat", "kick hat", "soft hat", "snare hat", "hat"),
        ("kick hat", "soft hat", "snare hat", "kick", "kick hat", "soft hat", "snare hat", "hat"),
    ),
    "four": (
        ("kick", "open hat", "kick hat", "open hat", "kick", "open hat", "kick hat", "open hat"),
        ("kick", "open hat", "clap", "open hat", "kick", "open hat", "clap", "open hat"),
    ),
    "hip-hop": (("kick hat", "soft hat", "snare hat", "kick", "soft hat", "kick", "snare hat", "soft hat"),),
    "soft": (
        ("kick shaker", "shaker", "rim shaker", "shaker", "kick shaker", "shaker", "rim shaker", "shaker"),
        ("kick", "shaker", "rim", "shaker", "kick", "shaker", "rim", "shaker"),
    ),
    "sparse": (("kick", "", "snare", "", "kick", "", "snare", ""), ("kick", "", "rim", "", "", "", "rim", "")),
}
FILL = ("kick hat", "soft hat", "snare hat", "snare", "snare", "hat", "snare", "snare")

STYLES = {
    "rock": "rock", "pop": "rock", "electronic": "four", "hip-hop": "hip-hop", "lo-fi": "hip-hop", "folk": "soft",
    "jazz": "soft", "ambient": "sparse", "classical": "sparse", "cinematic": "sparse",
}  # fmt: skip
"""Drum pattern of each genre."""


@dataclass(frozen=True)
class Plan:
    """The specification of a piece; fields as in `mgeval.synth.Spec`, with ``eighth`` in frames for the tempo."""

    melody: str | None
    chords: str | None
    bass: bool
    drums: bool
    mode: str
    eighth: int
    density: float
    image: str
    genre: str | None = None


def pick(rng: np.random.Generator, options: tuple | list | dict | str) -> Any:
    """Return one of the options, all equally likely."""
    return tuple(options)[int(rng.integers(len(options)))]


def random_plan(rng: np.random.Generator) -> Plan:
    """Draw a plan."""
    chance = rng.random()
    melody = pick(rng, ("piano", "guitar", "bell", "organ", "strings"))
    chords = pick(rng, ("piano", "guitar", "organ", "strings"))
    bass, drums = rng.random() < 0.65, rng.random() < 0.55
    if chance < 0.20:
        # Solo, often with drums: 'solo piano with drums' must be as common as 'solo piano'.
        chords, bass = (None if melody == "bell" or rng.random() < 0.4 else _comping(melody)), False
    elif chance < 0.23:
        melody, chords, bass, drums = None, None, False, True
    elif chance < 0.28:
        chords = None
    elif chance < 0.32:
        melody = None
    elif chance < 0.42:
        chords = _comping(melody)
    tempo = float(np.exp(rng.uniform(np.log(60), np.log(164))))
    return Plan(
        melody, chords, bool(bass), bool(drums), pick(rng, ("major", "minor")), eighth_frames(tempo),
        float(rng.uniform(0.05, 0.95)), pick(rng, COMMON_IMAGES), pick(rng, STYLES) if rng.random() < 0.5 else None,
    )  # fmt: skip


def _comping(melody: str) -> str:
    return "piano" if melody == "bell" else melody


def eighth_frames(tempo: float) -> int:
    """Return the number of frames of an eighth, of the available ones, that is nearest to a tempo."""
    return min(EIGHTHS, key=lambda eighth: abs(np.log(1500 / eighth / tempo)))


Event = tuple[str, str, object, int, int]
"""(voice, instrument, pitch or chord, first frame, frames)."""


def write_score(plan: Plan, frames: int, rng: np.random.Generator) -> list[Event]:
    """Write the notes of a piece that start before a frame, voice by voice, in temporal order."""
    bars = -(-frames // (plan.eighth * BAR))
    progression = pick(rng, PROGRESSIONS[plan.mode])
    # In slow music the chord changes twice per bar.
    per_bar = 2 if plan.eighth >= 15 else 1
    harmony = [progression[i % 4] for i in range(bars * per_bar)]
    events: list[Event] = []
    if plan.chords:
        events += _chords(plan, harmony, BAR // per_bar, rng)
    if plan.bass:
        events += _bass(plan, harmony, BAR // per_bar, rng)
    if plan.drums:
        events += _drums(plan, bars, rng)
    if plan.melody:
        events += _melody(plan, harmony, BAR // per_bar, bars, rng)
    return [event for event in events if event[3] < frames]


def _chords(plan: Plan, harmony: list[str], span: int, rng: np.random.Generator) -> list[Event]:
    if plan.chords in SUSTAINED or plan.density < 0.25:
        struck = [(0, span)]
    else:
        pattern = ((0, 4), (4, 4)) if plan.density < 0.5 else ((0, 2), (2, 2), (4, 2), (6, 2))
        options = [pattern, ((0, 3), (3, 5))] if plan.density < 0.75 else [pattern, ((0, 3), (3, 3), (6, 2))]
        struck = pick(rng, options)
        struck = [(step, min(steps, span - step)) for step, steps in struck if step < span]
    return [
        ("chords", plan.chords, chord, (i * span + step) * plan.eighth, steps * plan.eighth)
        for i, chord in enumerate(harmony)
        for step, steps in struck
    ]


def _bass(plan: Plan, harmony: list[str], span: int, rng: np.random.Generator) -> list[Event]:
    walks = ((0, 4),), ((0, 3), (3, 1)), ((0, 2), (2, 2)), ((0, 1), (1, 1), (2, 1), (3, 1))
    low, high = (0, 2) if plan.density < 0.35 else (0, 3) if plan.density < 0.65 else (2, 4)
    walk = pick(rng, walks[low:high])
    return [
        ("bass", "bass", BASS_ROOTS[chord], (i * span + half + step) * plan.eighth, steps * plan.eighth)
        for i, chord in enumerate(harmony)
        for half in range(0, span, 4)
        for step, steps in walk
    ]


def _drums(plan: Plan, bars: int, rng: np.random.Generator) -> list[Event]:
    style = STYLES.get(plan.genre) or pick(rng, ("rock", "four", "hip-hop", "soft"))
    if plan.density < 0.2:
        style = "sparse"
    beat, fills = pick(rng, BEATS[style]), style in ("rock", "hip-hop") and rng.random() < 0.5
    return [
        # All styles begin alike: the first code states only that there are drums.
        ("drums", hit if bar or step else "kick", None, (bar * BAR + step) * plan.eighth, plan.eighth * 2)
        for bar in range(bars)
        for step, hit in enumerate(FILL if fills and bar % 4 == 3 else beat)
        if hit
    ]


def _motif(plan: Plan, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return the (step, scale index) of a bar of melody."""
    count = int(np.clip(round(1.5 + 6.5 * plan.density + rng.normal(0, 0.5)), 2, BAR))
    weight = np.array([0.0, 0.4, 1.0, 0.6, 1.2, 0.4, 1.0, 0.6])
    steps = sorted([0, *rng.choice(BAR, count - 1, replace=False, p=weight / weight.sum())])
    index, notes = int(rng.integers(2, 6)), []
    for step in steps:
        notes.append((int(step), index))
        move = int(rng.choice((-2, -1, 1, 2), p=(0.15, 0.35, 0.35, 0.15)))
        index += move if 0 <= index + move <= 7 else -move
    return notes


def _melody(plan: Plan, harmony: list[str], span: int, bars: int, rng: np.random.Generator) -> list[Event]:
    missing = (70, 75) if plan.mode == "major" else (69, 76)
    scale = [pitch for pitch in MELODY_PITCHES if pitch not in missing]
    motifs, events = (_motif(plan, rng), _motif(plan, rng)), []
    for bar in range(bars):
        motif = motifs[1] if bar % 4 == 2 else motifs[0]
        for number, (step, index) in enumerate(motif):
            end = motif[number + 1][0] if number + 1 < len(motif) else BAR
            chord = harmony[(bar * BAR + step) // span]
            pitch = _nearest_chord_tone(scale, index, chord) if step % 4 == 0 else scale[index]
            length = min(end - step, 6) * plan.eighth
            events.append(("melody", plan.melody, pitch, (bar * BAR + step) * plan.eighth, length))
    return events


def _nearest_chord_tone(scale: list[int], index: int, chord: str) -> int:
    """Return the nearest pitch of the scale that belongs to the chord."""
    tones = {pitch % 12 for pitch in CHORDS[chord]}
    return min((pitch for pitch in scale if pitch % 12 in tones), key=lambda pitch: abs(scale.index(pitch) - index))


def to_codes(plan: Plan, events: list[Event], frames: int) -> np.ndarray:
    """Return the codes of a score, int16 ``(8, frames)``.

    The image determines the sides of a note. In a wide image, one side of a voice is a frame (20 ms)
    later than the other, like two recordings: its waveforms then differ.
    """
    codes = np.zeros((CODEBOOKS, frames), np.int16)
    turns = {"melody": 0, "chords": 1}
    for voice, instrument, pitch, start, length in events:
        sounds = note_codes(voice, instrument, pitch, length)
        sides: tuple[int, ...] = SIDES.get(plan.image, (0, 1))
        if plan.image == "ping-pong" and voice in turns:
            sides = (turns[voice] % 2,)
            turns[voice] += 1
        for side in sides:
            begin = start + _lag(plan.image, voice, side)
            row = codes[ROWS[voice][side], begin:]
            row[:] = 0
            row[: len(sounds)] = sounds[: len(row)]
        if plan.image == "ping-pong" and voice in turns:
            # The other side is silent, it does not ring on.
            codes[ROWS[voice][1 - sides[0]], start:] = 0
    for row, counts in zip(ROWS["drums"], count_codes(plan.eighth, frames), strict=True):
        codes[row] = np.where(codes[row] == SILENCE, counts, codes[row])
    return codes


def count_codes(eighth: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the silent codes that count the frames of an eighth, and the eighths of a bar.

    The first frame is plain silence. Guidance amplifies codes that the text makes more
    likely: a code for both "no drums" and the tempo would win over drums because of the tempo alone.
    """
    frame = np.arange(frames)
    ticks = np.array([CODE["count", "tick", eighth, age] for age in range(eighth)])[frame % eighth]
    steps = np.array([CODE["count", "step", None, step] for step in range(BAR)])[frame // eighth % BAR]
    return np.where(frame == 0, SILENCE, ticks), np.where(frame == 0, SILENCE, steps)


def _lag(image: str, voice: str, side: int) -> int:
    """Return the delay of a side in frames: the right side of the melody or the left side of the chords."""
    if voice == "chords" and image in ("wide", "narrow"):
        return int(side == 0)
    return int(voice == "melody" and image == "wide" and side == 1)


def next_codes() -> tuple[np.ndarray, np.ndarray]:
    """Return, for both tables, the most frequent successor of each code (0: silence)."""
    tables = np.zeros((2, CODES), np.int64)
    notes = [(1, "melody", n, p, 60) for n in MELODIES for p in MELODY_PITCHES]
    notes += [(0, "chords", n, c, 60) for n in COMPINGS for c in CHORDS]
    notes += [(1, "bass", "bass", p, BASS_AGES) for p in BASS_PITCHES]
    notes += [(0, "drums", name, None, ages) for name, ages in DRUM_AGES.items()]
    for eighth in EIGHTHS:
        for age in range(eighth):
            tables[0, CODE["count", "tick", eighth, age]] = CODE["count", "tick", eighth, (age + 1) % eighth]
    for step in range(BAR):
        tables[0, CODE["count", "step", None, step]] = CODE["count", "step", None, step]
    for table, voice, name, pitch, length in notes:
        codes = [*note_codes(voice, name, pitch, length), 0]
        for code, following in list(zip(codes, codes[1:], strict=False))[::-1]:
            if code:
                tables[table, code] = following
    return tables[0], tables[1]
