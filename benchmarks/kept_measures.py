"""How long measuring a run takes the first time, and when its store keeps the measures and findings.

    python benchmarks/kept_measures.py [--clips 256] [--seconds 10]

Makes a run of the built-in composer, then measures it, looks for failures and writes a report, each twice: with a store
that keeps nothing yet, and again. Counts the clips that are decoded. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

import mgeval as mg

matplotlib.use("Agg")


def main(clips: int, seconds: float) -> None:
    """Print a line for each step and the figures as JSON."""
    decoded: list[str] = []
    audio = mg.Store.audio

    def count(store: mg.Store, key: str) -> Any:
        decoded.append(key)
        return audio(store, key)

    # Other processes look the method up by this name.
    count.__name__ = "audio"
    mg.Store.audio = count
    figures: dict[str, Any] = {"clips": clips, "seconds": seconds}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        before, start = len(decoded), time.perf_counter()
        result = function()
        figures[f"{name}_s"] = round(time.perf_counter() - start, 2)
        figures[f"{name}_decoded_here"] = len(decoded) - before
        print(f"{name:24} {figures[f'{name}_s']:8.2f} s, {len(decoded) - before} clips decoded in this process")
        return result

    with tempfile.TemporaryDirectory() as folder:
        store = mg.Store(Path(folder) / "run")
        prompts = mg.load_prompts("demo")["prompt"].tolist()[: max(clips // 8, 1)]
        plan = mg.Sweep("synth", prompts, {"duration": seconds}, seeds=range(-(-clips // len(prompts)))).plan()
        table = mg.run(plan.head(clips), store, progress=False)
        scores = timed("measure_first", lambda: mg.measure(table, store, progress=False))
        timed("measure_again", lambda: mg.measure(table, store, progress=False))
        timed("failures", lambda: mg.failure_table(store, table, progress=False))
        timed("report", lambda: mg.report(scores, store, Path(folder) / "report"))
        shutil.rmtree(store.path / "measures")
        timed("failures_first", lambda: mg.failure_table(store, table, progress=False))
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    main(options.clips, options.seconds)
