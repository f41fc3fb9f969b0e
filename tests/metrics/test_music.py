"""Rhythm and harmony: clicks and scales, the composer's pieces, peers, degenerate input."""

import subprocess
import sys
import time
import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import psutil
import pytest
from signals import RATE, noise, tone

from mgeval import synth
from mgeval.errors import MetricError
from mgeval.files import lock_folder
from mgeval.metrics import METRICS, Undefined, evaluate, music
from mgeval.metrics.music import music_profile

MUSIC = [name for name, row in METRICS.items() if row.function.__module__.startswith(music.__name__)]
PIECES = 60


def clicks(bpm, seconds=10.0, rate=RATE):
    """Return mono clicks of 2 ms on every beat, the first after a quarter of a second."""
    x = np.zeros(round(seconds * rate))
    click = np.sin(2 * np.pi * 1500 * np.arange(round(0.002 * rate)) / rate)
    for beat in np.arange(0.25, seconds - 0.01, 60 / bpm):
        x[round(beat * rate) :][: len(click)] = 0.5 * click
    return x[None]


def scale(tonic, minor=False, times=3):
    """Return a mono scale up and down in sines with an overtone, with longer tonics."""
    steps = [0, 2, 3, 5, 7, 8, 10] if minor else [0, 2, 4, 5, 7, 9, 11]
    notes = [(0, 0.6), *[(step, 0.2) for step in steps], (12, 0.6), *[(step, 0.2) for step in steps[::-1]], (7, 0.4)]
    sound = []
    for step, seconds in notes * times:
        hertz = 261.6256 * 2 ** ((tonic + step) / 12)
        fade = np.minimum(1, np.arange(round(seconds * RATE))[::-1] / 800)
        sound.append(fade * (tone(seconds, hertz, 0.3) + tone(seconds, 2 * hertz, 0.1)))
    return np.concatenate(sound)[None]


@lru_cache
def pieces():
    """Compose pieces; return their truth and their metrics."""
    made = []
    for seed in range(100, 100 + PIECES):
        audio, truth = synth.compose(replace(synth.random_spec(seed), duration=10), seed)
        made.append((truth, evaluate(audio.samples, audio.rate, MUSIC)))
    return made


@pytest.mark.parametrize("bpm", [64, 90, 120, 133, 170])
@pytest.mark.parametrize("rate", [RATE, 44100])
def test_clicks_have_their_tempo(bpm, rate):
    x = clicks(bpm, rate=rate)
    assert music.tempo(x, rate) == pytest.approx(bpm, rel=0.01)
    assert 0.97 < music.beat_strength(x, rate) <= 1
    assert music.onset_density(x, rate) == pytest.approx(len(np.arange(0.25, 9.99, 60 / bpm)) / 10)
    assert music.percussive_share(x, rate) > 0.95


@pytest.mark.parametrize(("bpm", "read", "least", "most"), [(60, 120, 0.5, 0.67), (180, 90, 0.94, 1)])
def test_slow_clicks_read_double_and_fast_ones_half(bpm, read, least, most):
    x = clicks(bpm)
    assert music.tempo(x, RATE) == pytest.approx(read, rel=0.01)
    assert least < music.beat_strength(x, RATE) < most


def test_where_beats_fall_between_frames_does_not_matter():
    # A frame is 512 samples.
    values = [music.beat_strength(clicks(120)[:, start:], RATE) for start in range(0, 512, 64)]
    assert min(values) > 0.97 and np.ptp(values) < 0.02


