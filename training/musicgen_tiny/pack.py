"""Writing the checkpoint: half precision where it loses nothing, no pickle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.hub import MUSICGEN_TINY

SHARPNESS = 2.1
"""Factor of the logits: temperature 1 of the checkpoint is temperature 1 / 2.1 of the training.

A small network gives each of a thousand wrong codes a small probability, and guidance multiplies it.
"""

EXAMPLES = 60
"""Clips of 4 s for the estimate of the encoder."""


def write_checkpoint(network: Any, tokenizer: Any, folder: Path | None = None) -> Path:
    """Set the codec and write all files for `from_pretrained`.

    Parameters
    ----------
    network : transformers.MusicgenForConditionalGeneration
        With a trained language model.
    tokenizer : transformers.PreTrainedTokenizerBase
    folder : pathlib.Path, optional
        By default the folder in the package.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    import transformers as tf
    from safetensors.torch import save_file

    from mgeval.hub import quiet_transformers
    from training.musicgen_tiny.codec import set_codec
    from training.musicgen_tiny.layout import CODES
    from training.musicgen_tiny.sound import render_tables
    from training.musicgen_tiny.train import compose_clip

    folder = Path(folder or MUSICGEN_TINY)
    folder.mkdir(parents=True, exist_ok=True)
    examples = np.stack([compose_clip(1, number, 200)[1] for number in range(EXAMPLES)])
    set_codec(network.audio_encoder, render_tables(), examples)
    weights = network.state_dict()
    weights |= {name: SHARPNESS * weight for name, weight in weights.items() if "lm_heads" in name}
    tensors = {name: compress(name, weight) for name, weight in weights.items()}
    save_file(tensors, folder / "model.safetensors.part", metadata={"format": "pt"})
    (folder / "model.safetensors.part").chmod(0o644)
    os.replace(folder / "model.safetensors.part", folder / "model.safetensors")
    config = network.config.to_dict() | {"dtype": "float32", "architectures": [type(network).__name__]}
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    with quiet_transformers():
        tf.GenerationConfig(
            do_sample=True, guidance_scale=3.0, temperature=1.0, top_k=250, max_length=504,
            pad_token_id=CODES, bos_token_id=CODES, decoder_start_token_id=CODES,
        ).save_pretrained(folder)  # fmt: skip
        extractor = tf.EncodecFeatureExtractor(feature_size=2, sampling_rate=32000, padding_side="left")
        # Training pads and truncates captions: these settings must not be in the file.
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()
        tf.MusicgenProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def compress(name: str, weight: Any) -> Any:
    """Return a tensor in the smallest format that loses nothing relevant."""
    import torch

    if not weight.dtype.is_floating_point:
        return weight.contiguous()
    if bool((weight == 0).all()):
        # EnCodec's LSTMs and running averages, which are unused.
        return torch.zeros(weight.shape, dtype=torch.bool)
    if name.startswith("audio_encoder"):
        half = weight.half()
        return half.contiguous() if torch.equal(half.float(), weight) else weight.clone().contiguous()
    return weight.half().contiguous()
