"""Captions for training: what a plan sounds like, in many wordings, incomplete and partly wrong.

Part of them come from `mgeval.synth`'s own `describe`, the others are put together here. A model
whose captions were all right and complete would follow a prompt without guidance; the published
ones do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgeval.models.tiny.score import IMAGES, STYLES, Plan, eighth_frames, pick
from mgeval.synth.vocabulary import HEARD, SAID

WRONG = 0.08
"""Chance that an attribute of the caption is not the music's."""

UNHEARD = 0.15
"""Chance that a caption holds a word that nobody knows: such words must do no harm."""

KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

PLAYERS = {
    "piano": ("electric piano",),
    "bell": ("marimba",),
    "guitar": (),
    "strings": ("pad", "flute"),
    "organ": ("synth",),
}
"""Instruments that the model plays, and those it takes for them."""

SIDE_WORDS = (
    "panned {s}", "panned hard {s}", "on the {s} side", "to the {s} of the stereo field", "hard {s}",
        "all on the {s}",
    "only in the {s} speaker", "coming from the {s}", "in the {s} channel", "placed {s}", "from the {s} speaker",
    "entirely on the {s}", "heard on the {s}", "in the {s} ear", "leaning {s}", "far {s}", "{s} channel only",
        "mixed to the {s}", "{s} side only", "fully {s}", "everything on the {s}", "pan it {s}", "sits to the {s}",
        "nothing but the {s} speaker", "{s} ear only", "on the very {s}", "sound comes out of the {s} loudspeaker",
)  # fmt: skip
IMAGE_WORDS = {
    "mono": ("mono", "in mono", "monophonic", "a mono recording", "mono sound", "one single channel", "no stereo",
        "mono mix", "mono please", "as mono", "purely mono", "like an old mono record", "mono only",
        "recorded in mono"),
    "center": ("centered", "in the center", "in the centre", "dead center", "panned center", "right in the middle",
        "everything in the middle", "middle of the stereo field", "in the very center", "center channel", "central",
        "placed centrally", "in between the speakers", "at the center of the image"),
    "narrow": ("narrow stereo", "a narrow image", "a tight stereo field", "close together", "slightly stereo"),
    "wide": ("wide stereo", "very wide", "a wide stereo image", "a broad stereo field", "spread wide",
        "wide and immersive",
        "spacious stereo", "stretched across both speakers", "a huge stereo width", "wide panorama", "wide mix",
        "widely spread", "extra wide", "wide", "with a lot of width", "a wide soundstage", "spacious and wide",
        "big wide sound", "filling the whole stereo field"),
    "ping-pong": ("ping pong", "ping-pong panning", "bouncing left and right", "notes jump from side to side",
                  "alternating between left and right", "notes alternate between the speakers",
                      "bouncing between both channels",
        "ping-pong effect", "hopping from ear to ear", "back and forth between left and right", "ping pong stereo",
        "switching sides with every note", "jumps between the speakers", "left, right, left, right",
        "notes hop from left to right", "notes bounce", "each note on the other side", "moving from side to side",
        "swapping sides"),
}  # fmt: skip
MODE_WORDS = {
    "major": ("happy", "cheerful", "joyful", "bright", "sunny", "major", "in a major key", "uplifting", "major key",
        "merry", "playful", "glad", "in a cheerful mood", "good-humoured", "optimistic", "a happy mood",
        "light-hearted"),
    "minor": ("sad", "melancholic", "dark", "gloomy", "wistful", "minor", "in a minor key", "moody", "minor key",
        "sorrowful", "mournful", "sombre", "in a sad mood", "tearful", "blue", "a dark mood", "brooding"),
}  # fmt: skip
TEMPO_WORDS = {
    "slow": ("slow", "unhurried", "calm", "leisurely", "relaxed", "slowly played"),
    "medium": ("mid-tempo", "moderate", "medium tempo", "walking pace", "moderately paced"),
    "fast": ("fast", "quick", "up-tempo", "brisk", "rapid", "lively", "energetic"),
}
DRUM_WORDS = {
    True: ("with drums", "drums", "and drums", "a drum beat", "a drum kit", "with percussion", "a steady beat",
        "drums keep time",
        "drums playing", "with a beat", "drums and all", "percussion", "backed by drums", "drums join in",
        "there is a drummer", "featuring drums", "a groove on the drums", "with some percussion", "drums on it",
        "add drums", "driven by drums", "it has drums"),
    False: ("no drums", "without drums", "drumless", "no percussion", "without any drums", "no beat",
        "without a beat",
        "there are no drums", "free of drums", "leave out the drums", "not a single drum", "zero drums",
        "no drums of any kind", "and no drums", "and without percussion", "skip the drums", "no drummer",
        "please no drums", "no percussion whatever", "minus the drums", "drums left out", "never any drums",
        "but no drums", "percussion free"),
}  # fmt: skip
BASS_WORDS = {
    True: ("bass", "with bass", "electric bass", "a bass line", "bass guitar", "upright bass", "synth bass"),
    False: ("no bass", "without bass"),
}
DENSITY_WORDS = {
    "sparse": ("sparse", "minimal", "few notes", "simple"),
    "busy": ("busy", "dense", "many notes", "intricate"),
}
DUETS = (
    "{m} and {c}", "{m} with {c}", "{m} melody over {c} chords", "{m} over {c}", "{m} lead, {c} chords",
        "a {m} tune backed by {c}",
    "{m} accompanied by {c}", "{c} chords under a {m} melody", "{m} on top of {c}", "a {m} and {c} duet", "{m}, {c}",
    "{m} plays the tune while {c} plays chords", "{m} plus {c}", "both {c} and {m}", "{m} meets {c}", "{m}, then {c}",
    "{m} along with {c}", "{m} next to {c}", "a {m} that sings while {c} accompanies", "{m} as well as {c}",
)  # fmt: skip
SOLOS = (
    "{m}",
    "a {m} melody",
    "{m} melody",
    "a {m} tune",
    "{m} playing alone",
    "{m} lead",
    "a single {m}",
    "somebody plays {m}",
    "a player of {m}",
    "{m} sounds",
    "music on {m}",
    "{m} music",
)
ALONE = ("solo {m}", "{m} alone", "just {m}", "only {m}", "unaccompanied {m}", "nothing but {m}")
BACKING = ("{c} chords", "only {c} chords, no melody", "{c} chords without melody", "chords on {c}")
OPENERS = (
    "",
    "",
    "",
    "a piece with ",
    "music for ",
    "a recording of ",
    "play ",
    "a track with ",
    "please make ",
    "a song of ",
    "a loop with ",
    "I want ",
    "we are looking for ",
    "can you write ",
    "generate ",
    "think of ",
    "something like ",
    "the soundtrack has ",
    "background music, ",
    "let me hear ",
)
CLOSERS = (
    "", "", "", "", "", "", " please", ", thank you", " for a film", " for my video", " for the evening",
    " that I can use", ", as good as you can", ", just that", " for a shop", " and nothing more",
    ", like on a walk", " in the morning",
)  # fmt: skip
BPM_WORDS = (
    "{t} bpm",
    "at {t} bpm",
    "{t} BPM",
    "{t}bpm",
    "tempo {t}",
    "tempo: {t} bpm",
    "{t} beats per minute",
    "around {t} bpm",
    "at a tempo of {t}",
    "speed {t}",
    "{t} beats a minute",
    "a pulse of {t} bpm",
    "the tempo is {t} bpm",
    "metronome at {t}",
    "about {t} bpm",
)


