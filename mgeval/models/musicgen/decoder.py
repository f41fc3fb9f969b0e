"""MusicGen's decoder on its own path: the weights of transformers' module, a static cache, one step at a time.

A row is one sequence of the batch. Rows come in this order: those with a text first, then the
unguided twins, which have no text at all (transformers gives them states of zeros, and attention over
zeros adds nothing), then rows that only fill up to a number which every kernel treats alike.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from mgeval.models.musicgen.devices import free_memory
from mgeval.models.musicgen.matmul import activations, product


class Cache:
    """Keys and values of every row and layer, for the sequence so far and for its text.

    Attributes
    ----------
    keys, values : torch.Tensor
        ``(layers, rows, heads, length, head size)``.
    text_keys, text_values : torch.Tensor
        ``(layers, slots, heads, words, head size)``; zeros where a row has no text.
    text_mask : torch.Tensor
        ``(slots, 1, 1, words)``, added to the scores: 0 on words, minus infinity on padding.
    """

    def __init__(self, decoder: Decoder, rows: int, slots: int, length: int, words: int) -> None:
        import torch

        def zeros(*shape: int) -> Any:
            return torch.zeros(shape, device=decoder.table.device, dtype=decoder.dtype)

        own = len(decoder.layers), rows, decoder.heads, decoder.whole(length), decoder.size
        text = len(decoder.layers), slots, decoder.heads, decoder.whole(words), decoder.size
        need = 2 * decoder.dtype.itemsize * (math.prod(own) + math.prod(text))
        if decoder.table.device.type == "cpu" and need > (free := free_memory()):
            raise MemoryError(f"the cache of {slots} clips takes {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")
        self.keys, self.values = zeros(*own), zeros(*own)
        self.text_keys, self.text_values = zeros(*text), zeros(*text)
        self.text_mask = zeros(slots, 1, 1, text[3])

    def read_text(self, slot: int, text: tuple[Any, Any] | None) -> None:
        """Give a slot its text's keys and values, from `Decoder.read_text`; None is no text."""
        self.text_keys[:, slot], self.text_values[:, slot], self.text_mask[slot] = 0, 0, 0
        if text is not None:
            words = text[0].shape[2]
            self.text_keys[:, slot, :, :words], self.text_values[:, slot, :, :words] = text
            self.text_mask[slot, ..., words:] = -math.inf

    def move_row(self, source: int, target: int, length: int) -> None:
        """Copy the first ``length`` steps of a row over another."""
        for tensor in (self.keys, self.values):
            tensor[:, target, :, :length] = tensor[:, source, :, :length]

    def move_text(self, source: int, target: int) -> None:
        """Copy a slot's text over another's."""
        for tensor in (self.text_keys, self.text_values):
            tensor[:, target] = tensor[:, source]
        self.text_mask[target] = self.text_mask[source]


