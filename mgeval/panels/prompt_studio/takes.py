"""Several takes of one prompt: plan them, follow their generation, and save them like the clips of a run."""

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
"""Seconds between two reports of progress."""


@dataclass(frozen=True, eq=False)
class Take:
    """A clip with the row of the plan that it was made from."""

    cell: Mapping[str, Any]
    clip: Generated


class TakeAudio(Mapping[str, Audio]):
    """The audio of takes by key."""

    def __init__(self, takes: Mapping[str, Take]) -> None:
        self._takes = takes

    def __getitem__(self, key: str) -> Audio:
        return self._takes[key].clip.audio

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._takes))

    def __len__(self) -> int:
        return len(self._takes)


def plan_cells(model: Model, prompt: str, sampling: Sampling, takes: int) -> list[dict[str, Any]]:
    """Return the rows that the plan of a sweep would have: one prompt, one setting, consecutive seeds.

    Raises
    ------
    PromptError
        The prompt is not a text that can be stored.
    SamplingError
        The last seed is larger than the largest valid seed.
    """
    import pandas as pd

    (prompt_row,) = load_prompts([prompt]).to_dict("records")
    row: dict[Any, Any] = {"model": model.name, "revision": model.revision, **prompt_row, **sampling.asdict()}
    seeds = range(sampling.seed, sampling.seed + takes)
    plan: list[Any] = check_plan(pd.DataFrame([{**row, "seed": seed} for seed in seeds])).to_dict("records")
    return plan


def save_take(take: Take, model: Model, store: Store) -> dict[str, Any]:
    """Save a take in a store under the key and with the row that `mgeval.run` would give it; return the row."""
    import pandas as pd

    store.add_plan(pd.DataFrame([take.cell]))
    row = write_clip({**take.cell, **origin(model)}, take.clip, store)
    store.add_rows([row])
    return row


class TakeMeasurer:
    """The metrics of takes as texts, computed once each on a separate thread, because they take a second.

    Parameters
    ----------
    audios : mapping of str to Audio
        The audio of takes by key.
    on_result : callable
        Called with the key of a take and its ``metrics`` and ``reason`` in the form of `details`.
    """

    def __init__(self, audios: Mapping[str, Audio], on_result: Callable[[str, dict[str, Any]], Any]) -> None:
        self._audios, self._on_result = audios, on_result
        self._results: dict[str, dict[str, Any]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mgeval-numbers")

    def ask(self, key: str) -> dict[str, Any]:
        """Return the metrics of a take, or ``waiting`` if they are still to be computed."""
        if key in self._results:
            return self._results[key]
        self._thread.submit(self._measure, key)
        return {"waiting": True}

    def _measure(self, key: str) -> None:
        if key not in self._results:
            try:
                self._results[key] = measure_take(self._audios[key])
            except Exception as error:
                self._on_result(key, {"metrics": [], "reason": error_text(error)})
                return
        self._on_result(key, self._results[key])


def measure_take(audio: Audio) -> dict[str, Any]:
    """Return all metrics that need no checkpoint, and the reasons why some are undefined."""
    values = evaluate(audio.samples, audio.rate, metric_names())
    row = details({**values, "reason": reason_text(values)})
    return {"metrics": row["metrics"], "reason": row["reason"]}


def outcome_text(
    clips: Sequence[Generated], requested: int, errors: Sequence[Exception], seconds: float
) -> tuple[str, bool]:
    """Return the outcome of a generation as text, and whether it is an error; fewer takes than requested: cancelled."""
    made = len(clips)
    if errors:
        return (f"{len(errors)} of {requested} takes failed: " if requested > 1 else "") + error_text(errors[0]), True
    if made < requested:
        return f"Cancelled: {made} of {requested} takes made", False
    duration = sum(clip.audio.duration for clip in clips)
    return f"{made} take{'s' if made > 1 else ''}, {duration:.1f} s of audio, made in {seconds:.1f} s", False


class Progress:
    """The progress callback of a model: it counts seconds of audio and stops a cancelled generation.

    Parameters
    ----------
    report : callable
        Called with the seconds of audio so far, at most ten times per second.
    """

    def __init__(self, report: Callable[[float], Any]) -> None:
        self._report, self._last = report, 0.0
        self.seconds, self.cancelled = 0.0, False
        self._finished = 0.0

    def __call__(self, made: float = 0.0, total: float = 0.0) -> bool:
        """Record the seconds of audio so far; return whether to stop."""
        self.seconds = max(self.seconds, made)
        if time.monotonic() - self._last > POLL_SECONDS:
            self._last = time.monotonic()
            self._report(self.seconds)
        return self.cancelled

    def finish(self, seconds: float) -> None:
        """Record a finished take; a model without steps reports nothing before."""
        self._finished += seconds
        self(self._finished)
