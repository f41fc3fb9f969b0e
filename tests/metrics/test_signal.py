"""Level and defects: known answers, the cases of the standards, degenerate input."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import RATE, noise, tone

from mgeval.metrics import METRICS, Undefined, evaluate, signal

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "true_peak.py"
SIGNAL = [name for name, row in METRICS.items() if row.function.__module__ == signal.__name__]


def stereo_tone(level_db, seconds=2.0, hertz=1000, rate=48000):
    x = 10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.stack([x, x])


def test_loudness_of_the_standards_calibration_tone():
    # BS.1770-4: a 0 dBFS sine of 997 Hz in one channel reads -3.01 LKFS; EBU 3341 case 1: -23 LUFS.
    one = np.stack([tone(5.0, 997, 1.0), 0 * tone(5.0)])
    assert signal.loudness(one, RATE) == pytest.approx(-3.01, abs=0.05)
    assert signal.loudness(stereo_tone(-23, 20), 48000) == pytest.approx(-23, abs=0.1)


def test_loudness_gates_out_quiet_parts():
    # EBU 3341 case 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS read -23 LUFS.
    x = np.concatenate([stereo_tone(-36, 10), stereo_tone(-23, 60), stereo_tone(-36, 10)], axis=1)
    assert signal.loudness(x, 48000) == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
)
def test_loudness_range_of_the_standards_signals(levels, expected):
    # EBU Tech 3342, cases 1 to 4: stereo 1 kHz tones of 20 s each.
    x = np.concatenate([stereo_tone(level, 20) for level in levels], axis=1)
    assert signal.loudness_range(x, 48000) == pytest.approx(expected, abs=0.1)


def test_loudness_range_invariances_and_limits():
    x = np.concatenate([noise(4.0, 1, 0.1), noise(4.0, 2, 0.05)])[None] * np.ones((2, 1))
    spread = signal.loudness_range(x, RATE)
    assert 5 < spread < 6.1
    assert signal.loudness_range(0.1 * x, RATE) == pytest.approx(spread, abs=1e-6)
    assert signal.loudness_range(x[::-1], RATE) == pytest.approx(spread, abs=1e-9)
    # A steady clip of 10 s has no range; pyloudnorm, which appends silence, reads 1 LU.
    assert signal.loudness_range(stereo_tone(-23, 10), 48000) == pytest.approx(0, abs=0.01)
    # One block has no range; two have one.
    for samples in (3 * RATE - 1, 3 * RATE, round(3.1 * RATE) - 1):
        assert "3.1 s" in signal.loudness_range(x[:, :samples], RATE).reason
    assert signal.loudness_range(x[:, : round(3.1 * RATE)], RATE) >= 0
    lone = 1e-6 * x
    lone[:, : RATE // 100] = x[:, : RATE // 100]
    assert "one" in signal.loudness_range(lone[:, : round(3.1 * RATE)], RATE).reason
    assert "-70" in signal.loudness_range(1e-6 * x, RATE).reason


@settings(deadline=None, max_examples=15)
@given(st.floats(0.05, 8))
def test_loudness_follows_the_gain(gain):
    x = np.stack([noise(1.0, 1), noise(1.0, 2)])
    expected = signal.loudness(x, RATE) + 20 * np.log10(gain)
    assert signal.loudness(gain * x, RATE) == pytest.approx(expected, abs=1e-6)


def test_true_peak_finds_the_peak_between_samples():
    # A quarter of the rate at 45 degrees: every sample is 3.01 dB below the peak.
    x = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)[None]
    x = x * np.hanning(RATE)
    assert 20 * np.log10(np.abs(x).max()) == pytest.approx(-3.01, abs=0.01)
    assert signal.true_peak(x, RATE) == pytest.approx(0, abs=0.05)


def test_true_peak_in_pieces_equals_one_piece(monkeypatch):
    x = np.stack([noise(1.0, 3), noise(1.0, 4)])
    whole = signal.true_peak(x, RATE)
    monkeypatch.setattr(signal, "CHUNK", 1000)
    assert signal.true_peak(x, RATE) == pytest.approx(whole, abs=1e-12)


def test_how_far_the_true_peak_reads_under_the_truth():
    # README quotes these figures from this script. Below 0.45 of the rate,
    # 4x oversampling can miss cos(pi 0.45 / 4), which is -0.55 dB.
    tones = [np.sin(2 * np.pi * share * np.arange(16384) + phase) * np.hanning(16384)
             for share in (0.05, 0.2, 0.25, 0.4, 0.42, 0.45, 0.47, 0.499) for phase in (0, 0.5, 1, 1.5)]  # fmt: skip
    script = runpy.run_path(str(BENCHMARK))
    below = script["readings"](0, 0.45, 20) + list(map(script["under_the_truth"], tones))
    assert min(below) > -0.05 and 0.2 < max(below) < 0.55
    # Above, the filter attenuates part of the sound.
    above = script["readings"](0.45, 0.499)
    assert min(above) > -0.05 and np.median(above) == pytest.approx(0.3, abs=0.05)
    assert max(above) == pytest.approx(2.0, abs=0.05)


def test_crest_factors():
    assert signal.crest(tone(1.0)) == pytest.approx(10 * np.log10(2), abs=1e-3)
    assert signal.crest(np.sign(tone(1.0, 441) + 1e-9)) == pytest.approx(0, abs=1e-9)
    assert signal.crest(1e-30 * tone(1.0)) == pytest.approx(10 * np.log10(2), abs=1e-3)


def test_silence_is_the_share_of_silent_frames():
    x = np.concatenate([tone(2.0), np.zeros(2 * RATE)])[None]
    # Of 37 frames of 400 ms, every 100 ms, the 17 from 2.0 s on are silent.
    assert signal.silence(x, RATE) == pytest.approx(17 / 37)
    assert signal.silence(np.zeros((2, RATE)), RATE) == 1
    assert signal.silence(1e-4 * noise(1.0)[None], RATE) == 1
    assert signal.silence(tone(1.0), RATE) == 0


def test_clipping_counts_flat_tops_only():
    clean = tone(1.0, 440, 1.0)
    assert signal.clipping(clean) == 0
    flat = np.clip(1.2 * clean, -1, 1)
    at_top = np.abs(flat) >= 1
    assert signal.clipping(flat) == pytest.approx(at_top.mean(), abs=1e-3)
    assert signal.clipping(0.5 * flat) == 0
    assert signal.clipping(np.array([[0.0, 1, 1, 0, 1, 1, 1, 0]])) == pytest.approx(3 / 8)
    assert signal.clipping(np.array([[1.0, 1]])) == 0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.floats(0.01, 3), st.integers(1, 2))
def test_ranges_and_invariances(seed, gain, channels):
    x = gain * np.stack([noise(0.6, seed + c) + tone(0.6) for c in range(channels)])
    # The loudness range needs 3 s and has its own test.
    values = evaluate(x, RATE, [name for name in SIGNAL if name != "loudness_range"])
    for name, v in values.items():
        assert METRICS[name].low <= v <= METRICS[name].high
        swapped = evaluate(x[::-1], RATE, [name])[name]
        assert swapped == pytest.approx(v, abs=1e-9), f"swap: {name}"
        assert evaluate(-x, RATE, [name])[name] == pytest.approx(v, abs=1e-9), f"polarity: {name}"
    assert signal.true_peak(x, RATE) >= 20 * np.log10(np.abs(x).max()) - 1e-9
    assert signal.crest(3 * x) == pytest.approx(values["crest"], abs=1e-9)


@pytest.mark.parametrize("name", SIGNAL)
def test_degenerate_input(name):
    for x in (np.zeros((2, 0)), np.full((1, RATE), np.nan), np.full((2, RATE), np.inf)):
        v = evaluate(x, RATE, [name])[name]
        assert isinstance(v, Undefined) and v.reason
    silent = evaluate(np.zeros((1, RATE)), RATE, [name])[name]
    one = evaluate(np.full((1, 1), 0.5), RATE, [name])[name]
    shape = ("centroid", "bandwidth", "flatness")
    assert np.isnan(silent) == (name in ("loudness", "loudness_range", "true_peak", "crest", *shape))
    assert np.isnan(one) == (name in ("loudness", "loudness_range", "silence", "failure_count", *shape))
    for v in (silent, one):
        assert not np.isnan(v) or v.reason


def test_true_peak_needs_oversampling_by_four():
    # The peaks fall between samples at twice the rate, too, but on samples at four times the rate.
    x = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 8)[None] * np.hanning(RATE)
    assert signal.true_peak(x, RATE) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("level", "share"), [(1 - 2.0**-15, 1), (1 - 2.0**-14, 0)])
def test_full_scale_begins_at_the_largest_16_bit_sample(level, share):
    assert signal.clipping(np.full((1, 100), level)) == share


@pytest.mark.parametrize("seconds", [0.451, 0.499])
def test_loudness_between_whole_steps(seconds):
    x = noise(seconds, 5)[None]
    assert signal.loudness(x, RATE) == pytest.approx(signal.loudness(x[:, : round(0.4 * RATE)], RATE))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_one_frame_is_enough_at_any_rate(rate):
    x = np.random.default_rng(0).standard_normal((2, int(np.ceil(0.4 * rate)))) * 0.1
    assert not np.isnan(signal.loudness(x, rate)) and signal.silence(x, rate) == 0
    for name in ("loudness", "silence"):
        assert np.isnan(evaluate(x[:, 3:], rate, [name])[name])
