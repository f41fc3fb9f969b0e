"""Training of the language model: on symbols, which the composer writes without any sound."""

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
"""How much more the first decoding steps of a clip count, and how many they are."""

FALL = 0.55
"""Share of the steps over which the learning rate falls."""

NO_TEXT = 0.1
"""Share of clips that are learned without any text, for guidance."""


GUIDED_FROM, GUIDANCE = 0.5, 3.0
"""Share of the steps after which guided predictions are trained too, and the guidance for which."""


@dataclass(frozen=True)
class Stage:
    """A part of the training: steps up to which it lasts (as a share), seconds of its clips, clips in a batch."""

    until: float
    seconds: float
    batch: int


STAGES = (Stage(0.5, 2.0, 18), Stage(0.8, 4.0, 9), Stage(1.0, 10.0, 4))
"""Short clips first: they teach what the words mean; long ones then teach to go on."""

BIGGEST = max(stage.batch for stage in STAGES)

Clip = tuple[Plan, np.ndarray]


def compose_clip(seed: int, number: int, frames: int) -> Clip:
    """Return the plan and the codes, int16 ``(8, frames)``, of a training clip; no two numbers give the same."""
    rng = np.random.default_rng([7, seed, number])
    plan = random_plan(rng)
    return plan, to_codes(plan, write_score(plan, frames, rng), frames)


def delayed(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return decoder inputs and targets of clips' codes under the delay pattern.

    Parameters
    ----------
    codes : numpy.ndarray
        ``(clips, 8, frames)``.

    Returns
    -------
    inputs, targets : numpy.ndarray
        int64 ``(clips, 8, frames + 3)``. Where a codebook has no code, the inputs hold the padding
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
        Decoder and projection are trained in place; text encoder and codec are left alone.
    tokenizer : transformers.PreTrainedTokenizerBase
        For the captions.
    steps : int
        Steps in all; the learning rate falls to a hundredth over them.
    seed : int
        Decides everything drawn.
    """

    kept = 0.3
    """Share of the codes that only continue a note which is learned from, with a weight that makes up for it."""

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
        """Train to the end, or up to a step; the state is saved now and then, and where it ends."""
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
        # These clips teach the guided prediction, and for that captions that are right.
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
        """Return the factor on the learning rate: a short rise, a plateau, and a fall over the last part.

        On the plateau the number of steps can still be changed: resume with another one.
        """
        return min(1.0, (self.step + 1) / self.warm, max((1 - self.step / self.steps) / FALL, 0.01))

    def hidden(self, inputs: Any, texts: list[str], told: Any) -> Any:
        """Return the decoder's last states ``(clips, steps, width)``, as `generate` computes them.

        ``told`` says which clips hear their text. The others get zeros under a mask of zeros, which
        is what guidance compares with.
        """
        import torch

        words = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
        with torch.no_grad():
            states = self.network.text_encoder(input_ids=words.input_ids, attention_mask=words.attention_mask)[0]
        mask = words.attention_mask * told[:, None]
        states = self.network.enc_to_dec_proj(states) * mask[..., None]
        return self.network.decoder.model(
            inputs.reshape(-1, inputs.shape[-1]), encoder_hidden_states=states, encoder_attention_mask=mask
        ).last_hidden_state

    def loss(self, codes: np.ndarray, texts: list[str], rng: np.random.Generator, guidance: float = 1.0) -> Any:
        """Return the mean cross entropy per code in nats, the first steps of a clip counted fourfold.

        Nine codes in ten only continue a note. All others are learned from, and of these a random
        part with a weight to match, which leaves the mean as it is: the heads would otherwise take half
        of the time.

        With guidance every clip is heard with its text and without, and the prediction is what
        `generate` would draw from. It multiplies the small differences between codes that are both
        wrong, and unless it is trained too they drown the music.
        """
        import torch

        inputs, targets = (torch.from_numpy(part) for part in delayed(codes))
        told = torch.from_numpy(rng.random(len(texts)) >= NO_TEXT).long()
        states = self.hidden(inputs, texts, told if guidance == 1 else torch.ones_like(told))
        alone = None if guidance == 1 else self.hidden(inputs, texts, torch.zeros_like(told))
        chances = torch.from_numpy(rng.random(targets.shape))
        # The text decides most in the first moments. What a code's place weighs does not bias its odds.
        places = 1 + EARLY * (torch.arange(targets.shape[-1]) < EARLY_STEPS).float().expand(len(texts), -1)
        total = states.new_zeros(())
        for book in range(CODEBOOKS):
            target, head = targets[:, book], self.network.decoder.lm_heads[book]
            usual = target == self.following[TABLE_OF_CODEBOOK[book // 2]][inputs[:, book]]
            chosen = (target != IGNORED) & (~usual | (chances[:, book] < self.kept))
            logits = head(states[chosen])
            if alone is not None:
                unguided = head(alone[chosen])
                logits = unguided + guidance * (logits - unguided)
            errors = torch.nn.functional.cross_entropy(logits, target[chosen], reduction="none")
            total = total + (errors * places[chosen] * torch.where(usual[chosen], 1 / self.kept, 1.0)).sum()
        return total / (targets != IGNORED).sum()

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all."""
        import torch

        state = {
            "step": self.step, "seed": self.seed, "losses": self.losses,
            "weights": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def resume(self, path: Path) -> bool:
        """Take up a saved state of a training with the same seed, if there is one."""
        import torch

        if not path.is_file():
            return False
        state = torch.load(path, weights_only=True)
        if state["seed"] != self.seed:
            raise ValueError(f"{path}: a training with seed {state['seed']}; choose another folder")
        self.network.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.losses = state["step"], state["losses"]
        return True


def captions(count: int) -> list[str]:
    """Return captions from which the tokenizer is learned."""
    texts = []
    for seed in range(count):
        rng = np.random.default_rng([13, seed])
        texts.append(caption(random_plan(rng), rng))
    return texts
