"""CLAP's audio tower (HTSAT, a Swin transformer on the mel spectrogram), computed with less copying.

transformers and laion-clap copy the image four times in every block: they shift it, cut it into windows, reassemble
it and shift it back. All other operations of a block are per token, so here the tokens stay in the order of
the windows, and one index_select converts from the order of one block to that of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from mgeval.errors import ModelError

STAGE_NUMBERS = 1 << 19
"""Most numbers in the images that go through a stage together: 2 MB, so that the results stay in the cache."""

DENSE_ROWS = 1024
"""Tokens that go through the two wide layers of a block together, so that the values in between stay in the cache."""


class Block(NamedTuple):
    """A block of the network, prepared for `run_block`."""

    layer: Any
    """Provides the norms and dense layers."""
    order: Any
    """Index of each token in the previous order; None if the order stays the same."""
    qkv: tuple[Any, Any]
    """Weight and bias of queries, keys and values; those of queries are divided by the root of the head width."""
    bias: Any
    """Added to the products of queries and keys, ``(1 or windows, heads, tokens, tokens)``."""


class Merge(NamedTuple):
    """The layer between two stages that merges four neighbouring tokens, with their order."""

    layer: Any
    order: Any


class Tower:
    """The audio tower and projection of a `ClapModel`, with its weights.

    Parameters
    ----------
    network : transformers.ClapModel
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        The windows do not divide the image of a stage; in all published checkpoints they do.
    """

    def __init__(self, network: Any) -> None:
        import torch

        self.encoder, self.projection = network.audio_model.audio_encoder, network.audio_projection
        with torch.inference_mode():
            self.stages = build_stages(self.encoder)

    def __call__(self, mels: Any) -> Any:
        """Return the vectors of windows, not normalised.

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
        # With one thread per sound, no thread waits for another in the middle of a product.
        per_part = max(1, threads // len(parts))
        with ThreadPoolExecutor(len(parts), initializer=torch.set_num_threads, initargs=(per_part,)) as pool:
            vectors = list(pool.map(self._run, parts))
        # Later threads inherit the number that a thread sets for itself.
        torch.set_num_threads(threads)
        return torch.cat(vectors)

    def _run(self, mels: Any) -> Any:
        import torch

        with torch.inference_mode():
            x = self.encoder.batch_norm(mels[:, None].transpose(1, 3)).transpose(1, 3)
            # The empty tuple: no input is longer than a window, so there is nothing for feature fusion.
            x = self.encoder.patch_embed(self.encoder.reshape_mel2img(x), ())
            for stage in self.stages:
                # Later stages have fewer numbers per sound, and their products are faster with more rows.
                x = torch.cat([run_stage(part, stage) for part in x.split(max(1, STAGE_NUMBERS // x[0].numel()))])
            return self.projection(self.encoder.norm(x).mean(dim=1))


def run_stage(x: Any, stage: Sequence[Block | Merge]) -> Any:
    """Run a stage on ``(sounds, tokens, width)``."""
    for step in stage:
        x = run_block(x, step) if isinstance(step, Block) else run_merge(x, step)
    return x


def build_stages(encoder: Any) -> list[list[Block | Merge]]:
    """Return the blocks and the merge of each stage, each with its order of tokens."""
    return [list(build_steps(*stage)) for stage in zip(encoder.layers, encoder.input_resolutions, strict=True)]


def build_steps(stage: Any, size: tuple[int, int]) -> Iterator[Block | Merge]:
    """Yield the blocks and the merge of a stage; its input image and the merged image are in row-major order."""
    import torch

    before = torch.arange(size[0] * size[1])
    for layer in stage.blocks:
        if any(side % layer.window_size for side in size):
            raise ModelError(
                f"the windows of the audio tower ({layer.window_size} tokens) must divide its image, "
                f"got {size[0]} x {size[1]} tokens"
            )
        # The layer does this in its first call: it shifts nothing if the window is the whole image.
        layer.set_shift_and_window_size(size)
        after = window_order(size, layer.window_size, layer.shift_size)
        yield Block(layer, reorder(before, after), join_qkv(layer.attention.self), position_bias(layer, size))
        before = after
    if stage.downsample is not None:
        yield Merge(stage.downsample, reorder(before, merge_order(size)))


def window_order(size: tuple[int, int], window: int, shift: int) -> Any:
    """Return the row-major indices of an image's tokens, in the order of its shifted windows."""
    import torch

    height, width = size
    image = torch.arange(height * width).view(height, width).roll((-shift, -shift), (0, 1))
    return image.view(height // window, window, width // window, window).transpose(1, 2).reshape(-1)


def merge_order(size: tuple[int, int]) -> Any:
    """Return the row-major indices of an image's tokens, in groups of four to merge: down first, then right."""
    import torch

    image = torch.arange(size[0] * size[1]).view(size)
    return torch.stack([image[row::2, column::2] for column in (0, 1) for row in (0, 1)], -1).reshape(-1)


def reorder(before: Any, after: Any) -> Any:
    """Return the index in one order of each token of another order; None if both orders are the same."""
    import torch

    return None if torch.equal(before, after) else torch.argsort(before)[after]


def join_qkv(attention: Any) -> tuple[Any, Any]:
    """Return weight and bias of a joint layer for queries, keys and values."""
    import torch

    scale = attention.attention_head_size**-0.5
    parts = (attention.query, attention.key, attention.value)
    weight = torch.cat([part.weight * (scale if part is attention.query else 1) for part in parts])
    if attention.query.bias is None:
        return weight, None
    return weight, torch.cat([part.bias * (scale if part is attention.query else 1) for part in parts])


def position_bias(layer: Any, size: tuple[int, int]) -> Any:
    """Return the bias of relative positions, with -100 between tokens that only the shift brings into one window."""
    import torch

    attention, tokens = layer.attention.self, layer.window_size**2
    table = attention.relative_position_bias_table[attention.relative_position_index.view(-1)]
    bias = table.view(tokens, tokens, -1).permute(2, 0, 1)[None]
    apart = layer.get_attn_mask(*size, dtype=torch.float32, device="cpu")
    return (bias if apart is None else bias + apart[:, None]).contiguous()


def run_block(x: Any, block: Block) -> Any:
    """Run a block on ``(sounds, tokens, width)``; return the same shape."""
    from torch.nn import functional

    layer, (sounds, tokens, width) = block.layer, x.shape
    # Every block needs its own copy: the code below adds to it in place.
    x = (x.clone() if block.order is None else x.index_select(1, block.order)).view(-1, width)
    heads, inside = block.bias.shape[1], block.bias.shape[-1]
    qkv = functional.linear(layer.layernorm_before(x), *block.qkv).view(-1, inside, 3, heads, width // heads)
    queries, keys, values = qkv.permute(2, 0, 3, 1, 4)
    # A bias with one entry per window must be repeated for each of several sounds.
    bias = block.bias if len(block.bias) in (1, len(qkv)) else block.bias.repeat(sounds, 1, 1, 1)
    bias = bias.expand(len(qkv), -1, -1, -1)
    mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=1.0)
    add_dense(x, mixed.transpose(1, 2).reshape(-1, width), layer.attention.output.dense)
    for rows in x.split(DENSE_ROWS):
        add_dense(rows, layer.intermediate(layer.layernorm_after(rows)), layer.output.dense)
    return x.view(sounds, tokens, width)


def add_dense(x: Any, y: Any, dense: Any) -> None:
    """Add the output of a dense layer for ``y`` to ``x``, in place."""
    x.add_(dense.bias).addmm_(y, dense.weight.t())


def run_merge(x: Any, merge: Merge) -> Any:
    """Merge each four tokens into one, twice as wide."""
    x = x if merge.order is None else x.index_select(1, merge.order)
    return merge.layer.reduction(merge.layer.norm(x.view(len(x), x.shape[1] // 4, -1)))
