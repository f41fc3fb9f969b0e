"""EnCodec's convolutions as matrix products.

Signals are laid out by time, ``(time, width)``: a tap of a kernel is then a product of the rows with a
matrix, and all taps are one product whose parts are added up a step apart. It is done some rows at a
time, so that what a product makes is used while it is in the processor's cache.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

BLOCK = 4096
"""Rows at a time."""

ALL = slice(None)

Layer = Callable[[Any], Any]


def make_upsampler(modules: Iterable[Any], config: Any) -> Layer:
    """Return a function that does what the last layers of transformers' EnCodec decoder do.

    Parameters
    ----------
    modules : iterable of torch.nn.Module
        The layers after the LSTM: ELU, transposed convolutions, residual blocks and a last convolution.
    config : transformers.EncodecConfig
        Other norms and paddings than those of the published MusicGens are left to the modules.

    Returns
    -------
    callable
        Of ``(frames, width)``, gives ``(samples, channels)``.
    """
    import torch

    modules = list(modules)
    if config.norm_type != "weight_norm" or config.pad_mode != "reflect":
        whole = torch.nn.Sequential(*modules)
        return lambda x: whole(x.T[None])[0].T
    # An activation is done by the convolution after it, on rows that it reads anyway.
    layers = [
        (module, type(before).__name__ == "ELU")
        for before, module in zip([None, *modules], modules, strict=False)
        if type(module).__name__ != "ELU" and not _adds_nothing(module)
    ]
    # Channels that the next layer does not read are not made: a codec that was set by hand has many.
    between = [_read(one, after) for (one, _), (after, _) in itertools.pairwise(layers)]
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
    count: int
    step: int
    left: int
    right: int

    def over(self, rows: Any) -> Any:
        """Return what the convolution makes of rows, ``left + right`` rows fewer."""
        import torch

        if self.count == 1:
            return torch.addmm(self.bias, rows, self.matrix)
        parts = torch.mm(rows, self.matrix).view(len(rows), self.count, -1)
        made = len(rows) - self.left - self.right
        total = parts[:made, 0] + self.bias
        for tap in range(1, self.count):
            total += parts[tap * self.step : tap * self.step + made, tap]
        return total


def _taps(module: Any, inputs: Any = ALL, outputs: Any = ALL) -> Taps:
    conv = module.conv
    weight, step = conv.weight.detach()[outputs][:, inputs], conv.dilation[0]
    made, heard, count = weight.shape
    reach = (count - 1) * step
    right = 0 if module.causal else reach // 2
    matrix = weight.permute(1, 2, 0).reshape(heard, count * made).contiguous()
    return Taps(matrix, conv.bias.detach()[outputs], count, step, reach - right, right)


def _is_block(module: Any) -> bool:
    return type(module).__name__ == "EncodecResnetBlock"


def _read(before: Any, after: Any) -> Any:
    """Return the channels between two layers that the second has weights for; blocks get and pass on all."""
    if _is_block(before) or _is_block(after):
        return ALL
    weight = after.conv.weight.detach()
    return weight.any(-1).any(int(type(after).__name__ == "EncodecConvTranspose1d")).nonzero()[:, 0]


def _convolution(module: Any, active: bool, inputs: Any, outputs: Any) -> Layer:
    import torch

    taps = _taps(module, inputs, outputs)

    def run(x: Any) -> Any:
        padded = _reflected(x, taps.left, taps.right)
        y = x.new_empty(len(x), len(taps.bias))
        for begin in range(0, len(x), BLOCK):
            rows = padded[begin : begin + BLOCK + taps.left + taps.right]
            y[begin : begin + BLOCK] = taps.over(torch.nn.functional.elu(rows) if active else rows)
        return y

    return run


def _adds_nothing(module: Any) -> bool:
    """Say whether a layer is a residual block that passes its input on unchanged."""
    import torch

    if not _is_block(module) or not isinstance(module.shortcut, torch.nn.Identity):
        return False
    last = module.block[-1].conv
    return not (last.weight.any() or last.bias.any())


def _residual(module: Any) -> Layer:
    import torch

    _, wide, _, narrow = module.block
    first, second = _taps(wide), _taps(narrow)
    shortcut = None if isinstance(module.shortcut, torch.nn.Identity) else _taps(module.shortcut)

    def run(x: Any) -> Any:
        padded = _reflected(x, first.left, first.right)
        y = torch.empty_like(x)
        for begin in range(0, len(x), BLOCK):
            rows = padded[begin : begin + BLOCK + first.left + first.right]
            inner = first.over(torch.nn.functional.elu(rows))
            own = x[begin : begin + BLOCK]
            added = second.over(torch.nn.functional.elu_(inner))
            torch.add(shortcut.over(own) if shortcut else own, added, out=y[begin : begin + BLOCK])
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
    heard, made, _ = weight.shape
    matrix = weight.transpose(1, 2).reshape(heard, -1).contiguous()
    # A row holds the samples of one step of the input.
    bias = bias.repeat(stride)

    def run(x: Any) -> Any:
        y = x.new_empty(len(x) + count - 1, stride * made)
        # Rows before the first and after the last are zeros: they add nothing.
        padded = torch.nn.functional.pad(x, (0, 0, count - 1, count - 1))
        for begin in range(0, len(y), BLOCK):
            rows = padded[begin : begin + BLOCK + count - 1]
            parts = torch.mm(torch.nn.functional.elu(rows) if active else rows, matrix).view(len(rows), count, -1)
            out = y[begin : begin + BLOCK]
            torch.add(parts[count - 1 :, 0], bias, out=out)
            for tap in range(1, count):
                out += parts[count - 1 - tap : len(rows) - tap, tap]
        return y.view(-1, made)[left : left + len(x) * stride]

    return run


_LAYERS = {"EncodecConv1d": _convolution, "EncodecConvTranspose1d": _transposed}


def _reflected(x: Any, left: int, right: int) -> Any:
    """Continue a signal at both ends by its mirror image; one that is too short for that gets zeros first."""
    import torch

    if left == right == 0:
        return x
    time = len(x)
    whole = max(time, left + 1, right + 1)
    x = torch.nn.functional.pad(x, (0, 0, 0, whole - time))
    places = torch.arange(-left, time + right, device=x.device).abs()
    return x.index_select(0, torch.where(places < whole, places, 2 * (whole - 1) - places))
