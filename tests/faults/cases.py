"""What can befall a run, a function for each kind; it holds the store against a whole one and yields a line per fault.

    python tests/faults/cases.py         # the table; `make faults` does the same

Runs are children of a process that has imported everything, so that thirty of them take seconds. Most make
clips of noise that cost nothing, so that faults hit the writing; some are of the built-in tiny model.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet  # noqa: F401, what is loaded here need not be by each child

import mgeval as mg
from mgeval import cli
from mgeval.models import Generated
from mgeval.models.composer import Composer
from mgeval.runs import generate
from mgeval.runs.store import parts

KILLS, SEED = 30, 20
NEEDED = [
    *(
        "mgeval.cli",
        "mgeval.runs.sweep_file",
        "mgeval.models.composer",
        "mgeval.models.musicgen.model",
        "mgeval.runs.generate",
    ),
    *("pandas", "pydantic", "pyarrow.parquet", "torch", "tqdm.auto"),
    *(f"transformers.models.{name}.modeling_{name}" for name in ("encodec", "musicgen", "t5")),
]
"""What the process has imported of which all runs are children."""

PROMPTS = ("piano", "organ", "strings", "drums")
ERRORS = "stderr.txt"
FILE_LIMIT = 12_000
"""Bytes that a file may have on the disk that is full: a short clip fits, a long one and a table do not."""


class Line(NamedTuple):
    """One fault: what was done, clips committed before and after, whether all was as in a run without it."""

    fault: str
    before: int
    after: int
    equal: bool
    seconds: float


class Noise(Composer):
    """Clips and codes of noise, drawn from the seed and the prompt."""

    pause = 0.01

    def stream(self, requests):
        for index, request in enumerate(requests):
            rng = np.random.default_rng([request.sampling.seed, *request.prompt.encode()])
            frames = request.sampling.frames
            samples = rng.uniform(-0.5, 0.5, (2, frames * 640)).astype(np.float32)
            codes = rng.integers(0, 2048, (8, frames), np.int16)
            time.sleep(self.pause)
            yield index, Generated(mg.Audio(samples, self.rate), codes, 0.01, {"entropy": codes.astype(np.float32)})


def noise_plan() -> pd.DataFrame:
    return mg.Sweep("synth", PROMPTS, {"duration": [0.04, 0.3]}, range(6)).plan()


def tiny_plan() -> pd.DataFrame:
    return mg.Sweep("tiny", PROMPTS, {"duration": [0.2, 0.3]}).plan()


def make(path: Path, model: str = "noise", limit: int = 0) -> None:
    """Run a plan to its end."""
    sys.stderr = open(os.devnull, "w")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    # The table is written often, and its parts merged, so that kills hit that too.
    generate.PART, parts.MERGE_ABOVE = 3, 2
    if model == "noise":
        mg.run(noise_plan(), mg.Store(path), Noise(), progress=False)
        return
    tiny = mg.load_model("tiny")
    # A few at a time, so that some are finished while others are in the making.
    tiny.engine.slots = 3
    mg.run(tiny_plan(), mg.Store(path), tiny, progress=False)


def command(path: Path, limit: int = 0) -> None:
    """Do the same as a user does in a shell; what the command says goes to a file."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    generate.load_model = lambda *arguments, **options: Noise()
    sweep = path.with_suffix(".yaml")
    sys.argv = ["mgeval", "run", str(sweep), "--out", str(path), "--metric", "width"]
    sys.stderr = open(path.with_suffix(".txt"), "w", buffering=1)
    cli.main()


def start(work: Callable, *arguments) -> multiprocessing.Process:
    """Fork a child from a process that has imported what it needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(NEEDED)
    process = context.Process(target=work, args=arguments)
    process.start()
    return process


def finish(process: multiprocessing.Process, code: int | None = 0) -> int:
    process.join(300)
    assert process.exitcode is not None, "a run hangs"
    assert code is None or process.exitcode == code, f"a run ended with {process.exitcode}"
    return process.exitcode


@contextlib.contextmanager
def whole(model: str = "noise") -> Iterator[mg.Store]:
    """A store made without any fault."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run")
        finish(start(make, path, model))
        yield mg.Store(path)


def contents(store: mg.Store) -> dict[str, bytes]:
    """Audio and codes of all committed clips, by their files' names."""
    files = [store.file(key, kind) for key in store.keys() for kind in ("audio", "codes")]
    return {file.name: file.read_bytes() for file in files}


def sound(store: mg.Store, reference: mg.Store, complete: bool = True) -> bool:
    """Say whether a store holds what the reference holds, bit for bit, each clip once; or a whole part of it."""
    held, wanted = contents(store), contents(reference)
    table = store.table()
    once = table["key"].is_unique and set(table.loc[table["status"] == "done", "key"]) == store.keys()
    as_recorded = store.verify().empty
    # Names that are there, are there whole: nothing but what writers at work hide may be in pieces.
    return once and as_recorded and (held == wanted if complete else held.items() <= wanted.items())


