"""Train the tiny CLAP from scratch.

    python -m training.clap_tiny.build --out clap-tiny

One process composes music, another trains on the pieces so far; both can be stopped at any time and resume
with the same command. The last output is one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.clap_tiny.data import feature_extractor, features, shard_path
from training.clap_tiny.network import make_network, make_tokenizer, save, tokenizer_texts
from training.clap_tiny.pool import Pool, compose_all
from training.clap_tiny.retrieval import draw, recalls
from training.clap_tiny.train import Recipe, Training, train

SMOKE = Recipe(
    steps=6, text_steps=2, groups=2, shards=2, first=1, pace=2, size=8, warmup=2, tokenizer_pieces=20, watched=0
)
"""Runs every part of the recipe in seconds, and learns nothing."""


def build(out: Path, cache: Path, recipe: Recipe | None = None) -> dict[str, Any]:
    """Compose, train and save; resume where an earlier call stopped.

    Parameters
    ----------
    out : pathlib.Path
        The checkpoint's folder.
    cache : pathlib.Path
        Spectrograms (about 8 MB for each 64 pieces), texts, and the state of training.
    recipe : Recipe, optional
        By default the recipe of the checkpoint in the package.

    Returns
    -------
    dict
        The recipe, the seconds of this call, and retrieval on the validation pieces.
    """
    import torch

    recipe, start, cache = recipe or Recipe(), time.time(), Path(cache)
    tokenizer = cached_tokenizer(cache / "tokenizer", recipe)
    composer = multiprocessing.get_context("spawn").Process(
        target=compose_all, args=(cache, "train", range(recipe.shards), recipe.size), daemon=True
    )
    if any(not shard_path(cache, "train", number).exists() for number in range(recipe.shards)):
        composer.start()
    torch.manual_seed(recipe.seed)
    training = Training(make_network(len(tokenizer)), Pool(cache, tokenizer, recipe.size), recipe)
    training.pool.alive = lambda: composer.pid is not None and composer.is_alive()
    training.resume(cache / "state.pt")
    watch = watcher(training, cache, recipe.watched) if recipe.watched else None
    train(training, cache / "state.pt", watch=(lambda _: json.dumps(watch())) if watch else None)
    if composer.pid is not None:
        composer.join()
    save(training.network.eval(), tokenizer, feature_extractor(), out)
    figures = watch() if watch else {}
    report = {"recipe": asdict(recipe), "seconds": round(time.time() - start), "validation": figures}
    (Path(out) / "training.jsonl").write_text(json.dumps(report) + "\n", encoding="utf-8")
    return report


def cached_tokenizer(folder: Path, recipe: Recipe) -> Any:
    """Return the tokenizer; train it if it is not in the cache."""
    from transformers import AutoTokenizer

    if not (folder / "tokenizer.json").exists():
        make_tokenizer(tokenizer_texts(recipe.tokenizer_pieces, recipe.seed)).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def watcher(training: Training, cache: Path, pieces: int) -> Callable[[], dict[str, float]]:
    """Return a function that measures retrieval on validation pieces: the mean over 8 draws of 64."""
    import torch

    path = cache / f"valid-{pieces}.npz"
    if not path.exists():
        extractor = feature_extractor()
        np.savez(path, mels=np.stack([features(index, "valid", extractor) for index in range(pieces)]))
    mels = np.load(path)["mels"].astype(np.float32)
    orders = [np.random.default_rng(seed).permutation(pieces).tolist() for seed in range(8)]
    draws = [draw(order, 64, "valid", seed) for seed, order in enumerate(orders)]

    def measure() -> dict[str, float]:
        network = training.network.eval()
        with torch.no_grad():
            blocks = (torch.from_numpy(mels[i : i + 32])[:, None] for i in range(0, pieces, 32))
            audio = np.concatenate([network.get_audio_features(input_features=b).pooler_output for b in blocks])
            figures = []
            for sample in draws:
                tokens = training.pool.tokenizer(sample.texts, padding=True, truncation=True, return_tensors="pt")
                text = network.get_text_features(**tokens).pooler_output.numpy()
                figures.append(recalls(text, audio[sample.indices]))
        network.train()
        return {name: round(float(np.mean([row[name] for row in figures])), 3) for name in figures[0]}

    return measure


def main(arguments: list[str] | None = None) -> None:
    """Build with the options of the command line, and print the report as JSON."""
    parser = argparse.ArgumentParser(prog="python -m training.clap_tiny.build", description="Train the tiny CLAP.")
    parser.add_argument("--out", type=Path, default=Path("clap-tiny"), help="the checkpoint's folder")
    parser.add_argument("--cache", type=Path, default=Path("clap-tiny-cache"), help="pieces and state of the training")
    parser.add_argument("--threads", type=int, default=1, help="threads of the training process")
    parser.add_argument("--smoke", action="store_true", help="run every part once, in seconds; learns nothing")
    for field in fields(Recipe):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), help=argparse.SUPPRESS)
    options = vars(parser.parse_args(arguments))
    import torch

    torch.set_num_threads(options["threads"])
    overrides = {f.name: options[f.name] for f in fields(Recipe) if options[f.name] is not None}
    recipe = replace(SMOKE if options["smoke"] else Recipe(), **overrides)
    print(json.dumps(build(options["out"], options["cache"], recipe)))


if __name__ == "__main__":
    main(sys.argv[1:])
