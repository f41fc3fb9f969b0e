"""Finding, downloading and rejecting checkpoints. Only the network is fake."""

from __future__ import annotations

import json
import pickle
import shutil
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mgeval.errors import ModelError
from mgeval.hub import needed_files
from mgeval.models import Sampling, load_model
from mgeval.models.musicgen.checkpoint import find_checkpoint

HUB_NAME = "facebook/musicgen-stereo-small"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GREEDY = Sampling(duration=0.1, temperature=0)


@pytest.fixture
def copy(mono_folder, tmp_path):
    """Return a checkpoint that the test may damage."""
    return shutil.copytree(mono_folder, tmp_path / "copy")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return an empty hub cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def greedy_codes(folder):
    return load_model(str(folder), device="cpu").generate("rock", GREEDY, progress=False)[0].codes


def rewrite(folder, change):
    """Change a checkpoint's tensors."""
    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors", metadata={"format": "pt"})


def cached(hub, source):
    snapshot = hub / f"models--{HUB_NAME.replace('/', '--')}" / "snapshots" / COMMIT
    shutil.copytree(source, snapshot)
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMIT)
    return snapshot


def test_revision_is_a_hash_of_all_that_decides_the_sound(copy, mono_folder):
    digest = find_checkpoint(str(copy)).revision
    assert len(digest) == 16
    assert find_checkpoint(str(mono_folder)).revision == digest
    assert find_checkpoint(str(copy), digest).revision == digest
    with pytest.raises(ModelError, match=f"hash of its files. is {digest}, not main"):
        find_checkpoint(str(copy), "main")
    (copy / "notes.md").write_text("of no consequence")
    assert find_checkpoint(str(copy)).revision == digest
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"another": 1}))
    assert find_checkpoint(str(copy)).revision != digest
    rewrite(copy, lambda tensors: {name: t + 1 if t.is_floating_point() else t for name, t in tensors.items()})
    assert find_checkpoint(str(copy)).revision != digest


@pytest.mark.parametrize("name", ["tinny", "Synth", "", "musicgen small"])
def test_a_plain_word_lists_what_there_is(name, no_network):
    with pytest.raises(ModelError, match="no model is called .*'synth'.*'folder:PATH', a hub id .* local checkpoint"):
        load_model(name)


@pytest.mark.parametrize("name", ["./gone", "~/gone", "/gone/far", "a/b/c", "../x", "C:\\models\\x"])
def test_a_path_is_not_asked_of_the_hub(name, no_network):
    with pytest.raises(ModelError, match="no such folder"):
        load_model(name)


def test_folders_that_are_no_checkpoint(tmp_path, copy):
    with pytest.raises(ModelError, match="not a checkpoint, it has no config.json$"):
        load_model(str(tmp_path))
    (tmp_path / "state_dict.bin").touch()
    with pytest.raises(ModelError, match="audiocraft's own format"):
        load_model(str(tmp_path))
    with pytest.raises(ModelError, match="is a file; give the folder of the checkpoint"):
        load_model(str(copy / "config.json"))
    (copy / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config.json: cannot be read"):
        load_model(str(copy))
    (copy / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"config.json: cannot be read"):
        load_model(str(copy))
    (copy / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="not a MusicGen checkpoint, its model_type is 'bert'"):
        load_model(str(copy))


def test_absent_weights(copy):
    (copy / "model.safetensors").rename(copy / "other")
    with pytest.raises(ModelError, match="no weights, expected model.safetensors"):
        load_model(str(copy))
    index = copy / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    with pytest.raises(ModelError, match="incomplete, model-00001-of-00002.safetensors is missing"):
        load_model(str(copy))
    index.write_text("{}")
    with pytest.raises(ModelError, match="index.json: damaged"):
        load_model(str(copy))


def test_damaged_weights(copy):
    data = (copy / "model.safetensors").read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"not weights at all" * 10):
        (copy / "model.safetensors").write_bytes(damaged)
        with pytest.raises(ModelError, match="the weights cannot be loaded") as caught:
            load_model(str(copy))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "tensor",
    ["decoder.lm_heads.3.weight", "text_encoder.shared.weight", "audio_encoder.quantizer.layers.0.codebook.embed"],
)
def test_missing_tensors_are_not_made_up(copy, tensor):
    rewrite(copy, lambda tensors: {name: t for name, t in tensors.items() if name != tensor})
    with pytest.raises(ModelError, match=r"\d+ tensors are missing from the weights, first "):
        load_model(str(copy))


def test_tensors_of_another_shape(copy):
    def change(tensors):
        return tensors | {"decoder.lm_heads.0.weight": torch.zeros(3, 3)}

    rewrite(copy, change)
    with pytest.raises(ModelError, match="the weights cannot be loaded"):
        load_model(str(copy))


def test_broken_tokenizers(copy):
    tokenizer = copy / "tokenizer.json"
    content = json.loads(tokenizer.read_text())
    content["model"]["vocab"] = content["model"]["vocab"][:4]
    tokenizer.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="broken tokenizer, the tokenizer has 8 tokens, the text encoder expects 68"):
        load_model(str(copy))
    tokenizer.unlink()
    with pytest.raises(ModelError, match="tokenizer"):
        load_model(str(copy))


