"""Controls: clips with known properties to compare scores with, as ordinary rows of the store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio, audio_files, load_audio
from mgeval.errors import AudioError, SweepError, nearest
from mgeval.files import expand_path
from mgeval.models import LIMITS, Model, Sampling
from mgeval.prompts import prompt_id
from mgeval.runs.provenance import failure_columns
from mgeval.runs.store import Store
from mgeval.runs.store.keys import clip_key
from mgeval.tables import CONTROL, OUTCOME, own_clips

if TYPE_CHECKING:
    import pandas as pd

NOISE_LEVEL = 0.1
"""Root mean square of the noise: -20 dBFS, about as loud as music."""

PART = 50
"""Rows written together."""


def silence(like: Audio, key: str) -> Audio:
    """Return digital silence of the same length, rate and channels."""
    return Audio(np.zeros_like(like.samples), like.rate)


def noise(like: Audio, key: str) -> Audio:
    """Return white noise at -20 dBFS, channels independent, seeded by the clip's key."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    samples = np.random.default_rng(seed).standard_normal(like.samples.shape, np.float32)
    return Audio(NOISE_LEVEL * samples, like.rate)


def dual_mono(like: Audio, key: str) -> Audio:
    """Return the clip's mono mean on both channels."""
    return Audio(np.repeat(like.mono().samples, 2, axis=0), like.rate)


CLIP_CONTROLS: dict[str, Callable[[Audio, str], Audio]] = {"silence": silence, "noise": noise, "dual mono": dual_mono}
REFERENCE_KINDS = ("reference", "codec ceiling")
KINDS = (*CLIP_CONTROLS, *REFERENCE_KINDS)
"""Every kind of control."""


def controls(
    store: Store,
    kinds: str | Sequence[str] = tuple(CLIP_CONTROLS),
    reference: str | os.PathLike[str] | None = None,
    model: Model | None = None,
) -> pd.DataFrame:
    """Add controls to a store, so that `measure` scores them like any clip.

    ``silence``, ``noise`` (white, -20 dBFS, independent channels) and ``dual mono`` (the clip's mono
    mean on both channels) are made from each of the store's clips, with its prompt and settings.
    ``reference`` is a folder of audio; ``codec ceiling`` is the reference through the model's encoder
    and decoder: no model that uses this codec can do better. Files longer than the store's longest
    clip are cut to its length.

    Controls that the store has already are not made again. Their rows have the kind in the column
    ``control`` and ``control:KIND`` as the model; `summarise` groups them separately.

    Parameters
    ----------
    store : Store
        The store with the model's clips.
    kinds : str or sequence of str
        The kinds of controls to add.
    reference : path, optional
        The folder of the reference set, searched with its sub-folders; for ``reference`` and ``codec ceiling``.
    model : Model, optional
        A loaded MusicGen checkpoint; for ``codec ceiling``.

    Returns
    -------
    pandas.DataFrame
        The controls' rows, in the form that `run` returns; a file that cannot be read is a row with
        its error. ``measure(store.path)`` measures clips and controls together.

    Raises
    ------
    SweepError
        A kind does not exist or lacks its reference or model, or the store has no clips.
    AudioError
        The folder does not exist or holds no audio.
    """
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    _check(kinds, reference, model)
    table = store.table()
    clips = own_clips(table[table["status"] == "done"])
    if clips.empty:
        raise SweepError(f"{store.path}: holds no clips to make controls from; run(plan, store) makes some")
    cells = [
        _clip_control(store, row, kind) for kind in kinds if kind in CLIP_CONTROLS for row in clips.to_dict("records")
    ]
    if reference is not None and set(kinds) & set(REFERENCE_KINDS):
        # Keep the length of existing reference rows: a longer clip made since must not add every file again.
        earlier = table[table[CONTROL].isin(REFERENCE_KINDS)] if CONTROL in table.columns else table[:0]
        longest = float(earlier["duration"].max() if len(earlier) else (clips["n_samples"] / clips["rate"]).max())
        cells += _reference_controls(
            expand_path(reference), [kind for kind in kinds if kind in REFERENCE_KINDS], model, longest
        )
    rows: list[dict[str, Any]] = []
    try:
        for row, make in cells:
            if row["key"] not in store:
                rows.append(_make_row(store, row, make))
            if len(rows) >= PART:
                store.add_rows(rows)
                rows = []
    finally:
        store.add_rows(rows)
    table = store.table()
    return table[table["key"].isin([row["key"] for row, _ in cells])].reset_index(drop=True)


_Make = Callable[[], tuple[Audio, np.ndarray]]
"""Makes a control's audio and codes."""


def _check(kinds: Sequence[str], reference: Any, model: Model | None) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise SweepError(f"there is no control {kind!r}: {nearest(kind, KINDS)}")
        if kind in REFERENCE_KINDS and reference is None:
            raise SweepError(f"{kind!r} needs reference=, a folder of audio")
        if kind == "codec ceiling" and not (hasattr(model, "encode") and hasattr(model, "decode")):
            raise SweepError("'codec ceiling' needs model=, a loaded MusicGen checkpoint: load_model(name)")


NO_CODES = np.zeros((0, 0), np.int16)


def _clip_control(store: Store, clip: Mapping[Any, Any], kind: str) -> tuple[dict[str, Any], _Make]:
    sampling = {name: clip[name] for name in LIMITS}
    # The clip's key already covers everything that determines its sound.
    key = clip_key(f"{CONTROL}:{kind}", clip["key"], clip["prompt"], sampling)
    labels = {name: value for name, value in clip.items() if name not in OUTCOME and value == value}
    row = {**labels, "key": key, "model": f"{CONTROL}:{kind}", "revision": clip["key"], CONTROL: kind}
    return row, lambda: (CLIP_CONTROLS[kind](store.audio(clip["key"]), clip["key"]), NO_CODES)


def _reference_controls(
    folder: Path, kinds: Sequence[str], model: Model | None, longest: float
) -> Iterator[tuple[dict[str, Any], _Make]]:
    if not folder.is_dir():
        raise AudioError(f"{folder}: no such folder")
    files = audio_files(folder)
    for kind in kinds:
        for path in files:
            yield _file_control(path, kind, model, longest)


def _file_control(path: Path, kind: str, model: Any, longest: float) -> tuple[dict[str, Any], _Make]:
    sampling = Sampling(duration=longest).asdict()
    # Hash the bytes, not the samples: an unreadable file needs a key as well.
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    through = "" if kind == "reference" else f" {model.name} {model.revision}"
    row = {"model": f"{CONTROL}:{kind}", "revision": content + through, "prompt": path.stem, **sampling}
    key = clip_key(row["model"], row["revision"], row["prompt"], sampling)

    def make() -> tuple[Audio, np.ndarray]:
        audio = load_audio(path)
        audio = audio.slice(0, longest) if audio.duration > longest else audio
        if kind == "reference":
            return audio, NO_CODES
        codes = model.encode(audio)
        # The codec pads to whole frames.
        decoded = model.decode(codes)
        return decoded.slice(0, audio.duration), codes

    return {**row, "key": key, "prompt_id": prompt_id(path.stem), CONTROL: kind}, make


def _make_row(store: Store, row: dict[str, Any], make: _Make) -> dict[str, Any]:
    try:
        audio, codes = make()
    except Exception as error:
        return {**row, **failure_columns(error)}
    # An error here, such as a full disk, would recur with the next control, so let it end the run.
    return store.put(row, audio, codes)
