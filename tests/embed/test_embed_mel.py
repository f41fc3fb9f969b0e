"""Log-mel statistics against another implementation and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from mgeval import embed
from mgeval.audio import Audio
from mgeval.embed import mel as module
from mgeval.errors import ModelError

RATE = 32000


@pytest.fixture(scope="module")
def mel():
    return embed.load("mel")


def sine(hertz, gain=0.5, seconds=1.0):
    return Audio(gain * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE), RATE)


@pytest.mark.parametrize(("seconds", "windows"), [(0.3, 1), (1, 1), (2.5, 3), (3, 3), (10, 10)])
def test_shape(mel, noise, seconds, windows):
    (rows,) = mel.audio([noise(seconds)])
    assert rows.shape == (windows, mel.dim) == (windows, 128)
    assert rows.dtype == np.float32


def test_filters_are_those_of_transformers():
    from transformers.audio_utils import mel_filter_bank

    theirs = mel_filter_bank(1025, 64, 30.0, 16000.0, RATE, norm=None, mel_scale="slaney")
    np.testing.assert_allclose(module.mel_filters(RATE, 2048, 64, 30, 16000), theirs, atol=1e-9)


def test_statistics_are_those_of_a_slow_plain_version(mel, noise):
    clip = noise(1.0, seed=4)
    x, frames = clip.samples.mean(axis=0, dtype=np.float64).astype(np.float32), []
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    for start in range(0, RATE - 2048 + 1, 640):
        amplitude = 2 * np.abs(np.fft.rfft(x[start : start + 2048] * hann)) / hann.sum()
        frames.append(10 * np.log10(amplitude**2 @ module.mel_filters(RATE, 2048, 64, 30, 16000)))
    assert len(frames) == 47
    np.testing.assert_allclose(mel.audio([clip])[0][0, :64], np.mean(frames, axis=0), atol=1e-3)
    np.testing.assert_allclose(mel.audio([clip])[0][0, 64:], np.std(frames, axis=0), atol=1e-3)


def test_a_sine_stands_in_its_band_at_its_level(mel):
    row = mel.audio([sine(1000, gain=1.0)])[0][0]
    centres = module.to_hertz(np.linspace(*module.to_mel(np.array([30.0, 16000.0])), 66))[1:-1]
    band = int(row[:64].argmax())
    assert abs(np.log2(centres[band] / 1000)) < 0.1
    # The Hann window's main lobe has 1.5 times the power of its peak bin, a little of it in the neighbours.
    assert -3 < row[band] < 2
    assert row[64:][band] < 0.1


def test_gain_moves_the_means_only(mel, noise):
    clip = noise(2)
    loud, soft = mel.audio([clip, Audio(clip.samples * 0.1, clip.rate)])
    np.testing.assert_allclose(loud[:, :64] - soft[:, :64], 20, atol=1e-3)
    np.testing.assert_allclose(loud[:, 64:], soft[:, 64:], atol=1e-3)


def test_swap_mono_and_batch_change_nothing(mel, noise):
    clip = noise(2.2, rate=44100)
    swapped, mono = Audio(clip.samples[::-1], clip.rate), clip.mono()
    alone = mel.audio([clip])[0]
    for rows in mel.audio([swapped, mono, clip]):
        np.testing.assert_array_equal(rows, alone)


def test_silence_and_a_single_sample(mel):
    (silence,) = mel.audio([Audio(np.zeros((2, 4000)), RATE)])
    np.testing.assert_array_equal(silence, [[-100.0] * 64 + [0.0] * 64])
    (click,) = mel.audio([Audio(np.ones((1, 1)), RATE)])
    assert click.shape == (1, 128)
    assert np.isfinite(click).all()


def test_it_reads_no_text(mel):
    assert not mel.has_text
    with pytest.raises(ModelError, match="'mel' embeds audio only.*'clap:tiny'"):
        mel.text(["piano"])
