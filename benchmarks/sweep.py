"""The overhead of a sweep beside the model: planning, resuming, each clip here and through Dask, memory, throughput.

    python benchmarks/sweep.py      # needs pip install 'mgeval[slurm]'; under 4 minutes

The null model returns ready-made arrays. Overhead is the time of `run` minus the time of encoding and writing the
clip's files, which is measured where it happens; through Dask with one local worker that is already warm. Memory is
the peak of a separate process. Figures are medians over interleaved rounds, by the clock. Last comes a
simulation of a large sweep on many GPUs: the costs of steps, restarts and losses are assumptions, given
as options; the costs of a clip in the store and the driver are measured. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import mgeval as mg
from mgeval.models.base import Generated, Model
from mgeval.runs.workers.dispatch import BATCH

CELLS = 100_000
NEW = 2000
ROUNDS = 3
CODEBOOKS, FRAMES = 8, 50


class Null(Model):
    """A model of ready-made arrays of 1 s; ``elapsed`` is the time of encoding and writing since the last clip."""

    name, revision = "synth", "1"

    def stream(self, requests):
        """Yield the same clip for every request."""
        import mgeval.runs.store.clips
        import mgeval.runs.store.layout

        homes = (
            (mgeval.runs.store.clips, ("encode_audio", "write_atomic")),
            (mgeval.runs.store.layout, ("write_atomic",)),
        )
        spent = [0.0]
        kept = [(home, name, getattr(home, name)) for home, names in homes for name in names]
        kept.append((mgeval.runs.store.clips.np, "savez_compressed", mgeval.runs.store.clips.np.savez_compressed))

        def timed(function):
            def run(*arguments, **options):
                start = time.perf_counter()
                result = function(*arguments, **options)
                spent[0] += time.perf_counter() - start
                return result

            return run

        random_numbers = np.random.default_rng(0)
        audio = mg.Audio((0.1 * random_numbers.standard_normal((2, 32000))).astype(np.float32), 32000)
        codes = random_numbers.integers(0, 2048, (CODEBOOKS, FRAMES)).astype(np.int16)
        record = {name: np.zeros((CODEBOOKS, FRAMES), np.float32) for name in ("log_likelihood", "entropy", "distance")}
        try:
            for home, name, function in kept:
                setattr(home, name, timed(function))
            for index in range(len(requests)):
                seconds, spent[0] = spent[0], 0.0
                yield index, Generated(audio, codes, seconds, record)
        finally:
            for home, name, function in kept:
                setattr(home, name, function)


def sweep(cells: int) -> mg.Sweep:
    """Return a sweep of this number of clips of 1 s."""
    prompts = [f"prompt {number} of a slow piano ballad with soft strings, very wide stereo" for number in range(250)]
    grid = {"guidance": [1, 2, 3, 4], "temperature": [0.5, 1.0], "duration": 1}
    return mg.Sweep("synth", prompts[: max(cells // 400, 1)], grid, seeds=range(min(-(-cells // 8), 50)))


def fill(folder: Path, plan) -> None:
    """Make a store with all clips of a plan but the last `NEW`; their files are empty, only the names matter."""
    (folder / "clips").mkdir(parents=True)
    (folder / "manifest.json").write_text('{"kind": "mgeval store", "schema": 2}')
    done = {"status": "done", "error": "", "traceback": "", "n_samples": 32_000, "rate": 32_000, "channels": 2}
    done |= {"peak": 0.5, "gain": 1.0, "elapsed": 1.0, "slots": 64, "halved": False, "seams": "", "device": "cpu"}
    done |= {"dtype": "float32", "threads": 0, "versions": '{"mgeval": "0.1.0", "numpy": "1.26.4", "torch": "2.13.0"}'}
    rows = [{**row, "path": f"clips/{row['key']}.flac", **done} for row in plan.iloc[:-NEW].to_dict("records")]
    for row in rows:
        (folder / "clips" / f"{row['key']}.flac").touch()
        (folder / "clips" / f"{row['key']}.json").touch()
    for first in range(0, len(rows), 5000):
        mg.Store(folder).add_rows(rows[first : first + 5000])


def large(folder: Path) -> dict:
    """Plan `CELLS` clips, add the last to a store that has the others, and resume the complete store."""
    seconds, plan = median(lambda: sweep(CELLS).plan())
    assert len(plan) == CELLS
    fill(folder, plan)
    store = mg.Store(folder)
    mg.run(plan, store, Null(), progress=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    resumed, clips = median(lambda: mg.run(plan, store, progress=False))
    assert clips["status"].eq("done").all()
    return {"cells": CELLS, "plan_s": round(seconds, 2), "resume_s": round(resumed, 2), "peak_mb": round(peak)}


def median(function):
    """Return the median time of a call, and its last result."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def overheads(folder: Path) -> dict:
    """Return the overhead of a clip here and through Dask, and the time for the files of a clip."""
    from mgeval.runs.workers.cluster import connect_workers

    found: dict[str, list[float]] = {"here": [], "dask": [], "files": [], "driver": []}
    plan = sweep(1000).plan()
    with connect_workers(1, None) as (client, _, _):
        for number in range(-1, ROUNDS):
            for name, options in (("here", {}), ("dask", {"scheduler": client.cluster})):
                start, began = time.perf_counter(), time.process_time()
                clips = mg.run(plan, mg.Store(folder / f"{name}{number}"), Null(), progress=False, **options)
                spent, busy = time.perf_counter() - start, time.process_time() - began
                files = clips["elapsed"].sum()
                # The first round warms up.
                if number >= 0:
                    found[name].append(1e3 * (spent - files) / len(clips))
                    if name == "dask":
                        found["driver"].append(1e3 * busy / len(clips))
                        found["files"].append(1e3 * files / len(clips))
    middle = {name: round(statistics.median(values), 2) for name, values in found.items()}
    return {
        "overhead_here_ms": middle["here"], "overhead_dask_ms": middle["dask"], "files_ms": middle["files"],
        "driver_ms": middle["driver"],
    }  # fmt: skip


