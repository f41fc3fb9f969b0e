"""LAION's own CLAP checkpoints: read without running their code, and converted to a `ClapModel`."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from mgeval.errors import ModelError, first_line

HEAD = 64
"""Width of a text tower's attention heads: 12 in RoBERTa-base."""

RENAMES = (
    (r"audio_branch\.bn0\.", "audio_model.audio_encoder.batch_norm."),
    (r"audio_branch\.", "audio_model.audio_encoder."),
    (r"text_branch\.", "text_model."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.relative_", ".attention.self.relative_"),
    (r"^(audio|text)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(audio|text)_projection\.2\.", r"\1_projection.linear2."),
)
"""Patterns of LAION's names and their replacements in transformers, in the order of replacement."""

UNUSED = (
    *("spectrogram_extractor", "logmel_extractor", "tscam_conv", "audio_branch.head.", "attn_mask", "position_ids"),
    *("token_type_ids", "audio_transform.", "text_transform.", "relative_position_index"),
)
"""Tensors that do not affect the vectors: the front end's constants, the tagger, the second projections of training."""


class Placeholder:
    """Replaces objects in a checkpoint other than tensors: the optimiser's numbers and the training's settings."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


PLACEHOLDERS = ("numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "argparse.Namespace")


def read_tensors(path: Path) -> dict[str, Any]:
    """Read the tensors of a PyTorch checkpoint, and nothing else.

    ``weights_only``: names in the file are looked up in a short list and never imported. NumPy's scalars
    and the training's settings, which LAION's files contain too, are replaced by placeholders.

    Parameters
    ----------
    path : pathlib.Path
        A ``.pt`` or ``.pth`` file: a dictionary of tensors, possibly under ``state_dict``.

    Returns
    -------
    dict of str to torch.Tensor
        Names without the prefix ``module.`` of distributed training.

    Raises
    ------
    ModelError
        The file has another format, is damaged, or contains an object that is not on the list.
    """
    import torch

    try:
        # Only zip files can be mapped; then the optimiser's numbers, most of the file, are never read.
        with torch.serialization.safe_globals([(Placeholder, name) for name in PLACEHOLDERS]):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    # The exception depends on where the file is damaged.
    except Exception as error:
        raise ModelError(f"{path}: cannot be read as weights ({first_line(error)})") from None
    content = content.get("state_dict", content) if isinstance(content, dict) else {}
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ModelError(f"{path}: contains no weights")
    return {str(name).removeprefix("module."): value for name, value in tensors.items()}


def clap_network(path: Path) -> Any:
    """Build a `ClapModel` with the weights of one of LAION's checkpoints.

    The shapes of the tensors give the architecture: HTSAT-tiny (630k-*) or -base (music_*), with or without
    feature fusion. RoBERTa's layer norm has an epsilon of 1e-5, as in LAION's training; `ClapConfig`'s default is
    1e-12.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    transformers.ClapModel
        float32, in evaluation mode.

    Raises
    ------
    ModelError
        The file is not readable (see `read_tensors`), or not a CLAP with HTSAT and RoBERTa.
    """
    from transformers import ClapConfig, ClapModel
    from transformers.initialization import no_init_weights

    tensors = read_tensors(path)
    try:
        config = ClapConfig(**read_sizes(tensors))
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise ModelError(f"{path}: not a CLAP of HTSAT and RoBERTa ({first_line(error)})") from None
    with no_init_weights():
        network = ClapModel(config)
    state = rename_tensors(tensors)
    try:
        wrong = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{path}: weights with a wrong shape ({str(error).splitlines()[-1].strip()})") from None
    missing = [name for name in wrong.missing_keys if not any(part in name for part in UNUSED)]
    if missing or wrong.unexpected_keys:
        counts = f"{len(missing)} missing, {len(wrong.unexpected_keys)} unknown"
        raise ModelError(f"{path}: weights do not match ({counts}), such as {[*missing, *wrong.unexpected_keys][0]}")
    return network.float().eval()


def read_sizes(tensors: dict[str, Any]) -> dict[str, Any]:
    """Read the sizes of both towers from the shapes of their tensors.

    Raises
    ------
    KeyError
        A tensor that every such model has is missing.
    """
    tower = "audio_branch.layers.{}.blocks.0.attn.relative_position_bias_table"
    depths = [_count_layers(tensors, rf"audio_branch\.layers\.{stage}\.blocks\.(\d+)\.") for stage in range(4)]
    width = len(tensors["audio_branch.patch_embed.proj.bias"])
    fused = "audio_branch.patch_embed.mel_conv2d.weight" in tensors
    audio = {
        "patch_embeds_hidden_size": width,
        "hidden_size": 8 * width,
        "depths": depths,
        "num_attention_heads": [tensors[tower.format(stage)].shape[1] for stage in range(4)],
        "num_mel_bins": len(tensors["audio_branch.bn0.bias"]),
        "enable_fusion": fused,
        "fusion_type": "aff_2d" if fused else None,
    }
    words, hidden = tensors["text_branch.embeddings.word_embeddings.weight"].shape
    text = {
        "vocab_size": words,
        "hidden_size": hidden,
        "num_attention_heads": hidden // HEAD,
        "num_hidden_layers": _count_layers(tensors, r"text_branch\.encoder\.layer\.(\d+)\."),
        "intermediate_size": len(tensors["text_branch.encoder.layer.0.intermediate.dense.bias"]),
        "max_position_embeddings": len(tensors["text_branch.embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(tensors["text_branch.embeddings.token_type_embeddings.weight"]),
        "layer_norm_eps": 1e-5,
    }
    return {"audio_config": audio, "text_config": text, "projection_dim": len(tensors["audio_projection.2.bias"])}


def _count_layers(tensors: dict[str, Any], pattern: str) -> int:
    indices = {int(match[1]) for name in tensors if (match := re.match(pattern, name))}
    if indices != set(range(len(indices))) or not indices:
        raise KeyError(pattern)
    return len(indices)


def rename_tensors(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return LAION's tensors under transformers' names; split each joint tensor of query, key and value in three."""
    state = {}
    for name, value in tensors.items():
        if any(part in name for part in UNUSED):
            continue
        new_name = name
        for pattern, replacement in RENAMES:
            new_name = re.sub(pattern, replacement, new_name)
        if ".attn.qkv." in new_name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                state[new_name.replace(".attn.qkv.", f".attention.self.{part}.")] = rows
        else:
            state[new_name] = value
    return state
