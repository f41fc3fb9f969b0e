"""Whatever befalls a run: nothing committed is lost, and run again it comes out as if nothing had been."""

from __future__ import annotations

import contextlib

import pytest
from faults import cases


@pytest.fixture(scope="module")
def reference():
    """Whole stores by model, each made when it is asked for."""
    with contextlib.ExitStack() as stack:
        made = {}

        def of(model):
            if model not in made:
                made[model] = stack.enter_context(cases.whole(model))
            return made[model]

        yield of


@pytest.mark.parametrize("name", cases.FAULTS)
def test_a_run_survives(name, reference, tmp_path):
    if name == "a small disk" and not cases.may_mount():
        pytest.skip("mounting a small disk takes root")
    if name in cases.ON_DASK:
        pytest.importorskip("distributed", reason="needs pip install 'mgeval[slurm]'")
    lines = list(cases.FAULTS[name](tmp_path, reference(cases.MODELS.get(name, "noise"))))
    assert lines and [line.fault for line in lines if not line.equal] == []
    assert lines[-1].after == len(reference(cases.MODELS.get(name, "noise")).keys())
    if name == "kills":
        assert sum(line.fault.startswith("SIGKILL") for line in lines) == cases.KILLS


def test_the_check_can_fail(reference, tmp_path):
    import shutil

    import mgeval as mg

    shutil.copytree(reference("noise").path, tmp_path / "run")
    store = mg.Store(tmp_path / "run")
    assert cases.sound(store, reference("noise"))
    key = min(store.keys())
    store.file(key, "record").unlink()
    assert not cases.sound(store, reference("noise")) and cases.sound(store, reference("noise"), complete=False)
    store.put({"key": key}, mg.Audio(store.audio(key).samples * 0.5, 32000), store.codes(key))
    assert not cases.sound(store, reference("noise"), complete=False)
