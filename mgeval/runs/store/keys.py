"""Clip keys: hashes of everything that determines how a clip sounds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mgeval.audio import Audio

KEY_SCHEMA = 1
"""Part of every key; it stays the same when the schema of the folder changes."""

DIGITS = 20

CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def audio_hash(audio: Audio) -> str:
    """Return a hash of a signal's samples and rate, which identifies an audio prompt."""
    digest = hashlib.sha256(f"{audio.rate} {audio.channels}\n".encode())
    digest.update(audio.samples.tobytes())
    return digest.hexdigest()


def clip_key(
    model: str,
    revision: str,
    prompt: str,
    sampling: Mapping[str, Any],
    audio_prompt: Audio | None = None,
    melody: Audio | None = None,
) -> str:
    """Return the key of a clip: a hash of everything that determines how it sounds.

    Two cells of a plan with the same key are the same clip. Device, number format and library versions,
    which change only the rounding, are not part of the key.

    Parameters
    ----------
    model, revision : str
        The model's name and its exact state.
    prompt : str
        The prompt's text.
    sampling : mapping
        Every field of `Sampling`, as ``Sampling.asdict`` returns them.
    audio_prompt, melody : Audio, optional
        Audio that conditions the clip.

    Returns
    -------
    str
        20 hexadecimal digits.
    """
    audio_hashes = [None if audio is None else audio_hash(audio) for audio in (audio_prompt, melody)]
    prefix, suffix = _split_json(model, revision, prompt, *audio_hashes)
    return hashlib.sha256(prefix + _canonical(dict(sampling)) + suffix).hexdigest()[:DIGITS]


def clip_keys(
    model: str, revision: str, prompts: Iterable[str], samplings: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the keys of all settings for the first prompt, then the second, and so on: a fast `clip_key`."""
    settings = [_canonical(dict(sampling)) for sampling in samplings]
    for prompt in prompts:
        prefix, suffix = _split_json(model, revision, prompt, None, None)
        start = hashlib.sha256(prefix)
        for text in settings:
            digest = start.copy()
            digest.update(text + suffix)
            yield digest.hexdigest()[:DIGITS]


def row_keys(
    cells: Iterable[tuple[str, str, str]], names: tuple[str, ...], settings: Iterable[tuple[Any, ...]]
) -> Iterator[str]:
    """Yield the `clip_key` of each row, from its model, revision and prompt and its settings, named by ``names``.

    The rows may come in any order; hashes of repeated prompts and settings are reused.
    """
    starts: dict[tuple[str, str, str], tuple[Any, bytes]] = {}
    texts: dict[tuple[Any, ...], bytes] = {}
    for cell, values in zip(cells, settings, strict=True):
        if cell not in starts:
            prefix, suffix = _split_json(*cell, None, None)
            starts[cell] = hashlib.sha256(prefix), suffix
        if values not in texts:
            texts[values] = _canonical(dict(zip(names, values, strict=True)))
        start, suffix = starts[cell]
        digest = start.copy()
        digest.update(texts[values] + suffix)
        yield digest.hexdigest()[:DIGITS]


def _split_json(
    model: str, revision: str, prompt: str, audio_prompt: str | None, melody: str | None
) -> tuple[bytes, bytes]:
    """Return the canonical JSON that is hashed, before and after the settings."""
    first = {"audio_prompt": audio_prompt, "melody": melody, "model": model, "prompt": prompt, "revision": revision}
    # Names are in alphabetical order, as in all canonical JSON.
    return _canonical(first)[:-1] + b',"sampling":', b',"schema":%d}' % KEY_SCHEMA


def _canonical(value: Mapping[str, Any]) -> bytes:
    return CANONICAL.encode(value).encode()