def throughput(folder: Path) -> dict:
    """Return seconds of audio per second by `tiny`, here and with 1 and 2 workers of one thread, including loading."""
    from mgeval.runs.workers.cluster import connect_workers

    plan = mg.Sweep("tiny", sweep(8).prompts, {"duration": 2, "guidance": [1, 3]}, seeds=range(32)).plan()
    found: dict[str, list[float]] = {"here": [], "1": [], "2": []}
    with connect_workers(1, None) as (one, _, _), connect_workers(2, None) as (two, _, _):
        two.wait_for_workers(2)
        for number in range(-1, ROUNDS):
            # The first round imports torch, of which a sweep of any length has one.
            part = plan.head(2) if number < 0 else plan
            for name, options in (("here", {}), ("1", {"scheduler": one.cluster}), ("2", {"scheduler": two.cluster})):
                start = time.perf_counter()
                clips = mg.run(part, mg.Store(folder / f"{name}-{number}"), progress=False, **options)
                assert clips["status"].eq("done").all()
                if number >= 0:
                    found[name].append(part["duration"].sum() / (time.perf_counter() - start))
    middle = {name: round(statistics.median(values), 2) for name, values in found.items()}
    return {"tiny_here": middle["here"], "tiny_1_worker": middle["1"], "tiny_2_workers": middle["2"]}


def simulate(options: argparse.Namespace, files_ms: float, driver_ms: float) -> dict:
    """Simulate a sweep on many GPUs: whole batches, jobs that end after their lifetime or are lost, one driver.

    A batch takes the time of its steps and, clip after clip, that of the store; when a job ends, another one repeats
    its unfinished batch. The driver receives one batch after the other.
    """
    rng = random.Random(0)
    batch = BATCH * files_ms * options.seconds / 1e3 + (50 * options.seconds + CODEBOOKS // 2) * options.step_ms / 1e3

    def life() -> float:
        lost = rng.expovariate(options.losses / (24 * 3600)) if options.losses else math.inf
        return min(options.lifetime * 3600, lost)

    start_up = options.queue + options.load
    free = [(start_up, number) for number in range(options.gpus)]
    ends = [start_up + life() for _ in free]
    waiting, wasted, driver, jobs = math.ceil(options.clips / BATCH), 0.0, 0.0, options.gpus
    while waiting:
        now, gpu = heapq.heappop(free)
        if now + batch > ends[gpu]:
            wasted += ends[gpu] - now
            now, jobs = ends[gpu] + start_up, jobs + 1
            ends[gpu] = now + life()
        else:
            now += batch
            waiting -= 1
            driver = max(driver, now) + BATCH * driver_ms / 1e3
        heapq.heappush(free, (now, gpu))
    ideal = options.clips / BATCH * batch / options.gpus
    return {
        "simulated_clips": options.clips, "simulated_gpus": options.gpus, "simulated_step_ms": options.step_ms,
        "simulated_hours": round(driver / 3600, 1), "simulated_hours_without_loss": round(ideal / 3600, 1),
        "simulated_jobs": jobs, "simulated_gpu_hours_wasted": round(wasted / 3600, 1),
        "simulated_driver_busy": round(options.clips * driver_ms / 1e3 / driver, 3),
    }  # fmt: skip


def apart(part: str, folder: Path) -> dict:
    """Measure a part in a separate process."""
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    return json.loads(done.stdout.splitlines()[-1])


PARTS = {"large": large, "overheads": overheads, "throughput": throughput}


def main(options: argparse.Namespace) -> None:
    """Measure, and print."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            figures |= apart(part, Path(folder, part))
    figures |= simulate(options, figures["files_ms"], figures["driver_ms"])
    for name, value in figures.items():
        print(f"{name:32}{value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--clips", type=int, default=1_000_000, help="of the simulation")
    parser.add_argument("--gpus", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10, help="of a clip")
    parser.add_argument("--step-ms", type=float, default=50, help="of a step of 64 clips; not measured on a GPU yet")
    parser.add_argument("--load", type=float, default=60, help="seconds from a job's begin to its first batch")
    parser.add_argument("--queue", type=float, default=300, help="seconds that a job waits in the queue")
    parser.add_argument("--lifetime", type=float, default=11.5, help="hours of a job")
    parser.add_argument("--losses", type=float, default=0.1, help="jobs lost otherwise, per GPU and day")
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(PARTS[chosen.part](chosen.folder)))
    else:
        main(chosen)
