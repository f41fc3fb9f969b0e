"""The codec's convolutions, judged by transformers' own layers."""

from __future__ import annotations

import pytest
import torch
import transformers

from mgeval.models.musicgen import convolutions
from mgeval.models.musicgen.convolutions import make_upsampler

FORMS = [
    dict(),
    dict(use_causal_conv=True),
    dict(use_causal_conv=True, trim_right_ratio=0.5),
    dict(num_residual_layers=3, residual_kernel_size=5, dilation_growth_rate=3),
    dict(use_conv_shortcut=False),
    dict(kernel_size=1, last_kernel_size=1, residual_kernel_size=1),
    dict(last_kernel_size=4, upsampling_ratios=[3, 5]),
    dict(norm_type="time_group_norm"),
    dict(pad_mode="constant"),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("frames", [1, 2, 3, 40])
def test_they_are_transformers_layers(form, frames, monkeypatch):
    monkeypatch.setattr(convolutions, "BLOCK", 50)
    torch.manual_seed(frames)
    settings = {"use_causal_conv": False, "upsampling_ratios": [4, 2], "num_filters": 6} | form
    _, _, *layers = transformers.EncodecModel(transformers.EncodecConfig(**settings)).eval().decoder.layers
    config = transformers.EncodecConfig(**settings)
    x = torch.randn(frames, 24)
    with torch.inference_mode():
        expected = x.T[None]
        for layer in layers:
            expected = layer(expected)
        made = make_upsampler(layers, config)(x)
    torch.testing.assert_close(made, expected[0].T, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("idle", [(0,), (0, 1), (1, 2), (0, 1, 2)], ids=str)
def test_what_adds_nothing_is_left_out_and_changes_nothing(idle):
    """Residual blocks whose last weights are zero, and channels that nobody reads, though they sound."""
    torch.manual_seed(3)
    config = transformers.EncodecConfig(
        use_causal_conv=False, upsampling_ratios=[4, 3, 2], num_filters=6, use_conv_shortcut=False
    )
    _, _, *layers = transformers.EncodecModel(config).eval().decoder.layers
    blocks = [layer for layer in layers if type(layer).__name__ == "EncodecResnetBlock"]
    with torch.no_grad():
        for block in (blocks[number] for number in idle):
            last = block.block[-1].conv
            last.parametrizations.weight.original0.zero_()
            last.bias.zero_()
        for layer in layers:
            if type(layer).__name__ == "EncodecConvTranspose1d":
                layer.conv.parametrizations.weight.original0[::3] = 0
    x = torch.randn(20, 48)
    with torch.inference_mode():
        expected = x.T[None]
        for layer in layers:
            expected = layer(expected)
        made = make_upsampler(layers, config)(x)
    torch.testing.assert_close(made, expected[0].T, atol=2e-6, rtol=1e-5)


def test_channels_that_are_not_read():
    config = transformers.EncodecConfig(use_causal_conv=False, upsampling_ratios=[4, 2], num_filters=6)
    first, *_, block, _, last = transformers.EncodecModel(config).decoder.layers
    with torch.no_grad():
        last.conv.parametrizations.weight.original1[:, [0, 4]] = 0
        last.conv.parametrizations.weight.original1[:, 2, 1:] = 0
    assert convolutions._read(first, last).tolist() == [1, 2, 3, 5]
    assert convolutions._read(block, last) == convolutions.ALL == convolutions._read(first, block)


def test_blocks_leave_no_seams():
    """More rows than a block, of a signal whose samples are all alike in the middle."""
    _, _, *layers = (
        transformers.EncodecModel(
            transformers.EncodecConfig(use_causal_conv=False, upsampling_ratios=[4, 2], num_filters=4)
        )
        .eval()
        .decoder.layers
    )
    with torch.inference_mode():
        made = make_upsampler(layers, transformers.EncodecConfig())(torch.ones(3000, 16))[:, 0]
    middle = made[200:-200].view(-1, 8)
    torch.testing.assert_close(middle, middle[:1].expand_as(middle), atol=1e-6, rtol=0)
