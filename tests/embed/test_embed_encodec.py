"""EnCodec's latents: of the tiny MusicGen's codec, and of small random mono and stereo codecs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from checkpoints import mono_checkpoint, stereo_checkpoint

from mgeval import embed
from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.scoring.recipes import RECIPES, clip_vectors
from mgeval.scoring.references import POLICIES


@pytest.fixture(scope="module")
def tiny():
    return embed.load("encodec:tiny")


def codec(path, **settings):
    """Save a small EnCodec; its gains are raised, or all sounds would come out much the same."""
    from transformers import EncodecConfig, EncodecModel

    small = dict(num_filters=4, hidden_size=8, num_lstm_layers=1, codebook_size=16, upsampling_ratios=[8, 5, 4, 2])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EncodecModel(EncodecConfig(**small, **settings))
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(weight, std=0.1)
            elif name.endswith("original0"):
                weight.data *= 2
    network.save_pretrained(path)
    return network.eval()


def test_it_is_the_encoder_of_the_tiny_model(tiny, noise):
    import mgeval as mg

    network = mg.models.load_model("tiny").network.audio_encoder
    clip = noise(1.5)
    (rows,) = tiny.audio([clip])
    assert rows.shape == (75, tiny.dim) and rows.dtype == np.float32 and tiny.dim == 2 * network.config.hidden_size
    with torch.inference_mode():
        for side, half in zip(clip.samples, np.split(rows, 2, axis=1), strict=True):
            np.testing.assert_allclose(network.encoder(torch.tensor(side[None, None]))[0].T, half, atol=1e-5)


def test_its_sides_are_the_channels(tiny, noise):
    clip = noise(1)
    plain, swapped, mono = tiny.audio([clip, Audio(clip.samples[::-1], clip.rate), clip.mono()])
    np.testing.assert_array_equal(np.roll(swapped, tiny.dim // 2, axis=1), plain)
    np.testing.assert_array_equal(*np.split(mono, 2, axis=1))


def test_sets_are_heard_as_the_codec_hears_clips(tiny, noise, tmp_path):
    """Not row by row: left alone would be a mono clip, whose latent stands twice in a row."""
    clips, half = [noise(1, seed=seed) for seed in range(2)], tiny.dim // 2
    for policy, both in POLICIES.items():
        rows = [both(clip) for clip in clips]
        found = clip_vectors(rows, tiny, RECIPES["mgeval"], together=policy in tiny.together)
        for one, vectors in zip(rows, found, strict=True):
            np.testing.assert_array_equal(vectors, tiny.audio([one])[0])
            assert np.array_equal(vectors[:, :half], vectors[:, half:]) == (policy == "mono")
    # What is mid and what is side a codec that hears both at once cannot know.
    codec(tmp_path, sampling_rate=48000, audio_channels=2)
    assert embed.load(f"encodec:{tmp_path}").together == ("left_right",)


@pytest.mark.parametrize("samples", [np.zeros((2, 32000)), np.ones((1, 1)) * 0.5, np.zeros((1, 1)), np.ones((2, 400))])
def test_degenerate_clips_give_finite_vectors(tiny, samples):
    (rows,) = tiny.audio([Audio(samples, 32000)])
    assert rows.shape[1] == tiny.dim and len(rows) >= 1 and np.isfinite(rows).all()


def test_a_mono_codec_hears_the_mean(tmp_path, noise):
    network = codec(tmp_path, sampling_rate=24000)
    embedder, clip = embed.load(f"encodec:{tmp_path}"), noise(1, rate=24000)
    mean = clip.samples.mean(axis=0, dtype=np.float64).astype(np.float32)
    with torch.inference_mode():
        theirs = network.encoder(torch.tensor(mean[None, None]))[0].T.numpy()
    for rows in embedder.audio([clip, Audio(clip.samples[::-1], clip.rate), clip.mono()]):
        np.testing.assert_allclose(rows, theirs, atol=1e-5)
    assert embedder.dim == 8 and embedder.rate == 24000 and "one piece" in embedder.recipe


def test_a_stereo_codec_hears_both_in_segments(tmp_path, noise):
    network = codec(tmp_path, sampling_rate=48000, audio_channels=2, chunk_length_s=1.0, overlap=0.01, normalize=True)
    embedder, clip = embed.load(f"encodec:{tmp_path}"), noise(2.5, rate=48000)
    plain, swapped = embedder.audio([clip, Audio(clip.samples[::-1], clip.rate)])
    assert not np.allclose(plain, swapped, atol=1e-3)
    with torch.inference_mode():
        parts = [network.encoder(torch.tensor(clip.samples[None, :, i : i + 48000]))[0].T for i in (0, 48000, 96000)]
    np.testing.assert_allclose(plain, torch.cat(parts).numpy(), atol=1e-5)
    both = Audio(clip.samples[[0, 0]], clip.rate)
    np.testing.assert_array_equal(*embedder.audio([both, both.mono()]))
    assert embedder.dim == 8 and "stereo, in segments of 1 s" in embedder.recipe


def test_the_codec_of_any_musicgen(tmp_path):
    mono, stereo = mono_checkpoint(tmp_path / "mono"), stereo_checkpoint(tmp_path / "stereo")
    assert embed.load(f"encodec:{mono}").dim == 8 and embed.load(f"encodec:{stereo}").dim == 16
    assert embed.load(f"encodec:{mono}").id.startswith("encodec:mono@")


def test_broken_checkpoints_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    codec(tmp_path, sampling_rate=24000)
    weights = load_file(tmp_path / "model.safetensors")
    quiet = {name: 0 * value if name.startswith("encoder.layers.0") else value for name, value in weights.items()}
    save_file(quiet, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="broken audio tower"):
        embed.load(f"encodec:{tmp_path}")
    weights.pop("encoder.layers.0.conv.bias")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="1 weights are missing"):
        embed.load(f"encodec:{tmp_path}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clap"}))
    with pytest.raises(ModelError, match="not an EnCodec or MusicGen checkpoint, its model_type is 'clap'"):
        embed.load(f"encodec:{tmp_path}")
    with pytest.raises(ModelError, match="no such folder"):
        embed.load("encodec:nothing")
