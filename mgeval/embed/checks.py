"""Checks of a loaded embedder: it must distinguish its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import Embedder
from mgeval.errors import ModelError

MOST_ALIKE = 0.995
"""Highest mean cosine between the vectors of different inputs; above it, the tower has collapsed."""

PROBES = (
    "solo piano, slow and sad",
    "fast electronic track with drums and synth bass",
    "acoustic guitar and flute without drums",
    "drums only at 140 bpm",
    "a cheerful organ melody over strings in C major",
)


def check_text(embedder: Embedder, tokenizer: Any, checkpoint: str | Path) -> None:
    """Check that a tokenizer covers English and that the text tower distinguishes five prompts.

    Their vectors must be finite, not zero, and have a mean cosine of at most 0.995 between them.

    Raises
    ------
    ModelError
        The tokenizer or the text tower is broken; the message says how.
    """
    unknown = tokenizer.unk_token_id
    share = np.mean([token == unknown for row in tokenizer(list(PROBES))["input_ids"] for token in row[1:-1]])
    if share > 0.3:
        raise ModelError(f"{checkpoint}: broken tokenizer, it does not know {share:.0%} of plain English prompts")
    check_text_vectors(embedder, checkpoint)


def check_text_vectors(embedder: Embedder, checkpoint: str | Path) -> None:
    """Check that a text tower distinguishes five prompts; `check_text` checks the tokenizer too.

    Raises
    ------
    ModelError
        The vectors are almost the same, or not finite.
    """
    _check_distinct(embedder.text(PROBES), "text", checkpoint)


def check_audio(embedder: Embedder, checkpoint: str | Path) -> None:
    """Check that an audio tower distinguishes noise, a tone, beats and silence.

    Raises
    ------
    ModelError
        The vectors are almost the same, or not finite.
    """
    time = np.arange(2 * embedder.rate) / embedder.rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    sounds = (noise, tone, noise * np.exp(-8 * (time % 0.5)), 0 * time)
    rows = embedder.audio([Audio(sound, embedder.rate) for sound in sounds])
    _check_distinct(np.stack([windows.mean(axis=0) for windows in rows]), "audio", checkpoint)


def _check_distinct(rows: np.ndarray, tower: str, checkpoint: str | Path) -> None:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    # The vector of silence may be zero.
    if not np.isfinite(rows).all() or (lengths < 1e-6).sum() > 1:
        raise ModelError(f"{checkpoint}: broken {tower} tower, it returns NaN, Inf or zeros")
    units = rows / np.maximum(lengths, 1e-6)
    cosines = units @ units.T
    mean_cosine = float(cosines[~np.eye(len(rows), dtype=bool)].mean())
    if mean_cosine > MOST_ALIKE:
        raise ModelError(
            f"{checkpoint}: broken {tower} tower, it gives {len(rows)} different inputs almost the same vector "
            f"(mean cosine {mean_cosine:.4f}), so its scores would be meaningless"
        )
