"""The content of a clip, read from its codes, to compare with its prompt.

Nothing is estimated from audio. A code states the instrument, the note and its age; a note begins
where the age is zero.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from training.musicgen_tiny.layout import CODEBOOKS, EIGHTHS, KEYS, ROWS, TABLE_OF_CODEBOOK, Key

SOUNDING = 0.04
"""Lowest share of a clip's frames in which an instrument must sound to count as present."""

SLOWEST, FASTEST = max(EIGHTHS), min(EIGHTHS)


class Onset(NamedTuple):
    """The beginning of a note; side 0 is left."""

    frame: int
    side: int
    voice: str
    instrument: str
    pitch: object


class Reading(NamedTuple):
    """The content of a clip.

    Parameters
    ----------
    instruments : dict of str to float
        Share of the frames in which each instrument sounds on either side; also ``bass``, ``drums``.
    tempo : float
        Beats per minute; NaN with fewer than two onsets.
    mode : str
        ``major``, ``minor`` or ``''``.
    image : str
        ``left``, ``right``, ``center`` (left and right play the same codes; mono too), ``narrow``,
        ``wide``, ``ping-pong``, or ``other``.
    """

    instruments: dict[str, float]
    tempo: float
    mode: str
    image: str


def meanings(codes: np.ndarray) -> list[list[Key | None]]:
    """Return the meaning of every code of a clip ``(8, frames)``; None for silence."""
    tables = [[None, *(None if key[0] == "count" else key for key in keys)] for keys in KEYS]
    rows = []
    for book in range(CODEBOOKS):
        table = tables[TABLE_OF_CODEBOOK[book // 2]]
        rows.append([table[code] if code < len(table) else None for code in codes[book]])
    return rows


def onsets(rows: list[list[Key | None]]) -> list[Onset]:
    """Return the beginnings of all notes."""
    beginnings = []
    for book, row in enumerate(rows):
        for frame, key in enumerate(row):
            if key and key[3] == 0 and not (frame and row[frame - 1] == key):
                beginnings.append(Onset(frame, book % 2, *key[:3]))
    return sorted(beginnings, key=lambda onset: onset.frame)


def read(codes: np.ndarray) -> Reading:
    """Read a clip.

    Parameters
    ----------
    codes : numpy.ndarray
        int ``(8, frames)``.

    Returns
    -------
    Reading
    """
    rows = meanings(codes)
    # Counting codes are silent.
    codes = np.where(np.array([[key is not None for key in row] for row in rows]), codes, 0)
    notes = onsets(rows)
    return Reading(_instruments(rows), tempo(notes), _mode(rows), _image(codes, rows, notes))


def _instruments(rows: list[list[Key | None]]) -> dict[str, float]:
    """Return the share of frames of each instrument; sounds shorter than three frames do not count as notes."""
    sounding: dict[str, set[int]] = {}
    for row in rows:
        frame = 0
        for note, run in itertools.groupby(row, key=lambda key: key and key[:3]):
            end = frame + len(list(run))
            if note and end - frame >= 3:
                name = note[0] if note[0] in ("bass", "drums") else note[1]
                sounding.setdefault(name, set()).update(range(frame, end))
            frame = end
    return {name: len(frames) / len(rows[0]) for name, frames in sounding.items()}


def tempo(notes: list[Onset]) -> float:
    """Return the tempo whose eighths best match the distances between onsets.

    Every distance up to three seconds should be a whole number of eighths. Among the eighths that match
    almost as well as the best, the longest wins; if only beats sound, it can be twice
    the true one.
    """
    frames = np.array(sorted({note.frame for note in notes if note.side == 0} or {note.frame for note in notes}))
    # The late side of a wide image must not count as a separate onset.
    frames = frames[np.r_[True, np.diff(frames) > 2]] if len(frames) else frames
    if len(frames) < 2:
        return float("nan")
    gaps = (frames[None, :] - frames[:, None])[np.triu_indices(len(frames), 1)]
    gaps = gaps[gaps <= 150]
    if not len(gaps):
        return float("nan")
    units = np.arange(FASTEST, SLOWEST + 1)
    off = np.abs(gaps[:, None] / units - np.round(gaps[:, None] / units)) * units
    # Some gaps match by chance, more of them for short eighths: count only matches above chance.
    fits = ((off <= 0.5).mean(0) - 1 / units) / (1 - 1 / units)
    best = units[fits >= fits.max() - 0.08].max()
    return 1500.0 / best


def _mode(rows: list[list[Key | None]]) -> str:
    """Return the mode from the pitches of one mode only: E, A and B against E flat, A flat and B flat."""
    votes = 0
    for row in rows:
        for key in row:
            if key and key[0] == "melody":
                votes += {76: 1, 69: 1, 75: -1, 70: -1}.get(key[2], 0)
            elif key and key[0] == "chords":
                votes += 1 if key[2] in ("C", "Dm", "F", "G", "Am") else -1
            elif key and key[0] == "bass":
                votes += {38: 1, 33: 1, 39: -1, 32: -1, 34: -1}.get(key[2], 0)
    return "major" if votes > 0 else "minor" if votes < 0 else ""


def _image(codes: np.ndarray, rows: list[list[Key | None]], notes: list[Onset]) -> str:
    """Return the stereo image from sides that are silent, alternate, are equal or late.

    A side counts as silent if it sounds for less than 15 % of the time of the other. The other images are
    read from melody and chords, or from the drums if there are neither.
    """
    sides = [sum(bool(key) for row in rows[side::2] for key in row) for side in (0, 1)]
    tonal = [voice for voice in ("melody", "chords") if np.any(codes[list(ROWS[voice])])] or ["drums"]
    if not np.any(codes[[row for voice in tonal for row in ROWS[voice]]]):
        return "other"
    if min(sides) < 0.15 * max(sides):
        return "left" if sides[0] > sides[1] else "right"
    both, equal, late = {}, {}, {}
    for voice in tonal:
        left, right = (codes[row] for row in ROWS[voice])
        sounding = (left > 0) | (right > 0)
        both[voice] = ((left > 0) & (right > 0)).sum() / sounding.sum()
        equal[voice] = (left == right)[sounding].mean()
        first, second = (left, right) if voice == "melody" else (right, left)
        late[voice] = (second[1:] == first[:-1])[sounding[1:]].mean()
    if np.mean(list(both.values())) < 0.4:
        return "ping-pong" if _alternating(notes, tonal) else "other"
    if all(equal[voice] > 0.6 for voice in tonal):
        return "center"
    delayed = [voice for voice in tonal if late[voice] > 0.6]
    if delayed == tonal and "melody" in tonal:
        return "wide"
    if delayed == ["chords"]:
        # Chords alone are the same in both images.
        return "narrow" if "melody" in tonal else "wide"
    return "other"


def _alternating(notes: list[Onset], voices: list[str]) -> bool:
    """Return whether at least 60 % of the notes of these voices are on the other side than the previous note."""
    switches = []
    for voice in voices:
        sides = [note.side for note in notes if note.voice == voice]
        switches += [side != previous for previous, side in zip(sides, sides[1:], strict=False)]
    return bool(switches) and float(np.mean(switches)) >= 0.6
