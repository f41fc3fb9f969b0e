"""Models and helpers of the tests of runs on workers. Worker processes import this file: see `importable`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from mgeval.models.composer import Composer

HERE = str(Path(__file__).parent)


def importable(monkeypatch):
    """Let processes that a test starts find this file."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])]))


class Slow(Composer):
    """A composer that takes its time, so that a test can strike while it works."""

    def __init__(self, pause=0.2):
        self.pause = pause

    def stream(self, requests):
        for pair in super().stream(requests):
            time.sleep(self.pause)
            yield pair


class Deadly(Composer):
    """A composer that takes its process with it at the prompt 'die', and raises what mgeval does not know at 'fail'."""

    def stream(self, requests):
        for index, request in enumerate(requests):
            if request.prompt == "die":
                os._exit(1)
            if request.prompt == "fail":
                yield index, RuntimeError("strange")
            else:
                yield index, self._generate(request)


def files(store):
    """Every audio and codes file of a store with its bytes."""
    found = [path for folder in ("clips", "codes") for path in (store.path / folder).glob("*.*")]
    return {path.name: path.read_bytes() for path in found if path.suffix != ".json" and path.name[0] != "."}


def once_each(store, plan):
    """Say whether the store has each clip of a plan, no other, and none twice."""
    table = store.table()
    return sorted(table["key"]) == sorted(plan["key"]) and set(table["status"]) == {"done"}


def worker_processes():
    """The processes that make clips: children of the nannies that this process started."""
    import psutil

    nannies = [one for one in psutil.Process().children() if "dask_worker" in " ".join(one.cmdline())]
    return [one for nanny in nannies for one in nanny.children() if "spawn_main" in " ".join(one.cmdline())]


def wait_for(condition, seconds=300):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def dask_scheduler(folder):
    """Start a scheduler in a process of its own; return the process and the address."""
    address = Path(folder, "address.json")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--no-show"]
    options = ["--host", "127.0.0.1", "--scheduler-file", str(address)]
    process = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
    wait_for(lambda: address.exists() and address.read_text().endswith("}"))
    return process, json.loads(address.read_text())["address"]


def dask_worker(address, folder):
    """Start a worker of it with its nanny."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--memory-limit", "0"]
    options = ["--no-dashboard", "--local-directory", str(folder)]
    return subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
