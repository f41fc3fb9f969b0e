"""``clap:...``: CLAP checkpoints of transformers' and LAION's form, heard in windows at fixed places."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import TAIL, VALID, Embedder, check_clips, check_texts, cut, mono_at, repeat_pad
from mgeval.embed.checks import check_audio, check_text
from mgeval.embed.clap.audio_tower import Tower
from mgeval.embed.clap.features import log_mel
from mgeval.embed.clap.load import Parts, laion_parts, load_parts
from mgeval.errors import ModelError, nearest
from mgeval.hub import CLAP_TINY, checkpoint_folder, embedder_id, hub_files, is_hub_id, local_folder, weights_hash

FORMS = ("clap:tiny", "clap:PATH", "clap:ID", "clap:FILE.pt")
"""How its embedders are called."""

HOP = 5.0
"""Seconds from one window to the next."""

BATCH = 8
"""Windows, or 8 times as many texts, that go through a tower at once."""

LAION = "lukewys/laion_clap"
"""Where LAION's own checkpoints lie on the hub."""

FILES = (
    "music_audioset_epoch_15_esc_90.14.pt",
    "music_speech_audioset_epoch_15_esc_89.98.pt",
    "music_speech_epoch_15_esc_89.25.pt",
    "630k-audioset-best.pt",
    "630k-audioset-fusion-best.pt",
    "630k-best.pt",
    "630k-fusion-best.pt",
)
"""Those that can be named without a path."""


class Clap(Embedder):
    """Texts and clips in one space; the cosine says how well they fit.

    48 kHz (or the checkpoint's own rate), mean of the channels: the stereo image is not heard.
    Windows of 10 s (the checkpoint's ``max_length_s``) every 5 s, at fixed places; where they do not
    reach the clip's end, one more ends there, unless less than 10 ms are left. A clip shorter than a
    window is repeated as often as it fits whole and filled with silence. Nothing else is done: no
    loudness or peak normalisation, no 16-bit round trip, no random crop. Louder music is therefore
    another signal, for `clap:tiny` one that was trained for -15..+5 dB.

    Rows have length 1. Checkpoints with feature fusion get their unfused input, as all windows are
    10 s long.

    Parameters
    ----------
    id : str
        Name and hash.
    parts : Parts
        Network, tokenizer, feature extractor, and the number of tokens at which texts are cut.
    where : path-like
        The checkpoint, as errors shall call it.

    Raises
    ------
    ModelError
        A tower that does not work: see `mgeval.embed.checks`.
    """

    has_text = True

    def __init__(self, id: str, parts: Parts, where: str | Path) -> None:
        self.network, self.tokenizer, self.extractor, self.longest = parts
        self.id = id
        self.rate = int(self.extractor.sampling_rate)
        self.dim = int(self.network.config.projection_dim)
        self.length = int(self.extractor.nb_max_samples)
        seconds = self.length / self.rate
        self.recipe = (
            f"{self.rate} Hz, mono mean, windows of {seconds:g} s every {HOP:g} s, shorter clips repeat-padded"
        )
        check_text(self, where)
        check_audio(self, where)

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(windows, dim)``, rows of length 1; see `Embedder.audio`."""
        clips, counts, rows, batch = check_clips(clips), [], [], []
        for clip in clips:
            windows = cut(mono_at(clip, self.rate), self.length, round(HOP * self.rate), round(TAIL * self.rate))
            counts.append(len(windows))
            for window in windows:
                batch.append(self._heard(repeat_pad(window, self.length)))
                if len(batch) == BATCH:
                    rows.append(self._hear(np.stack(batch)))
                    batch = []
        if batch:
            rows.append(self._hear(np.stack(batch)))
        return np.split(np.concatenate(rows), np.cumsum(counts)[:-1]) if rows else []

    def _heard(self, window: np.ndarray) -> np.ndarray:
        """Return what the network is given of a window of samples."""
        return log_mel(window, self.extractor)

    def _hear(self, mels: np.ndarray) -> np.ndarray:
        import torch

        return _unit(self._tower(torch.from_numpy(mels)))

    @functools.cached_property
    def _tower(self) -> Tower:
        return Tower(self.network)

    def text(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts: float32 ``(texts, dim)``, rows of length 1; what is too long is cut at its end."""
        texts = check_texts(texts)
        rows = [self._read(texts[i : i + 8 * BATCH]) for i in range(0, len(texts), 8 * BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _read(self, texts: list[str]) -> np.ndarray:
        import torch

        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            found = self.network.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
            return _unit(found)


def _unit(found: Any) -> np.ndarray:
    """Return the rows that a tower gave, float32 and of length 1."""
    # Some versions of transformers return the tensor itself, not normalised.
    rows = getattr(found, "pooler_output", found).float().numpy()
    # A broken tower's infinities become NaN, which the check at load refuses.
    with np.errstate(invalid="ignore"):
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def load_clap(name: str, revision: str | None = None) -> Clap:
    """Load ``clap:tiny``, ``clap:PATH``, ``clap:ID`` or ``clap:FILE.pt``.

    Raises
    ------
    ModelError
        No such checkpoint, not a CLAP, or one that is incomplete or broken: see `mgeval.embed.clap.load` and
        `mgeval.embed.checks`.
    """
    where = name.removeprefix("clap:")
    if where == "tiny":
        return Clap(embedder_id(name, CLAP_TINY), load_parts(CLAP_TINY), CLAP_TINY)
    place = local_folder(where)
    if where.endswith(".pt"):
        if place is None and where not in FILES:
            raise ModelError(f"{name}: no such file: {nearest(where, FILES)}")
        file = place or hub_files(LAION, VALID, [where], revision) / where
        return Clap(f"clap:{file.name}@{weights_hash([file])}", laion_parts(file), file)
    if place is None and not is_hub_id(where):
        known = [f"clap:{file}" for file in ("tiny", *FILES)]
        raise ModelError(f"{name}: no such folder: {nearest(name, known)}, or a path or hub id of a ClapModel")
    folder = checkpoint_folder(where, VALID, revision)
    # Not the whole path: the same checkpoint elsewhere is the same embedder.
    return Clap(embedder_id(f"clap:{folder.resolve().name}" if place else name, folder), load_parts(folder), folder)
