"""EnCodec's convolutions as matrix products.

Signals have the shape ``(time, width)``: a tap of a kernel is then a product of the rows with a
matrix, and all taps are one product whose parts are added with shifts. The product runs over blocks of rows, so that
its result is used while it is in the processor's cache.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

BLOCK = 4096
"""Rows of one block."""

ALL = slice(None)

Layer = Callable[[Any], Any]


def make_upsampler(modules: Iterable[Any], config: Any) -> Layer:
    """Return a function equivalent to the last layers of transformers' EnCodec decoder.

    Parameters
    ----------
    modules : iterable of torch.nn.Module
        The layers after the LSTM: ELU, transposed convolutions, residual blocks and a last convolution.
    config : transformers.EncodecConfig
        With another norm or padding than in the published MusicGens, the modules run as they are.

    Returns
    -------
    callable
        Maps ``(frames, width)`` to ``(samples, channels)``.
    """
    import torch

    modules = list(modules)
    if config.norm_type != "weight_norm" or config.pad_mode != "reflect":
        whole = torch.nn.Sequential(*modules)
        return lambda x: whole(x.T[None])[0].T
    # The convolution after an activation computes it, on rows that it reads anyway.
    layers = [
        (module, type(before).__name__ == "ELU")
        for before, module in zip([None, *modules], modules, strict=False)
        if type(module).__name__ != "ELU" and not _adds_nothing(module)
    ]
    # Channels that the next layer does not read are skipped: a codec with hand-set weights has many.
    between = [_channels_read(before, after) for (before, _), (after, _) in itertools.pairwise(layers)]
    steps = [
        _residual(module) if _is_block(module) else _LAYERS[type(module).__name__](module, active, *channels)
        for (module, active), *channels in zip(layers, [ALL, *between], [*between, ALL], strict=True)
    ]

    def run(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return x

    return run


class Taps(NamedTuple):
    """A convolution as one product: ``matrix`` is ``(inputs, taps * outputs)``."""

    matrix: Any
    bias: Any
    taps: int
    step: int
    left: int
    right: int

    def over(self, rows: Any) -> Any:
        """Return the convolution of the rows; the result has ``left + right`` rows fewer."""
        import torch

        if self.taps == 1:
            return torch.addmm(self.bias, rows, self.matrix)
        parts = torch.mm(rows, self.matrix).view(len(rows), self.taps, -1)
        length = len(rows) - self.left - self.right
        total = parts[:length, 0] + self.bias
        for tap in range(1, self.taps):
            total += parts[tap * self.step : tap * self.step + length, tap]
        return total


def _make_taps(module: Any, inputs: Any = ALL, outputs: Any = ALL) -> Taps:
    conv = module.conv
    weight, step = conv.weight.detach()[outputs][:, inputs], conv.dilation[0]
    n_outputs, n_inputs, n_taps = weight.shape
    reach = (n_taps - 1) * step
    right = 0 if module.causal else reach // 2
    matrix = weight.permute(1, 2, 0).reshape(n_inputs, n_taps * n_outputs).contiguous()
    return Taps(matrix, conv.bias.detach()[outputs], n_taps, step, reach - right, right)


def _is_block(module: Any) -> bool:
    return type(module).__name__ == "EncodecResnetBlock"


def _channels_read(before: Any, after: Any) -> Any:
    """Return the channels between two layers for which the second has weights; a residual block needs all."""
    if _is_block(before) or _is_block(after):
        return ALL
    weight = after.conv.weight.detach()
    return weight.any(-1).any(int(type(after).__name__ == "EncodecConvTranspose1d")).nonzero()[:, 0]


def _convolution(module: Any, active: bool, inputs: Any, outputs: Any) -> Layer:
    import torch

    taps = _make_taps(module, inputs, outputs)

    def run(x: Any) -> Any:
        padded = _pad_reflected(x, taps.left, taps.right)
        y = x.new_empty(len(x), len(taps.bias))
        for begin in range(0, len(x), BLOCK):
            rows = padded[begin : begin + BLOCK + taps.left + taps.right]
            y[begin : begin + BLOCK] = taps.over(torch.nn.functional.elu(rows) if active else rows)
        return y

    return run


def _adds_nothing(module: Any) -> bool:
    """Return whether a layer is a residual block that returns its input unchanged."""
    import torch

    if not _is_block(module) or not isinstance(module.shortcut, torch.nn.Identity):
        return False
    last = module.block[-1].conv
    return not (last.weight.any() or last.bias.any())


def _residual(module: Any) -> Layer:
    import torch

    _, wide, _, narrow = module.block
    first, second = _make_taps(wide), _make_taps(narrow)
    shortcut = None if isinstance(module.shortcut, torch.nn.Identity) else _make_taps(module.shortcut)

    def run(x: Any) -> Any:
        padded = _pad_reflected(x, first.left, first.right)
        y = torch.empty_like(x)
        for begin in range(0, len(x), BLOCK):
            rows = padded[begin : begin + BLOCK + first.left + first.right]
            inner = first.over(torch.nn.functional.elu(rows))
            skip = x[begin : begin + BLOCK]
            added = second.over(torch.nn.functional.elu_(inner))
            torch.add(shortcut.over(skip) if shortcut else skip, added, out=y[begin : begin + BLOCK])
        return y

    return run


def _transposed(module: Any, active: bool, inputs: Any, outputs: Any) -> Layer:
    import torch

    conv = module.conv
    weight, bias, stride = conv.weight.detach()[inputs][:, outputs], conv.bias.detach()[outputs], conv.stride[0]
    surplus = weight.shape[-1] - stride
    left = surplus - (math.ceil(surplus * module.trim_right_ratio) if module.causal else surplus // 2)
    count = -(-weight.shape[-1] // stride)
    weight = torch.nn.functional.pad(weight, (0, count * stride - weight.shape[-1]))
    n_inputs, n_outputs, _ = weight.shape
    matrix = weight.transpose(1, 2).reshape(n_inputs, -1).contiguous()
    # A row holds the samples of one input step.
    bias = bias.repeat(stride)

    def run(x: Any) -> Any:
        y = x.new_empty(len(x) + count - 1, stride * n_outputs)
        # Rows before the first and after the last are zero and add nothing.
        padded = torch.nn.functional.pad(x, (0, 0, count - 1, count - 1))
        for begin in range(0, len(y), BLOCK):
            rows = padded[begin : begin + BLOCK + count - 1]
            parts = torch.mm(torch.nn.functional.elu(rows) if active else rows, matrix).view(len(rows), count, -1)
            out = y[begin : begin + BLOCK]
            torch.add(parts[count - 1 :, 0], bias, out=out)
            for tap in range(1, count):
                out += parts[count - 1 - tap : len(rows) - tap, tap]
        return y.view(-1, n_outputs)[left : left + len(x) * stride]

    return run


_LAYERS = {"EncodecConv1d": _convolution, "EncodecConvTranspose1d": _transposed}


def _pad_reflected(x: Any, left: int, right: int) -> Any:
    """Pad a signal at both ends with its mirror image; pad a signal that is too short with zeros first."""
    import torch

    if left == right == 0:
        return x
    time = len(x)
    whole = max(time, left + 1, right + 1)
    x = torch.nn.functional.pad(x, (0, 0, 0, whole - time))
    rows = torch.arange(-left, time + right, device=x.device).abs()
    return x.index_select(0, torch.where(rows < whole, rows, 2 * (whole - 1) - rows))
