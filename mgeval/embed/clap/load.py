"""A CLAP's network, tokenizer and feature extractor, whole or not at all."""

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
ROBERTA_WORDS = 50265
HELLO_WORLD = [0, 31414, 232, 2]
"""What RoBERTa's tokenizer makes of "Hello world"."""


class Parts(NamedTuple):
    """What a `Clap` is made of."""

    network: Any
    tokenizer: Any
    extractor: Any
    longest: int
    """Tokens at which texts are cut, those of begin and end included."""


def load_parts(folder: Path) -> Parts:
    """Load a `ClapModel` of transformers' form with what it needs, and refuse what is not whole.

    transformers fills missing tensors with random numbers, and a tokenizer without its vocabulary
    comes up with its special words only; both without an error.

    Raises
    ------
    ModelError
        Not a CLAP checkpoint, weights missing or of another shape, or a tokenizer of another size
        than the text tower's.
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
    # What transformers raises depends on the file and the version.
    except Exception as error:
        raise ModelError(f"{folder}: cannot be loaded ({first_line(error)})") from None
    absent = sorted(set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]})
    if absent:
        raise ModelError(f"{folder}: incomplete, {len(absent)} weights are missing or misshapen, such as {absent[0]}")
    config = network.config.text_config
    # Position numbers begin after that of the padding.
    longest = config.max_position_embeddings - config.pad_token_id - 1
    return Parts(network.eval(), clap_words(folder, config.vocab_size, folder), extractor, longest)


def laion_parts(file: Path) -> Parts:
    """Load one of LAION's checkpoints, with the front end and the tokenizer that it was trained with.

    Mel from 50 Hz to 14 kHz; Slaney's scale, with feature fusion HTK's. RoBERTa's tokenizer from the
    file's own folder if ``tokenizer.json`` lies there, otherwise ``roberta-base`` from the hub or its cache; texts
    are cut at 77 tokens, as laion-clap does.

    Raises
    ------
    ModelError
        As in `mgeval.embed.clap.laion_weights.clap_network`, no tokenizer to be had, or a wrong one.
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
    return Parts(network, clap_words(folder, config.text_config.vocab_size, file), extractor, LAION_TOKENS)


def clap_words(folder: Path, words: int, where: Path) -> Any:
    """Load a tokenizer as `load_words` does, and make sure that it can pad and numbers words as RoBERTa's does.

    Raises
    ------
    ModelError
        As in `load_words`; it knows no padding; or it is of RoBERTa's size with other numbers.
    """
    tokenizer = load_tokenizer(folder, words, where)
    if tokenizer.pad_token is None:
        raise ModelError(
            f"{where}: broken tokenizer, it knows no padding; is {folder / 'tokenizer_config.json'} missing?"
        )
    if words == ROBERTA_WORDS and tokenizer("Hello world")["input_ids"] != HELLO_WORLD:
        raise ModelError(f"{where}: broken tokenizer, it has as many words as RoBERTa's and numbers them otherwise")
    return tokenizer
