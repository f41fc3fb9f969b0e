"""How well clips fit their prompts, as embedders that read texts hear them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import MetricError
from mgeval.metrics import METRICS, TEXT, Undefined
from mgeval.runs import Store
from mgeval.scoring.reading import Source, read_together
from mgeval.scoring.vectors import cached_vectors

TOGETHER = 16
"""Clips that are in memory at once for an embedder."""


class PromptScorer:
    """An embedder that scores clips against texts, and remembers the texts it has read."""

    def __init__(self, name: str) -> None:
        from mgeval import embed

        self.embedder = embed.load(name)
        if not self.embedder.has_text:
            raise MetricError(f"{name!r} reads no texts, so it cannot say how well a clip fits its prompt")
        self.checkpoint = checkpoint_of(self.embedder.id)
        self._read: dict[str, np.ndarray] = {}

    def hear(self, clips: Sequence[Audio | None], texts: Sequence[str], store: Store | None) -> list[dict[str, float]]:
        """Return for each clip, None where it cannot be read, the metrics of `TEXT` by their columns."""
        asked = [i for i, text in enumerate(texts) if clips[i] is not None and text.strip()]
        # As `distances` gives the mono mean, so that vectors kept by either serve both.
        windows_of = cached_vectors(self.embedder, [clips[i].mono() for i in asked], store)
        nothing: dict[str, float] = dict.fromkeys(self.columns, Undefined("there is no prompt to compare with"))
        values = [nothing] * len(clips)
        for i, windows in zip(asked, windows_of, strict=True):
            read = self._reading(texts[i])
            values[i] = {c: METRICS[c.partition(":")[0]].function(windows, read) for c in self.columns}
        return values

    def _reading(self, text: str) -> np.ndarray:
        if text not in self._read:
            self._read[text] = self.embedder.text([text])[0]
        return self._read[text]

    @property
    def columns(self) -> list[str]:
        return [f"{name}:{self.checkpoint}" for name in TEXT]


def load_scorers(asked: Iterable[str]) -> dict[str, PromptScorer]:
    """Load the checkpoints that were asked for, by the names that their columns bear."""
    ears: dict[str, PromptScorer] = {}
    for ear in (PromptScorer(name) for name in asked if name not in METRICS):
        if ear.checkpoint in ears:
            raise MetricError(f"two checkpoints are called {ear.checkpoint!r}: rename one of their folders")
        ears[ear.checkpoint] = ear
    return ears


def score_prompts(
    sources: Sequence[Source | None], prompts: Sequence[str], ears: dict[str, PromptScorer], store: Store | None
) -> Iterator[dict[str, float]]:
    """Yield what the embedders say of each clip: of several at once, which go through a tower together."""
    for start in range(0, len(sources), TOGETHER):
        texts = prompts[start : start + TOGETHER]
        clips = read_together(sources[start : start + TOGETHER] if ears else [None] * len(texts))
        values: list[dict[str, float]] = [{} for _ in clips]
        for ear in ears.values():
            values = [one | more for one, more in zip(values, ear.hear(clips, texts, store), strict=True)]
        yield from values


def checkpoint_of(embedder: str) -> str:
    """Return the name that the columns of an embedder bear: its own, less ``clap:``, which they begin with anyway."""
    return embedder.rpartition("@")[0].removeprefix("clap:")
