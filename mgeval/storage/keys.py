"""The name of a clip: a hash over everything that decides what it sounds like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mgeval.audio import Audio

KEY_SCHEMA = 1
"""Part of every key: it stays, whatever becomes of the folder's own schema."""


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
    settings = {
        "schema": KEY_SCHEMA,
        "model": model,
        "revision": revision,
        "prompt": prompt,
        "audio_prompt": None if audio_prompt is None else audio_hash(audio_prompt),
        "melody": None if melody is None else audio_hash(melody),
        "sampling": dict(sampling),
    }
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]
