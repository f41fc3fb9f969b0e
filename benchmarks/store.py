"""Speed of reading a store's table and of merging its rows: 100,000 clips in parts of 50 rows.

    python benchmarks/store.py                # 100,000 clips; --clips for fewer

The clips' files are empty, because the table depends on their names alone. Rows arrive as `run` writes
them, 50 at a time; first every part stays as it is, without merging, then parts are merged as they arrive.
Seconds are medians over the rounds, by the clock; peaks of memory are those of separate processes, which only
write or only read, minus their memory before. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet  # noqa: F401, what is loaded once is no part of the times

import mgeval as mg
from mgeval.models import Sampling
from mgeval.runs.generate import PART
from mgeval.runs.store import parts
from mgeval.runs.store.keys import clip_key

ROUNDS = 5
PROMPTS = 250


def row(number: int) -> dict:
    """Return the row of a clip as `run` writes it."""
    prompt = f"prompt {number % PROMPTS} of a slow piano ballad with soft strings, very wide stereo"
    sampling = Sampling(seed=number).asdict()
    key = clip_key("tiny", "0" * 40, prompt, sampling)
    return {
        "key": key,
        "model": "tiny",
        "revision": "0" * 40,
        "prompt_id": f"p{number % PROMPTS}",
        "prompt": prompt,
        "spatial": "wide",
        **sampling,
        "path": f"clips/{key}.flac",
        "status": "done",
        "error": "",
        "n_samples": 320_000,
        "rate": 32_000,
        "channels": 2,
        "peak": 0.5 + number / 1e6,
        "gain": 1.0,
        "elapsed": number / 1e3,
        "slots": 64,
        "halved": False,
        "seams": "",
        "device": "cpu",
        "dtype": "float32",
        "versions": '{"mgeval": "0.1.0", "numpy": "1.26.4", "torch": "2.13.0", "transformers": "5.0.0"}',
    }


def memory() -> float:
    """Return the peak of this process's memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(folder: Path, clips: int, many: int) -> None:
    """Write the rows, merge above ``many`` parts, and return the time."""
    parts.MERGE_ABOVE = many
    store, before, start = mg.Store(folder), memory(), time.perf_counter()
    for first in range(0, clips, PART):
        store.add_rows([row(number) for number in range(first, min(first + PART, clips))])
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "mb": memory() - before, "parts": len(list((folder / "rows").iterdir()))}))


def read(folder: Path) -> None:
    """Read the table several times, and return the time."""
    store, before, seconds = mg.Store(folder), memory(), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        rows = len(store.table())
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "mb": memory() - before, "rows": rows}))


def apart(*arguments: object) -> dict:
    """Write or read in a separate process."""
    done = subprocess.run([sys.executable, __file__, *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main(clips: int) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        loose, merged = Path(folder, "loose"), Path(folder, "merged")
        (loose / "clips").mkdir(parents=True)
        for number in range(clips):
            key = row(number)["key"]
            (loose / "clips" / f"{key}.flac").touch()
            (loose / "clips" / f"{key}.json").touch()
        merged.mkdir()
        (merged / "clips").symlink_to(loose / "clips")
        for path in (loose, merged):
            (path / "manifest.json").write_text('{"kind": "mgeval store", "schema": 2}')
        figures: dict[str, float] = {"clips": clips}
        for name, path, many in (("loose", loose, clips), ("merged", merged, parts.MERGE_ABOVE)):
            written = apart("--write", path, "--clips", clips, "--many", many)
            seen = apart("--read", path)
            assert seen["rows"] == clips
            figures[f"{name}_parts"] = written["parts"]
            figures[f"{name}_write_ms_per_clip"] = round(1e3 * written["seconds"] / clips, 3)
            figures[f"{name}_write_mb"] = round(written["mb"])
            figures[f"{name}_table_s"] = round(seen["seconds"], 3)
            figures[f"{name}_table_mb"] = round(seen["mb"])
        start = time.perf_counter()
        mg.Store(loose).compact()
        figures["compact_s"] = round(time.perf_counter() - start, 3)
        figures["compacted_table_s"] = round(apart("--read", loose)["seconds"], 3)
    print(pd.Series(figures, dtype=object).to_string())
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--many", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.write:
        write(chosen.write, chosen.clips, chosen.many)
    elif chosen.read:
        read(chosen.read)
    else:
        main(chosen.clips)
