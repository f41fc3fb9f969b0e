"""Shape of the spectrum: known answers, invariances, librosa and scipy as peers."""

import numpy as np
import pytest
from signals import RATE, noise, tone

from mgeval.metrics import spectrum

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
    # The upper tone with 0.25 % of the power lies above the 99 %.
    assert spectrum.bandwidth((tone(2.0, 1000, 0.4) + tone(2.0, 6000, 0.02))[None], RATE) < 1100


@pytest.mark.parametrize("measure", MEASURES)
def test_invariances(measure):
    x = np.stack([noise(1.0, 1) + tone(1.0), np.cumsum(noise(1.0, 2, 1e-3))])
    value = measure(x, RATE)
    for same in (0.01 * x, -x, x[::-1], x + np.array([[0.3], [-0.2]])):
        assert measure(same, RATE) == pytest.approx(value, rel=1e-6)
    assert measure(x.astype(np.float32), RATE) == pytest.approx(value, rel=1e-3)


def test_scipy_and_librosa_agree():
    import librosa
    from scipy.signal import welch

    x = np.stack([np.cumsum(noise(3.0, 1, 1e-3)) + noise(3.0, 2, 1e-3), noise(3.0, 3) + tone(3.0, 3000)])
    x -= x.mean(axis=1, keepdims=True)
    hertz, power = welch(x, RATE, nperseg=2048, detrend=False)
    power = power.mean(axis=0)[1:]
    # welch halves the last bin, which stands for one frequency and not for two.
    power[-1] *= 2
    peer = librosa.feature.spectral_centroid(S=power[:, None], freq=hertz[1:])[0, 0]
    assert spectrum.centroid(x, RATE) == pytest.approx(peer, rel=1e-6)
    flat = librosa.feature.spectral_flatness(S=power[:, None], power=1, amin=1e-30)[0, 0]
    assert spectrum.flatness(x, RATE) == pytest.approx(flat, rel=1e-4)
    rolloff = librosa.feature.spectral_rolloff(S=power[:, None], freq=hertz[1:], roll_percent=0.99)[0, 0]
    assert spectrum.bandwidth(x, RATE) == pytest.approx(rolloff, abs=BIN)


@pytest.mark.parametrize("measure", MEASURES)
def test_degenerate_input(measure):
    assert "64 ms" in measure(noise(1.0)[None, :2000], RATE).reason
    for x in (np.zeros((2, RATE)), np.full((1, RATE), 0.5), np.zeros((2, 0)), np.full((1, RATE), np.nan)):
        assert np.isnan(measure(x, RATE)) and measure(x, RATE).reason
    one_silent = np.stack([noise(1.0), np.zeros(RATE)])
    assert measure(one_silent, RATE) == pytest.approx(measure(one_silent[:1], RATE))
