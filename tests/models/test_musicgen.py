"""What MusicGen clips are made of, judged by transformers' own `generate`."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import torch
import transformers

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.hub import quiet_transformers
from mgeval.models import Request, Sampling, load_model
from mgeval.models.musicgen import model as musicgen
from mgeval.models.musicgen.devices import pick_device, pick_dtype, seeded_generators
from mgeval.models.musicgen.model import load_musicgen

PROMPT = "a slow piano song"
SHORT = Sampling(duration=0.5)
GREEDY = Sampling(duration=0.5, temperature=0)


def codes_of(model, prompt=PROMPT, sampling=SHORT, **inputs):
    inputs = {name: [value] for name, value in inputs.items()}
    return model.generate(prompt, sampling, progress=False, **inputs)[0].codes


def plainly(folder, prompt, frames, more=None, seed=0, **settings):
    """Call transformers as its documentation does, every setting of the checkpoint's own overruled."""
    kind = {"musicgen": "Musicgen", "musicgen_melody": "MusicgenMelody"}[
        transformers.AutoConfig.from_pretrained(folder).model_type
    ]
    with quiet_transformers():
        network = getattr(transformers, f"{kind}ForConditionalGeneration").from_pretrained(folder, dtype=torch.float32)
        text = transformers.AutoTokenizer.from_pretrained(folder)([prompt], return_tensors="pt")
        with seeded_generators(seed, prompt, "cpu"):
            audio = network.generate(
                **text, **(more or {}), **settings, max_new_tokens=frames + 3, repetition_penalty=1.0, num_beams=1
            )
    return audio[0].numpy()


def sines(left, right, seconds=0.4, rate=32000):
    t = np.arange(round(seconds * rate)) / rate
    return Audio(np.stack([0.8 * np.sin(2 * np.pi * f * t) * np.sign(np.sin(9 * t)) for f in (left, right)]), rate)


@pytest.mark.parametrize("duration, frames", [(0.02, 1), (0.04, 2), (0.06, 3), (0.08, 4), (0.29, 14), (1, 50)])
def test_frames_are_exact(each, duration, frames):
    clip = each.generate(PROMPT, Sampling(duration=duration), progress=False)[0]
    assert clip.codes.shape == (each.codebooks, frames)
    assert clip.codes.dtype == np.int16 and 0 <= clip.codes.min() and clip.codes.max() < 64
    assert clip.audio.samples.shape == (each.channels, frames * 640)
    assert clip.audio.rate == each.rate == 32000 and clip.seconds > 0


def test_attributes(mono, stereo, stereo_folder):
    assert (mono.codebooks, mono.channels, stereo.codebooks, stereo.channels) == (4, 1, 8, 2)
    assert (stereo.device, stereo.dtype, stereo.max_duration) == ("cpu", "float32", 30)
    assert stereo.name == str(stereo_folder) and mono.revision != stereo.revision


@pytest.mark.parametrize("kind", ["mono", "stereo", "melody"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_greedy_is_transformers_greedy(kind, guidance, request):
    model, folder = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_folder")
    clip = model.generate(PROMPT, Sampling(duration=0.5, temperature=0, guidance=guidance), progress=False)[0]
    expected = plainly(folder, PROMPT, 25, do_sample=False, guidance_scale=guidance)
    np.testing.assert_allclose(clip.audio.samples, expected, atol=1e-5)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (dict(temperature=1, top_k=0, guidance=1), dict(temperature=1.0, top_k=0, top_p=1.0, guidance_scale=1.0)),
        (dict(temperature=1.7, top_k=0), dict(temperature=1.7, top_k=0, top_p=1.0, guidance_scale=3.0)),
        (dict(temperature=1, top_k=7), dict(temperature=1.0, top_k=7, top_p=1.0, guidance_scale=3.0)),
        (dict(top_p=0.6, top_k=0), dict(temperature=1.0, top_k=0, top_p=0.6, guidance_scale=3.0)),
        (dict(top_p=0.9, top_k=30, temperature=0.8), dict(temperature=0.8, top_k=30, top_p=0.9, guidance_scale=3.0)),
    ],
)
def test_every_setting_reaches_transformers(melody, melody_folder, ours, theirs):
    clip = melody.generate(PROMPT, Sampling(duration=0.5, seed=3, **ours), progress=False)[0]
    expected = plainly(melody_folder, PROMPT, 25, seed=3, do_sample=True, **theirs)
    np.testing.assert_allclose(clip.audio.samples, expected, atol=1e-5)


