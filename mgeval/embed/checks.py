"""The check at load: an embedder that does not tell its inputs apart is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import Embedder
from mgeval.errors import ModelError

ALIKE = 0.995
"""Mean cosine between the probes' vectors from which on a tower is taken to be collapsed."""

PROBES = (
    "solo piano, slow and sad",
    "fast electronic track with drums and synth bass",
    "acoustic guitar and flute without drums",
    "drums only at 140 bpm",
    "a cheerful organ melody over strings in C major",
)


def check_text(embedder: Embedder, where: str | Path) -> None:
    """Refuse a text tower whose tokenizer does not know English, or that gives five prompts much the same vector.

    The vectors must be finite, not zero, and have a mean cosine below 0.995 between them.

    Raises
    ------
    ModelError
        The message names what is wrong with it.
    """
    tokenizer = embedder.tokenizer
    unknown, known = tokenizer.unk_token_id, tokenizer(list(PROBES))["input_ids"]
    share = np.mean([token == unknown for tokens in known for token in tokens[1:-1]])
    if share > 0.3:
        raise ModelError(f"{where}: broken tokenizer, it does not know {share:.0%} of plain English prompts")
    check_text_vectors(embedder, where)


def check_text_vectors(embedder: Embedder, where: str | Path) -> None:
    """Refuse a text tower that gives five prompts much the same vector, or NaN; `check_text` asks its tokenizer too.

    Raises
    ------
    ModelError
        The message names what is wrong with it.
    """
    _alive(embedder.text(PROBES), "text", where)


def check_audio(embedder: Embedder, where: str | Path) -> None:
    """Refuse an audio tower that gives noise, a tone, beats and silence much the same vector, or NaN.

    Raises
    ------
    ModelError
        The message names what is wrong with it.
    """
    time = np.arange(2 * embedder.rate) / embedder.rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    sounds = (noise, tone, noise * np.exp(-8 * (time % 0.5)), 0 * time)
    rows = embedder.audio([Audio(sound, embedder.rate) for sound in sounds])
    _alive(np.stack([windows.mean(axis=0) for windows in rows]), "audio", where)


def _alive(rows: np.ndarray, tower: str, where: str | Path) -> None:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    # Of silence a vector may be nothing.
    if not np.isfinite(rows).all() or (lengths < 1e-6).sum() > 1:
        raise ModelError(f"{where}: broken {tower} tower, it returns NaN, Inf or zeros")
    units = rows / np.maximum(lengths, 1e-6)
    cosines = units @ units.T
    alike = float(cosines[~np.eye(len(rows), dtype=bool)].mean())
    if alike > ALIKE:
        raise ModelError(
            f"{where}: broken {tower} tower, it gives {len(rows)} different inputs much the same vector "
            f"(mean cosine {alike:.4f}); no score made with it would mean anything"
        )
