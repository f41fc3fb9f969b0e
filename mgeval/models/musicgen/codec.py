"""EnCodec's decoder for several clips at once.

A third of its time goes into an LSTM that reads the same weights again for every frame: here the clips
run together, padded to a number of rows for which kernels give the same results. Convolutions cost the same for
each clip and sum in an order that depends on the batch: here each channel of a clip runs on its own. So a clip's
samples do not depend on the other clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgeval.models.musicgen.convolutions import make_upsampler
from mgeval.models.musicgen.devices import without_gradients
from mgeval.models.musicgen.matmul import consistent_row_counts, product

TOGETHER = 8
"""Most clips in one call."""


class CodecDecoder:
    """Decodes codes into samples with the weights of an EnCodec.

    Parameters
    ----------
    codec : transformers.EncodecModel
        Provides the quantizer and the decoder.
    channels : int
        1 or 2: channels of a clip.
    """

    @without_gradients
    def __init__(self, codec: Any, channels: int) -> None:
        self.quantizer, self.channels = codec.quantizer, channels
        self.first, recurrent, *rest = codec.decoder.layers
        self.upsample, lstm = make_upsampler(rest, codec.config), recurrent.lstm
        names = [f"l{layer}" for layer in range(lstm.num_layers)]
        # An LSTM whose weights are all zero returns zeros: only the skip connection remains.
        self.has_lstm = any(bool(weight.any()) for weight in lstm.parameters())
        self.steps = [product(getattr(lstm, f"weight_hh_{name}").detach()) for name in names]
        self.inputs = [product(getattr(lstm, f"weight_ih_{name}").detach()) for name in names]
        self.biases = [getattr(lstm, f"bias_ih_{name}") + getattr(lstm, f"bias_hh_{name}") for name in names]
        products = [(step, lstm.hidden_size) for step in self.steps]
        self.counts = consistent_row_counts(products, TOGETHER * channels, self.biases[0])

    @without_gradients
    def decode(self, clips: Sequence[Any]) -> list[Any]:
        """Return each clip's samples, ``(channels, time)``.

        Parameters
        ----------
        clips : sequence of torch.Tensor
            Codes ``(codebooks, frames)``, at most `TOGETHER`, all of the same length; in stereo even rows are
            left and odd rows right.
        """
        import torch

        hidden = [self.first(self.quantizer.decode(self._sides(codes).transpose(0, 1))) for codes in clips]
        hidden = torch.stack(hidden).permute(3, 0, 1, 2)
        if self.has_lstm:
            hidden = self._run_lstm(hidden)
        return [torch.stack([self.upsample(side)[:, 0] for side in clip.unbind(1)]) for clip in hidden.unbind(1)]

    def _sides(self, codes: Any) -> Any:
        return codes.reshape(-1, self.channels, codes.shape[-1]).transpose(0, 1)

    def _run_lstm(self, x: Any) -> Any:
        """Run the LSTM with its skip connection over ``(frames, clips, sides, width)``."""
        import torch

        frames, clips, sides, width = x.shape
        rows = next(count for count in self.counts if count >= clips * sides)
        out = x
        for inputs, step, bias in zip(self.inputs, self.steps, self.biases, strict=True):
            # Clip by clip: the number of rows then depends on the clip alone.
            gates = [inputs(out[:, clip].reshape(-1, width)).view(frames, sides, -1) for clip in range(clips)]
            gates = torch.stack(gates, 1).reshape(frames, clips * sides, -1) + bias
            gates = torch.nn.functional.pad(gates, (0, 0, 0, rows - clips * sides))
            state, cell, states = gates.new_zeros(rows, width), gates.new_zeros(rows, width), []
            for gate in gates:
                enter, forget, new, leave = (gate + step(state)).chunk(4, -1)
                cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
                state = torch.sigmoid(leave) * torch.tanh(cell)
                states.append(state)
            out = torch.stack(states)[:, : clips * sides].view(x.shape)
        return out + x
