"""Fixtures that several test files share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import matplotlib
import pytest
from chromium import browser as browser

matplotlib.use("Agg")
# Of several processes that run tests each has a processor; their threads would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A test that reaches for the network fails at once instead of retrying.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# A busy machine is no failure. On a server the examples are the same each time: new ones are for those who can mend.
hypothesis.settings.register_profile("here", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("here")

REAL_CLIPS = Path(__file__).parents[2] / "shared" / "data" / "fadtk" / "clips"


@pytest.fixture(autouse=True)
def plain_interrupts() -> Iterator[None]:
    # dask-jobqueue sets a handler of its own when it is imported, as another test may have done.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def real_clips() -> Path:
    """The folder of 23 real clips that lies beside the project where its authors work."""
    if not REAL_CLIPS.is_dir():
        pytest.skip(f"the real clips are not there: {REAL_CLIPS}")
    return REAL_CLIPS
