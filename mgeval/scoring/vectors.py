"""Vectors that are computed once: a store keeps them by the signal, the embedder and its recipe."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence

import numpy as np

from mgeval.audio import Audio
from mgeval.embed import Embedder, check_clips
from mgeval.errors import ModelError
from mgeval.runs import Store, audio_hash

BATCH = 16
"""Clips that are embedded, and then written, at once: what a killed run loses at most."""


def cached_vectors(embedder: Embedder, audios: Sequence[Audio], store: Store | None) -> list[np.ndarray]:
    """Embed clips, or read what an earlier call kept.

    Vectors are keyed by `vectors_key`: samples and rate of the clip, the embedder's id with its content
    hash, and its recipe; file names play no part. They are kept one file a clip in the store's
    ``vectors/`` after every 16 clips, so a killed run goes on where it was, and runs may share a store. A damaged file
    counts as none.

    Parameters
    ----------
    embedder : Embedder
        What computes them.
    audios : sequence of Audio
        The clips, read in order and 16 at a time; equal ones are embedded once.
    store : Store or None
        Where vectors are kept; with None nothing is read or written.

    Returns
    -------
    list of numpy.ndarray
        For each clip float32 ``(windows, dim)``, as `Embedder.audio` gives them.

    Raises
    ------
    ModelError
        ``audios`` holds something other than clips, or the embedder returned vectors of a wrong shape.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> clip, _ = mg.synth.compose(mg.synth.Spec(duration=3), seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = mg.Store(folder)
    ...     first = cached_vectors(mg.embed.load("mel"), [clip], store)
    ...     again = cached_vectors(mg.embed.load("mel"), [clip], store)
    >>> first[0].shape, bool((first[0] == again[0]).all())
    ((3, 128), True)
    """
    # The embedder's own rule has the better error message; a sequence may read its clips one by one.
    if isinstance(audios, Audio):
        check_clips(audios)
    vectors: list[np.ndarray] = []
    seen: dict[str, np.ndarray] = {}
    for start in range(0, len(audios), BATCH):
        clips = check_clips(audios[i] for i in range(start, min(start + BATCH, len(audios))))
        keys = [vectors_key(embedder, audio_hash(clip)) for clip in clips]
        missing = {}
        for key, clip in zip(keys, clips, strict=True):
            if key not in seen and (rows := _load(embedder, key, store)) is not None:
                seen[key] = rows
            if key not in seen:
                missing[key] = clip
        seen |= _embed(embedder, missing, store)
        vectors += [seen[key] for key in keys]
    return vectors


def vectors_key(embedder: Embedder, signal: str) -> str:
    """Return the name under which a signal's vectors are kept: 32 hexadecimal digits.

    SHA-256 of the embedder's id and recipe and of the signal's `audio_hash`.
    """
    return hashlib.sha256(f"{embedder.id}\n{embedder.recipe}\n{signal}".encode()).hexdigest()[:32]


def kept_vectors(embedder: Embedder, signal: str | None, store: Store | None) -> np.ndarray | None:
    """Return the vectors that a store keeps of a signal, by its `audio_hash`; None where it keeps none."""
    return None if signal is None else _load(embedder, vectors_key(embedder, signal), store)


def _load(embedder: Embedder, key: str, store: Store | None) -> np.ndarray | None:
    rows = None if store is None else store.vectors(key)
    return rows if rows is not None and _fits(embedder, rows) else None


def _embed(embedder: Embedder, clips: dict[str, Audio], store: Store | None) -> dict[str, np.ndarray]:
    """Embed clips by key, and keep their vectors."""
    if not clips:
        return {}
    found = embedder.audio(list(clips.values()))
    if len(found) != len(clips):
        raise ModelError(f"{embedder.id} returned vectors of {len(found)} clips for {len(clips)}")
    vectors = dict(zip(clips, found, strict=True))
    for key, rows in vectors.items():
        if not _fits(embedder, rows):
            raise ModelError(
                f"{embedder.id} returned {getattr(rows, 'dtype', type(rows).__name__)} {np.shape(rows)} for a clip, "
                f"need float32 (windows, {embedder.dim})"
            )
        # What was computed is not lost where the store is full or read-only.
        with contextlib.suppress(OSError):
            if store is not None:
                store.put_vectors(key, rows)
    return vectors


def _fits(embedder: Embedder, rows: np.ndarray) -> bool:
    shape = np.shape(rows)
    return getattr(rows, "dtype", None) == np.float32 and len(shape) == 2 and shape[0] > 0 and shape[1] == embedder.dim
