"""Small checkpoints, saved once per test run."""

from __future__ import annotations

import pytest
from checkpoints import melody_checkpoint, mono_checkpoint, stereo_checkpoint

from mgeval.models.musicgen.model import load_musicgen


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mono_folder(tmp_path_factory):
    return mono_checkpoint(tmp_path_factory.mktemp("mono"))


@pytest.fixture(scope="session")
def stereo_folder(tmp_path_factory):
    return stereo_checkpoint(tmp_path_factory.mktemp("stereo"))


@pytest.fixture(scope="session")
def melody_folder(tmp_path_factory):
    return melody_checkpoint(tmp_path_factory.mktemp("melody"))


@pytest.fixture(scope="session")
def mono(mono_folder):
    return load_musicgen(str(mono_folder), device="cpu")


@pytest.fixture(scope="session")
def stereo(stereo_folder):
    return load_musicgen(str(stereo_folder), device="cpu")


@pytest.fixture(scope="session")
def melody(melody_folder):
    return load_musicgen(str(melody_folder), device="cpu")


@pytest.fixture(params=["mono", "stereo", "melody"])
def each(request):
    """Return each kind of model in turn."""
    return request.getfixturevalue(request.param)
