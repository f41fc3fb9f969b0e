"""Finding a MusicGen checkpoint: in a folder, in the hub's cache, or on the hub."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgeval.errors import ModelError
from mgeval.hub import (
    HUB_SECONDS,
    cached_files,
    download,
    files_hash,
    hub_errors,
    is_hub_id,
    local_folder,
    weight_files,
)

MODEL_TYPES = ("musicgen", "musicgen_melody")
NAMES = (
    "'tiny', 'synth', 'folder:PATH', a hub id such as 'facebook/musicgen-stereo-small', or a local checkpoint folder"
)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that lies on the disk with every file that loading it takes.

    Parameters
    ----------
    folder : pathlib.Path
        Where.
    revision : str
        Commit on the hub; of a local folder, the first 16 digits of `checkpoint_hash`.
    config : dict
        The content of ``config.json``.
    """

    folder: Path
    revision: str
    config: dict[str, Any]


def find_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Find a checkpoint on the disk, or else download it.

    Parameters
    ----------
    name : str
        A local folder, or an id on the Hugging Face hub.
    revision : str, optional
        On the hub, a branch, tag or commit; of a local folder, the revision that it must have.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ModelError
        No such folder, not a checkpoint of MusicGen, incomplete, or not to be had from the hub.
    """
    folder = local_folder(name)
    if folder is not None:
        return local_checkpoint(folder, revision)
    if is_hub_id(name):
        return hub_checkpoint(name, revision)
    if "/" in name or "\\" in name or name.startswith(("~", ".")):
        raise ModelError(f"{name}: no such folder")
    raise ModelError(f"no model is called {name!r}, valid: {NAMES}")


def local_checkpoint(folder: Path, revision: str | None = None) -> Checkpoint:
    """Describe a checkpoint in a folder of the user's."""
    config = read_config(folder)
    found = checkpoint_hash(folder)[:16]
    if revision not in (None, found):
        raise ModelError(f"{folder}: its revision (a hash of its files) is {found}, not {revision}")
    return Checkpoint(folder, found, config)


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json`` and make sure that the folder holds a MusicGen checkpoint, whole."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: is a file; name the checkpoint's folder")
    path = folder / "config.json"
    if not path.is_file():
        foreign = (folder / "state_dict.bin").exists()
        hint = "; this is audiocraft's own format, convert it to transformers' first" if foreign else ""
        raise ModelError(f"{folder}: not a checkpoint, it has no config.json{hint}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if kind not in MODEL_TYPES:
        raise ModelError(f"{folder}: not a MusicGen checkpoint, its model_type is {kind!r} (need 'musicgen*')")
    missing = [file.name for file in weight_files(folder) if not file.is_file()]
    if missing:
        raise ModelError(f"{folder}: incomplete, {', '.join(missing)} is missing")
    return config


def checkpoint_hash(folder: Path) -> str:
    """Return a SHA-256, hexadecimal, of all that decides what a checkpoint plays.

    Weights, configuration and tokenizer: a changed scale in ``config.json`` is another model.
    """
    settings = [path for path in folder.iterdir() if path.suffix in (".json", ".model", ".txt") and path.is_file()]
    return files_hash(sorted({*weight_files(folder), *settings}))


def checkpoint_revision(name: str) -> str:
    """Return the revision that `find_checkpoint` of this name would return, downloading no weights.

    Raises
    ------
    ModelError
        As in `find_checkpoint`.
    """
    if local_folder(name) is not None or not is_hub_id(name):
        return find_checkpoint(name).revision
    cached = cached_checkpoint(name)
    if cached is not None:
        return cached.revision
    from huggingface_hub import HfApi

    with hub_errors(name, NAMES):
        return HfApi().model_info(name, timeout=HUB_SECONDS).sha


def hub_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Take a checkpoint from the local hub cache, or download it after naming its size."""
    cached = cached_checkpoint(name, revision)
    if cached is not None:
        return cached
    folder = download(name, NAMES, revision=revision)
    return Checkpoint(folder, folder.name, read_config(folder))


def cached_checkpoint(name: str, revision: str | None = None) -> Checkpoint | None:
    """Find a checkpoint in the local hub cache, without any network, if it is there as a whole."""
    folder = cached_files(name, revision=revision)
    with contextlib.suppress(ModelError):
        if folder is not None and any(folder.glob("tokenizer*")):
            return Checkpoint(folder, folder.name, read_config(folder))
    return None
