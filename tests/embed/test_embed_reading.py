"""Reading several clips at once."""

import threading
from functools import partial

import numpy as np
import pytest

from mgeval.audio import Audio, load_audio, save_audio
from mgeval.errors import ModelError
from mgeval.scoring.clip_reader import read_together


def test_clips_come_in_order_and_what_cannot_be_read_is_none(tmp_path):
    files = [tmp_path / f"{i}.wav" for i in range(5)]
    for i, file in enumerate(files):
        save_audio(Audio(np.full((1, 100 * (i + 1)), 0.1, np.float32), 8000), file)
    files[2].write_bytes(b"no sound")
    read = read_together([*(partial(load_audio, file) for file in files), None])
    assert [clip and clip.samples.shape[1] for clip in read] == [100, 200, None, 400, 500, None]
    assert read_together([]) == []
    assert read_together([None]) == [None]


def test_two_are_read_at_once(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    # Each waits until the other has begun.
    both = threading.Barrier(2, timeout=20)

    def source():
        both.wait()
        return Audio(np.zeros((1, 8), np.float32), 8000)

    assert len(read_together([source, source])) == 2


def test_other_errors_are_not_hidden():
    def source():
        raise ModelError("a mistake")

    with pytest.raises(ModelError, match="a mistake"):
        read_together([source])
