"""Write and read a clip's files: audio, codes, and last the record that marks the clip as present."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio, encode_audio, storage_gain
from mgeval.errors import StoreError
from mgeval.files import defer_interrupt, lock_folder, write_atomic
from mgeval.runs.store import layout
from mgeval.tables import OUTCOME


def write(
    store: Path, row: Mapping[str, Any], audio: Audio, codes: np.ndarray, predictions: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Write a clip, unless the store has it, and return its row. See `mgeval.Store.put`."""
    key = row["key"]
    layout.prepare(store)
    audio_data, codes_data = encode_audio(audio, ".flac"), b""
    if codes.size:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, codes=codes, **predictions)
        codes_data = buffer.getvalue()
    done_row = {
        **row,
        "path": f"clips/{key}.flac",
        "status": "done",
        "error": "",
        "traceback": "",
        "n_samples": audio.samples.shape[1],
        "rate": audio.rate,
        "channels": audio.channels,
        "peak": audio.peak,
        "gain": storage_gain(audio.peak),
    }
    with defer_interrupt(), lock_folder(store / "clips"):
        if (existing := _existing_outcome(store, key)) is not None:
            return {**row, **existing}
        write_atomic(layout.path_of(store, key, "audio"), audio_data)
        if codes_data:
            write_atomic(layout.path_of(store, key, "codes"), codes_data)
        layout.write_record(layout.path_of(store, key, "record"), done_row, {"audio": audio_data, "codes": codes_data})
    return done_row


def has_clip(store: Path, key: str) -> bool:
    """Return whether a clip has both a record and audio."""
    return layout.path_of(store, key, "record").exists() and layout.path_of(store, key, "audio").exists()


def _existing_outcome(store: Path, key: str) -> dict[str, Any] | None:
    """Return how an existing clip was made; None if the clip is missing or its record damaged."""
    if not has_clip(store, key):
        return None
    try:
        record, _ = layout.read_record(layout.path_of(store, key, "record"))
    except StoreError:
        return None
    return {name: record[name] for name in OUTCOME if name in record}


def copy(source: Path, target: Path, key: str) -> bool:
    """Copy a clip, the record last; return False if a run has made it in the target in the meantime."""
    # Lock as in `write`: the files of one clip never come from two writers.
    with defer_interrupt(), lock_folder(target / "clips"):
        if has_clip(target, key):
            return False
        for kind in ("audio", "codes", "record"):
            path = layout.path_of(source, key, kind)
            if path.exists():
                write_atomic(layout.path_of(target, key, kind), path.read_bytes())
    return True


def load_arrays(store: Path, key: str, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays in a clip's codes file, all or those named; empty if there is no file."""
    path = layout.path_of(store, key, "codes")
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in (names or file.files)}
    except (ValueError, OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # A flipped bit can cause any of these errors; so can an encrypted archive or one of a newer format.
        raise StoreError(f"{path}: damaged ({error}); delete the clip's record and run again") from None
