"""Memory that a process can still allocate."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from mgeval.models.musicgen import devices


@pytest.fixture(params=["", "memory"])
def group(request, tmp_path, monkeypatch):
    """Create a control group within another, of version 2 or 1."""
    monkeypatch.setattr(devices, "GROUPS", tmp_path)
    inner = tmp_path / request.param / "job" / "step"
    inner.mkdir(parents=True)
    lines = {"": "0::/job/step", "memory": "9:cpu:/\n4:memory:/job/step\n0::/"}[request.param]
    (tmp_path / "self").write_text(lines)
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, *rest: read(tmp_path / "self" if path.name == "cgroup" else path, *rest)
    )
    names = devices.GROUP_FILES[request.param]

    def limit(folder, most, used, cached=0):
        (folder / names[0]).write_text(f"{most}\n")
        (folder / names[1]).write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cached}\nactive_file 7\n")

    return limit, inner


def test_without_limits_it_is_the_machine_s():
    assert 0 < devices.free_memory() <= psutil.virtual_memory().total


def test_the_tightest_group_counts_and_file_caches_can_be_dropped(group):
    limit, inner = group
    limit(inner, "max", 10)
    assert devices.free_memory() > 10_000
    limit(inner.parent, 5000, 4000, cached=600)
    assert devices.free_memory() == 1600
    limit(inner, 4500, 4000)
    assert devices.free_memory() == 500
    limit(inner, 3000, 4000)
    assert devices.free_memory() == 0
