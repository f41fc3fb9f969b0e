"""The music: repeatable, on the grid, in key, in time, at an even level, without clicks."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mgeval.synth import BASSES, INSTRUMENTS, Spec, SpecError, compose, random_spec
from mgeval.synth.drums import render_drum
from mgeval.synth.instruments import render_note
from mgeval.synth.notes import DRUMS, FRAME
from mgeval.synth.score import SCALES
from mgeval.synth.spec import KEYS

SOLO = Spec(melody="piano", chords=None, bass=None, drums=False)


def test_the_same_seed_gives_the_same_music_in_another_process_with_one_thread():
    code = (
        "import hashlib; from mgeval.synth import Spec, compose;"
        "audio, truth = compose(Spec(image='reverberant', duration=3), 5);"
        "print(hashlib.sha256(audio.samples.tobytes()).hexdigest())"
    )
    settings = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", code]
    elsewhere = subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout
    audio, _ = compose(Spec(image="reverberant", duration=3), 5)
    assert elsewhere.strip() == hashlib.sha256(audio.samples.tobytes()).hexdigest()


def test_seeds_differ():
    notes = [compose(SOLO, seed)[1]["notes"] for seed in (0, 1, 2**63 - 1)]
    assert notes[0] != notes[1] != notes[2]


@pytest.mark.parametrize("image", ["wide", "reverberant", "ping-pong"])
@pytest.mark.parametrize("seconds", [0.02, 1.234, 7.5])
def test_a_shorter_clip_is_the_beginning_of_a_longer_one(image, seconds):
    spec = replace(random_spec(4), image=image, pan=None, duration=9.0)
    long, long_truth = compose(spec, 3)
    short, short_truth = compose(replace(spec, duration=seconds), 3)
    count = round(seconds * 32000)
    assert short.samples.shape == (2, count) and short.rate == 32000
    np.testing.assert_array_equal(short.samples, long.samples[:, :count])
    heard = [note for note in long_truth["notes"] if note["start"] < seconds]
    assert short_truth["notes"] == heard


def test_the_image_does_not_change_the_notes():
    def notes(image):
        return [{**note, "pan": 0} for note in compose(Spec(image=image), 2)[1]["notes"]]

    assert notes("mono") == notes("ping-pong") == notes("wide")


def test_the_truth_is_json_and_lies_on_the_codec_grid():
    for seed in range(6):
        spec = random_spec(seed)
        _, truth = compose(spec, seed)
        assert json.loads(json.dumps(truth)) == truth
        for note in truth["notes"]:
            for value in (note["start"], note["duration"]):
                assert round(value * 50) == pytest.approx(value * 50, abs=1e-9)
            assert 0 < note["velocity"] <= 1 and note["duration"] > 0
        assert {note["voice"] for note in truth["notes"]} == set(spec.voices)


def test_every_pitch_is_in_the_scale():
    for seed in range(8):
        spec = random_spec(seed)
        scale = {(KEYS.index(spec.key) + step) % 12 for step in SCALES[spec.mode]}
        pitches = {n["pitch"] % 12 for n in compose(spec, seed)[1]["notes"] if n["voice"] != "drums"}
        assert pitches <= scale


@pytest.mark.parametrize(("key", "mode"), [("C", "major"), ("F#", "major"), ("A", "minor"), ("D#", "minor")])
def test_the_sound_is_in_key(key, mode):
    audio, _ = compose(Spec(key=key, mode=mode, drums=False, image="mono"), 1)
    power = np.abs(np.fft.rfft(audio.samples[0])) ** 2
    hertz = np.fft.rfftfreq(audio.samples.shape[1], 1 / 32000)
    band = (hertz > 60) & (hertz < 2000)
    pitch = np.round(12 * np.log2(hertz[band] / 440) + 69).astype(int) % 12
    chroma = np.bincount(pitch, power[band], minlength=12) / power[band].sum()
    scale = [(KEYS.index(key) + step) % 12 for step in SCALES[mode]]
    assert chroma[scale].sum() > 0.93


@pytest.mark.parametrize("tempo", [72, 100, 143])
def test_the_beat_is_where_the_truth_says(tempo):
    audio, truth = compose(Spec(melody=None, chords=None, bass=None, genre="electronic", tempo=tempo, image="mono"))
    energy = audio.samples[0, : len(audio.samples[0]) // 160 * 160].reshape(-1, 160).astype(float) ** 2
    rise = np.maximum(np.diff(np.log(energy.mean(axis=1) + 1e-6)), 0)
    # Frames of 5 ms: what rises within 20 ms of a beat against what rises elsewhere.
    beats = np.array(truth["beats"][1:])
    near = np.abs(np.arange(1, len(rise) + 1)[:, None] * 0.005 - beats).min(axis=1) <= 0.02
    assert rise[near].mean() > 3 * rise[~near].mean()


def test_onsets_sound_where_notes_start():
    audio, truth = compose(replace(SOLO, image="mono", density=0.2, melody="marimba"), 2)
    for note in truth["notes"][:6]:
        start = round(note["start"] * 32000)
        after, before = (np.abs(audio.samples[0, max(a, 0) : b]).max() for a, b in
                         ((start, start + 320), (start - 320, start + 1)))  # fmt: skip
        assert after > before


def test_without_drums_little_is_percussive():
    from scipy.ndimage import median_filter
    from scipy.signal import stft

    def share(drums):
        audio, truth = compose(Spec(melody="flute", chords=None, bass=None, drums=drums, duration=3), 1)
        assert any(note["voice"] == "drums" for note in truth["notes"]) == drums
        power = np.abs(stft(audio.mono().samples[0], nperseg=1024)[2]) ** 2
        # What is smooth over frequency is percussive, what is smooth over time is tonal.
        return power[median_filter(power, (17, 1)) > median_filter(power, (1, 17))].sum() / power.sum()

    assert share(False) < 0.05
    assert share(True) > 0.1


def test_density_adds_notes():
    counts = [len(compose(replace(SOLO, density=density), 1)[1]["notes"]) for density in (0.0, 0.4, 0.8)]
    assert counts[0] < counts[1] < counts[2]


def test_level_is_even_and_never_clips():
    import pyloudnorm

    meter = pyloudnorm.Meter(32000)
    for seed in range(10):
        audio, _ = compose(random_spec(seed), seed)
        assert audio.samples.dtype == np.float32
        assert audio.peak <= 0.708
        assert -21 < meter.integrated_loudness(audio.samples.T.astype(float)) < -14
        assert np.abs(audio.samples.mean(axis=1)).max() < 2e-3


@pytest.mark.parametrize("name", [*INSTRUMENTS, *BASSES])
def test_notes_begin_and_end_at_zero_and_are_analytic(name):
    note = render_note(name, 40 if name in BASSES else 70, 25)
    assert len(note) > 25 * FRAME
    loud = np.abs(note).max()
    assert abs(note[0]) < 1e-3 * loud and abs(note[-1]) < 1e-3 * loud
    x, y = note.real.astype(float), note.imag.astype(float)
    assert x @ x == pytest.approx(y @ y, rel=0.02)
    assert abs(x @ y) < 0.02 * (x @ x)


@pytest.mark.parametrize("piece", DRUMS)
def test_drums_begin_and_end_at_zero_and_have_an_orthogonal_partner(piece):
    hit = render_drum(piece, 1)
    assert abs(hit[0]) < 1e-3 and abs(hit[-1]) < 1e-3
    x, y = hit.real.astype(float), hit.imag.astype(float)
    assert abs(x @ y) < 1e-3 * (x @ x)
    assert y @ y == pytest.approx(0 if piece == "kick" else x @ x, rel=1e-3)


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_a_wrong_seed_is_refused(seed):
    with pytest.raises(SpecError, match="seed must be a whole number from 0"):
        compose(SOLO, seed)
