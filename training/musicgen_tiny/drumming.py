"""Phrases that ask for drums or exclude them, assembled from nouns and the words before and after them.

One short word inverts the meaning and can be far from the noun. A list of fixed phrases, each seen a few hundred
times, teaches only those phrases; these teach the words.
"""

from __future__ import annotations

import numpy as np

from training.musicgen_tiny.score import pick

THINGS = (
    "drums", "drums", "drums", "percussion", "percussion", "drumming", "drum beats", "beats", "cymbals",
    "kick and snare", "hi-hats", "percussion instruments", "percussive sounds", "rhythm section", "drum parts",
)  # fmt: skip
ONE = (
    "drum kit", "drum beat", "beat", "drummer", "drum track", "drum set", "drum part", "drum loop", "drum groove",
    "drum machine", "drum line", "kick drum", "snare", "hi-hat", "percussion part", "percussion track",
    "rhythm track", "backbeat", "drum pattern", "percussionist",
)  # fmt: skip
KINDS = ("", "", "", "steady ", "simple ", "light ", "soft ", "solid ", "clear ", "tight ", "acoustic ", "audible ")
DOING = (
    "keeping the beat", "keeping time", "keeping the pulse", "holding the rhythm", "giving the rhythm",
    "playing along", "playing underneath", "underneath", "in the background", "in the back", "behind it", "below it",
    "all the way through", "from start to end", "throughout", "driving it", "to support it", "included", "added",
    "switched on", "present", "too", "as well", "in the mix", "on every beat", "doing the rhythm", "marking the beat",
    "for the rhythm",
)  # fmt: skip
FIRMLY = ("absolutely", "definitely", "strictly", "really", "totally", "completely", "certainly", "clearly")
NONE = (
    "at all", "of any kind", "whatsoever", "anywhere", "in it", "in the mix", "for this one", "this time", "here",
    "ever",
)  # fmt: skip
NOR = (" or ", ", no ", " and no ", " and no other ", " nor ", " or other ", " or any ")
WANTED = (
    "{b}", "{b}", "{b}", "with {b}", "with {b}", "there is {b}", "there should be {b}", "i want {b}",
    "{b} please", "use {b}", "it has {b}", "and {b}", "featuring {b}", "for percussion: {b}", "rhythm section: {b}",
    "drum track: {b}", "percussion: {b}", "drums: {b}", "for the rhythm {b}", "as for rhythm, {b}",
    "i would like {b}", "plus {b}",
)  # fmt: skip
"""Frames for drums and for 'no drums' alike: only the words of the noun make the difference."""

# Without 'no' before the noun; {x} and {y} are any noun, {o} is in the singular.
WITHOUT = (
    "without {x}", "without any {x}", "without {x} or {y}", "without {x} and {y}", "without a {o}",
    "neither {x} nor {y}", "nothing from the {o}", "free of {x}", "free of any {x}", "{x} left out",
    "leave out the {x}", "leave the {x} out", "{x}: none", "{x} muted", "mute the {x}", "skip the {x}",
    "{x} not wanted", "never any {x}", "i don't want {x}", "do not use {x}", "don't add {x}", "avoid {x}", "drumless",
    "{x}-free", "{x} absent", "minus the {x}", "omit the {x}", "just the instruments, no {x}", "the {x} stay silent",
    "everything but {x}", "{x} removed", "keep {x} out of it",
)  # fmt: skip

ANYWAY = ("not without {x}", "don't leave out the {x}", "never without {x}", "{x} wanted", "do not forget the {x}")

SWITCHED = ("drums", "drums", "percussion", "beat", "the drums", "drum kit", "drum track", "drums and percussion")
SWITCHES = {
    True: ("{d} on", "{d}: on", "{d}: yes", "{d} = yes", "{d}=on", "{d}: true", "{d}: 1", "{d}: present",
        "{d} enabled", "{d} active", "{d} in", "{d} switched on", "{d} turned on", "yes to {d}", "+ {d}",
        "{d}: included", "yes, {d}"),
    False: ("{d} off", "{d}: off", "{d}: no", "{d} = no", "{d}=off", "{d}: false", "{d}: 0", "{d}: none",
        "{d} disabled", "{d} inactive", "{d} out", "{d} switched off", "{d} turned off", "no to {d}",
        "{d}: absent", "no, {d} off"),
}  # fmt: skip
"""Drums as a switch, as in a form."""


def drum_phrase(present: bool, rng: np.random.Generator) -> str:
    """Return a phrase that asks for drums or excludes them."""
    chance = rng.random()
    if chance < 0.3:
        return pick(rng, SWITCHES[present]).format(d=pick(rng, SWITCHED))
    if chance < 0.85:
        return pick(rng, WANTED).format(b=_some(rng) if present else _none(rng))
    return pick(rng, ANYWAY if present else WITHOUT).format(x=_thing(rng), y=_thing(rng), o=pick(rng, ONE))


def _some(rng: np.random.Generator) -> str:
    kind = pick(rng, KINDS)
    if rng.random() < 0.5:
        phrase = pick(rng, ("", "", "some ", "the ", "yes, ")) + kind + pick(rng, THINGS)
    else:
        phrase = pick(rng, ("an " if kind.startswith("a") else "a ", "one ", "the ")) + kind + pick(rng, ONE)
    return f"{phrase} {pick(rng, DOING)}" if rng.random() < 0.5 else phrase


def _thing(rng: np.random.Generator) -> str:
    return pick(rng, THINGS if rng.random() < 0.6 else ONE)


def _none(rng: np.random.Generator) -> str:
    """Return a negated noun, such as 'no drums at all'."""
    if rng.random() < 0.2:
        phrase = f"not a single {pick(rng, ONE)}" if rng.random() < 0.5 else f"none of the {pick(rng, THINGS)}"
    else:
        phrase = f"{pick(rng, ('no', 'no', 'no', 'no', 'zero', 'not any', '0'))} {_thing(rng)}"
    chance = rng.random()
    if chance < 0.3:
        phrase += f" {pick(rng, NONE)}"
    elif chance < 0.55:
        phrase += pick(rng, NOR) + _thing(rng)
    return f"{pick(rng, FIRMLY)} {phrase}" if rng.random() < 0.2 else phrase
