"""Training of the text encoder: before the language model, it learns to read captions.

Published models use a T5 pretrained on the web. This encoder is trained to classify what a caption says about the
music: every token contributes evidence, and the mean over the tokens must give the answers. Otherwise
the text would be a small part of the language model's task, and be learned last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from training.musicgen_tiny.layout import EIGHTHS
from training.musicgen_tiny.score import IMAGES, STYLES, Plan, random_plan
from training.musicgen_tiny.tokens import NUMBERS
from training.musicgen_tiny.words import PLAYERS, caption

BATCH = 48
RATE = 2e-3
NEARNESS = 0.06
"""Initial similarity of tempi: the standard deviation of their difference of logarithms."""

CLASSES: dict[str, tuple] = {
    "melody": (None, *PLAYERS),
    "chords": (None, *PLAYERS),
    "bass": (False, True),
    "drums": (False, True),
    "mode": ("major", "minor"),
    "image": IMAGES,
    "eighth": EIGHTHS,
    "genre": (None, *STYLES),
}
"""The attributes that the encoder learns, with the possible values."""

WEIGHTS = {"drums": 4.0}
"""Attributes with a higher weight: one short word inverts the meaning of a phrase about drums."""


def labels(plan: Plan) -> list[int]:
    """Return the class numbers of a plan."""
    return [answers.index(getattr(plan, name)) for name, answers in CLASSES.items()]


def train_text_encoder(network: Any, tokenizer: Any, steps: int, seed: int = 0, progress: bool = True) -> list[float]:
    """Train the text encoder to read captions; return the losses.

    Parameters
    ----------
    network : transformers.MusicgenForConditionalGeneration
        Its text encoder is trained in place.
    tokenizer : transformers.PreTrainedTokenizerBase
    steps : int
        Steps of `BATCH` captions, all correct but incomplete.
    seed : int
    progress : bool
        Show a progress bar.
    """
    import torch
    from tqdm.auto import tqdm

    torch.manual_seed(seed)
    encoder = network.text_encoder
    _embed_numbers(encoder, tokenizer)
    sizes = [len(answers) for answers in CLASSES.values()]
    heads = torch.nn.Linear(encoder.config.d_model, sum(sizes))
    weights = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01)
    losses = []
    for step in (bar := tqdm(range(steps), desc="reading", unit="step", disable=not progress)):
        rng = np.random.default_rng([17, seed, step])
        plans = [random_plan(rng) for _ in range(BATCH)]
        words = tokenizer([caption(plan, rng, wrong=0) for plan in plans], return_tensors="pt", padding=True)
        states = encoder(input_ids=words.input_ids, attention_mask=words.attention_mask)[0]
        answers = torch.tensor([labels(plan) for plan in plans])
        loss = _error(heads(states), words.attention_mask, answers, sizes)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 30, max(2 * (1 - step / steps), 0.02))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        bar.set_postfix(loss=f"{np.mean(losses[-25:]):.4f}")
    return losses


def _error(logits: Any, mask: Any, answers: Any, sizes: list[int]) -> Any:
    """Return the mean cross entropy; logits ``(clips, tokens, answers)`` are averaged over the tokens of a caption."""
    import torch

    mean = (logits * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    parts = mean.split(sizes, dim=-1)
    errors = [torch.nn.functional.cross_entropy(part, answers[:, i]) for i, part in enumerate(parts)]
    weights = [WEIGHTS.get(name, 1.0) for name in CLASSES]
    return sum(weight * error for weight, error in zip(weights, errors, strict=True)) / sum(weights)


def _embed_numbers(encoder: Any, tokenizer: Any) -> None:
    """Initialise the embeddings of numbers in the range of tempi, so that close numbers are similar.

    Each of a hundred numbers is too rare in training to learn its relation to the others.
    """
    import torch

    tempi = np.log([1500 / eighth for eighth in EIGHTHS])
    for number in NUMBERS:
        near = np.exp(-0.5 * ((np.log(number) - tempi) / NEARNESS) ** 2)
        token = tokenizer.convert_tokens_to_ids(str(number))
        with torch.no_grad():
            encoder.shared.weight[token, : len(tempi)] = torch.tensor(4 * near, dtype=torch.float32)
