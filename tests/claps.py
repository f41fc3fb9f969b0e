"""Checkpoints of LAION's form with random weights, made by laion-clap's own model.

    from claps import random_module, save

Their text tower has two layers and the tiny CLAP's words, whose tokenizer is laid beside the file.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgeval.hub import CLAP_TINY


def random_module(tower: str = "HTSAT-tiny", fused: bool = False, seed: int = 0) -> Any:
    """Return laion-clap's model with weights far from those it begins with, so that each of them matters."""
    if not installed():
        pytest.skip("laion-clap is not installed (it asks for numpy 1)")
    import torch
    from transformers import AutoTokenizer, RobertaConfig, RobertaModel

    from mgeval.embed.laion import import_laion_clap, isolate_imports, replace_from_pretrained

    words = len(AutoTokenizer.from_pretrained(CLAP_TINY))
    config = RobertaConfig(
        vocab_size=words, num_hidden_layers=2, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with isolate_imports(), replace_from_pretrained(RobertaModel, lambda *_: RobertaModel(config)):
            module = import_laion_clap().CLAP_Module(enable_fusion=fused, device="cpu", amodel=tower).eval()
        for name, weight in module.model.named_parameters():
            if "extractor" not in name:
                weight.data += 0.02 * torch.randn(weight.shape)
        for name, value in module.model.named_buffers():
            # The first norm stands between dB and the network.
            level, spread = (-20, 400) if "bn0" in name else (0, 1)
            if name.endswith("running_mean"):
                value.copy_(torch.randn(value.shape) + level)
            if name.endswith("running_var"):
                value.copy_(spread * (0.5 + torch.rand(value.shape)))
    return module


def installed() -> bool:
    """Say whether laion-clap is there."""
    return importlib.util.find_spec("laion_clap") is not None


def save(module: Any, path: Path) -> Path:
    """Write a model's weights as laion-clap's training does: with the optimiser's numbers and settings beside them."""
    import torch

    tensors = {f"module.{name}": value for name, value in module.model.state_dict().items()}
    tensors["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    optimiser = {"state": {}, "param_groups": [{"lr": np.float64(1e-4), "betas": (0.9, 0.99), "params": [0, 1]}]}
    torch.save({"epoch": 15, "name": "test", "state_dict": tensors, "optimizer": optimiser}, path)
    shutil.copy(CLAP_TINY / "tokenizer.json", path.parent)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (CLAP_TINY / name).is_file():
            shutil.copy(CLAP_TINY / name, path.parent)
    return path
