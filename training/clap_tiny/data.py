"""Training data of the tiny CLAP: pieces in groups that differ in one attribute, and their spectrograms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.embed.clap.features import log_mel
from mgeval.synth import BASSES, INSTRUMENTS, Spec, compose, random_spec

GROUP = 4
"""Pieces of a group: a random one, and three that differ from it in one attribute each."""

SHARD = 64
"""Pieces per cache file."""

FIRST_SEED = {"train": 1_000_000, "valid": 9_000_000, "test": 9_500_000}
"""First seed of the random specs of each part; the parts share none."""

SECONDS = 10.0
KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def piece(index: int, part: str = "train") -> tuple[Spec, int]:
    """Return the spec and the seed of one piece.

    Parameters
    ----------
    index : int
        Pieces ``4 g`` to ``4 g + 3`` form a group: the first is random, the others change one
        attribute of it each. The validation and test parts have no groups.
    part : {'train', 'valid', 'test'}
        The part of the data.

    Returns
    -------
    Spec
        Of 10 s.
    int
        Seed for `mgeval.synth.compose`.
    """
    first = FIRST_SEED[part]
    if part != "train":
        return replace(random_spec(first + index), duration=SECONDS), first + index
    group, member = divmod(index, GROUP)
    base = replace(random_spec(first + group), duration=SECONDS)
    if not member:
        return base, first + group
    rng = np.random.default_rng([first, group])
    candidates = (change_attribute(base, name, rng) for name in rng.permutation(ATTRIBUTES))
    changes = [change for change in candidates if change]
    return replace(base, **changes[member - 1]), first + group


ATTRIBUTES = ("melody", "chords", "bass", "drums", "tempo", "mode", "key", "density")
"""The attributes that hard negatives differ in: all that are audible in mono."""


def change_attribute(spec: Spec, name: str, rng: np.random.Generator) -> dict[str, Any] | None:
    """Return a change of one attribute of a spec, or None if the spec does not have the attribute."""
    if name in ("melody", "chords"):
        old = getattr(spec, name)
        others = [i for i in INSTRUMENTS if i != old]
        return {name: others[rng.integers(len(others))]} if old else None
    if name == "bass":
        others = [b for b in (*BASSES, None) if b != spec.bass]
        return {"bass": others[rng.integers(len(others))]} if spec.voices not in (("drums",), ("bass",)) else None
    if name == "drums":
        return {"drums": not spec.drums} if spec.voices != ("drums",) else None
    if name == "tempo":
        tempos = [t for t in range(60, 181) if abs(np.log(t / spec.tempo)) > 0.2]
        return {"tempo": float(tempos[rng.integers(len(tempos))])}
    if name == "mode":
        return {"mode": "minor" if spec.mode == "major" else "major"}
    if name == "key":
        return {"key": KEYS[(KEYS.index(spec.key) + int(rng.integers(1, 12))) % 12]}
    density = float(rng.uniform(0, 0.22) if spec.density > 0.45 else rng.uniform(0.75, 1))
    return {"density": round(density, 2)}


def feature_extractor() -> Any:
    """Return the front end: 48 kHz, 128 mel bands up to 8 kHz, a frame of 85 ms every 20 ms, 10 s.

    The published CLAPs have 64 bands up to 14 kHz and frames of 21 ms every 10 ms; the longer frame
    resolves neighbouring semitones, and 20 ms is the grid of the composer.
    """
    from transformers import ClapFeatureExtractor

    return ClapFeatureExtractor(
        feature_size=128, sampling_rate=48000, hop_length=960, max_length_s=10, fft_window_size=4096,
        frequency_min=30, frequency_max=8000, truncation="rand_trunc", padding="repeatpad",
    )  # fmt: skip


def features(index: int, part: str, extractor: Any) -> np.ndarray:
    """Return the spectrogram of one piece, float16 ``(501, 128)`` in dB."""
    audio, _ = compose(*piece(index, part))
    audio = audio.mono().resample(extractor.sampling_rate)
    return log_mel(audio.samples[0], extractor).astype(np.float16)


def shard_path(cache: Path, part: str, number: int) -> Path:
    """Return the path of a shard of the cache."""
    return Path(cache) / f"{part}-{number:04d}.npy"


def make_shard(cache: Path, part: str, number: int, extractor: Any, size: int = SHARD) -> Path:
    """Compose the pieces of a shard and write their spectrograms, unless the file exists."""
    path = shard_path(cache, part, number)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = np.stack([features(number * size + i, part, extractor) for i in range(size)])
        temporary = path.with_suffix(f".{os.getpid()}.part")
        with open(temporary, "wb") as file:
            np.save(file, rows)
        os.replace(temporary, path)
    return path


def shards(cache: Path, part: str) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number and the rows (memory-mapped) of each existing shard."""
    for path in sorted(Path(cache).glob(f"{part}-*.npy")):
        yield int(path.stem.split("-")[1]), np.load(path, mmap_mode="r")
