"""MERT through Hubert: where its configuration says that it is one, and not otherwise."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mgeval import embed
from mgeval.audio import Audio
from mgeval.errors import ModelError

SMALL = dict(
    hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, conv_dim=[16] * 7,
    num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
)  # fmt: skip


@pytest.fixture
def mert(tmp_path):
    """A Hubert of random weights whose configuration says what MERT-v1-95M's does; the network, the folder."""
    from transformers import HubertConfig, HubertModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = HubertModel(HubertConfig(**SMALL)).eval()
    network.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "mert_model", "architectures": ["MERTModel"], "deepnorm": False, "attention_relax": -1.0}
    config |= {"feature_extractor_cqt": False, "auto_map": {"AutoModel": "modeling_MERT.MERTModel"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    # It would be run if anything trusted it.
    (tmp_path / "modeling_MERT.py").write_text("raise SystemExit('ran')")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": 24000}))
    return network, tmp_path


def test_a_mert_without_extras_is_a_hubert(mert, noise):
    network, folder = mert
    embedder, clip = embed.load(f"mert:{folder}"), noise(1, rate=24000)
    x = clip.samples.mean(axis=0, dtype=np.float64)
    with torch.inference_mode():
        theirs = network(torch.tensor((x - x.mean()) / x.std(), dtype=torch.float32)[None]).last_hidden_state[0]
    (rows,) = embedder.audio([clip])
    np.testing.assert_allclose(rows, theirs.numpy(), atol=1e-4)
    assert rows.shape == (74, 24) and embedder.dim == 24 and embedder.rate == 24000
    quieter = Audio(clip.samples * 0.1, clip.rate)
    np.testing.assert_allclose(embedder.audio([quieter])[0], rows, atol=1e-3)


@pytest.mark.parametrize("samples", [np.zeros((2, 2400)), np.ones((1, 1)), np.zeros((1, 1))])
def test_degenerate_clips_give_finite_vectors(mert, samples):
    (rows,) = embed.load(f"mert:{mert[1]}").audio([Audio(samples, 24000)])
    assert len(rows) >= 1 and np.isfinite(rows).all()


@pytest.mark.parametrize("option", ["feature_extractor_cqt", "deepnorm"])
def test_one_that_is_more_is_refused(mert, option):
    path = mert[1] / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {option: True}))
    with pytest.raises(ModelError, match=rf"differs from a Hubert \({option}\).*does not execute"):
        embed.load(f"mert:{mert[1]}")


def test_others_are_refused(mert):
    folder = mert[1]
    path = folder / "config.json"
    own = json.loads(path.read_text())
    path.write_text(json.dumps(own | {"model_type": "wav2vec2"}))
    with pytest.raises(ModelError, match="not a MERT, its model_type is 'wav2vec2'"):
        embed.load(f"mert:{folder}")
    path.write_text(json.dumps(own | {"num_hidden_layers": 3}))
    with pytest.raises(ModelError, match="weights are missing or misshapen"):
        embed.load(f"mert:{folder}")
    (folder / "preprocessor_config.json").unlink()
    path.write_text(json.dumps(own))
    with pytest.raises(ModelError, match="preprocessor_config.json: cannot be read"):
        embed.load(f"mert:{folder}")
