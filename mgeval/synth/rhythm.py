"""Rhythm: drum patterns, bass lines, and the onsets of a motif.

A bar has 16 steps; positions are in steps.
"""

from __future__ import annotations

import numpy as np

STEPS = 16

# One character per step, as on a drum machine: an accent 1..9, or a dot.
BEATS: dict[str, tuple[dict[str, str], ...]] = {
    "rock": (
        {"kick": "9.......9.......", "snare": "....9.......9...", "hat": "7.5.7.5.7.5.7.5."},
        {"kick": "9.....6.9.......", "snare": "....9.......9...", "hat": "7.5.7.5.7.5.7.5."},
        {"kick": "9.......8.7.....", "snare": "....9.......9..3", "hat": "7.5.7.5.7.5.7..."}
        | {"open hat": "..............5."},
    ),
    "four": (
        {"kick": "9...9...9...9...", "clap": "....8.......8...", "open hat": "..6...6...6...6."}
        | {"hat": "4.......4......."},
        {"kick": "9...9...9...9...", "clap": "....8.......8...", "open hat": "..6...6...6...6."}
        | {"shaker": "4353435343534353"},
    ),
    "hip-hop": (
        {"kick": "9.....7...8.....", "snare": "....9.......9...", "hat": "6.4.6.4.6.4.6.44"},
        {"kick": "9..6......9.....", "snare": "....9..3....9...", "hat": "6.4.6.4.6.4.6.4."},
    ),
    "jazz": (
        {"kick": "6.......6.......", "hat": "....7.......7...", "ride": "8...9.7.8...9.7."},
        {"kick": "6.........6.....", "hat": "....7.......7...", "ride": "8...9.7.8...9.7.", "rim": "..............6."},
    ),
    "soft": (
        {"kick": "8.......7.......", "rim": "....8.......8...", "shaker": "8.6.8.6.8.6.8.6."},
        {"kick": "8.........7.....", "rim": "....8.......8...", "shaker": "8.6.8.6.8.6.8.6."},
    ),
}  # fmt: skip
"""Drum patterns of one bar, several under each name."""

FILL = {"snare": "....9...5.6.7.89", "kick": "9.......7.......", "hat": "7.5.7..........."}
"""The last bar of a phrase of four."""

CYMBALS = ("hat", "open hat", "ride", "shaker")


def drum_bar(pattern: dict[str, str], density: float) -> list[tuple[int, str, float]]:
    """Return the hits of one bar as (step, piece, velocity).

    Sparse music omits the cymbals between the beats, dense music doubles the closed hat.
    """
    hits = []
    for piece, row in pattern.items():
        eighths = piece in CYMBALS and row.count(".") <= STEPS // 2
        for step, accent in enumerate(row):
            if accent != "." and not (eighths and density < 0.25 and step % 4):
                hits.append((step, piece, int(accent) / 9))
            elif eighths and piece == "hat" and density > 0.75 and step % 2:
                hits.append((step, piece, 0.3))
    return hits


def bass_bar(walk: str, density: float) -> list[tuple[int, int, str]]:
    """Return the notes of a bass bar as (step, length in steps, tone).

    A tone is ``root``, ``fifth``, ``octave`` or ``approach``: the scale step below the next root.
    """
    if walk == "walking":
        return [(0, 4, "root"), (4, 4, "third"), (8, 4, "fifth"), (12, 4, "approach")]
    if walk == "octaves":
        return [(step, 2, "octave" if step % 4 else "root") for step in range(0, STEPS, 2)]
    if walk == "pulse" and density >= 0.35:
        return [(step, 2, "root") for step in range(0, STEPS, 2)]
    if density < 0.35:
        return [(0, 8, "root"), (8, 8, "root")]
    return [(0, 6, "root"), (6, 2, "fifth"), (8, 6, "root"), (14, 2, "fifth")]


def motif_steps(rng: np.random.Generator, density: float, tempo: float) -> list[int]:
    """Return the steps of one bar on which a melody has notes; they include the first step.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    density : float
        0 to 1: 0.5 to 2.5 notes per beat.
    tempo : float
        BPM; fast music has no sixteenths.
    """
    grid = 1 if density > 0.7 and tempo < 125 else 2
    steps = np.arange(grid, STEPS, grid)
    count = min(round(4 * (0.5 + 2 * density)), len(steps) + 1)
    # Notes are likelier on the beats.
    weight = np.where(steps % 4 == 0, 1.0, np.where(steps % 2 == 0, 0.55, 0.15))
    onsets = rng.choice(steps, count - 1, replace=False, p=weight / weight.sum())
    return [0, *sorted(int(step) for step in onsets)]
