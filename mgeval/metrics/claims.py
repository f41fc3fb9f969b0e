"""What a prompt claims that can be checked in a clip: tempo, key, stereo image, drums, fading out."""

from __future__ import annotations

import re
from typing import NamedTuple

from mgeval.metrics import music
from mgeval.metrics.music import music_profile

KINDS = ("tempo", "key", "mode", "left", "right", "centre", "mono", "narrow", "wide", "ping-pong", "drums only",
         "no drums", "fades out")  # fmt: skip
"""Every kind of claim; `mgeval.metrics.adherence.CHECKS` has a check for each."""


class Claim(NamedTuple):
    """A checkable fact that a prompt states.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    asked : float or None
        BPM for ``tempo``; for ``key`` as `music.musical_key`; for ``mode`` 0 major, 1 minor; else None.
    """

    kind: str
    asked: float | None = None


DENIAL = re.compile(
    r"\b(?:no|not|without|never|non|isn't|aren't|don't|doesn't|lack\w*|avoid\w*)\b[^,.;:]*", re.IGNORECASE
)
TEMPO = re.compile(r"(?<![\d.])(\d{2,3}(?:\.\d+)?)[ -]?(?:bpm|beats per minute)\b")
RANGE = re.compile(r"\d ?(?:-|to|or|and) ?$|\b(?:below|under|over|above|beyond|to|than|least|most) $")
KEY = re.compile(r"(?<![\w#])([A-G])(#|b|[ -]?sharp|[ -]?flat)?[ -]?(major|minor|maj|min)\b")
KEY_BEFORE = re.compile(r"\b(?:in|of|key:?) $", re.IGNORECASE)
STAGE = r"(?:stereo|image|mix(?! of\b)|panorama|sound ?stage|sound field)"
# Of drums and something else nothing is said; 'drums and percussion' are drums.
ALONE = r"(?!,? (?:\w+,? )?(?:and|with|plus|over) (?!drums|percussion))"
PHRASES = {
    "left": r"\bpann\w+ (?:\w+ ){0,3}left\b|\b(?:on|to|from|in) the (?:far )?left\b(?! hand)|\bhard left\b"
    r"|\bleft (?:channel|speaker)",
    "right": r"\bpann\w+ (?:\w+ ){0,3}right\b|\bhard right\b|\bright (?:channel|speaker)"
    r"|\b(?:on|to|from|in) the (?:far )?right\b(?! (?:hand|track|note|moment|time|key|way|mood))",
    "centre": r"\b(?:in|at|to) the cent(?:re|er)\b|\bpann\w+ (?:dead )?cent(?:re|er)|\bdead cent(?:re|er)\b",
    # A mono synthesiser plays one note at a time: of the image that says nothing.
    "mono": r"\bmono\b(?![ -](?:synth|bass|sub|lead|patch))|\bmonaural\b",
    "narrow": rf"\bnarrow\b[^,.;:]{{0,20}}{STAGE}|{STAGE}[^,.;:]{{0,12}}\bnarrow\b",
    "wide": rf"\bwide\b[^,.;:]{{0,20}}{STAGE}|{STAGE}[^,.;:]{{0,12}}\bwide\b",
    "ping-pong": r"\bping[ -]?pong\b|\b(?:bounc|jump|altern)\w+ between (?:the )?(?:left|speakers|channels|sides)",
    "drums only": rf"\b(?:only|just|solo|nothing but) (?:drums|percussion)\b{ALONE}"
    rf"|(?<!(?<!drums )and )\b(?:drums|percussion) (?:only|alone)\b{ALONE}|(?<!with a )(?<!and a )\bdrum solo\b{ALONE}",
    "fades out": r"\bfad(?:e|es|ing)[ -]out\b",
}
NO_DRUMS = re.compile(r"\b(?:no|without|minus)(?: any)? (?:drums|percussion|drum kit|beats?)\b|\bdrumless\b")


def claims(prompt: str) -> list[Claim]:
    """Read the checkable facts of a prompt: tempo in BPM, key or mode, stereo image, drums, fading out.

    What is denied ("not panned left", "no ping-pong") claims nothing, to the end of its clause, but for
    "no drums". Prompts that name two places claim neither; nor do two tempi or keys claim one. Tempo
    words, genres, instruments, loud and quiet are not read: no threshold would be fair to them.

    Parameters
    ----------
    prompt : str
        Any text.

    Returns
    -------
    list of Claim
        In the order of `KINDS`; empty where nothing can be checked.

    Examples
    --------
    >>> claims("slow piano in A minor, no drums, 72 bpm")
    [Claim(kind='tempo', asked=72.0), Claim(kind='key', asked=21.0), Claim(kind='no drums', asked=None)]
    """
    text = prompt.replace("\N{MUSIC SHARP SIGN}", "#").replace("\N{MUSIC FLAT SIGN}", "b").replace("\u2019", "'")
    text = re.sub("[\u2010-\u2014]", "-", text)
    found = {"no drums": Claim("no drums")} if NO_DRUMS.search(text.lower()) else {}
    text = DENIAL.sub(" ", text)
    stated = text.lower()
    found |= {kind: Claim(kind) for kind, phrase in PHRASES.items() if re.search(phrase, stated)}
    places = [kind for kind in ("left", "right", "centre") if kind in found]
    if len(places) > 1 or re.search(r"\bleft\b", stated) and re.search(r"\bright\b", stated):
        # Voices of their own: of the whole mix nothing is said.
        for kind in places:
            del found[kind]
    found |= {claim.kind: claim for claim in (*_tempo(stated), *_tonality(text, stated))}
    return [found[kind] for kind in KINDS if kind in found]


def _tempo(text: str) -> list[Claim]:
    tempi = {float(found[1]) for found in TEMPO.finditer(text) if not RANGE.search(text[: found.start()])}
    possible = [bpm for bpm in tempi if music_profile.SLOWEST <= bpm <= music_profile.FASTEST]
    ranges = any(RANGE.search(text[: found.start()]) for found in TEMPO.finditer(text))
    return [Claim("tempo", possible[0])] if len(tempi) == len(possible) == 1 and not ranges else []


def _tonality(text: str, stated: str) -> list[Claim]:
    keys = set()
    for letter, accidental, mode in (
        f.groups() for f in KEY.finditer(text) if f[1] != "A" or f[2] or "-" in f[0] or _names_key(text, f)
    ):
        mark = (accidental or "").strip(" -")
        shift = {"#": 1, "sharp": 1, "b": -1, "flat": -1}.get(mark, 0)
        keys.add((music.PITCH_CLASSES.index(letter) + shift) % 12 + 12 * mode.startswith("min"))
    if keys:
        return [Claim("key", float(keys.pop()))] if len(keys) == 1 else []
    modes = {found[1] for found in re.finditer(r"\b(major|minor) (?:key|mode|scale|tonality)\b", stated)}
    return [Claim("mode", float(modes == {"minor"}))] if len(modes) == 1 else []


def _names_key(text: str, found: re.Match[str]) -> bool:
    """Tell the key of A from an article that begins a sentence."""
    return bool(KEY_BEFORE.search(text[: found.start()]))
