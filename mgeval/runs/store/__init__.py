"""One run's folder on disk.

::

    manifest.json           marks the folder as a store, with the schema of its contents
    clips/KEY.flac          the audio
    codes/KEY.npz           the codec's codes, if the model has a codec, and the model's predictions for them
    clips/KEY.json          the clip's row, with hashes of its files; written last: with it the clip exists
    rows/part-*.parquet     the same rows in bulk, and those of failed clips; merged when there are many parts
    plan/part-*.parquet     the rows of every plan that was started here, so that a run can resume without its sweep
    vectors/KEY.npy         an embedder's vectors of a signal; a cache that may be deleted
    measures/HASH.json      measures and failures of an audio file; a cache that may be deleted

Every file appears complete or not at all. The records in ``clips/`` are the truth; ``rows/`` only saves reading
them one by one. ``plan/`` works like ``rows/``: a plan is added when its run starts, rows that are there already
are not written again, the last of several rows with the same key counts, and many parts are merged.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio, load_audio
from mgeval.errors import StoreError
from mgeval.files import defer_interrupt, expand_path, write_atomic
from mgeval.runs.store import clips, layout, maintenance, measures, parts, plans
from mgeval.tables import OUTCOME

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """One run's folder. It is created with the first write.

    Parameters
    ----------
    path : path-like
        The folder; it may not exist yet.

    Raises
    ------
    StoreError
        The folder holds other files, or a store of a newer schema.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expand_path(path)
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file, but a store must be a folder")
        layout.check_manifest(self.path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def file(self, key: str, kind: str = "audio") -> Path:
        """Return the path of a clip's ``audio``, ``codes`` or ``record``, whether or not it exists."""
        return layout.path_of(self.path, key, kind)

    def __contains__(self, key: str) -> bool:
        return clips.has_clip(self.path, key)

    def keys(self) -> set[str]:
        """Return the keys of all clips in the store; faster than testing each."""
        return layout.complete_keys(self.path)

    def put(
        self,
        row: Mapping[str, Any],
        audio: Audio,
        codes: np.ndarray,
        predictions: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, Any]:
        """Write a clip: audio, codes, and last the record that marks it as present.

        If another process wrote the clip first, that one is kept, and the row describes it.

        Parameters
        ----------
        row : mapping
            The clip's row of the plan and how it was made; ``key`` identifies it.
        audio : Audio
            The clip.
        codes : numpy.ndarray
            int16 ``(codebooks, frames)``; ``(0, 0)`` writes none.
        predictions : mapping of str to numpy.ndarray, optional
            Arrays of the same shape: the model's predictions for each code. They are in the same file as the
            codes, so that neither exists without the other.

        Returns
        -------
        dict
            The row, extended by the file's path and properties.
        """
        return clips.write(self.path, row, audio, codes, predictions or {})

    def add_rows(self, rows: Sequence[Mapping[Any, Any]]) -> None:
        """Write rows in bulk; of rows with the same key the last one counts. Merge the parts if there are many."""
        if rows:
            with defer_interrupt():
                layout.prepare(self.path)
                parts.add_part(self.path / "rows", parts.to_tables(rows))

    def add_plan(self, plan: pd.DataFrame) -> None:
        """Keep the rows of a plan, one per key; rows that the store has already are not written again."""
        plans.add(self.path, plan)

    def plan(self) -> pd.DataFrame:
        """Return every clip that was ever planned here, one row each; `mgeval.run` resumes such a plan.

        Raises
        ------
        StoreError
            A part of the plan is damaged.
        """
        return plans.read(self.path)

    def compact(self) -> None:
        """Merge all parts under ``rows/`` into one; safe while others write, and if it is killed."""
        parts.compact(self.path / "rows")

    def table(self) -> pd.DataFrame:
        """Return one row per clip that was made or failed.

        Rows that a killed process had not written to a part come from their records, at the end of the table; a
        row whose record or audio is gone does not count.

        Raises
        ------
        StoreError
            A part is damaged, or a record whose row is in no part.
        """
        import pandas as pd

        tables = list(parts.read_parts(self.path / "rows").values())
        present = self.keys()
        listed: set[str] = set()
        frames = []
        if tables:
            table = parts.frame(tables)
            # Record and audio decide; a row that disagrees with them is out of date. A set, because pandas' isin
            # takes longer to look up texts than everything else here together.
            keys = table["key"].tolist()
            table = table[(table["status"] == "done") == [key in present for key in keys]]
            listed = set(table.loc[table["status"] == "done", "key"].tolist())
            frames = [table]
        if missing := sorted(present - listed):
            frames.append(parts.frame(maintenance.record_tables(self.path, missing)))
        if not frames:
            return pd.DataFrame(columns=["key", *OUTCOME])
        return frames[0].reset_index(drop=True) if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def reindex(self) -> pd.DataFrame:
        """Rebuild the tables under ``rows/`` from the clips' records, and return `table`.

        Rows of failed clips have no record and are taken from the intact parts. Damaged parts and records are left
        out; `verify` lists them. A label that was changed after its clip was made is restored by the next `run` of
        its plan.
        """
        maintenance.reindex(self.path)
        return self.table()

    def verify(self) -> pd.DataFrame:
        """Read every file again and return the damaged ones, one row per file; the table is empty if all are intact.

        Audio and codes are compared with the hashes in their record; in schema 1, which has no hashes, they are
        decoded. Nothing is changed: pass the table to `discard` to delete the damaged files.

        Returns
        -------
        pandas.DataFrame
            ``key`` (empty for a part of the tables), ``file`` (in the store) and ``problem``.
        """
        return maintenance.verify(self.path)

    def runs(self) -> pd.DataFrame:
        """Return the records of the runs that made clips here, oldest first.

        Returns
        -------
        pandas.DataFrame
            ``started``, ``ended`` (empty if the run was killed or is active), ``outcome`` ('done', 'stopped', an
            error, or 'running'), ``cells`` that were missing, how many were ``made`` and ``failed``, ``models`` with
            their revisions, ``where`` they ran, ``host``, ``process``, ``command`` and ``environment``: the versions of
            packages, of Python and of mgeval's clone.
        """
        return maintenance.runs(self.path)

    def discard(self, damage: pd.DataFrame) -> None:
        """Delete what `verify` found damaged, so that the next `run` of the plan makes those clips again.

        Deletes all files of a damaged clip, the record first, and damaged parts of the tables, whose rows are in the
        records.
        """
        maintenance.discard(self.path, damage)

    def merge(self, other: Store) -> pd.DataFrame:
        """Copy the clips that this store lacks from another store, which is only read.

        If both have a clip, this store's is kept. Rows of failed clips are copied if this store has no row for the
        clip. A damaged clip of the other store is left out, with a warning.

        Returns
        -------
        pandas.DataFrame
            The copied rows.

        Raises
        ------
        StoreError
            The other store is empty, or is this one.
        """
        check_store(other)
        if other.path.resolve() == self.path.resolve():
            raise StoreError(f"{self.path}: cannot be merged with itself; give another store")
        coming = maintenance.merge(self.path, self.table(), other.path, other.table())
        self.add_rows(coming.to_dict("records"))
        return coming

    def gc(self, age: float = 3600.0) -> pd.DataFrame:
        """Delete what killed writers left behind: temporary files, and audio and codes without a record.

        Parameters
        ----------
        age : float
            Seconds. Younger files may belong to an active writer and stay.

        Returns
        -------
        pandas.DataFrame
            ``file`` and ``bytes`` of the deleted files.

        Raises
        ------
        StoreError
            ``age`` is not a number of seconds.
        """
        if isinstance(age, bool) or not isinstance(age, (int, float)) or age != age:
            raise StoreError(f"age must be a number of seconds, got {age!r}")
        return maintenance.gc(self.path, age)

    def status(self) -> dict[str, Any]:
        """Return the store's counts and sizes.

        Returns
        -------
        dict
            ``planned`` (clips of all plans that were started here), ``planned_done`` (how many of them exist),
            ``done`` and ``failed`` (clips), ``models`` (clips done by model), ``audio_seconds``, ``bytes`` (of
            audio and codes), ``parts`` (of the tables), ``errors`` (failed clips by error), ``schema``.
        """
        return maintenance.status(self.path, self.table())

    def audio(self, key: str) -> Audio:
        """Return a clip's audio.

        Raises
        ------
        AudioError
            The file is missing or damaged.
        """
        return load_audio(self.file(key))

    def codes(self, key: str) -> np.ndarray:
        """Return a clip's codes, int16 ``(codebooks, frames)``; ``(0, 0)`` if it has none."""
        return clips.load_arrays(self.path, key, ["codes"]).get("codes", np.zeros((0, 0), np.int16))

    def predictions(self, key: str) -> dict[str, np.ndarray]:
        """Return the model's predictions for a clip's codes, arrays by name; empty if none were kept.

        See `mgeval.models.Generated` for their names and meaning.
        """
        arrays = clips.load_arrays(self.path, key)
        arrays.pop("codes", None)
        return arrays

    def put_vectors(self, key: str, rows: np.ndarray) -> None:
        """Keep an embedder's vectors of a signal; `mgeval.scoring.vectors.vectors_key` makes the key."""
        layout.prepare(self.path)
        buffer = io.BytesIO()
        np.save(buffer, rows, allow_pickle=False)
        write_atomic(self._vectors_file(key), buffer.getvalue())

    def vectors(self, key: str) -> np.ndarray | None:
        """Return kept vectors, or None if they are missing or damaged and have to be made again."""
        try:
            return np.load(self._vectors_file(key), allow_pickle=False)
        except (ValueError, OSError, EOFError):
            return None

    def audio_digest(self, key: str) -> str | None:
        """Return the hash of a clip's audio file, under which its measures are kept; None if it cannot be read."""
        return measures.file_digest(self.file(key))

    def put_measures(self, digest: str, content: Mapping[str, Any]) -> None:
        """Keep what was computed of an audio file, in place of what is kept; `mgeval.measure` does so."""
        measures.write(self.path, digest, content)

    def measures(self, digest: str) -> dict[str, Any]:
        """Return what is kept of an audio file; nothing if it is damaged, because it can be computed again."""
        return measures.read(self.path, digest)

    def _vectors_file(self, key: str) -> Path:
        # Folders by the first digits: some file systems are slow with a hundred thousand names in one folder.
        return self.path / "vectors" / key[:2] / f"{key}.npy"


def check_store(store: Any) -> None:
    """Raise if ``store`` is not a `Store`; a common mistake is to pass its folder."""
    if not isinstance(store, Store):
        raise StoreError(f"the store must be a Store, such as Store('runs/first'), got {store!r}")


def is_store(path: str | os.PathLike[str]) -> bool:
    """Return whether a folder is a run's, damaged or not."""
    try:
        return '"mgeval store"' in (expand_path(path) / "manifest.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
