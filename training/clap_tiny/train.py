"""The training loop of the tiny CLAP."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.clap_tiny.data import SHARD
from training.clap_tiny.losses import Heads, contrast
from training.clap_tiny.pool import Pool
from training.clap_tiny.words import contradicts


@dataclass(frozen=True)
class Recipe:
    """All parameters of the training.

    Parameters
    ----------
    steps : int
        Optimiser steps.
    restart : int
        Step at which the learning rate rises again, to 0.6 of its maximum, and falls a second time.
    text_steps : int
        The first steps, which train the text tower alone, on attributes: they are quick, and give the audio tower
        a target.
    groups : int
        Groups of four pieces in a step.
    shards : int
        Total number of shards of pieces.
    first, pace : int
        Step s draws from the first ``first + s // pace`` shards, so that composing and training can
        run at the same time and the result does not depend on their speed.
    size : int
        Pieces per shard.
    rate : float
        Highest learning rate.
    warmup : int
        Steps of its rise; a cosine to zero follows, except in the steps of the text tower alone.
    seed : int
        Seed of weights, draws and augmentation.
    tokenizer_pieces : int
        Pieces whose texts train the tokenizer.
    watched : int
        Validation pieces for the regular measurement of retrieval; 0 for none.
    """

    steps: int = 2200
    restart: int = 1500
    text_steps: int = 500
    groups: int = 10
    shards: int = 70
    first: int = 44
    pace: int = 24
    size: int = SHARD
    rate: float = 2e-3
    warmup: int = 100
    seed: int = 0
    tokenizer_pieces: int = 3000
    watched: int = 256

    def available(self, step: int) -> int:
        """Return the number of shards that a step draws from."""
        return min(self.shards, self.first + step // self.pace)

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        if step < self.text_steps:
            return 0.75 * self.rate * min((step + 1) / self.warmup, 1)
        first, last, rate = self.text_steps, self.restart, self.rate
        if step >= self.restart:
            first, last, rate = self.restart, self.steps, 0.6 * self.rate
        phase_step = step - first
        # Every phase has a warmup.
        if phase_step + 1 < self.warmup:
            return rate * (phase_step + 1) / self.warmup
        return rate * 0.5 * (1 + math.cos(math.pi * (phase_step - self.warmup) / max(last - first - self.warmup, 1)))


class Training:
    """A network in training, its state, and one step of it."""

    def __init__(self, network: Any, pool: Pool, recipe: Recipe) -> None:
        self.network, self.pool, self.recipe = network.train(), pool, recipe
        # It only centres the spectrogram, and its gradient would take a quarter of the time.
        network.audio_model.audio_encoder.batch_norm.requires_grad_(False)
        torch.manual_seed(recipe.seed)
        self.heads = Heads(network.config.projection_dim)
        decayed, plain = [], []
        for weight in (*network.parameters(), *self.heads.parameters()):
            (decayed if weight.dim() > 1 else plain).append(weight)
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98))
        self.done = 0

    def step(self) -> dict[str, float]:
        """Take one step; return the losses."""
        recipe, step = self.recipe, self.done
        self.pool.grow(recipe.available(step))
        rng = np.random.default_rng([recipe.seed, 3, step])
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate(step)
        losses = self.text_losses(rng) if step < recipe.text_steps else self.losses(rng)
        total = sum(loss if name == "contrast" else 0.25 * loss for name, loss in losses.items())
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        with torch.no_grad():
            for scale in (self.network.logit_scale_a, self.network.logit_scale_t):
                scale.clamp_(0, math.log(60))
        self.done += 1
        return {name: loss.item() for name, loss in losses.items()}

    def text_losses(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Return the losses of the attributes for a batch of texts."""
        tokens, facts = self.pool.texts(12 * self.recipe.groups, rng)
        return {f"text {name}": loss for name, loss in self.heads(self.text(tokens), facts).items()}

    def losses(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Return the contrastive loss of a batch, and the losses of the attributes for audio and text."""
        mels, tokens, facts, truths = self.pool.batch(self.recipe.groups, rng)
        audio = self.network.get_audio_features(input_features=torch.from_numpy(mels)[:, None]).pooler_output
        text = self.text(tokens)
        scales = (self.network.logit_scale_a.exp(), self.network.logit_scale_t.exp())
        losses = {"contrast": contrast(audio, text, scales, contradicts(facts, truths))}
        for kind, vectors, rows in (("audio", audio, truths), ("text", text, facts)):
            losses |= {f"{kind} {name}": loss for name, loss in self.heads(vectors, rows).items()}
        return losses

    def text(self, tokens: list[list[int]]) -> torch.Tensor:
        """Return the vectors of texts, ``(n, width)``."""
        padded = self.pool.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        return self.network.get_text_features(**padded).pooler_output

    def save(self, path: Path) -> None:
        """Write the state, which `resume` reads."""
        state = {
            "recipe": asdict(self.recipe), "done": self.done, "network": self.network.state_dict(),
            "heads": self.heads.state_dict(), "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip
        temporary = path.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, path)

    def resume(self, path: Path) -> bool:
        """Load a saved state, if there is one of the same recipe; return whether there was."""
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        if state["recipe"] != asdict(self.recipe):
            return False
        self.network.load_state_dict(state["network"])
        self.heads.load_state_dict(state["heads"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.done = state["done"]
        return True


def train(training: Training, state: Path, every: int = 200, watch: Callable[[int], str] | None = None) -> None:
    """Run a recipe to its end with a progress bar, and save the state every ``every`` steps."""
    from tqdm import tqdm

    recipe, means = training.recipe, {}
    with tqdm(total=recipe.steps, initial=training.done, unit="step", mininterval=5) as bar:
        while training.done < recipe.steps:
            for name, loss in training.step().items():
                means[name] = 0.95 * means.get(name, loss) + 0.05 * loss
            bar.update()
            bar.set_postfix(
                {"contrast": f"{means.get('contrast', math.nan):.2f}", "shards": recipe.available(training.done)}, False
            )
            if training.done % every == 0 or training.done == recipe.steps:
                training.save(state)
                bar.write(f"{training.done}: " + ", ".join(f"{k} {v:.2f}" for k, v in means.items()))
                if watch:
                    bar.write(watch(training.done))
