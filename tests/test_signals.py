"""The test signals are what they say."""

import numpy as np
import pytest
from signals import RATE, correlated, noise, panned, tone


def test_noise_has_its_level_and_length():
    x = noise(0.5, level=0.2)
    assert x.shape == (RATE // 2,)
    assert np.sqrt(np.mean(x**2)) == pytest.approx(0.2)


def test_tone_has_its_frequency():
    spectrum = np.abs(np.fft.rfft(tone(1.0, 1000)))
    assert spectrum.argmax() == 1000


@pytest.mark.parametrize("rho", [-1, -0.3, 0, 0.7, 1])
def test_correlated_noise_against_numpy(rho):
    left, right = correlated(rho)
    assert np.sum(left * right) / np.sqrt(np.sum(left**2) * np.sum(right**2)) == pytest.approx(rho, abs=1e-12)
    assert np.sum(left**2) == pytest.approx(np.sum(right**2))


def test_panning_keeps_the_power():
    source = noise(0.1)
    for degrees in (-45, -10, 0, 45):
        assert np.sum(panned(source, degrees) ** 2) == pytest.approx(np.sum(source**2))
    assert np.allclose(panned(source, -45)[1], 0)
