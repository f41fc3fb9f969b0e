"""Workers and schedulers that are killed: what was written stays, and a resume completes it, bit for bit."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from workers import Deadly, Slow, dask_scheduler, dask_worker, files, importable, once_each, wait_for

import mgeval as mg

pytest.importorskip("distributed", reason="needs pip install 'mgeval[slurm]'")

PROMPTS = ["warm piano", "wide strings, no drums"]


@pytest.fixture
def plan():
    return mg.Sweep("synth", PROMPTS, {"duration": [0.5, 1.0]}, seeds=range(4)).plan()


@pytest.fixture
def whole(plan, tmp_path):
    """A store of the same plan made here and without a fault."""
    store = mg.Store(tmp_path / "whole")
    mg.run(plan, store, progress=False)
    return store


def committed(store):
    return {path.stem: path.read_bytes() for path in (store.path / "clips").glob("*.json") if path.name[0] != "."}


def worker_processes():
    """The processes that make clips: children of the nannies that this process started."""
    nannies = [one for one in psutil.Process().children() if "dask_worker" in " ".join(one.cmdline())]
    return [one for nanny in nannies for one in nanny.children() if "spawn_main" in " ".join(one.cmdline())]


def test_a_killed_worker_is_replaced_and_the_run_completes(plan, whole, tmp_path, monkeypatch):
    importable(monkeypatch)
    store = mg.Store(tmp_path / "run")
    handle = mg.start(plan, store, Slow(), workers=2)
    wait_for(lambda: len(committed(store)) >= 2 or handle.status == "stopped")
    before = committed(store)
    victims = worker_processes()
    assert 2 <= len(before) < len(plan) and len(victims) == 2
    os.kill(victims[0].pid, signal.SIGKILL)
    clips = handle.result(timeout=240)
    assert (clips["status"] == "done").all() and once_each(store, plan)
    assert before.items() <= committed(store).items()
    assert files(store) == files(whole)
    assert mg.Store(store.path).verify().empty


def test_a_killed_scheduler_ends_the_run_in_one_line_and_a_resume_completes_it(plan, whole, tmp_path, monkeypatch):
    importable(monkeypatch)
    store = mg.Store(tmp_path / "run")
    scheduler, address = dask_scheduler(tmp_path)
    worker = dask_worker(address, tmp_path)
    try:
        handle = mg.start(plan, store, Slow(), scheduler=address)
        wait_for(lambda: len(committed(store)) >= 2 or handle.status == "stopped")
        os.kill(scheduler.pid, signal.SIGKILL)
        with pytest.raises(mg.SweepError, match="the Dask scheduler is gone.*mgeval resume") as error:
            handle.result(timeout=120)
        assert "\n" not in str(error.value) and handle.status == "stopped"
        worker.wait(120)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    before = committed(store)
    assert 2 <= len(before) < len(plan)
    resumed = mg.Store(store.path)
    mg.run(resumed.plan(), resumed, progress=False)
    assert before.items() <= committed(resumed).items()
    assert once_each(resumed, plan) and files(resumed) == files(whole)


def test_a_clip_that_kills_its_workers_fails_alone(tmp_path, monkeypatch):
    importable(monkeypatch)
    import dask

    store = mg.Store(tmp_path / "run")
    plan = mg.Sweep("synth", ["piano", "organ", "die", "fail"], {"duration": 0.5}).plan()
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        clips = mg.run(plan, store, Deadly(), progress=False, workers=1).set_index("prompt")
    assert clips["status"].to_dict() == {"piano": "done", "organ": "done", "die": "failed", "fail": "failed"}
    assert clips["error"]["die"].startswith("KilledWorker") and clips["error"]["fail"] == "RuntimeError: strange"
    again = mg.run(plan, store, progress=False)
    assert (again["status"] == "done").all() and (again["error"] == "").all()
