"""The composer as a model."""

import numpy as np
import pytest

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.models import Request, Sampling, load_model
from mgeval.synth import VERSION


@pytest.fixture(scope="module")
def model():
    return load_model("synth")


def test_it_says_what_it_is(model):
    assert (model.name, model.revision, model.device, model.dtype, model.rate) == (
        "synth", VERSION, "cpu", "float32", 32000,
    )  # fmt: skip


@pytest.mark.parametrize("duration", [0.02, 1.23, 2.0])
def test_clips_have_whole_frames(model, duration):
    sampling = Sampling(duration=duration)
    (clip,) = model.generate("a wide piano piece", sampling, progress=False)
    assert clip.audio.samples.shape == (2, sampling.frames * 640)
    assert clip.audio.rate == 32000
    assert clip.codes.shape == (0, 0)
    assert clip.seconds > 0


def test_the_seed_belongs_to_the_clip(model):
    prompts = ["piano", "piano", "flute"]
    together = model.generate(prompts, [Sampling(duration=1, seed=seed) for seed in (5, 2**63 - 1, 5)], progress=False)
    (alone,) = model.generate("piano", Sampling(duration=1, seed=5), progress=False)
    np.testing.assert_array_equal(together[0].audio.samples, alone.audio.samples)
    assert not np.array_equal(together[0].audio.samples, together[1].audio.samples)


def test_sampling_settings_change_nothing_and_a_shorter_clip_is_a_prefix(model):
    (long,) = model.generate("slow jazz", Sampling(duration=3), progress=False)
    (short,) = model.generate("slow jazz", Sampling(duration=1, temperature=2, top_k=3, guidance=9), progress=False)
    np.testing.assert_array_equal(short.audio.samples, long.audio.samples[:, :32000])


def test_the_empty_prompt_works(model):
    (clip,) = model.generate("", Sampling(duration=1), progress=False)
    assert clip.audio.peak > 0.05


@pytest.mark.parametrize("field", ["audio_prompt", "melody"])
def test_audio_input_is_refused_and_does_not_stop_the_others(model, field):
    sampling = Sampling(duration=0.5)
    sound = Audio(np.zeros((2, 100)), 32000)
    results = dict(model.stream([Request("piano", sampling, **{field: sound}), Request("piano", sampling)]))
    assert isinstance(results[0], ModelError)
    assert field in str(results[0])
    assert "musicgen" in str(results[0])
    assert results[1].audio.duration == 0.5
