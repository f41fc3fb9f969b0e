"""What music to compose: `Spec`, its valid values, and a way to draw one at random."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mgeval.errors import MgevalError, nearest
from mgeval.synth.genres import GENRES, PLAIN
from mgeval.synth.instruments import BASSES, INSTRUMENTS
from mgeval.synth.notes import RATE, VOICES, stream
from mgeval.synth.stereo import IMAGES, Image

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MODES = ("major", "minor")

RANGES: dict[str, tuple[float, float, str]] = {
    "tempo": (60, 180, "beats per minute"),
    "density": (0, 1, ""),
    "duration": (1 / RATE, 3600, "seconds"),
    "pan": (-45, 45, "degrees"),
    "spread": (-45, 45, "degrees"),
    "decorrelation": (0, 1, ""),
}
"""Lowest and highest valid number of each numeric field, and its unit."""


class SpecError(MgevalError):
    """A `Spec` asks for something the composer does not have."""


@dataclass(frozen=True)
class Spec:
    """A piece of music to compose.

    Parameters
    ----------
    melody, chords : str or None
        Instruments of these voices, one of `INSTRUMENTS`; None leaves the voice out.
    bass : str or None
        Instrument of the bass, one of `BASSES`; None leaves it out.
    drums : bool
        Whether there are drums.
    tempo : float
        Beats per minute, 60 to 180; a bar has four beats.
    key : str
        Tonic, ``C`` to ``B`` with sharps.
    mode : {'major', 'minor'}
        Minor is natural minor.
    density : float
        0 to 1: how many notes. A melody has about 0.5 to 2.5 of them per beat.
    duration : float
        Seconds, above 0, up to 3600.
    genre : str or None
        One of `GENRES`. Decides the drum pattern, the bass line, swing and four-note chords; the
        other fields stay as they are.
    image : str
        The stereo image, one of `IMAGES`, which holds the numbers each name stands for.
    pan, spread : float or None
        Degrees, -45 to 45, in place of the image's own numbers; see `Image`. An image of one side keeps its
        side: its pan is below 0 on the left, above on the right.
    decorrelation : float or None
        0 to 1, in place of the image's own number.

    Raises
    ------
    SpecError
        A value is not valid; the message states the valid ones.

    Examples
    --------
    >>> Spec(melody="flute", image="left").voice_pan("melody")
    -30.0
    >>> Spec(tempo=300)
    Traceback (most recent call last):
    ...
    mgeval.synth.spec.SpecError: tempo must be a number from 60 to 180 (beats per minute), got 300
    """

    melody: str | None = "piano"
    chords: str | None = "strings"
    bass: str | None = "electric bass"
    drums: bool = True
    tempo: float = 110.0
    key: str = "C"
    mode: str = "major"
    density: float = 0.5
    duration: float = 10.0
    genre: str | None = None
    image: str = "narrow"
    pan: float | None = None
    spread: float | None = None
    decorrelation: float | None = None

    def __post_init__(self) -> None:
        for name, valid in (("melody", INSTRUMENTS), ("chords", INSTRUMENTS), ("bass", BASSES), ("genre", GENRES)):
            if getattr(self, name) is not None:
                _check_choice(name, getattr(self, name), valid)
        for name, choices in (("key", KEYS), ("mode", MODES), ("image", tuple(IMAGES))):
            _check_choice(name, getattr(self, name), choices)
        if not isinstance(self.drums, bool):
            raise SpecError(f"drums must be True or False, got {self.drums!r}")
        for name in RANGES:
            if getattr(self, name) is not None or name in ("tempo", "density", "duration"):
                object.__setattr__(self, name, _checked_number(name, getattr(self, name)))
        if not self.voices:
            raise SpecError("melody, chords, bass and drums are all left out: nothing would sound")
        if self.image == "mono" and self.stereo != Image():
            raise SpecError("image is 'mono': leave pan, spread and decorrelation out, or choose another image")
        # The image's name is truth, and becomes a caption.
        side, valid = {"left": (-1, "below"), "right": (1, "above")}.get(self.image, (0, ""))
        if side and self.stereo.pan * side <= 0:
            raise SpecError(f"pan must be {valid} 0 for image {self.image!r}, got {self.stereo.pan:g}")
        if round(self.duration * RATE) == 0:
            raise SpecError(f"duration is {self.duration:g}, shorter than one sample")

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that sound, in the order melody, chords, bass, drums."""
        return tuple(voice for voice in VOICES if getattr(self, voice))

    @property
    def stereo(self) -> Image:
        """The numbers of the stereo image: the image's own ones, or those given in their place."""
        given = {name: getattr(self, name) for name in ("pan", "spread", "decorrelation")}
        return IMAGES[self.image]._replace(**{k: v for k, v in given.items() if v is not None})

    def voice_pan(self, voice: str) -> float:
        """Return where a voice stands, in degrees; a ping-pong image moves its notes from there."""
        # A lone melody or lone chords need no partner on the other side.
        spread = self.stereo.spread if self.melody and self.chords else 0.0
        side = {"melody": 1, "chords": -1}.get(voice, 0)
        return float(min(max(self.stereo.pan + side * spread, -45), 45))

    def voice_decorrelation(self, voice: str) -> float:
        """Return one minus the correlation of a voice's channels, 0 to 1; the bass is always 0."""
        return 0.0 if voice == "bass" else float(self.stereo.decorrelation)

    def asdict(self) -> dict[str, Any]:
        """Return the fields by name, in the order of the signature."""
        return asdict(self)


