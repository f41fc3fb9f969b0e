"""The codec: an EnCodec with hand-set weights.

Decoding is linear. Latents are the principal components of the tables, the first transposed convolution
holds their waveforms (16 taps of 80 samples: a frame and half a frame on each side), and the other
three only arrange samples in time. A constant of 8 on every channel keeps ELUs in their linear range;
two spare channels carry constants that cancel it in every tap. Residual blocks and LSTM add
nothing. Encoding is the inverse: samples are stacked, a matrix estimates the latents, and the
quantizer finds the nearest code, table by table.

Weights are rounded to half precision before other values are computed from them, so that storing them
in half precision loses nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from training.musicgen_tiny.layout import CODEBOOKS, TABLE_OF_CODEBOOK
from training.musicgen_tiny.sound import GRAIN

LIFT = 8.0
"""Constant that keeps the ELUs in their linear range for music; random codes sometimes exceed it."""

FINE = 2.0**-10
"""Share of the constant in the second spare channel, which cancels the rounding error of the first."""

LARGEST = 5.0
"""Largest latent of a table after scaling; four tables add up."""

SUB = 80
"""Samples that the first transposed convolution puts into channels."""


def round_to_half(weights: np.ndarray) -> np.ndarray:
    """Round weights to half precision."""
    return np.asarray(weights, np.float16).astype(np.float64)


def components(tables: np.ndarray, count: int) -> np.ndarray:
    """Return the principal components of the tables' rows (not centred), ``(count, 1280)``."""
    rows = tables.reshape(-1, GRAIN).astype(np.float64)
    _, vectors = np.linalg.eigh(rows.T @ rows)
    return vectors[:, ::-1][:, :count].T


def set_codec(codec: Any, tables: np.ndarray, examples: np.ndarray) -> None:
    """Set all weights of an `EncodecModel`.

    Parameters
    ----------
    codec : transformers.EncodecModel
        Changed in place.
    tables : numpy.ndarray
        The sound of every code, ``(2, 1024, 1280)``.
    examples : numpy.ndarray
        Codes of music, int ``(clips, 8, frames)``, for the estimate of the encoder's matrix.
    """
    import torch

    latent = codec.config.hidden_size
    basis = components(tables, latent - 2)
    codes = tables.astype(np.float64) @ basis.T
    scale = LARGEST / np.abs(codes).max()
    codes, basis = round_to_half(codes * scale), basis / scale
    with torch.no_grad():
        for part in (codec.encoder, codec.decoder):
            _silence(part)
        for book, layer in enumerate(codec.quantizer.layers):
            embedding = np.zeros((tables.shape[1], latent))
            embedding[:, : latent - 2] = codes[TABLE_OF_CODEBOOK[book]]
            layer.codebook.embed.copy_(torch.tensor(embedding))
        _set_decoder(codec.decoder, basis)
        _set_encoder(codec.encoder, estimate_encoder(examples, codes, round_to_half(basis)))


def _convolutions(part: Any) -> list[Any]:
    """Return the convolutions outside the residual blocks, in order."""
    return [layer.conv for layer in part.layers if hasattr(layer, "conv")]


def _silence(part: Any) -> None:
    """Set all weights so that the layers add nothing; weight norm needs a direction even for zero."""
    for name, weight in part.named_parameters():
        weight.fill_(1.0 if name.endswith("original1") else 0.0)


def _set(conv: Any, weight: np.ndarray, bias: np.ndarray | float) -> None:
    """Set a weight-normed convolution to a weight and a bias."""
    import torch

    weight = torch.tensor(round_to_half(weight))
    gain = weight.flatten(1).norm(dim=1)
    norms = conv.parametrizations.weight
    direction = torch.where((gain == 0)[:, None, None], torch.ones_like(weight), weight)
    norms.original1.copy_(direction)
    norms.original0.copy_(gain[:, None, None])
    conv.bias.copy_(torch.as_tensor(bias, dtype=torch.float32).expand_as(conv.bias))


