"""Training texts of the tiny CLAP, and the pieces that each is true of."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgeval.synth import BASSES, GENRES, INSTRUMENTS, Spec
from mgeval.synth.captions import PACES, caption
from mgeval.synth.vocabulary import CAPTION_WORDS, PROMPT_WORDS
from training.clap_tiny.data import KEYS

CLASSES: dict[str, tuple[Any, ...]] = {
    "melody": (*INSTRUMENTS, None),
    "chords": (*INSTRUMENTS, None),
    "bass": (*BASSES, None),
    "drums": (False, True),
    "mode": ("major", "minor"),
    "key": KEYS,
    "hall": (False, True),
    "density_word": ("sparse", "busy"),
    "tempo_word": ("slow", "medium", "fast"),
    "genre": tuple(GENRES),
    "has": tuple(INSTRUMENTS),
}
"""The values of each attribute that a text can state. ``has`` is an instrument in either role."""

NAMED = (*CLASSES, "tempo")
TEMPO_TOLERANCE = 0.06
UNNAMED = -1


def fact_row(names: dict[str, Any]) -> np.ndarray:
    """Return the statements of a text, float32 ``(len(NAMED),)``: class numbers, BPM of the tempo, -1 if unstated."""
    names = dict(names)
    if "image" in names:
        names["hall"] = names["image"] == "reverberant"
    row = np.full(len(NAMED), UNNAMED, np.float32)
    for i, name in enumerate(NAMED):
        if name in names:
            row[i] = names[name] if name == "tempo" else CLASSES[name].index(names[name])
    return row


def truth_row(spec: Spec) -> np.ndarray:
    """Return the truth of a piece, in the form of `fact_row`; drums alone have neither key nor mode."""
    names: dict[str, Any] = {n: getattr(spec, n) for n in ("melody", "chords", "bass", "drums", "tempo", "image")}
    if spec.voices != ("drums",):
        names |= {"mode": spec.mode, "key": spec.key}
    if spec.genre:
        names["genre"] = spec.genre
    if spec.density <= 0.25 or spec.density >= 0.72:
        names["density_word"] = "sparse" if spec.density <= 0.25 else "busy"
    for word, (low, high) in PACES.items():
        if low <= spec.tempo <= high:
            names["tempo_word"] = word
    return fact_row(names)


def contradicts(facts: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Return which texts are audibly false for which pieces.

    A tempo is false from a deviation of 6 %. A genre is never false: it is a convention, and the other attributes
    cover its audible part. In mono, no stereo image is audible except a hall.

    Parameters
    ----------
    facts : numpy.ndarray
        ``(texts, len(NAMED))`` of `fact_row`.
    truths : numpy.ndarray
        ``(pieces, len(NAMED))`` of `truth_row`.

    Returns
    -------
    numpy.ndarray
        bool ``(texts, pieces)``.
    """
    wrong = np.zeros((len(facts), len(truths)), bool)
    for i, name in enumerate(NAMED):
        stated, true = facts[:, None, i], truths[None, :, i]
        if name == "tempo":
            off = np.abs(np.log(np.maximum(stated, 1) / np.maximum(true, 1))) > np.log(1 + TEMPO_TOLERANCE)
        elif name == "has":
            off = (stated != truths[None, :, NAMED.index("melody")]) & (
                stated != truths[None, :, NAMED.index("chords")]
            )
        elif name == "genre":
            continue
        else:
            off = stated != true
        if name in ("key", "mode"):
            # A key is neither true nor false for drums alone.
            off &= true != UNNAMED
        wrong |= (stated != UNNAMED) & off
    return wrong