def test_audio_is_the_decoded_codes(each):
    clip = each.generate(PROMPT, SHORT, progress=False)[0]
    np.testing.assert_array_equal(each.decode(clip.codes).samples, clip.audio.samples)
    changed = each.decode((clip.codes + 1) % 64)
    assert np.abs(changed.samples - clip.audio.samples).max() > 0.1


def test_decode_puts_even_codebooks_left(stereo):
    codes = codes_of(stereo)
    swapped = codes.reshape(4, 2, -1)[:, ::-1].reshape(8, -1)
    left, right = stereo.decode(codes).samples
    np.testing.assert_allclose(stereo.decode(swapped).samples, [right, left], atol=1e-5)
    codes[1::2] = 0
    np.testing.assert_allclose(stereo.decode(codes).samples[0], left, atol=1e-5)


def test_a_clip_is_the_same_in_any_company(stereo):
    samplings = [Sampling(duration=d, seed=s, guidance=g) for d, s, g in [(0.5, 0, 3), (0.3, 1, 1), (0.5, 2, 3)]]
    requests = [Request(PROMPT, s) for s in samplings] + [Request("rock", samplings[0])]
    codes = {i: result.codes for i, result in stereo.stream(requests)}
    order = [2, 0, 3]
    for i, result in stereo.stream([requests[j] for j in order]):
        np.testing.assert_array_equal(result.codes, codes[order[i]])
    assert not np.array_equal(codes[0], codes[2]) and not np.array_equal(codes[0], codes[3])


def test_settings_change_clips(stereo):
    base = codes_of(stereo)
    for change in (dict(guidance=1), dict(temperature=2), dict(top_k=2), dict(top_p=0.1), dict(seed=1)):
        assert not np.array_equal(base, codes_of(stereo, sampling=Sampling(duration=0.5, **change))), change
    assert not np.array_equal(codes_of(stereo, sampling=GREEDY), codes_of(stereo, "fast rock", GREEDY))


def test_off_means_off(stereo):
    for off in (dict(top_k=0), dict(top_k=64)):
        for nucleus in (0, 1):
            wide = codes_of(stereo, sampling=Sampling(duration=0.5, top_p=nucleus, **off))
            np.testing.assert_array_equal(wide, codes_of(stereo, sampling=Sampling(duration=0.5, top_k=0)))


def test_top_k_1_is_greedy(each):
    single = codes_of(each, sampling=Sampling(duration=0.5, top_k=1))
    np.testing.assert_array_equal(single, codes_of(each, sampling=GREEDY))


def test_global_random_numbers_are_untouched(stereo):
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    before = torch.rand(3), random.random(), np.random.rand()
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    codes_of(stereo)
    assert torch.equal(torch.rand(3), before[0]) and random.random() == before[1] and np.random.rand() == before[2]


def test_transformers_settings_are_untouched(stereo):
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    codes_of(stereo)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    assert "decode" not in vars(stereo.network.audio_encoder)


def test_empty_prompt_is_transformers_unconditional(stereo, stereo_folder):
    clip = stereo.generate("", GREEDY, progress=False)[0]
    network = transformers.MusicgenForConditionalGeneration.from_pretrained(stereo_folder)
    inputs = network.get_unconditional_inputs(1)
    expected = network.generate(**inputs, do_sample=False, max_new_tokens=28, repetition_penalty=1.0)[0]
    np.testing.assert_allclose(clip.audio.samples, expected.numpy(), atol=1e-5)


def test_guidance_has_nothing_to_pull_towards_without_a_prompt(each):
    for sampling in (dict(duration=0.5), dict(duration=0.5, temperature=0)):
        one, three = (codes_of(each, "", Sampling(guidance=g, **sampling)) for g in (1, 3))
        np.testing.assert_array_equal(one, three)
    assert not np.array_equal(codes_of(each, "", GREEDY), codes_of(each, PROMPT, GREEDY))


def test_encode_keeps_left_and_right_apart(stereo, stereo_folder):
    prompt = sines(440, 3000)
    codec = transformers.MusicgenForConditionalGeneration.from_pretrained(stereo_folder).audio_encoder
    codes = stereo.encode(prompt)
    for side in (0, 1):
        alone = codec.encode(torch.tensor(prompt.samples[None, side : side + 1])).audio_codes[0, 0]
        np.testing.assert_array_equal(codes[side::2], alone.numpy())
    assert not np.array_equal(codes[::2], codes[1::2])


def test_encode_converts_channels_and_rate(mono, stereo):
    prompt = sines(440, 3000)
    twice = stereo.encode(prompt.mono())
    np.testing.assert_array_equal(twice[::2], twice[1::2])
    np.testing.assert_array_equal(mono.encode(prompt), mono.encode(prompt.mono()))
    assert stereo.encode(prompt.resample(44100)).shape == stereo.encode(prompt).shape == (8, 20)


