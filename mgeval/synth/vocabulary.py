"""The vocabulary for music: the words of captions, and the words that `parse` recognises in prompts.

All words are in lower case, with spaces for hyphens, as `mgeval.synth.reading` sees a prompt.
"""

from __future__ import annotations

CAPTION_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "instrument": {
        "piano": ("piano", "grand piano"),
        "electric piano": ("electric piano", "rhodes", "rhodes piano"),
        "bell": ("bell", "glockenspiel", "music box", "celesta"),
        "marimba": ("marimba", "xylophone", "kalimba"),
        "guitar": ("guitar", "acoustic guitar", "plucked guitar", "nylon guitar"),
        "strings": ("strings", "string ensemble", "string section", "violins"),
        "organ": ("organ", "hammond organ", "church organ"),
        "flute": ("flute", "wooden flute", "recorder"),
        "pad": ("pad", "synth pad", "warm pad"),
        "synth": ("synth", "synthesizer", "analog synth"),
    },
    "bass": {
        "electric bass": ("electric bass", "bass guitar"),
        "upright bass": ("upright bass", "double bass"),
        "synth bass": ("synth bass", "sub bass"),
    },
    "genre": {
        "ambient": ("ambient",),
        "lo-fi": ("lo fi", "lofi"),
        "jazz": ("jazz", "jazzy"),
        "rock": ("rock",),
        "pop": ("pop",),
        "classical": ("classical",),
        "folk": ("folk", "folky"),
        "electronic": ("electronic", "house", "techno"),
        "hip-hop": ("hip hop",),
        "cinematic": ("cinematic", "film score"),
    },
    "tempo": {
        "slow": ("slow", "unhurried", "slow paced", "leisurely"),
        "medium": ("mid tempo", "moderate", "medium tempo"),
        "fast": ("fast", "quick", "up tempo", "fast paced", "brisk"),
    },
    "mode": {
        "major": ("happy", "cheerful", "bright", "joyful", "major key"),
        "minor": ("sad", "melancholic", "dark", "wistful", "minor key"),
    },
    "density": {
        "sparse": ("sparse", "minimal", "uncluttered"),
        "busy": ("busy", "dense", "intricate"),
    },
    "image": {
        "mono": ("in mono", "recorded in mono", "mono, with no stereo at all", "dual mono"),
        "center": ("centered", "panned to the center", "placed in the middle", "dead center"),
        "narrow": ("with a narrow stereo image", "narrow stereo", "in a narrow stereo field"),
        "wide": ("with a wide stereo image", "wide stereo", "in a broad, immersive stereo field", "very wide"),
        "ping-pong": (
            "ping pong panning",
            "bouncing between the speakers",
            "with notes that alternate between left and right",
            "jumping back and forth between the channels",
        ),
        "reverberant": ("in a large hall", "with lots of reverb", "reverberant", "with a long reverb"),
    },
    "drums": {
        "with": ("with drums", "a drum kit", "with a drum beat", "percussion"),
        "without": ("no drums", "without drums", "drumless", "without any percussion"),
        "only": ("drums only", "just drums, nothing else", "only drums"),
    },
}
"""The words that captions use; they mean the same in a prompt."""

