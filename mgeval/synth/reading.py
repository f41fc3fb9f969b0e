"""Parsing of prompts: `parse`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from mgeval.synth.genres import GENRES, PLAIN
from mgeval.synth.instruments import INSTRUMENTS
from mgeval.synth.notes import VOICES, stream
from mgeval.synth.spec import KEYS, MODES, RANGES, Spec, draw
from mgeval.synth.vocabulary import words

TEMPI = {"slow": (62, 84), "medium": (94, 116), "fast": (130, 164)}
DENSITIES = {"sparse": (0.05, 0.22), "busy": (0.75, 0.95)}
DEFAULT_IMAGES = ("narrow", "wide", "center", "reverberant", "narrow", "wide")

BPM = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d+)?) ?(?:bpm|b\.p\.m\.|beats per minute|beats a minute)"
    r"|tempo(?: of| is|:| =)*(?: about| around)? (\d{2,3}(?:\.\d+)?)"
)
KEY = re.compile(r"(?<![\w#'])([a-g])(#|b| ?sharp| ?flat)? ?(major|minor|maj|min)\b", re.IGNORECASE)
# Without a mode, only a capital at the end of a phrase is a key: 'in D, slow', not 'in a hall'.
TONIC = re.compile(r"\b(?:[Ii]n|[Kk]ey of|[Kk]ey:) ([A-G])(#|b| sharp| flat)?(?=$|[.,;:!)])")

# Instruments are replaced by tokens: <i0>, <i1>, ... melodic ones, <b0> a bass, <d> drums.
INSTRUMENT = r"<i(\d+)>"
VOICE = r"(?:<[ib]\d+>|<d>|melody|chords|harmony|harmonies|accompaniment)"
NEGATED_VOICES = re.compile(
    r"\b(?:no|without|minus|lacking|sans|not)(?: any| an?| the| \w+ly)* "
    rf"({VOICE}(?:(?:, (?:any )?{VOICE})*,? (?:or|nor) (?:any )?{VOICE}| and (?:the )?(?:<b\d+>|<d>|melody|chords))?)"
)
MELODY = (
    rf"{INSTRUMENT} (?:melod|lead|line|theme|tune|solo|hook|riff)",
    rf"\b(?:melody|lead|theme|tune)(?: is)?(?: played)? (?:on|by|from|with)(?: an?| the)?(?: \w+)? {INSTRUMENT}",
    rf"\b(?:lead|melodic|solo) {INSTRUMENT}",
)
CHORDS = (
    rf"{INSTRUMENT} (?:chord|pads?\b|accompaniment|backing|harmon|background|comping|texture)",
    rf"\bchords?(?: are)?(?: played)? (?:on|by|from|with)(?: an?| the)?(?: \w+)? {INSTRUMENT}",
    rf"\b(?:backed by|accompanied by|supported by|over|on top of)(?: an?| the)?(?: \w+)? {INSTRUMENT}",
)
ALONE = re.compile(rf"\b(?:solo|unaccompanied|alone|a cappella|just (?:an? )?{INSTRUMENT}|only (?:an? )?{INSTRUMENT})")
SPLITS = (
    (rf"{INSTRUMENT}[^<>.;]*\bleft\b[^<>.;]*{INSTRUMENT}[^<>.;]*\bright\b", 1),
    (rf"{INSTRUMENT}[^<>.;]*\bright\b[^<>.;]*{INSTRUMENT}[^<>.;]*\bleft\b", -1),
    (rf"\bleft\b[^<>.;,]*{INSTRUMENT}[^<>.;]*\bright\b[^<>.;,]*{INSTRUMENT}", 1),
    (rf"\bright\b[^<>.;,]*{INSTRUMENT}[^<>.;]*\bleft\b[^<>.;,]*{INSTRUMENT}", -1),
)
SIDE = re.compile(r"([^.,;:]{0,30})\b(left|right)\b(?! hand)([^.,;:]{0,24})")
HARD = re.compile(r"\b(?:hard|fully|far|extreme\w*|complete\w*|entire\w*|only|all the way|100%|channel|speaker|ear)\b")
SLIGHT = re.compile(r"\b(?:slight\w*|little|bit|touch|just|somewhat|gently|subtly)\b")
NEGATED = re.compile(r"\b(?:no|not|without|non)(?: any| too| very| much| an?)* (?!stereo)\w+")


def parse(prompt: str) -> Spec:
    """Parse a prompt into a spec.

    It recognises instruments, drums or their absence, tempo (BPM or words), key and mood, genre, density
    and the stereo image. A hash of the text chooses everything else, within the
    conventions of the genre, so that the same text always gives the same spec. Clauses about the image do
    not enter the hash: 'slow jazz, in mono' and 'slow jazz, panned left' are the same music. BPM
    outside 60..180 are halved or doubled.

    Parameters
    ----------
    prompt : str
        Any text, including the empty one.

    Returns
    -------
    Spec
        Of 10 s; use `dataclasses.replace` for another duration.

    Examples
    --------
    >>> spec = parse("a slow piano piece in A minor with soft strings, no drums, panned hard left, 72 bpm")
    >>> spec.melody, spec.chords, spec.drums, spec.tempo, spec.key, spec.mode, spec.image, spec.pan
    ('piano', 'strings', False, 72.0, 'A', 'minor', 'left', -45.0)
    """
    cased = normalise(prompt)
    fields: dict[str, Any] = {}
    text = _read_tempo(_read_key(cased, fields).lower(), fields)
    text, tokens = _tokenise(_read_drums_only(text, fields))
    text = _read_negations(text, tokens, fields)
    _read_voices(text, tokens, fields)
    _read_image(text, tokens, fields)
    for kind, name in (("genre", "genre"), ("mode", "mode"), ("tempo", "tempo_word"), ("density", "density_word")):
        if match := _pattern(kind).search(text):
            fields.setdefault(name, words(kind)[match[0]])
    return _complete(fields, _music_clauses(cased.lower()))


def normalise(prompt: str) -> str:
    """Return the text with plain signs and single spaces; hyphens become spaces."""
    text = unicodedata.normalize("NFKC", prompt).replace("♯", "#").replace("♭", "b").replace("’", "'")
    # Angle brackets are reserved for the tokens.
    return re.sub(r"\s+", " ", re.sub(r"[-‐‑‒–—_/<>]", " ", text)).strip()


@lru_cache
def _pattern(*kinds: str) -> re.Pattern[str]:
    """Return a pattern for the words of these kinds; of words that share a beginning, the longest matches."""
    ordered = sorted({word for kind in kinds for word in words(kind)}, key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})\b")


def _read_key(text: str, fields: dict[str, Any]) -> str:
    for match in KEY.finditer(text):
        letter, accidental, mode = match.groups()
        if letter in "aA" and not accidental and not _is_tonic(text, match):
            continue
        fields |= {"key": _key_name(letter, accidental), "mode": "major" if mode.lower().startswith("maj") else "minor"}
        return text[: match.start()] + " , " + text[match.end() :]
    if tonic := TONIC.search(text):
        fields["key"] = _key_name(*tonic.groups())
        return text[: tonic.start()] + text[tonic.end() :]
    return text


def _is_tonic(text: str, match: re.Match[str]) -> bool:
    """Return whether an A is the tonic of a key, rather than an article as in 'a minor key'."""
    before, after = text[: match.start()].lower(), text[match.end() :].lower()
    if re.match(r" (?:key|mode|scale|mood|feel|tonality|tone|chord)", after):
        return match[1] == "A" and bool(re.search(r"\b(?:in|of) $", before))
    if re.search(r"\b(?:in|of|key:?|scale:?) $", before) or not re.match(r" \w", after):
        return True
    return match[1] == "A" and bool(before)


def _key_name(letter: str, accidental: str | None) -> str:
    mark = (accidental or "").strip().lower()
    shift = {"#": 1, "sharp": 1, "b": -1, "flat": -1}.get(mark, 0)
    return KEYS[(KEYS.index(letter.upper()) + shift) % 12]


def _read_tempo(text: str, fields: dict[str, Any]) -> str:
    match = BPM.search(text)
    if not match or not (tempo := float(match[1] or match[2])):
        return text
    low, high, _ = RANGES["tempo"]
    while tempo < low:
        tempo *= 2
    while tempo > high:
        tempo /= 2
    fields["tempo"] = tempo
    return text[: match.start()] + " , " + text[match.end() :]


def _read_drums_only(text: str, fields: dict[str, Any]) -> str:
    """Read the fixed phrases for drums only; other words about drums become tokens."""
    for phrase, meaning in words("drums").items():
        match = re.search(rf"(?<!and )\b{re.escape(phrase)}\b(?! and| with| plus)", text)
        if match and meaning == "only":
            fields |= {"melody": None, "chords": None, "bass": None, "drums": True}
            return text[: match.start()] + " , " + text[match.end() :]
    return text


def _tokenise(text: str) -> tuple[str, list[str]]:
    """Replace instruments with tokens; return the text and the melodic and bass instruments by number."""
    tokens: list[str] = []

    def token(match: re.Match[str]) -> str:
        for kind, mark in (("bass", "b"), ("instrument", "i")):
            if match[0] in words(kind):
                tokens.append(words(kind)[match[0]])
                return f"<{mark}{len(tokens) - 1}>"
        if words("drums")[match[0]] == "without":
            return "no <d>"
        # Keep the words before the drums: 'no melody and a drum kit' does not negate the drum kit.
        prefix = re.match("(?:with )?(?:a )?", match[0])
        return (prefix[0] if prefix else "") + "<d>"

    return _pattern("instrument", "bass", "drums").sub(token, text.replace("bass drum", "drum")), tokens


def _read_negations(text: str, tokens: list[str], fields: dict[str, Any]) -> str:
    for match in NEGATED_VOICES.finditer(text):
        for voice in re.findall(VOICE, match[1]):
            if voice == "<d>":
                fields["drums"] = False
            elif voice.startswith("<b"):
                fields["bass"] = None
            elif not voice.startswith("<i"):
                fields["melody" if voice == "melody" else "chords"] = None
    return NEGATED_VOICES.sub(" , ", text)


def _read_voices(text: str, tokens: list[str], fields: dict[str, Any]) -> None:
    """Assign instruments to voices. Without further words, the first plays the melody, the second the chords."""
    if "<d>" in text:
        fields.setdefault("drums", True)
    if bass := re.search(r"<b(\d+)>", text):
        fields.setdefault("bass", tokens[int(bass[1])])
    free = [int(number) for number in re.findall(INSTRUMENT, text)]
    alone = len(free) == 1 and ALONE.search(text) and not fields.get("drums") and not fields.get("bass")
    for voice, cues in (("melody", MELODY), ("chords", CHORDS)):
        numbers = (int(match[1]) for cue in cues if (match := re.search(cue, text)))
        number = next((number for number in numbers if number in free), None)
        if number is not None and voice not in fields:
            free.remove(number)
            fields[voice] = tokens[number]
    pads = [number for number in free if tokens[number] == "pad"]
    if pads and "chords" not in fields:
        free.remove(pads[-1])
        fields["chords"] = "pad"
    for voice in ("melody", "chords"):
        if free and voice not in fields:
            fields[voice] = tokens[free.pop(0)]
    if alone and (player := fields.get("melody") or fields.get("chords")):
        chords = player if INSTRUMENTS[player].polyphonic else None
        fields |= {"melody": player, "chords": chords, "bass": None, "drums": False}


def _read_image(text: str, tokens: list[str], fields: dict[str, Any]) -> None:
    """Read the stereo image; if the text names several, use the most specific one."""
    text = NEGATED.sub(" ", text)
    images = {words("image")[match[0]] for match in _pattern("image").finditer(text)}
    split = next(((match, sign) for cue, sign in SPLITS if (match := re.search(cue, text))), None)
    sides = list(SIDE.finditer(re.sub(r"\bleft and right\b|\bleft to right\b", " ", text)))
    if "ping-pong" in images:
        fields["image"] = "ping-pong"
    elif split and fields.get("melody") and fields.get("chords"):
        match, sign = split
        # A negative spread puts the melody on the left.
        first = tokens[int(match[1])] == fields["melody"]
        fields |= {"image": "split"} | ({} if first == (sign == 1) else {"spread": 40.0})
    elif "mono" in images:
        fields["image"] = "mono"
    elif len({side[2] for side in sides}) == 2:
        fields["image"] = "wide"
    elif sides:
        fields |= _side_fields(sides[0])
    else:
        order = ("narrow", "wide", "reverberant", "center")
        fields |= next(({"image": image} for image in order if image in images), {})


def _side_fields(match: re.Match[str]) -> dict[str, Any]:
    before, side, after = match.groups()
    around = f"{before} {after}"
    degrees = 15.0 if SLIGHT.search(around) else 45.0 if HARD.search(around) else 30.0
    return {"image": side, "pan": -degrees if side == "left" else degrees}


def _music_clauses(text: str) -> str:
    """Return the clauses that are not about the stereo image, or all clauses if each one is."""
    clauses = re.split(r"[,.;:] ?", text)
    music = [clause for clause in clauses if not _pattern("image").search(clause) and not SIDE.search(clause)]
    return ", ".join(music or clauses)


def _complete(fields: dict[str, Any], text: str) -> Spec:
    """Return a spec with the given fields; a hash of the text chooses the others."""
    rng = stream("prompt", text)
    habits = GENRES[fields["genre"]] if "genre" in fields else PLAIN
    tempo = TEMPI.get(fields.pop("tempo_word", ""), habits.tempo)
    density = DENSITIES.get(fields.pop("density_word", ""), habits.density)
    defaults = {
        "melody": draw(rng, habits.melody),
        "chords": draw(rng, habits.chords),
        "bass": draw(rng, habits.bass),
        "drums": draw(rng, habits.drums),
        "tempo": float(rng.integers(tempo[0], tempo[1] + 1)),
        "key": draw(rng, KEYS),
        "mode": draw(rng, MODES),
        "density": round(float(rng.uniform(*density)), 2),
        "image": draw(rng, DEFAULT_IMAGES),
    }
    values = defaults | fields
    if not any(values[voice] for voice in VOICES):
        # Whatever a text excludes, something must sound: preferably a voice that it does not mention.
        last_resort = {"drums": True, "bass": "electric bass", "chords": "pad"}
        voice = next((voice for voice in last_resort if voice not in fields), "chords")
        values[voice] = last_resort[voice]
    return Spec(**values)