def test_beats_out_of_time_weaken_the_pulse():
    rng, values = np.random.default_rng(0), []
    click = clicks(40, 0.4)[0, RATE // 4 :][: RATE // 500]
    for late in (0, 0.03, 0.06, 0.12):
        x = np.zeros(20 * RATE)
        for beat in np.arange(0.25, 19.5, 0.5) + rng.uniform(-late, late, 39):
            x[round(beat * RATE) :][: len(click)] = click
        values.append(music.beat_strength(x[None], RATE))
    assert values[0] > 0.97 and values == sorted(values, reverse=True) and values[-1] < 0.5


def test_the_pulse_against_plain_sums():
    audio, _ = synth.compose(synth.Spec(genre="pop", duration=8), 4)
    known = music.profile(audio.samples, RATE)
    bell = np.exp(-0.5 * (np.arange(-12, 13) / 2) ** 2)
    smooth = np.convolve(known.onsets, bell / bell.sum(), mode="same")

    def recurring(strength, bpm):
        values, strength = [], strength - strength.mean()
        for lag in (beats * 60 / bpm / 0.016 for beats in (1, 2, 4)):
            low, part = int(lag), lag % 1
            at = [np.mean(strength[: len(strength) - k] * strength[k:]) / np.var(strength) for k in (low, low + 1)]
            values += [at[0] * (1 - part) + at[1] * part] if lag <= len(strength) / 2 else []
        return np.mean(values)

    tempi = np.arange(40, 220, 0.2)
    weighted = [recurring(known.onsets, bpm) * np.exp(-(np.log2(bpm / 120) ** 2) / 2) for bpm in tempi]
    assert music.tempo(known) == pytest.approx(tempi[np.argmax(weighted)], rel=3e-3)
    assert music.beat_strength(known) == pytest.approx(recurring(smooth, music.tempo(known)), abs=1e-3)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("minor", [False, True])
def test_scales_have_their_key(tonic, minor):
    # The scale also fits its relative key; the long tonic and fifth decide.
    x = scale(tonic, minor)
    assert music.musical_key(x, RATE) == tonic + 12 * minor
    assert 0.01 < music.key_confidence(x, RATE) < 0.5


def test_a_mistuned_scale_keeps_its_key():
    # A third of a semitone sharp; without tuning estimation half of each note would leak into the next pitch class.
    x = scale(0)
    sharp = np.interp(np.arange(0, x.shape[1] - 1, 2 ** (0.33 / 12)), np.arange(x.shape[1]), x[0])[None]
    assert music.musical_key(sharp, RATE) == 0


@pytest.mark.parametrize("frequency", [60, 9000])
def test_sounds_without_a_tuning_raise_no_warning(frequency):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        music.chroma_entropy(tone(3.0, frequency, 0.3)[None], RATE)


def test_entropy_counts_the_pitch_classes():
    octaves = tone(4.0, 220, 0.2) + tone(4.0, 440, 0.2)
    assert music.chroma_entropy(octaves[None], RATE) < 1.5
    assert music.chroma_entropy(noise(4.0)[None], RATE) == pytest.approx(np.log2(12), abs=0.01)
    assert music.chroma_entropy(octaves[None], RATE) < music.chroma_entropy(scale(0), RATE) < np.log2(12)


def test_the_percussive_share_of_tones_noise_and_clicks():
    assert music.percussive_share(tone(4.0)[None], RATE) < 0.01
    assert music.percussive_share(noise(4.0)[None], RATE) == pytest.approx(0.5, abs=0.02)
    both = tone(10.0) * 0.2 + clicks(120)[0]
    energy = (clicks(120)[0] ** 2).sum() / ((tone(10.0) * 0.2) ** 2).sum()
    assert music.percussive_share(both[None], RATE) == pytest.approx(energy / (1 + energy), abs=0.05)


def test_noise_has_little_pulse_and_no_key():
    assert music.beat_strength(noise(10.0)[None], RATE) < 0.15
    for seconds in (0.5, 10.0):
        assert np.isnan(music.musical_key(noise(seconds)[None], RATE))
        assert np.isnan(music.key_confidence(noise(seconds)[None], RATE))


@pytest.mark.slow
def test_the_composers_tempi_are_read_up_to_octaves():
    ratio = np.array([values["tempo"] / truth["tempo"] for truth, values in pieces()])
    assert np.mean(np.abs(ratio - 1) < 0.04) >= 0.8
    octaves = np.any([np.abs(ratio / factor - 1) < 0.04 for factor in (0.5, 1, 2)], axis=0)
    assert octaves.mean() >= 0.95


@pytest.mark.slow
def test_the_composers_keys_are_read():
    melodic = [(t, v) for t, v in pieces() if t["instruments"]["melody"] or t["instruments"]["chords"]]
    right = [music.key_name(v["musical_key"]) == f"{t['key']} {t['mode']}" for t, v in melodic]
    assert np.mean(right) >= 0.75
    sure = [v["key_confidence"] for _, v in melodic]
    assert np.median(np.array(sure)[right]) > np.median(np.array(sure)[~np.array(right)])


@pytest.mark.slow
def test_the_composers_drums_are_percussive():
    alone = [not any(t["instruments"][voice] for voice in ("melody", "chords", "bass")) for t, _ in pieces()]
    shares = np.array([v["percussive_share"] for _, v in pieces()])
    assert any(alone) and shares[alone].min() > 0.5 > 0.3 > shares[~np.array(alone)].max()


def test_percussive_share_against_librosa():
    import librosa

    audio, _ = synth.compose(synth.Spec(duration=6), 3)
    x = audio.samples[:1]
    spectrum = librosa.stft(x[0], n_fft=2048, hop_length=512)
    harmonic, percussive = librosa.decompose.hpss(np.abs(spectrum))
    expected = (percussive**2).sum() / ((harmonic**2).sum() + (percussive**2).sum())
    assert music.percussive_share(x, RATE) == pytest.approx(expected, rel=1e-3)


def test_blocks_change_nothing(monkeypatch):
    audio, _ = synth.compose(synth.Spec(duration=5), 1)
    whole = evaluate(audio.samples, RATE, MUSIC)
    monkeypatch.setattr(music_profile, "BLOCK", 64)
    assert evaluate(audio.samples, RATE, MUSIC) == pytest.approx(whole, rel=1e-4)


def test_tempo_against_librosas_own():
    import librosa

    x = clicks(120)
    envelope = librosa.onset.onset_strength(y=x[0].astype(np.float32), sr=RATE)
    assert music.tempo(x, RATE) == pytest.approx(librosa.feature.tempo(onset_envelope=envelope, sr=RATE)[0], rel=0.04)


@pytest.mark.parametrize("name", MUSIC)
def test_gain_swap_and_antiphase_change_nothing(name):
    audio, _ = synth.compose(synth.Spec(image="left", duration=5), 2)
    x = audio.samples
    value = evaluate(x, RATE, [name])[name]
    assert METRICS[name].low <= value <= METRICS[name].high
    for other in (0.03 * x, x[::-1], -x, x * [[1], [-1]]):
        assert evaluate(other, RATE, [name])[name] == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("name", MUSIC)
def test_degenerate_input(name):
    function = METRICS[name].function
    broken = noise(4.0)[None].copy()
    broken[0, 5] = np.nan
    for x in (np.zeros((2, 0)), np.zeros((2, 4 * RATE)), np.ones((1, 1)), noise(0.1)[None], broken):
        value = function(x, RATE)
        assert isinstance(value, Undefined) and value.reason
    one_silent = np.stack([scale(0)[0], 0 * scale(0)[0]])
    assert function(one_silent, RATE) == pytest.approx(function(scale(0), RATE))
    # Half a second is enough for everything except the tempo.
    assert np.isnan(function(scale(0)[:, : RATE // 2], RATE)) == (name in ("tempo", "beat_strength"))
    with pytest.raises(MetricError, match="shape"):
        function(np.zeros((3, RATE)), RATE)
    with pytest.raises(MetricError, match="rate"):
        function(noise(1.0)[None], 0)


def test_what_does_not_recur_has_no_tempo():
    x = np.zeros((1, 4 * RATE))
    x[0, RATE : RATE + 60] = 0.5
    assert np.isnan(music.tempo(x, RATE)) and music.beat_strength(x, RATE) == pytest.approx(0, abs=0.01)


def test_key_names():
    assert [music.key_name(number) for number in (0, 11, 12, 23, np.nan)] == ["C major", "B major", "C minor",
                                                                             "B minor", ""]  # fmt: skip


def test_one_process_at_a_time_loads_what_librosa_compiles():
    import librosa

    code = "from mgeval.metrics.music.music_profile import load_librosa as load; print('ready', flush=True); load()"
    with lock_folder(Path(librosa.__file__).parent):
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert other.stdout.readline() == "ready\n"
        # It waits without using the processor; loading takes seconds of processor time.
        time.sleep(4)
        assert other.poll() is None
        waited = psutil.Process(other.pid).cpu_times().user
    assert other.wait(timeout=120) == 0
    assert waited < 1.5
