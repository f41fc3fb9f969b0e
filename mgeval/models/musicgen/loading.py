"""Loading a network from a checkpoint's files, with a check that it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mgeval.errors import ModelError, first_line
from mgeval.hub import load_tokenizer, quiet_transformers, weight_files
from mgeval.models.musicgen.checkpoint import Checkpoint
from mgeval.models.sampling import FRAME_RATE


def load_network(checkpoint: Checkpoint, device: Any, dtype: Any) -> tuple[Any, Any]:
    """Load the network and the tokenizer of a checkpoint.

    transformers fills tensors that are missing from the file with random numbers and only logs it;
    here this is an error.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    device : torch.device
        Device of the network.
    dtype : torch.dtype
        Number format of the text encoder and the decoder. The codec stays float32: it takes little of the time,
        and its rounding would be audible.

    Returns
    -------
    network : transformers.MusicgenForConditionalGeneration or the melody one
    tokenizer : transformers.PreTrainedTokenizerBase

    Raises
    ------
    ModelError
        A tensor is damaged or missing, the tokenizer is broken, or the codec has another frame rate.
    """
    import torch
    import transformers

    folder = checkpoint.folder
    melody = checkpoint.config["model_type"] == "musicgen_melody"
    kind = (
        transformers.MusicgenMelodyForConditionalGeneration if melody else transformers.MusicgenForConditionalGeneration
    )
    safe = weight_files(folder)[0].suffix == ".safetensors"
    with quiet_transformers():
        config = _network_config(folder, kind)
        try:
            network, info = kind.from_pretrained(
                folder, config=config, dtype=torch.float32, use_safetensors=safe, weights_only=True,
                local_files_only=True, trust_remote_code=False, output_loading_info=True,
            )  # fmt: skip
        except Exception as error:
            raise ModelError(f"{folder}: the weights cannot be loaded ({first_line(error)})") from None
        if missing := sorted(info["missing_keys"]):
            raise ModelError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]}")
        tokenizer = load_tokenizer(folder, config.text_encoder.vocab_size, folder)
    for name, part in network.named_children():
        if name != "audio_encoder":
            part.to(dtype)
    if dtype == torch.float16:
        # T5's feed-forward outputs overflow float16; transformers keeps this layer in float32 too.
        for name, part in network.text_encoder.named_modules():
            if name.endswith(".wo"):
                part.float()
    return network.to(device).eval(), tokenizer


def _network_config(folder: Path, kind: Any) -> Any:
    try:
        config = kind.config_class.from_pretrained(folder, local_files_only=True)
        codec = config.audio_encoder
        frames, channels = codec.frame_rate, codec.audio_channels
    except Exception as error:
        raise ModelError(f"{folder / 'config.json'}: not a usable configuration ({first_line(error)})") from None
    if frames != FRAME_RATE or channels != 1:
        raise ModelError(
            f"{folder}: the codec must have {FRAME_RATE} frames a second and 1 channel, as in MusicGen, "
            f"got {frames} frames and {channels} channels"
        )
    return config
