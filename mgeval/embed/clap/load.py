"""Loading a CLAP's network, tokenizer and feature extractor, with a check that they are complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from mgeval.embed.base import VALID
from mgeval.embed.clap.laion_weights import clap_network
from mgeval.errors import ModelError, first_line
from mgeval.hub import hub_files, load_tokenizer, quiet_transformers, weight_files

LAION_TOKENS = 77
ROBERTA = "roberta-base"
ROBERTA_FILES = ("config.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "vocab.json")
ROBERTA_TOKENS = 50265
HELLO_WORLD = [0, 31414, 232, 2]
"""The tokens of "Hello world" in RoBERTa's tokenizer."""


class Parts(NamedTuple):
    """The components of a `Clap`."""

    network: Any
    tokenizer: Any
    extractor: Any
    longest: int
    """Most tokens of a text, including begin and end; longer texts are cut."""


def load_parts(folder: Path) -> Parts:
    """Load a `ClapModel` in transformers' format, with its tokenizer and feature extractor.

    transformers fills missing tensors with random numbers, and a tokenizer without its vocabulary
    loads with its special tokens only; both without an error. Here they are errors.

    Raises
    ------
    ModelError
        The folder is not a CLAP checkpoint, weights are missing or misshapen, or the tokenizer does not match
        the text tower.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder}: not a checkpoint, it has no config.json")
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if kind != "clap":
        raise ModelError(f"{folder}: not a CLAP checkpoint, its model_type is {kind!r} (need 'clap')")
    import torch
    from transformers import AutoFeatureExtractor, ClapModel

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        safe = weight_files(folder)[0].suffix == ".safetensors"
        with quiet_transformers():
            network, report = ClapModel.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, use_safetensors=safe, weights_only=True, **local
            )
            extractor = AutoFeatureExtractor.from_pretrained(folder, **local)
    # The exception depends on the file and on the version of transformers.
    except Exception as error:
        raise ModelError(f"{folder}: cannot be loaded ({first_line(error)})") from None
    absent = sorted(set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]})
    if absent:
        raise ModelError(f"{folder}: incomplete, {len(absent)} weights are missing or misshapen, such as {absent[0]}")
    config = network.config.text_config
    # The first position is one after the padding token.
    longest = config.max_position_embeddings - config.pad_token_id - 1
    return Parts(network.eval(), load_clap_tokenizer(folder, config.vocab_size, folder), extractor, longest)


def load_laion_parts(file: Path) -> Parts:
    """Load one of LAION's checkpoints, with the front end and the tokenizer of its training.

    Mel from 50 Hz to 14 kHz; Slaney's scale, or HTK's with feature fusion. RoBERTa's tokenizer from the
    file's folder if it has a ``tokenizer.json``, otherwise ``roberta-base`` from the hub or its cache; texts
    are cut at 77 tokens, as in laion-clap.

    Raises
    ------
    ModelError
        As in `mgeval.embed.clap.laion_weights.clap_network`, or the tokenizer is missing or wrong.
    """
    from transformers import ClapFeatureExtractor

    network = clap_network(file)
    config = network.config
    extractor = ClapFeatureExtractor(
        feature_size=config.audio_config.num_mel_bins,
        frequency_min=50,
        frequency_max=14000,
        truncation="fusion" if config.audio_config.enable_fusion else "rand_trunc",
    )
    beside = (file.parent / "tokenizer.json").is_file()
    folder = file.parent if beside else hub_files(ROBERTA, VALID, ROBERTA_FILES)
    return Parts(network, load_clap_tokenizer(folder, config.text_config.vocab_size, file), extractor, LAION_TOKENS)


def load_clap_tokenizer(folder: Path, tokens: int, checkpoint: Path) -> Any:
    """Load a tokenizer; check that it can pad, and that it agrees with RoBERTa's if it has the same size.

    Raises
    ------
    ModelError
        As in `load_tokenizer`; the tokenizer has no padding token; or it has RoBERTa's size but other token ids.
    """
    tokenizer = load_tokenizer(folder, tokens, checkpoint)
    if tokenizer.pad_token is None:
        raise ModelError(
            f"{checkpoint}: broken tokenizer, it has no padding token; is {folder / 'tokenizer_config.json'} missing?"
        )
    if tokens == ROBERTA_TOKENS and tokenizer("Hello world")["input_ids"] != HELLO_WORLD:
        raise ModelError(f"{checkpoint}: broken tokenizer, it has as many tokens as RoBERTa's, but other ids")
    return tokenizer
