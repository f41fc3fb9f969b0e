"""The decoding engine: many clips of different settings at once, each as if it were alone.

A fixed number of slots decode together. A slot has its own clip, settings, position and length, and
takes the next clip when its own is done. A clip's codes do not depend on the others: its random numbers
are its own, the number of rows is always one that the machine's kernels treat alike (found by trying),
and attention runs over whole chunks, so that padding changes no bit. On a processor tests hold it to that;
on a GPU, whose kernels may sum another length in another order, it was not tried.
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
"""Clips that decode together by default. More gain a processor little: its products then cost by the row."""

SMALL, SMALL_SLOTS = 10_000_000, 32
"""Weights of a decoder up to which a processor's steps cost by the call, and its clips. More would come too late."""

TEXTS_KEPT = 64

Watch = Callable[[float, float], Any]
"""Called after every step with the seconds of audio made and to be made; what is true ends the run."""


class Engine:
    """Decodes clips with a MusicGen network's weights.

    Parameters
    ----------
    network : transformers.MusicgenForConditionalGeneration
        Its decoder and projection are read.
    states : callable
        Returns the text encoder's states of a prompt, ``(words, width)``, or None where there is no text.
    slots : int, optional
        Clips that decode together; by default `SLOTS` of the device, on a processor `SMALL_SLOTS` for a small
        decoder. Neither this nor the number of clips changes a clip on a processor; on a GPU that was not tried.
    window : int
        Frames that are generated in one go.

    Attributes
    ----------
    slots : int
        Halved when memory runs out; may be set.
    lock : threading.RLock
        Held while the batch or the texts change: streams of two threads then take turns.
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
        usual = (
            SMALL_SLOTS if self.device.type == "cpu" and weights <= SMALL else SLOTS.get(self.device.type, SLOTS["cpu"])
        )
        self.slots = slots or usual
        self.graphs = self.device.type == "cuda"
        self.lock = threading.RLock()
        self._texts: OrderedDict[str, Any] = OrderedDict()

    @functools.cached_property
    def stream(self) -> Any:
        """What a GPU's graphs are recorded on, one for all: they share their temporary memory."""
        import torch

        return torch.cuda.Stream(self.device)

    @property
    def slots(self) -> int:
        """Clips that decode together at most."""
        return self._slots

    @slots.setter
    @without_gradients
    def slots(self, count: int) -> None:
        if count < 1:
            raise ModelError(f"slots is {count}: at least one clip must fit")
        self._slots = count
        # Where no numbers agree there is one alone, the largest: it would take as much memory for fewer slots.
        if self.counts[-1] < 2 * count or len(self.counts) == 1:
            self.counts = consistent_row_counts(self.decoder.products(), 2 * count, self.decoder.table)

    def decode(
        self, clips: Sequence[Clip], watch: Watch | None = None
    ) -> Iterator[tuple[list[Clip], Exception | None]]:
        """Yield clips as soon as their codes are whole, those that end together in one list; or one with its error.

        A clip's codes are the same bits in any company on a processor; on a GPU that was not tried.

        Parameters
        ----------
        clips : sequence of Clip
            Long ones are begun first, so that few slots are empty at the end.
        watch : callable, optional
            See `Watch`.
        """
        waiting = deque(sorted(clips, key=lambda clip: -clip.sampling.frames))
        total = sum(clip.sampling.frames for clip in clips)
        done, batch, slots = 0, None, self.slots
        while waiting:
            try:
                if batch is None:
                    frames = min(max(clip.sampling.frames for clip in waiting), self.window)
                    words = max(clip.words for clip in waiting)
                    with self.lock:
                        batch = Batch(self.resources(), min(self.slots, len(waiting)), frames, words)
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
                        # There was no room for that clip alone: the others may still fit together.
                        self.slots = slots
                batch = None
                if lost is not None:
                    yield [lost], ModelError("out of memory with a single clip: a shorter one or prompt may fit")

    def resources(self) -> Resources:
        """Return what a batch that begins now needs."""
        return Resources(
            self.decoder, self.device, self.channels, self.slots, self.counts, self.window, self.text, self.numbers,
            self.graphs, lambda: self.stream,
        )  # fmt: skip

    def _run(self, batch: Batch, waiting: deque[Clip]) -> Iterator[tuple[list[Clip], Exception | None]]:
        """Work until nothing waits: yield what is finished, and an empty list after each step."""
        while waiting or batch.clips:
            while waiting and batch.free():
                clip = waiting[0]
                try:
                    with self._timed([clip]):
                        clip.begin(self.decoder.codebooks)
                        self.text(clip.prompt)
                except Exception as error:
                    if _out_of_memory(error):
                        raise
                    yield [waiting.popleft()], error
                    continue
                with self._timed([clip]):
                    batch.admit(clip)
                waiting.popleft()
            for _ in range(batch.steps_left()):
                with self._timed(batch.clips.values()):
                    batch.step()
                yield [], None
            with self._timed(list(batch.clips.values())):
                finished = batch.collect()
            for clip in (clip for clip in finished if clip.broken):
                yield [clip], ModelError("the model predicted NaN: try float32, or look for damaged weights")
            yield [clip for clip in finished if not clip.broken], None

    @contextlib.contextmanager
    def _timed(self, clips: Collection[Clip]) -> Iterator[None]:
        """Work alone, and share the time among the clips that it was for."""
        with self.lock:
            start = time.perf_counter()
            yield
            share = (time.perf_counter() - start) / max(len(clips), 1)
            for clip in clips:
                clip.seconds += share

    @without_gradients
    def text(self, prompt: str) -> Any:
        """Return a prompt's keys and values, or None; those of recent prompts are kept."""
        if prompt not in self._texts:
            states = self.states(prompt)
            self._texts[prompt] = None if states is None else self.decoder.read_text(states)
            if len(self._texts) > TEXTS_KEPT:
                self._texts.popitem(last=False)
        self._texts.move_to_end(prompt)
        return self._texts[prompt]

    def numbers(self, clip: Clip, frames: int) -> np.ndarray:
        """Return the random numbers of a clip's first frames, ``(codebooks, frames)``."""
        return uniforms(clip.sampling.seed, clip.prompt, self.decoder.codebooks, frames)

    def pad(self, rows: int) -> int:
        """Return the smallest number of rows from ``rows`` on that all kernels treat alike."""
        return next_count(self.counts, rows)

    def _needs(self, clip: Clip) -> int:
        """Return how much of a cache a clip takes, in columns: a slot has two rows, and one text."""
        return 2 * self.decoder.whole(min(clip.sampling.frames, self.window)) + self.decoder.whole(clip.words)

    def _halve(self, batch: Batch | None, waiting: deque[Clip], error: Exception) -> Clip | None:
        """Go on with half the slots; the clips that were in them start again. Return one that cannot be made."""
        import torch

        used = batch.slots if batch else min(self.slots, len(waiting))
        touched = [clip for clip in batch.clips.values() if clip not in waiting] if batch else []
        waiting.extendleft(reversed(touched))
        self._texts.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if used == 1:
            # Without a batch none was begun: the cache has room for the longest clip and the longest prompt.
            lost = waiting[0] if batch else max(waiting, key=self._needs)
            waiting.remove(lost)
            return lost
        for clip in touched:
            clip.halved = True
        self.slots = min(self.slots, used // 2)
        # Python's own says what was missing; torch's is a page of allocator statistics.
        why = f": {error}" if isinstance(error, MemoryError) else ""
        warnings.warn(f"out of memory: going on with {self.slots} clips at a time{why}", stacklevel=2)
        return None


def _out_of_memory(error: Exception) -> bool:
    import torch

    texts = "out of memory", "can't allocate memory", "not enough memory"
    known = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return known or (isinstance(error, RuntimeError) and any(text in str(error) for text in texts))
