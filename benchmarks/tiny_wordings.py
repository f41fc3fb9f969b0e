"""Wordings of music prompts, as many different people would type them."""

FRAMES = (
    "{players}, {tempo} bpm, {mode}, {drums}, {image}",
    "Hi! Could you make a short loop for my game with {players}, {drums}? Around {tempo} bpm. "
    "Make it {mode}, and keep the sound {image}. Thank you!",
    "tempo: {tempo} bpm; mood: {mode}; melodic part: {players}; rhythm section: {drums}; stereo: {image}",
    "Make it {mode}. Use {players}. Tempo is {tempo} beats per minute. For percussion: {drums}. The sound is {image}.",
    "I need background music for a video, {mode}, with {players}, {tempo} beats per minute, {drums}, sound {image}.",
    "{tempo} bpm / {mode} / {image} / {drums} / {players}",
    "Hello, I search a music for my project. It must be {mode}, the sound {image}, with {drums}. "
    "I want to hear {players}. The speed is {tempo} bpm.",
    "Settings - stereo placement: {image} - drum track: {drums} - tonality: {mode} - instrumentation: {players} - "
    "{tempo} beats per minute",
    "a piece with {drums}, mixed {image}, at {tempo} bpm, with {players}. make it {mode}",
    "Would it be possible to get a tune at {tempo} beats per minute with the sound {image}? "
    "I would like {players}, {drums}, and please make it {mode}.",
    "stimulus: {mode}, {tempo} bpm, {players} ({drums}); spatial image: {image}",
    "Everything {image} please. {players}, {drums}. make it {mode} and go at {tempo} bpm",
)

LONE = (
    "solo {a} for the melody",
    "{a} alone on the melody",
    "only {a} playing the tune",
    "{a} as the only melodic instrument",
    "just one melodic instrument, {a}",
    "no melodic instrument other than {a}",
)

PAIRED = (
    "{a} and {b}",
    "both {a} and {b}",
    "{a} together with {b}",
    "{a} + {b} as a duo",
    "two instruments, {a} plus {b}",
    "{a} alongside {b}, both playing",
)

NAMED = {
    "piano": (
        "piano",
        "grand piano",
        "acoustic piano",
        "upright piano",
        "concert piano",
    ),
    "guitar": (
        "guitar",
        "acoustic guitar",
        "classical guitar",
        "plucked acoustic guitar",
        "fingerpicked guitar",
    ),
    "bell": (
        "glockenspiel",
        "small bells",
        "little metal bells",
        "tinkling bells",
        "glockenspiel bells",
    ),
    "organ": (
        "organ",
        "pipe organ",
        "church organ",
        "cathedral organ",
        "organ sound",
    ),
    "strings": (
        "strings",
        "string ensemble",
        "bowed strings",
        "orchestral strings",
        "string section",
    ),
}

MOODS = {
    "major": (
        "happy",
        "in a major key",
        "cheerful and in major",
        "bright and joyful",
        "happy sounding, major scale",
        "glad and sunny",
    ),
    "minor": (
        "sad",
        "in a minor key",
        "melancholic and in minor",
        "gloomy and sorrowful",
        "sad sounding, minor scale",
        "mournful",
    ),
}

BEATS = {
    True: (
        "drums",
        "a drum beat",
        "drums playing along",
        "a drum kit keeping the beat",
        "some drums underneath",
        "drums included",
    ),
    False: (
        "no drums",
        "no percussion at all",
        "no drums or percussion",
        "absolutely no drum beat",
        "zero drums",
        "no drum kit and no other percussion",
    ),
}

PLACES = {
    "left": (
        "panned hard left",
        "all on the left side",
        "only in the left speaker",
        "completely to the left",
        "in the left ear only",
    ),
    "right": (
        "panned hard right",
        "all on the right side",
        "only in the right speaker",
        "completely to the right",
        "in the right ear only",
    ),
    "center": (
        "in the middle",
        "panned dead center",
        "centred between the two speakers",
        "at the center of the stereo image",
        "in the middle, neither left nor right",
    ),
    "mono": (
        "in mono",
        "identical in both channels",
        "in plain mono, not stereo",
        "mono with the left and right channels the same",
        "exactly the same in the left and right channel",
    ),
    "wide": (
        "in wide stereo",
        "spread wide across the stereo field",
        "very wide in stereo",
        "stretched out wide between both speakers",
        "wide and spacious in the stereo image",
    ),
    "ping-pong": (
        "ping-ponging between left and right",
        "alternating left and right note by note",
        "bouncing from one speaker to the other with every note",
        "in ping-pong stereo, one note left and the next one right",
        "switching sides on each note, left then right",
    ),
}
