"""Models and helpers for the tests of runs on workers. Worker processes import this file: see `make_importable`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from mgeval.models.composer import Composer

HERE = str(Path(__file__).parent)


def make_importable(monkeypatch):
    """Let processes that a test starts find this file."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])]))


class Slow(Composer):
    """A slow composer, so that a test can interrupt it."""

    def __init__(self, pause=0.2):
        self.pause = pause

    def stream(self, requests):
        for pair in super().stream(requests):
            time.sleep(self.pause)
            yield pair


class Deadly(Composer):
    """A composer that ends its process at the prompt 'die', and returns an unexpected error at 'fail'."""

    def stream(self, requests):
        for index, request in enumerate(requests):
            if request.prompt == "die":
                os._exit(1)
            if request.prompt == "fail":
                yield index, RuntimeError("strange")
            else:
                yield index, self._generate(request)


def files(store):
    """Return the bytes of every audio and codes file of a store, by name."""
    paths = [path for folder in ("clips", "codes") for path in (store.path / folder).glob("*.*")]
    return {path.name: path.read_bytes() for path in paths if path.suffix != ".json" and path.name[0] != "."}


def has_each_clip_once(store, plan):
    """Return whether the store has each clip of a plan exactly once, and no others."""
    table = store.table()
    return sorted(table["key"]) == sorted(plan["key"]) and set(table["status"]) == {"done"}


def worker_processes():
    """Return the processes that make clips: children of the nannies that this process started."""
    import psutil

    nannies = [child for child in psutil.Process().children() if "dask_worker" in " ".join(child.cmdline())]
    return [child for nanny in nannies for child in nanny.children() if "spawn_main" in " ".join(child.cmdline())]


def wait_for(condition, seconds=300):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def dask_scheduler(folder):
    """Start a scheduler in its own process; return the process and the address."""
    address = Path(folder, "address.json")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--no-show"]
    options = ["--host", "127.0.0.1", "--scheduler-file", str(address)]
    process = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
    wait_for(lambda: address.exists() and address.read_text().endswith("}"))
    return process, json.loads(address.read_text())["address"]


def dask_worker(address, folder):
    """Start a worker of a scheduler, with its nanny."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--memory-limit", "0"]
    options = ["--no-dashboard", "--local-directory", str(folder)]
    return subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
