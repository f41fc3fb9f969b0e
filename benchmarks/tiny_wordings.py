"""Wordings of the prompts that `tiny_behaviour.py` asks with.

Written by someone who knew neither the model nor the captions it was trained on, as users would type.
"""

FRAMES = (
    "Please write a short {mode} piece at {tempo} beats per minute: {players}, {drums}, {image}.",
    "{players}, {tempo} bpm, {mode}, {drums}, {image}",
    "Film scene, a letter gets opened, I need a {mode} cue. {players}; {image}; {drums}. {tempo} BPM.",
    "game menu loop / {drums} / {players} / {image} / {mode} / bpm={tempo}",
    "Hello, for homework I need music with {tempo} beats in one minute, {mode}, {players}, {drums}, {image}.",
    "tempo: {tempo} BPM; instruments: {players}; tonality: {mode}; drums: {drums}; mix: {image}",
    "Can you make a {mode} tune for our shop? {players}, {image}, {drums}, metronome at {tempo} bpm.",
    "{image}. {drums}. {players}. Keep it {mode} and set the beats per minute to {tempo}.",
    "Test stimulus for a listening experiment, {drums}, {tempo} beats/min, {players}, {image}, {mode} throughout",
    "A few seconds of {mode} music for a podcast intro, {image}, {players}, counted at {tempo} BPM, {drums}.",
    "Generate instrumental: {mode} | {players} | {image} | {tempo}bpm | {drums}",
    "Level theme for my game, metronome on {tempo} BPM. I imagine {players}, {drums}, {image}. It must be {mode}.",
)

LONE = (
    "only {a} and nothing else",
    "{a} all alone",
    "one instrument, {a}",
    "{a} solo",
    "no other instrument than {a}",
    "just {a}, unaccompanied",
)

PAIRED = (
    "{a} together with {b}",
    "{a} and {b}",
    "a duet of {a} and {b}",
    "{a} accompanied by {b}",
    "two instruments, {a} plus {b}",
    "{a} playing alongside {b}",
)

NAMED = {
    "piano": ("a piano", "a grand piano", "acoustic piano", "an upright piano", "piano"),
    "guitar": ("an acoustic guitar", "a classical guitar", "nylon-string guitar", "fingerpicked guitar", "guitar"),
    "bell": ("a glockenspiel", "glockenspiel", "tuned bells", "a celesta", "a music box"),
    "organ": ("a church organ", "a pipe organ", "organ", "an organ", "cathedral organ"),
    "strings": ("strings", "a string section", "bowed strings", "a string ensemble", "orchestral strings"),
}

MOODS = {
    "major": ("major-key", "cheerful", "happy", "joyful", "sunny and carefree", "bright, major-mode"),
    "minor": ("minor-key", "sad", "melancholic", "mournful", "gloomy and sorrowful", "dark, minor-mode"),
}

BEATS = {
    True: (
        "with drums",
        "drum kit keeping the beat",
        "a drummer plays along",
        "add a drum beat",
        "kick, snare and hi-hat underneath",
        "drums included",
    ),
    False: (
        "no drums",
        "without any percussion",
        "leave the drums out",
        "no drummer at all",
        "drumless",
        "drum-free, no beat behind it",
    ),
}

PLACES = {
    "left": (
        "panned hard left",
        "everything in the left ear",
        "sound only from the left speaker",
        "left channel only",
        "pushed all the way to the left side",
    ),
    "right": (
        "panned hard right",
        "everything in the right ear",
        "sound only from the right speaker",
        "right channel only",
        "pushed all the way to the right side",
    ),
    "center": (
        "panned dead center",
        "placed in the middle of the stereo field",
        "centered between the two speakers",
        "straight ahead in the middle, neither left nor right",
        "sitting in the centre of the stereo image",
    ),
    "mono": (
        "mono",
        "mixed down to mono",
        "monophonic output, same signal on both sides",
        "not stereo, single channel sound",
        "mono recording",
    ),
    "wide": (
        "very wide stereo",
        "spread wide across both speakers",
        "a huge stereo width",
        "extra-wide stereo image",
        "stereo as broad as possible",
    ),
    "ping-pong": (
        "notes alternating between left and right",
        "ping-pong panning",
        "each note jumps to the opposite speaker",
        "one note left, next note right, and so on",
        "bouncing back and forth between the left and right ear",
    ),
}
