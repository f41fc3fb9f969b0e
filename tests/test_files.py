"""Atomic writes, deferred interrupts and locks."""

import os
import signal
import stat
import threading
import time

import pytest

from mgeval.files import defer_interrupt, lock_folder, write_atomic


def test_it_is_written_flushed_and_then_named(tmp_path, monkeypatch):
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: order.append(name) or real(*a))
    path = write_atomic(tmp_path / "deep" / "a.bin", b"whole")
    assert path.read_bytes() == b"whole" and order == ["fsync", "replace"]
    assert [p.name for p in path.parent.iterdir()] == ["a.bin"]


def test_an_error_names_the_file_and_not_its_part(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_atomic(tmp_path / "page.html", b"new")
    assert caught.value.filename == str(tmp_path / "page.html")


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


def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomic(tmp_path / "a.bin", b"new")
    assert caught.value.filename == str(tmp_path / "a.bin")


def test_ctrl_c_waits_for_the_end_of_a_step():
    steps = []
    with pytest.raises(KeyboardInterrupt), defer_interrupt():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        steps.append("finished")
    assert steps == ["finished"]
    # Afterwards interrupts are immediate again.
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        steps.append("too late")
    assert steps == ["finished"]


def test_other_threads_are_not_affected():
    done = []

    def work():
        with defer_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert done == [True]


def test_one_at_a_time_in_a_locked_folder(tmp_path):
    inside, most = [], []

    def work():
        with lock_folder(tmp_path / "new"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 8