def corrupted(plan: Plan, rng: np.random.Generator, wrong: float = WRONG) -> tuple[Plan, float]:
    """Return the plan that a caption speaks of, some of its attributes wrong, and the tempo it names."""
    other = {
        "melody": lambda: pick(rng, PLAYERS),
        "chords": lambda: pick(rng, [name for name in PLAYERS if name != "bell"]),
        "mode": lambda: "minor" if plan.mode == "major" else "major",
        "drums": lambda: not plan.drums,
        "bass": lambda: not plan.bass,
        "eighth": lambda: eighth_frames(float(np.exp(rng.uniform(np.log(60), np.log(164))))),
        "density": lambda: float(rng.uniform(0.05, 0.95)),
        "image": lambda: pick(rng, IMAGES),
    }
    changes = {name: draw() for name, draw in other.items() if getattr(plan, name) is not None and rng.random() < wrong}
    if plan.melody is None and plan.chords is None:
        changes.pop("drums", None)
    said = replace(plan, **changes)
    # A tempo about that of this many frames.
    reach = 0.45 if said.eighth < 17 else 0.95
    low, high = 1500 / (said.eighth + reach), 1500 / (said.eighth - reach)
    return said, float(round(min(max(rng.uniform(low, high), 60), 164)))


def caption(plan: Plan, rng: np.random.Generator, wrong: float = WRONG) -> str:
    """Return a caption of a piece; a few are empty, many are incomplete, attributes may be wrong."""
    if rng.random() < 0.03:
        return ""
    said, tempo = corrupted(plan, rng, wrong)
    if rng.random() < 0.35:
        return _described(said, tempo, rng)
    parts = _parts(said, tempo, rng)
    rng.shuffle(parts)
    if rng.random() < 0.5:
        # The instruments come first, as in most prompts.
        parts.sort(key=lambda part: not part[1])
    text = pick(rng, (", ", ", ", " ", "; ", ". ", " and ")).join(words for words, _ in parts)
    text = pick(rng, OPENERS) + text + pick(rng, CLOSERS)
    if rng.random() < UNHEARD:
        text = _with_a_stranger(text, rng)
    return text if rng.random() < 0.6 else text[:1].upper() + text[1:] + pick(rng, (".", "", "!"))


