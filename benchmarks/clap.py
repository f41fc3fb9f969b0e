"""Speed of CLAP's audio vectors compared with the laion-clap package on the same machine.

    OMP_NUM_THREADS=1 python benchmarks/clap.py FOLDER               # clips of 10 s: .opus, .flac, .wav

    OMP_NUM_THREADS=2 python benchmarks/clap.py FOLDER               # two cores, by the clock: on a quiet machine

HTSAT-base with random weights, which laion-clap creates and saves and `mgeval.embed.load` reads; the two sides take
turns. From files to vectors: laion-clap given the list of files (``get_audio_embedding_from_filelist``, one batch, as
its README shows), laion-clap given one file after the other, and mgeval. From samples in memory to vectors: the same
three without decoding. On one core, time is in seconds of the processor. Prints the ratios of each round, then their
medians, and the largest difference between the vectors, mgeval's against laion-clap's from the same samples (given
files, laion-clap rounds them to 16 bits). Ends with one line of JSON.
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
from functools import partial
from pathlib import Path

import numpy as np

from mgeval import embed
from mgeval.audio import FORMATS, Audio, load_audio
from mgeval.embed.base import mono_at, repeat_pad
from mgeval.scoring.clip_reader import read_together

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from claps import random_module, save


def timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the time of a call by a clock."""
    start = clock()
    work()
    return clock() - start


def main() -> None:
    """Measure, print each round, and end with JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if not threads.isdigit():
        parser.error("set OMP_NUM_THREADS, to 1 for figures of one core")
    clock = time.process_time if threads == "1" else time.perf_counter
    files = [str(file) for file in sorted(given.folder.iterdir()) if file.suffix in FORMATS]
    module = random_module("HTSAT-base")
    with tempfile.TemporaryDirectory() as folder:
        clap = embed.load(f"clap:{save(module, Path(folder) / 'base.pt')}")
    clips = [load_audio(file) for file in files]
    samples = np.stack([repeat_pad(mono_at(clip, clap.rate), clap.length) for clip in clips])
    report = {"clips": len(files), "cores": int(threads), "apart": apart(clap, module, clips[:4], samples[:4])}
    sides = {
        "files, list": lambda: embedded(module, files),
        "files, one by one": lambda: [embedded(module, [file]) for file in files],
        "files, ours": lambda: clap.audio(read_together([partial(load_audio, file) for file in files])),
        "samples, list": lambda: forward(module, samples),
        "samples, one by one": lambda: [forward(module, row[None]) for row in samples],
        "samples, ours": lambda: clap.audio(clips),
    }
    embedded(module, files[:1])
    rounds = []
    for _ in range(given.rounds):
        rounds.append({name: timed(work, clock) for name, work in sides.items()})
        print({name: f"{value:.1f} s" for name, value in rounds[-1].items()}, flush=True)
    for what in ("files", "samples"):
        for how in ("list", "one by one"):
            ratios = [each[f"{what}, {how}"] / each[f"{what}, ours"] for each in rounds]
            report[f"{what}: ratio to {how}"] = round(statistics.median(ratios), 2)
    report["clips a second"] = round(len(files) / statistics.median(each["files, ours"] for each in rounds), 2)
    print(json.dumps(report))


def embedded(module: object, files: list[str]) -> np.ndarray:
    """Return laion-clap's vectors of files."""
    import torch

    with torch.inference_mode():
        return module.get_audio_embedding_from_filelist(files)


def forward(module: object, samples: np.ndarray) -> np.ndarray:
    """Return laion-clap's vectors of samples; it uses samples unchanged if they come as a tensor."""
    import torch

    with torch.inference_mode():
        return module.get_audio_embedding_from_data(torch.from_numpy(samples), use_tensor=True).numpy()


def apart(clap: embed.Embedder, module: object, clips: list[Audio], samples: np.ndarray) -> float:
    """Return the largest difference between the two sides' vectors of the same samples."""
    ours = np.stack([rows[0] for rows in clap.audio(clips)])
    return float(f"{np.abs(forward(module, samples) - ours).max():.1e}")


if __name__ == "__main__":
    main()
