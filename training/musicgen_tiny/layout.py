"""The meaning of each code: the tables that composer, codec, training and reading share.

A code is a piece of sound of 20 ms: (instrument, pitch or chord, age of the note). There are two
tables of 1024 codes, one for chords and drums, one for melody and bass; code 0 of both is silence.

The decoder samples left and right in the same step, independently of each other, so it must
not choose a voice for both sides at once. Therefore two codebooks share each table, one of them a step
later than the other, and the two sides of a voice are in different ones: the later side depends on the
earlier one.
"""

from __future__ import annotations

from typing import NamedTuple

CODES = 1024
CODEBOOKS = 8
SILENCE = 0

MELODY_PITCHES = (67, 69, 70, 72, 74, 75, 76, 77, 79, 84)
"""MIDI pitches of melodies: in major G A C D E F G C, in minor G Bb C D Eb F G C."""

CHORDS: dict[str, tuple[int, ...]] = {
    "C": (60, 64, 67), "Dm": (57, 62, 65), "F": (57, 60, 65), "G": (59, 62, 67), "Am": (57, 60, 64),
    "Cm": (60, 63, 67), "Eb": (58, 63, 67), "Fm": (56, 60, 65), "Gm": (58, 62, 67), "Ab": (56, 60, 63),
    "Bb": (58, 62, 65),
}  # fmt: skip
"""Chords by name, as MIDI pitches in close position; the first five are those of C major."""

BASS_ROOTS = {"C": 36, "Dm": 38, "F": 41, "G": 43, "Am": 33, "Cm": 36, "Eb": 39, "Fm": 41, "Gm": 43, "Ab": 32, "Bb": 34}
BASS_PITCHES = tuple(sorted(set(BASS_ROOTS.values())))
BASS_AGES = 22


class Span(NamedTuple):
    """The sequence of the frames of a note.

    Parameters
    ----------
    onset : int
        Frames at the start, played once.
    loop : int
        Frames that repeat after the onset.
    second : int
        Frames of a second, softer loop; 0 for none.
    turn : int
        Age at which the second loop begins.
    stop : int
        Age at which the note is silent, even if it is longer.
    release : int
        Frames at the end of the note.
    """

    onset: int
    loop: int
    second: int = 0
    turn: int = 10_000
    stop: int = 10_000
    release: int = 0

    @property
    def rows(self) -> int:
        """Number of codes of one note."""
        return self.onset + self.loop + self.second + self.release

    def ages(self, length: int) -> list[int | None]:
        """Return the row of each frame of a note; None for silent frames."""
        body = max(length - self.release, 1)
        rows: list[int | None] = [self._row(age) for age in range(min(body, length))]
        first = self.onset + self.loop + self.second
        return rows + [first + age for age in range(length - len(rows))]

    def _row(self, age: int) -> int | None:
        if age >= self.stop:
            return None
        if age < self.onset:
            return age
        if age < self.turn:
            return self.onset + (age - self.onset) % self.loop
        return self.onset + self.loop + (age - self.turn) % self.second


PLUCKED = Span(onset=10, loop=5, second=5, turn=20, stop=45)
RINGING = Span(onset=10, loop=5, second=5, turn=30, stop=60)
MELODIES: dict[str, Span] = {
    "piano": PLUCKED,
    "guitar": PLUCKED,
    "bell": RINGING,
    "organ": Span(onset=1, loop=5, release=2),
    "strings": Span(onset=2, loop=10, release=3),
}
STRUCK = Span(onset=10, loop=10, stop=40)
COMPINGS: dict[str, Span] = {
    "piano": STRUCK,
    "guitar": STRUCK,
    "organ": Span(onset=1, loop=10, release=2),
    "strings": Span(onset=2, loop=10, release=3),
}
SUSTAINED = ("organ", "strings")

DRUM_AGES: dict[str, int] = {
    "kick": 7, "snare": 7, "hat": 4, "soft hat": 4, "kick hat": 7, "snare hat": 7, "open hat": 7, "clap": 7,
    "rim": 5, "shaker": 5, "kick shaker": 7, "rim shaker": 6,
}  # fmt: skip
"""Hits of the drum kit, some of two pieces at once, with their durations in frames."""

EIGHTHS = (9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24)
"""Frames of an eighth note in the available tempi: 167 to 62 beats per minute."""

BAR = 8
"""Eighths of a bar.

Where no drum sounds, the codebooks of the drums hold silent codes that count, so that no other voice has to: the left
one holds the length of an eighth and the position in it, the right one the eighth of the bar. Every hit is
shorter than an eighth, so both counts are visible before the next hit begins.
"""

assert max(DRUM_AGES.values()) < min(EIGHTHS) - 1

HARMONY, LINES = 0, 1
"""The two tables: chords and drums; melody and bass."""

TABLE_OF_CODEBOOK = (HARMONY, HARMONY, LINES, LINES)
"""Table of each codebook of one side."""

ROWS = {
    "drums": (0, 3),
    "chords": (2, 1),
    "melody": (4, 7),
    "bass": (6, 5),
}
"""Rows of each voice among the eight rows of codes of a clip: (left, right). Even rows are left."""

Key = tuple[str, str, object, int]
"""(voice, instrument, pitch or chord or None, row of the note)."""


def _harmony() -> list[Key]:
    chords = [("chords", n, c, row) for n, span in COMPINGS.items() for c in CHORDS for row in range(span.rows)]
    drums = [("drums", n, None, row) for n, rows in DRUM_AGES.items() for row in range(rows)]
    ticks: list[Key] = [("count", "tick", eighth, age) for eighth in EIGHTHS for age in range(eighth)]
    return chords + drums + ticks + [("count", "step", None, step) for step in range(BAR)]


def _lines() -> list[Key]:
    notes = [("melody", n, p, row) for n, span in MELODIES.items() for p in MELODY_PITCHES for row in range(span.rows)]
    return notes + [("bass", "bass", pitch, row) for pitch in BASS_PITCHES for row in range(BASS_AGES)]


KEYS: tuple[list[Key], list[Key]] = (_harmony(), _lines())
"""Meanings of the codes 1, 2, ... of both tables."""

CODE: dict[Key, int] = {key: code for keys in KEYS for code, key in enumerate(keys, 1)}
"""Code of a meaning."""

assert all(len(keys) < CODES for keys in KEYS)


def note_codes(voice: str, instrument: str, pitch: object, length: int) -> list[int]:
    """Return the codes of a note, one per frame of 20 ms."""
    if voice == "drums":
        rows: list[int | None] = list(range(min(length, DRUM_AGES[instrument])))
    elif voice == "bass":
        rows = list(range(min(length, BASS_AGES)))
    else:
        rows = (MELODIES if voice == "melody" else COMPINGS)[instrument].ages(length)
    return [SILENCE if row is None else CODE[voice, instrument, pitch, row] for row in rows]
