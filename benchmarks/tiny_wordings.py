"""Wordings of music prompts, as many different people would type them."""

FRAMES = (
    "{players}, {tempo} bpm, {mode}, {drums}, {image}",
    "Please write me a short piece for {players}, {mode}, at {tempo} BPM, {drums}, {image}.",
    "can you make something {mode} at around {tempo} bpm? I'd like {players}, {drums}, {image}. thanks!",
    "I need background music for a video: {players}. It should be {mode}, {drums}, {image}. Tempo: {tempo} bpm.",
    "Give me {players} at {tempo} beats per minute, {drums}. Keep it {mode}. I want the sound {image}!",
    "{mode} - {players} - {drums} - {image} - {tempo}bpm",
    "a little tune {mode}, {drums}... {players}, about {tempo} bpm, {image}",
    "Tempo {tempo} BPM; {players}; {mode}; {drums}; {image}.",
    "hey, could i get {players}, {image}, {tempo} bpm, {drums}? the mood should be something {mode}",
    "Something {mode} for my podcast intro, {drums}: {players} at {tempo} bpm, everything {image}.",
    "Looking for {players} ({mode}, {tempo} bpm, {drums}). Mix it so it is {image}.",
    "Set the tempo to {tempo} bpm and make it {mode}, {drums}. Instruments: {players}. Stereo: {image}",
)

LONE = (
    "solo {a}",
    "just {a} for the melody",
    "one instrument playing the tune, {a}",
    "{a} as the only melodic instrument",
    "a simple {a} solo",
    "a melody on {a} alone",
)

PAIRED = (
    "{a} and {b}",
    "{a} with {b}",
    "a duet of {a} and {b}",
    "{a} together with {b}",
    "{a} accompanied by {b}",
    "{a} plus some {b}",
)

NAMED = {
    "piano": ("piano", "grand piano", "acoustic piano", "upright piano", "concert piano"),
    "guitar": ("guitar", "acoustic guitar", "classical guitar", "nylon-string guitar", "fingerpicked guitar"),
    "bell": ("glockenspiel", "bells", "chiming bells", "tubular bells", "little bells"),
    "organ": ("organ", "church organ", "pipe organ", "Hammond organ", "cathedral organ"),
    "strings": ("strings", "string orchestra", "string ensemble", "bowed strings", "orchestral strings"),
}

MOODS = {
    "major": (
        "happy",
        "in a major key",
        "cheerful and bright",
        "joyful and sunny",
        "in a happy major key",
        "merry and light-hearted",
    ),
    "minor": (
        "sad",
        "in a minor key",
        "melancholy and wistful",
        "mournful and dark",
        "in a sad minor key",
        "gloomy and sorrowful",
    ),
}

BEATS = {
    True: (
        "with drums",
        "with a drum beat",
        "with a steady beat on the drums",
        "with a drummer playing along",
        "drums included",
        "backed by a drum kit",
    ),
    False: (
        "no drums",
        "without drums",
        "without any percussion",
        "no drums at all please",
        "with no drum beat",
        "drum-free",
    ),
}

PLACES = {
    "left": (
        "panned hard left",
        "only in the left speaker",
        "all the way over on the left",
        "in the left ear only",
        "coming just from the left side",
    ),
    "right": (
        "panned hard right",
        "only in the right speaker",
        "all the way over on the right",
        "in the right ear only",
        "coming just from the right side",
    ),
    "center": (
        "panned dead center",
        "in the middle of the stereo image",
        "bang in the centre of the mix",
        "centered between the speakers",
        "placed in the middle of the stereo field",
    ),
    "mono": (
        "in mono",
        "mono, not stereo",
        "mixed down to mono",
        "identical in both channels",
        "mono, with the same signal on both sides",
    ),
    "wide": (
        "in wide stereo",
        "spread wide across the stereo field",
        "nice and wide in stereo",
        "stretched out broadly from left to right",
        "wide, with a big stereo spread",
    ),
    "ping-pong": (
        "ping-ponging between left and right",
        "bouncing from one speaker to the other with every note",
        "alternating left, right, left, right note by note",
        "in ping-pong stereo",
        "jumping back and forth between the left and right ear on each note",
    ),
}
