"""MusicGen's decoder, reimplemented: the weights of transformers' module, a static cache, one step at a time.

A row is one sequence of the batch. The order of the rows: those with a text, then the unguided twins, which
have no text (transformers gives them states of zeros, and attention over zeros adds nothing), then padding
up to a number of rows for which all kernels give the same results.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from mgeval.models.musicgen.devices import free_memory
from mgeval.models.musicgen.matmul import activations, product


class Cache:
    """Keys and values of every row and layer, for the sequence so far and for the text.

    Attributes
    ----------
    keys, values : torch.Tensor
        ``(layers, rows, heads, length, head size)``.
    text_keys, text_values : torch.Tensor
        ``(layers, slots, heads, tokens, head size)``; zeros for a row without a text.
    text_mask : torch.Tensor
        ``(slots, 1, 1, tokens)``, added to the scores: 0 on tokens, minus infinity on padding.
    """

    def __init__(self, decoder: Decoder, rows: int, slots: int, length: int, tokens: int) -> None:
        import torch

        def zeros(*shape: int) -> Any:
            return torch.zeros(shape, device=decoder.table.device, dtype=decoder.dtype)

        music = len(decoder.layers), rows, decoder.heads, decoder.round_up(length), decoder.size
        text = len(decoder.layers), slots, decoder.heads, decoder.round_up(tokens), decoder.size
        need = 2 * decoder.dtype.itemsize * (math.prod(music) + math.prod(text))
        if decoder.table.device.type == "cpu" and need > (free := free_memory()):
            raise MemoryError(f"the cache of {slots} clips takes {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")
        self.keys, self.values = zeros(*music), zeros(*music)
        self.text_keys, self.text_values = zeros(*text), zeros(*text)
        self.text_mask = zeros(slots, 1, 1, text[3])

    def read_text(self, slot: int, text: tuple[Any, Any] | None) -> None:
        """Set the text of a slot from the keys and values of `Decoder.read_text`; None is no text."""
        self.text_keys[:, slot], self.text_values[:, slot], self.text_mask[slot] = 0, 0, 0
        if text is not None:
            tokens = text[0].shape[2]
            self.text_keys[:, slot, :, :tokens], self.text_values[:, slot, :, :tokens] = text
            self.text_mask[slot, ..., tokens:] = -math.inf

    def move_row(self, source: int, target: int, length: int) -> None:
        """Copy the first ``length`` steps of a row to another row."""
        for tensor in (self.keys, self.values):
            tensor[:, target, :, :length] = tensor[:, source, :, :length]

    def move_text(self, source: int, target: int) -> None:
        """Copy the text of a slot to another slot."""
        for tensor in (self.text_keys, self.text_values):
            tensor[:, target] = tensor[:, source]
        self.text_mask[target] = self.text_mask[source]


class Decoder:
    """The decoder's weights and its step.

    Parameters
    ----------
    module : transformers.MusicgenForCausalLM
        Provides the weights.
    projection : torch.nn.Linear or None
        From the text encoder's states to the decoder's width.

    Attributes
    ----------
    codebooks, codes : int
        Number of codebooks, and codes per codebook; the code ``codes`` is the padding.
    chunk : int
        Attention runs over multiples of this many steps or tokens. More padding then changes no bit of
        a row: it only adds zeros after the row's numbers, and the groups of the sum stay the same.
    """

    def __init__(self, module: Any, projection: Any) -> None:
        import torch
        from transformers.activations import ACT2FN

        config, inner = module.config, module.model.decoder
        first = inner.layers[0].fc1.weight
        self.dtype, self.projection = activations(first), projection
        self.codebooks, self.codes, self.heads = config.num_codebooks, config.vocab_size, config.num_attention_heads
        self.width, self.size = config.hidden_size, config.hidden_size // config.num_attention_heads
        self.chunk = 16 if self.size % 16 == 0 and self.size >= 32 else 64
        self.activate = ACT2FN[config.activation_function]
        with torch.inference_mode():
            self.table = torch.cat([embedding.weight for embedding in inner.embed_tokens]).to(self.dtype)
            self.offsets = torch.arange(self.codebooks, device=first.device) * (self.codes + 1)
            self.layers = [self._layer(layer) for layer in inner.layers]
            self.norm = _layer_norm(inner.layer_norm, self.dtype)
            self.predict = product(torch.cat([head.weight for head in module.lm_heads]))
        self.sinusoids = inner.embed_positions
        self.positions = self._embed_positions(config.max_position_embeddings)

    def _layer(self, layer: Any) -> SimpleNamespace:
        import torch

        music, text = layer.self_attn, layer.encoder_attn
        return SimpleNamespace(
            norm=_layer_norm(layer.self_attn_layer_norm, self.dtype),
            qkv=product(torch.cat([music.q_proj.weight, music.k_proj.weight, music.v_proj.weight])),
            out=product(music.out_proj.weight),
            text_norm=_layer_norm(layer.encoder_attn_layer_norm, self.dtype),
            text_q=product(text.q_proj.weight),
            text_kv=product(torch.cat([text.k_proj.weight, text.v_proj.weight])),
            text_out=product(text.out_proj.weight),
            last_norm=_layer_norm(layer.final_layer_norm, self.dtype),
            up=product(layer.fc1.weight),
            down=product(layer.fc2.weight),
            inner=layer.fc1.weight.shape[0],
        )

    def products(self) -> list[tuple[Any, int]]:
        """Return one product of each shape in a step, with its number of inputs."""
        layer, width = self.layers[0], self.width
        kinds = [(layer.qkv, width), (layer.out, width), (layer.up, width), (layer.down, layer.inner)]
        return [*kinds, (self.predict, width)]

    def round_up(self, length: int) -> int:
        """Round a number of steps or tokens up to a multiple of the chunk."""
        return max(-(-length // self.chunk), 1) * self.chunk

    def _embed_positions(self, length: int) -> Any:
        table = self.sinusoids.get_embedding(length, self.width)
        return table.to(device=self.table.device, dtype=self.sinusoids.weights.dtype).to(self.dtype)

    def extend_positions(self, length: int) -> None:
        """Ensure that positions up to ``length`` have an embedding."""
        if length > len(self.positions):
            self.positions = self._embed_positions(length)

    def read_text(self, states: Any) -> tuple[Any, Any]:
        """Return the keys and values of a text, each ``(layers, heads, tokens, head size)``."""
        import torch

        if self.projection is not None:
            states = self.projection(states)
        states = states.to(self.dtype)
        both = torch.stack([layer.text_kv(states).view(-1, 2, self.heads, self.size) for layer in self.layers])
        keys, values = both.permute(2, 0, 3, 1, 4)
        return keys, values

    def step(self, codes: Any, positions: Any, cache: Cache, first: int, texts: int, padded: int, length: int) -> Any:
        """Append one column of codes to each row's sequence and predict the next one.

        Parameters
        ----------
        codes : torch.Tensor
            ``(rows, codebooks)``.
        positions : torch.Tensor
            ``(rows,)``: the position of the column in each row's sequence.
        cache : Cache
            Its rows ``first`` to ``first + rows`` are used.
        first, texts, padded : int
            The first row; the number of rows with a text; and that number padded.
        length : int
            Attention runs over this many steps of the cache, a multiple of the chunk.

        Returns
        -------
        torch.Tensor
            Logits ``(rows, codebooks, codes)``, float32.
        """
        import torch

        rows, last = len(codes), first + len(codes)
        x = self.table[codes + self.offsets].sum(1) + self.positions[positions]
        cache_rows = torch.arange(first, last, device=x.device)
        future = torch.arange(length, device=x.device) > positions[:, None]
        mask = torch.zeros(rows, length, dtype=x.dtype, device=x.device).masked_fill_(future, -math.inf)[:, None, None]
        slots = slice(first, first + texts)
        for index, layer in enumerate(self.layers):
            q, k, v = layer.qkv(layer.norm(x)).view(rows, 3, self.heads, self.size).unbind(1)
            keys, values = cache.keys[index], cache.values[index]
            keys[cache_rows, :, positions], values[cache_rows, :, positions] = k, v
            x = x + layer.out(self._attend(q, keys[first:last, :, :length], values[first:last, :, :length], mask))
            q = layer.text_q(layer.text_norm(x[:padded]))
            heads = q[:texts].view(texts, self.heads, self.size)
            # The padding rows go through the product unchanged; their results are dropped.
            q[:texts] = self._attend(
                heads, cache.text_keys[index, slots], cache.text_values[index, slots], cache.text_mask[slots]
            )
            x[:texts] += layer.text_out(q)[:texts]
            x = x + layer.down(self.activate(layer.up(layer.last_norm(x))))
        return self.predict(self.norm(x)).float().view(rows, self.codebooks, self.codes)

    def _attend(self, q: Any, keys: Any, values: Any, mask: Any) -> Any:
        """Compute attention of one query per row and head: ``(rows, heads, head size)`` to ``(rows, width)``."""
        import torch

        # Plain products: torch's fused attention sums in an order that depends on the other rows.
        scores = torch.matmul(q.unsqueeze(2) * self.size**-0.5, keys.transpose(2, 3)) + mask
        weights = torch.softmax(scores, -1, dtype=torch.float32).to(values.dtype)
        return torch.matmul(weights, values).reshape(len(q), self.width)

    def prefill(self, codes: Any, cache: Cache, slot: int, twin: int | None) -> None:
        """Fill the cache with known codes, in one pass.

        Parameters
        ----------
        codes : torch.Tensor
            ``(codebooks, columns)``.
        cache : Cache
            Filled from the first position on.
        slot : int
            The row with the text.
        twin : int or None
            The row of its unguided twin.
        """
        import torch

        columns, rows = codes.shape[1], [slot] if twin is None else [slot, twin]
        shape = len(rows), columns, self.heads, self.size
        x = self.table[codes.T + self.offsets].sum(1) + self.positions[:columns]
        x = x.repeat(len(rows), 1)
        for index, layer in enumerate(self.layers):
            q, k, v = (
                part.transpose(1, 2) for part in layer.qkv(layer.norm(x)).view(*shape[:2], 3, *shape[2:]).unbind(2)
            )
            cache.keys[index, rows, :, :columns], cache.values[index, rows, :, :columns] = k, v
            attended = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + layer.out(attended.transpose(1, 2).reshape(-1, self.width))
            q = layer.text_q(layer.text_norm(x[:columns])).view(1, columns, self.heads, self.size).transpose(1, 2)
            attended = torch.nn.functional.scaled_dot_product_attention(
                q, cache.text_keys[index, [slot]], cache.text_values[index, [slot]], cache.text_mask[[slot]]
            )
            x[:columns] += layer.text_out(attended.transpose(1, 2).reshape(-1, self.width))
            x = x + layer.down(self.activate(layer.up(layer.last_norm(x))))


def _layer_norm(module: Any, dtype: Any) -> Any:
    import torch

    weight, bias = module.weight.detach().to(dtype), module.bias.detach().to(dtype)
    return lambda x: torch.nn.functional.layer_norm(x, weight.shape, weight, bias, module.eps)
