"""MusicGen, mono or stereo, of any size: texts with the decoding engine, melodies with transformers' `generate`."""

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
from mgeval.models.musicgen.devices import free_memory, pick_device, pick_dtype, seeded_generators, without_gradients
from mgeval.models.musicgen.draw import GREEDY_BELOW, RECORDED
from mgeval.models.musicgen.engine import Engine, Watch
from mgeval.models.musicgen.loading import load_network
from mgeval.models.musicgen.melody import ChromaSettings, chroma, read_settings
from mgeval.models.sampling import FRAME_RATE, Sampling

TRAINED_FRAMES = 30 * FRAME_RATE
"""Frames of the training clips of all published MusicGens: 30 s."""

LONGEST_PROMPT = 1024
"""Most tokens of a prompt, twice the training length of the text encoders: each token takes memory in every slot."""

GENERATE_LOCK = threading.Lock()
"""Torch's generators and a network's `decode` are shared: only one thread at a time may use them."""


def load_musicgen(
    name: str, device: str | None = None, dtype: str | None = None, revision: str | None = None
) -> MusicGen:
    """Load a MusicGen checkpoint in transformers' format: mono, stereo or melody, of any size.

    Parameters
    ----------
    name : str
        A local folder, or a hub id such as ``facebook/musicgen-stereo-small``. The files of a hub id come
        from the local cache, or are downloaded after their size is printed to stderr.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``; by default the best available.
    dtype : {'float32', 'bfloat16', 'float16'}, optional
        Number format of the text encoder and the decoder; the codec computes in float32. By default bfloat16 on a
        CUDA device that supports it, float32 elsewhere, whatever the format of the file.
    revision : str, optional
        Branch, tag or commit on the hub; for a local folder, its expected revision.

    Returns
    -------
    MusicGen

    Raises
    ------
    ModelError
        The checkpoint or device does not exist, the checkpoint is not a MusicGen, damaged or incomplete, or the hub
        is unreachable.
    """
    import torch

    device = pick_device(device)
    dtype = pick_dtype(dtype, device)
    checkpoint = find_checkpoint(name, revision)
    network, tokenizer = load_network(checkpoint, torch.device(device), getattr(torch, dtype))
    melody = read_settings(checkpoint.folder) if checkpoint.config["model_type"] == "musicgen_melody" else None
    return MusicGen(name, checkpoint.revision, network, tokenizer, device, dtype, melody)


@without_gradients
def text_states(network: Any, tokenizer: Any, prompt: str) -> Any:
    """Return the text encoder's states of a prompt, ``(tokens, width)``; None for the empty prompt."""
    if prompt == "":
        return None
    text = tokenizer([prompt], return_tensors="pt").to(network.device)
    return network.text_encoder(text.input_ids, attention_mask=text.attention_mask).last_hidden_state[0]


