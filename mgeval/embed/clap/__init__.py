"""``clap:...``: CLAP checkpoints in transformers' and LAION's format, applied to windows at fixed positions."""

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
from mgeval.embed.clap.load import Parts, load_laion_parts, load_parts
from mgeval.errors import ModelError, nearest
from mgeval.hub import CLAP_TINY, checkpoint_folder, embedder_id, hub_files, is_hub_id, local_folder, weights_hash

FORMS = ("clap:tiny", "clap:PATH", "clap:ID", "clap:FILE.pt")
"""How its embedders are called."""

HOP = 5.0
"""Seconds between the starts of two windows."""

BATCH = 8
"""Windows in one batch; 8 times as many texts."""

LAION = "lukewys/laion_clap"
"""LAION's own checkpoints on the hub."""

FILES = (
    "music_audioset_epoch_15_esc_90.14.pt",
    "music_speech_audioset_epoch_15_esc_89.98.pt",
    "music_speech_epoch_15_esc_89.25.pt",
    "630k-audioset-best.pt",
    "630k-audioset-fusion-best.pt",
    "630k-best.pt",
    "630k-fusion-best.pt",
)
"""LAION's checkpoints, which load by their bare names."""


class Clap(Embedder):
    """Texts and clips in one space; the cosine measures how well they match.

    48 kHz (or the checkpoint's own rate), mean of the channels: the stereo image has no effect.
    Windows of 10 s (the checkpoint's ``max_length_s``) every 5 s, at fixed positions; if they do not
    reach the end of the clip, one more window ends there, unless the remainder is under 10 ms. A clip shorter than a
    window is repeated as often as it fits whole and padded with silence. Nothing else happens: no
    loudness or peak normalisation, no 16-bit round trip, no random crop. Louder music is therefore
    a different signal; `clap:tiny` was trained for gains of -15..+5 dB.

    Rows have length 1. Checkpoints with feature fusion get their unfused input, because all windows are
    10 s long.

    Parameters
    ----------
    id : str
        Name and hash.
    parts : Parts
        Network, tokenizer, feature extractor, and the most tokens of a text.
    checkpoint : path-like
        The checkpoint, for error messages.

    Raises
    ------
    ModelError
        A tower is broken; see `mgeval.embed.checks`.
    """

    has_text = True

    def __init__(self, id: str, parts: Parts, checkpoint: str | Path) -> None:
        self.network, self.tokenizer, self.extractor, self.longest = parts
        self.id = id
        self.rate = int(self.extractor.sampling_rate)
        self.dim = int(self.network.config.projection_dim)
        self.length = int(self.extractor.nb_max_samples)
        seconds = self.length / self.rate
        self.recipe = (
            f"{self.rate} Hz, mono mean, windows of {seconds:g} s every {HOP:g} s, shorter clips repeat-padded"
        )
        check_text(self, self.tokenizer, checkpoint)
        check_audio(self, checkpoint)

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(windows, dim)``, rows of length 1; see `Embedder.audio`."""
        clips, counts, rows, batch = check_clips(clips), [], [], []
        for clip in clips:
            windows = cut(mono_at(clip, self.rate), self.length, round(HOP * self.rate), round(TAIL * self.rate))
            counts.append(len(windows))
            for window in windows:
                batch.append(self._features(repeat_pad(window, self.length)))
                if len(batch) == BATCH:
                    rows.append(self._embed_audio(np.stack(batch)))
                    batch = []
        if batch:
            rows.append(self._embed_audio(np.stack(batch)))
        return np.split(np.concatenate(rows), np.cumsum(counts)[:-1]) if rows else []

    def _features(self, window: np.ndarray) -> np.ndarray:
        """Return the network's input for a window of samples."""
        return log_mel(window, self.extractor)

    def _embed_audio(self, mels: np.ndarray) -> np.ndarray:
        import torch

        return _normalise(self._tower(torch.from_numpy(mels)))

    @functools.cached_property
    def _tower(self) -> Tower:
        return Tower(self.network)

    def text(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts: float32 ``(texts, dim)``, rows of length 1; long texts are cut at the end."""
        texts = check_texts(texts)
        rows = [self._embed_texts(texts[i : i + 8 * BATCH]) for i in range(0, len(texts), 8 * BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _embed_texts(self, texts: list[str]) -> np.ndarray:
        import torch

        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            output = self.network.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
            return _normalise(output)


def _normalise(output: Any) -> np.ndarray:
    """Return the vectors of a tower's output, float32 rows of length 1."""
    # Some versions of transformers return the tensor itself, not normalised.
    rows = getattr(output, "pooler_output", output).float().numpy()
    # Infinities of a broken tower become NaN, which the check at load rejects.
    with np.errstate(invalid="ignore"):
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def load_clap(name: str, revision: str | None = None) -> Clap:
    """Load ``clap:tiny``, ``clap:PATH``, ``clap:ID`` or ``clap:FILE.pt``.

    Raises
    ------
    ModelError
        The checkpoint does not exist, is not a CLAP, incomplete or broken; see `mgeval.embed.clap.load` and
        `mgeval.embed.checks`.
    """
    checkpoint = name.removeprefix("clap:")
    if checkpoint == "tiny":
        return Clap(embedder_id(name, CLAP_TINY), load_parts(CLAP_TINY), CLAP_TINY)
    local = local_folder(checkpoint)
    if checkpoint.endswith(".pt"):
        if local is None and checkpoint not in FILES:
            raise ModelError(f"{name}: no such file: {nearest(checkpoint, FILES)}")
        file = local or hub_files(LAION, VALID, [checkpoint], revision) / checkpoint
        return Clap(f"clap:{file.name}@{weights_hash([file])}", load_laion_parts(file), file)
    if local is None and not is_hub_id(checkpoint):
        valid = [f"clap:{file}" for file in ("tiny", *FILES)]
        raise ModelError(f"{name}: no such folder: {nearest(name, valid)}, or a path or hub id of a ClapModel")
    folder = checkpoint_folder(checkpoint, VALID, revision)
    # Not the whole path: a copy of the checkpoint is the same embedder.
    return Clap(embedder_id(f"clap:{folder.resolve().name}" if local else name, folder), load_parts(folder), folder)
