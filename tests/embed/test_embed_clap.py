"""Clips and texts through the tiny CLAP: windows, invariances, odd input, and checkpoints that are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mgeval import embed
from mgeval.audio import Audio
from mgeval.embed.clap.features import log_mel
from mgeval.errors import ModelError
from mgeval.hub import CLAP_TINY, weights_hash


@pytest.mark.parametrize("seconds, windows", [(3, 1), (10, 1), (12, 2), (31, 6)])
def test_shapes_and_windows(clap, noise, seconds, windows):
    (rows,) = clap.audio([noise(seconds)])
    assert rows.shape == (windows, clap.dim) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_the_last_window_is_the_last_ten_seconds(clap, noise):
    clip = noise(12, rate=48000)
    first, last = clap.audio([clip])[0]
    alone = clap.audio([clip.slice(0, 10), clip.slice(2, 12)])
    np.testing.assert_allclose(first, alone[0][0], atol=1e-6)
    np.testing.assert_allclose(last, alone[1][0], atol=1e-6)


def test_a_clip_is_the_same_alone_and_in_a_batch(clap, noise, music):
    clips = [noise(3), music, noise(10, seed=1), noise(31, seed=2), music.slice(0, 4)]
    together = clap.audio(clips)
    for clip, rows in zip(clips, together, strict=True):
        np.testing.assert_allclose(clap.audio([clip])[0], rows, atol=1e-6)
    for clip, rows in zip(clips, clap.audio(clips), strict=True):
        np.testing.assert_array_equal(rows, together[clips.index(clip)])


def test_a_text_is_the_same_alone_and_in_a_batch(clap):
    texts = [
        "piano",
        "a slow, sad tune with strings and no drums, at 72 bpm, in the key of F sharp minor",
        "",
        "ü 鼓 🥁",
    ]
    rows = clap.text(texts)
    assert rows.shape == (4, clap.dim) and rows.dtype == np.float32
    for text, row in zip(texts, rows, strict=True):
        np.testing.assert_allclose(clap.text([text])[0], row, atol=1e-6)
    assert np.isfinite(clap.text(["drums " * 500])).all()
    assert clap.text([]).shape == (0, clap.dim)


def test_it_hears_the_mono_mean(clap, music):
    swapped, mono = Audio(music.samples[::-1], music.rate), music.mono()
    plain, other, mean = clap.audio([music, swapped, mono])
    np.testing.assert_allclose(other, plain, atol=1e-6)
    np.testing.assert_allclose(mean, plain, atol=1e-6)
    side = Audio(np.stack([music.samples[0], -music.samples[0]]), music.rate)
    silence = Audio(np.zeros((2, side.samples.shape[1])), side.rate)
    np.testing.assert_allclose(*clap.audio([side, silence]), atol=1e-6)


def test_gain_moves_a_vector_little(clap, music):
    rows = np.stack([r[0] for r in clap.audio([Audio(music.samples * 10 ** (g / 20), 32000) for g in (0, -12, 3)])])
    cosines = rows @ rows[0]
    assert (cosines > 0.9).all() and (cosines[1:] < 1 - 1e-6).all()


@pytest.mark.parametrize("samples", [np.zeros((2, 32000)), np.ones((1, 1)) * 0.5, np.zeros((1, 1)), np.ones((2, 400))])
def test_degenerate_clips_give_finite_vectors(clap, samples):
    (rows,) = clap.audio([Audio(samples, 32000)])
    assert rows.shape == (1, clap.dim) and np.isfinite(rows).all()


def test_the_front_end_is_transformers_own(clap, music):
    x = music.mono().resample(48000).samples[0][: clap.length]
    theirs = clap.extractor(x, sampling_rate=48000, return_tensors="np")["input_features"][0, 0]
    np.testing.assert_allclose(log_mel(x, clap.extractor), theirs, atol=1e-3)


def test_a_fused_checkpoint_hears_the_unfused_mel(clap, music):
    from transformers import ClapFeatureExtractor

    fused = ClapFeatureExtractor(truncation="fusion")
    x = music.resample(48000).samples[0][: fused.nb_max_samples]
    theirs = fused(x, sampling_rate=48000, return_tensors="np")["input_features"][0]
    np.testing.assert_allclose(log_mel(x, fused), theirs[0], atol=1e-3)


def test_what_is_no_list_of_texts_is_refused(clap):
    with pytest.raises(ModelError, match="brackets"):
        clap.text("piano")
    with pytest.raises(ModelError, match="not int"):
        clap.text([3])


def test_a_folder_is_the_same_embedder(clap, copy):
    other = embed.load(f"clap:{copy}")
    assert other.id == f"clap:clap@{weights_hash(CLAP_TINY)}" and clap.id == f"clap:tiny@{weights_hash(CLAP_TINY)}"
    np.testing.assert_array_equal(other.text(["piano"]), clap.text(["piano"]))


# Checkpoints that must not get through.


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def silence_texts(weights):
    weights["text_projection.linear1.weight"][:] = 0


def silence_sounds(weights):
    weights["audio_projection.linear1.weight"][:] = 0


def spoil_texts(weights):
    weights["text_model.pooler.dense.bias"][0] = np.nan


def spoil_sounds(weights):
    weights["audio_projection.linear2.bias"][3] = np.inf


def lose_one(weights):
    del weights["audio_model.audio_encoder.norm.bias"]


@pytest.mark.parametrize(
    "change, message",
    [
        (silence_texts, "broken text tower.*almost the same vector"),
        (silence_sounds, "broken audio tower.*almost the same vector"),
        (spoil_texts, "broken text tower, it returns NaN"),
        (spoil_sounds, "broken audio tower, it returns NaN"),
        (lose_one, "1 weights are missing.*audio_encoder.norm.bias"),
    ],
)
def test_broken_towers_are_refused(copy, change, message):
    change_weights(copy, change)
    with pytest.raises(ModelError, match=message):
        embed.load(f"clap:{copy}")


def test_a_tokenizer_of_five_words_is_refused(copy):
    from transformers import RobertaTokenizer

    (copy / "tokenizer.json").unlink()
    RobertaTokenizer().save_pretrained(copy)
    with pytest.raises(ModelError, match="broken tokenizer, the tokenizer has 5 tokens"):
        embed.load(f"clap:{copy}")


def test_a_tokenizer_of_another_language_is_refused(copy):
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    special = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}
    rows = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    tokenizer["model"]["vocab"] = {w if w in special else chr(0x4E00 + i): i for w, i in rows}
    tokenizer["model"]["merges"] = []
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ModelError, match="does not know 100% of plain English"):
        embed.load(f"clap:{copy}")


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("config.json", None, "no config.json"),
        ("config.json", "{", "cannot be read"),
        ("config.json", '{"model_type": "musicgen"}', "not a CLAP checkpoint, its model_type is 'musicgen'"),
        ("model.safetensors", None, "cannot be loaded"),
        ("model.safetensors", "nonsense", "cannot be loaded"),
        ("processor_config.json", None, "cannot be loaded"),
    ],
)
def test_incomplete_folders_are_refused(copy, name, content, message):
    (copy / name).unlink()
    if content:
        (copy / name).write_text(content)
    with pytest.raises(ModelError, match=message):
        embed.load(f"clap:{copy}")
