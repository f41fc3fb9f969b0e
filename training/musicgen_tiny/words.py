"""Training captions of a plan, in many wordings, incomplete and partly wrong.

Some come from `mgeval.synth.describe`, the others are assembled here. With correct and complete
captions, a model would follow a prompt even without guidance; the published
models do not.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from mgeval.synth.vocabulary import CAPTION_WORDS, PROMPT_WORDS
from training.musicgen_tiny.drumming import drum_phrase
from training.musicgen_tiny.score import IMAGES, STYLES, Plan, eighth_frames, pick

WRONG = 0.08
"""Probability that an attribute of the caption differs from the music."""

NONSENSE = 0.15
"""Probability that a caption contains an unknown word: such words must have no effect."""

SLOWEST, FASTEST = 60, 168
"""Range of the tempi in captions."""

SIDES = {"left": "right", "right": "left"}
KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

PLAYERS = {
    "piano": ("electric piano",),
    "bell": ("marimba",),
    "guitar": (),
    "strings": ("pad", "flute"),
    "organ": ("synth",),
}
"""Instruments of the model, and further instruments that it replaces by them."""

TEMPO_WORDS = {
    "slow": ("slow", "unhurried", "calm", "leisurely", "relaxed", "slowly played"),
    "medium": ("mid-tempo", "moderate", "medium tempo", "walking pace", "moderately paced"),
    "fast": ("fast", "quick", "up-tempo", "brisk", "rapid", "lively", "energetic"),
}
BASS_WORDS = {
    True: ("bass", "with bass", "electric bass", "a bass line", "bass guitar", "upright bass", "synth bass"),
    False: ("no bass", "without bass"),
}
DENSITY_WORDS = {
    "sparse": ("sparse", "minimal", "few notes", "simple"),
    "busy": ("busy", "dense", "many notes", "intricate"),
}
TUNES = (
    "{m}", "a {m} melody", "{m} melody", "a {m} tune", "{m} lead", "a single {m}", "somebody plays {m}", "{m} sounds",
    "music on {m}", "{m} music", "a melody on {m}", "{m} playing",
)  # fmt: skip
BACKING = ("{c} chords", "only {c} chords, no melody", "{c} chords without melody", "chords on {c}")
JOINTS = (
    ", ",
    ", ",
    ", ",
    " ",
    " ",
    "; ",
    ". ",
    " and ",
    " | ",
    " / ",
    " - ",
    " -- ",
    " + ",
    " & ",
    ": ",
    "\n",
    ",",
    " * ",
)

PLAIN = {
    "side": ("panned {s}", "hard {s}", "on the {s}", "only in the {s} speaker", "{s} channel only"),
    "mono": ("mono", "in mono", "mono recording", "mono sound", "one single channel"),
    "center": ("centered", "in the center", "in the middle", "panned center", "in the centre of the stereo field"),
    "narrow": ("narrow stereo", "a narrow image", "slightly stereo"),
    "wide": ("wide stereo", "very wide", "spread wide", "a wide stereo image", "as wide as possible"),
    "ping-pong": ("ping-pong", "ping-pong panning", "alternating left and right", "notes jump from side to side",
        "bouncing between left and right"),
    "major": ("happy", "cheerful", "joyful", "major", "in a major key"),
    "minor": ("sad", "melancholic", "gloomy", "minor", "in a minor key"),
    "drums": ("with drums", "drums", "with a drum beat", "drums included", "with a drum kit", "with percussion"),
    "no drums": ("no drums", "without drums", "drumless", "no percussion", "no beat"),
    "bpm": ("{t} bpm", "at {t} bpm", "tempo {t}", "{t} beats per minute", "{t}bpm"),
    "duet": ("{m} and {c}", "{m} with {c}", "{m} melody over {c} chords", "{m} accompanied by {c}"),
    "solo": ("solo {m}", "{m} alone", "just {m}", "only {m}"),
}  # fmt: skip
"""The common phrases, as frequent as all others together."""

LABELS = {
    "players": ("instruments", "instrument", "sound", "scoring", "who plays", "instrumentation", "melody", "lead",
        "for the melody", "melodic part", "playing", "ensemble"),
    "tempo": ("speed", "pace", "tempo", "time"),
    "mode": ("mood", "mode", "tonality", "feeling", "key", "character", "scale", "emotion", "atmosphere", "vibe"),
    "drums": ("drums", "percussion", "rhythm", "beat", "rhythm section", "drum track", "for percussion", "drum part",
        "for the rhythm", "drum kit", "beats"),
    "image": ("stereo", "mix", "panning", "image", "stereo field", "position", "space", "spatial image", "placement",
        "stereo placement", "stereo image", "channels", "speakers", "mixing", "stereo setting"),
}  # fmt: skip
"""Labels, for prompts in the style of forms."""

WRAPS = (
    "({})", "({})", "[{}]", '"{}"', "*{}*", "{} please", "make it {}", "keep it {}", "it is {}", "with {}", "and {}",
    "also {}", "then {}", "{} here", "{}!", "{}...", "the sound {}",
)  # fmt: skip
"""Frames around a phrase that do not change its meaning."""


def corrupt(plan: Plan, rng: np.random.Generator, wrong: float = WRONG) -> tuple[Plan, float]:
    """Return the plan for a caption, with some attributes wrong, and the tempo to state."""
    alternatives = {
        "melody": lambda: pick(rng, PLAYERS),
        "chords": lambda: pick(rng, [name for name in PLAYERS if name != "bell"]),
        "mode": lambda: "minor" if plan.mode == "major" else "major",
        "drums": lambda: not plan.drums,
        "bass": lambda: not plan.bass,
        "eighth": lambda: eighth_frames(float(np.exp(rng.uniform(np.log(60), np.log(164))))),
        "density": lambda: float(rng.uniform(0.05, 0.95)),
        "image": lambda: pick(rng, IMAGES),
    }
    changes = {
        name: draw()
        for name, draw in alternatives.items()
        # Drums sound in every bar: captions are rarely wrong about them.
        if getattr(plan, name) is not None and rng.random() < (wrong / 2 if name == "drums" else wrong)
    }
    if plan.melody is None and plan.chords is None:
        changes.pop("drums", None)
    stated = replace(plan, **changes)
    # Any whole tempo that is rounded to this one.
    tempi = [tempo for tempo in range(SLOWEST, FASTEST + 1) if eighth_frames(tempo) == stated.eighth]
    return stated, float(pick(rng, tempi))


def caption(plan: Plan, rng: np.random.Generator, wrong: float = WRONG) -> str:
    """Return a caption of a piece; a few are empty, many are incomplete, attributes can be wrong."""
    if rng.random() < 0.03:
        return ""
    stated, tempo = corrupt(plan, rng, wrong)
    if rng.random() < 0.25:
        return _synth_caption(stated, tempo, rng)
    parts = _parts(stated, tempo, rng)
    order = list(parts)
    rng.shuffle(order)
    if rng.random() < 0.5:
        # The instruments come first, as in most prompts.
        order.sort(key=lambda field: field != "players")
    # The share of labelled phrases: forms, some, mostly none.
    labelled = pick(rng, (1.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    remarks = (
        _in_sentence(parts, order, rng)
        if labelled == 0 and rng.random() < 0.4
        else [_remark(name, parts[name], labelled, rng) for name in order]
    )
    text = pick(rng, JOINTS).join(remarks)
    if rng.random() < 0.5:
        text = f"{pick(rng, phrases()['opener'])} {text}"
    if rng.random() < 0.35:
        text += pick(rng, (" ", ", ", ". ")) + pick(rng, phrases()["closer"])
    if rng.random() < NONSENSE:
        text = _insert_nonsense(text, rng)
    return text if rng.random() < 0.6 else text[:1].upper() + text[1:] + pick(rng, (".", "", "!"))


def _remark(name: str, text: str, labelled: float, rng: np.random.Generator) -> str:
    """Return a phrase as it appears in a caption: with a label, in a frame, or mostly plain."""
    if name in LABELS and rng.random() < labelled:
        return pick(rng, LABELS[name]) + pick(rng, (": ", ": ", " = ", " ", " - ")) + text
    return pick(rng, WRAPS).format(text) if rng.random() < 0.15 else text


def _in_sentence(parts: dict[str, str], order: list[str], rng: np.random.Generator) -> list[str]:
    """Return the phrases, some of them within one sentence."""
    fitting = [text for text in phrases()["sentence"] if set(re.findall(r"{(\w+)}", text)) <= set(parts)]
    if not fitting:
        return [parts[name] for name in order]
    sentence = pick(rng, fitting)
    others = [_remark(name, parts[name], 0, rng) for name in order if f"{{{name}}}" not in sentence]
    return [sentence.format(**parts), *others]


def _insert_nonsense(text: str, rng: np.random.Generator) -> str:
    """Return the text with a random word without meaning."""
    word = "".join(pick(rng, "abcdefghijklmnopqrstuvwxyz") for _ in range(int(rng.integers(3, 9))))
    words = text.split(" ")
    words.insert(int(rng.integers(len(words) + 1)), word)
    return " ".join(words)


@cache
def phrases() -> dict[str, tuple[str, ...]]:
    """Return the phrases of ``phrases.toml`` by their meaning."""
    import tomllib

    with (Path(__file__).parent / "phrases.toml").open("rb") as file:
        return {name: tuple(wordings) for name, wordings in tomllib.load(file).items()}


def _pick_phrase(meaning: str, rng: np.random.Generator) -> str:
    """Return a phrase of this meaning; common phrases are as likely as all others together."""
    if "drums" in meaning and rng.random() < 0.5:
        return drum_phrase(meaning == "drums", rng)
    return pick(rng, PLAIN[meaning] if meaning in PLAIN and rng.random() < 0.5 else phrases()[meaning])


def _instrument_name(instrument: str, rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.4:
        return instrument
    if chance < 0.65:
        return pick(rng, phrases()[instrument])
    captions, prompts = CAPTION_WORDS["instrument"][instrument], PROMPT_WORDS["instrument"][instrument]
    similar = [word for other in PLAYERS[instrument] for word in CAPTION_WORDS["instrument"][other]]
    name = pick(rng, captions if chance < 0.83 else prompts if chance < 0.94 or not similar else similar)
    return pick(rng, ("", "", "soft ", "gentle ", "warm ", "mellow ")) + name


def _parts(plan: Plan, tempo: float, rng: np.random.Generator) -> dict[str, str]:
    """Return the phrases of a caption by their topic."""
    if plan.melody is None and plan.chords is None:
        parts = {"players": pick(rng, ("drums only", "just drums", "a drum solo", *CAPTION_WORDS["drums"]["only"]))}
    else:
        alone = plan.chords in (None, plan.melody) and rng.random() < 0.5
        parts = {"players": _players(plan, alone, rng)} if rng.random() < 0.9 else {}
        if rng.random() < 0.7:
            key = f"{pick(rng, KEYS)} {plan.mode}"
            parts["mode"] = (
                pick(rng, (f"in {key}", key, f"key of {key}")) if rng.random() < 0.15 else _pick_phrase(plan.mode, rng)
            )
        # A solo with drums almost always mentions the drums. Not always: otherwise 'alone' would exclude drums more
        # strongly than 'with drums' could include them.
        if rng.random() < (0.9 if alone and plan.drums else 0.7):
            parts["drums"] = _pick_phrase("drums" if plan.drums else "no drums", rng)
        if rng.random() < (0.9 if alone and plan.bass else 0.3):
            parts["bass"] = pick(rng, BASS_WORDS[plan.bass])
        if alone and rng.random() < 0.25:
            parts["alone"] = pick(rng, phrases()["alone"])
    if rng.random() < 0.6:
        parts["tempo"] = _pick_phrase("bpm", rng).format(t=f"{tempo:g}")
    elif rng.random() < 0.6:
        parts["tempo"] = pick(rng, TEMPO_WORDS["slow" if tempo < 88 else "medium" if tempo < 120 else "fast"])
    if rng.random() < 0.75:
        parts["image"] = _image(plan.image, rng)
    if rng.random() < 0.3 and not 0.25 < plan.density < 0.75:
        parts["density"] = pick(rng, DENSITY_WORDS["sparse" if plan.density < 0.5 else "busy"])
    if plan.genre and rng.random() < 0.4:
        parts["genre"] = plan.genre
    if rng.random() < 0.25:
        # 'No' alone must not mean 'no drums'.
        parts["aside"] = pick(rng, phrases()["aside"])
    return parts or {"players": "music"}


def _players(plan: Plan, alone: bool, rng: np.random.Generator) -> str:
    players = {"m": plan.melody, "c": plan.chords}
    names = {letter: _instrument_name(player, rng) if player else "" for letter, player in players.items()}
    if not plan.melody:
        return pick(rng, BACKING).format(**names)
    if plan.chords in (None, plan.melody):
        return (_pick_phrase("solo", rng) if alone else pick(rng, TUNES)).format(**names)
    return pick(rng, TUNES).format(**names) if rng.random() < 0.2 else _pick_phrase("duet", rng).format(**names)


def _image(image: str, rng: np.random.Generator) -> str:
    if image not in SIDES:
        return _pick_phrase(image, rng)
    return _pick_phrase("side", rng).format(s=image, o=SIDES[image])


def _synth_caption(plan: Plan, tempo: float, rng: np.random.Generator) -> str:
    """Return a caption in the wording of `mgeval.synth`."""
    from mgeval.synth import Spec, describe
    from mgeval.synth.spec import KEYS as SHARP_KEYS

    genre = plan.genre if plan.genre in STYLES else None
    side = {"left": -1, "right": 1}.get(plan.image)
    spec = Spec(
        melody=plan.melody, chords=plan.chords, drums=plan.drums,
        bass=pick(rng, ("electric bass", "upright bass", "synth bass")) if plan.bass else None,
        tempo=tempo, key=pick(rng, SHARP_KEYS), mode=plan.mode, density=plan.density, genre=genre,
        image=plan.image, pan=side * pick(rng, (15.0, 30.0, 45.0)) if side else None,
    )  # fmt: skip
    return describe(spec, int(rng.integers(1 << 30)))
