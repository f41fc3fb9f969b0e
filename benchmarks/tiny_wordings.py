"""Wordings of the prompts that `tiny_behaviour.py` asks with.

Written by someone who knew neither the model nor the captions it was trained on, as users would type.
"""

FRAMES = (
    "{players}, {tempo} bpm, {mode}, {drums}, {image}",
    "Hi! Could you make me a {mode} piece for {players}, {drums}, at {tempo} beats per minute? I'd like it {image}.",
    "{mode} loop for my game menu: {players}, {drums}, tempo {tempo}, {image}",
    "I need background music at {tempo} bpm. {players}, {drums}. It should sound {mode} and be {image}.",
    "tempo={tempo}; {drums}; {image}; {players}; {mode}",
    "Please to generate one {mode} melody, {image}, with tempo of {tempo}, {drums}, and instruments: {players}.",
    "Something {mode}, {drums}, please. I'm thinking {players} at around {tempo} BPM, {image}.",
    "Stimulus 4: {image}, {players}, {tempo} beats per minute, {drums}, {mode}",
    "{drums}, {image}, {tempo}bpm. {players}. Keep it {mode}.",
    "So for this short village scene I want {players}, {image}, {drums}. The feel is {mode}, the tempo is {tempo}.",
    "Write a short {mode} cue at {tempo} beats a minute, {image}: {players}, {drums}.",
    "{players} {image}, {drums}, set the metronome to {tempo} bpm, mood should be {mode}",
)

LONE = (
    "solo {a}",
    "{a} alone on the melody",
    "{a} playing the tune",
    "{a} as the one melodic instrument",
    "a melody played on {a}",
    "{a}, no second instrument",
)

PAIRED = (
    "{a} and {b}",
    "{a} together with {b}",
    "a duet of {a} and {b}",
    "{a} + {b}",
    "both {a} and {b}",
    "{a} joined by {b}",
)

NAMED = {
    "piano": ("piano", "grand piano", "acoustic piano", "upright piano", "classical piano"),
    "guitar": ("acoustic guitar", "guitar", "nylon-string guitar", "fingerpicked guitar", "unplugged guitar"),
    "bell": ("glockenspiel", "bells", "little bells", "bright glockenspiel", "chiming bells"),
    "organ": ("organ", "church organ", "pipe organ", "cathedral organ", "chapel organ"),
    "strings": ("strings", "string section", "orchestral strings", "string ensemble", "bowed strings"),
}

MOODS = {
    "major": ("happy", "cheerful", "major-key", "joyful", "bright and sunny", "positive, in a major key"),
    "minor": ("sad", "minor-key", "melancholy", "gloomy", "dark and sorrowful", "mournful, in a minor key"),
}

BEATS = {
    True: (
        "with drums",
        "with a drum beat",
        "plus drums",
        "drums included",
        "backed by a drum kit",
        "with drums keeping the rhythm",
    ),
    False: (
        "no drums",
        "without drums",
        "with no percussion",
        "drums left out",
        "without any drum beat",
        "completely drumless",
    ),
}

PLACES = {
    "left": (
        "panned hard left",
        "only in the left speaker",
        "on the left side",
        "all the way to the left",
        "heard in the left ear",
    ),
    "right": (
        "panned hard right",
        "only in the right speaker",
        "on the right side",
        "all the way to the right",
        "heard in the right ear",
    ),
    "center": (
        "panned center",
        "in the middle of the stereo field",
        "placed in the centre",
        "dead center",
        "centered between the two speakers",
    ),
    "mono": (
        "in mono",
        "mixed to mono",
        "mono, not stereo",
        "as a mono recording",
        "mono, identical in both channels",
    ),
    "wide": (
        "in wide stereo",
        "with a wide stereo image",
        "spread wide across both speakers",
        "with a big, broad stereo spread",
        "as wide as possible in stereo",
    ),
    "ping-pong": (
        "ping-ponging between left and right",
        "with ping-pong panning",
        "bouncing from one speaker to the other",
        "jumping back and forth between the ears",
        "alternating between left and right, ping-pong style",
    ),
}
