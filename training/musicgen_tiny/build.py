"""Train the tiny MusicGen from scratch.

    python -m training.musicgen_tiny.build --work FOLDER [--steps N] [--out FOLDER]

Trains the tokenizer, the text encoder and the language model, sets the codec, and writes the checkpoint. It can be
stopped at any time, and resumes from the last saved state. The same seed gives the same model on the
same machine with the same number of threads.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

STEPS = 6000
READING_STEPS = 5000
CAPTIONS = 12000


def main(arguments: list[str] | None = None) -> None:
    """Build the model with the options of the command line."""
    parser = argparse.ArgumentParser(description="Build the tiny MusicGen-stereo checkpoint.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the state of the training")
    parser.add_argument("--out", type=Path, help="folder of the checkpoint; by default mgeval/weights/musicgen_tiny")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (default %(default)s)")
    parser.add_argument("--until", type=int, help="stop the training after this step, and write the checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="more are slower with so small a network")
    options = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    network, tokenizer = train_network(options.work, options.steps, options.seed, options.until)
    from training.musicgen_tiny.pack import write_checkpoint

    write_checkpoint(network, tokenizer, options.out)


def train_network(
    work: Path, steps: int, seed: int, until: int | None = None, captions_read: int = CAPTIONS
) -> tuple[Any, Any]:
    """Return the trained network and its tokenizer; resume from the files in the folder."""
    from transformers import AutoTokenizer

    from mgeval.hub import quiet_transformers
    from training.musicgen_tiny import network as networks
    from training.musicgen_tiny import tokens, train

    with quiet_transformers():
        if not (work / "tokenizer.json").is_file():
            tokens.learn_tokenizer(train.captions(captions_read)).save_pretrained(work)
        tokenizer = AutoTokenizer.from_pretrained(work)
        network = networks.new_network(len(tokenizer), seed).train()
    teach_reading(network, tokenizer, work / f"text-{seed}.pt", seed)
    trainer = train.Trainer(network, tokenizer, steps, seed)
    trainer.resume(work / f"training-{seed}.pt")
    trainer.run(work / f"training-{seed}.pt", limit=until)
    return network.eval(), tokenizer


def teach_reading(network: Any, tokenizer: Any, path: Path, seed: int) -> None:
    """Train the text encoder, or load it if it is already trained."""
    import torch

    from training.musicgen_tiny.text import train_text_encoder

    if path.is_file():
        network.text_encoder.load_state_dict(torch.load(path, weights_only=True))
        return
    train_text_encoder(network, tokenizer, READING_STEPS, seed)
    torch.save(network.text_encoder.state_dict(), path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


if __name__ == "__main__":
    main()
