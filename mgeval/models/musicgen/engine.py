"""The decoding engine: many clips of different settings at once, each as if it were alone.

A fixed number of slots decode together. Each slot has its own clip, settings, position and length, and
takes the next clip when its clip is finished. The codes of a clip do not depend on the other clips: each clip has its
own random numbers, the number of rows is always one for which the machine's kernels give the same results (found by
trial), and attention runs over whole chunks, so that padding changes no bit. Tests check this on a CPU; it is untested
on a GPU, whose kernels may sum another length in another order.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from mgeval.errors import ModelError
from mgeval.models.musicgen.batch import Batch, Resources, next_count
from mgeval.models.musicgen.clip import Clip
from mgeval.models.musicgen.decoder import Decoder
from mgeval.models.musicgen.devices import without_gradients
from mgeval.models.musicgen.draw import uniforms
from mgeval.models.musicgen.matmul import consistent_row_counts
from mgeval.models.sampling import FRAME_RATE

SLOTS = {"cuda": 64, "cpu": 16}
"""Clips that decode together by default. More help a CPU little: the cost of its products grows with the rows."""

SMALL, SMALL_SLOTS = 10_000_000, 32
"""A decoder with at most so many weights is dominated by overhead per step on a CPU, and gets so many slots.

More slots would delay the first clip.
"""

MOST_TEXTS = 64

Watch = Callable[[float, float], Any]
"""Called after every step with the seconds of audio done and in total; a true return value stops the run."""


class Engine:
    """Decodes clips with the weights of a MusicGen network.

    Parameters
    ----------
    network : transformers.MusicgenForConditionalGeneration
        Provides the decoder and the projection.
    states : callable
        Returns the text encoder's states of a prompt, ``(tokens, width)``, or None without a text.
    slots : int, optional
        Clips that decode together; by default `SLOTS` of the device, on a CPU `SMALL_SLOTS` for a small
        decoder. Neither this nor the number of clips changes a clip on a CPU; on a GPU this is untested.
    window : int
        Frames of one window.

    Attributes
    ----------
    slots : int
        Halved when memory runs out; can be set.
    lock : threading.RLock
        Held while the batch or the texts change, so that streams in two threads take turns.
    """

    @without_gradients
    def __init__(
        self, network: Any, states: Callable[[str], Any], slots: int | None = None, window: int = 30 * FRAME_RATE
    ) -> None:
        projection = getattr(network, "enc_to_dec_proj", None)
        self.decoder = Decoder(network.decoder, projection)
        self.states, self.window = states, window
        self.channels = network.config.decoder.audio_channels
        self.device = self.decoder.table.device
        self.counts: list[int] = [0]
        weights = sum(parameter.numel() for parameter in network.decoder.parameters())
        small = self.device.type == "cpu" and weights <= SMALL
        self.slots = slots or (SMALL_SLOTS if small else SLOTS.get(self.device.type, SLOTS["cpu"]))
        self.graphs = self.device.type == "cuda"
        self.lock = threading.RLock()
        self._texts: OrderedDict[str, Any] = OrderedDict()

    @functools.cached_property
    def stream(self) -> Any:
        """The CUDA stream on which all graphs are recorded: they share their temporary memory."""
        import torch

        return torch.cuda.Stream(self.device)

    @property
    def slots(self) -> int:
        """Most clips that decode together."""
        return self._slots

    @slots.setter
    @without_gradients
    def slots(self, count: int) -> None:
        if count < 1:
            raise ModelError(f"slots must be at least 1, got {count}")
        self._slots = count
        # If no row counts agree, `counts` holds the largest one alone, which would waste memory with fewer slots.
        if self.counts[-1] < 2 * count or len(self.counts) == 1:
            self.counts = consistent_row_counts(self.decoder.products(), 2 * count, self.decoder.table)

    def decode(
        self, clips: Sequence[Clip], watch: Watch | None = None
    ) -> Iterator[tuple[list[Clip], Exception | None]]:
        """Yield lists of clips that finish together, as soon as their codes are complete; or one clip and its error.

        On a CPU the codes of a clip are the same bits whatever the other clips are; on a GPU this is untested.

        Parameters
        ----------
        clips : sequence of Clip
            Long clips begin first, so that few slots are empty at the end.
        watch : callable, optional
            See `Watch`.
        """
        waiting = deque(sorted(clips, key=lambda clip: -clip.sampling.frames))
        total = sum(clip.sampling.frames for clip in clips)
        done, slots = 0, self.slots
        batch: Batch | None = None
        while waiting:
            try:
                if batch is None:
                    frames = min(max(clip.sampling.frames for clip in waiting), self.window)
                    tokens = max(clip.tokens for clip in waiting)
                    with self.lock:
                        batch = Batch(self.resources(), min(self.slots, len(waiting)), frames, tokens)
                for finished, error in self._run(batch, waiting):
                    if finished:
                        done += sum(clip.sampling.frames for clip in finished)
                        yield finished, error
                    elif watch and watch((done + batch.frames_done()) / FRAME_RATE, total / FRAME_RATE):
                        return
            except Exception as error:
                if not _out_of_memory(error):
                    raise
                with self.lock:
                    lost = self._halve(batch, waiting, error)
                    if lost is not None and batch is None:
                        # That clip does not fit even alone: the others may still fit together.
                        self.slots = slots
                batch = None
                if lost is not None:
                    yield [lost], ModelError("out of memory with a single clip: try a shorter clip or prompt")

    def resources(self) -> Resources:
        """Return the resources of a batch that begins now."""
        return Resources(
            self.decoder, self.device, self.channels, self.slots, self.counts, self.window, self.text, self.numbers,
            self.graphs, lambda: self.stream,
        )  # fmt: skip

    def _run(self, batch: Batch, waiting: deque[Clip]) -> Iterator[tuple[list[Clip], Exception | None]]:
        """Decode until no clip is left: yield finished clips, and an empty list after each step."""
        while waiting or batch.clips:
            while waiting and batch.free():
                clip = waiting[0]
                try:
                    with self._share_time([clip]):
                        clip.begin(self.decoder.codebooks)
                        self.text(clip.prompt)
                except Exception as error:
                    if _out_of_memory(error):
                        raise
                    yield [waiting.popleft()], error
                    continue
                with self._share_time([clip]):
                    batch.admit(clip)
                waiting.popleft()
            for _ in range(batch.steps_left()):
                with self._share_time(batch.clips.values()):
                    batch.step()
                yield [], None
            with self._share_time(list(batch.clips.values())):
                finished = batch.collect()
            for clip in (clip for clip in finished if clip.broken):
                yield [clip], ModelError("the model predicted NaN: try float32, or check the weights for damage")
            yield [clip for clip in finished if not clip.broken], None

    @contextlib.contextmanager
    def _share_time(self, clips: Collection[Clip]) -> Iterator[None]:
        """Hold the lock, and divide the time of the block among the clips."""
        with self.lock:
            start = time.perf_counter()
            yield
            share = (time.perf_counter() - start) / max(len(clips), 1)
            for clip in clips:
                clip.seconds += share

    @without_gradients
    def text(self, prompt: str) -> Any:
        """Return the keys and values of a prompt, or None without a text; recent prompts are cached."""
        if prompt not in self._texts:
            states = self.states(prompt)
            self._texts[prompt] = None if states is None else self.decoder.read_text(states)
            if len(self._texts) > MOST_TEXTS:
                self._texts.popitem(last=False)
        self._texts.move_to_end(prompt)
        return self._texts[prompt]

    def numbers(self, clip: Clip, frames: int) -> np.ndarray:
        """Return the random numbers of the first frames of a clip, ``(codebooks, frames)``."""
        return uniforms(clip.sampling.seed, clip.prompt, self.decoder.codebooks, frames)

    def pad(self, rows: int) -> int:
        """Return the smallest valid number of rows (see `Resources.counts`) that is at least ``rows``."""
        return next_count(self.counts, rows)

    def _cache_columns(self, clip: Clip) -> int:
        """Return the columns of the cache that a clip takes: a slot has two rows and one text."""
        return 2 * self.decoder.round_up(min(clip.sampling.frames, self.window)) + self.decoder.round_up(clip.tokens)

    def _halve(self, batch: Batch | None, waiting: deque[Clip], error: Exception) -> Clip | None:
        """Halve the slots and restart the interrupted clips; with a single slot, drop and return the clip instead."""
        import torch

        used = batch.slots if batch else min(self.slots, len(waiting))
        interrupted = [clip for clip in batch.clips.values() if clip not in waiting] if batch else []
        waiting.extendleft(reversed(interrupted))
        self._texts.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if used == 1:
            # Without a batch no clip has begun: the cache was sized for the longest clip and the longest prompt.
            lost = waiting[0] if batch else max(waiting, key=self._cache_columns)
            waiting.remove(lost)
            return lost
        for clip in interrupted:
            clip.halved = True
        self.slots = min(self.slots, used // 2)
        # A MemoryError says what was missing; torch's error is a page of allocator statistics.
        reason = f": {error}" if isinstance(error, MemoryError) else ""
        warnings.warn(f"out of memory: continuing with {self.slots} clips at a time{reason}", stacklevel=2)
        return None


def _out_of_memory(error: Exception) -> bool:
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    texts = "out of memory", "can't allocate memory", "not enough memory"
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
