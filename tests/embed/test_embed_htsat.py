"""The audio tower with tokens in the order of windows, against transformers' own forward pass."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mgeval.embed.clap import audio_tower
from mgeval.embed.clap.audio_tower import Tower, window_order
from mgeval.errors import ModelError

SIZES = {
    "three stages, two of them shifted": {"depths": [2, 3, 2]},
    "window as large as the last image": {"depths": [3, 2], "num_attention_heads": [2, 4], "window_size": 8},
    "without biases, another activation": {"qkv_bias": False, "hidden_act": "relu"},
    "fused": {"enable_fusion": True, "fusion_type": "aff_2d"},
}


def network(**settings):
    """Return a small random CLAP in which every weight and buffer matters."""
    import torch
    from transformers import ClapConfig, ClapModel

    small = {"patch_embeds_hidden_size": 16, "spec_size": 64, "num_mel_bins": 16, "window_size": 4}
    audio = {**small, "depths": [2] * 3, "num_attention_heads": [1, 2, 4], **settings}
    audio["hidden_size"] = 16 * 2 ** (len(audio["depths"]) - 1)
    text = {"vocab_size": 20, "hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = ClapModel(ClapConfig(audio_config=audio, text_config=text, projection_dim=24)).eval()
        for weight in found.parameters():
            weight.data += 0.1 * torch.randn(weight.shape)
        norm = found.audio_model.audio_encoder.batch_norm
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    return found


def both(found, frames, sounds=3):
    import torch

    mels = torch.randn(sounds, frames, 16, generator=torch.Generator().manual_seed(1))
    fused = found.config.audio_config.enable_fusion
    given = {"input_features": mels[:, None].repeat(1, 4 if fused else 1, 1, 1)}
    given["is_longer"] = torch.zeros(sounds, 1, dtype=torch.bool) if fused else None
    with torch.inference_mode():
        theirs = found.get_audio_features(**given)
    # Theirs has length 1, or is not yet normalised: that depends on the version.
    theirs = torch.nn.functional.normalize(getattr(theirs, "pooler_output", theirs), dim=-1)
    return torch.nn.functional.normalize(Tower(found)(mels), dim=-1), theirs


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("frames", [200, 256])
def test_it_is_the_same_tower(name, frames):
    ours, theirs = both(network(**SIZES[name]), frames)
    assert ours.shape == (3, 24) and (ours[0] - ours[1]).abs().max() > 1e-3
    assert (ours - theirs).abs().max() < 1e-6


def test_what_goes_through_at_once_changes_nothing_but_rounding(monkeypatch):
    found = network()
    together, theirs = both(found, 256)
    monkeypatch.setattr(audio_tower, "STAGE_NUMBERS", 1)
    monkeypatch.setattr(audio_tower, "DENSE_ROWS", 7)
    alone, _ = both(found, 256)
    assert (together - alone).abs().max() < 1e-6 and (alone - theirs).abs().max() < 1e-6


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_number_of_threads_changes_nothing_but_rounding_and_stays(threads):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        ours, theirs = both(network(), 256, sounds=5)
        assert ours.shape == theirs.shape and (ours - theirs).abs().max() < 1e-6
        assert torch.get_num_threads() == threads
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == threads
    finally:
        torch.set_num_threads(before)


def test_the_masks_matter():
    """Without them what the shift brought together would mix: the test above would see it."""
    found = network()
    tower = Tower(found)
    shifted = [
        step for stage in tower.stages for step in stage if isinstance(step, audio_tower.Block) and len(step.bias) > 1
    ]
    assert [len(step.bias) for step in shifted] == [16, 4]
    ours, theirs = both(found, 256)
    for layer in (block for stage in found.audio_model.audio_encoder.layers for block in stage.blocks):
        layer.get_attn_mask = lambda *_, **__: None
    mixed, _ = both(found, 256)
    assert (ours - theirs).abs().max() < 1e-6 < 1e-4 < (mixed - theirs).abs().max()


def test_order_of_windows():
    assert window_order((4, 4), 2, 0).tolist() == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]
    shifted = window_order((4, 4), 2, 1).tolist()
    assert shifted[:4] == [5, 6, 9, 10] and shifted[-4:] == [15, 12, 3, 0]


@pytest.mark.parametrize("settings", [{"window_size": 5}, {"depths": [2] * 4, "num_attention_heads": [1] * 4}])
def test_windows_that_do_not_fit_are_refused(settings):
    """transformers pads the first, and fails at the second in the middle of a clip."""
    with pytest.raises(
        ModelError,
        match=r"windows of the audio tower \((5|4) tokens\) must divide its image, got (16 x 16|2 x 2) tokens",
    ):
        Tower(network(**settings))
