"""One run's folder on disk.

::

    manifest.json           what this folder is, and the schema of its contents
    clips/KEY.flac          the audio
    codes/KEY.npz           the codec's codes, where the model has a codec, and what it predicted for each
    clips/KEY.json          the clip's row; written last: a clip is there when this is there
    rows/part-*.parquet     the same rows in bulk, and those of clips that failed
    vectors/KEY.npy         what an embedder made of a signal; a cache, which may be deleted

Every file appears whole or not at all. The records in ``clips/`` are the truth; ``rows/`` only spares
reading them one by one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio, encode_audio, load_audio, storage_gain
from mgeval.errors import StoreError
from mgeval.files import write_atomic

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1

OUTCOME = (
    *("path", "status", "error", "n_samples", "rate", "channels", "peak", "gain"),
    *("elapsed", "slots", "halved", "seams", "device", "dtype", "versions"),
)
"""What `run` adds to the columns of a plan."""

CONTROL = "control"
"""The column that says what kind of control a row is; a model's own clips have a gap there."""


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
        "schema": SCHEMA,
        "model": model,
        "revision": revision,
        "prompt": prompt,
        "audio_prompt": None if audio_prompt is None else audio_hash(audio_prompt),
        "melody": None if melody is None else audio_hash(melody),
        "sampling": dict(sampling),
    }
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