class MusicGen(Model):
    """A loaded MusicGen checkpoint; see `load_musicgen`.

    A clip depends on its request alone, not on other requests or their order: to the bit on a CPU, untested on
    a GPU. Its random stream is keyed by seed and prompt. The empty prompt
    generates unconditionally, as in audiocraft: the text states are zeros under a mask of zeros, so
    guidance has no effect unless there is a melody.

    An audio prompt is converted to the checkpoint's rate and channels (mono is duplicated, stereo
    averaged), encoded, and becomes the beginning of the clip's codes, unchanged; the duration
    includes it.

    A prompt has at most `LONGEST_PROMPT` tokens of the checkpoint's text encoder; a longer one is an error
    of its clip alone.

    A clip longer than `window` is generated in windows, as in audiocraft: the last
    ``window - extend_stride`` seconds of codes become the prompt of the next window. Codes are
    never decoded and encoded again; the whole clip is decoded once. A melody advances with the
    window, and repeats from its beginning.

    Attributes
    ----------
    codebooks : int
        Rows of a clip's codes: 4 for mono, 8 for stereo (even rows left, odd rows right).
    channels : int
        1 or 2.
    window : int
        Frames of one window: 1500, the 30 s of the training clips. It affects the codes but is not part of the
        clip key, so it cannot be set.
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
        # generate() takes its defaults from here: a checkpoint's top_k, guidance or penalties must not
        # override the settings of a clip.
        network.generation_config = GenerationConfig(**self._tokens)

    @property
    def threads(self) -> int:  # type: ignore[override, unused-ignore]
        """Torch's threads on a CPU, 0 elsewhere."""
        import torch

        return torch.get_num_threads() if self.device == "cpu" else 0

    def __reduce__(self) -> tuple:
        from mgeval.models import load_model

        # Another process reloads the model on its own device of that type: it may have another number of devices.
        arguments = self.name, self.device.partition(":")[0], self.dtype, self.revision
        # An engine that does not exist yet gets the default number of slots there too.
        return load_model, arguments, {"slots": self.engine.slots} if "engine" in vars(self) else None

    def __setstate__(self, state: dict[str, int]) -> None:
        self.engine.slots = state["slots"]

    @property
    def window(self) -> int:
        """Frames of one window."""
        return TRAINED_FRAMES

    @property
    def max_duration(self) -> float:
        """Seconds of one window; longer clips are generated in several windows."""
        return self.window / FRAME_RATE

    def stream(
        self, requests: Sequence[Request], watch: Watch | None = None
    ) -> Iterator[tuple[int, Generated | Exception]]:
        """Yield each clip as soon as it is finished; see `Model.stream`.

        Parameters
        ----------
        requests : sequence of Request
            Clips with different settings can be generated together.
        watch : callable, optional
            Called between steps with the seconds of audio done and in total. A true return value
            stops the stream; finished clips have been yielded by then. Melody
            checkpoints generate one clip after another, and call it before each.
        """
        if self.melody is None:
            yield from self._stream_together(requests, watch)
            return
        done, total = 0.0, sum(request.sampling.duration for request in requests)
        for index, request in enumerate(requests):
            if watch and watch(done, total):
                return
            try:
                result: Generated | Exception = self._generate_with_melody(request)
            except Exception as error:
                result = error
            done += request.sampling.duration
            yield index, result

    @functools.cached_property
    def engine(self) -> Engine:
        """The engine of a checkpoint without melodies; its `slots` is the number of clips at once."""
        # Not a bound method: it would make a reference cycle of model and engine.
        return Engine(self.network, functools.partial(text_states, self.network, self.tokenizer))

    def _stream_together(self, requests: Sequence[Request], watch: Watch | None) -> Iterator:
        clips: dict[Clip, int] = {}
        failed: list[tuple[int, Exception]] = []
        free = free_memory() if self.device == "cpu" else math.inf
        for index, request in enumerate(requests):
            try:
                if request.melody is not None:
                    raise ModelError(f"{self.name} takes no melody; facebook/musicgen-stereo-melody does")
                need = self._codec_bytes(request.sampling)
                if need > free:
                    raise ModelError(
                        f"the samples of {request.sampling.duration:g} s take {need / 1e9:.1f} GB to decode, "
                        f"{free / 1e9:.1f} GB are free: make a shorter clip"
                    )
                tokens = self._tokenize(request.prompt).input_ids.shape[1]
                load_prefix = functools.partial(self._load_prefix, request)
                clips[Clip(request.prompt, request.sampling, load_prefix, tokens)] = index
            except Exception as error:
                failed.append((index, error))
        self.engine.window = self.window
        for finished, failure in self.engine.decode(list(clips), watch):
            if failure:
                yield clips[finished[0]], failure
                continue
            for batch in split_batches(finished):
                for clip, result in zip(batch, self._decode_clips(batch), strict=True):
                    yield clips[clip], result
                    # The stream may be long: free the memory of the clip.
                    clip.codes, clip.record = no_codes(), no_record()
        yield from failed

    def _codec_bytes(self, sampling: Sampling) -> float:
        """Return the bytes that the codec takes to decode a clip, so that it can fail before hours of generation.

        Channels are decoded one after the other; a residual block of the last layers has its input, its padded
        input and its output, float32, in memory at once.
        """
        width = self.network.config.audio_encoder.num_filters
        return 3 * 4 * width * self.rate * sampling.duration

    def _decode_clips(self, clips: Sequence[Clip]) -> list[Generated | Exception]:
        start = time.perf_counter()
        try:
            audios = self._decode([clip.codes for clip in clips])
        except Exception as error:
            return [error] if len(clips) == 1 else [self._decode_clips([clip])[0] for clip in clips]
        share = (time.perf_counter() - start) / len(clips)
        return [
            Generated(
                audio, clip.codes, clip.seconds + share, dict(zip(RECORDED, clip.record, strict=True)),
                tuple(clip.seams), clip.slots, clip.halved, clip.started,
            )
            for clip, audio in zip(clips, audios, strict=True)
        ]  # fmt: skip

    def _tokenize(self, prompt: str) -> Any:
        text = self.tokenizer([prompt], return_tensors="pt")
        tokens = text.input_ids.shape[1]
        if tokens > LONGEST_PROMPT:
            raise ModelError(f"a prompt can have at most {LONGEST_PROMPT} tokens, got {tokens}: shorten it")
        return text.to(self.device)

    def encode(self, audio: Audio) -> np.ndarray:
        """Encode a signal into codes, with the codebooks in this model's order.

        Left and right are encoded separately, as two mono signals, and their codebooks interleaved.

        Parameters
        ----------
        audio : Audio
            Of any rate and channel count; it is converted.

        Returns
        -------
        numpy.ndarray
            int16 ``(codebooks, frames)``, one frame per 20 ms, rounded up.
        """
        import torch

        audio = audio.resample(self.rate)
        if self.channels == 1:
            sides = audio.mono().samples
        else:
            sides = np.broadcast_to(audio.samples, (2, audio.samples.shape[1]))
        with torch.inference_mode():
            waves = torch.tensor(sides[:, None], device=self.device)
            codes = self.network.audio_encoder.encode(waves).audio_codes
        # (1, sides, codebooks of a side, frames): the side varies fastest in the model's order.
        return codes[0].transpose(0, 1).reshape(self.codebooks, -1).to(torch.int16).cpu().numpy()

    def decode(self, codes: np.ndarray) -> Audio:
        """Decode codes into a signal.

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
        """Decode clips of the same length."""
        import torch

        codes = [torch.tensor(np.asarray(clip, np.int64), device=self.device) for clip in clips]
        return [Audio(samples.float().cpu().numpy(), self.rate) for samples in self._codec.decode(codes)]

    def _generate_with_melody(self, request: Request) -> Generated:
        started, start = time.time(), time.perf_counter()
        codes = self._melody_codes(request)
        return Generated(self.decode(codes), codes, time.perf_counter() - start, started=started)

    def _melody_codes(self, request: Request) -> np.ndarray:
        sampling, frames = request.sampling, request.sampling.frames
        codes = self._load_prefix(request)
        overlap = max(self.window - round(sampling.extend_stride * FRAME_RATE), 1)
        with GENERATE_LOCK, seeded_generators(sampling.seed, request.prompt, self.device), quiet_transformers():
            while codes.shape[1] < frames:
                begin = 0 if codes.shape[1] < self.window else codes.shape[1] - overlap
                end = min(begin + self.window, frames)
                new = self._generate_window(codes[:, begin:], end - begin, request, begin)
                codes = np.concatenate([codes[:, :begin], new], axis=1)
        return codes

    def _load_prefix(self, request: Request) -> np.ndarray:
        """Return the codes of a request's audio prompt; without one, no frames."""
        if request.audio_prompt is None:
            return np.zeros((self.codebooks, 0), np.int16)
        codes = self.encode(request.audio_prompt)
        if codes.shape[1] >= request.sampling.frames:
            raise ModelError(
                f"the duration includes the audio prompt and must be longer: the prompt has "
                f"{codes.shape[1] / FRAME_RATE:g} s, the clip {request.sampling.duration:g} s"
            )
        return codes

    def _generate_window(self, prompt: np.ndarray, frames: int, request: Request, begin: int) -> np.ndarray:
        """Return ``frames`` frames of codes that begin with ``prompt``, from one call of `generate`."""
        import torch

        delay = self.codebooks // self.channels - 1
        # Codebook pair k starts k steps late, so a clip takes `delay` steps more than it has frames. With
        # fewer than `delay` frames transformers omits the delay and the codes would be misread:
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
            raise RuntimeError(f"expected {steps} frames from transformers, got {codes.shape[1]}")
        return codes[:, :frames].to(torch.int16).cpu().numpy()

    def _conditions(self, request: Request, begin: int) -> dict[str, Any]:
        import torch

        text = self._tokenize(request.prompt)
        mask = text.attention_mask if request.prompt else torch.zeros_like(text.attention_mask)
        inputs = {"input_ids": text.input_ids, "attention_mask": mask}
        if request.melody is not None:
            assert self.melody is not None, "only a melody checkpoint gets here"
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


def split_batches(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Yield groups of clips that the codec can decode together: of the same length, at most `TOGETHER`."""
    for _, group in itertools.groupby(clips, lambda clip: clip.codes.shape[1]):
        same_length = list(group)
        yield from (same_length[begin : begin + TOGETHER] for begin in range(0, len(same_length), TOGETHER))


@contextlib.contextmanager
def capture_codes(codec: Any) -> Iterator[list]:
    """Collect the codes that `generate` passes to its codec, instead of decoding them.

    `generate` returns only audio. The audio of a window is not needed: the whole clip is decoded later.
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
