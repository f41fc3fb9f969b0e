"""The architecture of the tiny CLAP, its tokenizer, and saving both."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WORDS = 1200
"""Size of the vocabulary."""

LONGEST = 126
"""Most tokens of a text, including begin and end."""


def make_network(words: int = WORDS, width: int = 32, depths: tuple[int, ...] = (1, 1, 3)) -> Any:
    """Return a ClapModel with random weights.

    The 10 s spectrogram of 501 frames x 128 bands is stretched to 512 frames and folded, as in HTSAT,
    to an image of 256 x 256: 5 s above 5 s. Patches of 8 bands x 160 ms give 32 x 32 tokens, and the last of three
    Swin stages with windows of 8 x 8 has a single window for the whole clip.

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    width : int
        Channels of the first stage; they double with each stage.
    depths : tuple of int
        Layers of each stage.
    """
    from transformers import ClapConfig, ClapModel

    text = {
        "vocab_size": words, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 256, "max_position_embeddings": LONGEST + 2, "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }  # fmt: skip
    audio = {
        "spec_size": 256, "num_mel_bins": 128, "patch_size": [8, 8], "patch_stride": [8, 8], "window_size": 8,
        "patch_embeds_hidden_size": width, "depths": list(depths),
        "num_attention_heads": [2**i for i in range(len(depths))],
        "hidden_size": width * 2 ** (len(depths) - 1), "mlp_ratio": 3.0, "hidden_dropout_prob": 0.0,
    }  # fmt: skip
    return ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=128))


def make_tokenizer(texts: Iterable[str], words: int = WORDS) -> Any:
    """Train a tokenizer: byte-level BPE in lower case, with single digits.

    It can split any text, at least into bytes, so unknown words are harmless. Numbers are split into digits.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=words, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=2, show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", mask_token="<mask>", model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def tokenizer_texts(count: int, seed: int = 0) -> Iterable[str]:
    """Yield the training texts of the tokenizer: texts of ``count`` random pieces, and all words of the vocabulary."""
    import numpy as np

    from mgeval.synth.vocabulary import CAPTION_WORDS, PROMPT_WORDS
    from training.clap_tiny.data import piece
    from training.clap_tiny.words import text_of

    for index in range(count):
        yield text_of(piece(index)[0], np.random.default_rng([seed, 7, index]))[0]
    for table in (CAPTION_WORDS, PROMPT_WORDS):
        for words in itertools.chain.from_iterable(kind.values() for kind in table.values()):
            yield from words
            yield from words


def save(network: Any, tokenizer: Any, extractor: Any, folder: Path) -> Path:
    """Write a checkpoint for plain transformers: half precision on disk, float32 in memory."""
    import json

    import torch
    from transformers import ClapModel, ClapProcessor

    folder = Path(folder)
    half = ClapModel(network.config)
    half.load_state_dict(network.state_dict())
    half.to(torch.float16).save_pretrained(folder)
    ClapProcessor(extractor, tokenizer).save_pretrained(folder)
    # transformers makes it readable for the owner only.
    (folder / "model.safetensors").chmod(0o644)
    # Without this, transformers would load half precision.
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    for part in ("text_config", "audio_config"):
        config[part]["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return folder
