"""The tokenizer: subwords learned from the captions, and bytes for whatever they cannot spell."""

from __future__ import annotations

from collections.abc import Iterable

SPECIAL = ("<pad>", "</s>", "<unk>")
PIECES = 1000
OFTEN = 6
"""Words that are seen so often are one piece."""

NUMBERS = range(50, 201)


def learn_tokenizer(captions: Iterable[str]) -> object:
    """Learn a tokenizer.

    Parameters
    ----------
    captions : iterable of str
        What prompts look like.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        Unigram with byte fallback; lower-cases, and ends every text with ``</s>``. Tempi are one token each.
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
                # Before words are marked, so that '(no drums)' has the words of 'no drums'.
                pre_tokenizers.Punctuation(),
                pre_tokenizers.Metaspace("▁", prepend_scheme="always"),
                # After it, so that '90bpm' and '90 bpm' share a token.
                pre_tokenizers.Digits(individual_digits=False),
            ]
        ),
    }
    captions = list(captions)
    learner = _assembled(Tokenizer(models.Unigram()), steps)
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False
    )
    learner.train_from_iterator(captions, trainer)
    tokenizer = _assembled(Tokenizer(_completed(learner, _words(learner, captions))), steps)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁")])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )


def _assembled(tokenizer: object, steps: dict) -> object:
    for name, step in steps.items():
        setattr(tokenizer, name, step)
    return tokenizer


def _words(learner: object, captions: list[str]) -> dict[str, float]:
    """Return the words that are seen often, with the logarithms of their shares."""
    from collections import Counter
    from math import log

    split = learner.pre_tokenizer.pre_tokenize_str
    counts = Counter(word for text in captions for word, _ in split(learner.normalizer.normalize_str(text)))
    return {word: log(count / counts.total()) for word, count in counts.items() if count >= OFTEN}


def _completed(learner: object, words: dict[str, float]) -> object:
    """Return the learned model with every common word, tempo, letter and byte added to its pieces."""
    import json

    from tokenizers import models

    scored = json.loads(learner.to_str())["model"]["vocab"]
    # The trainer adds up in any order: the last digits, and with them the places of equals, differ from call to call.
    learned = dict(sorted(((piece, round(score, 6)) for piece, score in scored), key=lambda one: (-one[1], one[0])))
    vocabulary = {piece: 0.0 for piece in SPECIAL} | {k: v for k, v in learned.items() if k not in SPECIAL}
    # The learned scores leave little to choose between a word and its parts: parts pay extra.
    low = min(vocabulary.values()) - 4
    vocabulary |= {piece: score - 3 for piece, score in vocabulary.items() if piece not in SPECIAL} | words
    # Likelier than any way to put them together from digits.
    vocabulary |= {str(number): -4.0 for number in NUMBERS}
    for piece in [*"▁abcdefghijklmnopqrstuvwxyz0123456789.,;:!?#'"]:
        vocabulary.setdefault(piece, low)
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = low - 1
    return models.Unigram(list(vocabulary.items()), unk_id=2, byte_fallback=True)
