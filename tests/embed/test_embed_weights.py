"""Reading PyTorch's files: tensors come out, nothing that stands beside them is run."""

from __future__ import annotations

import argparse
import pickle

import numpy as np
import pytest
import torch

from mgeval.embed.clap.laion_weights import read_tensors
from mgeval.errors import ModelError

TENSORS = {"module.a": torch.arange(4.0), "module.b.weight": torch.ones(2, 3)}


def test_tensors_come_out_and_nothing_else(tmp_path):
    scalars = {"lr": np.float64(0.1), "step": np.float32(2), "epoch": 3}
    torch.save(
        {"state_dict": TENSORS, "optimizer": scalars, "args": argparse.Namespace(seed=1, name="x"), "name": "y"},
        tmp_path / "file.pt",
    )
    found = read_tensors(tmp_path / "file.pt")
    assert set(found) == {"a", "b.weight"}
    assert torch.equal(found["a"], TENSORS["module.a"])


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_dictionaries_and_old_files(tmp_path, zipped):
    torch.save(TENSORS, tmp_path / "file.pth", _use_new_zipfile_serialization=zipped)
    assert torch.equal(read_tensors(tmp_path / "file.pth")["b.weight"], torch.ones(2, 3))


class Runs:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_is_run(tmp_path):
    torch.save({"state_dict": TENSORS, "optimizer": Runs(tmp_path / "ran")}, tmp_path / "file.pt")
    with pytest.raises(ModelError, match="file.pt: cannot be read as weights"):
        read_tensors(tmp_path / "file.pt")
    assert not (tmp_path / "ran").exists()
    # The file would have, if read freely.
    torch.load(tmp_path / "file.pt", weights_only=False)
    assert (tmp_path / "ran").exists()


def test_the_list_is_as_it_was_before(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    torch.save(TENSORS, tmp_path / "file.pt")
    read_tensors(tmp_path / "file.pt")
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps({"a": 1}), "no tensors", "list", "cut"])
def test_what_holds_no_weights_is_refused(tmp_path, content):
    file = tmp_path / "file.pt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "cut":
        torch.save(TENSORS, file)
        file.write_bytes(file.read_bytes()[:-200])
    else:
        torch.save({"state_dict": {"a": 1}} if content == "no tensors" else [1, 2], file)
    with pytest.raises(ModelError, match="file.pt: (cannot be read as weights|contains no weights)"):
        read_tensors(file)
