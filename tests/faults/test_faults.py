"""After any fault nothing committed is lost, and running again gives the same store as a run without the fault."""

from __future__ import annotations

import contextlib

import pytest
from faults import cases


@pytest.fixture(scope="module")
def reference():
    """Return a function that gives the intact store of a model, made on first use."""
    with contextlib.ExitStack() as stack:
        stores = {}

        def store_of(model):
            if model not in stores:
                stores[model] = stack.enter_context(cases.intact_store(model))
            return stores[model]

        yield store_of


@pytest.mark.slow
@pytest.mark.parametrize("name", cases.FAULTS)
def test_a_run_survives(name, reference, tmp_path):
    if name == "a small disk" and not cases.may_mount():
        pytest.skip("mounting a small disk needs root")
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
    assert cases.matches(store, reference("noise"))
    key = min(store.keys())
    store.file(key, "record").unlink()
    assert not cases.matches(store, reference("noise")) and cases.matches(store, reference("noise"), complete=False)
    store.put({"key": key}, mg.Audio(store.audio(key).samples * 0.5, 32000), store.codes(key))
    assert not cases.matches(store, reference("noise"), complete=False)
