"""A plain implementation of VGGish's front end and network, after Google's description.

Sources: tensorflow/models, research/audioset/vggish (its README and parameters); S. Hershey et al., ICASSP 2017.
"""

from __future__ import annotations

import math

import numpy as np


def mel(hertz: float) -> float:
    return 1127.0 * math.log(1.0 + hertz / 700.0)


def log_mel(x: np.ndarray) -> np.ndarray:
    """Compute one frame and one band after the other."""
    edges = [mel(125.0) + i * (mel(7500.0) - mel(125.0)) / 65 for i in range(66)]
    steps = np.arange(257)[:, None] * np.arange(400)[None] / 512
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / 400) for n in range(400)])
    rows = []
    for start in range(0, len(x) - 399, 160):
        frame = x[start : start + 400] * window
        magnitude = np.abs(np.exp(-2j * np.pi * steps) @ frame)
        row = []
        for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for bin in range(1, 257):
                at = mel(bin * 16000 / 512)
                if low < at <= centre:
                    total += magnitude[bin] * (at - low) / (centre - low)
                elif centre < at < high:
                    total += magnitude[bin] * (high - at) / (high - centre)
            row.append(math.log(total + 0.01))
        rows.append(row)
    return np.array(rows)


def network(tensors: dict[str, np.ndarray], image: np.ndarray) -> np.ndarray:
    """Pass one window ``(96, 64)`` through the network, with channels last as in TensorFlow."""
    x = image[:, :, None].astype(np.float64)
    for number, pooled in ((0, True), (3, True), (6, False), (8, True), (11, False), (13, True)):
        weight, bias = tensors[f"features.{number}.weight"], tensors[f"features.{number}.bias"]
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        out = np.zeros((*x.shape[:2], len(bias))) + bias
        for row in range(3):
            for column in range(3):
                out += padded[row : row + x.shape[0], column : column + x.shape[1]] @ weight[:, :, row, column].T
        x = np.maximum(out, 0)
        if pooled:
            x = np.maximum.reduce([x[row::2, column::2] for row in (0, 1) for column in (0, 1)])
    x = x.reshape(-1)
    for number in (0, 2, 4):
        x = tensors[f"embeddings.{number}.weight"] @ x + tensors[f"embeddings.{number}.bias"]
        x = np.maximum(x, 0) if number < 4 else x
    return x
