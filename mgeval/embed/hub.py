"""Checkpoints of embedders: in a folder, in the hub's cache, or on the hub. Only what was named is ever asked for."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from mgeval.errors import ModelError
from mgeval.models.musicgen.checkpoint import (
    HUB_SECONDS,
    hub_errors,
    is_hub_id,
    local_folder,
    needed_files,
    weight_files,
)

VALID = "a name that mgeval.embed.load lists, a local path, or a hub id such as 'laion/larger_clap_general'"
SETTINGS = (".json", ".txt", ".model")


def checkpoint_folder(where: str, revision: str | None = None) -> Path:
    """Find a checkpoint's folder: a local one, the hub's cache, or a download after its size was printed.

    Parameters
    ----------
    where : str
        A folder, or a hub id.
    revision : str, optional
        Branch, tag or commit on the hub.

    Raises
    ------
    ModelError
        No such folder, not on the hub, or no network.
    """
    folder = local_folder(where)
    if folder is not None:
        return folder
    if not is_hub_id(where):
        raise ModelError(f"{where}: no such folder or file; give {VALID}")
    return hub_files(where, revision=revision)


def hub_files(name: str, wanted: Sequence[str] = (), revision: str | None = None) -> Path:
    """Return the folder of the hub's cache that holds a repository's files, and download them if it does not.

    Parameters
    ----------
    name : str
        The repository.
    wanted : sequence of str
        Names of the files; by default settings, tokenizer and one copy of the weights.
    revision : str, optional
        Branch, tag or commit.
    """
    from huggingface_hub import HfApi, constants, snapshot_download

    # An interrupted download leaves a folder too: only a whole one may spare the network.
    with contextlib.suppress(OSError, ModelError):
        # Asked for more, the hub's library misses files that were never wanted, such as README.md.
        asked = list(wanted) or ["config.json"]
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=asked, local_files_only=True))
        if wanted:
            if all((folder / file).is_file() for file in wanted):
                return folder
        elif (folder / "config.json").is_file() and all(file.is_file() for file in weight_files(folder)):
            return folder
    with hub_errors(name, revision, VALID):
        info = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=HUB_SECONDS)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    chosen = {file: sizes[file] for file in wanted if file in sizes} if wanted else needed_files(sizes)
    if absent := [file for file in wanted if file not in sizes]:
        raise ModelError(f"{name}: the hub has no {', '.join(absent)} there; it has {', '.join(sorted(sizes))}")
    with hub_errors(name, revision, VALID):
        told = f"{sum(chosen.values()) / 1e6:.0f} MB"
        print(f"{name}: downloading {told} to {constants.HF_HUB_CACHE}", file=sys.stderr)
        # By the branch's name, not its commit: only so is the name found in the cache without a network.
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(chosen), etag_timeout=HUB_SECONDS))


def identity(name: str, folder: Path) -> str:
    """Return an embedder's id: name, the hub's commit if the checkpoint comes from there, and `content_hash`."""
    commit = f"{folder.name[:12]}-" if folder.parent.name == "snapshots" else ""
    return f"{name}@{commit}{content_hash(folder)}"


def content_hash(files: Path | Iterable[Path]) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of all files that decide a vector, in the order of their names.

    Of a folder: weights, settings and vocabulary.
    """
    if isinstance(files, Path):
        decisive = (".safetensors", ".bin", *SETTINGS)
        files = [path for path in files.iterdir() if path.suffix in decisive and path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
