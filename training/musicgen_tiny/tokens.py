"""The tokenizer: subwords from the captions, and bytes for all other text."""

from __future__ import annotations

from collections.abc import Iterable

SPECIAL = ("<pad>", "</s>", "<unk>")
PIECES = 1000
OFTEN = 6
"""Words that occur at least this often become one token."""

NUMBERS = range(50, 201)


def learn_tokenizer(captions: Iterable[str]) -> object:
    """Train a tokenizer.

    Parameters
    ----------
    captions : iterable of str
        Training texts.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        Unigram with byte fallback; converts to lower case, and ends every text with ``</s>``. Each tempo is one token.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    steps = {
        "normalizer": normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace("-", " ")]
        ),
        "pre_tokenizer": pre_tokenizers.Sequence(
            [
                pre_tokenizers.WhitespaceSplit(),
                # Before Metaspace, so that '(no drums)' has the tokens of 'no drums'.
                pre_tokenizers.Punctuation(),
                pre_tokenizers.Metaspace("▁", prepend_scheme="always"),
                # After Metaspace, so that '90bpm' and '90 bpm' share a token.
                pre_tokenizers.Digits(individual_digits=False),
            ]
        ),
    }
    captions = list(captions)
    learner = _assemble(Tokenizer(models.Unigram()), steps)
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False
    )
    learner.train_from_iterator(captions, trainer)
    tokenizer = _assemble(Tokenizer(_complete_vocabulary(learner, _words(learner, captions))), steps)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁")])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )


def _assemble(tokenizer: object, steps: dict) -> object:
    for name, step in steps.items():
        setattr(tokenizer, name, step)
    return tokenizer


def _words(learner: object, captions: list[str]) -> dict[str, float]:
    """Return the frequent words, with the logarithms of their shares."""
    from collections import Counter
    from math import log

    split = learner.pre_tokenizer.pre_tokenize_str
    counts = Counter(word for text in captions for word, _ in split(learner.normalizer.normalize_str(text)))
    return {word: log(count / counts.total()) for word, count in counts.items() if count >= OFTEN}


def _complete_vocabulary(learner: object, words: dict[str, float]) -> object:
    """Return the trained model, extended by all frequent words, tempi, letters and bytes."""
    import json

    from tokenizers import models

    scored = json.loads(learner.to_str())["model"]["vocab"]
    # The trainer's order of summation varies: the last digits, and with them the order of ties, differ between calls.
    rounded = ((piece, round(score, 6)) for piece, score in scored)
    pieces = dict(sorted(rounded, key=lambda item: (-item[1], item[0])))
    vocabulary = dict.fromkeys(SPECIAL, 0.0) | {k: v for k, v in pieces.items() if k not in SPECIAL}
    # The scores of a word and of its parts are close: penalise parts.
    low = min(vocabulary.values()) - 4
    vocabulary |= {piece: score - 3 for piece, score in vocabulary.items() if piece not in SPECIAL} | words
    # Likelier than any split into digits.
    vocabulary |= {str(number): -4.0 for number in NUMBERS}
    for piece in [*"▁abcdefghijklmnopqrstuvwxyz0123456789.,;:!?#'"]:
        vocabulary.setdefault(piece, low)
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = low - 1
    return models.Unigram(list(vocabulary.items()), unk_id=2, byte_fallback=True)
