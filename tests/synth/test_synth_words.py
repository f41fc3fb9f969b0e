"""Words: `parse` recovers what `describe` states, and understands other prompts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgeval.synth import BASSES, GENRES, IMAGES, INSTRUMENTS, Spec, describe, parse, random_spec
from mgeval.synth.captions import caption
from mgeval.synth.spec import KEYS, MODES
from mgeval.synth.vocabulary import CAPTION_WORDS, PROMPT_WORDS, words


def agrees(spec, name, value):
    if name == "tempo_word":
        return {"slow": spec.tempo <= 86, "medium": 90 <= spec.tempo <= 120, "fast": spec.tempo >= 128}[value]
    if name == "density_word":
        return spec.density <= 0.25 if value == "sparse" else spec.density >= 0.72
    return (spec.stereo.pan if name == "pan" else getattr(spec, name)) == value


def read_back(spec, seed):
    text, named = caption(spec, seed)
    read = parse(text)
    wrong = {name: value for name, value in named.items() if not agrees(read, name, value)}
    assert not wrong, f"{text!r} was read as {read}"
    return named


def test_descriptions_are_read_back():
    named = [read_back(random_spec(seed), seed) for seed in range(600)]
    every = {name for names in named for name in names}
    fields = {"melody", "chords", "bass", "drums", "tempo", "key", "mode", "genre", "image", "pan"}
    assert every == fields | {"tempo_word", "density_word"}


specs = (
    st.fixed_dictionaries(
        {
            "melody": st.sampled_from([None, *INSTRUMENTS]),
            "chords": st.sampled_from([None, *INSTRUMENTS]),
            "bass": st.sampled_from([None, *BASSES]),
            "drums": st.booleans(),
            "tempo": st.integers(60, 180),
            "key": st.sampled_from(KEYS),
            "mode": st.sampled_from(MODES),
            "density": st.floats(0, 1),
            "genre": st.sampled_from([None, *GENRES]),
            "image": st.sampled_from(list(IMAGES)),
        }
    )
    .filter(lambda fields: any(fields[voice] for voice in ("melody", "chords", "bass", "drums")))
    .map(lambda fields: Spec(**fields))
)


@settings(max_examples=200, deadline=None)
@given(specs, st.integers(0, 2**63 - 1))
def test_any_spec_is_read_back(spec, seed):
    read_back(spec, seed)


def test_descriptions_vary_and_repeat():
    spec = random_spec(1)
    assert len({describe(spec, seed) for seed in range(50)}) > 40
    assert describe(spec, 7) == describe(spec, 7)


@pytest.mark.parametrize(
    "spec",
    [
        Spec(image="wide", decorrelation=0),
        Spec(image="center", pan=-40),
        Spec(image="narrow", spread=45),
        Spec(image="left", decorrelation=1),
        Spec(image="split", spread=30),
        Spec(image="split", pan=45),
    ],
)
def test_an_image_that_other_numbers_make_another_is_not_named(spec):
    assert not any({"image", "pan"} & set(caption(spec, seed)[1]) for seed in range(40))


def test_an_image_with_its_own_numbers_given_is_named():
    assert any("image" in caption(Spec(image="wide", spread=30), seed)[1] for seed in range(10))
    assert any("pan" in caption(Spec(image="left", pan=-45), seed)[1] for seed in range(10))
    assert any("image" in caption(Spec(image="split", spread=-35), seed)[1] for seed in range(10))


def test_no_word_has_two_meanings():
    for kind in CAPTION_WORDS:
        tables = [table[kind] for table in (CAPTION_WORDS, PROMPT_WORDS)]
        meanings = [(word, value) for table in tables for value, synonyms in table.items() for word in synonyms]
        assert len(meanings) == len({word for word, _ in meanings}) == len(words(kind))


@pytest.mark.parametrize("kind", ["instrument", "bass", "genre", "image"])
def test_every_word_is_understood(kind):
    field = {"instrument": "melody"}.get(kind, kind)
    for word, value in words(kind).items():
        read = parse(f"some tune, {word}")
        if value == "pad":
            assert read.chords == "pad"
        elif not (kind == "genre" and word in words("instrument")):
            assert getattr(read, field) == value, word


HEARD_PROMPTS = [
    ("a slow minor-key piano piece with soft strings, panned hard to the left, no drums, 72 bpm",
     {"melody": "piano", "chords": "strings", "drums": False, "tempo": 72, "mode": "minor", "image": "left",
      "pan": -45}),
    ("Happy ukulele song at 120-bpm, in the key of B♭ major",
     {"melody": "guitar", "tempo": 120, "key": "A#", "mode": "major"}),
    ("lofi hip hop beat with rhodes and upright bass",
     {"genre": "lo-fi", "drums": True, "melody": "electric piano", "bass": "upright bass"}),
    ("a minor key waltz", {"mode": "minor", "genre": "classical"}),
    ("in a minor", {"key": "A", "mode": "minor"}),
    ("waltz, A minor, slow piano", {"key": "A", "mode": "minor", "melody": "piano"}),
    ("in D, fast fiddle tune", {"key": "D", "melody": "strings"}),
    ("C# major", {"key": "C#", "mode": "major"}),
    ("e flat minor", {"key": "D#", "mode": "minor"}),
    ("tempo of 95, key: F# minor", {"tempo": 95, "key": "F#", "mode": "minor"}),
    ("piano on the left, guitar on the right",
     {"image": "split", "melody": "piano", "chords": "guitar", "spread": None}),
    ("piano on the right, guitar on the left", {"image": "split", "melody": "piano", "chords": "guitar", "spread": 40}),
    ("the guitar is on the left channel and the piano on the right channel", {"image": "split", "melody": "guitar"}),
    ("solo violin in a cathedral",
     {"melody": "strings", "chords": None, "bass": None, "drums": False, "image": "reverberant"}),
    ("solo piano", {"melody": "piano", "chords": "piano", "bass": None, "drums": False}),
    ("techno, drums only", {"melody": None, "chords": None, "bass": None, "drums": True, "genre": "electronic"}),
    ("no drums, no bass, just a piano", {"drums": False, "bass": None, "melody": "piano"}),
    ("no drums, bass or melody; organ chords", {"drums": False, "bass": None, "melody": None, "chords": "organ"}),
    ("A sad cello piece without percussion or bass",
     {"drums": False, "bass": None, "melody": "strings", "mode": "minor"}),
    ("rock song without drums, with a bass guitar", {"drums": False, "bass": "electric bass", "genre": "rock"}),
    ("everything in the right ear", {"image": "right", "pan": 45}),
    ("a flute melody slightly left of centre over warm strings",
     {"image": "left", "pan": -15, "melody": "flute", "chords": "strings"}),
    ("piano in the left channel", {"image": "left", "melody": "piano"}),
    ("piano with left-hand arpeggios, centered", {"image": "center"}),
    ("music bouncing from side to side", {"image": "ping-pong"}),
    ("sound moves from left to right", {"image": "ping-pong"}),
    ("string quartet, narrow stereo, not wide", {"image": "narrow", "melody": "strings"}),
    ("mono recording of a church organ", {"image": "mono", "melody": "organ"}),
    ("wide stereo pads with a centered lead synth", {"image": "wide", "chords": "pad", "melody": "synth"}),
    ("ambient pads, no melody", {"genre": "ambient", "chords": "pad", "melody": None}),
    ("drum and bass at 174 bpm", {"tempo": 174, "drums": True}),
    ("200 bpm", {"tempo": 100}),
    ("40 bpm", {"tempo": 80}),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "expected"), HEARD_PROMPTS)
def test_what_people_write_is_understood(prompt, expected):
    read = parse(prompt)
    assert {name: getattr(read, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("word", "low", "high"), [("slow", 60, 90), ("a ballad", 60, 90), ("moderate", 90, 120), ("fast", 125, 180)]
)
def test_tempo_words(word, low, high):
    assert all(low <= parse(f"{word} {kind} tune").tempo <= high for kind in ("piano", "jazz", "techno"))


def test_density_words():
    assert parse("a sparse tune").density < 0.3 < 0.7 < parse("a busy tune").density


def test_what_is_not_said_depends_on_the_text_alone():
    assert parse("") == parse("  ") == parse("")
    assert len({parse(f"number {i}") for i in range(20)}) == 20


def test_what_is_said_of_the_image_does_not_change_the_music():
    music = "calm ambient music with piano"
    images = ("in mono", "panned hard to the left", "with a very wide stereo image", "ping-pong between the speakers")
    specs = [parse(f"{music}, {image}") for image in images]
    assert [spec.image for spec in specs] == ["mono", "left", "wide", "ping-pong"]
    assert {replace(spec, image="narrow", pan=None) for spec in specs} == {replace(parse(music), image="narrow")}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["no", "without", "solo", "drums", "bass", "melody", "chords", "and", "or", ",", "only", "left", "right", "piano",
     "pad", "alone", "mono", "in", "a", "minor", "00 bpm", "99999 bpm", "tempo", "on the", "<i0>", "<i7>", "wide"]
), max_size=12).map(" ".join))  # fmt: skip
def test_any_text_is_a_valid_spec(text):
    assert isinstance(parse(text), Spec)
