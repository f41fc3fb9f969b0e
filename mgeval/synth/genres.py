"""Genres: their instruments, tempi and rhythms."""

from __future__ import annotations

from typing import NamedTuple


class Genre(NamedTuple):
    """The conventions of a genre.

    Parameters
    ----------
    melody, chords, bass : tuple
        Instruments to choose from; None omits the voice.
    drums : tuple of bool
        Choices of whether there are drums.
    beat : str
        Drum pattern, a key of `mgeval.synth.rhythm.BEATS`.
    tempo : tuple of int
        Lowest and highest usual BPM.
    density : tuple of float
        Lowest and highest usual density.
    walk : str
        Bass line, one of ``roots``, ``pulse``, ``walking``, ``octaves``.
    swing : bool
        Whether off-beat eighths are late.
    sevenths : bool
        Whether chords have four notes.
    """

    melody: tuple[str | None, ...]
    chords: tuple[str | None, ...]
    bass: tuple[str | None, ...]
    drums: tuple[bool, ...]
    beat: str
    tempo: tuple[int, int]
    density: tuple[float, float]
    walk: str = "roots"
    swing: bool = False
    sevenths: bool = False


GENRES: dict[str, Genre] = {
    "ambient": Genre(
        ("bell", "flute", "electric piano", "piano"), ("pad", "strings"), (None,), (False,),
        "soft", (60, 84), (0.0, 0.3), sevenths=True,
    ),
    "lo-fi": Genre(
        ("electric piano", "guitar", "piano"), ("electric piano", "pad"), ("electric bass",), (True,),
        "hip-hop", (70, 90), (0.3, 0.6), swing=True, sevenths=True,
    ),
    "jazz": Genre(
        ("piano", "guitar", "flute"), ("piano", "electric piano", "organ"), ("upright bass",), (True,),
        "jazz", (96, 160), (0.4, 0.8), "walking", swing=True, sevenths=True,
    ),
    "rock": Genre(
        ("guitar", "organ", "synth"), ("guitar", "organ"), ("electric bass",), (True,),
        "rock", (100, 150), (0.4, 0.8), "pulse",
    ),
    "pop": Genre(
        ("piano", "synth", "guitar"), ("guitar", "piano", "strings"), ("electric bass", "synth bass"), (True,),
        "rock", (92, 132), (0.4, 0.7), "pulse",
    ),
    "classical": Genre(
        ("piano", "flute", "strings"), ("strings", "piano"), (None, "upright bass"), (False,),
        "soft", (66, 132), (0.3, 0.8),
    ),
    "folk": Genre(
        ("guitar", "flute"), ("guitar",), ("upright bass", None), (False, True),
        "soft", (84, 126), (0.3, 0.7),
    ),
    "electronic": Genre(
        ("synth", "bell", "marimba"), ("pad", "synth"), ("synth bass",), (True,),
        "four", (118, 140), (0.4, 0.9), "octaves",
    ),
    "hip-hop": Genre(
        ("electric piano", "bell", "synth"), ("electric piano", "strings", "pad"), ("synth bass",), (True,),
        "hip-hop", (78, 100), (0.2, 0.6),
    ),
    "cinematic": Genre(
        ("strings", "piano", "bell"), ("strings", "pad"), ("upright bass", None), (False, True),
        "soft", (66, 104), (0.2, 0.6),
    ),
}  # fmt: skip
"""Every genre; there is no other list."""

PLAIN = Genre(
    ("piano", "guitar", "flute", "electric piano", "bell", "marimba", "synth", "strings", "organ"),
    ("piano", "guitar", "strings", "pad", "organ", "electric piano"),
    ("electric bass", "synth bass", "upright bass", None),
    (True, False),
    "rock",
    (72, 140),
    (0.2, 0.8),
)
"""The choices for music without a genre."""
