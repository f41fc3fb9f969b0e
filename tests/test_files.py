"""A file appears whole or not at all."""

import os
import stat
import threading

import pytest

from mgeval.files import write_atomic


def test_it_is_written_flushed_and_then_named(tmp_path, monkeypatch):
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: order.append(name) or real(*a))
    path = write_atomic(tmp_path / "deep" / "a.bin", b"whole")
    assert path.read_bytes() == b"whole" and order == ["fsync", "replace"]
    assert [p.name for p in path.parent.iterdir()] == ["a.bin"]


def test_a_failure_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    path = write_atomic(tmp_path / "a.bin", b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_files_have_the_users_usual_mode_whichever_thread_writes_them(tmp_path):
    old = os.umask(0o027)
    try:
        threads = [
            threading.Thread(target=lambda n=n: [write_atomic(tmp_path / f"{n}-{i}", b"x") for i in range(30)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        assert os.umask(old) == 0o027
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o640}
    assert len(list(tmp_path.iterdir())) == 120


def test_names_as_long_as_the_system_allows(tmp_path):
    assert write_atomic(tmp_path / ("a" * 250), b"x").exists()
