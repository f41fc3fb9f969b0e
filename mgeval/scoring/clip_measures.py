"""What was computed of a clip stays in its store: measures, findings and the hash of its signal.

An entry holds ``metrics`` (name: version, value, reason), ``findings`` (kind: version, rows) and ``mono``, the hash of
the clip's mono mean, by which vectors of embedders are kept. Only measures and detectors that come with mgeval are
kept: nothing tells whether somebody else's function is still the one that computed a value.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mgeval.metrics import DETECTORS, METRICS, Detector, Finding, Metric, Undefined
from mgeval.runs import Store

READERS = 8


@dataclass
class ClipMeasures:
    """What a store keeps of one clip, and what was computed since.

    Parameters
    ----------
    store : Store
        Where it is kept.
    digest : str or None
        The hash of the audio file; None where there is nothing to keep.
    content : dict
        As it is kept.
    """

    store: Store
    digest: str | None
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def mono(self) -> str | None:
        """The hash of the clip's mono mean."""
        value = self.content.get("mono")
        return value if isinstance(value, str) else None

    def values(self, names: Iterable[str]) -> dict[str, float]:
        """Return the metrics among these that are kept in their present version."""
        rows = self.content.get("metrics", {})
        current = [name for name in names if name in rows and rows[name][0] == METRICS[name].version]
        if "failure_count" in current and len(self.findings()) < len(DETECTORS):
            # It counts the findings of every detector: of new and of changed ones, too.
            current.remove("failure_count")
        return {name: _value(*rows[name][1:]) for name in current if _is_ours(METRICS[name])}

    def findings(self) -> dict[str, list[Finding]]:
        """Return the findings of each kind that are kept in their present version."""
        rows = self.content.get("findings", {})
        return {
            kind: [_finding(kind, *row) for row in rows[kind][1]]
            for kind, detector in DETECTORS.items()
            if kind in rows and rows[kind][0] == detector.version
        }

    def add(
        self,
        values: Mapping[str, float] | None = None,
        findings: Mapping[str, Sequence[Finding]] | None = None,
        mono: str | None = None,
    ) -> None:
        """Keep what was computed."""
        if self.digest is None:
            return
        before = self.content
        metrics = {name: _entry(name, value) for name, value in (values or {}).items() if _is_ours(METRICS[name])}
        kinds = {
            kind: [DETECTORS[kind].version, [_plain(row[1:]) for row in rows]]
            for kind, rows in (findings or {}).items()
            if _is_ours(DETECTORS[kind])
        }
        self.content = {
            "metrics": {**before.get("metrics", {}), **metrics},
            "findings": {**before.get("findings", {}), **kinds},
            "mono": mono or self.mono,
        }
        # What was computed is not lost where the store is full or read-only.
        if self.content != before:
            with contextlib.suppress(OSError):
                self.store.put_measures(self.digest, self.content)


def load_measures(store: Store, keys: Sequence[str | None]) -> list[ClipMeasures]:
    """Return what a store keeps of clips, by their keys; nothing for None."""
    # Reading and hashing leave Python's lock.
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(partial(_load, store), keys))


def _load(store: Store, key: str | None) -> ClipMeasures:
    digest = None if key is None else store.audio_digest(key)
    content = {} if digest is None else store.measures(digest)
    return ClipMeasures(store, digest, content if _is_valid(content) else {})


def _is_valid(content: Mapping[str, Any]) -> bool:
    """Return whether an entry has the form that `ClipMeasures.add` gives it: a store can come from anywhere."""
    try:
        values = [
            isinstance(version, int) and _is_number(value) and isinstance(reason, str | None)
            for version, value, reason in content.get("metrics", {}).values()
        ]
        rows = [
            isinstance(flagged, bool) and isinstance(reason, str) and all(map(_is_number, (score, start, end)))
            for _, findings in content.get("findings", {}).values()
            for score, flagged, start, end, reason in findings
        ]
    except (AttributeError, TypeError, ValueError):
        return False
    return all(values) and all(rows) and isinstance(content.get("mono"), str | None)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _entry(name: str, value: float) -> list[Any]:
    reason = value.reason if isinstance(value, Undefined) else None
    return [METRICS[name].version, *_plain([float(value)]), reason]


def _finding(
    kind: str, score: float | None, flagged: bool, start: float | None, end: float | None, reason: str
) -> Finding:
    score, start, end = (math.nan if value is None else value for value in (score, start, end))
    return Finding(kind, score, flagged, start, end, reason)


def _value(value: float | None, reason: str | None) -> float:
    return Undefined(reason) if reason is not None else math.nan if value is None else value


def _is_ours(row: Metric | Detector) -> bool:
    return row.function.__module__.partition(".")[0] == "mgeval"


def _plain(values: Iterable[Any]) -> list[Any]:
    """Return values as JSON has them: no NaN, and no number of numpy's."""
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    return [None if isinstance(value, float) and math.isnan(value) else value for value in plain]
