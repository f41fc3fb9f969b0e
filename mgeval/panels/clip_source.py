"""The clips of a player: from a store or from memory."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mgeval.audio import Audio, encode_audio, load_audio, stored_gain
from mgeval.errors import AudioError, nearest
from mgeval.metrics import findings_of, signal
from mgeval.runs import Store, read_record
from mgeval.scoring import clip_findings

CACHE_SIZE = 64
"""Values of loudness and findings that are cached."""


class Clip(NamedTuple):
    """A clip for a page.

    Parameters
    ----------
    data : bytes
        A FLAC file.
    rate : int
        Hz.
    gain : float
        Factor for its samples: FLAC cannot store samples beyond full scale.
    title : str
        Its prompt, or '' if unknown.
    """

    data: bytes
    rate: int
    gain: float
    title: str


class Clips:
    """Clips by key, for callbacks on any thread.

    Parameters
    ----------
    source : Store or mapping of str to Audio
        The source of the clips.
    """

    def __init__(self, source: Store | Mapping[str, Audio]) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def clip(self, key: str) -> Clip:
        """Return the file of a clip from the store, or a new file of its samples.

        Raises
        ------
        AudioError
            The clip does not exist, or it is damaged.
        """
        import soundfile

        if not isinstance(self._source, Store):
            data, title = encode_audio(self.audio(key)), ""
        elif key in self._source:
            data = self._source.file(key).read_bytes()
            title = str(read_record(self._source.file(key, "record"))[0].get("prompt") or "")
        else:
            raise AudioError(f"{self._source.path}: there is no finished clip {key!r}")
        try:
            with soundfile.SoundFile(io.BytesIO(data)) as file:
                return Clip(data, file.samplerate, float(stored_gain(file)), title)
        except soundfile.LibsndfileError:
            raise AudioError(f"clip {key!r} is damaged; store.verify() lists damaged files") from None

    def audio(self, key: str) -> Audio:
        """Return the samples of a clip."""
        if isinstance(self._source, Store):
            return load_audio(self._source.file(key))
        if key not in self._source:
            raise AudioError(f"there is no clip {key!r}: {nearest(key, list(self._source)[:50])}")
        return self._source[key]

    def loudness(self, key: str) -> float:
        """Return the integrated loudness of a clip in LUFS; NaN with its reason if it is undefined."""
        return self._compute_once("loudness", key, signal.loudness)

    def findings(self, key: str) -> list[dict[str, Any]]:
        """Return the failures of a clip with their times, as rows for JSON."""
        if isinstance(self._source, Store):
            # The store keeps them: nothing is decoded twice.
            return [_finding_row(finding) for finding in clip_findings(self._source, key)]
        return self._compute_once(
            "findings", key, lambda samples, rate: [*map(_finding_row, findings_of(samples, rate))]
        )

    def _compute_once(self, name: str, key: str, compute: Any) -> Any:
        with self._lock:
            if (name, key) in self._cache:
                return self._cache[name, key]
        audio = self.audio(key)
        value = compute(audio.samples, audio.rate)
        with self._lock:
            self._cache[name, key] = value
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return value


def _finding_row(finding: Any) -> dict[str, Any]:
    values = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in finding._asdict().items()
    }
    # JSON has no NaN.
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in values.items()
    }
