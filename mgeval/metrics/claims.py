"""The claims of a prompt that can be checked in a clip: tempo, key, stereo image, drums, fading out."""

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
        For ``tempo`` BPM; for ``key`` a number as from `music.musical_key`; for ``mode`` 0 for major, 1 for minor; None
        for all others.
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
# 'Drums and bass' does not claim drums only, but 'drums and percussion' does.
ALONE = r"(?!,? (?:\w+,? )?(?:and|with|plus|over) (?!drums|percussion))"
PHRASES = {
    "left": r"\bpann\w+ (?:\w+ ){0,3}left\b|\b(?:on|to|from|in) the (?:far )?left\b(?! hand)|\bhard left\b"
    r"|\bleft (?:channel|speaker)",
    "right": r"\bpann\w+ (?:\w+ ){0,3}right\b|\bhard right\b|\bright (?:channel|speaker)"
    r"|\b(?:on|to|from|in) the (?:far )?right\b(?! (?:hand|track|note|moment|time|key|way|mood))",
    "centre": r"\b(?:in|at|to) the cent(?:re|er)\b|\bpann\w+ (?:dead )?cent(?:re|er)|\bdead cent(?:re|er)\b",
    # A mono synthesiser plays one note at a time, which says nothing about the stereo image.
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
    """Extract the checkable claims of a prompt: tempo in BPM, key or mode, stereo image, drums, fading out.

    Negations ("not panned left", "no ping-pong") claim nothing up to the end of their clause, except
    "no drums". A prompt that names two places claims neither of them; the same holds for two tempi or two keys. Tempo
    words, genres, instruments, loud and quiet are ignored, because there is no fair threshold for them.

    Parameters
    ----------
    prompt : str
        Any text.

    Returns
    -------
    list of Claim
        In the order of `KINDS`; empty if nothing can be checked.

    Examples
    --------
    >>> claims("slow piano in A minor, no drums, 72 bpm")
    [Claim(kind='tempo', asked=72.0), Claim(kind='key', asked=21.0), Claim(kind='no drums', asked=None)]
    """
    text = prompt.replace("\N{MUSIC SHARP SIGN}", "#").replace("\N{MUSIC FLAT SIGN}", "b").replace("\u2019", "'")
    text = re.sub("[\u2010-\u2014]", "-", text)
    by_kind = {"no drums": Claim("no drums")} if NO_DRUMS.search(text.lower()) else {}
    text = DENIAL.sub(" ", text)
    lower = text.lower()
    by_kind |= {kind: Claim(kind) for kind, phrase in PHRASES.items() if re.search(phrase, lower)}
    places = [kind for kind in ("left", "right", "centre") if kind in by_kind]
    if len(places) > 1 or re.search(r"\bleft\b", lower) and re.search(r"\bright\b", lower):
        # These are places of single instruments, not of the whole mix.
        for kind in places:
            del by_kind[kind]
    by_kind |= {claim.kind: claim for claim in (*_tempo(lower), *_tonality(text, lower))}
    return [by_kind[kind] for kind in KINDS if kind in by_kind]


def _tempo(text: str) -> list[Claim]:
    matches = list(TEMPO.finditer(text))
    in_range = [bool(RANGE.search(text[: match.start()])) for match in matches]
    tempi = {float(match[1]) for match, ranged in zip(matches, in_range, strict=True) if not ranged}
    possible = [bpm for bpm in tempi if music_profile.SLOWEST <= bpm <= music_profile.FASTEST]
    return [Claim("tempo", possible[0])] if len(tempi) == len(possible) == 1 and not any(in_range) else []


def _tonality(text: str, lower: str) -> list[Claim]:
    keys = set()
    for match in KEY.finditer(text):
        if match[1] == "A" and not match[2] and "-" not in match[0] and not _names_key(text, match):
            continue
        letter, accidental, mode = match.groups()
        mark = (accidental or "").strip(" -")
        shift = {"#": 1, "sharp": 1, "b": -1, "flat": -1}.get(mark, 0)
        keys.add((music.PITCH_CLASSES.index(letter) + shift) % 12 + 12 * mode.startswith("min"))
    if keys:
        return [Claim("key", float(keys.pop()))] if len(keys) == 1 else []
    modes = {match[1] for match in re.finditer(r"\b(major|minor) (?:key|mode|scale|tonality)\b", lower)}
    return [Claim("mode", float(modes == {"minor"}))] if len(modes) == 1 else []


def _names_key(text: str, match: re.Match[str]) -> bool:
    """Return whether an "A" is a key and not the article at the start of a sentence."""
    return bool(KEY_BEFORE.search(text[: match.start()]))
