"""Several takes of one prompt: planned, watched while they are made, and kept as a run keeps its clips."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mgeval.audio import Audio
from mgeval.metrics import evaluate, metric_names
from mgeval.models import Generated, Model, Sampling
from mgeval.panels.panel import error_text
from mgeval.panels.tables import details
from mgeval.prompts import load_prompts
from mgeval.runs import Store, check_plan, origin, write_clip
from mgeval.scoring import reason_text

POLL_SECONDS = 0.1
"""Seconds between two reports of how far it is."""


@dataclass(frozen=True, eq=False)
class Take:
    """A clip with the cell of a plan that it was made of."""

    cell: Mapping[str, Any]
    clip: Generated


class Audios(Mapping[str, Audio]):
    """The sound of takes, by key."""

    def __init__(self, takes: Mapping[str, Take]) -> None:
        self._takes = takes

    def __getitem__(self, key: str) -> Audio:
        return self._takes[key].clip.audio

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._takes))

    def __len__(self) -> int:
        return len(self._takes)


def planned(model: Model, prompt: str, sampling: Sampling, takes: int) -> list[dict[str, Any]]:
    """Return the cells that a sweep would have: one prompt, one setting, as many seeds from its own one on.

    Raises
    ------
    PromptError
        The prompt is no text that can be written down.
    SamplingError
        The last seed is beyond the largest one.
    """
    import pandas as pd

    (known,) = load_prompts([prompt]).to_dict("records")
    named = {"model": model.name, "revision": model.revision, **known}
    seeds = range(sampling.seed, sampling.seed + takes)
    return check_plan(pd.DataFrame([{**named, **sampling.asdict(), "seed": seed} for seed in seeds])).to_dict("records")


def put(take: Take, model: Model, store: Store) -> dict[str, Any]:
    """Put a take into a store, with the key and the row that `mgeval.run` would give it; return the row."""
    import pandas as pd

    store.add_plan(pd.DataFrame([take.cell]))
    row = write_clip({**take.cell, **origin(model)}, take.clip, store)
    store.add_rows([row])
    return row


class TakeMeasurer:
    """What takes measure, as texts, each computed once and on a thread of its own: it takes a second.

    Parameters
    ----------
    audios : mapping of str to Audio
        The sound of takes, by key.
    tell : callable
        Called with a take's key and its ``metrics`` and ``reason``, as `details` has them.
    """

    def __init__(self, audios: Mapping[str, Audio], tell: Callable[[str, dict[str, Any]], Any]) -> None:
        self._audios, self._tell = audios, tell
        self._found: dict[str, dict[str, Any]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mgeval-numbers")

    def ask(self, key: str) -> dict[str, Any]:
        """Return a take's numbers, or that they are ``waiting`` to be told."""
        if key in self._found:
            return self._found[key]
        self._thread.submit(self._measure, key)
        return {"waiting": True}

    def _measure(self, key: str) -> None:
        if key not in self._found:
            try:
                self._found[key] = numbers_of(self._audios[key])
            except Exception as error:
                return self._tell(key, {"metrics": [], "reason": error_text(error)})
        self._tell(key, self._found[key])


def numbers_of(audio: Audio) -> dict[str, Any]:
    """Return all metrics that need no checkpoint, and why some are undefined."""
    values = evaluate(audio.samples, audio.rate, metric_names())
    found = details({**values, "reason": reason_text(values)})
    return {"metrics": found["metrics"], "reason": found["reason"]}


def outcome(clips: Sequence[Generated], asked: int, failed: Sequence[Exception], seconds: float) -> tuple[str, bool]:
    """Say what came of a generation, and whether that is an error; of what was cancelled, less was made than asked."""
    made = len(clips)
    if failed:
        return (f"{len(failed)} of {asked} takes failed: " if asked > 1 else "") + error_text(failed[0]), True
    if made < asked:
        return f"Cancelled: {made} of {asked} takes made", False
    whole = sum(clip.audio.duration for clip in clips)
    return f"{made} take{'s' if made > 1 else ''}, {whole:.1f} s of audio, made in {seconds:.1f} s", False


class Watch:
    """What a model calls between its steps: counts seconds of audio, and stops what was cancelled.

    Parameters
    ----------
    report : callable
        Called with the seconds made so far, ten times per second at most.
    """

    def __init__(self, report: Callable[[float], Any]) -> None:
        self._report, self._last = report, 0.0
        self.seconds, self.cancelled = 0.0, False
        self._finished = 0.0

    def __call__(self, made: float = 0.0, total: float = 0.0) -> bool:
        """Take note of the seconds made so far; return whether to stop."""
        self.seconds = max(self.seconds, made)
        if time.monotonic() - self._last > POLL_SECONDS:
            self._last = time.monotonic()
            self._report(self.seconds)
        return self.cancelled

    def finish(self, seconds: float) -> None:
        """Take note of a whole take: a model without steps says nothing before."""
        self._finished += seconds
        self(self._finished)
