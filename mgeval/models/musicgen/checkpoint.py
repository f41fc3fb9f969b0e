"""Finding a MusicGen checkpoint: in a folder, in the hub's cache, or on the hub."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgeval.errors import ModelError, first_line
from mgeval.models.folder import folder_hash

MODEL_TYPES = ("musicgen", "musicgen_melody")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
NAMES = (
    "'tiny', 'synth', 'folder:PATH', a hub id such as 'facebook/musicgen-stereo-small', or a local checkpoint folder"
)
HUB_SECONDS = 10


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


def local_folder(name: str) -> Path | None:
    """Return the file or folder of that name, if there is one."""
    # Names that no path can have, such as one too long or of an unknown user's home, are no folder.
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        folder = Path(name).expanduser()
        if name and folder.exists():
            return folder
    return None


def is_hub_id(name: str) -> bool:
    """Say whether a name could be one on the hub; anything else must not turn into a web request."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return HUB_ID.fullmatch(name) is not None


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


def weight_files(folder: Path) -> list[Path]:
    """List the weights that a folder should hold: one file, or the shards that its index names.

    Raises
    ------
    ModelError
        There are none, or the index is damaged.
    """
    for stem, ending in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        if (folder / f"{stem}{ending}").is_file():
            return [folder / f"{stem}{ending}"]
        index = folder / f"{stem}{ending}.index.json"
        if index.is_file():
            try:
                shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                raise ModelError(f"{index}: damaged, it names no shards") from None
            return [folder / Path(shard).name for shard in sorted(set(shards))]
    raise ModelError(f"{folder}: no weights, need model.safetensors (or its shards with their index)")


def checkpoint_hash(folder: Path) -> str:
    """Return a SHA-256, hexadecimal, of all that decides what a checkpoint plays.

    Weights, configuration and tokenizer: a changed scale in ``config.json`` is another model.
    """
    settings = [path for path in folder.iterdir() if path.suffix in (".json", ".model", ".txt") and path.is_file()]
    return folder_hash(sorted({*weight_files(folder), *settings}))


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

    with hub_errors(name):
        return HfApi().model_info(name, timeout=HUB_SECONDS).sha


def hub_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Take a checkpoint from the local hub cache, or download it after naming its size."""
    cached = cached_checkpoint(name, revision)
    if cached is not None:
        return cached
    folder = download(name, revision)
    return Checkpoint(folder, folder.name, read_config(folder))


def cached_checkpoint(name: str, revision: str | None = None) -> Checkpoint | None:
    """Find a checkpoint in the local hub cache, without any network, if it is there as a whole."""
    from huggingface_hub import snapshot_download

    # An interrupted download leaves a folder too: only a whole one may spare the network.
    with contextlib.suppress(OSError, ModelError):
        # Asked for more, the hub's library misses files that were never wanted, such as README.md.
        asked = ["config.json"]
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=asked, local_files_only=True))
        config = read_config(folder)
        if any(folder.glob("tokenizer*")):
            return Checkpoint(folder, folder.name, config)
    return None


def download(name: str, revision: str | None = None) -> Path:
    """Fetch what a checkpoint needs from the hub into its cache, and print its size before."""
    from huggingface_hub import HfApi, constants, snapshot_download

    with hub_errors(name, revision):
        info = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=HUB_SECONDS)
        files = needed_files({file.rfilename: file.size or 0 for file in info.siblings or []})
        print(f"{name}: downloading {_size(sum(files.values()))} to {constants.HF_HUB_CACHE}", file=sys.stderr)
        newest = revision == info.sha and revision == HfApi().model_info(name, timeout=HUB_SECONDS).sha
        folder = snapshot_download(name, revision=revision, allow_patterns=list(files), etag_timeout=HUB_SECONDS)
        if newest:
            _keep_branch(Path(folder))
        return Path(folder)


def _keep_branch(folder: Path) -> None:
    """Note in the hub's cache that the default branch is at a snapshot's commit.

    A plan names commits, and the hub's library notes branches only where it is asked for one: without a
    network the model would not be found by its name.
    """
    from huggingface_hub import constants

    note = folder.parents[1] / "refs" / constants.DEFAULT_REVISION
    note.parent.mkdir(exist_ok=True)
    note.write_text(folder.name, encoding="utf-8")


@contextlib.contextmanager
def hub_errors(name: str, revision: str | None = None, valid: str = NAMES) -> Iterator[None]:
    """Turn what can go wrong with the hub into a `ModelError` that says what to do.

    No network, no such model or revision, or one that asks for a licence to be accepted. ``valid`` says what
    else could have been named.
    """
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"{name}: accept its terms on https://huggingface.co/{name}, then run 'hf auth login'"
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(f"{name}: the hub has no revision {revision!r} of it") from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"{name}: neither a folder here nor a model on the hub (or a private one); valid: {valid}"
        ) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise _unreachable(name, error) from None
        raise ModelError(f"{name}: cannot be kept in {constants.HF_HUB_CACHE} ({error.strerror})") from None
    # Which exceptions stand for a dead network depends on the hub library's version and its HTTP client.
    except Exception as error:
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: Exception) -> ModelError:
    from huggingface_hub import constants

    return ModelError(
        f"{name}: not in the cache {constants.HF_HUB_CACHE}, and the hub cannot be reached ({first_line(error)}). "
        f"Where there is a network, run 'hf download {name} --local-dir FOLDER', copy FOLDER here and load it by "
        "its path; or point HF_HOME to a cache that has it"
    )


def needed_files(sizes: dict[str, int]) -> dict[str, int]:
    """Pick what loading takes out of a repository's files (name to size in bytes).

    Repositories hold the same weights up to three times: safetensors, PyTorch's pickle, and
    audiocraft's own format. One of them is enough.
    """
    settings = {f: n for f, n in sizes.items() if f.endswith((".json", ".model", ".txt")) and "/" not in f}
    for pattern in (r"model(-\d+-of-\d+)?\.safetensors", r"pytorch_model(-\d+-of-\d+)?\.bin"):
        weights = {file: size for file, size in sizes.items() if re.fullmatch(pattern, file)}
        if weights:
            return settings | weights
    return settings


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
