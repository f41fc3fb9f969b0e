"""CLAP's audio tower (HTSAT, a Swin transformer on the mel spectrogram), computed with less copying.

transformers and laion-clap move the image four times in every block: they shift it, cut it into windows, put it
together and shift it back. All else in a block looks at one token at a time, so here the tokens stay in the order of
the windows, and one look-up brings them from each block's order into the next one's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from mgeval.errors import ModelError

NUMBERS = 1 << 19
"""How many numbers the images may have that go through a stage at once: 2 MB, so that the cache holds what is made."""

ROWS = 1024
"""Tokens that go through a block's two wide layers at once: what lies between them then stays in the cache."""


class Block(NamedTuple):
    """What a block of the network needs, ready for use."""

    layer: Any
    """Its norms and dense layers."""
    order: Any
    """Where each token comes from in the order before; None where it stays."""
    qkv: tuple[Any, Any]
    """Weight and bias of queries, divided by the root of a head's width, keys and values."""
    bias: Any
    """What is added to the products of queries and keys, ``(1 or windows, heads, tokens, tokens)``."""


class Merge(NamedTuple):
    """What joins four neighbours between two stages."""

    layer: Any
    order: Any


class Tower:
    """The audio tower and projection of a `ClapModel`, with its own weights.

    Parameters
    ----------
    network : transformers.ClapModel
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        Its windows do not divide the image of a stage; those of all published checkpoints do.
    """

    def __init__(self, network: Any) -> None:
        import torch

        self.encoder, self.projection = network.audio_model.audio_encoder, network.audio_projection
        with torch.inference_mode():
            self.stages = [list(steps) for steps in stages(self.encoder)]

    def __call__(self, mels: Any) -> Any:
        """Return vectors of windows, not normalised.

        Parameters
        ----------
        mels : torch.Tensor
            float32 ``(windows, frames, bands)``, in dB.

        Returns
        -------
        torch.Tensor
            ``(windows, dim)``.
        """
        import torch

        threads = torch.get_num_threads()
        parts = mels.chunk(min(threads, len(mels)))
        if len(parts) == 1:
            return self._run(mels)
        # Sounds side by side leave no thread waiting for another in the middle of a product.
        each = {"initializer": torch.set_num_threads, "initargs": (max(1, threads // len(parts)),)}
        with ThreadPoolExecutor(len(parts), **each) as pool:
            found = list(pool.map(self._run, parts))
        # What a thread sets for itself, later threads inherit.
        torch.set_num_threads(threads)
        return torch.cat(found)

    def _run(self, mels: Any) -> Any:
        import torch

        with torch.inference_mode():
            x = self.encoder.batch_norm(mels[:, None].transpose(1, 3)).transpose(1, 3)
            # None of them is longer than a window, which is what feature fusion would ask.
            x = self.encoder.patch_embed(self.encoder.reshape_mel2img(x), ())
            for stage in self.stages:
                # Later stages have fewer numbers for each sound, and their products are faster with more rows.
                x = torch.cat([run(few, stage) for few in x.split(max(1, NUMBERS // x[0].numel()))])
            return self.projection(self.encoder.norm(x).mean(dim=1))


def run(x: Any, stage: Sequence[Block | Merge]) -> Any:
    """Run a stage on ``(sounds, tokens, width)``."""
    for step in stage:
        x = attended(x, step) if isinstance(step, Block) else merged(x, step)
    return x


def stages(encoder: Any) -> Iterator[Iterator[Block | Merge]]:
    """Yield each stage's blocks and its merge, each with the order of tokens that it takes."""
    for stage, size in zip(encoder.layers, encoder.input_resolutions, strict=True):
        yield steps(stage, size)


def steps(stage: Any, size: tuple[int, int]) -> Iterator[Block | Merge]:
    """Yield a stage's steps; its image comes row by row, and so does what the merge makes of it."""
    import torch

    before = torch.arange(size[0] * size[1])
    for layer in stage.blocks:
        if any(side % layer.window_size for side in size):
            told = f"{size[0]} x {size[1]} tokens in windows of {layer.window_size}"
            raise ModelError(f"an audio tower of {told}: they do not fit")
        # As the layer does it itself at its first call: nothing is shifted where the window is the whole image.
        layer.set_shift_and_window_size(size)
        now = windowed(size, layer.window_size, layer.shift_size)
        yield Block(layer, moved(before, now), fused(layer.attention.self), added(layer, size))
        before = now
    if stage.downsample is not None:
        yield Merge(stage.downsample, moved(before, neighbours(size)))


def windowed(size: tuple[int, int], window: int, shift: int) -> Any:
    """Return the numbers of an image's tokens, counted row by row, in the order of its shifted windows."""
    import torch

    height, width = size
    image = torch.arange(height * width).view(height, width).roll((-shift, -shift), (0, 1))
    return image.view(height // window, window, width // window, window).transpose(1, 2).reshape(-1)


def neighbours(size: tuple[int, int]) -> Any:
    """Return the numbers of an image's tokens in groups of four that become one: down first, then right."""
    import torch

    image = torch.arange(size[0] * size[1]).view(size)
    return torch.stack([image[row::2, column::2] for column in (0, 1) for row in (0, 1)], -1).reshape(-1)


def moved(before: Any, now: Any) -> Any:
    """Return where each token of one order stands in another; None where both are the same."""
    import torch

    return None if torch.equal(before, now) else torch.argsort(before)[now]


def fused(attention: Any) -> tuple[Any, Any]:
    """Return one layer for queries, keys and values."""
    import torch

    scale = attention.attention_head_size**-0.5
    parts = (attention.query, attention.key, attention.value)
    weight = torch.cat([part.weight * (scale if part is attention.query else 1) for part in parts])
    if attention.query.bias is None:
        return weight, None
    return weight, torch.cat([part.bias * (scale if part is attention.query else 1) for part in parts])


def added(layer: Any, size: tuple[int, int]) -> Any:
    """Return the bias of relative positions, with -100 between what only the shift brought together."""
    import torch

    attention, tokens = layer.attention.self, layer.window_size**2
    table = attention.relative_position_bias_table[attention.relative_position_index.view(-1)]
    bias = table.view(tokens, tokens, -1).permute(2, 0, 1)[None]
    apart = layer.get_attn_mask(*size, dtype=torch.float32, device="cpu")
    return (bias if apart is None else bias + apart[:, None]).contiguous()


def attended(x: Any, block: Block) -> Any:
    """Run a block on ``(windows of sound, tokens, width)``; returns the same shape."""
    from torch.nn import functional

    layer, (sounds, tokens, width) = block.layer, x.shape
    # A copy of its own in every block: what follows is added to it in place.
    x = (x.clone() if block.order is None else x.index_select(1, block.order)).view(-1, width)
    heads, inside = block.bias.shape[1], block.bias.shape[-1]
    qkv = functional.linear(layer.layernorm_before(x), *block.qkv).view(-1, inside, 3, heads, width // heads)
    # Only where several sounds have masks of their own windows must it be repeated.
    bias = block.bias if len(block.bias) in (1, len(qkv)) else block.bias.repeat(sounds, 1, 1, 1)
    bias = bias.expand(len(qkv), -1, -1, -1)
    mixed = functional.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4), attn_mask=bias, scale=1.0)
    onto(x, mixed.transpose(1, 2).reshape(-1, width), layer.attention.output.dense)
    for rows in x.split(ROWS):
        onto(rows, layer.intermediate(layer.layernorm_after(rows)), layer.output.dense)
    return x.view(sounds, tokens, width)


def onto(x: Any, y: Any, dense: Any) -> None:
    """Add what a dense layer makes of ``y`` to ``x``, in place."""
    x.add_(dense.bias).addmm_(y, dense.weight.t())


def merged(x: Any, merge: Merge) -> Any:
    """Make one token of four, twice as wide."""
    x = x if merge.order is None else x.index_select(1, merge.order)
    return merge.layer.reduction(merge.layer.norm(x.view(len(x), x.shape[1] // 4, -1)))
