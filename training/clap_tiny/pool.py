"""The pool of training pieces: spectrograms on disk, tokens and facts in memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from training.clap_tiny.augment import augment_mel
from training.clap_tiny.data import GROUP, SHARD, make_shard, piece, shard_path
from training.clap_tiny.words import contradicts, texts_of, truth_row

WORDINGS = 10
"""Texts of each piece."""

TRIES = 3
"""Texts to consider for each piece of a step, to find one that distinguishes it from its group."""


def make_texts(cache: Path, part: str, number: int, size: int = SHARD) -> Path:
    """Write the texts and facts of a shard's pieces as JSON, unless the file exists."""
    path = shard_path(cache, part, number).with_suffix(".json")
    if not path.exists():
        content = []
        for index in range(number * size, (number + 1) * size):
            spec = piece(index, part)[0]
            texts, facts = texts_of(spec, WORDINGS, index)
            content.append({"texts": texts, "facts": facts.tolist(), "truth": truth_row(spec).tolist()})
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.part")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, path)
    return path


def compose_all(cache: Path, part: str, numbers: range, size: int = SHARD) -> None:
    """Write shards one after another, in the order in which training needs them."""
    from training.clap_tiny.data import feature_extractor

    extractor = feature_extractor()
    for number in numbers:
        make_texts(cache, part, number, size)
        make_shard(cache, part, number, extractor, size)


class Pool:
    """A growing set of pieces to draw groups from.

    Parameters
    ----------
    cache : pathlib.Path
        The folder of `compose_all`.
    tokenizer : transformers.PreTrainedTokenizerFast
        Tokenizes the texts.
    size : int
        Pieces per shard.

    Attributes
    ----------
    alive : callable
        Returns whether the composer still runs; if not, a missing shard is an error.
    """

    def __init__(self, cache: Path, tokenizer: Any, size: int = SHARD) -> None:
        self.cache, self.tokenizer, self.size = Path(cache), tokenizer, size
        self.alive: Callable[[], bool] = lambda: True
        self.mels: list[np.ndarray] = []
        self.tokens: list[list[list[int]]] = []
        self.facts: list[np.ndarray] = []
        self.truths: list[np.ndarray] = []

    def grow(self, shards: int) -> None:
        """Wait until this many shards exist, and load them."""
        while len(self.mels) < shards:
            path = shard_path(self.cache, "train", len(self.mels))
            texts = path.with_suffix(".json")
            # Before looking at the disk: the composer may end right after its last shard.
            alive = self.alive()
            while not (path.exists() and texts.exists()):
                if not alive:
                    raise RuntimeError(f"the composing process died before it wrote {path}")
                time.sleep(0.5)
                alive = self.alive()
            self.mels.append(np.load(path, mmap_mode="r"))
            for entry in json.loads(texts.read_text(encoding="utf-8")):
                self.tokens.append(self.tokenizer(entry["texts"], truncation=True)["input_ids"])
                self.facts.append(np.array(entry["facts"], np.float32))
                self.truths.append(np.array(entry["truth"], np.float32))

    def batch(
        self, groups: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, list[list[int]], np.ndarray, np.ndarray]:
        """Draw groups of pieces, and for each piece a text that distinguishes it from its group, if there is one.

        Returns
        -------
        tuple
            Spectrograms ``(n, frames, bands)``, tokens, facts and truths ``(n, attributes)`` of n = 4 groups.
        """
        firsts = rng.choice(len(self.truths) // GROUP, groups, replace=False) * GROUP
        pieces = (firsts[:, None] + np.arange(GROUP)).ravel()
        truths = np.stack([self.truths[i] for i in pieces])
        tokens, facts = [], []
        for row, index in enumerate(pieces):
            candidates = rng.choice(WORDINGS, TRIES, replace=False)
            first = row - row % GROUP
            distinguished = contradicts(self.facts[index][candidates], truths[first : first + GROUP]).sum(axis=1)
            best = candidates[int(distinguished.argmax())] if rng.random() < 0.7 else candidates[0]
            tokens.append(self.tokens[index][best])
            facts.append(self.facts[index][best])
        mels = np.stack([augment_mel(self.mels[i // self.size][i % self.size], rng) for i in pieces])
        return mels, tokens, np.stack(facts), truths

    def texts(self, count: int, rng: np.random.Generator) -> tuple[list[list[int]], np.ndarray]:
        """Draw texts without pieces: tokens, and facts ``(count, attributes)``."""
        pairs = [(int(i), int(rng.integers(WORDINGS))) for i in rng.integers(len(self.truths), size=count)]
        return [self.tokens[i][k] for i, k in pairs], np.stack([self.facts[i][k] for i, k in pairs])
