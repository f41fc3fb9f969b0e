"""From words to a spec: `parse`."""

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
UNSAID_IMAGES = ("narrow", "wide", "center", "reverberant", "narrow", "wide")

BPM = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d+)?) ?(?:bpm|b\.p\.m\.|beats per minute|beats a minute)"
    r"|tempo(?: of| is|:| =)*(?: about| around)? (\d{2,3}(?:\.\d+)?)"
)
KEY = re.compile(r"(?<![\w#'])([a-g])(#|b| ?sharp| ?flat)? ?(major|minor|maj|min)\b", re.IGNORECASE)
# Without a mode only a capital at the end of a phrase is a key: 'in D, slow', not 'in a hall'.
TONIC = re.compile(r"\b(?:[Ii]n|[Kk]ey of|[Kk]ey:) ([A-G])(#|b| sharp| flat)?(?=$|[.,;:!)])")

# Instruments are replaced by tokens: <i0>, <i1>, ... melodic ones, <b0> a bass, <d> drums.
INSTRUMENT = r"<i(\d+)>"
VOICE = r"(?:<[ib]\d+>|<d>|melody|chords|harmony|harmonies|accompaniment)"
DENIED_VOICES = re.compile(
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
DENIED = re.compile(r"\b(?:no|not|without|non)(?: any| too| very| much| an?)* (?!stereo)\w+")


def parse(prompt: str) -> Spec:
    """Read a prompt.

    Understood are instruments, drums or none, tempo (BPM or words), key and mood, genre, density
    and the stereo image. What the text does not say is chosen by a hash of the text, within the
    genre's habits, so that the same text always means the same. Clauses that speak of the image do
    not enter the hash: 'slow jazz, in mono' and 'slow jazz, panned left' are the same music. BPM
    outside 60..180 are halved or doubled.

    Parameters
    ----------
    prompt : str
        Any text, the empty one included.

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
    cased = normalised(prompt)
    said: dict[str, Any] = {}
    text = _read_tempo(_read_key(cased, said).lower(), said)
    text, tokens = _tokenised(_read_drums_only(text, said))
    text = _read_negations(text, tokens, said)
    _read_voices(text, tokens, said)
    _read_image(text, tokens, said)
    for kind, name in (("genre", "genre"), ("mode", "mode"), ("tempo", "tempo_word"), ("density", "density_word")):
        if found := _pattern(kind).search(text):
            said.setdefault(name, words(kind)[found[0]])
    return _completed(said, _music_of(cased.lower()))


def normalised(prompt: str) -> str:
    """Return the text with plain signs and single spaces; hyphens count as spaces."""
    text = unicodedata.normalize("NFKC", prompt).replace("♯", "#").replace("♭", "b").replace("’", "'")
    # Angle brackets belong to the tokens.
    return re.sub(r"\s+", " ", re.sub(r"[-‐‑‒–—_/<>]", " ", text)).strip()


@lru_cache
def _pattern(*kinds: str) -> re.Pattern[str]:
    """Return what finds any word of these kinds, the longest where several begin."""
    every = sorted({word for kind in kinds for word in words(kind)}, key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, every))})\b")


def _read_key(text: str, said: dict[str, Any]) -> str:
    for found in KEY.finditer(text):
        letter, accidental, mode = found.groups()
        if letter in "aA" and not accidental and not _is_tonic(text, found):
            continue
        said |= {"key": _key(letter, accidental), "mode": "major" if mode.lower().startswith("maj") else "minor"}
        return text[: found.start()] + " , " + text[found.end() :]
    if found := TONIC.search(text):
        said["key"] = _key(*found.groups())
        return text[: found.start()] + text[found.end() :]
    return text


def _is_tonic(text: str, found: re.Match[str]) -> bool:
    """Tell the key of A minor from an article, as in 'a minor key'."""
    before, after = text[: found.start()].lower(), text[found.end() :].lower()
    if re.match(r" (?:key|mode|scale|mood|feel|tonality|tone|chord)", after):
        return found[1] == "A" and bool(re.search(r"\b(?:in|of) $", before))
    if re.search(r"\b(?:in|of|key:?|scale:?) $", before) or not re.match(r" \w", after):
        return True
    return found[1] == "A" and bool(before)


def _key(letter: str, accidental: str | None) -> str:
    mark = (accidental or "").strip().lower()
    shift = {"#": 1, "sharp": 1, "b": -1, "flat": -1}.get(mark, 0)
    return KEYS[(KEYS.index(letter.upper()) + shift) % 12]


def _read_tempo(text: str, said: dict[str, Any]) -> str:
    found = BPM.search(text)
    if not found or not (tempo := float(found[1] or found[2])):
        return text
    low, high, _ = RANGES["tempo"]
    while tempo < low:
        tempo *= 2
    while tempo > high:
        tempo /= 2
    said["tempo"] = tempo
    return text[: found.start()] + " , " + text[found.end() :]


def _read_drums_only(text: str, said: dict[str, Any]) -> str:
    """Read the set phrases that leave only drums; other words about drums become tokens."""
    for phrase, meaning in words("drums").items():
        found = re.search(rf"(?<!and )\b{re.escape(phrase)}\b(?! and| with| plus)", text)
        if found and meaning == "only":
            said |= {"melody": None, "chords": None, "bass": None, "drums": True}
            return text[: found.start()] + " , " + text[found.end() :]
    return text


def _tokenised(text: str) -> tuple[str, list[str]]:
    """Replace the instruments by tokens, and return the melodic and bass ones by number."""
    tokens: list[str] = []

    def token(found: re.Match[str]) -> str:
        for kind, mark in (("bass", "b"), ("instrument", "i")):
            if found[0] in words(kind):
                tokens.append(words(kind)[found[0]])
                return f"<{mark}{len(tokens) - 1}>"
        if words("drums")[found[0]] == "without":
            return "no <d>"
        # What leads up to the drums stays: 'no melody and a drum kit' is not a list of things left out.
        return re.match("(?:with )?(?:a )?", found[0])[0] + "<d>"

    return _pattern("instrument", "bass", "drums").sub(token, text.replace("bass drum", "drum")), tokens


def _read_negations(text: str, tokens: list[str], said: dict[str, Any]) -> str:
    for found in DENIED_VOICES.finditer(text):
        for voice in re.findall(VOICE, found[1]):
            if voice == "<d>":
                said["drums"] = False
            elif voice.startswith("<b"):
                said["bass"] = None
            elif not voice.startswith("<i"):
                said["melody" if voice == "melody" else "chords"] = None
    return DENIED_VOICES.sub(" , ", text)


def _read_voices(text: str, tokens: list[str], said: dict[str, Any]) -> None:
    """Read who plays what. Without further words the first instrument has the melody, the second the chords."""
    if "<d>" in text:
        said.setdefault("drums", True)
    if found := re.search(r"<b(\d+)>", text):
        said.setdefault("bass", tokens[int(found[1])])
    free = [int(number) for number in re.findall(INSTRUMENT, text)]
    alone = len(free) == 1 and ALONE.search(text) and not said.get("drums") and not said.get("bass")
    for voice, cues in (("melody", MELODY), ("chords", CHORDS)):
        found = next((match for cue in cues if (match := re.search(cue, text)) and int(match[1]) in free), None)
        if found and voice not in said:
            free.remove(int(found[1]))
            said[voice] = tokens[int(found[1])]
    if pads := [number for number in free if tokens[number] == "pad"]:
        if "chords" not in said:
            free.remove(pads[-1])
            said["chords"] = "pad"
    for voice in ("melody", "chords"):
        if free and voice not in said:
            said[voice] = tokens[free.pop(0)]
    if alone and (player := said.get("melody") or said.get("chords")):
        chords = player if INSTRUMENTS[player].polyphonic else None
        said |= {"melody": player, "chords": chords, "bass": None, "drums": False}


def _read_image(text: str, tokens: list[str], said: dict[str, Any]) -> None:
    """Read the stereo image; where the text names several, the most specific one counts."""
    text = DENIED.sub(" ", text)
    found = {words("image")[match[0]] for match in _pattern("image").finditer(text)}
    split = next(((match, sign) for cue, sign in SPLITS if (match := re.search(cue, text))), None)
    sides = list(SIDE.finditer(re.sub(r"\bleft and right\b|\bleft to right\b", " ", text)))
    if "ping-pong" in found:
        said["image"] = "ping-pong"
    elif split and said.get("melody") and said.get("chords"):
        match, sign = split
        # A negative spread puts the melody on the left.
        first = tokens[int(match[1])] == said["melody"]
        said |= {"image": "split"} | ({} if first == (sign == 1) else {"spread": 40.0})
    elif "mono" in found:
        said["image"] = "mono"
    elif len({side[2] for side in sides}) == 2:
        said["image"] = "wide"
    elif sides:
        said |= _side(sides[0])
    else:
        order = ("narrow", "wide", "reverberant", "center")
        said |= next(({"image": image} for image in order if image in found), {})


def _side(found: re.Match[str]) -> dict[str, Any]:
    before, side, after = found.groups()
    around = f"{before} {after}"
    degrees = 15.0 if SLIGHT.search(around) else 45.0 if HARD.search(around) else 30.0
    return {"image": side, "pan": -degrees if side == "left" else degrees}


def _music_of(text: str) -> str:
    """Return the clauses that do not speak of the stereo image, or all where each one does."""
    clauses = re.split(r"[,.;:] ?", text)
    kept = [clause for clause in clauses if not _pattern("image").search(clause) and not SIDE.search(clause)]
    return ", ".join(kept or clauses)


def _completed(said: dict[str, Any], text: str) -> Spec:
    """Choose what the text does not say, by a hash of the text."""
    rng = stream("prompt", text)
    habits = GENRES[said["genre"]] if "genre" in said else PLAIN
    tempo = TEMPI.get(said.pop("tempo_word", ""), habits.tempo)
    density = DENSITIES.get(said.pop("density_word", ""), habits.density)
    chosen = {
        "melody": draw(rng, habits.melody),
        "chords": draw(rng, habits.chords),
        "bass": draw(rng, habits.bass),
        "drums": draw(rng, habits.drums),
        "tempo": float(rng.integers(tempo[0], tempo[1] + 1)),
        "key": draw(rng, KEYS),
        "mode": draw(rng, MODES),
        "density": round(float(rng.uniform(*density)), 2),
        "image": draw(rng, UNSAID_IMAGES),
    }
    fields = chosen | said
    if not any(fields[voice] for voice in VOICES):
        # Whatever a text denies, something sounds: what it does not speak of, if there is such a voice.
        last_resort = {"drums": True, "bass": "electric bass", "chords": "pad"}
        voice = next((voice for voice in last_resort if voice not in said), "chords")
        fields[voice] = last_resort[voice]
    return Spec(**fields)
