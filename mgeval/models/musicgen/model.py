"""MusicGen, mono or stereo, of any size: texts on the decoding engine, melodies on transformers' own `generate`."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import threading
import time
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.hub import quiet_transformers
from mgeval.models.base import Generated, Model, Request, no_codes
from mgeval.models.musicgen.checkpoint import find_checkpoint
from mgeval.models.musicgen.clip import Clip, no_record
from mgeval.models.musicgen.codec import TOGETHER, CodecDecoder
from mgeval.models.musicgen.devices import free_memory, seeded_generators, pick_device, pick_dtype, without_gradients
from mgeval.models.musicgen.draw import GREEDY_BELOW, RECORDED
from mgeval.models.musicgen.engine import Engine, Watch
from mgeval.models.musicgen.loading import load_network
from mgeval.models.musicgen.melody import ChromaSettings, chroma, read_settings
from mgeval.models.sampling import FRAME_RATE, Sampling

TRAINED_FRAMES = 30 * FRAME_RATE
"""Frames of the clips that every published MusicGen was trained on: 30 s."""

LONGEST_PROMPT = 1024
"""Tokens of a prompt at most, twice what the text encoders were trained on: each costs memory in every slot."""

ONE_AT_A_TIME = threading.Lock()
"""Torch's generators and a network's `decode` are shared: two clips in two threads must not meet there."""


def load_musicgen(
    name: str, device: str | None = None, dtype: str | None = None, revision: str | None = None
) -> MusicGen:
    """Load a MusicGen checkpoint that transformers knows: mono, stereo or melody, of any size.

    Parameters
    ----------
    name : str
        A local folder, or a hub id such as ``facebook/musicgen-stereo-small``. A hub id is taken
        from the local cache; what is not there is downloaded, after its size went to stderr.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``; by default the best that is there.
    dtype : {'float32', 'bfloat16', 'float16'}, optional
        Of the text encoder and the decoder; the codec computes in float32. By default bfloat16 on a
        CUDA device that has it, float32 elsewhere, whatever the checkpoint was stored in.
    revision : str, optional
        Branch, tag or commit on the hub; of a local folder, the revision that it must have.

    Returns
    -------
    MusicGen

    Raises
    ------
    ModelError
        No such checkpoint, not MusicGen, damaged or incomplete, no network, no such device.
    """
    import torch

    place = pick_device(device)
    number = pick_dtype(dtype, place)
    checkpoint = find_checkpoint(name, revision)
    network, tokenizer = load_network(checkpoint, torch.device(place), getattr(torch, number))
    melody = read_settings(checkpoint.folder) if checkpoint.config["model_type"] == "musicgen_melody" else None
    return MusicGen(name, checkpoint.revision, network, tokenizer, place, number, melody)


@without_gradients
def text_states(network: Any, tokenizer: Any, prompt: str) -> Any:
    """Return the text encoder's states, ``(words, width)``, or None for no prompt."""
    if prompt == "":
        return None
    text = tokenizer([prompt], return_tensors="pt").to(network.device)
    return network.text_encoder(text.input_ids, attention_mask=text.attention_mask).last_hidden_state[0]


