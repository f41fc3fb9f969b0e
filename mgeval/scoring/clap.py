"""How well clips fit their prompts, by embedders that read texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import METRICS, TEXT, Undefined
from mgeval.runs import Store
from mgeval.scoring.clip_measures import ClipMeasures
from mgeval.scoring.clip_reader import Source, read_together
from mgeval.scoring.vectors import cached_vectors, kept_vectors

TOGETHER = 16
"""Clips that are in memory at once for an embedder."""


class PromptScorer:
    """An embedder that scores clips against texts, and keeps the vectors of texts in memory.

    Parameters
    ----------
    name : str
        As `mgeval.embed.load` knows it.

    Raises
    ------
    MetricError
        The embedder reads no texts.
    """

    def __init__(self, name: str) -> None:
        from mgeval import embed

        self.embedder = embed.load(name)
        if not self.embedder.has_text:
            raise MetricError(f"{name!r} reads no texts, so it cannot score how well a clip fits its prompt")
        self.checkpoint = checkpoint_of(self.embedder.id)
        self._texts: dict[str, np.ndarray] = {}

    @property
    def columns(self) -> list[str]:
        """The columns of its scores."""
        return [f"{name}:{self.checkpoint}" for name in TEXT]

    def score(self, windows: np.ndarray | None, text: str) -> dict[str, float]:
        """Return the metrics of `TEXT` by their columns, of a clip's vectors, which are None without a prompt."""
        if windows is None:
            return dict.fromkeys(self.columns, Undefined("there is no prompt to compare with"))
        if text not in self._texts:
            self._texts[text] = self.embedder.text([text])[0]
        return {
            column: METRICS[column.partition(":")[0]].function(windows, self._texts[text]) for column in self.columns
        }


def load_scorers(asked: Iterable[str]) -> dict[str, PromptScorer]:
    """Load the checkpoints among the names asked for, by the names in their columns."""
    scorers: dict[str, PromptScorer] = {}
    for scorer in (PromptScorer(name) for name in asked if name not in METRICS):
        if scorer.checkpoint in scorers:
            raise MetricError(f"two checkpoints are called {scorer.checkpoint!r}: rename one of their folders")
        scorers[scorer.checkpoint] = scorer
    return scorers


def score_prompts(
    sources: Sequence[Source | None],
    prompts: Sequence[str],
    scorers: dict[str, PromptScorer],
    store: Store | None,
    kept: Sequence[ClipMeasures] | None,
) -> Iterator[dict[str, float]]:
    """Yield the scores of each clip by their columns; several clips go through a tower together.

    A clip whose vectors the store keeps is not read.
    """
    for start in range(0, len(sources), TOGETHER):
        block = slice(start, start + TOGETHER)
        texts = prompts[block]
        signals = [clip.mono for clip in kept[block]] if kept else [None] * len(texts)
        windows = _block_vectors(sources[block], texts, signals, list(scorers.values()), store)
        for i, text in enumerate(texts):
            scores: dict[str, float] = {}
            for name, scorer in scorers.items():
                scores |= scorer.score(windows[name][i], text)
            yield scores


def _block_vectors(
    sources: Sequence[Source | None],
    texts: Sequence[str],
    signals: Sequence[str | None],
    scorers: Sequence[PromptScorer],
    store: Store | None,
) -> dict[str, list[np.ndarray | None]]:
    """Return the vectors of each clip by checkpoint; None without a prompt, or where the clip cannot be read."""
    asked = [bool(text.strip()) for text in texts]
    vectors = {
        scorer.checkpoint: [
            kept_vectors(scorer.embedder, signal, store) if wanted else None
            for signal, wanted in zip(signals, asked, strict=True)
        ]
        for scorer in scorers
    }
    unknown = [wanted and any(rows[i] is None for rows in vectors.values()) for i, wanted in enumerate(asked)]
    clips = read_together([source if wanted else None for source, wanted in zip(sources, unknown, strict=True)])
    for scorer in scorers:
        rows = vectors[scorer.checkpoint]
        missing = [i for i, clip in enumerate(clips) if clip is not None and rows[i] is None]
        # The mono mean, as `distances` embeds it: vectors that either of them keeps serve both.
        audios = [clip.mono() for i in missing if (clip := clips[i]) is not None]
        for i, embedded in zip(missing, cached_vectors(scorer.embedder, audios, store), strict=True):
            rows[i] = embedded
    return vectors


def checkpoint_of(embedder: str) -> str:
    """Return an embedder's name in columns: its own without the ``clap:`` that they begin with anyway."""
    return embedder.rpartition("@")[0].removeprefix("clap:")
