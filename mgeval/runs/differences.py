"""Compare two runs: their plans, what made the clips, and the clips themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import StoreError
from mgeval.models import LIMITS
from mgeval.runs.store import Store, check_store, layout
from mgeval.runs.store.keys import audio_hash
from mgeval.tables import CONTROL

if TYPE_CHECKING:
    import pandas as pd

PLAN_COLUMNS = ("model", "revision", "prompt", CONTROL, *LIMITS)
MAKER_COLUMNS = ("device", "dtype", "hardware", "threads", "slots")
MAX_LISTED = 6
"""Most values that are listed; of more, only the count is given."""


def diff(a: Store, b: Store) -> pd.DataFrame:
    """Compare two runs; an empty table means that they differ at most in when and how fast they were made.

    Parameters
    ----------
    a, b : Store
        The runs; neither is changed.

    Returns
    -------
    pandas.DataFrame
        One row per difference: ``what``, ``name``, and the values in ``a`` and in ``b``, as texts. ``what`` is

        - 'plan': a setting, or models, revisions or prompts, whose sets of values differ;
        - 'made by': device, dtype, hardware, threads, slots, or the version of a package;
        - 'clips': how many are done, failed, or in one run only;
        - 'audio', 'codes', 'predictions': a clip (its key in ``name``) that both runs have but that differs
          in a sample or a code; ``a`` and ``b`` are hashes.

    Raises
    ------
    StoreError
        One of the two is not a store or holds no clip, or a table or a record is damaged.
    """
    import pandas as pd

    for store in (a, b):
        check_store(store)
    tables = a.table(), b.table()
    for store, table in zip((a, b), tables, strict=True):
        if table.empty:
            raise StoreError(f"{store.path}: holds no clips to compare; check the path")
    rows = [*_plans(*tables), *_makers(*tables), *_counts(*tables), *_contents(a, b)]
    return pd.DataFrame(rows, columns=["what", "name", "a", "b"], dtype=str)


def _plans(a: pd.DataFrame, b: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for name in PLAN_COLUMNS:
        yield from _compare_sets("plan", name, _values(a, name), _values(b, name))


def _makers(a: pd.DataFrame, b: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    a, b = a[a["status"] == "done"], b[b["status"] == "done"]
    for name in MAKER_COLUMNS:
        yield from _compare_sets("made by", name, _values(a, name), _values(b, name))
    versions_a, versions_b = _versions(a), _versions(b)
    for name in dict.fromkeys([*versions_a, *versions_b]):
        yield from _compare_sets("made by", name, versions_a.get(name, set()), versions_b.get(name, set()))


def _values(table: pd.DataFrame, name: str) -> set[Any]:
    # A run made by an older version lacks columns.
    return set(table[name].dropna()) if name in table.columns else set()


def _versions(table: pd.DataFrame) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for text in _values(table, "versions"):
        for name, version in json.loads(text).items():
            versions.setdefault(name, set()).add(version)
    return versions


def _compare_sets(what: str, name: str, a: set[Any], b: set[Any]) -> Iterator[tuple[str, ...]]:
    if a != b:
        yield what, name, _value_text(a, b), _value_text(b, a)


def _value_text(values: set[Any], other: set[Any]) -> str:
    if len(values) > MAX_LISTED:
        return f"{len(values)} values, {len(values - other)} only here"
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in sorted(values)]
    return ", ".join(texts) or "-"


def _counts(a: pd.DataFrame, b: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for status in ("done", "failed"):
        keys_a, keys_b = (set(table.loc[table["status"] == status, "key"]) for table in (a, b))
        if keys_a != keys_b:
            yield "clips", status, _count_text(keys_a, keys_b), _count_text(keys_b, keys_a)


def _count_text(keys: set[str], other: set[str]) -> str:
    return f"{len(keys)}, {len(keys - other)} only here"


def _contents(a: Store, b: Store) -> Iterator[tuple[str, ...]]:
    for key in sorted(a.keys() & b.keys()):
        hashes_a, hashes_b = (layout.read_record(store.file(key, "record"))[1] for store in (a, b))
        # If the hashes of the files are equal, no file needs to be read. Records of schema 1 have no hashes.
        if not hashes_a or hashes_a.get("audio") != hashes_b.get("audio"):
            yield from _compare_hashes("audio", key, audio_hash(a.audio(key)), audio_hash(b.audio(key)))
        if not hashes_a or hashes_a.get("codes") != hashes_b.get("codes"):
            yield from _compare_hashes("codes", key, *(_arrays_hash({"codes": store.codes(key)}) for store in (a, b)))
            yield from _compare_hashes("predictions", key, *(_arrays_hash(store.predictions(key)) for store in (a, b)))


def _compare_hashes(what: str, key: str, a: str, b: str) -> Iterator[tuple[str, ...]]:
    if a != b:
        yield what, key, a, b


def _arrays_hash(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()
