"""VGGish with small random weights of torchvggish's layout, against a plain version of its front end and network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import vggish_slow

from mgeval import embed
from mgeval.audio import Audio
from mgeval.embed import vggish as module
from mgeval.errors import ModelError

WIDTHS = {0: (1, 8), 3: (8, 8), 6: (8, 16), 8: (16, 16), 11: (16, 24), 13: (24, 24)}


def weights():
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 100
        return torch.randn(shape, generator=generator) * (2 / fan) ** 0.5

    tensors = {}
    for number, (inputs, outputs) in WIDTHS.items():
        tensors |= {f"features.{number}.weight": normal(outputs, inputs, 3, 3)}
        tensors |= {f"features.{number}.bias": normal(outputs)}
    for number, (inputs, outputs) in {0: (24 * 24, 64), 2: (64, 64), 4: (64, 128)}.items():
        tensors |= {
            f"embeddings.{number}.weight": normal(outputs, inputs),
            f"embeddings.{number}.bias": normal(outputs),
        }
    return tensors


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vggish") / "vggish.pth"
    torch.save(weights(), path)
    return path


@pytest.fixture(scope="module")
def vggish(file):
    return embed.load(f"vggish:{file}")


@pytest.mark.parametrize("seconds, windows", [(0.3, 1), (1, 1), (1.9, 1), (2, 2), (10, 10)])
def test_shape(vggish, noise, seconds, windows):
    (rows,) = vggish.audio([noise(seconds)])
    assert rows.shape == (windows, 128) and rows.dtype == np.float32


def test_the_front_end_is_that_of_a_plain_version(noise):
    x = noise(0.3, rate=16000).samples[0] + 0.3 * np.sin(np.arange(4800) * 0.2)
    x[:400] = 0
    np.testing.assert_allclose(module.log_mel(x, module.mel_filters()), vggish_slow.log_mel(x), atol=1e-5)


def test_vectors_are_those_of_a_plain_network(vggish, noise):
    clip = noise(2, rate=16000)
    plain = {name: value.numpy().astype(np.float64) for name, value in weights().items()}
    mel = vggish_slow.log_mel(clip.samples.mean(axis=0, dtype=np.float64).astype(np.float32))
    for row, image in zip(vggish.audio([clip])[0], (mel[:96], mel[96:192]), strict=True):
        np.testing.assert_allclose(row, vggish_slow.network(plain, image), rtol=1e-3, atol=1e-4)
    # The last ReLU is gone.
    assert row.min() < 0


def test_silence_is_the_offset_and_short_clips_are_filled_with_it(vggish, noise):
    np.testing.assert_allclose(module.log_mel(np.zeros(800), module.mel_filters()), np.log(0.01), atol=1e-6)
    short = noise(0.4, rate=16000)
    padded = Audio(np.pad(short.samples, ((0, 0), (0, 9600))), 16000)
    np.testing.assert_array_equal(*vggish.audio([short, padded]))
    (click,) = vggish.audio([Audio(np.ones((1, 1)), 16000)])
    assert np.isfinite(click).all()


def test_swap_mono_batch_and_what_is_left_over_change_nothing(vggish, noise):
    clip = noise(2.2, rate=44100)
    alone = vggish.audio([clip])[0]
    swapped, mono, cut = Audio(clip.samples[::-1], clip.rate), clip.mono(), clip.slice(0, 2.1)
    for rows in vggish.audio([swapped, mono, cut, clip]):
        np.testing.assert_allclose(rows, alone, atol=1e-3)


def test_the_id_is_of_the_weights(vggish, file, tmp_path):
    assert vggish.id.startswith("vggish@") and not vggish.has_text
    torch.save({**weights(), "embeddings.4.bias": torch.ones(128)}, tmp_path / "other.pth")
    assert embed.load(f"vggish:{tmp_path / 'other.pth'}").id != vggish.id
    assert embed.load(f"vggish:{file}").id == vggish.id


def test_broken_weights_are_refused(tmp_path):
    tensors = weights()
    torch.save({**tensors, "embeddings.4.weight": 0 * tensors["embeddings.4.weight"]}, tmp_path / "flat.pth")
    with pytest.raises(ModelError, match="broken audio tower"):
        embed.load(f"vggish:{tmp_path / 'flat.pth'}")
    del tensors["features.6.bias"]
    torch.save(tensors, tmp_path / "less.pth")
    with pytest.raises(ModelError, match="1 are missing, such as features.6.bias"):
        embed.load(f"vggish:{tmp_path / 'less.pth'}")
    with pytest.raises(ModelError, match="no such file"):
        embed.load("vggish:/nowhere.pth")


def test_without_a_network_it_says_where_the_weights_are(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(module, "URL", "http://127.0.0.1:9/vggish-10086976.pth")
    with pytest.raises(ModelError, match=r"cannot download .*127.0.0.1:9/.*'vggish:FILE'"):
        embed.load("vggish")
    torch.save(weights(), tmp_path / "checkpoints" / "vggish-10086976.pth")
    assert embed.load("vggish").dim == 128