class Decoder:
    """The decoder's weights, and a step with them.

    Parameters
    ----------
    module : transformers.MusicgenForCausalLM
        Whose weights are read.
    projection : torch.nn.Linear or None
        From the text encoder's states to the decoder's width.

    Attributes
    ----------
    codebooks, codes : int
        Rows of the codes, and how many codes there are; the next one, ``codes``, stands for none.
    chunk : int
        Attention runs over multiples of this many steps or words. Longer padding then changes no bit of
        a row: it only adds zeros after the row's own numbers, in groups that stay as they were.
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
            self.norm = _norm(inner.layer_norm, self.dtype)
            self.predict = product(torch.cat([head.weight for head in module.lm_heads]))
        self.sinusoids = inner.embed_positions
        self.places = self._places(config.max_position_embeddings)

    def _layer(self, layer: Any) -> SimpleNamespace:
        import torch

        own, text = layer.self_attn, layer.encoder_attn
        return SimpleNamespace(
            norm=_norm(layer.self_attn_layer_norm, self.dtype),
            qkv=product(torch.cat([own.q_proj.weight, own.k_proj.weight, own.v_proj.weight])),
            out=product(own.out_proj.weight),
            text_norm=_norm(layer.encoder_attn_layer_norm, self.dtype),
            text_q=product(text.q_proj.weight),
            text_kv=product(torch.cat([text.k_proj.weight, text.v_proj.weight])),
            text_out=product(text.out_proj.weight),
            last_norm=_norm(layer.final_layer_norm, self.dtype),
            rise=product(layer.fc1.weight),
            fall=product(layer.fc2.weight),
            inner=layer.fc1.weight.shape[0],
        )

    def products(self) -> list[tuple[Any, int]]:
        """Return the products of a step that differ in shape, each with the length of its rows."""
        layer, width = self.layers[0], self.width
        kinds = [(layer.qkv, width), (layer.out, width), (layer.rise, width), (layer.fall, layer.inner)]
        return [*kinds, (self.predict, width)]

    def whole(self, length: int) -> int:
        """Round a number of steps or words up to whole chunks."""
        return max(-(-length // self.chunk), 1) * self.chunk

    def _places(self, length: int) -> Any:
        table = self.sinusoids.get_embedding(length, self.width)
        return table.to(device=self.table.device, dtype=self.sinusoids.weights.dtype).to(self.dtype)

    def reach(self, length: int) -> None:
        """Make sure that positions up to ``length`` have their embedding."""
        if length > len(self.places):
            self.places = self._places(length)

    def read_text(self, states: Any) -> tuple[Any, Any]:
        """Return a text's keys and values, each ``(layers, heads, words, head size)``."""
        import torch

        if self.projection is not None:
            states = self.projection(states)
        states = states.to(self.dtype)
        both = torch.stack([layer.text_kv(states).view(-1, 2, self.heads, self.size) for layer in self.layers])
        keys, values = both.permute(2, 0, 3, 1, 4)
        return keys, values

    def step(self, codes: Any, positions: Any, cache: Cache, first: int, texts: int, padded: int, length: int) -> Any:
        """Put one column of codes after each row's sequence and predict the next.

        Parameters
        ----------
        codes : torch.Tensor
            ``(rows, codebooks)``.
        positions : torch.Tensor
            ``(rows,)``: where in its sequence each row stands.
        cache : Cache
            Rows ``first`` to ``first + rows`` of it are these.
        first, texts, padded : int
            The first row's place; how many rows have a text, and that number padded.
        length : int
            Attention goes over this much of the cache, a multiple of the chunk.

        Returns
        -------
        torch.Tensor
            Logits ``(rows, codebooks, codes)``, float32.
        """
        import torch

        rows, last = len(codes), first + len(codes)
        x = self.table[codes + self.offsets].sum(1) + self.places[positions]
        places = torch.arange(first, last, device=x.device)
        future = torch.arange(length, device=x.device) > positions[:, None]
        mask = torch.zeros(rows, length, dtype=x.dtype, device=x.device).masked_fill_(future, -math.inf)[:, None, None]
        words = slice(first, first + texts)
        for index, layer in enumerate(self.layers):
            q, k, v = layer.qkv(layer.norm(x)).view(rows, 3, self.heads, self.size).unbind(1)
            keys, values = cache.keys[index], cache.values[index]
            keys[places, :, positions], values[places, :, positions] = k, v
            x = x + layer.out(self._attend(q, keys[first:last, :, :length], values[first:last, :, :length], mask))
            q = layer.text_q(layer.text_norm(x[:padded]))
            heads = q[:texts].view(texts, self.heads, self.size)
            # The padding rows go through the product as they are; what comes out of them is dropped.
            q[:texts] = self._attend(
                heads, cache.text_keys[index, words], cache.text_values[index, words], cache.text_mask[words]
            )
            x[:texts] += layer.text_out(q)[:texts]
            x = x + layer.fall(self.activate(layer.rise(layer.last_norm(x))))
        return self.predict(self.norm(x)).float().view(rows, self.codebooks, self.codes)

    def _attend(self, q: Any, keys: Any, values: Any, mask: Any) -> Any:
        """Attend with one query per row and head: ``(rows, heads, head size)`` to ``(rows, width)``."""
        import torch

        # Plain products: torch's fused attention sums in an order that depends on the other rows.
        scores = torch.matmul(q.unsqueeze(2) * self.size**-0.5, keys.transpose(2, 3)) + mask
        weights = torch.softmax(scores, -1, dtype=torch.float32).to(values.dtype)
        return torch.matmul(weights, values).reshape(len(q), self.width)

    def prefill(self, codes: Any, cache: Cache, slot: int, twin: int | None) -> None:
        """Put a known beginning into the cache, in one pass.

        Parameters
        ----------
        codes : torch.Tensor
            ``(codebooks, columns)``.
        cache : Cache
            Filled from the first position on.
        slot : int
            The row that has the text.
        twin : int or None
            Its unguided row.
        """
        import torch

        columns, places = codes.shape[1], [slot] if twin is None else [slot, twin]
        shape = len(places), columns, self.heads, self.size
        x = self.table[codes.T + self.offsets].sum(1) + self.places[:columns]
        x = x.repeat(len(places), 1)
        for index, layer in enumerate(self.layers):
            q, k, v = (
                part.transpose(1, 2) for part in layer.qkv(layer.norm(x)).view(*shape[:2], 3, *shape[2:]).unbind(2)
            )
            cache.keys[index, places, :, :columns], cache.values[index, places, :, :columns] = k, v
            seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + layer.out(seen.transpose(1, 2).reshape(-1, self.width))
            q = layer.text_q(layer.text_norm(x[:columns])).view(1, columns, self.heads, self.size).transpose(1, 2)
            seen = torch.nn.functional.scaled_dot_product_attention(
                q, cache.text_keys[index, [slot]], cache.text_values[index, [slot]], cache.text_mask[[slot]]
            )
            x[:columns] += layer.text_out(seen.transpose(1, 2).reshape(-1, self.width))
            x = x + layer.fall(self.activate(layer.rise(layer.last_norm(x))))


def _norm(module: Any, dtype: Any) -> Any:
    import torch

    weight, bias = module.weight.detach().to(dtype), module.bias.detach().to(dtype)
    return lambda x: torch.nn.functional.layer_norm(x, weight.shape, weight, bias, module.eps)
