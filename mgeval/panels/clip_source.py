"""Where players get their clips: from a store or from memory."""

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

KEPT = 64
"""Clips whose loudness and findings are remembered."""


class Clip(NamedTuple):
    """A clip as it goes to a page.

    Parameters
    ----------
    data : bytes
        A FLAC file.
    rate : int
        Hz.
    gain : float
        By what its samples are to be multiplied: FLAC holds nothing beyond full scale.
    title : str
        Its prompt, as far as known.
    """

    data: bytes
    rate: int
    gain: float
    title: str


class Clips:
    """Clips by key, for callbacks of any thread.

    Parameters
    ----------
    source : Store or mapping of str to Audio
        Where they are.
    """

    def __init__(self, source: Store | Mapping[str, Audio]) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def clip(self, key: str) -> Clip:
        """Return a clip's file as it stands in the store, or made of its samples.

        Raises
        ------
        AudioError
            There is no such clip, or it is damaged.
        """
        import soundfile

        if not isinstance(self._source, Store):
            data, title = encode_audio(self.audio(key)), ""
        elif key in self._source:
            data = self._source.file(key).read_bytes()
            title = str(read_record(self._source.file(key, "record"))[0].get("prompt") or "")
        else:
            raise AudioError(f"{self._source.path}: there is no clip {key!r} that was made")
        try:
            with soundfile.SoundFile(io.BytesIO(data)) as file:
                return Clip(data, file.samplerate, float(stored_gain(file)), title)
        except soundfile.LibsndfileError:
            raise AudioError(f"clip {key!r}: damaged; store.verify() finds what is") from None

    def audio(self, key: str) -> Audio:
        """Return a clip's samples."""
        if isinstance(self._source, Store):
            return load_audio(self._source.file(key))
        if key not in self._source:
            raise AudioError(f"there is no clip {key!r}: {nearest(key, list(self._source)[:50])}")
        return self._source[key]

    def loudness(self, key: str) -> float:
        """Return a clip's integrated loudness in LUFS; NaN, with its reason, where it has none."""
        return self._once("loudness", key, signal.loudness)

    def findings(self, key: str) -> list[dict[str, Any]]:
        """Return what went wrong in a clip, and when: a row for each kind of failure, as JSON has it."""
        if isinstance(self._source, Store):
            # The store keeps them: nothing is decoded twice.
            return [_row(finding) for finding in clip_findings(self._source, key)]
        return self._once("findings", key, lambda samples, rate: [_row(one) for one in findings_of(samples, rate)])

    def _once(self, name: str, key: str, compute: Any) -> Any:
        with self._lock:
            if (name, key) in self._known:
                return self._known[name, key]
        audio = self.audio(key)
        value = compute(audio.samples, audio.rate)
        with self._lock:
            self._known[name, key] = value
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return value


def _row(finding: Any) -> dict[str, Any]:
    values = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in finding._asdict().items()
    }
    # JSON knows no NaN.
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in values.items()
    }