def line(fault: str, store: mg.Store, reference: mg.Store, before: set[str], begun: float, complete: bool) -> Line:
    kept = before <= store.keys()
    equal = kept and sound(store, reference, complete)
    return Line(fault, len(before), len(store.keys()), equal, round(time.perf_counter() - begun, 2))


def kills(folder: Path, reference: mg.Store, count: int = KILLS, model: str = "noise") -> Iterator[Line]:
    """Kill the run at random moments, the same each time as far as the clock is; then let it end."""
    rng = random.Random(SEED)
    store = mg.Store(folder / "run")
    done = 0
    for number in range(count):
        begun, before = time.perf_counter(), store.keys()
        process = start(make, store.path, model)
        # Most of a run's time goes by before its first clip; the moments are to be among the clips.
        if number % 5:
            await_growth(store, before, process)
        time.sleep(rng.random() * 0.05)
        process.kill()
        finish(process, None)
        done += 1
        yield line(f"SIGKILL {number + 1} of {count}, {model}", store, reference, before, begun, False)
        if len(store.keys()) == len(reference.keys()):
            yield line("that run ended", store, reference, store.keys(), begun, True)
            store = mg.Store(folder / f"run{number}")
    yield from again("run to its end", store, reference, model)


def await_growth(store: mg.Store, before: set[str], process: multiprocessing.Process) -> None:
    """Wait until a clip was committed, or the run has ended."""
    while process.is_alive() and not store.keys() - before:
        time.sleep(0.001)


def again(fault: str, store: mg.Store, reference: mg.Store, model: str = "noise") -> Iterator[Line]:
    begun, before = time.perf_counter(), store.keys()
    finish(start(make, store.path, model))
    yield line(fault, store, reference, before, begun, True)


