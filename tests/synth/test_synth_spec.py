"""Spec: what is valid, what is said about the rest, and what `random_spec` draws."""

import json
from dataclasses import replace

import pytest

from mgeval.errors import MgevalError
from mgeval.synth import BASSES, GENRES, IMAGES, INSTRUMENTS, Spec, SpecError, random_spec
from mgeval.synth.spec import KEYS, MODES


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"melody": "piabo"}, "melody is 'piabo', did you mean 'piano'"),
        ({"bass": "piano"}, "bass is 'piano', valid: electric bass, upright bass, synth bass"),
        ({"genre": "jaz"}, "genre is 'jaz', did you mean 'jazz'"),
        ({"image": "wyde"}, "image is 'wyde', did you mean 'wide'"),
        ({"key": "Db"}, "key is 'Db', valid: C, C#"),
        ({"mode": "dorian"}, "mode is 'dorian'"),
        ({"drums": "yes"}, "drums must be True or False, got 'yes'"),
        ({"tempo": 300}, "tempo must be a number from 60 to 180"),
        ({"tempo": None}, "tempo must be a number from 60 to 180 .*, got None"),
        ({"density": 1.5}, "density must be a number from 0 to 1, got 1.5$"),
        ({"duration": 0}, "duration must be a number from .*, got 0"),
        ({"duration": float("nan")}, "duration must be .*, got nan"),
        ({"image": "left", "pan": -60}, r"pan must be a number from -45 to 45 \(degrees\), got -60"),
        ({"decorrelation": True}, "decorrelation must be .*, got True"),
        ({"image": "left", "pan": 30}, "pan must be below 0 for image 'left', got 30"),
        ({"image": "right", "pan": 0}, "pan must be above 0 for image 'right', got 0"),
        ({"image": "mono", "pan": 10}, "image is 'mono': leave pan"),
        ({"melody": None, "chords": None, "bass": None, "drums": False}, "nothing would sound"),
    ],
)
def test_a_wrong_value_is_named_with_its_range(fields, message):
    with pytest.raises(SpecError, match=message) as caught:
        Spec(**fields)
    assert isinstance(caught.value, MgevalError)


def test_every_choice_is_accepted():
    for field, valid in {
        "melody": INSTRUMENTS,
        "chords": INSTRUMENTS,
        "bass": BASSES,
        "genre": GENRES,
        "image": IMAGES,
        "key": KEYS,
        "mode": MODES,
    }.items():
        for value in valid:
            assert getattr(Spec(**{field: value}), field) == value


def test_presets_name_only_what_exists():
    for genre in GENRES.values():
        assert {*genre.melody, *genre.chords} - {None} <= INSTRUMENTS.keys()
        assert set(genre.bass) - {None} <= BASSES.keys()


def test_the_image_stands_for_numbers_that_can_be_replaced():
    spec = Spec(image="wide")
    assert (spec.voice_pan("melody"), spec.voice_pan("chords"), spec.voice_pan("bass")) == (30, -30, 0)
    assert spec.voice_decorrelation("melody") == 1 and spec.voice_decorrelation("bass") == 0
    assert replace(spec, spread=10, pan=5).voice_pan("chords") == -5
    # The numbers of the first image do not stick.
    assert replace(spec, image="left").voice_pan("chords") == -30


def test_a_lone_melody_stands_in_the_middle_of_a_spread_image():
    assert Spec(image="wide", chords=None).voice_pan("melody") == 0


def test_random_specs_repeat_and_vary():
    specs = [random_spec(seed) for seed in range(200)]
    assert specs == [random_spec(seed) for seed in range(200)]
    assert {spec.image for spec in specs} == set(IMAGES)
    assert {spec.genre for spec in specs} == {None, *GENRES}
    assert {spec.drums for spec in specs} == {True, False}
    assert {spec.melody for spec in specs} >= INSTRUMENTS.keys() - {"pad"}
    assert json.loads(json.dumps(specs[0].asdict())) == specs[0].asdict()
