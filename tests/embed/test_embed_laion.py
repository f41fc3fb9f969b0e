"""LAION's checkpoints in laion-clap's own model and in ours: the same weights give the same vectors."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from claps import installed, random_module, save

from mgeval import embed
from mgeval.audio import load_audio
from mgeval.embed.base import mono_at, repeat_pad
from mgeval.embed.clap.features import log_mel
from mgeval.errors import ModelError

KINDS = {"tiny": ("HTSAT-tiny", False), "base": ("HTSAT-base", False), "fused": ("HTSAT-tiny", True)}
TEXTS = ["solo piano", "a slow, sad tune with strings and no drums, at 72 bpm, in the key of F sharp minor", ""]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Return a function that makes a checkpoint of each kind once: its file and laion-clap's model."""
    made = {}

    def make(kind):
        if kind not in made:
            module = random_module(*KINDS[kind])
            made[kind] = save(module, tmp_path_factory.mktemp(kind) / f"{kind}.pt"), module
        return made[kind]

    return make


@pytest.fixture
def clips(real_clips):
    """Real music: mono and stereo, 48 kHz, 10 s."""
    return [load_audio(path) for path in sorted(real_clips.glob("*.opus"))[::6]]


def windows_of(clap, clips):
    return np.stack([repeat_pad(mono_at(clip, clap.rate), clap.length) for clip in clips])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_weights_give_the_same_vectors(checkpoints, clips, kind):
    import torch

    file, module = checkpoints(kind)
    clap = embed.load(f"clap:{file}")
    windows = windows_of(clap, clips)
    with torch.inference_mode():
        if kind == "fused":
            # laion-clap makes this mel with torchaudio; `test_the_fused_front_end` holds ours to a plain one.
            mels = torch.from_numpy(np.stack([log_mel(x, clap.extractor) for x in windows]))[:, None].expand(
                -1, 4, -1, -1
            )
            theirs = module.model.get_audio_embedding(
                [{"mel_fusion": mel, "longer": torch.tensor([False])} for mel in mels]
            )
        else:
            theirs = module.get_audio_embedding_from_data(torch.from_numpy(windows), use_tensor=True)
        tokens = clap.tokenizer(TEXTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt")
        texts = module.get_text_embedding(TEXTS, tokenizer=lambda _: dict(tokens), use_tensor=True)
    ours = np.concatenate(clap.audio(clips))
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
    np.testing.assert_allclose(clap.text(TEXTS), texts.numpy(), atol=1e-4)
    # The weights tell the clips and the texts apart, or the agreement would say nothing.
    assert (theirs @ theirs.T).min() < 0.99 and (texts @ texts.T).min() < 0.99


def test_the_front_end_is_theirs(checkpoints, clips):
    import torch

    file, module = checkpoints("tiny")
    clap = embed.load(f"clap:{file}")
    tower = module.model.audio_branch
    for x in windows_of(clap, clips):
        with torch.inference_mode():
            theirs = tower.logmel_extractor(tower.spectrogram_extractor(torch.from_numpy(x)[None]))[0, 0].numpy()
        ours = log_mel(x, clap.extractor)
        power, reference = (10 ** (mel.astype(np.float64) / 10) for mel in (ours, theirs))
        assert np.abs(power - reference).max() < 1e-5 * reference.max()
        assert np.median(np.abs(ours - theirs)) < 1e-5
        # Theirs is computed in float32: in near silence it is the less exact of the two.
        assert np.abs(ours - theirs).max() < 0.01


def test_the_fused_front_end(checkpoints, clips):
    import librosa

    clap = embed.load(f"clap:{checkpoints('fused')[0]}")
    filters = librosa.filters.mel(sr=48000, n_fft=1024, n_mels=64, fmin=50, fmax=14000, htk=True, norm=None)
    for x in windows_of(clap, clips):
        spectrum = librosa.stft(x.astype(np.float64), n_fft=1024, hop_length=480, pad_mode="reflect")
        plain = 10 * np.log10(np.maximum(filters @ np.abs(spectrum) ** 2, 1e-10))
        np.testing.assert_allclose(log_mel(x, clap.extractor), plain.T, atol=1e-3)


def test_sizes_are_read_off_the_weights(checkpoints):
    for kind, depths, heads in (("tiny", [2, 2, 6, 2], [4, 8, 16, 32]), ("base", [2, 2, 12, 2], [4, 8, 16, 32])):
        clap = embed.load(f"clap:{checkpoints(kind)[0]}")
        config = clap.network.config
        assert config.audio_config.depths == depths and config.audio_config.num_attention_heads == heads
        assert config.text_config.layer_norm_eps == 1e-5 and clap.dim == 512 and clap.longest == 77
        assert clap.id.startswith(f"clap:{kind}.pt@") and clap.rate == 48000


def test_the_package_is_a_second_opinion(checkpoints, clips, noise):
    file = checkpoints("tiny")[0]
    ours, theirs = embed.load(f"clap:{file}"), embed.load(f"laion:{file}")
    assert theirs.id == ours.id.replace("clap:", "laion:") and theirs.recipe == ours.recipe
    # Longer than a window: laion-clap alone would crop it at random.
    clips = [clips[0], noise(12), noise(3)]
    for mine, other in zip(ours.audio(clips), theirs.audio(clips), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
    np.testing.assert_allclose(ours.text(TEXTS), theirs.text(TEXTS), atol=1e-4)
    # Its stand-in for torchvision is nobody else's.
    assert importlib.util.find_spec("torchvision") is not None or "torchvision" not in sys.modules


def test_it_asks_no_hub(checkpoints):
    file = checkpoints("tiny")[0]
    # Nothing listens there.
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    code = f"from mgeval import embed; print(embed.load('laion:{file}').id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=200)
    assert done.returncode == 0, done.stderr
    # Nothing of what the package prints gets out.
    assert done.stdout.startswith("laion:tiny.pt@") and len(done.stdout.splitlines()) == 1


def test_fused_ones_need_torchaudio(checkpoints):
    if importlib.util.find_spec("torchaudio"):
        pytest.skip("torchaudio is installed")
    with pytest.raises(ModelError, match="needs torchaudio"):
        embed.load(f"laion:{checkpoints('fused')[0]}")


@pytest.mark.skipif(installed(), reason="laion-clap is installed")
def test_without_the_package(tmp_path):
    from mgeval.embed.laion import import_laion_clap

    with pytest.raises(ModelError, match="pip install"):
        import_laion_clap()


def test_a_tokenizer_without_its_settings_is_refused(checkpoints, tmp_path):
    file = checkpoints("tiny")[0]
    shutil.copy(file, tmp_path)
    shutil.copy(file.parent / "tokenizer.json", tmp_path)
    with pytest.raises(ModelError, match="knows no padding"):
        embed.load(f"clap:{tmp_path / file.name}")


# Files that must not get through.


def change(file, where, edit):
    import torch

    found = torch.load(file, weights_only=False)
    edit(found["state_dict"])
    torch.save(found, where / "changed.pt")
    return where / "changed.pt"


def lose(tensors):
    del tensors["module.audio_branch.norm.bias"]


def lose_tower(tensors):
    del tensors["module.audio_branch.patch_embed.proj.bias"]


def misshape(tensors):
    tensors["module.audio_branch.norm.bias"] = tensors["module.audio_branch.norm.bias"][:5]


def add(tensors):
    tensors["module.audio_branch.surprise"] = tensors["module.audio_branch.norm.bias"]


def collapse(tensors):
    tensors["module.text_projection.0.weight"][:] = 0


@pytest.mark.parametrize(
    "edit, message",
    [
        (lose, "1 missing, 0 unknown.*audio_encoder.norm.bias"),
        (lose_tower, "not a CLAP of HTSAT and RoBERTa"),
        (misshape, "wrong shape"),
        (add, "0 missing, 1 unknown.*surprise"),
        (collapse, "broken text tower"),
    ],
)
def test_broken_files_are_refused(checkpoints, tmp_path, edit, message):
    file = checkpoints("tiny")[0]
    broken = change(file, tmp_path, edit)
    for words in file.parent.glob("*.json"):
        shutil.copy(words, tmp_path)
    with pytest.raises(ModelError, match=message):
        embed.load(f"clap:{broken}")


def test_a_file_by_name_must_be_one_of_laions(tmp_path):
    with pytest.raises(ModelError, match="did you mean 'music_audioset_epoch_15_esc_90.14.pt'"):
        embed.load("clap:music_audioset_epoch_15_esc_90.pt")
    with pytest.raises(ModelError, match="no such file"):
        embed.load(f"laion:{tmp_path}/nothing.pt")
