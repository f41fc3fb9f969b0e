"""Training of the language model on symbols, which the composer writes without rendering audio."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.musicgen_tiny.layout import CODEBOOKS, CODES, TABLE_OF_CODEBOOK
from training.musicgen_tiny.score import Plan, next_codes, random_plan, to_codes, write_score
from training.musicgen_tiny.words import WRONG, caption

DELAYS = tuple(book // 2 for book in range(CODEBOOKS))
IGNORED = -100
EARLY, EARLY_STEPS = 3.0, 10
"""Additional weight of the first decoding steps of a clip, and their number."""

FALL = 0.55
"""Share of the steps in which the learning rate falls."""

NO_TEXT = 0.1
"""Share of clips without text, for guidance."""


GUIDED_FROM, GUIDANCE = 0.5, 3.0
"""Share of the steps after which guided predictions are trained too, and their guidance."""


@dataclass(frozen=True)
class Stage:
    """A stage of the training: its end as a share of the steps, seconds of its clips, clips in a batch."""

    until: float
    seconds: float
    batch: int


STAGES = (Stage(0.5, 2.0, 18), Stage(0.8, 4.0, 9), Stage(1.0, 10.0, 4))
"""Short clips first, to learn the meaning of words; then long ones, to learn continuation."""

BIGGEST = max(stage.batch for stage in STAGES)

Clip = tuple[Plan, np.ndarray]


def compose_clip(seed: int, number: int, frames: int) -> Clip:
    """Return the plan and the codes, int16 ``(8, frames)``, of a training clip; every number gives another clip."""
    rng = np.random.default_rng([7, seed, number])
    plan = random_plan(rng)
    return plan, to_codes(plan, write_score(plan, frames, rng), frames)


def apply_delay(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return decoder inputs and targets of clips in the delay pattern.

    Parameters
    ----------
    codes : numpy.ndarray
        ``(clips, 8, frames)``.

    Returns
    -------
    inputs, targets : numpy.ndarray
        int64 ``(clips, 8, frames + 3)``. Where a codebook has no code, the inputs have the padding
        code and the targets `IGNORED`.
    """
    clips, books, frames = codes.shape
    length = frames + max(DELAYS)
    inputs = np.full((clips, books, length), CODES, np.int64)
    targets = np.full((clips, books, length), IGNORED, np.int64)
    for book, delay in enumerate(DELAYS):
        targets[:, book, delay : delay + frames] = codes[:, book]
        part = inputs[:, book, delay + 1 : delay + 1 + frames]
        part[:] = codes[:, book, : part.shape[-1]]
    return inputs, targets


