"""How fast clips are measured: 10 minutes of stereo music at 32 kHz, on one core.

    python benchmarks/measure.py

Prints each group of metrics in seconds of the processor and as a multiple of real time, medians of 5
runs, and ends with one line of JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from dataclasses import replace

import numpy as np

from mgeval import synth
from mgeval.metrics import METRICS, chosen, evaluate

SECONDS = 600
PIECE = 30
RUNS = 5


def music() -> tuple[np.ndarray, int]:
    """Ten minutes in twenty pieces by the composer, wide and narrow."""
    pieces = []
    for seed in range(SECONDS // PIECE):
        audio, _ = synth.compose(replace(synth.random_spec(seed), duration=PIECE), seed)
        pieces.append(audio.samples)
    return np.concatenate(pieces, axis=1), audio.rate


def seconds(x: np.ndarray, rate: int, names: list[str]) -> float:
    """Return the median time of measuring, of the processor: other programs do not count."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        evaluate(x, rate, names)
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    """Measure, print a table, and end with JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    x, rate = music()
    assert x.shape == (2, SECONDS * rate)
    stereo = [name for name, row in METRICS.items() if row.channels == "stereo"]
    groups = {"all stereo measures": stereo, "all metrics": chosen()}
    groups |= {name: [name] for name in chosen() if name not in stereo}
    # The first call imports what it needs.
    evaluate(x[:, :rate], rate, chosen())
    figures = {}
    for name, names in groups.items():
        took = seconds(x, rate, names)
        figures[name] = {"seconds": round(took, 3), "times_real_time": round(SECONDS / took)}
        print(f"{name:20} {took:7.3f} s  {SECONDS / took:6.0f} x real time")
    print(json.dumps({"audio_seconds": SECONDS, "rate": rate, "cores": 1, "runs": RUNS, "figures": figures}))


if __name__ == "__main__":
    main()
