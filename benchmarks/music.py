"""Accuracy and speed of tempo, key and onsets on the composer's pieces: 200 pieces of 10 s.

    python benchmarks/music.py

The pieces are those of `mgeval.synth.random_spec` with seeds from 5000; no threshold was set on them.
Prints a table, and ends with one line of JSON.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np

from mgeval import synth
from mgeval.metrics import METRICS, evaluate, music

PIECES = 200
SECONDS = 10
NEAR = 0.04


def measured() -> tuple[list[dict], list[dict], float]:
    """Return the pieces' truths, their metrics, and the processor time per piece."""
    names = [name for name, row in METRICS.items() if row.function.__module__.startswith(music.__name__)]
    truths, values, took = [], [], []
    for seed in range(PIECES + 1):
        audio, truth = synth.compose(replace(synth.random_spec(5000 + seed), duration=SECONDS), seed)
        start = time.process_time()
        value = evaluate(audio.samples, audio.rate, names)
        took.append(time.process_time() - start)
        truths.append(truth)
        values.append(value)
    # The first one imports what it needs.
    return truths[1:], values[1:], float(np.median(took[1:]))


def main() -> None:
    """Measure, print a table, and end with JSON."""
    truths, values, took = measured()
    ratio = np.array([v["tempo"] / t["tempo"] for t, v in zip(truths, values, strict=True)])
    near = {
        name: float(np.mean(np.abs(ratio / k - 1) < NEAR)) for name, k in (("right", 1), ("double", 2), ("half", 0.5))
    }
    figures = {f"tempo {name}": share for name, share in near.items()}
    tonal = [(t, v) for t, v in zip(truths, values, strict=True) if not np.isnan(v["musical_key"])]
    keys = np.array(
        [[music.PITCH_CLASSES.index(t["key"]) + 12 * (t["mode"] == "minor"), v["musical_key"]] for t, v in tonal]
    )
    relative = np.where(keys[:, 0] < 12, (keys[:, 0] + 9) % 12 + 12, (keys[:, 0] + 3) % 12)
    figures |= {"keys read": len(keys) / len(values), "key right": float(np.mean(keys[:, 0] == keys[:, 1]))}
    figures |= {"key relative": float(np.mean(keys[:, 1] == relative))}
    starts = [len({note["start"] for note in truth["notes"]}) / SECONDS for truth in truths]
    onsets = [value["onset_density"] for value in values]
    figures |= {"onsets, correlation with the notes": float(np.corrcoef(starts, onsets)[0, 1])}
    figures |= {"times real time": SECONDS / took}
    for name, figure in figures.items():
        print(f"{name:36} {figure:8.3f}")
    print(json.dumps({"pieces": PIECES, "seconds": SECONDS, "figures": {k: round(v, 3) for k, v in figures.items()}}))


if __name__ == "__main__":
    main()