def test_continuation_begins_with_the_prompt(each):
    prompt = sines(440, 3000)
    clip = each.generate(PROMPT, Sampling(duration=0.8), [prompt], progress=False)[0]
    assert clip.codes.shape == (each.codebooks, 40)
    np.testing.assert_array_equal(clip.codes[:, :20], each.encode(prompt))
    other = codes_of(each, sampling=Sampling(duration=0.8), audio_prompts=sines(700, 2000))
    assert not np.array_equal(clip.codes[:, 20:], other[:, 20:])


def test_stereo_continuation_is_transformers_continuation(stereo, stereo_folder):
    prompt = sines(440, 3000)
    clip = stereo.generate(PROMPT, Sampling(duration=0.8, temperature=0), [prompt], progress=False)[0]
    expected = plainly(
        stereo_folder,
        PROMPT,
        20,
        {"input_values": torch.tensor(prompt.samples[None])},
        do_sample=False,
        guidance_scale=3.0,
    )
    np.testing.assert_allclose(clip.audio.samples, expected, atol=1e-5)


def test_greedy_goes_on_as_if_never_interrupted(each, monkeypatch):
    """The delay pattern is rebuilt around the prompt: nothing is lost or shifted at the seam."""
    whole = codes_of(each, sampling=Sampling(duration=0.8, temperature=0))
    monkeypatch.setattr(each, "encode", lambda audio: whole[:, :20])
    resumed = codes_of(each, sampling=Sampling(duration=0.8, temperature=0), audio_prompts=sines(1, 1))
    np.testing.assert_array_equal(resumed, whole)


def test_one_frame_after_the_prompt(each):
    prompt = sines(440, 3000, seconds=0.02)
    assert codes_of(each, sampling=Sampling(duration=0.04), audio_prompts=prompt).shape == (each.codebooks, 2)


def test_a_prompt_as_long_as_the_clip_is_refused(stereo):
    with pytest.raises(ModelError, match=r"must be longer: the prompt has 0.4 s, the clip 0.4 s"):
        codes_of(stereo, sampling=Sampling(duration=0.4), audio_prompts=sines(440, 3000))


def test_long_clips_are_made_in_windows(stereo, stereo_folder, monkeypatch):
    monkeypatch.setattr(musicgen, "TRAINED_FRAMES", 75)
    assert stereo.max_duration == 1.5
    sampling = dict(temperature=0, extend_stride=1)
    clip = stereo.generate(PROMPT, Sampling(duration=3, **sampling), progress=False)[0]
    assert clip.codes.shape == (8, 150)
    np.testing.assert_array_equal(clip.codes[:, :75], codes_of(stereo, sampling=Sampling(duration=1.5, **sampling)))
    np.testing.assert_array_equal(stereo.decode(clip.codes).samples, clip.audio.samples)
    # Windows are 0-75, 50-125 and 100-150: each goes on from the 25 frames that it shares with the last.
    for begin, end in ((50, 125), (100, 150)):
        seam = torch.tensor(clip.codes[:, begin : begin + 25].astype(np.int64))
        expected = plainly(
            stereo_folder, PROMPT, end - begin - 25, {"decoder_input_ids": seam}, do_sample=False, guidance_scale=3.0
        )
        np.testing.assert_allclose(stereo.decode(clip.codes[:, begin:end]).samples, expected, atol=1e-5)


def test_windows_go_on_drawing(stereo, monkeypatch):
    monkeypatch.setattr(musicgen, "TRAINED_FRAMES", 75)
    codes = codes_of(stereo, sampling=Sampling(duration=4, extend_stride=1))
    assert not np.array_equal(codes[:, 75:125], codes[:, 125:175])
    np.testing.assert_array_equal(codes, codes_of(stereo, sampling=Sampling(duration=4, extend_stride=1)))


def test_a_prompt_longer_than_the_window(stereo, monkeypatch):
    monkeypatch.setattr(musicgen, "TRAINED_FRAMES", 75)
    prompt = sines(440, 3000, seconds=2)
    codes = codes_of(stereo, sampling=Sampling(duration=3, extend_stride=1), audio_prompts=prompt)
    assert codes.shape == (8, 150)
    np.testing.assert_array_equal(codes[:, :100], stereo.encode(prompt))


