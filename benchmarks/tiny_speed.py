"""Time of the tiny model in plain transformers, on one core: to load, and for a clip of 10 s.

    python benchmarks/tiny_speed.py

Loading is timed in new processes, after the imports. Medians of 5 loads and 3 clips; ends with one line of JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

# Before torch is imported, and for the processes below as well.
os.environ["OMP_NUM_THREADS"] = "1"

LOAD = """
import sys, time
import torch
from transformers import AutoProcessor, MusicgenForConditionalGeneration
start = time.perf_counter()
AutoProcessor.from_pretrained(sys.argv[1])
MusicgenForConditionalGeneration.from_pretrained(sys.argv[1])
print(time.perf_counter() - start)
"""


def loading(folder: str) -> float:
    """Return the seconds of one load in a new process."""
    done = subprocess.run([sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def clips(folder: str, count: int) -> list[float]:
    """Return the seconds of clips of 10 s."""
    import time

    import torch
    from transformers import AutoProcessor, MusicgenForConditionalGeneration

    torch.set_num_threads(1)
    processor = AutoProcessor.from_pretrained(folder)
    network = MusicgenForConditionalGeneration.from_pretrained(folder)
    inputs = processor(text=["a piano melody over strings with drums, wide stereo, 100 bpm"], return_tensors="pt")
    network.generate(**inputs, max_new_tokens=20)
    taken = []
    for seed in range(count):
        torch.manual_seed(seed)
        start = time.perf_counter()
        audio = network.generate(**inputs, max_new_tokens=503)
        taken.append(time.perf_counter() - start)
        assert audio.shape == (1, 2, 320_000), audio.shape
    return taken


def main() -> None:
    """Measure and print."""
    from mgeval.hub import MUSICGEN_TINY as FOLDER
    from mgeval.hub import quiet_transformers

    loads = [loading(str(FOLDER)) for _ in range(5)]
    with quiet_transformers():
        made = clips(str(FOLDER), 3)
    print(f"loading {statistics.median(loads):.2f} s, a clip of 10 s {statistics.median(made):.1f} s, on one core")
    print(json.dumps({"load_s": round(statistics.median(loads), 2), "clip_10s_s": round(statistics.median(made), 2)}))


if __name__ == "__main__":
    main()