PROMPT_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "instrument": {
        "piano": ("pianos", "upright piano", "keys", "keyboard", "harpsichord"),
        "electric piano": ("electric pianos", "wurlitzer", "e piano"),
        "bell": ("bells", "chime", "chimes", "tubular bells", "glocks", "church bell", "church bells"),
        "marimba": ("marimbas", "vibraphone", "vibes", "mallets", "steel drum", "steel drums", "steelpan"),
        "guitar": (
            "guitars", "electric guitar", "classical guitar", "harp", "ukulele", "banjo", "lute", "mandolin",
            "koto", "sitar", "plucked strings",
        ),
        "strings": (
            "string", "string quartet", "orchestra", "orchestral", "violin", "viola", "cello", "cellos", "fiddle",
            "string orchestra",
        ),
        "organ": ("organs", "pipe organ", "accordion", "harmonium", "harmonica"),
        "flute": (
            "flutes", "pan flute", "panflute", "whistle", "oboe", "clarinet", "saxophone", "sax", "trumpet", "horn",
            "woodwind", "woodwinds", "voice", "vocals",
        ),
        "pad": ("pads", "drone", "drones", "choir", "synth pads", "warm pads"),
        "synth": (
            "synths", "synthesizers", "synthesiser", "synth lead", "synth arpeggio", "arpeggiator", "brass",
            "lead synth", "chiptune",
        ),
    },
    "bass": {
        "electric bass": ("bass", "bassline", "bass line", "slap bass", "fretless bass"),
        "upright bass": ("contrabass", "acoustic bass", "walking bass", "double basses"),
        "synth bass": ("synthesizer bass", "808", "808 bass", "808s", "acid bass", "bass synth"),
    },
    "genre": {
        "ambient": ("meditation", "meditative", "new age", "soundscape"),
        "lo-fi": ("chillhop", "chill", "lo fi hip hop", "lofi hip hop"),
        "jazz": ("swing", "bebop", "bossa nova", "blues", "big band"),
        "rock": ("punk", "metal", "grunge", "indie"),
        "pop": ("disco", "funk", "funky", "synthpop", "eighties", "80s"),
        "classical": ("baroque", "chamber music", "romantic", "sonata", "nocturne", "waltz"),
        "folk": ("country", "bluegrass", "celtic", "singer songwriter", "acoustic"),
        "electronic": ("edm", "trance", "dance", "electro", "dubstep", "club"),
        "hip-hop": ("hiphop", "trap", "rap", "r&b", "boom bap", "reggae", "dub"),
        "cinematic": ("soundtrack", "epic", "movie", "trailer", "film music"),
    },
    "tempo": {
        "slow": (
            "slowly", "very slow", "largo", "adagio", "lento", "ballad", "downtempo", "relaxed", "relaxing",
            "calm", "calming", "laid back", "lullaby", "peaceful", "gentle",
        ),
        "medium": ("midtempo", "moderato", "andante", "moderately paced", "walking pace", "medium"),
        "fast": (
            "very fast", "quickly", "uptempo", "upbeat", "allegro", "presto", "vivace", "driving", "energetic",
            "lively", "rapid", "frantic",
        ),
    },
    "mode": {
        "major": ("joyous", "uplifting", "upbeat", "sunny", "playful", "triumphant", "cheery", "major"),
        "minor": (
            "melancholy", "gloomy", "moody", "mournful", "sorrowful", "tense", "ominous", "brooding", "eerie",
            "minor", "somber", "sombre",
        ),
    },
    "density": {
        "sparse": ("minimalist", "minimalistic", "few notes", "spare", "simple", "airy"),
        "busy": ("many notes", "lots of notes", "virtuosic", "complex", "hectic", "frantic"),
    },
    "image": {
        "mono": ("mono", "monaural", "single channel", "one channel", "not stereo", "no stereo"),
        "center": (
            "center", "centre", "centred", "in the middle", "down the middle", "middle of the stereo",
            "dead centre", "close and dry",
        ),
        "narrow": ("narrow", "tight stereo", "small stereo", "close together", "little stereo"),
        "wide": (
            "wide", "wider", "widely", "broad stereo", "immersive", "expansive", "enveloping", "panoramic",
            "surround", "binaural", "spacious", "across the stereo", "spread across", "left and right",
            "left to right", "both speakers", "both channels", "huge stereo",
        ),
        "ping-pong": (
            "ping pong", "pingpong", "bounce", "bounces", "bouncing", "back and forth", "from side to side",
            "side to side", "alternating between", "alternates between", "alternate between", "autopan",
            "auto pan", "auto panning", "hard panned alternately", "moving from left to right",
            "moves from left to right", "panning from left to right", "pans from left to right", "panning back",
        ),
        "reverberant": (
            "reverb", "reverberation", "reverberated", "cathedral", "concert hall", "hall", "echo", "echoes",
            "echoing", "echoey", "cavernous", "church", "cave",
        ),
    },
    "drums": {
        "with": ("drums", "drum", "beat", "beats", "drum machine", "percussive", "drumming", "kick", "snare"),
        "without": ("drum free", "drumfree", "beatless"),
        "only": (
            "drum solo", "solo drums", "solo drum", "just drums", "just percussion", "percussion only",
            "only percussion", "drums alone", "nothing but drums", "solo percussion",
        ),
    },
}  # fmt: skip
"""Further words that `parse` recognises in prompts."""


def words(kind: str) -> dict[str, str]:
    """Return every word of a kind with its meaning, the longest first."""
    tables = (PROMPT_WORDS[kind], CAPTION_WORDS[kind])
    meanings = {word: value for table in tables for value, synonyms in table.items() for word in synonyms}
    return dict(sorted(meanings.items(), key=lambda item: -len(item[0])))
