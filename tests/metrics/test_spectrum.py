"""Shape of the spectrum: known answers, invariances, librosa as a peer."""

import numpy as np
import pytest
from signals import RATE, noise, tone

from mgeval.metrics import evaluate, spectrum

MEASURES = (spectrum.centroid, spectrum.bandwidth, spectrum.flatness)
BIN = RATE / 2048


@pytest.mark.parametrize("hertz", [100, 997, 8000, 15000])
def test_a_tone(hertz):
    x = tone(2.0, hertz)[None]
    assert spectrum.centroid(x, RATE) == pytest.approx(hertz, abs=1)
    assert spectrum.bandwidth(x, RATE) == pytest.approx(hertz, abs=2 * BIN)
    assert spectrum.flatness(x, RATE) < 1e-4


def test_white_noise():
    x = np.stack([noise(20.0, 1), noise(20.0, 2)])
    assert spectrum.centroid(x, RATE) == pytest.approx(RATE / 4, rel=0.01)
    assert spectrum.bandwidth(x, RATE) == pytest.approx(0.99 * RATE / 2, abs=3 * BIN)
    assert spectrum.flatness(x, RATE) == pytest.approx(1, abs=0.01)


def test_two_tones_are_weighted_by_power():
    # Amplitudes 2 : 1 are powers 4 : 1.
    x = (tone(2.0, 1000, 0.4) + tone(2.0, 6000, 0.2))[None]
    assert spectrum.centroid(x, RATE) == pytest.approx((4 * 1000 + 6000) / 5, abs=2)
    assert spectrum.bandwidth(x, RATE) == pytest.approx(6000, abs=2 * BIN)
    # The upper tone, with 0.25 % of the power, is above the 99 %.
    assert spectrum.bandwidth((tone(2.0, 1000, 0.4) + tone(2.0, 6000, 0.02))[None], RATE) < 1100


@pytest.mark.parametrize("measure", MEASURES)
def test_invariances(measure):
    x = np.stack([noise(1.0, 1) + tone(1.0), np.cumsum(noise(1.0, 2, 1e-3))])
    value = measure(x, RATE)
    for same in (0.01 * x, -x, x[::-1], x + np.array([[0.3], [-0.2]])):
        assert measure(same, RATE) == pytest.approx(value, rel=1e-6)
    assert measure(x.astype(np.float32), RATE) == pytest.approx(value, rel=1e-3)


def test_librosa_agrees():
    import librosa

    x = np.stack([np.cumsum(noise(3.0, 1, 1e-3)) + noise(3.0, 2, 1e-3), noise(3.0, 3) + tone(3.0, 3000)])
    x -= x.mean(axis=1, keepdims=True)
    # librosa's spectra hold each bin once, including the last, which scipy's one-sided density halves.
    power = np.mean(np.abs(librosa.stft(x, n_fft=2048, hop_length=1024, center=False)) ** 2, axis=(0, 2))[1:]
    hertz = librosa.fft_frequencies(sr=RATE, n_fft=2048)[1:]
    known = spectrum.profile(x, RATE)
    np.testing.assert_allclose(known.hertz, hertz)
    np.testing.assert_allclose(known.power / known.power.sum(), power / power.sum(), rtol=1e-6)
    peer = librosa.feature.spectral_centroid(S=power[:, None], freq=hertz)[0, 0]
    assert spectrum.centroid(x, RATE) == pytest.approx(peer, rel=1e-6)
    flat = librosa.feature.spectral_flatness(S=power[:, None], power=1, amin=1e-30)[0, 0]
    assert spectrum.flatness(x, RATE) == pytest.approx(flat, rel=1e-4)
    rolloff = librosa.feature.spectral_rolloff(S=power[:, None], freq=hertz, roll_percent=0.99)[0, 0]
    assert spectrum.bandwidth(x, RATE) == pytest.approx(rolloff, abs=BIN)


def test_the_last_bin_counts_in_full():
    # At half the rate a cosine is one line instead of two: its bins, counted once each, hold 4 times those of a tone.
    x = (0.5 * np.cos(np.pi * np.arange(RATE)) + tone(1.0, 1000, 0.5))[None]
    bins = np.abs(np.fft.rfft(x[0])) ** 2
    assert bins[-1] == pytest.approx(4 * bins[1000])
    # The window spreads the tone to both sides of its bin, and the cosine to one side only: 1 + 1/4 to 1 + 1/4 + 1/4.
    assert spectrum.centroid(x, RATE) == pytest.approx((4 * 1.25 * RATE / 2 + 1.5 * 1000) / (5 + 1.5), rel=1e-3)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_profile_serves_all(measure):
    x = np.stack([noise(1.0), tone(1.0)])
    assert measure(spectrum.profile(x, RATE)) == measure(x, RATE)
    assert np.isnan(measure(spectrum.profile(0 * x, RATE)))


def test_one_spectrum_serves_all_measures(monkeypatch):
    import scipy.signal

    calls, plain = [], scipy.signal.welch
    monkeypatch.setattr(scipy.signal, "welch", lambda *a, **k: calls.append(1) or plain(*a, **k))
    evaluate(noise(1.0)[None], RATE, ["centroid", "bandwidth", "flatness"])
    assert len(calls) == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_degenerate_input(measure):
    assert "64 ms" in measure(noise(1.0)[None, :2000], RATE).reason
    for x in (np.zeros((2, RATE)), np.full((1, RATE), 0.5), np.zeros((2, 0)), np.full((1, RATE), np.nan)):
        assert np.isnan(measure(x, RATE)) and measure(x, RATE).reason
    one_silent = np.stack([noise(1.0), np.zeros(RATE)])
    assert measure(one_silent, RATE) == pytest.approx(measure(one_silent[:1], RATE))
