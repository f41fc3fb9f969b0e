"""One run's folder on disk.

::

    manifest.json           what this folder is, and the schema of its contents
    clips/KEY.flac          the audio
    codes/KEY.npz           the codec's codes, where the model has a codec, and what it predicted for each
    clips/KEY.json          the clip's row, with hashes of its files; written last: a clip is there when this is there
    rows/part-*.parquet     the same rows in bulk, and those of clips that failed; merged as they become many
    plan/part-*.parquet     the rows of every plan that was begun here, so that a run can be resumed without its sweep
    vectors/KEY.npy         what an embedder made of a signal; a cache, which may be deleted

Every file appears whole or not at all. The records in ``clips/`` are the truth; ``rows/`` only spares
reading them one by one. ``plan/`` is kept as ``rows/`` is: a plan is added when it is begun, what stands there
already is not written again, of rows with the same key the last one counts, many parts are merged.
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
from mgeval.files import expand_path, uninterrupted, write_atomic
from mgeval.runs.store import clips, layout, maintenance, parts, plans
from mgeval.tables import OUTCOME

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """One run's folder. Nothing is written before something is put in.

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
        self.path = expand_path(path)
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file, a store is a folder")
        layout.check_manifest(self.path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def file(self, key: str, kind: str = "audio") -> Path:
        """Return where a clip's ``audio``, ``codes`` or ``record`` stands or would stand."""
        return layout.path_of(self.path, key, kind)

    def __contains__(self, key: str) -> bool:
        return clips.has_clip(self.path, key)

    def keys(self) -> set[str]:
        """Return the keys of all clips that are there; quicker than asking for each."""
        return layout.complete_keys(self.path)

    def put(
        self,
        row: Mapping[str, Any],
        audio: Audio,
        codes: np.ndarray,
        predictions: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, Any]:
        """Write a clip: audio, codes, and last the record that says it is there.

        Where another process was quicker, its clip stays as it is, and the row says how that was made.

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
        return clips.write(self.path, row, audio, codes, predictions or {})

    def add_rows(self, rows: Sequence[Mapping[Any, Any]]) -> None:
        """Write rows in bulk; of rows with the same key the last one counts. Many parts are merged."""
        if rows:
            with uninterrupted():
                layout.prepare(self.path)
                parts.add_part(self.path / "rows", parts.to_tables(rows))

    def add_plan(self, plan: pd.DataFrame) -> None:
        """Keep the rows of a plan, one per key; those that are kept already are not written again."""
        plans.add(self.path, plan)

    def plan(self) -> pd.DataFrame:
        """Return all that was ever planned here, one row per clip: what `mgeval.run` resumes.

        Raises
        ------
        StoreError
            A part of it is damaged.
        """
        return plans.read(self.path)

    def compact(self) -> None:
        """Merge all parts under ``rows/`` into one: safe at any time, whoever writes, and when it is killed."""
        parts.compact(self.path / "rows")

    def table(self) -> pd.DataFrame:
        """Return one row per clip that was made or tried.

        Rows whose part was lost with a killed process come from their records, and stand last; a
        row whose record or audio is gone does not count.

        Raises
        ------
        StoreError
            A part is damaged, or a record that no part has the row of.
        """
        import pandas as pd

        tables = list(parts.read_parts(self.path / "rows").values())
        there = self.keys()
        known: set[str] = set()
        found = []
        if tables:
            table = parts.frame(tables)
            # The record and the audio decide: a row that says anything else is out of date.
            keys = table["key"].tolist()
            # pandas' isin takes longer than the rest together to look texts up in a set.
            table = table[(table["status"] == "done") == [key in there for key in keys]]
            known = set(table.loc[table["status"] == "done", "key"].tolist())
            found = [table]
        if missing := sorted(there - known):
            found.append(parts.frame(maintenance.record_tables(self.path, missing)))
        if not found:
            return pd.DataFrame(columns=["key", *OUTCOME])
        return found[0].reset_index(drop=True) if len(found) == 1 else pd.concat(found, ignore_index=True)

    def reindex(self) -> pd.DataFrame:
        """Build the tables under ``rows/`` anew from the clips' records, and return `table`.

        Rows of failed clips have no record: they are taken over from the parts that are whole. Damaged
        parts and records are left out; `verify` names them. A label that was changed after its clip was made comes
        back with the next `run` of its plan.
        """
        maintenance.reindex(self.path)
        return self.table()

    def verify(self) -> pd.DataFrame:
        """Read every file again and return what is damaged, one row per file; an empty table is good news.

        Audio and codes are compared with the hashes in their record; those of a store's first schema, which
        had none, are decoded. Nothing is changed: `discard` takes the table.

        Returns
        -------
        pandas.DataFrame
            ``key`` (empty for a part of the tables), ``file`` (in the store) and ``problem``.
        """
        return maintenance.verify(self.path)

    def runs(self) -> pd.DataFrame:
        """Return what is on record of the runs that made clips here, the oldest first.

        Returns
        -------
        pandas.DataFrame
            ``started``, ``ended`` (empty of one that was killed, or is at work), ``outcome`` ('done', 'stopped', an
            error, or 'running'), ``cells`` that were missing, how many were ``made`` and ``failed``, ``models`` with
            their revisions, ``where`` they ran, ``host``, ``process``, ``command`` and ``environment``: the versions of
            packages, of Python and of mgeval's clone.
        """
        return maintenance.runs(self.path)

    def discard(self, damage: pd.DataFrame) -> None:
        """Delete what `verify` found damaged, so that the next `run` of the plan makes those clips anew.

        Of a clip all files go, the record first; of the tables the damaged part, whose rows are in the records.
        """
        maintenance.discard(self.path, damage)

    def merge(self, other: Store) -> pd.DataFrame:
        """Copy the clips of another store that this one does not hold; the other is only read.

        Where both have a clip, this one's stays. Rows of failed clips come along where nothing is known of
        them here. A damaged clip of the other is left out, with a warning.

        Returns
        -------
        pandas.DataFrame
            The rows that came in.

        Raises
        ------
        StoreError
            The other holds nothing, or is this one.
        """
        check_store(other)
        if other.path.resolve() == self.path.resolve():
            raise StoreError(f"{self.path}: cannot be merged with itself; name another store")
        coming = maintenance.merge(self.path, self.table(), other.path, other.table())
        self.add_rows(coming.to_dict("records"))
        return coming

    def gc(self, age: float = 3600.0) -> pd.DataFrame:
        """Delete what killed writers left: temporary files, and audio and codes without a record.

        Parameters
        ----------
        age : float
            Seconds; what is younger may belong to a writer at work and stays.

        Returns
        -------
        pandas.DataFrame
            ``file`` and ``bytes`` of what is gone.

        Raises
        ------
        StoreError
            ``age`` is no number of seconds.
        """
        if isinstance(age, bool) or not isinstance(age, (int, float)) or age != age:
            raise StoreError(f"age is {age!r}: a number of seconds is needed")
        return maintenance.gc(self.path, age)

    def status(self) -> dict[str, Any]:
        """Return how the store stands.

        Returns
        -------
        dict
            ``planned`` (clips of all plans that were begun here), ``planned_done`` (of these, how many are there),
            ``done`` and ``failed`` (clips), ``models`` (clips done by model), ``audio_seconds``, ``bytes`` (of
            audio and codes), ``parts`` (of the tables), ``errors`` (failed clips by error), ``schema``.
        """
        return maintenance.status(self.path, self.table())

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
        return clips.load_arrays(self.path, key, ["codes"]).get("codes", np.zeros((0, 0), np.int16))

    def predictions(self, key: str) -> dict[str, np.ndarray]:
        """Return what the model predicted for a clip's codes, arrays by name; empty where none were kept.

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
        """Return vectors that were kept, or None where there are none or they are damaged: they can be made again."""
        try:
            return np.load(self._vectors_file(key), allow_pickle=False)
        except (ValueError, OSError, EOFError):
            return None

    def _vectors_file(self, key: str) -> Path:
        # Folders by the first digits: some file systems are slow with a hundred thousand names in one.
        return self.path / "vectors" / key[:2] / f"{key}.npy"


def check_store(store: Any) -> None:
    """Refuse what is no store, above all the folder of one."""
    if not isinstance(store, Store):
        raise StoreError(f"the store is {store!r}: a Store is needed, such as Store('runs/first')")


def is_store(path: str | os.PathLike[str]) -> bool:
    """Say whether a folder is a run's, damaged or not."""
    try:
        return '"mgeval store"' in (expand_path(path) / "manifest.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