class MusicGen(Model):
    """A MusicGen checkpoint; `load_musicgen` makes one.

    A clip depends on its request alone, not on what else is made or in which order: to the bit on a
    processor, not tried on a GPU. Its random stream is keyed by seed and prompt. The empty prompt
    generates unconditionally, as in audiocraft: the text states are zeros under a mask of zeros, so
    guidance has nothing to pull towards, unless there is a melody.

    An audio prompt is converted to the checkpoint's rate and channels (mono is duplicated, stereo
    averaged), encoded, and stands unchanged at the beginning of the clip's codes; the duration
    counts it.

    A prompt has at most `LONGEST_PROMPT` tokens of the checkpoint's text encoder; a longer one is its
    clip's own error.

    A clip longer than `window` is made in windows, as in audiocraft: the last
    ``window - extend_stride`` seconds of codes become the prompt of the next window. Codes are
    never decoded and encoded again; the whole clip is decoded once. A melody goes on along with the
    window, from its beginning again where it ends.

    Attributes
    ----------
    codebooks : int
        Rows of a clip's codes; 4 mono, 8 stereo (even rows left, odd rows right).
    channels : int
        1 or 2.
    window : int
        Frames that are generated in one go: 1500, the 30 s that the models were trained on. It decides
        codes and is in no clip's key, so it cannot be set.
    """

    def __init__(
        self, name: str, revision: str, network: Any, tokenizer: Any, device: str, dtype: str,
        melody: ChromaSettings | None = None,
    ) -> None:  # fmt: skip
        from transformers import GenerationConfig

        self.name, self.revision, self.device, self.dtype = name, revision, device, dtype
        self.network, self.tokenizer, self.melody = network, tokenizer, melody
        self.rate = network.config.audio_encoder.sampling_rate
        self.codebooks = network.config.decoder.num_codebooks
        self.channels = network.config.decoder.audio_channels
        pad = network.config.decoder.pad_token_id
        self._tokens = {"pad_token_id": pad, "bos_token_id": pad, "decoder_start_token_id": pad}
        # generate() completes what a call leaves open from here: a checkpoint's own top_k, guidance or
        # penalties must not reach a clip whose settings say otherwise.
        network.generation_config = GenerationConfig(**self._tokens)

    @property
    def threads(self) -> int:
        """Torch's threads on a processor, 0 elsewhere."""
        import torch

        return torch.get_num_threads() if self.device == "cpu" else 0

    def __reduce__(self) -> tuple:
        from mgeval.models import load_model

        # Another process loads it anew, on its own device of that kind: it may see another number of them.
        how = self.name, self.device.partition(":")[0], self.dtype, self.revision
        # An engine that nobody has asked for yet has its usual slots there too.
        return load_model, how, {"slots": self.engine.slots} if "engine" in vars(self) else None

    def __setstate__(self, state: dict[str, int]) -> None:
        self.engine.slots = state["slots"]

    @property
    def window(self) -> int:
        """Frames that are generated in one go."""
        return TRAINED_FRAMES

    @property
    def max_duration(self) -> float:
        """Seconds that are generated in one go; longer clips are made in windows."""
        return self.window / FRAME_RATE

    def stream(
        self, requests: Sequence[Request], watch: Watch | None = None
    ) -> Iterator[tuple[int, Generated | Exception]]:
        """Yield each clip as soon as it is done; see `Model.stream`.

        Parameters
        ----------
        requests : sequence of Request
            Clips that are not alike in anything may be made together.
        watch : callable, optional
            Called between steps with the seconds of audio made so far and those to be made. If it
            returns something true, nothing more is made; what is finished has been yielded. Melody
            checkpoints make clip after clip, and call it before each.
        """
        if self.melody is None:
            yield from self._stream_together(requests, watch)
            return
        made, total = 0.0, sum(request.sampling.duration for request in requests)
        for index, request in enumerate(requests):
            if watch and watch(made, total):
                return
            try:
                result: Generated | Exception = self._make(request)
            except Exception as error:
                result = error
            made += request.sampling.duration
            yield index, result

    @functools.cached_property
    def engine(self) -> Engine:
        """What decodes the clips of a checkpoint without melodies; set its `slots` to change how many at once."""
        # Not a bound method: model and engine would keep one another alive.
        return Engine(self.network, functools.partial(text_states, self.network, self.tokenizer))

    def _stream_together(self, requests: Sequence[Request], watch: Watch | None) -> Iterator:
        clips: dict[Clip, int] = {}
        failed: list[tuple[int, Exception]] = []
        free = free_memory() if self.device == "cpu" else math.inf
        for index, request in enumerate(requests):
            try:
                if request.melody is not None:
                    raise ModelError(f"{self.name} takes no melody; facebook/musicgen-stereo-melody does")
                need = self._samples_need(request.sampling)
                if need > free:
                    raise ModelError(
                        f"the samples of {request.sampling.duration:g} s take {need / 1e9:.1f} GB to decode, "
                        f"{free / 1e9:.1f} GB are free: make a shorter clip"
                    )
                words = self._text(request.prompt).input_ids.shape[1]
                begun = functools.partial(self._beginning, request)
                clips[Clip(request.prompt, request.sampling, begun, words)] = index
            except Exception as error:
                failed.append((index, error))
        self.engine.window = self.window
        for finished, error in self.engine.decode(list(clips), watch):
            if error:
                yield clips[finished[0]], error
                continue
            for together in alike(finished):
                for clip, result in zip(together, self._finished(together), strict=True):
                    yield clips[clip], result
                    # The stream may be long; what was handed over is not kept.
                    clip.codes, clip.record = no_codes(), no_record()
        yield from failed

    def _samples_need(self, sampling: Sampling) -> float:
        """Return the bytes that the codec takes for a clip's samples, told before hours of decoding are lost.

        Sides come one after the other; a residual block of the last layers has its input, that input with its
        ends continued and its output, float32, in memory at once.
        """
        width = self.network.config.audio_encoder.num_filters
        return 3 * 4 * width * self.rate * sampling.duration

    def _finished(self, clips: Sequence[Clip]) -> list[Generated | Exception]:
        start = time.perf_counter()
        try:
            audios = self._decode([clip.codes for clip in clips])
        except Exception as error:
            return [error] if len(clips) == 1 else [self._finished([clip])[0] for clip in clips]
        share = (time.perf_counter() - start) / len(clips)
        return [
            Generated(
                audio, clip.codes, clip.seconds + share, dict(zip(RECORDED, clip.record, strict=True)),
                tuple(clip.seams), clip.slots, clip.halved, clip.started,
            )
            for clip, audio in zip(clips, audios, strict=True)
        ]  # fmt: skip

    def _text(self, prompt: str) -> Any:
        text = self.tokenizer([prompt], return_tensors="pt")
        words = text.input_ids.shape[1]
        if words > LONGEST_PROMPT:
            raise ModelError(f"the prompt has {words} tokens, at most {LONGEST_PROMPT} are taken: shorten it")
        return text.to(self.device)

    def encode(self, audio: Audio) -> np.ndarray:
        """Return a signal's codes in this model's order.

        Left and right are encoded apart, as two mono signals, and their codebooks interleaved.

        Parameters
        ----------
        audio : Audio
            Any rate and channel count; converted.

        Returns
        -------
        numpy.ndarray
            int16 ``(codebooks, frames)``, a frame for every 20 ms begun.
        """
        import torch

        sides = audio.resample(self.rate)
        sides = (
            sides.mono().samples if self.channels == 1 else np.broadcast_to(sides.samples, (2, sides.samples.shape[1]))
        )
        with torch.inference_mode():
            waves = torch.tensor(sides[:, None], device=self.device)
            codes = self.network.audio_encoder.encode(waves).audio_codes
        # (1, sides, codebooks of a side, frames): the side varies fastest in the model's order.
        return codes[0].transpose(0, 1).reshape(self.codebooks, -1).to(torch.int16).cpu().numpy()

    def decode(self, codes: np.ndarray) -> Audio:
        """Return the signal that codes stand for.

        Parameters
        ----------
        codes : numpy.ndarray
            int ``(codebooks, frames)``; in a stereo model even rows are left and odd rows right.

        Returns
        -------
        Audio
            ``frames * rate / 50`` samples.
        """
        return self._decode([codes])[0]

    @functools.cached_property
    def _codec(self) -> CodecDecoder:
        return CodecDecoder(self.network.audio_encoder, self.channels)

    def _decode(self, clips: Sequence[np.ndarray]) -> list[Audio]:
        """Return the signals of clips of one length."""
        import torch

        codes = [torch.tensor(np.asarray(one, np.int64), device=self.device) for one in clips]
        return [Audio(samples.float().cpu().numpy(), self.rate) for samples in self._codec.decode(codes)]

    def _make(self, request: Request) -> Generated:
        started, start = time.time(), time.perf_counter()
        codes = self._codes(request)
        return Generated(self.decode(codes), codes, time.perf_counter() - start, started=started)

    def _codes(self, request: Request) -> np.ndarray:
        sampling, frames = request.sampling, request.sampling.frames
        codes = self._beginning(request)
        kept = max(self.window - round(sampling.extend_stride * FRAME_RATE), 1)
        with ONE_AT_A_TIME, seeded_generators(sampling.seed, request.prompt, self.device), quiet_transformers():
            while codes.shape[1] < frames:
                begin = 0 if codes.shape[1] < self.window else codes.shape[1] - kept
                end = min(begin + self.window, frames)
                new = self._continue(codes[:, begin:], end - begin, request, begin)
                codes = np.concatenate([codes[:, :begin], new], axis=1)
        return codes

    def _beginning(self, request: Request) -> np.ndarray:
        """Return the codes of a request's audio prompt, none if it has none."""
        if request.audio_prompt is None:
            return np.zeros((self.codebooks, 0), np.int16)
        codes = self.encode(request.audio_prompt)
        if codes.shape[1] >= request.sampling.frames:
            raise ModelError(
                f"the audio prompt lasts {codes.shape[1] / FRAME_RATE:g} s, the clip "
                f"{request.sampling.duration:g} s: the duration counts the prompt and must be longer"
            )
        return codes

    def _continue(self, prompt: np.ndarray, frames: int, request: Request, begin: int) -> np.ndarray:
        """Return ``frames`` frames of codes that start with ``prompt``, in one call of `generate`."""
        import torch

        delay = self.codebooks // self.channels - 1
        # Codebook pair k starts k steps late, so a clip takes `delay` steps more than it has frames. With
        # fewer than `delay` frames transformers leaves the delay out and the codes would be misread:
        # such a clip is cut from one of `delay` frames.
        steps = max(frames, delay)
        inputs = self._conditions(request, begin)
        if prompt.shape[1]:
            inputs["decoder_input_ids"] = torch.tensor(prompt.astype(np.int64), device=self.device)
        settings = self._settings(request, steps + delay - prompt.shape[1])
        with capture_codes(self.network.audio_encoder) as pieces:
            self.network.generate(**inputs, generation_config=settings)
        codes = torch.stack(pieces, dim=3)[0, 0].reshape(self.codebooks, -1)
        if codes.shape[1] != steps:
            raise RuntimeError(f"transformers made {codes.shape[1]} frames where {steps} were asked for")
        return codes[:, :frames].to(torch.int16).cpu().numpy()

    def _conditions(self, request: Request, begin: int) -> dict[str, Any]:
        import torch

        text = self._text(request.prompt)
        mask = text.attention_mask if request.prompt else torch.zeros_like(text.attention_mask)
        inputs = {"input_ids": text.input_ids, "attention_mask": mask}
        if request.melody is not None:
            features = chroma(request.melody, self.melody, begin / FRAME_RATE)
            inputs["input_features"] = torch.tensor(features[None], device=self.device, dtype=self.network.dtype)
        return inputs

    def _settings(self, request: Request, steps: int) -> Any:
        from transformers import GenerationConfig

        sampling: Sampling = request.sampling
        draw: dict[str, Any] = {"do_sample": False}
        if sampling.temperature >= GREEDY_BELOW:
            draw = {
                "do_sample": True,
                "temperature": sampling.temperature,
                "top_k": sampling.top_k,
                "top_p": sampling.top_p or 1.0,
            }
        guided = request.prompt != "" or request.melody is not None
        return GenerationConfig(
            max_new_tokens=steps,
            guidance_scale=sampling.guidance if guided else 1.0,
            num_beams=1,
            use_cache=True,
            **draw,
            **self._tokens,
        )


def alike(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Yield groups of clips that the codec can decode together: of one length, and not too many."""
    for _, group in itertools.groupby(clips, lambda clip: clip.codes.shape[1]):
        group = list(group)
        yield from (group[begin : begin + TOGETHER] for begin in range(0, len(group), TOGETHER))


@contextlib.contextmanager
def capture_codes(codec: Any) -> Iterator[list]:
    """Collect the codes that `generate` hands to its codec, in place of decoding them.

    `generate` returns audio only. A window's audio is of no use, the whole clip is decoded later.
    """
    pieces: list = []

    def keep(codes: Any, audio_scales: Any = None) -> Any:
        pieces.append(codes)
        return SimpleNamespace(audio_values=codes)

    codec.decode = keep
    try:
        yield pieces
    finally:
        del codec.decode