def _with_a_stranger(text: str, rng: np.random.Generator) -> str:
    """Return the text with a word in it that means nothing."""
    word = "".join(pick(rng, "abcdefghijklmnopqrstuvwxyz") for _ in range(int(rng.integers(3, 9))))
    words = text.split(" ")
    words.insert(int(rng.integers(len(words) + 1)), word)
    return " ".join(words)


def _name(instrument: str, rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.55:
        return instrument
    said, heard = SAID["instrument"][instrument], HEARD["instrument"][instrument]
    likened = [word for other in PLAYERS[instrument] for word in SAID["instrument"][other]]
    name = pick(rng, said if chance < 0.8 else heard if chance < 0.93 or not likened else likened)
    return pick(rng, ("", "", "soft ", "gentle ", "warm ", "mellow ")) + name


def _parts(plan: Plan, tempo: float, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """Return the remarks of a caption, each with whether it names the instruments."""
    parts: list[tuple[str, bool]] = []
    only_drums = plan.melody is None and plan.chords is None
    if only_drums:
        parts.append(
            (pick(rng, ("drums only", "just drums", "a drum solo", "only percussion", *SAID["drums"]["only"])), True)
        )
    elif rng.random() < 0.9:
        parts.append((_players(plan, rng), True))
    if rng.random() < 0.6:
        parts.append((pick(rng, BPM_WORDS).format(t=f"{tempo:g}"), False))
    elif rng.random() < 0.6:
        pace = "slow" if tempo < 88 else "medium" if tempo < 120 else "fast"
        parts.append((pick(rng, TEMPO_WORDS[pace]), False))
    if rng.random() < 0.7 and not only_drums:
        letter = pick(rng, KEYS)
        words = (
            *MODE_WORDS[plan.mode],
            *MODE_WORDS[plan.mode],
            f"in {letter} {plan.mode}",
            f"{letter} {plan.mode}",
            f"key of {letter} {plan.mode}",
        )
        parts.append((pick(rng, words), False))
    if rng.random() < 0.7 and not only_drums:
        parts.append((pick(rng, DRUM_WORDS[plan.drums]), False))
    if rng.random() < 0.35 and not only_drums:
        parts.append((pick(rng, BASS_WORDS[plan.bass]), False))
    if rng.random() < 0.75:
        parts.append((_image(plan.image, rng), False))
    if rng.random() < 0.3 and not 0.25 < plan.density < 0.75:
        parts.append((pick(rng, DENSITY_WORDS["sparse" if plan.density < 0.5 else "busy"]), False))
    if plan.genre and rng.random() < 0.5:
        parts.append((plan.genre, False))
    return parts or [("music", True)]


def _players(plan: Plan, rng: np.random.Generator) -> str:
    names = {"m": _name(plan.melody, rng) if plan.melody else "", "c": _name(plan.chords, rng) if plan.chords else ""}
    if not plan.melody:
        return pick(rng, BACKING).format(**names)
    alone = not plan.bass and not plan.drums
    if plan.chords in (None, plan.melody):
        return pick(rng, ALONE if alone and rng.random() < 0.7 else SOLOS).format(**names)
    if rng.random() < 0.25:
        return pick(rng, SOLOS).format(**names)
    return pick(rng, DUETS).format(**names)


def _image(image: str, rng: np.random.Generator) -> str:
    return pick(rng, SIDE_WORDS).format(s=image) if image in ("left", "right") else pick(rng, IMAGE_WORDS[image])


def _described(plan: Plan, tempo: float, rng: np.random.Generator) -> str:
    """Return a caption in the words of `mgeval.synth`."""
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