def _set_decoder(decoder: Any, basis: np.ndarray) -> None:
    first, *ups, last = _convolutions(decoder)
    latent = first.weight.shape[0]
    weight = np.zeros(tuple(first.weight.shape))
    weight[range(latent - 2), range(latent - 2), 0] = 1
    bias = np.full(latent, LIFT)
    bias[-1] = LIFT * FINE
    _set(first, weight, bias)
    weight = np.zeros(tuple(ups[0].weight.shape))
    weight[: latent - 2, :SUB] = round_to_half(basis.reshape(-1, GRAIN // SUB, SUB).transpose(0, 2, 1))
    lifted = weight.sum(0)
    weight[-2] = round_to_half(-lifted)
    weight[-1] = round_to_half((-lifted - weight[-2]) / FINE)
    _set(ups[0], weight, LIFT)
    used = SUB
    for up in ups[1:]:
        used //= up.stride[0]
        _set(up, _unfolding(tuple(up.weight.shape), up.stride[0], used), 0.0)
    weight = np.zeros(tuple(last.weight.shape))
    weight[0, 0, 0] = 1
    _set(last, weight, -LIFT)


def _unfolding(shape: tuple[int, ...], stride: int, used: int) -> np.ndarray:
    """Return the weight ``(in, out, taps)`` that arranges ``stride`` groups of ``used`` channels in time."""
    weight = np.zeros(shape)
    lead = stride - stride // 2
    for phase in range(stride):
        for channel in range(used):
            weight[phase * used + channel, channel, phase + lead] = 1
    return weight


def _set_encoder(encoder: Any, matrix: np.ndarray) -> None:
    first, *downs, last = _convolutions(encoder)
    weight = np.zeros(tuple(first.weight.shape))
    weight[0, 0, 0] = 1
    bias = np.zeros(len(weight))
    bias[0] = LIFT
    _set(first, weight, bias)
    used = 1
    for down in downs[:-1]:
        stride = down.stride[0]
        weight = np.zeros(tuple(down.weight.shape))
        for phase in range(stride):
            for channel in range(used):
                weight[phase * used + channel, channel, phase + stride - stride // 2] = 1
        used *= stride
        _set(down, weight, 0.0)
    weight = np.zeros(tuple(downs[-1].weight.shape))
    weight[: len(matrix), :SUB] = round_to_half(matrix.reshape(-1, GRAIN // SUB, SUB).transpose(0, 2, 1))
    _set(downs[-1], weight, LIFT - LIFT * weight.sum((1, 2)))
    weight = np.zeros(tuple(last.weight.shape))
    weight[range(len(matrix)), range(len(matrix)), 0] = 1
    _set(last, weight, np.where(np.arange(len(weight)) < len(matrix), -LIFT, 0.0))


def estimate_encoder(examples: np.ndarray, codes: np.ndarray, basis: np.ndarray, ridge: float = 1e-7) -> np.ndarray:
    """Return the matrix ``(latents, 1280)`` that best estimates a frame's latents from the samples around it.

    Neighbouring frames overlap, so the inverse of the decoder alone would mix
    them; least squares on music separates them.
    """
    latents = np.concatenate(
        [
            sum(codes[table, clip[2 * book + side]] for book, table in enumerate(TABLE_OF_CODEBOOK))
            for clip in examples
            for side in (0, 1)
        ]
    ).reshape(2 * len(examples), -1, codes.shape[-1])
    grains = latents @ basis
    half = GRAIN // 2
    frames = grains.shape[1]
    waves = np.zeros((len(grains), (frames + 1) * half))
    for frame in range(frames):
        waves[:, frame * half : frame * half + GRAIN] += grains[:, frame]
    windows = np.stack([waves[:, frame * half : frame * half + GRAIN] for frame in range(frames)], axis=1)
    x, z = windows.reshape(-1, GRAIN), latents.reshape(-1, codes.shape[-1])
    gram = x.T @ x
    gram += ridge * np.trace(gram) * np.eye(GRAIN) / GRAIN
    return np.linalg.solve(gram, x.T @ z).T


assert 2 * len(TABLE_OF_CODEBOOK) == CODEBOOKS
