"""``encodec:...``: what an EnCodec hears of a clip before it quantises it."""

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

    As fadtk does: the encoder alone, every frame a row of its own, nothing averaged, no loudness normalisation.
    A codec with segments (48 kHz: 1 s) hears them one after the other without overlap. Unlike
    fadtk, clips are not rounded to 16 bits, rows not to float16, and nothing is cut off after three minutes.

    - A mono codec hears the mean of the channels.
    - A stereo codec (``facebook/encodec_48khz``) hears both; a mono clip is given to both.
    - The codec of a MusicGen-stereo, which is mono, hears left and right by themselves, as the model does; a row
      is the left latent and then the right one. Swapping the channels swaps its halves; of a mono clip they are
      the same, and a Frechet distance is twice that of one of them.

    Parameters
    ----------
    id : str
        Name and hash.
    codec : transformers.EncodecModel
        Its encoder is used.
    sides : bool
        Hear left and right by themselves.
    """

    def __init__(self, id: str, codec: Any, sides: bool) -> None:
        config = codec.config
        self.encoder, self.sides, self.id = codec.encoder.eval(), sides, id
        self.channels = int(config.audio_channels)
        self.rate = int(config.sampling_rate)
        self.dim = int(config.hidden_size) * (2 if sides else 1)
        self.segment = config.chunk_length
        # Mid and side are no left and right to a codec that hears both at once.
        self.together = ("left_right", "mid_side") if sides else ("left_right",) if self.channels == 2 else ()
        heard = "left and right by themselves" if sides else "stereo" if self.channels == 2 else "mono mean"
        cut = "in one piece" if self.segment is None else f"in segments of {self.segment / self.rate:g} s"
        self.recipe = f"{self.rate} Hz, {heard}, {cut}, a row per frame, before quantising"

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
        """Return the latents of ``(channels, time)``, ``(frames, width)``."""
        import torch

        step = self.segment or x.shape[1]
        with torch.inference_mode():
            # A copy: a clip's samples cannot be written to, which torch's view of them would not know.
            whole = torch.tensor(x[None])
            parts = [self.encoder(whole[..., i : i + step]) for i in range(0, x.shape[1], step)]
        return np.ascontiguousarray(torch.cat(parts, dim=2)[0].T.numpy())


def load_encodec(name: str, revision: str | None = None) -> Encodec:
    """Load ``encodec:tiny``, ``encodec:PATH`` or ``encodec:ID``: an EnCodec, or a MusicGen for the sake of its codec.

    Raises
    ------
    ModelError
        No such checkpoint, neither of the two, or one that is incomplete or broken.
    """
    where = name.removeprefix("encodec:")
    folder = MUSICGEN_TINY if where == "tiny" else checkpoint_folder(where, VALID, revision)
    kind = model_type(folder)
    if kind not in ("encodec", "musicgen", "musicgen_melody"):
        raise ModelError(f"{folder}: no EnCodec in it, its model_type is {kind!r} (need 'encodec' or 'musicgen*')")
    sides = False
    if kind == "encodec":
        codec = whole_network("EncodecModel", folder)
    else:
        import torch

        network = load_network(local_checkpoint(folder), torch.device("cpu"), torch.float32)[0]
        codec, sides = network.audio_encoder, network.config.decoder.audio_channels == 2
    name = f"encodec:{folder.resolve().name}" if where != "tiny" and local_folder(where) else name
    embedder = Encodec(embedder_id(name, folder), codec, sides)
    check_audio(embedder, folder)
    return embedder


def model_type(folder: Path) -> Any:
    """Return what a checkpoint says it is.

    Raises
    ------
    ModelError
        There is no ``config.json``, or it cannot be read.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder}: not a checkpoint, it has no config.json")
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def whole_network(kind: str, folder: Path, config: Any = None) -> Any:
    """Load a network of transformers' with all its weights, float32; nothing is run that came with it.

    Parameters
    ----------
    kind : str
        Its class.
    folder : pathlib.Path
        The checkpoint.
    config : transformers.PreTrainedConfig, optional
        In place of the checkpoint's own.

    Raises
    ------
    ModelError
        Damaged, or weights missing or of another shape: transformers would fill them with random numbers.
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
    # What transformers raises depends on the file and the version.
    except Exception as error:
        raise ModelError(f"{folder}: cannot be loaded ({first_line(error)})") from None
    absent = sorted(set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]})
    if absent:
        raise ModelError(f"{folder}: incomplete, {len(absent)} weights are missing or misshapen, such as {absent[0]}")
    return network.eval()
