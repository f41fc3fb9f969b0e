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
    """A complete checkpoint on the disk.

    Parameters
    ----------
    folder : pathlib.Path
        Its folder.
    revision : str
        Commit on the hub; for a local folder, the first 16 digits of `checkpoint_hash`.
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
        On the hub, a branch, tag or commit; for a local folder, its expected revision.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ModelError
        The folder does not exist, is not a MusicGen checkpoint or is incomplete, or the hub does not provide it.
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
    """Return the checkpoint in a local folder.

    Raises
    ------
    ModelError
        The folder is not a complete MusicGen checkpoint, or has another revision.
    """
    config = read_config(folder)
    actual = checkpoint_hash(folder)[:16]
    if revision not in (None, actual):
        raise ModelError(f"{folder}: its revision (a hash of its files) is {actual}, not {revision}")
    return Checkpoint(folder, actual, config)


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json``.

    Raises
    ------
    ModelError
        The folder is not a complete MusicGen checkpoint.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give the folder of the checkpoint")
    path = folder / "config.json"
    if not path.is_file():
        audiocraft = (folder / "state_dict.bin").exists()
        hint = "; this is audiocraft's own format, convert it to transformers' first" if audiocraft else ""
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
    """Return a SHA-256, hexadecimal, of all files that affect what a checkpoint generates.

    These are weights, configuration and tokenizer: a changed scale in ``config.json`` is another model.
    """
    settings = [path for path in folder.iterdir() if path.suffix in (".json", ".model", ".txt") and path.is_file()]
    return files_hash(sorted({*weight_files(folder), *settings}))


def checkpoint_revision(name: str) -> str:
    """Return the revision that `find_checkpoint` would return for this name, without downloading weights.

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
        # The hub names a commit for every model; only the type says that it may be missing.
        return str(HfApi().model_info(name, timeout=HUB_SECONDS).sha)


def hub_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Return a checkpoint from the local hub cache; if it is not there, print its size and download it."""
    cached = cached_checkpoint(name, revision)
    if cached is not None:
        return cached
    folder = download(name, NAMES, revision=revision)
    return Checkpoint(folder, folder.name, read_config(folder))


def cached_checkpoint(name: str, revision: str | None = None) -> Checkpoint | None:
    """Return a checkpoint from the local hub cache, without the network; None if it is missing or incomplete."""
    folder = cached_files(name, revision=revision)
    with contextlib.suppress(ModelError):
        if folder is not None and any(folder.glob("tokenizer*")):
            return Checkpoint(folder, folder.name, read_config(folder))
    return None
