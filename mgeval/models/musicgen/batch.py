"""The clips that decode together: who has which place, and everything that differs between them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgeval.models.musicgen.clip import Clip
from mgeval.models.musicgen.decoder import Cache, Decoder
from mgeval.models.musicgen.devices import without_gradients
from mgeval.models.musicgen.draw import GREEDY_BELOW, RECORDED, Filter, Settings, draw_codes


def next_count(counts: Sequence[int], rows: int) -> int:
    """Return the first of ascending counts that is at least ``rows``."""
    return next(count for count in counts if count >= rows)


@dataclass(frozen=True)
class Resources:
    """What a batch needs of its engine, as it is when the batch begins.

    Parameters
    ----------
    decoder : Decoder
        The weights.
    device : torch.device
        Where they are.
    channels : int
        1 or 2.
    slots : int
        The engine's number of slots, which a clip's record has: a short list of clips takes fewer, and another thread
        may halve the engine's.
    counts : list of int
        Numbers of rows that all kernels treat alike, ascending: the batch's rows are laid out by these.
    window : int
        Frames that are generated in one go.
    text : callable
        Returns the keys and values of a prompt, or None.
    numbers : callable
        Returns the random numbers of a clip's first frames, ``(codebooks, frames)``.
    graphs : bool
        Whether steps are recorded once and replayed.
    stream : callable
        Returns the stream on which a GPU's graphs are recorded.
    """

    decoder: Decoder
    device: Any
    channels: int
    slots: int
    counts: list[int]
    window: int
    text: Callable[[str], Any]
    numbers: Callable[[Clip, int], np.ndarray]
    graphs: bool
    stream: Callable[[], Any]


class Batch:
    """Slots with their clips, on the device.

    Clips fill the slots from the last one down and their unguided twins the rows after the slots from
    the first one up, so that all that is in use lies in one piece of the cache. Where one leaves, the
    outermost moves into the hole.

    Attributes
    ----------
    clips : dict of int to Clip
        By slot.
    twins : list of int
        The slot whose twin each row after the slots is.
    """

    @without_gradients
    def __init__(self, resources: Resources, slots: int, frames: int, words: int) -> None:
        import torch

        self.resources, self.decoder, self.slots = resources, resources.decoder, slots
        self.clips: dict[int, Clip] = {}
        self.twins: list[int] = []
        books = self.decoder.codebooks
        self.delays = torch.arange(books, device=resources.device) // resources.channels
        self.delay = books // resources.channels - 1
        self.columns = max(frames, self.delay) + self.delay + 2
        self.decoder.reach(self.columns)
        rows = max(slots - used + self.pad(2 * used) for used in range(1, slots + 1))

        def full(value: Any, *shape: int, dtype: Any = torch.float32) -> Any:
            return torch.full(shape, value, device=resources.device, dtype=dtype)

        self.cache = Cache(self.decoder, rows, slots, self.columns, words)
        # The slot that each row belongs to; a row in no use follows the last slot.
        self.owner = full(slots - 1, rows, dtype=torch.int64)
        self.owner[:slots] = torch.arange(slots, device=resources.device)
        self.state = {
            "codes": full(self.decoder.codes, slots, books, self.columns, dtype=torch.int64),
            "numbers": full(0, slots, books, self.columns),
            "record": full(np.nan, slots, len(RECORDED), books, self.columns),
            "position": full(0, slots, dtype=torch.int64),
            "known": full(0, slots, 1, dtype=torch.int64),
            "frames": full(0, slots, 1, dtype=torch.int64),
            "unguided": torch.arange(slots, device=resources.device),
            "guidance": full(1, slots),
            "temperature": full(1, slots, 1),
            "greedy": full(True, slots, 1, dtype=torch.bool),
            "top_k": full(1, slots, 1, dtype=torch.int64),
            "top_p": full(1, slots, 1),
        }
        # What the host knows of each slot without asking the device: first frame of the window, position, end.
        self.spans: dict[int, list[int]] = {}
        self.graphs: dict[Any, Any] = {}
        self.pool: Any = None

    def pad(self, rows: int) -> int:
        """Return the smallest number of rows from ``rows`` on that all kernels treat alike."""
        return next_count(self.resources.counts, rows)

    @property
    def first(self) -> int:
        """The first slot in use."""
        return self.slots - len(self.clips)

    def free(self) -> bool:
        """Say whether another clip fits in."""
        return len(self.clips) < self.slots

    def frames_done(self) -> float:
        """Return how many frames the unfinished clips have."""
        return sum(
            max(first + position - self.delay, clip.codes.shape[1])
            for clip, (first, position, _) in zip(self.clips.values(), self.spans.values(), strict=True)
        )

    def steps_left(self) -> int:
        """Return the number of steps until the next clip or window ends."""
        return min((end - position for _, position, end in self.spans.values()), default=0)

    @without_gradients
    def admit(self, clip: Clip) -> None:
        """Give a clip the next slot, and its twin the next row."""
        slot = self.first - 1
        self.clips[slot], self.spans[slot], clip.slots = clip, [0, 0, 0], self.resources.slots
        self._set(slot, clip.sampling, clip.guided)
        self.cache.read_text(slot, self.resources.text(clip.prompt))
        self._begin_window(slot)

    def _set(self, slot: int, sampling: Any, guided: bool) -> None:
        state, codes = self.state, self.decoder.codes
        greedy = sampling.temperature < GREEDY_BELOW
        state["temperature"][slot] = 1.0 if greedy else sampling.temperature
        state["greedy"][slot] = greedy
        state["top_k"][slot] = min(sampling.top_k or codes, codes)
        state["top_p"][slot] = sampling.top_p or 1.0
        state["guidance"][slot] = sampling.guidance if guided else 1.0
        state["unguided"][slot] = self.slots + len(self.twins) if guided else slot
        if guided:
            self.owner[self.slots + len(self.twins)] = slot
            self.twins.append(slot)

    def _begin_window(self, slot: int) -> None:
        """Lay out the next window of a slot's clip and put what is known of it into the cache."""
        import torch

        clip, state = self.clips[slot], self.state
        first, last = clip.window(self.resources.window)
        known, frames = clip.codes.shape[1] - first, last - first
        # transformers leaves the delay out of clips that are shorter than it: such a clip is cut from a longer one.
        frames = max(frames, self.delay)
        if clip.codes.shape[1] and first:
            clip.seams.append(clip.codes.shape[1])
        codes = np.full(state["codes"].shape[1:], self.decoder.codes)
        numbers = np.zeros(codes.shape, np.float32)
        drawn = self.resources.numbers(clip, max(clip.sampling.frames, first + frames))[:, first : first + frames]
        for book, delay in enumerate(self.delays.tolist()):
            codes[book, delay + 1 : delay + 1 + known] = clip.codes[book, first:]
            numbers[book, delay + 1 : delay + 1 + drawn.shape[1]] = drawn[book]
        state["codes"][slot] = torch.from_numpy(codes)
        state["numbers"][slot] = torch.from_numpy(numbers)
        state["record"][slot] = np.nan
        state["position"][slot], state["known"][slot], state["frames"][slot] = known, known, frames
        self.spans[slot] = [first, known, frames + self.delay]
        if known:
            twin = self.slots + self.twins.index(slot) if slot in self.twins else None
            self.decoder.prefill(state["codes"][slot, :, :known], self.cache, slot, twin)

    @without_gradients
    def step(self) -> None:
        """Take every clip one step on."""
        with self._current():
            self._step()

    def _current(self) -> contextlib.AbstractContextManager[Any]:
        """Make the engine's GPU the current one: graphs are recorded there, wherever their tensors lie."""
        import torch

        device = self.resources.device
        return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()

    def _step(self) -> None:
        for span in self.spans.values():
            span[1] += 1
        length = self.decoder.whole(max(position for _, position, _ in self.spans.values()))
        if not self.resources.graphs:
            rows = self.pad(len(self.clips) + len(self.twins))
            self._advance(self.first, rows, length, self._filters())
            return
        # A graph has fixed shapes: all slots step, those in no use to no effect.
        on = self._filters()
        one = self._common(on)
        if (length, *one) not in self.graphs:
            everywhere = [Filter(slice(None), *one, alike=False)] if on else []
            self.graphs[length, *one] = self._captured(length, everywhere)
        self.graphs[length, *one].replay()

    def _common(self, filters: list[Filter]) -> tuple[int, bool]:
        """Return ``most`` and ``nucleus`` of a filter that serves for all.

        Few values of each, or every mixture of settings would be recorded anew. A GPU may sum another number of
        codes in another order: where probabilities are summed all codes are, whatever the others ask for.
        """
        most, nucleus = max((f.most for f in filters), default=0), any(f.nucleus for f in filters)
        if nucleus:
            return self.decoder.codes, True
        return most and min(1 << (most - 1).bit_length(), self.decoder.codes), False

    def _filters(self) -> list[Filter]:
        """Return the filters that the clips ask for, by slots in use."""
        import torch

        slots: dict[tuple[int, bool], list[int]] = {}
        for slot, clip in self.clips.items():
            one, codes = clip.sampling, self.decoder.codes
            most, nucleus = one.top_k if 0 < one.top_k < codes else codes, 0 < one.top_p < 1
            if one.temperature >= GREEDY_BELOW and (most < codes or nucleus):
                slots.setdefault((most, nucleus), []).append(slot - self.first)
        return [Filter(torch.tensor(rows), *one, alike=True) for one, rows in slots.items()]

    def _captured(self, length: int, filters: list[Filter]) -> Any:
        """Record a step's kernels once, to be replayed without Python."""
        import torch

        rows, position = self.pad(2 * self.slots), self.state["position"].clone()
        self._advance(0, rows, length, filters)
        self.state["position"].copy_(position)
        # They never run at once, and share their temporary memory.
        self.pool = self.pool or torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile, such as one that decodes another clip's samples.
        with torch.cuda.graph(graph, self.pool, self.resources.stream(), capture_error_mode="thread_local"):
            self._advance(0, rows, length, filters)
        return graph

    def _advance(self, first: int, rows: int, length: int, filters: list[Filter]) -> None:
        """Step the slots from ``first`` on; ``rows`` counts them, their twins and the padding."""
        import torch

        state = {name: values[first:] for name, values in self.state.items()}
        slots = self.slots - first
        owner = self.owner[first : first + rows] - first
        position = state["position"]
        each = torch.arange(slots, device=position.device)
        here = position[owner]
        codes = state["codes"][owner, :, here]
        padded = min(self.pad(slots), rows)
        logits = self.decoder.step(codes, here, self.cache, first, slots, padded, length)
        settings = Settings(state["temperature"], state["greedy"], state["top_k"], state["top_p"], filters)
        after = position + 1
        taken = draw_codes(
            logits[:slots], logits[state["unguided"] - first], state["guidance"],
            state["numbers"][each, :, after], settings,
        )  # fmt: skip
        frame = position[:, None] - self.delays
        new = (frame >= state["known"]) & (frame < state["frames"])
        state["codes"][each, :, after] = torch.where(new, taken.codes, state["codes"][each, :, after])
        # A known frame's record is never read.
        state["record"][each, :, :, after] = torch.stack(taken[1:], 1)
        position.copy_(after.clamp(max=self.columns - 2))

    @without_gradients
    def collect(self) -> list[Clip]:
        """Take out the clips that are whole, and begin the next window of those that are not."""
        whole = []
        for slot in [slot for slot, (_, position, end) in self.spans.items() if position >= end]:
            self._take_in(slot)
            clip = self.clips[slot]
            if clip.broken:
                self._wipe(slot)
                whole.append(slot)
            elif clip.codes.shape[1] < clip.sampling.frames:
                self._begin_window(slot)
            else:
                whole.append(slot)
        finished = [self.clips[slot] for slot in whole]
        # From the first slot in use on: what moves into a hole is then never itself about to leave.
        for slot in sorted(whole):
            self._leave(slot)
        return finished

    def _take_in(self, slot: int) -> None:
        """Hand a finished window's codes and record to its clip."""
        clip, first = self.clips[slot], self.spans[slot][0]
        _, last = clip.window(self.resources.window)
        codes = self.state["codes"][slot].cpu().numpy()
        record = self.state["record"][slot].cpu().numpy()
        starts = [delay + 1 for delay in self.delays.tolist()]
        clip.extend(
            first,
            np.stack([codes[book, start : start + last - first] for book, start in enumerate(starts)]).astype(np.int16),
            np.stack([record[:, book, start : start + last - first] for book, start in enumerate(starts)], axis=1),
        )

    def _wipe(self, slot: int) -> None:
        """Take NaN out of a slot's and its twin's cache: masks do not hide them from who comes next."""
        rows = [slot, *(self.slots + twin for twin, owner in enumerate(self.twins) if owner == slot)]
        self.cache.keys[:, rows], self.cache.values[:, rows] = 0, 0
        self.cache.read_text(slot, None)

    def _leave(self, slot: int) -> None:
        """Free a slot and its twin's row, and close the holes."""
        if slot in self.twins:
            hole, last = self.twins.index(slot), len(self.twins) - 1
            if hole != last:
                mover = self.twins[last]
                self.cache.move_row(self.slots + last, self.slots + hole, self.spans[mover][1])
                self.twins[hole] = mover
                self.owner[self.slots + hole] = mover
                self.state["unguided"][mover] = self.slots + hole
            self.twins.pop()
            self.owner[self.slots + last] = self.slots - 1
        edge = self.first
        if slot != edge:
            self._move(edge, slot)
        del self.clips[edge], self.spans[edge]

    def _move(self, source: int, target: int) -> None:
        """Move a clip to a slot that has become free."""
        for values in self.state.values():
            values[target] = values[source]
        self.cache.move_row(source, target, self.spans[source][1])
        self.cache.move_text(source, target)
        self.clips[target], self.spans[target] = self.clips[source], self.spans[source]
        if source in self.twins:
            twin = self.twins.index(source)
            self.twins[twin] = target
            self.owner[self.slots + twin] = target
        else:
            self.state["unguided"][target] = target