def text_of(spec: Spec, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return a text about a piece in one of many wordings, and its `fact_row`.

    Three in five are `mgeval.synth` captions, a third of these with words replaced by other words of
    prompts; the rest are lists of a few attributes.
    """
    if rng.random() < 0.4:
        return tag_text(spec, rng)
    text, names = caption(spec, int(rng.integers(2**31)))
    return (reword(text, names, rng) if rng.random() < 0.33 else text), fact_row(names)


def reword(text: str, names: dict[str, Any], rng: np.random.Generator) -> str:
    """Replace some words of a caption by rarer synonyms."""
    kinds = {"melody": "instrument", "chords": "instrument", "tempo_word": "tempo", "density_word": "density"}
    for name, value in names.items():
        kind = kinds.get(name, name)
        if kind not in PROMPT_WORDS or value not in PROMPT_WORDS[kind] or rng.random() < 0.4:
            continue
        for word in sorted(CAPTION_WORDS[kind][value], key=len, reverse=True):
            if word in text:
                text = text.replace(word, _pick(rng, PROMPT_WORDS[kind][value]), 1)
                break
    return text


OPENINGS = ("", "", "", "", "music with ", "a piece with ", "a track with ", "sound of ", "featuring ")


def tag_text(spec: Spec, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return a list of one to five attributes of a piece as text, and its `fact_row`."""
    parts = _tag_phrases(spec, rng)
    count = min(int(rng.integers(1, 6)), len(parts))
    selection = [parts[i] for i in rng.permutation(len(parts))[:count]]
    names: dict[str, Any] = {}
    for _, attributes in selection:
        names |= attributes
    text = _pick(rng, OPENINGS) + _pick(rng, (", ", ", ", " and ", " ")).join(words for words, _ in selection)
    return text, fact_row(names)


def _tag_phrases(spec: Spec, rng: np.random.Generator) -> list[tuple[str, dict[str, Any]]]:
    """Return phrases for every attribute that a list may state, with random wordings."""
    if spec.voices == ("drums",):
        only = {"melody": None, "chords": None, "bass": None, "drums": True}
        parts = [(_pick_word(rng, "drums", "only"), only)]
    else:
        word = _pick_word(rng, "drums", "with" if spec.drums else "without")
        parts = [(word, {"drums": spec.drums}), (_pick_word(rng, "mode", spec.mode), {"mode": spec.mode})]
        parts.append(
            (f"{_pick(rng, ('in ', '', 'key of '))}{spec.key} {spec.mode}", {"key": spec.key, "mode": spec.mode})
        )
        sounding = [i for i in (spec.melody, spec.chords) if i]
        if sounding:
            instrument = _pick(rng, sounding)
            parts.append((_pick_word(rng, "instrument", instrument), {"has": instrument}))
        if spec.melody:
            word = _pick_word(rng, "instrument", spec.melody)
            parts.append((f"{word} {_pick(rng, ('melody', 'lead'))}", {"melody": spec.melody}))
        if spec.chords:
            parts.append((f"{_pick_word(rng, 'instrument', spec.chords)} chords", {"chords": spec.chords}))
        bass = _pick_word(rng, "bass", spec.bass) if spec.bass else _pick(rng, ("no bass", "without bass"))
        parts.append((bass, {"bass": spec.bass}))
    parts.append(
        (_pick(rng, ("{:g} bpm", "{:g} BPM", "at {:g} bpm", "tempo {:g}")).format(spec.tempo), {"tempo": spec.tempo})
    )
    truth = truth_row(spec)
    for name, kind in (("tempo_word", "tempo"), ("density_word", "density"), ("genre", "genre")):
        if truth[NAMED.index(name)] != UNNAMED:
            value = CLASSES[name][int(truth[NAMED.index(name)])]
            parts.append((_pick_word(rng, kind, value), {name: value}))
    if spec.image == "reverberant" or rng.random() < 0.2:
        parts.append(
            (_pick_word(rng, "image", spec.image), {"image": spec.image})
            if spec.image in CAPTION_WORDS["image"]
            else parts[0]
        )
    return parts


def _pick_word(rng: np.random.Generator, kind: str, value: str) -> str:
    table = PROMPT_WORDS if rng.random() < 0.25 and value in PROMPT_WORDS[kind] else CAPTION_WORDS
    return _pick(rng, table[kind][value])


def _pick(rng: np.random.Generator, options: Any) -> Any:
    return options[int(rng.integers(len(options)))]


def texts_of(spec: Spec, count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return ``count`` texts about a piece and their facts, float32 ``(count, len(NAMED))``."""
    rng = np.random.default_rng([seed, 11])
    texts, rows = zip(*(text_of(spec, rng) for _ in range(count)), strict=True)
    return list(texts), np.stack(rows)
