"""``encodec:...``: the latents of an EnCodec before quantising."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import VALID, Embedder, check_clips, mono_at
from mgeval.embed.checks import check_audio
from mgeval.errors import ModelError, first_line
from mgeval.hub import MUSICGEN_TINY, checkpoint_folder, embedder_id, local_folder, quiet_transformers, weight_files
from mgeval.models import load_network, local_checkpoint

FORMS = ("encodec:tiny", "encodec:PATH", "encodec:ID")
"""How its embedders are called."""


class Encodec(Embedder):
    """The latents of an EnCodec, one row per frame: 75 a second at 24 kHz, 150 at 48 kHz, 50 in MusicGen.

    As in fadtk: the encoder alone, one row per frame, no averaging, no loudness normalisation.
    A codec with segments (48 kHz: 1 s) encodes them one after the other without overlap. Unlike in
    fadtk, clips are not rounded to 16 bits, rows not to float16, and long clips are not cut at three minutes.

    - A mono codec encodes the mean of the channels.
    - A stereo codec (``facebook/encodec_48khz``) encodes both channels; a mono clip is duplicated.
    - The codec of a MusicGen-stereo, which is mono, encodes left and right separately, as the model does; a row
      is the left latent followed by the right one. Swapping the channels swaps the halves; for a mono clip both
      are the same, and a Frechet distance is twice that of one half.

    Parameters
    ----------
    id : str
        Name and hash.
    codec : transformers.EncodecModel
        Provides the encoder.
    sides : bool
        Encode left and right separately.
    """

    def __init__(self, id: str, codec: Any, sides: bool) -> None:
        config = codec.config
        self.encoder, self.sides, self.id = codec.encoder.eval(), sides, id
        self.channels = int(config.audio_channels)
        self.rate = int(config.sampling_rate)
        self.dim = int(config.hidden_size) * (2 if sides else 1)
        self.segment = config.chunk_length
        # A codec that encodes both channels jointly must not get mid and side as left and right.
        self.together = ("left_right", "mid_side") if sides else ("left_right",) if self.channels == 2 else ()
        channels = "left and right by themselves" if sides else "stereo" if self.channels == 2 else "mono mean"
        segments = "in one piece" if self.segment is None else f"in segments of {self.segment / self.rate:g} s"
        self.recipe = f"{self.rate} Hz, {channels}, {segments}, a row per frame, before quantising"

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(frames, dim)``; see `Embedder.audio`."""
        return [self._clip(clip) for clip in check_clips(clips)]

    def _clip(self, clip: Audio) -> np.ndarray:
        if not self.sides and self.channels == 1:
            return self._frames(mono_at(clip, self.rate)[None])
        rows = clip.samples if clip.channels == 2 else clip.samples.repeat(2, axis=0)
        both = np.stack([mono_at(Audio(row, clip.rate), self.rate) for row in rows])
        if self.sides:
            return np.concatenate([self._frames(side[None]) for side in both], axis=1)
        return self._frames(both)

    def _frames(self, x: np.ndarray) -> np.ndarray:
        """Return the latents ``(frames, width)`` of a signal ``(channels, time)``."""
        import torch

        step = self.segment or x.shape[1]
        with torch.inference_mode():
            # A copy: the samples of a clip are read-only, and torch cannot wrap a read-only array.
            whole = torch.tensor(x[None])
            parts = [self.encoder(whole[..., i : i + step]) for i in range(0, x.shape[1], step)]
        return np.ascontiguousarray(torch.cat(parts, dim=2)[0].T.numpy())


def load_encodec(name: str, revision: str | None = None) -> Encodec:
    """Load ``encodec:tiny``, ``encodec:PATH`` or ``encodec:ID``: an EnCodec, or the codec of a MusicGen.

    Raises
    ------
    ModelError
        The checkpoint does not exist, is of another type, incomplete or broken.
    """
    checkpoint = name.removeprefix("encodec:")
    folder = MUSICGEN_TINY if checkpoint == "tiny" else checkpoint_folder(checkpoint, VALID, revision)
    kind = read_model_type(folder)
    if kind not in ("encodec", "musicgen", "musicgen_melody"):
        raise ModelError(f"{folder}: not an EnCodec or MusicGen checkpoint, its model_type is {kind!r}")
    sides = False
    if kind == "encodec":
        codec = load_complete_network("EncodecModel", folder)
    else:
        import torch

        network = load_network(local_checkpoint(folder), torch.device("cpu"), torch.float32)[0]
        codec, sides = network.audio_encoder, network.config.decoder.audio_channels == 2
    name = f"encodec:{folder.resolve().name}" if checkpoint != "tiny" and local_folder(checkpoint) else name
    embedder = Encodec(embedder_id(name, folder), codec, sides)
    check_audio(embedder, folder)
    return embedder


def read_model_type(folder: Path) -> Any:
    """Return the ``model_type`` of a checkpoint's ``config.json``.

    Raises
    ------
    ModelError
        The file does not exist or cannot be read.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder}: not a checkpoint, it has no config.json")
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def load_complete_network(kind: str, folder: Path, config: Any = None) -> Any:
    """Load a network with transformers, float32, with all its weights, and without running code of the checkpoint.

    Parameters
    ----------
    kind : str
        Its class in transformers.
    folder : pathlib.Path
        The checkpoint.
    config : transformers.PreTrainedConfig, optional
        Replaces the checkpoint's configuration.

    Raises
    ------
    ModelError
        The checkpoint is damaged, or weights are missing or misshapen, which transformers would fill with random
        numbers.
    """
    import torch
    import transformers

    more = {} if config is None else {"config": config}
    try:
        safe = weight_files(folder)[0].suffix == ".safetensors"
        with quiet_transformers():
            network, report = getattr(transformers, kind).from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, use_safetensors=safe, weights_only=True,
                local_files_only=True, trust_remote_code=False, **more,
            )  # fmt: skip
    # The exception depends on the file and on the version of transformers.
    except Exception as error:
        raise ModelError(f"{folder}: cannot be loaded ({first_line(error)})") from None
    absent = sorted(set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]})
    if absent:
        raise ModelError(f"{folder}: incomplete, {len(absent)} weights are missing or misshapen, such as {absent[0]}")
    return network.eval()