class Trainer:
    """The state of a training: network, optimizer, step.

    Parameters
    ----------
    network : transformers.MusicgenForConditionalGeneration
        Its decoder and projection are trained in place; text encoder and codec stay unchanged.
    tokenizer : transformers.PreTrainedTokenizerBase
        Tokenizes the captions.
    steps : int
        Total steps; the learning rate falls to a hundredth.
    seed : int
        Seed of all random draws.
    """

    continuation_share = 0.3
    """Share of the codes within notes that count in the loss; their weight compensates for it."""

    def __init__(
        self, network: Any, tokenizer: Any, steps: int, seed: int = 0, rate: float = 2e-3, warm: int = 60
    ) -> None:
        import torch

        self.network, self.tokenizer, self.steps, self.seed = network, tokenizer, steps, seed
        self.rate, self.warm, self.step, self.losses = rate, warm, 0, []
        weights = [*network.enc_to_dec_proj.parameters(), *network.decoder.parameters()]
        self.optimizer = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.following = [torch.tensor(np.r_[table, 0]) for table in next_codes()]

    def run(self, path: Path | None = None, every: int = 100, limit: int | None = None, progress: bool = True) -> None:
        """Train to the end, or up to a step; save the state every ``every`` steps and at the end."""
        from tqdm.auto import tqdm

        stop = min(self.steps, limit or self.steps)
        with tqdm(total=stop, initial=self.step, desc="training", unit="step", disable=not progress) as bar:
            while self.step < stop:
                self.losses.append(self.learn())
                bar.update()
                bar.set_postfix(loss=f"{np.mean(self.losses[-25:]):.4f}")
                if path and (self.step % every == 0 or self.step == stop):
                    self.save(path)

    def stage(self) -> Stage:
        """Return the stage that the current step belongs to."""
        return next(stage for stage in STAGES if self.step < stage.until * self.steps or stage is STAGES[-1])

    def learn(self) -> float:
        """Take one step and return its loss; see `loss`."""
        import torch

        stage = self.stage()
        rng = np.random.default_rng([11, self.seed, self.step])
        first = self.step * BIGGEST
        clips = [compose_clip(self.seed, first + i, round(50 * stage.seconds)) for i in range(stage.batch)]
        codes = np.stack([codes for _, codes in clips])
        # These clips train the guided prediction, which needs correct captions.
        guided = stage.batch // 2 if self.step >= GUIDED_FROM * self.steps else 0
        texts = [caption(plan, rng, 0 if i < guided else WRONG) for i, (plan, _) in enumerate(clips)]
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * self.schedule()
        loss = self.loss(codes[guided:], texts[guided:], rng)
        if guided:
            loss = (loss + self.loss(codes[:guided], texts[:guided], rng, GUIDANCE)) / 2
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.optimizer.param_groups[0]["params"], 1.0)
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def schedule(self) -> float:
        """Return the factor of the learning rate: a short rise, a plateau, and a fall in the last part.

        The number of steps can change until the end of the plateau: resume with another one.
        """
        return min(1.0, (self.step + 1) / self.warm, max((1 - self.step / self.steps) / FALL, 0.01))

    def hidden(self, inputs: Any, texts: list[str], with_text: Any) -> Any:
        """Return the decoder's last states ``(clips, steps, width)``, as in `generate`.

        ``with_text`` selects the clips that get their text. The others get zeros under a mask of zeros, which
        is the reference of guidance.
        """
        import torch

        words = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
        with torch.no_grad():
            states = self.network.text_encoder(input_ids=words.input_ids, attention_mask=words.attention_mask)[0]
        mask = words.attention_mask * with_text[:, None]
        states = self.network.enc_to_dec_proj(states) * mask[..., None]
        return self.network.decoder.model(
            inputs.reshape(-1, inputs.shape[-1]), encoder_hidden_states=states, encoder_attention_mask=mask
        ).last_hidden_state

    def loss(self, codes: np.ndarray, texts: list[str], rng: np.random.Generator, guidance: float = 1.0) -> Any:
        """Return the mean cross entropy per code in nats, with fourfold weight on the first steps of a clip.

        Nine codes in ten only continue a note. The loss uses all others, and a random sample of these
        with a compensating weight, which keeps the mean: otherwise the heads would take half
        of the time.

        With guidance, every clip is processed with and without its text, and the prediction is the one that
        `generate` samples from. Guidance amplifies the small differences between wrong codes,
        which would drown the music if the guided prediction were not trained too.
        """
        import torch

        inputs, targets = (torch.from_numpy(part) for part in apply_delay(codes))
        with_text = torch.from_numpy(rng.random(len(texts)) >= NO_TEXT).long()
        states = self.hidden(inputs, texts, with_text if guidance == 1 else torch.ones_like(with_text))
        alone = None if guidance == 1 else self.hidden(inputs, texts, torch.zeros_like(with_text))
        chances = torch.from_numpy(rng.random(targets.shape))
        # The text matters most at the beginning. A weight per step does not bias the odds of the codes.
        weights = 1 + EARLY * (torch.arange(targets.shape[-1]) < EARLY_STEPS).float().expand(len(texts), -1)
        total = states.new_zeros(())
        for book in range(CODEBOOKS):
            target, head = targets[:, book], self.network.decoder.lm_heads[book]
            usual = target == self.following[TABLE_OF_CODEBOOK[book // 2]][inputs[:, book]]
            selected = (target != IGNORED) & (~usual | (chances[:, book] < self.continuation_share))
            logits = head(states[selected])
            if alone is not None:
                unguided = head(alone[selected])
                logits = unguided + guidance * (logits - unguided)
            errors = torch.nn.functional.cross_entropy(logits, target[selected], reduction="none")
            sample_weights = torch.where(usual[selected], 1 / self.continuation_share, 1.0)
            total = total + (errors * weights[selected] * sample_weights).sum()
        return total / (targets != IGNORED).sum()

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        import torch

        state = {
            "step": self.step, "seed": self.seed, "losses": self.losses,
            "weights": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def resume(self, path: Path) -> bool:
        """Load a saved state, if there is one; return whether there was. It must have the same seed."""
        import torch

        if not path.is_file():
            return False
        state = torch.load(path, weights_only=True)
        if state["seed"] != self.seed:
            raise ValueError(f"{path}: the seed must be {self.seed}, got {state['seed']}; use another folder")
        self.network.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.losses = state["step"], state["losses"]
        return True


def captions(count: int) -> list[str]:
    """Return the training captions of the tokenizer."""
    texts = []
    for seed in range(count):
        rng = np.random.default_rng([13, seed])
        texts.append(caption(random_plan(rng), rng))
    return texts
