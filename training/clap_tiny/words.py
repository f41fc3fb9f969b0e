"""The texts that the tiny CLAP reads in training, and which pieces each of them is true of."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgeval.synth import BASSES, GENRES, INSTRUMENTS, Spec
from mgeval.synth.captions import PACES, caption
from mgeval.synth.vocabulary import HEARD, SAID
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
"""The values of each attribute that a text can name. ``has`` is an instrument in either role."""

NAMED = (*CLASSES, "tempo")
TEMPO_TOLERANCE = 0.06
UNNAMED = -1


def fact_row(names: dict[str, Any]) -> np.ndarray:
    """Return what a text names, float32 ``(len(NAMED),)``: class numbers, BPM for the tempo, -1 where unnamed."""
    names = dict(names)
    if "image" in names:
        names["hall"] = names["image"] == "reverberant"
    row = np.full(len(NAMED), UNNAMED, np.float32)
    for i, name in enumerate(NAMED):
        if name in names:
            row[i] = names[name] if name == "tempo" else CLASSES[name].index(names[name])
    return row


def truth_row(spec: Spec) -> np.ndarray:
    """Return what is true of a piece, in the form of `fact_row`; drums alone have neither key nor mode."""
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
    """Say which texts are audibly untrue of which pieces.

    A tempo is untrue from 6 % on. A genre is never untrue: it is a habit, and what one hears of it
    the other attributes name. A stereo image is inaudible in mono, but for a hall.

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
        said, true = facts[:, None, i], truths[None, :, i]
        if name == "tempo":
            off = np.abs(np.log(np.maximum(said, 1) / np.maximum(true, 1))) > np.log(1 + TEMPO_TOLERANCE)
        elif name == "has":
            off = (said != truths[None, :, NAMED.index("melody")]) & (said != truths[None, :, NAMED.index("chords")])
        elif name == "genre":
            continue
        else:
            off = said != true
        if name in ("key", "mode"):
            # Of drums alone a key is neither true nor false.
            off &= true != UNNAMED
        wrong |= (said != UNNAMED) & off
    return wrong


def text_of(spec: Spec, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return a text about a piece in one of many wordings, and what it names as a `fact_row`.

    Three in five are `mgeval.synth` captions, one in three of these with words exchanged for others
    that prompts use; the rest are bare lists of a few attributes.
    """
    if rng.random() < 0.4:
        return tags(spec, rng)
    text, names = caption(spec, int(rng.integers(2**31)))
    return (reworded(text, names, rng) if rng.random() < 0.33 else text), fact_row(names)


def reworded(text: str, names: dict[str, Any], rng: np.random.Generator) -> str:
    """Exchange some of the words that captions use for rarer ones of the same meaning."""
    kinds = {"melody": "instrument", "chords": "instrument", "tempo_word": "tempo", "density_word": "density"}
    for name, value in names.items():
        kind = kinds.get(name, name)
        if kind not in HEARD or value not in HEARD[kind] or rng.random() < 0.4:
            continue
        for said in sorted(SAID[kind][value], key=len, reverse=True):
            if said in text:
                text = text.replace(said, _pick(rng, HEARD[kind][value]), 1)
                break
    return text


OPENINGS = ("", "", "", "", "music with ", "a piece with ", "a track with ", "sound of ", "featuring ")


def tags(spec: Spec, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return a bare list of one to five attributes of a piece, and what it names."""
    parts = _tag_parts(spec, rng)
    count = min(int(rng.integers(1, 6)), len(parts))
    chosen = [parts[i] for i in rng.permutation(len(parts))[:count]]
    names: dict[str, Any] = {}
    for _, named in chosen:
        names |= named
    text = _pick(rng, OPENINGS) + _pick(rng, (", ", ", ", " and ", " ")).join(words for words, _ in chosen)
    return text, fact_row(names)


def _tag_parts(spec: Spec, rng: np.random.Generator) -> list[tuple[str, dict[str, Any]]]:
    """Return every attribute that a list may name, in words drawn at random."""
    if spec.voices == ("drums",):
        only = {"melody": None, "chords": None, "bass": None, "drums": True}
        parts = [(_words(rng, "drums", "only"), only)]
    else:
        word = _words(rng, "drums", "with" if spec.drums else "without")
        parts = [(word, {"drums": spec.drums}), (_words(rng, "mode", spec.mode), {"mode": spec.mode})]
        parts.append(
            (f"{_pick(rng, ('in ', '', 'key of '))}{spec.key} {spec.mode}", {"key": spec.key, "mode": spec.mode})
        )
        sounding = [i for i in (spec.melody, spec.chords) if i]
        if sounding:
            heard = _pick(rng, sounding)
            parts.append((_words(rng, "instrument", heard), {"has": heard}))
        if spec.melody:
            word = _words(rng, "instrument", spec.melody)
            parts.append((f"{word} {_pick(rng, ('melody', 'lead'))}", {"melody": spec.melody}))
        if spec.chords:
            parts.append((f"{_words(rng, 'instrument', spec.chords)} chords", {"chords": spec.chords}))
        bass = _words(rng, "bass", spec.bass) if spec.bass else _pick(rng, ("no bass", "without bass"))
        parts.append((bass, {"bass": spec.bass}))
    parts.append(
        (_pick(rng, ("{:g} bpm", "{:g} BPM", "at {:g} bpm", "tempo {:g}")).format(spec.tempo), {"tempo": spec.tempo})
    )
    truth = truth_row(spec)
    for name, kind in (("tempo_word", "tempo"), ("density_word", "density"), ("genre", "genre")):
        if truth[NAMED.index(name)] != UNNAMED:
            value = CLASSES[name][int(truth[NAMED.index(name)])]
            parts.append((_words(rng, kind, value), {name: value}))
    if spec.image == "reverberant" or rng.random() < 0.2:
        parts.append(
            (_words(rng, "image", spec.image), {"image": spec.image}) if spec.image in SAID["image"] else parts[0]
        )
    return parts


def _words(rng: np.random.Generator, kind: str, value: str) -> str:
    table = HEARD if rng.random() < 0.25 and value in HEARD[kind] else SAID
    return _pick(rng, table[kind][value])


def _pick(rng: np.random.Generator, options: Any) -> Any:
    return options[int(rng.integers(len(options)))]


def texts_of(spec: Spec, count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return ``count`` texts about a piece and their facts, float32 ``(count, len(NAMED))``."""
    rng = np.random.default_rng([seed, 11])
    texts, rows = zip(*(text_of(spec, rng) for _ in range(count)), strict=True)
    return list(texts), np.stack(rows)
