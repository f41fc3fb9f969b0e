"""``mert:...``: MERT, without running the code in its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import VALID, Embedder, check_clips, mono_at
from mgeval.embed.checks import check_audio
from mgeval.embed.encodec import load_complete_network, read_model_type
from mgeval.errors import ModelError, first_line
from mgeval.hub import checkpoint_folder, embedder_id, local_folder

FORMS = ("mert:PATH", "mert:ID")
"""How its embedders are called."""

LONGEST = 360
"""Seconds of a clip that are embedded, as in fadtk: the cost of attention grows with the square of the length."""

SHORTEST = 0.05
"""Seconds to which shorter clips are padded with silence: one frame."""


class Mert(Embedder):
    """The last layer of a MERT, one row per frame, 75 a second.

    As in fadtk: 24 kHz, mean of the channels, the whole clip in one piece, at most 6 minutes of it; with
    zero mean and unit variance if the checkpoint's ``preprocessor_config.json`` says so. Every frame is a row.

    Parameters
    ----------
    id : str
        Name and hash.
    network : transformers.HubertModel
        MERT's weights.
    settings : dict
        The checkpoint's ``preprocessor_config.json``.
    """

    def __init__(self, id: str, network: Any, settings: dict[str, Any]) -> None:
        self.network, self.id = network, id
        self.rate = int(settings.get("sampling_rate", 24000))
        self.normalised = bool(settings.get("do_normalize", True))
        self.dim = int(network.config.hidden_size)
        level = "zero mean and unit variance, " if self.normalised else ""
        self.recipe = f"{self.rate} Hz, mono mean, {level}first {LONGEST} s, a row per frame of the last layer"

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(frames, dim)``; see `Embedder.audio`."""
        return [self._clip(clip) for clip in check_clips(clips)]

    def _clip(self, clip: Audio) -> np.ndarray:
        import torch

        x = mono_at(clip, self.rate)[: LONGEST * self.rate]
        if self.normalised:
            x = (x - x.mean()) / np.sqrt(x.var() + 1e-7)
        x = np.pad(x, (0, max(0, round(SHORTEST * self.rate) - len(x))))
        with torch.inference_mode():
            return self.network(torch.from_numpy(x[None])).last_hidden_state[0].numpy()


def load_mert(name: str, revision: str | None = None) -> Mert:
    """Load ``mert:PATH`` or ``mert:ID``.

    transformers has no MERT: its checkpoints contain Python files that would have to run, which
    mgeval does not do. But MERT's class derives from Hubert's and differs from it in only three
    settings (``feature_extractor_cqt``, ``deepnorm`` and, with it, ``attention_relax``): if
    these are off, it is a Hubert, and transformers' Hubert loads its weights.

    Raises
    ------
    ModelError
        The checkpoint does not exist, is not a MERT, is incomplete, or is a MERT that differs from Hubert.
    """
    checkpoint = name.removeprefix("mert:")
    folder = checkpoint_folder(checkpoint, VALID, revision)
    kind = read_model_type(folder)
    if kind not in ("mert_model", "hubert"):
        raise ModelError(f"{folder}: not a MERT, its model_type is {kind!r} (need 'mert_model')")
    network = load_complete_network("HubertModel", folder, load_hubert_config(folder))
    name = f"mert:{folder.resolve().name}" if local_folder(checkpoint) else name
    embedder = Mert(embedder_id(name, folder), network, _read_json(folder / "preprocessor_config.json"))
    check_audio(embedder, folder)
    return embedder


def load_hubert_config(folder: Path) -> Any:
    """Load a MERT's configuration as that of a Hubert.

    Raises
    ------
    ModelError
        The model has layers that Hubert lacks, which need its own code.
    """
    from transformers import HubertConfig

    settings = _read_json(folder / "config.json")
    extra = [option for option in ("feature_extractor_cqt", "deepnorm") if settings.get(option)]
    if extra:
        raise ModelError(
            f"{folder}: this MERT differs from a Hubert ({', '.join(extra)}): it runs only with code from its own "
            "repository, which mgeval does not execute; use another embedder, such as clap:ID"
        )
    try:
        return HubertConfig(
            **{k: v for k, v in settings.items() if k not in ("auto_map", "architectures", "model_type")}
        )
    except (TypeError, ValueError) as error:
        raise ModelError(f"{folder / 'config.json'}: not a usable configuration ({first_line(error)})") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read ({first_line(error)})") from None
