"""Captions of a spec: `describe`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mgeval.synth.instruments import INSTRUMENTS
from mgeval.synth.notes import stream
from mgeval.synth.spec import Spec, draw
from mgeval.synth.stereo import IMAGES
from mgeval.synth.vocabulary import CAPTION_WORDS

NOUNS = ("piece", "track", "tune", "instrumental", "song", "loop")

# The first instrument plays the melody, the second the chords, as in prompts without further words.
ROLES = ("{m} melody over {c} chords", "{m} lead backed by {c}", "melody on {m} and chords on {c}")
PAIRS = (*ROLES, "{m} with {c} accompaniment", "{m} and {c}", "{m} accompanied by {c}")
SOFT = ("soft ", "gentle ", "warm ", "", "", "")

PACES = {"slow": (60, 86), "medium": (92, 118), "fast": (128, 180)}

SIDES = {
    15: ("slightly to the {side}", "panned a little {side}", "just {side} of center"),
    30: ("panned {side}", "on the {side} side", "placed on the {side}", "to the {side} of the stereo field"),
    45: ("panned hard {side}", "in the {side} channel only", "hard {side}", "entirely in the {side} speaker"),
}
"""Pan of the image in degrees, and phrases for it."""

SPLITS = ("{m} melody on the left and {c} on the right", "{m} panned left, {c} panned right", "{m} left, {c} right")

Part = tuple[str, dict[str, Any]]
"""A phrase, and the attributes of the spec that it states."""


def describe(spec: Spec, seed: int = 0) -> str:
    """Describe a spec in words, in the style of a prompt for a text-to-music model.

    The stated attributes and the wording are drawn at random; `mgeval.synth.parse` recovers the
    stated attributes.

    Parameters
    ----------
    spec : Spec
        The music.
    seed : int
        Selects one of many wordings.

    Returns
    -------
    str
    """
    return caption(spec, seed)[0]


def caption(spec: Spec, seed: int = 0) -> Part:
    """Return a description, and the attributes that it states with their values.

    ``tempo`` is the exact BPM; ``tempo_word`` is slow, medium or fast; ``density_word`` is sparse or
    busy; the others are fields of the spec.
    """
    rng = stream("caption", int(seed), spec.asdict())
    front, core = _adjectives(spec, rng), _core(spec, rng)
    tail: list[Any] = [part for part in _details(spec, rng) if part]
    rng.shuffle(tail)
    names: dict[str, Any] = {}
    for _, attributes in (*front, core, *tail):
        names |= attributes
    noun = draw(rng, NOUNS)
    lead = ", ".join(words for words, _ in front)
    opening = f"{lead} {noun}" if lead else noun
    text = draw(
        rng,
        (
            f"{_article(opening)} {opening} with {core[0]}",
            f"{_article(opening)} {opening}: {core[0]}",
            f"{opening}, {core[0]}",
            f"{_article(opening)} {opening} featuring {core[0]}",
        ),
    )
    if closing := [words for words, _ in tail]:
        sentences = ". ".join(words[0].upper() + words[1:] for words in closing)
        text += draw(rng, (f". {sentences}", f", {', '.join(closing)}"))
    return (text[0].upper() + text[1:] + "." if rng.random() < 0.5 else text), names


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def _pick_word(rng: np.random.Generator, kind: str, value: str) -> str:
    return draw(rng, CAPTION_WORDS[kind][value])


def _adjectives(spec: Spec, rng: np.random.Generator) -> list[Part]:
    """Return adjectives before the noun: some of tempo, mood, density and genre."""
    # Between the ranges no word is unambiguous.
    pace = next((word for word, (low, high) in PACES.items() if low <= spec.tempo <= high), "")
    fill = "sparse" if spec.density <= 0.25 else "busy" if spec.density >= 0.72 else ""
    parts: list[Part] = []
    if pace and rng.random() < 0.5:
        parts.append((_pick_word(rng, "tempo", pace), {"tempo_word": pace}))
    if rng.random() < 0.5:
        parts.append((_pick_word(rng, "mode", spec.mode), {"mode": spec.mode}))
    if fill and rng.random() < 0.5:
        parts.append((_pick_word(rng, "density", fill), {"density_word": fill}))
    if spec.genre and rng.random() < 0.7:
        parts.append((_pick_word(rng, "genre", spec.genre), {"genre": spec.genre}))
    return parts


def _core(spec: Spec, rng: np.random.Generator) -> Part:
    """Return a phrase for melody and chords."""
    if spec.voices == ("drums",):
        return _pick_word(rng, "drums", "only"), {"melody": None, "chords": None, "bass": None, "drums": True}
    voices = {"melody": spec.melody, "chords": spec.chords}
    m, c = (_pick_word(rng, "instrument", name) if name else "" for name in voices.values())
    if not spec.melody and not spec.chords:
        return "no melody and no chords", voices
    if not spec.melody:
        return draw(rng, (f"{c} chords and no melody", f"{c} chords without a melody")), voices
    alone = spec.melody if INSTRUMENTS[spec.melody].polyphonic else None
    if spec.voices in (("melody",), ("melody", "chords")) and spec.chords == alone:
        return draw(rng, (f"solo {m}", f"unaccompanied {m}", f"{m} alone")), voices | {"bass": None, "drums": False}
    if not spec.chords:
        return draw(rng, (f"{m} melody without chords", f"{m} melody, no chords")), voices
    # Without further words, `parse` would assign a pad to the chords.
    explicit = spec.melody == "pad"
    if spec.image == "split" and spec.voice_pan("melody") < 0 < spec.voice_pan("chords"):
        return draw(rng, SPLITS[:1] if explicit else SPLITS).format(m=m, c=c), voices | {"image": "split"}
    return draw(rng, ROLES if explicit else PAIRS).format(m=m, c=draw(rng, SOFT) + c), voices


def _details(spec: Spec, rng: np.random.Generator) -> Iterable[Part | None]:
    """Yield further remarks: bass, drums, stereo image, tempo, key."""
    if spec.voices != ("drums",) and rng.random() < 0.7:
        if spec.bass:
            yield _pick_word(rng, "bass", spec.bass), {"bass": spec.bass}
        else:
            yield draw(rng, ("no bass", "without bass")), {"bass": None}
        yield _pick_word(rng, "drums", "with" if spec.drums else "without"), {"drums": spec.drums}
    if spec.image != "split" and rng.random() < 0.75 and _has_usual_image(spec):
        yield _image(spec, rng)
    if rng.random() < 0.6:
        bpm = f"{spec.tempo:g}"
        yield draw(rng, (f"{bpm} bpm", f"at {bpm} BPM", f"tempo: {bpm} bpm")), {"tempo": spec.tempo}
    if rng.random() < 0.6:
        key = spec.key.replace("#", draw(rng, ("#", " sharp", "#")))
        words = draw(rng, (f"in {key} {spec.mode}", f"key of {key} {spec.mode}", f"in the key of {key} {spec.mode}"))
        yield words, {"key": spec.key, "mode": spec.mode}


def _has_usual_image(spec: Spec) -> bool:
    """Return whether the spec leaves the numbers of its stereo image as they are, except for the pan of a side."""
    usual = IMAGES[spec.image]
    return spec.stereo == (usual._replace(pan=spec.stereo.pan) if spec.image in ("left", "right") else usual)


def _image(spec: Spec, rng: np.random.Generator) -> Part | None:
    """Return a phrase for the stereo image; for a side, one for the nearest of three angles."""
    if spec.image not in ("left", "right"):
        return _pick_word(rng, "image", spec.image), {"image": spec.image}
    angle = min(SIDES, key=lambda degrees: abs(abs(spec.stereo.pan) - degrees))
    words = draw(rng, SIDES[angle]).format(side=spec.image)
    return words, {"image": spec.image, "pan": float(angle if spec.image == "right" else -angle)}
