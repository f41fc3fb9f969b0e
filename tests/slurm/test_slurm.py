"""A sweep on a real SLURM, one node on this machine, whose worker job is cancelled midway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from workers import files, has_each_clip_once, wait_for

import mgeval as mg

sys.path.insert(0, str(Path(__file__).parent))
from local_slurm import local_slurm, missing_requirement

pytestmark = pytest.mark.slow

pytest.importorskip("dask_jobqueue", reason="needs pip install 'mgeval[slurm]'")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    if reason := missing_requirement():
        pytest.skip(f"no SLURM to test with: {reason}")
    with local_slurm(tmp_path / "slurm") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def jobs():
    listed = subprocess.run(["squeue", "-h", "-o", "%A %T"], capture_output=True, text=True, check=True).stdout
    return {number for number, state in map(str.split, listed.splitlines()) if state == "RUNNING"}


def test_a_cancelled_job_is_replaced_and_the_store_is_as_without(slurm, one_thread, tmp_path):
    from dask_jobqueue import SLURMCluster

    plan = mg.Sweep("tiny", ["warm piano", "fast drums"], {"duration": 0.5, "guidance": [1, 3]}, seeds=range(4)).plan()
    store, whole = mg.Store(tmp_path / "run"), mg.Store(tmp_path / "whole")
    # Workers import mgeval from where this process did.
    path = f"export PYTHONPATH={Path(mg.__file__).parents[1]}:$PYTHONPATH"
    with SLURMCluster(
        cores=1, processes=1, job_cpu=1, memory="2GB", walltime="00:20:00", queue="all", python=sys.executable,
        local_directory=str(tmp_path / "scratch"), log_directory=str(tmp_path / "logs"), job_script_prologue=[path],
        worker_extra_args=["--lifetime", "18m", "--memory-limit", "0"],
        scheduler_options={"host": "127.0.0.1", "dashboard_address": None},
    ) as cluster:  # fmt: skip
        cluster.adapt(minimum=1, maximum=1, interval="200ms")
        handle = mg.start(plan, store, scheduler=cluster)
        wait_for(lambda: store.keys() or handle.status == "stopped")
        before, running = store.keys(), jobs()
        assert 1 <= len(before) < len(plan) and len(running) == 1
        subprocess.run(["scancel", *running], check=True)
        clips = handle.result(timeout=300)
        assert not running & jobs()
    assert (clips["status"] == "done").all() and has_each_clip_once(store, plan)
    made = mg.run(plan, whole, progress=False)
    assert set(clips["threads"]) == set(made["threads"]) == {1} and set(clips["slots"]) == set(made["slots"])
    assert files(store) == files(whole) and before <= store.keys()
    assert store.verify().empty
