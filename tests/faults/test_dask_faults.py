"""A clip that kills every worker that tries it; `cases` kills workers and schedulers."""

from __future__ import annotations

import pytest
from workers import Deadly, make_importable

import mgeval as mg

pytestmark = pytest.mark.slow

pytest.importorskip("distributed", reason="needs pip install 'mgeval[slurm]'")


def test_a_clip_that_kills_its_workers_fails_alone(tmp_path, monkeypatch):
    make_importable(monkeypatch)
    import dask

    store = mg.Store(tmp_path / "run")
    plan = mg.Sweep("synth", ["piano", "organ", "die", "fail"], {"duration": 0.5}).plan()
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        clips = mg.run(plan, store, Deadly(), progress=False, workers=1).set_index("prompt")
    assert clips["status"].to_dict() == {"piano": "done", "organ": "done", "die": "failed", "fail": "failed"}
    assert clips["error"]["die"].startswith("KilledWorker") and clips["error"]["fail"] == "RuntimeError: strange"
    again = mg.run(plan, store, progress=False)
    assert (again["status"] == "done").all() and (again["error"] == "").all()
