"""The name of a clip: a hash over everything that decides what it sounds like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mgeval.audio import Audio

KEY_SCHEMA = 1
"""Part of every key: it stays, whatever becomes of the folder's own schema."""

DIGITS = 20

CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def audio_hash(audio: Audio) -> str:
    """Return a hash of a signal's samples and rate: what tells two audio prompts apart."""
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
    """Return the name of a clip: a hash over everything that decides what it sounds like.

    Two cells of a plan with the same key are the same clip. What a clip may differ by in rounding
    only (device, number format, library versions) is not part of it.

    Parameters
    ----------
    model, revision : str
        The model's name and its exact state.
    prompt : str
        The text.
    sampling : mapping
        Every field of `Sampling`, as ``Sampling.asdict`` returns them.
    audio_prompt, melody : Audio, optional
        Audio that conditions the clip.

    Returns
    -------
    str
        20 hexadecimal digits.
    """
    heard = [None if audio is None else audio_hash(audio) for audio in (audio_prompt, melody)]
    before, after = _split_json(model, revision, prompt, *heard)
    return hashlib.sha256(before + _canonical(dict(sampling)) + after).hexdigest()[:DIGITS]


def clip_keys(
    model: str, revision: str, prompts: Iterable[str], samplings: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the keys of all settings of the first prompt, then of the second, and so on: `clip_key`, but quickly."""
    settings = [_canonical(dict(sampling)) for sampling in samplings]
    for prompt in prompts:
        before, after = _split_json(model, revision, prompt, None, None)
        begun = hashlib.sha256(before)
        for text in settings:
            digest = begun.copy()
            digest.update(text + after)
            yield digest.hexdigest()[:DIGITS]


def row_keys(
    cells: Iterable[tuple[str, str, str]], names: tuple[str, ...], settings: Iterable[tuple[Any, ...]]
) -> Iterator[str]:
    """Yield the key of each row: `clip_key` of its model, revision and prompt, and of its settings by ``names``.

    For rows in any order, of which many have the same prompt or the same settings.
    """
    begun: dict[tuple[str, str, str], tuple[Any, bytes]] = {}
    texts: dict[tuple[Any, ...], bytes] = {}
    for cell, values in zip(cells, settings, strict=True):
        if cell not in begun:
            before, after = _split_json(*cell, None, None)
            begun[cell] = hashlib.sha256(before), after
        if values not in texts:
            texts[values] = _canonical(dict(zip(names, values, strict=True)))
        start, after = begun[cell]
        digest = start.copy()
        digest.update(texts[values] + after)
        yield digest.hexdigest()[:DIGITS]


def _split_json(
    model: str, revision: str, prompt: str, audio_prompt: str | None, melody: str | None
) -> tuple[bytes, bytes]:
    """Return the canonical JSON of what decides a clip, before and after its settings."""
    first = {"audio_prompt": audio_prompt, "melody": melody, "model": model, "prompt": prompt, "revision": revision}
    # Names stand in the order of the alphabet, as in all canonical JSON.
    return _canonical(first)[:-1] + b',"sampling":', b',"schema":%d}' % KEY_SCHEMA


def _canonical(value: Mapping[str, Any]) -> bytes:
    return CANONICAL.encode(value).encode()