def test_half_precision_files_compute_in_float32(copy):
    rewrite(copy, lambda tensors: {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()})
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"dtype": "float16", "torch_dtype": "float16"}))
    model = load_model(str(copy), device="cpu")
    assert model.dtype == "float32"
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}


def test_weight_names_of_the_published_checkpoints(copy, mono_folder):
    """Old files use torch's former names of a normalised weight's parts, weight_g and weight_v."""
    parts = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}

    def rename(tensors):
        for new, old in parts.items():
            tensors = {name.replace(new, old): t for name, t in tensors.items()}
        return tensors

    rewrite(copy, rename)
    assert any(name.endswith("weight_g") for name in load_file(copy / "model.safetensors"))
    before, after = (load_model(str(folder), device="cpu") for folder in (mono_folder, copy))
    codes = np.arange(40).reshape(4, 10)
    np.testing.assert_array_equal(before.decode(codes).samples, after.decode(codes).samples)


def test_shards(mono, mono_folder, tmp_path):
    shutil.copytree(mono_folder, tmp_path / "shards", ignore=shutil.ignore_patterns("model.safetensors"))
    mono.network.save_pretrained(tmp_path / "shards", max_shard_size="50KB")
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 1
    np.testing.assert_array_equal(greedy_codes(tmp_path / "shards"), greedy_codes(mono_folder))


def test_pickled_weights_load_but_run_no_code(copy, mono_folder, tmp_path):
    tensors = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(tensors, copy / "pytorch_model.bin")
    np.testing.assert_array_equal(greedy_codes(copy), greedy_codes(mono_folder))

    class Attack:
        def __reduce__(self):
            return (tmp_path / "attacked").touch, ()

    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Attack()))
    with pytest.raises(ModelError, match="the weights cannot be loaded"):
        load_model(str(copy))
    assert not (tmp_path / "attacked").exists()


def test_another_codec(copy):
    config = json.loads((copy / "config.json").read_text())
    config["audio_encoder"]["sampling_rate"] = 16000
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="the codec must have 50 frames a second .* got 25 frames"):
        load_model(str(copy))


def test_no_network_is_told_at_once(hub, no_network):
    start = time.perf_counter()
    with pytest.raises(ModelError, match="hub cannot be reached.*hf download facebook/musicgen-stereo-small .*HF_HOME"):
        load_model(HUB_NAME)
    assert time.perf_counter() - start < 5


def test_a_cached_checkpoint_needs_no_network(hub, no_network, stereo_folder):
    snapshot = cached(hub, stereo_folder)
    model = load_model(HUB_NAME, device="cpu")
    assert (model.name, model.revision, model.channels) == (HUB_NAME, COMMIT, 2)
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be reached"):
        load_model(HUB_NAME)


def test_a_download_names_its_size_and_takes_what_it_needs(hub, stereo_folder, monkeypatch, capsys):
    import huggingface_hub

    sizes = {file.name: file.stat().st_size for file in stereo_folder.iterdir()}
    sizes |= {"model.safetensors": 1_180_000_000, "state_dict.bin": 10**9, "pytorch_model.bin": 10**9, "README.md": 1}
    info = SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=n, size=s) for n, s in sizes.items()])
    asked = {}

    def fetch(name, revision=None, local_files_only=False, allow_patterns=None, **_):
        if local_files_only:
            raise FileNotFoundError
        asked.update(revision=revision, files=set(allow_patterns), said=capsys.readouterr().err)
        return str(cached(hub, stereo_folder))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert load_model(HUB_NAME, device="cpu").revision == COMMIT
    assert asked["said"] == f"{HUB_NAME}: downloading 1.2 GB to {hub}\n"
    # By name: otherwise the cache would not know the name without a network.
    assert asked["revision"] is None
    assert asked["files"] == set(sizes) - {"state_dict.bin", "pytorch_model.bin", "README.md"}


def test_files_that_are_needed():
    shards = {"model-00001-of-00002.safetensors": 4, "model-00002-of-00002.safetensors": 4}
    settings = {"config.json": 1, "model.safetensors.index.json": 1, "spiece.model": 1}
    other = {"state_dict.bin": 9, "compression_state_dict.bin": 9, "x/config.json": 1, "README.md": 1}
    assert needed_files(shards | settings | other | {"pytorch_model.bin": 8}) == shards | settings
    assert needed_files({"pytorch_model.bin": 8, "config.json": 1}) == {"pytorch_model.bin": 8, "config.json": 1}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("RepositoryNotFoundError", "neither a local folder nor a public model on the hub"),
        ("RevisionNotFoundError", "the hub has no revision 'v9'"),
        ("GatedRepoError", "accept its terms on https://huggingface.co/facebook/musicgen-stereo-small"),
    ],
)
def test_refusals_of_the_hub(hub, monkeypatch, kind, text):
    import huggingface_hub
    from huggingface_hub import errors

    def refuse(*_, **__):
        # The signature changes between versions of the library; only the class matters.
        raise getattr(errors, kind).__new__(getattr(errors, kind))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    with pytest.raises(ModelError, match=text):
        load_model(HUB_NAME, revision="v9")