def tiny_kills(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """The same with the built-in model."""
    yield from kills(folder, reference, 3, "tiny")


def write_sweep(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep = {"models": "synth", "prompts": list(PROMPTS), "grid": {"duration": [0.04, 0.3]}, "seeds": list(range(6))}
    path.with_suffix(".yaml").write_text(json.dumps(sweep))


def said(path: Path) -> list[str]:
    """What the command said at last, the bar that shows progress left out."""
    text = path.with_suffix(".txt").read_text().replace("\r", "\n")
    return [one for one in text.splitlines() if one.strip() and "%|" not in one and "clip/s" not in one]


def full_disk(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Let no file grow beyond a limit; the command says so in one line and ends, and then goes on."""
    store = mg.Store(folder / "run")
    write_sweep(store.path)
    begun = time.perf_counter()
    finish(start(command, store.path, FILE_LIMIT), 2)
    (message,) = said(store.path)
    assert message.startswith("mgeval: ") and "free" in message and "to continue" in message, message
    yield line("no room for a file", store, reference, set(), begun, False)
    yield from again("run again with room", store, reference)


def small_disk(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """The same on a disk of a megabyte that is full at some moment; mounting one takes root."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True, capture_output=True)
    try:
        store = mg.Store(disk / "run")
        write_sweep(store.path)
        begun = time.perf_counter()
        finish(start(command, store.path), 2)
        (message,) = said(store.path)
        assert "No space left" in message and "to continue" in message, message
        committed = store.keys()
        assert committed, "nothing was made before the disk was full"
        yield line("a disk of 1 MB is full", store, reference, set(), begun, False)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        yield from again("run again on a larger disk", store, reference)
    finally:
        subprocess.run(["umount", disk], check=True)


def interrupt(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Press Ctrl-C at some moments: the clip in writing is finished, the table is saved, the exit code is 130."""
    rng = random.Random(SEED)
    store = mg.Store(folder / "run")
    write_sweep(store.path)
    for number in range(4):
        begun, before = time.perf_counter(), store.keys()
        process = start(command, store.path)
        await_growth(store, before, process)
        time.sleep(rng.random() * 0.05)
        os.kill(process.pid, signal.SIGINT)
        finish(process, 130)
        (message,) = said(store.path)
        assert "finished clips are kept" in message, message
        rows = pd.concat([table.to_pandas() for table in parts.read_parts(store.path / "rows").values()])
        # The record of the clip that was in writing is there; its row need not be.
        assert len(store.keys() - before - set(rows["key"])) <= 1, "finished clips are not in the saved table"
        orphans = {file.stem for file in (store.path / "clips").glob("*.flac")} - store.keys()
        assert not orphans, "a clip was left half written"
        yield line(f"Ctrl-C {number + 1} of 4", store, reference, before, begun, False)
    yield from again("run to its end", store, reference)


def damaged(fault: str, damage: Callable[[mg.Store], None], folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Damage a file of a whole store, have what is damaged discarded, and run again."""
    begun = time.perf_counter()
    shutil.copytree(reference.path, folder / "run")
    store = mg.Store(folder / "run")
    damage(store)
    found = store.verify()
    assert len(found) == 1, f"verify found {len(found)} damaged files"
    store.discard(found)
    before = store.keys()
    yield from (one._replace(seconds=round(time.perf_counter() - begun, 2)) for one in again(fault, store, reference))
    assert len(before) >= len(reference.keys()) - 1


def cut(kind: str, store: mg.Store) -> None:
    """Leave the first half of a clip's file."""
    file = store.file(min(store.keys()), kind)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(store: mg.Store) -> None:
    """Turn one bit of a part over."""
    part = sorted((store.path / "rows").iterdir())[0]
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)


def two_at_once(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Run the same plan twice at the same time into one store."""
    store = mg.Store(folder / "run")
    begun = time.perf_counter()
    both = [start(make, store.path) for _ in range(2)]
    for process in both:
        finish(process)
    yield line("two runs at once", store, reference, set(), begun, True)


@contextlib.contextmanager
def importable() -> Iterator[None]:
    """Let workers that are started meanwhile import the model from here."""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), before]))
    try:
        yield
    finally:
        os.environ["PYTHONPATH"] = before


def begin(folder: Path, **where) -> tuple[mg.Store, mg.running.Handle]:
    """Begin a run on workers, which takes its time, and return it when it has made its first clips."""
    import workers

    store, slow = mg.Store(folder / "run"), Noise()
    slow.pause = 0.1
    handle = mg.start(noise_plan(), store, slow, **where)
    workers.wait_for(lambda: len(store.keys()) >= 2 or handle.status == "stopped", 60)
    return store, handle


def killed_worker(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Kill one of two workers of Dask during its job; the other, and one started anew, end the run."""
    import workers

    begun = time.perf_counter()
    with importable():
        store, handle = begin(folder, workers=2)
        before, victims = store.keys(), workers.worker_processes()
        assert 2 <= len(before) < len(reference.keys()) and len(victims) == 2
        os.kill(victims[0].pid, signal.SIGKILL)
        clips = handle.result(timeout=240)
    assert (clips["status"] == "done").all() and workers.once_each(store, noise_plan())
    yield line("SIGKILL of a Dask worker", store, reference, before, begun, True)


def killed_scheduler(folder: Path, reference: mg.Store) -> Iterator[Line]:
    """Kill the scheduler; the run ends in one line that says how to go on, and then goes on."""
    import workers

    begun = time.perf_counter()
    scheduler, address = workers.dask_scheduler(folder)
    with importable():
        worker = workers.dask_worker(address, folder)
    try:
        store, handle = begin(folder, scheduler=address)
        before = store.keys()
        os.kill(scheduler.pid, signal.SIGKILL)
        message = ""
        try:
            handle.result(timeout=120)
        except mg.SweepError as error:
            message = str(error)
        assert "the Dask scheduler is gone" in message and "mgeval resume" in message and "\n" not in message
        worker.wait(120)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert 2 <= len(store.keys()) < len(reference.keys())
    yield line("SIGKILL of the scheduler", store, reference, before, begun, False)
    yield from again("run again without it", store, reference)
    assert workers.once_each(store, noise_plan())


FAULTS = {
    "kills": kills,
    "kills of the tiny model": tiny_kills,
    "a full disk": full_disk,
    "a small disk": small_disk,
    "interrupts": interrupt,
    "a truncated FLAC": partial(damaged, "a FLAC lost its second half", partial(cut, "audio")),
    "truncated codes": partial(damaged, "codes lost their second half", partial(cut, "codes")),
    "a half record": partial(damaged, "a record lost its second half", partial(cut, "record")),
    "a flipped bit": partial(damaged, "a bit of the table flipped", flip),
    "two runs": two_at_once,
    "a killed worker": killed_worker,
    "a killed scheduler": killed_scheduler,
}
ON_DASK = ("a killed worker", "a killed scheduler")
MODELS = {"kills of the tiny model": "tiny"}


def may_mount() -> bool:
    """Say whether this process may mount a disk."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


def main() -> None:
    """Print the table; exit code 1 where a store was not as it should be."""
    # Children that are killed leave a semaphore of the progress bar's, which is said at the end.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
    ok = True
    print(f"{'fault':34} {'before':>6} {'after':>6}  equal  seconds")
    with whole() as noise, whole("tiny") as tiny:
        for name, fault in FAULTS.items():
            if (name == "a small disk" and not may_mount()) or (name in ON_DASK and not find_spec("distributed")):
                continue
            with tempfile.TemporaryDirectory() as folder:
                for one in fault(Path(folder), tiny if name in MODELS else noise):
                    equal = "yes" if one.equal else "NO"
                    print(f"{one.fault:34} {one.before:6} {one.after:6}  {equal:5} {one.seconds:8}", flush=True)
                    ok = ok and one.equal
    sys.exit(not ok)


if __name__ == "__main__":
    # Children import this file by its name, not as the program.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from faults import cases

    cases.main()