def test_a_melody_is_followed(melody):
    tune, other = sines(440, 440, seconds=2), sines(587, 587, seconds=2)
    plain = codes_of(melody, sampling=GREEDY)
    led = codes_of(melody, sampling=GREEDY, melodies=tune)
    assert led.shape == plain.shape and not np.array_equal(led, plain)
    assert not np.array_equal(led, codes_of(melody, sampling=GREEDY, melodies=other))
    pulled, free = (codes_of(melody, "", Sampling(duration=0.5, guidance=g), melodies=tune) for g in (3, 1))
    assert not np.array_equal(pulled, free)


def test_a_melody_beside_an_audio_prompt_and_windows(melody, monkeypatch):
    monkeypatch.setattr(musicgen, "TRAINED_FRAMES", 75)
    prompt = sines(440, 3000)
    codes = codes_of(
        melody, sampling=Sampling(duration=2, extend_stride=1), audio_prompts=prompt, melodies=sines(300, 300)
    )
    assert codes.shape == (8, 100)
    np.testing.assert_array_equal(codes[:, :20], melody.encode(prompt))


def test_a_pickled_model_makes_the_same_clips_as_many_at_once(stereo_folder):
    """A worker gets it so: what decides codes must not get lost on the way."""
    model = load_model(str(stereo_folder), device="cpu")
    assert "engine" not in vars(pickle.loads(pickle.dumps(model)))
    model.engine.slots = 3
    with pytest.raises(AttributeError):
        model.window = 100
    there = pickle.loads(pickle.dumps(model))
    assert (there.window, there.engine.slots, there.revision) == (model.window, 3, model.revision)
    np.testing.assert_array_equal(codes_of(there), codes_of(model))


def test_a_clip_whose_samples_cannot_be_decoded_is_an_error_before_its_codes_are(stereo, monkeypatch):
    width = stereo.network.config.audio_encoder.num_filters
    monkeypatch.setattr(musicgen, "free_memory", lambda: 12 * width * 32000 * 10)
    results = dict(stereo.stream([Request(PROMPT, SHORT), Request(PROMPT, Sampling(duration=3600))]))
    assert results[0].codes.shape == (8, 25)
    assert isinstance(results[1], ModelError) and "the samples of 3600 s take" in str(results[1])


def test_one_failure_does_not_stop_the_others(stereo):
    requests = [Request(PROMPT, SHORT), Request(PROMPT, SHORT, melody=sines(440, 440)), Request("rock", SHORT)]
    results = dict(stereo.stream(requests))
    assert isinstance(results[1], ModelError)
    assert "takes no melody; facebook/musicgen-stereo-melody does" in str(results[1])
    assert results[0].codes.shape == results[2].codes.shape == (8, 25)


def test_an_interrupt_passes(stereo, melody, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(melody.network, "generate", interrupt)
    monkeypatch.setattr(stereo.engine.decoder, "step", interrupt)
    for model in (stereo, melody):
        with pytest.raises(KeyboardInterrupt):
            list(model.stream([Request(PROMPT, SHORT)]))


def test_a_melody_checkpoint_is_stopped_between_clips(melody):
    asked = []

    def watch(made, total):
        asked.append((made, total))
        return made >= 1

    assert [index for index, _ in melody.stream([Request(PROMPT, SHORT)] * 4, watch)] == [0, 1]
    assert asked == [(0, 2), (0.5, 2), (1, 2)]


def test_clips_come_one_by_one(stereo):
    stream = stereo.stream([Request(PROMPT, SHORT), Request(None, SHORT)])
    assert next(stream)[0] == 0
    index, error = next(stream)
    assert index == 1 and isinstance(error, Exception)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_number_formats(stereo_folder, dtype):
    model = load_musicgen(str(stereo_folder), device="cpu", dtype=dtype)
    clip = model.generate(PROMPT, SHORT, progress=False)[0]
    assert model.dtype == dtype and clip.codes.shape == (8, 25)
    assert model.network.decoder.dtype == getattr(torch, dtype) and model.network.audio_encoder.dtype == torch.float32


def test_melody_in_bfloat16(melody_folder):
    model = load_musicgen(str(melody_folder), device="cpu", dtype="bfloat16")
    assert codes_of(model, sampling=GREEDY, melodies=sines(440, 440)).shape == (8, 25)


def test_devices():
    assert pick_device("cpu") == "cpu" and pick_dtype(None, "cpu") == "float32"
    with pytest.raises(ModelError, match=r"no device 'cuda:7', present: .*cpu"):
        pick_device("cuda:7")
    with pytest.raises(ModelError, match=r"no dtype 'int8', valid: float32, bfloat16, float16"):
        pick_dtype("int8", "cpu")