def _check_choice(name: str, value: Any, valid: Any) -> None:
    if not isinstance(value, str) or value not in valid:
        # The nearest spelling of a flat would be another key.
        hint = f"valid: {', '.join(valid)}" if name == "key" else nearest(value, valid)
        raise SpecError(f"{name} is {value!r}, {hint}")


def _checked_number(name: str, value: Any) -> float:
    low, high, unit = RANGES[name]
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        suffix = f" ({unit})" if unit else ""
        raise SpecError(f"{name} must be a number from {low:.3g} to {high:g}{suffix}, got {value!r}")
    return float(value)


def draw(rng: np.random.Generator, options: Any) -> Any:
    """Return one of the options, all equally likely, as the plain Python value it is."""
    options = tuple(options)
    return options[int(rng.integers(len(options)))]


def random_spec(seed: int) -> Spec:
    """Draw a valid spec of 10 s, for building data sets.

    Parameters
    ----------
    seed : int
        The same seed gives the same spec.

    Returns
    -------
    Spec
    """
    rng = stream("random spec", int(seed))
    genre = draw(rng, GENRES) if rng.random() < 0.6 else None
    habits = GENRES[genre] if genre else PLAIN
    fields: dict[str, Any] = {
        "melody": draw(rng, habits.melody),
        "chords": draw(rng, habits.chords),
        "bass": draw(rng, habits.bass),
        "drums": draw(rng, habits.drums),
    }
    fields |= _thinned(rng, fields)
    # A split image needs both of the voices that it sets apart.
    images = [name for name in IMAGES if name != "split" or (fields["melody"] and fields["chords"])]
    image = draw(rng, images)
    side = {"left": -1, "right": 1}.get(image)
    return Spec(
        **fields,
        tempo=float(rng.integers(habits.tempo[0], habits.tempo[1] + 1)),
        key=draw(rng, KEYS),
        mode=draw(rng, MODES),
        density=round(float(rng.uniform(*habits.density)), 2),
        genre=genre,
        image=image,
        pan=side * draw(rng, (15.0, 30.0, 45.0)) if side else None,
    )


def _thinned(rng: np.random.Generator, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the changes that make one spec in four a solo, drums only, or without a melody."""
    chance = rng.random()
    if chance < 0.1:
        solo = fields["melody"]
        return {"chords": solo if INSTRUMENTS[solo].polyphonic else None, "bass": None, "drums": False}
    if chance < 0.15:
        return {"melody": None, "chords": None, "bass": None, "drums": True}
    if chance < 0.25:
        return {"melody": None}
    return {}
