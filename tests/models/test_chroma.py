"""The melody analysis, against pure tones and against transformers' own spectrogram."""

from __future__ import annotations

import json

import numpy as np
import pytest
from transformers.audio_utils import chroma_filter_bank, spectrogram, window_function

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.models.musicgen.melody import ChromaSettings, chroma, read_settings


def tone(frequency, seconds=2.0, rate=32000):
    return Audio(0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate), rate)


@pytest.mark.parametrize(("frequency", "note"), [(261.63, 0), (277.18, 1), (440, 9), (880, 9), (493.88, 11)])
def test_a_tone_is_its_note(frequency, note):
    classes = chroma(tone(frequency), ChromaSettings())
    assert classes.shape == (1 + 64000 // 4096, 12)
    assert classes.dtype == np.float32
    np.testing.assert_array_equal(classes, np.eye(12)[[note] * len(classes)])


def test_agrees_with_transformers_numpy_spectrogram():
    rng = np.random.default_rng(1)
    signal = Audio(rng.normal(size=80000) * np.sin(np.arange(80000) / 9000), 32000)
    power = spectrogram(
        signal.samples[0], window_function(16384, "hann"), 16384, 4096, power=2.0, center=True, pad_mode="reflect"
    )
    filters = chroma_filter_bank(num_frequency_bins=16384, num_chroma=12, sampling_rate=32000, tuning=0)
    np.testing.assert_array_equal(chroma(signal, ChromaSettings()).argmax(1), (filters @ power).argmax(0))


def test_length_rate_and_channels():
    settings = ChromaSettings(chunk_length=3)
    assert chroma(tone(440, 10), settings).shape == (24, 12)
    assert chroma(tone(440, 0.1), settings).shape == (5, 12)
    classes = chroma(Audio(np.repeat(tone(440, 2, 44100).samples, 2, axis=0), 44100), settings)
    assert classes.argmax(1).tolist() == [9] * 16


def test_offset_goes_on_in_the_repeated_melody():
    both = Audio(np.concatenate([tone(261.63).samples, tone(440).samples], axis=1), 32000)
    settings = ChromaSettings(chunk_length=2)
    for offset, note in [(2, 9), (4, 0), (6, 9)]:
        assert (chroma(both, settings, offset).argmax(1)[2:-2] == note).all()
    assert chroma(both, settings, 1).shape == chroma(both, settings).shape


def test_settings_come_from_the_checkpoint(tmp_path):
    assert read_settings(tmp_path) == ChromaSettings()
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"hop_length": 2048, "padding": 0}))
    assert read_settings(tmp_path) == ChromaSettings(hop_length=2048)
    (tmp_path / "preprocessor_config.json").write_text("{")
    with pytest.raises(ModelError, match="preprocessor_config.json: cannot be read"):
        read_settings(tmp_path)