class Store:
    """One run's folder. Nothing is written before the first clip.

    Parameters
    ----------
    path : path-like
        The folder; it may not exist yet.

    Raises
    ------
    StoreError
        The folder holds something that is not a store, or one of a newer schema.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file, a store is a folder")
        manifest = self.path / "manifest.json"
        if manifest.exists():
            try:
                schema = json.loads(manifest.read_text(encoding="utf-8"))["schema"]
            except (ValueError, KeyError, TypeError, OSError):
                raise StoreError(f"{manifest}: damaged; restore it, or choose a new folder") from None
            if schema != SCHEMA:
                raise StoreError(f"{self.path}: has schema {schema!r}, this version of mgeval reads {SCHEMA}")
        # Hidden files are no hindrance: a run killed in its first write leaves one, desktops leave others.
        elif self.path.exists() and any(not file.name.startswith(".") for file in self.path.iterdir()):
            raise StoreError(f"{self.path}: holds other files and no manifest.json; choose a new or an empty folder")

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def file(self, key: str, kind: str = "audio") -> Path:
        """Return where a clip's ``audio``, ``codes`` or ``record`` stands or would stand."""
        folder, ending = {"audio": ("clips", "flac"), "codes": ("codes", "npz"), "record": ("clips", "json")}[kind]
        return self.path / folder / f"{key}.{ending}"

    def __contains__(self, key: str) -> bool:
        return self.file(key, "record").exists() and self.file(key).exists()

    def put(
        self,
        row: Mapping[str, Any],
        audio: Audio,
        codes: np.ndarray,
        predictions: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, Any]:
        """Write a clip: audio, codes, and last the record that says it is there.

        Parameters
        ----------
        row : mapping
            The clip's row of the plan and how it was made; ``key`` names it.
        audio : Audio
            The clip.
        codes : numpy.ndarray
            int16 ``(codebooks, frames)``; ``(0, 0)`` writes none.
        predictions : mapping of str to numpy.ndarray, optional
            Arrays of the same shape: what the model predicted for each code. They stand in the codes'
            file, so that neither is there without the other.

        Returns
        -------
        dict
            The row with what was written.
        """
        key = row["key"]
        self._begin()
        write_atomic(self.file(key), encode_audio(audio, ".flac"))
        if codes.size:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, codes=codes, **(predictions or {}))
            write_atomic(self.file(key, "codes"), buffer.getvalue())
        done = {
            **row,
            "path": f"clips/{key}.flac",
            "status": "done",
            "error": "",
            "n_samples": audio.samples.shape[1],
            "rate": audio.rate,
            "channels": audio.channels,
            "peak": audio.peak,
            "gain": storage_gain(audio.peak),
        }
        write_atomic(self.file(key, "record"), json.dumps(done, ensure_ascii=False).encode())
        return done

    def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows in bulk; of rows with the same key the last one counts."""
        import pandas as pd

        if not rows:
            return
        self._begin()
        buffer = io.BytesIO()
        pd.DataFrame(rows).to_parquet(buffer, index=False)
        # Names sort by time; the process number keeps two writers apart.
        write_atomic(self.path / "rows" / f"part-{time.time_ns():020d}-{os.getpid()}.parquet", buffer.getvalue())

    def table(self) -> pd.DataFrame:
        """Return one row per clip that was made or tried.

        Rows whose part was lost with a killed process come from their records, and stand last; a
        row whose record or audio is gone does not count.
        """
        import pandas as pd

        parts = []
        for path in sorted((self.path / "rows").glob("part-*.parquet")):
            try:
                parts.append(pd.read_parquet(path))
            except (ValueError, OSError) as error:
                raise StoreError(f"{path}: damaged ({str(error).splitlines()[0]}); delete it and run again") from None
        sounding = {path.stem for path in (self.path / "clips").glob("*.flac")}
        records = {path.stem: path for path in (self.path / "clips").glob("*.json") if path.stem in sounding}
        known = set()
        if parts:
            table = pd.concat(parts, ignore_index=True).drop_duplicates("key", keep="last")
            table = table[(table["status"] != "done") | table["key"].isin(list(records))]
            known = set(table.loc[table["status"] == "done", "key"])
            parts = [table]
        missing = [_record(path) for key, path in sorted(records.items()) if key not in known]
        if missing:
            parts = [*parts, pd.DataFrame(missing)]
        if not parts:
            return pd.DataFrame(columns=["key", *OUTCOME])
        return pd.concat(parts, ignore_index=True).drop_duplicates("key", keep="last").reset_index(drop=True)

    def audio(self, key: str) -> Audio:
        """Return a clip's audio.

        Raises
        ------
        AudioError
            It is not there, or is damaged.
        """
        return load_audio(self.file(key))

    def codes(self, key: str) -> np.ndarray:
        """Return a clip's codes, int16 ``(codebooks, frames)``; ``(0, 0)`` where there are none."""
        return self._arrays(key, ["codes"]).get("codes", np.zeros((0, 0), np.int16))

    def predictions(self, key: str) -> dict[str, np.ndarray]:
        """Return what the model predicted for a clip's codes, arrays by name; empty where none were kept.

        See `mgeval.models.Generated` for their names and meaning.
        """
        arrays = self._arrays(key)
        arrays.pop("codes", None)
        return arrays

    def _arrays(self, key: str, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        path = self.file(key, "codes")
        if not path.exists():
            return {}
        try:
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in (names or file.files)}
        except (ValueError, OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            # A flipped bit can make it any of these, an encrypted or a newer archive too.
            raise StoreError(f"{path}: damaged ({error}); delete the clip's record and run again") from None

    def put_vectors(self, key: str, rows: np.ndarray) -> None:
        """Keep an embedder's vectors of a signal; `mgeval.embed.cache.vectors_key` makes the key."""
        self._begin()
        buffer = io.BytesIO()
        np.save(buffer, rows, allow_pickle=False)
        write_atomic(self._vectors_file(key), buffer.getvalue())

    def vectors(self, key: str) -> np.ndarray | None:
        """Return vectors that were kept, or None where there are none or they are damaged: they can be made again."""
        try:
            return np.load(self._vectors_file(key), allow_pickle=False)
        except (ValueError, OSError, EOFError):
            return None

    def _vectors_file(self, key: str) -> Path:
        # Folders by the first digits: some file systems are slow with a hundred thousand names in one.
        return self.path / "vectors" / key[:2] / f"{key}.npy"

    def _begin(self) -> None:
        manifest = self.path / "manifest.json"
        if not manifest.exists():
            write_atomic(manifest, json.dumps({"kind": "mgeval store", "schema": SCHEMA}).encode())


def own_clips(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of clips without its controls."""
    return table[table[CONTROL].isna()] if CONTROL in table.columns else table


def prompts_of(table: pd.DataFrame) -> list[str]:
    """Return the prompts of a table of clips; one that was read from a file has NaN for the empty prompt."""
    prompts = table["prompt"] if "prompt" in table.columns else [""] * len(table)
    return [prompt if isinstance(prompt, str) else "" for prompt in prompts]


def is_store(path: str | os.PathLike[str]) -> bool:
    """Say whether a folder is a run's, damaged or not."""
    try:
        return '"mgeval store"' in (Path(path) / "manifest.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {**record, "key": record["key"], "status": record["status"]}
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{path}: damaged; delete it and run again, the clip is then made anew") from None
