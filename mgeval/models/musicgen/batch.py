"""The clips that decode together: their slots, and their state on the device."""

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
    """What a batch needs from its engine, fixed when the batch begins.

    Parameters
    ----------
    decoder : Decoder
        The weights.
    device : torch.device
        Their device.
    channels : int
        1 or 2.
    slots : int
        The engine's number of slots, for the clips' records: a batch for few clips has fewer slots, and another
        thread may halve the engine's.
    counts : list of int
        Numbers of rows for which all kernels give the same results, ascending; the batch is padded to one of these.
    window : int
        Frames of one window.
    text : callable
        Returns the keys and values of a prompt, or None.
    numbers : callable
        Returns the random numbers of a clip's first frames, ``(codebooks, frames)``.
    graphs : bool
        Whether steps are recorded as CUDA graphs and replayed.
    stream : callable
        Returns the CUDA stream on which graphs are recorded.
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

    Clips fill the slots from the last one down, and their unguided twins fill the rows after the slots from
    the first one up, so that all rows in use are contiguous in the cache. When a clip leaves, the
    outermost clip moves into its slot.

    Attributes
    ----------
    clips : dict of int to Clip
        By slot.
    twins : list of int
        For each row after the slots, the slot whose twin it is.
    """

    @without_gradients
    def __init__(self, resources: Resources, slots: int, frames: int, tokens: int) -> None:
        import torch

        self.resources, self.decoder, self.slots = resources, resources.decoder, slots
        self.clips: dict[int, Clip] = {}
        self.twins: list[int] = []
        books = self.decoder.codebooks
        self.delays = torch.arange(books, device=resources.device) // resources.channels
        self.delay = books // resources.channels - 1
        self.columns = max(frames, self.delay) + self.delay + 2
        self.decoder.extend_positions(self.columns)
        rows = max(slots - used + self.pad(2 * used) for used in range(1, slots + 1))

        def full(value: Any, *shape: int, dtype: Any = torch.float32) -> Any:
            return torch.full(shape, value, device=resources.device, dtype=dtype)

        self.cache = Cache(self.decoder, rows, slots, self.columns, tokens)
        # The slot that each row belongs to; unused rows belong to the last slot.
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
        # Per slot, kept on the host to avoid synchronising: first frame of the window, position, end.
        self.spans: dict[int, list[int]] = {}
        self.graphs: dict[Any, Any] = {}
        self.pool: Any = None

    def pad(self, rows: int) -> int:
        """Return the smallest valid number of rows (see `Resources.counts`) that is at least ``rows``."""
        return next_count(self.resources.counts, rows)

    @property
    def first(self) -> int:
        """The first slot in use."""
        return self.slots - len(self.clips)

    def free(self) -> bool:
        """Return whether a slot is free."""
        return len(self.clips) < self.slots

    def frames_done(self) -> float:
        """Return the number of frames that the unfinished clips have so far."""
        return sum(
            max(first + position - self.delay, clip.codes.shape[1])
            for clip, (first, position, _) in zip(self.clips.values(), self.spans.values(), strict=True)
        )

    def steps_left(self) -> int:
        """Return the number of steps until the next clip or window ends."""
        return min((end - position for _, position, end in self.spans.values()), default=0)

    @without_gradients
    def admit(self, clip: Clip) -> None:
        """Put a clip into the next slot, and its twin into the next row."""
        slot = self.first - 1
        self.clips[slot], self.spans[slot], clip.slots = clip, [0, 0, 0], self.resources.slots
        self._set_sampling(slot, clip.sampling, clip.guided)
        self.cache.read_text(slot, self.resources.text(clip.prompt))
        self._begin_window(slot)

    def _set_sampling(self, slot: int, sampling: Any, guided: bool) -> None:
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
        """Set up the next window of a slot's clip, and prefill the cache with its known codes."""
        import torch

        clip, state = self.clips[slot], self.state
        first, last = clip.window(self.resources.window)
        known, frames = clip.codes.shape[1] - first, last - first
        # transformers omits the delay in clips shorter than it: such a clip is cut from a longer one.
        frames = max(frames, self.delay)
        if clip.codes.shape[1] and first:
            clip.seams.append(clip.codes.shape[1])
        codes = np.full(state["codes"].shape[1:], self.decoder.codes)
        numbers = np.zeros(codes.shape, np.float32)
        uniforms = self.resources.numbers(clip, max(clip.sampling.frames, first + frames))[:, first : first + frames]
        for book, delay in enumerate(self.delays.tolist()):
            codes[book, delay + 1 : delay + 1 + known] = clip.codes[book, first:]
            numbers[book, delay + 1 : delay + 1 + uniforms.shape[1]] = uniforms[book]
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
        """Advance every clip by one step."""
        with self._on_device():
            self._step()

    def _on_device(self) -> contextlib.AbstractContextManager[Any]:
        """Make the engine's GPU the current one: CUDA records graphs on the current device."""
        import torch

        device = self.resources.device
        return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()

    def _step(self) -> None:
        for span in self.spans.values():
            span[1] += 1
        length = self.decoder.round_up(max(position for _, position, _ in self.spans.values()))
        if not self.resources.graphs:
            rows = self.pad(len(self.clips) + len(self.twins))
            self._advance(self.first, rows, length, self._filters())
            return
        # A graph has fixed shapes: all slots step; for unused ones it has no effect.
        filters = self._filters()
        most, nucleus = self._shared_filter(filters)
        if (length, most, nucleus) not in self.graphs:
            shared = [Filter(slice(None), most, nucleus, alike=False)] if filters else []
            self.graphs[length, most, nucleus] = self._record_graph(length, shared)
        self.graphs[length, most, nucleus].replay()

    def _shared_filter(self, filters: list[Filter]) -> tuple[int, bool]:
        """Return ``most`` and ``nucleus`` of one filter that covers all filters.

        The values are coarse, so that few mixtures of settings need a graph of their own. A GPU may sum another
        number of codes in another order: with a nucleus filter the sum always runs over all codes, whatever the
        other clips are set to.
        """
        most, nucleus = max((f.most for f in filters), default=0), any(f.nucleus for f in filters)
        if nucleus:
            return self.decoder.codes, True
        return most and min(1 << (most - 1).bit_length(), self.decoder.codes), False

    def _filters(self) -> list[Filter]:
        """Return the filters of the clips; rows are counted from the first slot in use."""
        import torch

        slots: dict[tuple[int, bool], list[int]] = {}
        for slot, clip in self.clips.items():
            sampling, codes = clip.sampling, self.decoder.codes
            most, nucleus = sampling.top_k if 0 < sampling.top_k < codes else codes, 0 < sampling.top_p < 1
            if sampling.temperature >= GREEDY_BELOW and (most < codes or nucleus):
                slots.setdefault((most, nucleus), []).append(slot - self.first)
        return [Filter(torch.tensor(rows), most, nucleus, alike=True) for (most, nucleus), rows in slots.items()]

    def _record_graph(self, length: int, filters: list[Filter]) -> Any:
        """Record the kernels of a step as a CUDA graph, which replays without Python."""
        import torch

        rows, position = self.pad(2 * self.slots), self.state["position"].clone()
        self._advance(0, rows, length, filters)
        self.state["position"].copy_(position)
        # Graphs never run at the same time, so they share their temporary memory.
        self.pool = self.pool or torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile, for example to decode the samples of another clip.
        with torch.cuda.graph(graph, self.pool, self.resources.stream(), capture_error_mode="thread_local"):
            self._advance(0, rows, length, filters)
        return graph

    def _advance(self, first: int, rows: int, length: int, filters: list[Filter]) -> None:
        """Advance the slots from ``first`` on; ``rows`` counts them, their twins and the padding."""
        import torch

        state = {name: values[first:] for name, values in self.state.items()}
        slots = self.slots - first
        owner = self.owner[first : first + rows] - first
        position = state["position"]
        index = torch.arange(slots, device=position.device)
        row_position = position[owner]
        codes = state["codes"][owner, :, row_position]
        padded = min(self.pad(slots), rows)
        logits = self.decoder.step(codes, row_position, self.cache, first, slots, padded, length)
        settings = Settings(state["temperature"], state["greedy"], state["top_k"], state["top_p"], filters)
        after = position + 1
        draw = draw_codes(
            logits[:slots], logits[state["unguided"] - first], state["guidance"],
            state["numbers"][index, :, after], settings,
        )  # fmt: skip
        frame = position[:, None] - self.delays
        new = (frame >= state["known"]) & (frame < state["frames"])
        state["codes"][index, :, after] = torch.where(new, draw.codes, state["codes"][index, :, after])
        # The record of known frames is overwritten too, but never read.
        state["record"][index, :, :, after] = torch.stack(draw[1:], 1)
        position.copy_(after.clamp(max=self.columns - 2))

    @without_gradients
    def collect(self) -> list[Clip]:
        """Remove and return the finished clips, and begin the next window of the others."""
        finished = []
        for slot in [slot for slot, (_, position, end) in self.spans.items() if position >= end]:
            self._store_window(slot)
            clip = self.clips[slot]
            if clip.broken:
                self._clear_cache(slot)
                finished.append(slot)
            elif clip.codes.shape[1] < clip.sampling.frames:
                self._begin_window(slot)
            else:
                finished.append(slot)
        clips = [self.clips[slot] for slot in finished]
        # In ascending order: the clip that moves into a free slot is then never finished itself.
        for slot in sorted(finished):
            self._release(slot)
        return clips

    def _store_window(self, slot: int) -> None:
        """Append the codes and the record of a finished window to its clip."""
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

    def _clear_cache(self, slot: int) -> None:
        """Remove NaN from the cache of a slot and its twin: masks do not hide them from the next clip."""
        rows = [slot, *(self.slots + twin for twin, owner in enumerate(self.twins) if owner == slot)]
        self.cache.keys[:, rows], self.cache.values[:, rows] = 0, 0
        self.cache.read_text(slot, None)

    def _release(self, slot: int) -> None:
        """Free a slot and the row of its twin, and close the gaps."""
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
        """Move a clip to a free slot."""
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
