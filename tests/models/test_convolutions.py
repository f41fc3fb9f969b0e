"""The codec's convolutions, judged by transformers' own layers."""

from __future__ import annotations

import pytest
import torch
import transformers

from mgeval.models import convolutions
from mgeval.models.convolutions import upsampling

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
        made = upsampling(layers, config)(x)
    torch.testing.assert_close(made, expected[0].T, atol=2e-6, rtol=1e-5)


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
        made = upsampling(layers, transformers.EncodecConfig())(torch.ones(3000, 16))[:, 0]
    middle = made[200:-200].view(-1, 8)
    torch.testing.assert_close(middle, middle[:1].expand_as(middle), atol=1e-6, rtol=0)
