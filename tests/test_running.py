"""Runs in the background and on workers: handles, steering, the plan that a store keeps, what is refused."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
import soundfile
from checkpoints import melody_checkpoint
from workers import Slow, files, once_each, wait_for

import mgeval as mg
from mgeval.models.composer import Composer
from mgeval.models.sampling import LIMITS
from mgeval.runs.progress import RunControl, cancel_on_interrupt
from mgeval.runs.store.keys import clip_key, row_keys
from mgeval.runs.store.maintenance import status
from mgeval.runs.workers.cluster import _threads, check_workers

PROMPTS = ["warm piano", "wide strings, no drums"]


@pytest.fixture
def dask():
    return pytest.importorskip("distributed", reason="workers need Dask: pip install 'mgeval[slurm]'")


@pytest.fixture
def plan():
    return mg.Sweep("synth", PROMPTS, {"duration": [0.5, 1.0]}, seeds=[0, 1]).plan()


class Stepping(Composer):
    """A model that looks between its steps: 50 of 10 ms a clip."""

    steps = 0

    def stream(self, requests, watch=None):
        for index, request in enumerate(requests):
            for _ in range(50):
                type(self).steps += 1
                if watch and watch(0.0, 1.0):
                    return
                time.sleep(0.01)
            yield index, self._generate(request)


# In the background


def test_start_returns_at_once_and_gives_what_run_gives(plan, tmp_path):
    store, whole = mg.Store(tmp_path / "run"), mg.Store(tmp_path / "whole")
    handle = mg.start(plan, store, Slow())
    assert handle.status == "running"
    wait_for(lambda: handle.done >= 1)
    assert handle.total == 8 and handle.eta > 0 and "of 8 clips, about" in repr(handle)
    with pytest.raises(TimeoutError, match="after 0 s of waiting"):
        handle.result(timeout=0)
    clips = handle.result()
    assert handle.status == "done" and handle.done == 8 and handle.failed == 0 and handle.eta == 0
    made = mg.run(plan, whole, progress=False)
    pd.testing.assert_frame_equal(clips.drop(columns=["started", "elapsed"]), made.drop(columns=["started", "elapsed"]))
    assert files(store) == files(whole)


def test_what_has_ended_is_not_cancelled(plan, tmp_path):
    handle = mg.start(plan, mg.Store(tmp_path / "run"))
    # Whatever it has come to, it has not counted down to nothing before it began.
    assert handle.eta != 0 or handle.done == handle.total > 0
    handle.result()
    handle.cancel()
    assert handle.status == "done" and handle.done == handle.total == len(plan)


def test_a_pause_rests_between_two_steps(plan, tmp_path):
    handle = mg.start(plan, mg.Store(tmp_path / "run"), Stepping())
    wait_for(lambda: handle.done >= 1)
    handle.pause()
    assert handle.status == "paused"
    time.sleep(0.2)
    steps, done = Stepping.steps, handle.done
    time.sleep(0.3)
    assert (Stepping.steps, handle.done) == (steps, done) and done < 8
    handle.resume()
    assert (handle.result()["status"] == "done").all()


def test_a_cancelled_run_keeps_what_is_finished(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    handle = mg.start(plan, store, Stepping())
    wait_for(lambda: handle.done >= 2)
    handle.pause()
    handle.cancel()
    clips = handle.result(timeout=60)
    made = clips["status"].eq("done")
    assert handle.status == "cancelled" and 2 <= made.sum() < 8 and clips.loc[~made, "status"].isna().all()
    assert len(list((store.path / "rows").iterdir())) == 1 and set(store.table()["key"]) == set(clips["key"][made])
    assert (mg.run(plan, store, progress=False)["status"] == "done").all()


def test_a_melody_checkpoint_heeds_a_cancel(tmp_path):
    model = mg.load_model(melody_checkpoint(tmp_path / "melody"), device="cpu")
    plan = mg.Sweep(model.name, PROMPTS, {"duration": 0.5}, seeds=range(8)).plan()
    handle = mg.start(plan, mg.Store(tmp_path / "run"), model)
    wait_for(lambda: handle.done >= 1)
    handle.cancel()
    clips = handle.result(timeout=60)
    assert handle.status == "cancelled" and 1 <= clips["status"].eq("done").sum() < 16


def test_an_error_is_told_by_the_handle(plan, tmp_path):
    wrong = plan.drop(columns="key").assign(revision="old")
    handle = mg.start(wrong, mg.Store(tmp_path / "run"))
    with pytest.raises(mg.SweepError, match="make a new plan"):
        handle.result()
    assert handle.status == "stopped" and not (tmp_path / "run").exists()
    with pytest.raises(mg.SweepError, match="no column 'seed'"):
        mg.start(plan.drop(columns="seed"), mg.Store(tmp_path / "run"))


# Interrupts and failures


def test_the_first_interrupt_ends_the_step_and_the_second_is_at_once(capfd):
    run_control = RunControl()
    with cancel_on_interrupt(run_control):
        os.kill(os.getpid(), signal.SIGINT)
        assert run_control.cancelled
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert "Ctrl-C again to stop at once" in capfd.readouterr().err


def test_dask_jobqueue_does_not_take_the_interrupts_away():
    pytest.importorskip("dask_jobqueue", reason="needs pip install 'mgeval[slurm]'")
    from dask_jobqueue import runner

    # What its import does, once in a process.
    importlib.reload(runner)
    assert signal.getsignal(signal.SIGINT).__module__ == "dask_jobqueue.runner"
    run_control = RunControl()
    with cancel_on_interrupt(run_control):
        signal.raise_signal(signal.SIGINT)
        assert run_control.cancelled
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_run_finishes_its_step_and_saves(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        mg.run(plan, store, Stepping(), progress=False)
    assert len(list((store.path / "clips").glob("*.flac"))) == len(store.table()) < 8


def test_a_model_that_gives_up_fails_the_rest_and_no_more(plan, tmp_path):
    class GivesUp(Composer):
        def stream(self, requests):
            for index, result in super().stream(requests):
                if index == 3:
                    raise RuntimeError("no more")
                yield index, result

    clips = mg.run(plan, mg.Store(tmp_path / "run"), GivesUp(), progress=False)
    failed = clips["status"] == "failed"
    assert failed.tolist() == [False] * 3 + [True] * 5 and set(clips["error"][failed]) == {"RuntimeError: no more"}
    assert clips["traceback"][failed].str.contains("raise RuntimeError").all() and set(clips["traceback"][:3]) == {""}


def test_a_clip_that_no_flac_can_hold_fails_alone(tmp_path):
    for name, rate in (("a", 32000), ("b", 384000), ("c", 32000)):
        soundfile.write(tmp_path / f"{name}.wav", np.full((rate // 10, 2), 0.1), rate)
    plan = mg.Sweep(f"folder:{tmp_path}", ["a", "b", "c"]).plan()
    clips = mg.run(plan, mg.Store(tmp_path / "run"), progress=False)
    assert clips["status"].tolist() == ["done", "failed", "done"]
    assert clips["error"][1].startswith("AudioError: cannot write .flac at 384000 Hz")


# The plan that a store keeps


def test_a_store_keeps_its_plans(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    labelled = plan.assign(mood="calm")
    mg.run(labelled.head(3), store, progress=False)
    pd.testing.assert_frame_equal(store.plan(), labelled.head(3), check_dtype=False)
    mg.run(labelled.head(5), store, progress=False)
    mg.run(labelled.head(1).assign(mood="wild"), store, progress=False)
    kept = store.plan()
    assert len(kept) == 5 and sorted(kept["mood"]) == ["calm"] * 4 + ["wild"]
    parts = len(list((store.path / "plan").iterdir()))
    assert parts == 3
    mg.run(labelled.head(5).iloc[1:], store, progress=False)
    assert len(list((store.path / "plan").iterdir())) == parts
    assert mg.Store(tmp_path / "none").plan().empty


def test_what_a_killed_run_did_not_make_is_missing_and_resumed(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    handle = mg.start(plan, store, Stepping())
    wait_for(lambda: handle.done >= 2)
    handle.cancel()
    done = handle.result()["status"].eq("done").sum()
    found = store.status()
    assert (found["planned"], found["planned_done"]) == (8, done)
    shown = subprocess.run([sys.executable, "-m", "mgeval.cli", "status", store.path], capture_output=True, text=True)
    assert f"{8 - done} of 8 planned are missing; mgeval resume {store.path} makes them" in shown.stdout
    command = [sys.executable, "-m", "mgeval.cli", "resume", store.path, "--metric", "width", "--json"]
    resumed = subprocess.run(command, capture_output=True, text=True)
    assert json.loads(resumed.stdout) == {"clips": 8, "failed": 0, "store": str(store.path)}, resumed.stderr
    assert once_each(store, plan)


def test_a_folder_without_a_plan_cannot_be_resumed(tmp_path):
    mg.Store(tmp_path / "run").add_rows([{"key": "a", "model": "m", "status": "failed", "error": "no luck"}])
    for folder, reason in (("run", "the run has no plan"), ("none", "not the folder of a run")):
        command = [sys.executable, "-m", "mgeval.cli", "resume", tmp_path / folder]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and reason in done.stderr


def test_a_folder_of_a_checkpoint_is_asked_for_when_something_is_missing(tmp_path, monkeypatch):
    class Mine(Composer):
        name, revision = "ckpt/mine", "0123"

    (tmp_path / "here/ckpt/mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    store = mg.Store(tmp_path / "run")
    bare = mg.Sweep("synth", PROMPTS, {"duration": 0.1}).plan().drop(columns="key")
    mg.run(bare, store, progress=False)
    mg.run(bare.assign(model=Mine.name, revision=Mine.revision), store, Mine(), progress=False)
    made = mg.run(plan := store.plan(), store, progress=False)
    monkeypatch.chdir(tmp_path)
    pd.testing.assert_frame_equal(mg.run(plan, store, progress=False), made)
    store.file(made["key"][made["model"] == Mine.name].iloc[0]).unlink()
    before = files(store)
    with pytest.raises(mg.SweepError, match="there is no folder ckpt/mine here: resume from the folder where"):
        mg.run(plan, store, progress=False)
    with pytest.raises(mg.SweepError, match="row 1 of the plan was changed"):
        mg.run(plan.assign(prompt="drums"), store, progress=False)
    assert files(store) == before and len(store.runs()) == 2
    # By its whole path it is the same model.
    Mine.name = str(tmp_path / "here/ckpt/mine")
    named = plan[plan["model"] != "synth"].assign(model=Mine.name)
    assert mg.run(named, store, Mine(), progress=False)["status"].eq("done").all() and once_each(store, plan)


def test_a_damaged_plan_is_found_and_discarded_and_plans_are_merged(plan, tmp_path):
    store, other = mg.Store(tmp_path / "run"), mg.Store(tmp_path / "other")
    mg.run(plan.head(2), store, progress=False)
    mg.run(plan.tail(2), other, progress=False)
    other.merge(store)
    assert set(other.plan()["key"]) == {*plan["key"][:2], *plan["key"][-2:]}
    (part,) = (store.path / "plan").iterdir()
    part.write_bytes(part.read_bytes()[:-9])
    damage = store.verify()
    assert damage["file"].tolist() == [f"plan/{part.name}"]
    store.discard(damage)
    assert store.verify().empty and store.plan().empty and status(store.path, store.table())["planned"] == 0


# Workers


def test_workers_make_the_same_clips(dask, tmp_path):
    plan = mg.Sweep(["synth", "tiny"], PROMPTS, {"duration": 0.4}).plan()
    here, there = mg.Store(tmp_path / "here"), mg.Store(tmp_path / "there")
    made = mg.run(plan, here, progress=False)
    # One worker has as many threads as this process: another number would change the last digits.
    clips = mg.run(plan, there, progress=False, workers=1)
    assert (clips["status"] == "done").all() and once_each(there, plan)
    same = made["threads"].tolist() == clips["threads"].tolist()
    assert files(here) == files(there) if same else len(files(here)) == len(files(there))
    pd.testing.assert_frame_equal(there.plan(), plan, check_dtype=False)


def test_a_model_that_is_not_there_ends_the_run_in_one_line(dask, plan, tmp_path):
    wrong = plan.drop(columns="key").assign(revision="old")
    with pytest.raises(mg.SweepError, match="make a new plan"):
        mg.run(wrong, mg.Store(tmp_path / "run"), progress=False, workers=1)


def test_a_checkpoint_travels_as_its_name():
    import pickle

    model = mg.load_model("tiny")
    data = pickle.dumps(model)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.name, again.revision, again.dtype) == (model.name, model.revision, model.dtype)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"workers": 0}, "workers must be a whole number from 1, got 0"),
        ({"workers": True}, "workers must be .* got True"),
        ({"workers": 2, "scheduler": "tcp://h:1"}, "both"),
        ({"scheduler": 8786}, "scheduler must be .*got 8786"),
        ({"scheduler": ""}, "scheduler must be an address such as tcp://host:8786, got ''"),
        ({"scheduler": "nonsense://x"}, "scheduler must be an address.*got 'nonsense://x'"),
        ({"scheduler": "head-node"}, "scheduler must be an address.*got 'head-node'"),
        ({"scheduler": "tcp://head-node:port"}, "scheduler must be an address.*got 'tcp://head-node:port'"),
    ],
)
def test_wrong_workers(plan, tmp_path, options, reason):
    with pytest.raises(mg.SweepError, match=reason):
        mg.run(plan, mg.Store(tmp_path / "run"), progress=False, **options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "tls://head-node:1", "ucx://h:1", "ws://h:1", "wss://h/dask", "h:1", "[::1]:1"]
)
def test_addresses_that_dask_knows(dask, address):
    check_workers(None, address)


def test_a_scheduler_that_does_not_answer_is_one_line(dask, plan, tmp_path, monkeypatch):
    monkeypatch.setattr("mgeval.runs.workers.cluster.CONNECT_SECONDS", 2)
    with pytest.raises(mg.SweepError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        mg.run(plan, mg.Store(tmp_path / "run"), progress=False, scheduler="tcp://127.0.0.1:9")
    assert not (tmp_path / "run").exists()


def test_without_dask_the_error_names_the_extra(plan, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(mg.SweepError, match=r"pip install 'mgeval\[slurm\]'"):
        mg.run(plan, mg.Store(tmp_path / "run"), workers=2)


def test_a_model_that_cannot_be_sent_is_refused(dask, plan, tmp_path):
    model = Composer()
    model.lock = threading.Lock()
    with pytest.raises(mg.SweepError, match="synth cannot be sent to workers.*leave it out"):
        mg.run(plan, mg.Store(tmp_path / "run"), model, progress=False, workers=1)


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert [_threads(count) for count in (1, 3, 20)] == [8, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert _threads(3) == 4


# Keys


def test_the_keys_of_rows_are_those_of_clips(tmp_path):
    plan = mg.Sweep("synth", PROMPTS, {"guidance": [1, 3.5]}, [5], {"top_k": [10, 500]}, points=3).plan().sample(frac=1)
    cells = [("synth", row.revision, row.prompt) for row in plan.itertuples()]
    settings = [mg.Sampling(**{name: row[name] for name in LIMITS}).asdict() for row in plan.to_dict("records")]
    keys = list(row_keys(cells, tuple(LIMITS), [tuple(one.values()) for one in settings]))
    assert keys == [clip_key(*cell, one) for cell, one in zip(cells, settings, strict=True)] == plan["key"].tolist()


@pytest.mark.parametrize("column", ["duration", "top_k"])
def test_settings_of_any_type_have_the_same_key_or_are_refused(plan, tmp_path, column):
    store = mg.Store(tmp_path / "run")
    for kind in (np.float32, object, "Float64"):
        mg.run(plan.astype({column: kind}).head(0), store)
        from mgeval.runs.plan import check_plan

        assert check_plan(plan.astype({column: kind}))["key"].equals(plan["key"])
    for wrong in (np.nan, None, True, "1"):
        with pytest.raises(mg.MgevalError, match=column):
            mg.run(plan.assign(**{column: wrong}), store)
