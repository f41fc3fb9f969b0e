"""How fast CLAP's audio vectors are, beside the laion-clap package on the same machine.

    OMP_NUM_THREADS=1 python benchmarks/clap.py FOLDER               # clips of 10 s: .opus, .flac, .wav

HTSAT-base with random weights, which laion-clap makes and saves and `mgeval.embed.load` reads. From files to vectors,
one core, in seconds of the processor, the sides in turn: laion-clap given the list of files
(``get_audio_embedding_from_filelist``, one batch), laion-clap given one file after the other, and
ours. Per round the ratios, then their medians; the largest difference between the vectors, ours against theirs from
the same samples (given files, laion-clap rounds them to 16 bits). Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mgeval import embed
from mgeval.audio import FORMATS, load_audio
from mgeval.embed.base import mono_at, repeat_pad

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from claps import random_module, save


def seconds(work: Callable[[], object]) -> float:
    """Return what a call takes of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure, print each round, and end with JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: the figures are of one core")
    files = [str(file) for file in sorted(given.folder.iterdir()) if file.suffix in FORMATS]
    module = random_module("HTSAT-base")
    with tempfile.TemporaryDirectory() as folder:
        clap = embed.load(f"clap:{save(module, Path(folder) / 'base.pt')}")
        report = {"clips": len(files), "cores": 1, "apart": apart(clap, module, files)}
        sides = {
            "list": lambda: embedded(module, files),
            "one by one": lambda: [embedded(module, [file]) for file in files],
            "ours": lambda: clap.audio([load_audio(file) for file in files]),
        }
        embedded(module, files[:1])
        rounds = []
        for _ in range(given.rounds):
            rounds.append({name: seconds(work) for name, work in sides.items()})
            print({name: f"{value:.1f} s" for name, value in rounds[-1].items()})
    for name in ("list", "one by one"):
        report[f"ratio to {name}"] = round(statistics.median(each[name] / each["ours"] for each in rounds), 2)
    report["clips a second"] = round(len(files) / statistics.median(each["ours"] for each in rounds), 2)
    print(json.dumps(report))


def embedded(module: object, files: list[str]) -> np.ndarray:
    """Return laion-clap's vectors of files."""
    import torch

    with torch.inference_mode():
        return module.get_audio_embedding_from_filelist(files)


def apart(clap: embed.Embedder, module: object, files: list[str]) -> float:
    """Return the largest difference between the two sides' vectors of the same samples."""
    import torch

    clips = [load_audio(file) for file in files[:4]]
    samples = np.stack([repeat_pad(mono_at(clip, clap.rate), clap.length) for clip in clips])
    with torch.inference_mode():
        theirs = module.get_audio_embedding_from_data(torch.from_numpy(samples), use_tensor=True).numpy()
    return float(f"{np.abs(theirs - np.stack([rows[0] for rows in clap.audio(clips)])).max():.1e}")


if __name__ == "__main__":
    main()
