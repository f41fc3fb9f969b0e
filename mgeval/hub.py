"""Checkpoints: those that come with mgeval, those on disk, and those on the hub.

mgeval downloads only what the user names, and prints the size first.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mgeval.errors import ModelError, first_line

WEIGHTS = Path(__file__).parent / "weights"
MUSICGEN_TINY = WEIGHTS / "musicgen_tiny"
"""A small MusicGen-stereo that comes with mgeval: ``load_model("tiny")``; plain transformers loads it too."""

CLAP_TINY = WEIGHTS / "clap_tiny"
"""A small CLAP, trained on the music of `mgeval.synth`, that comes with mgeval: ``clap:tiny``."""

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
HUB_SECONDS = 10
SETTINGS = (".json", ".txt", ".model")


def local_folder(name: str) -> Path | None:
    """Return the file or folder with this name, or None if there is none."""
    # An invalid path, such as one that is too long, is not a folder.
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        folder = Path(name).expanduser()
        if name and folder.exists():
            return folder
    return None


def is_hub_id(name: str) -> bool:
    """Return whether a name is a valid hub id; any other name must not cause a web request."""
    from huggingface_hub.errors import HFValidationError

    # The hub's library exports it at run time only.
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return HUB_ID.fullmatch(name) is not None


def checkpoint_folder(name: str, valid: str, revision: str | None = None) -> Path:
    """Find a checkpoint's folder: a local one, the hub's cache, or a download.

    Parameters
    ----------
    name : str
        A folder, or a hub id.
    valid : str
        Valid names, for the error message.
    revision : str, optional
        Branch, tag or commit on the hub.

    Raises
    ------
    ModelError
        There is no such folder and no such model on the hub, or the hub is unreachable.
    """
    folder = local_folder(name)
    if folder is not None:
        return folder
    if not is_hub_id(name):
        raise ModelError(f"{name}: no such folder or file; give {valid}")
    return hub_files(name, valid, revision=revision)


def cached_files(name: str, wanted: Sequence[str] = (), revision: str | None = None) -> Path | None:
    """Return the folder of the hub's cache with all wanted files of a repository; None if any is missing.

    By default the wanted files are a configuration and one complete copy of the weights.
    """
    from huggingface_hub import snapshot_download

    # An interrupted download leaves a folder too: only a complete one makes the network unnecessary.
    with contextlib.suppress(OSError, ModelError):
        # With more patterns, the hub's library reports files as missing that were never wanted, such as README.md.
        patterns = list(wanted) or ["config.json"]
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns, local_files_only=True))
        files = [folder / file for file in wanted] or [folder / "config.json", *weight_files(folder)]
        if all(file.is_file() for file in files):
            return folder
    return None


def hub_files(name: str, valid: str, wanted: Sequence[str] = (), revision: str | None = None) -> Path:
    """Return the folder of the hub's cache with a repository's files; download missing ones.

    Parameters
    ----------
    name : str
        The repository.
    valid : str
        Valid names, for the error message.
    wanted : sequence of str
        Names of the files; by default settings, tokenizer and one copy of the weights.
    revision : str, optional
        Branch, tag or commit.

    Raises
    ------
    ModelError
        The hub is unreachable, or has no such repository, revision or file.
    """
    folder = cached_files(name, wanted, revision)
    return download(name, valid, wanted, revision) if folder is None else folder


def download(name: str, valid: str, wanted: Sequence[str] = (), revision: str | None = None) -> Path:
    """Download a repository's files into the hub's cache and print their size first; see `hub_files`."""
    from huggingface_hub import HfApi, constants, snapshot_download

    with hub_errors(name, valid, revision):
        info = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=HUB_SECONDS)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    if absent := [file for file in wanted if file not in sizes]:
        raise ModelError(
            f"{name}: the hub has no {', '.join(absent)} in this repository; it has {', '.join(sorted(sizes))}"
        )
    files = {file: sizes[file] for file in wanted} or needed_files(sizes)
    with hub_errors(name, valid, revision):
        newest = revision == info.sha and revision == HfApi().model_info(name, timeout=HUB_SECONDS).sha
        print(f"{name}: downloading {_size(sum(files.values()))} to {constants.HF_HUB_CACHE}", file=sys.stderr)
        # By the branch's name, not its commit: otherwise the name would not be found in the cache without a network.
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(files), etag_timeout=HUB_SECONDS))
        if newest:
            _write_default_branch(folder)
        return folder


def _write_default_branch(folder: Path) -> None:
    """Record in the hub's cache that the default branch is at the commit of a snapshot.

    Plans contain commits, and the hub's library records a branch only if it is requested: without this, the
    model could not be found by its name without a network.
    """
    from huggingface_hub import constants

    reference = folder.parents[1] / "refs" / constants.DEFAULT_REVISION
    reference.parent.mkdir(exist_ok=True)
    reference.write_text(folder.name, encoding="utf-8")


@contextlib.contextmanager
def hub_errors(name: str, valid: str, revision: str | None = None) -> Iterator[None]:
    """Turn errors of the hub into a `ModelError` that says what to do.

    The network is down, the model or revision does not exist, or its licence must be accepted. ``valid`` lists the
    valid names.
    """
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"{name}: accept its terms on https://huggingface.co/{name}, then run 'hf auth login'"
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(f"{name}: the hub has no revision {revision!r} of this model") from None
    except errors.RepositoryNotFoundError:
        raise ModelError(f"{name}: neither a local folder nor a public model on the hub; valid: {valid}") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise _unreachable(name, error) from None
        raise ModelError(f"{name}: cannot write to {constants.HF_HUB_CACHE} ({error.strerror})") from None
    # The exceptions for a dead network depend on the hub library's version and its HTTP client.
    except Exception as error:
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: Exception) -> ModelError:
    from huggingface_hub import constants

    return ModelError(
        f"{name}: not in the cache {constants.HF_HUB_CACHE}, and the hub cannot be reached ({first_line(error)}). "
        f"On a machine with a network, run 'hf download {name} --local-dir FOLDER', copy FOLDER here and load it by "
        "its path; or set HF_HOME to a cache that has it"
    )


def needed_files(sizes: dict[str, int]) -> dict[str, int]:
    """Select the files of a repository that loading needs; maps names to sizes in bytes.

    Repositories hold the same weights up to three times: safetensors, PyTorch's pickle, and
    audiocraft's own format. One of them is enough.
    """
    settings = {file: size for file, size in sizes.items() if file.endswith(SETTINGS) and "/" not in file}
    for pattern in (r"model(-\d+-of-\d+)?\.safetensors", r"pytorch_model(-\d+-of-\d+)?\.bin"):
        weights = {file: size for file, size in sizes.items() if re.fullmatch(pattern, file)}
        if weights:
            return settings | weights
    return settings


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def weight_files(folder: Path) -> list[Path]:
    """List the weight files of a folder: one file, or the shards of its index, which may be missing.

    Raises
    ------
    ModelError
        The folder has no weights, or the index is damaged.
    """
    for stem, ending in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        if (folder / f"{stem}{ending}").is_file():
            return [folder / f"{stem}{ending}"]
        index = folder / f"{stem}{ending}.index.json"
        if index.is_file():
            try:
                shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                raise ModelError(f"{index}: damaged, it lists no shards") from None
            return [folder / Path(shard).name for shard in sorted(set(shards))]
    raise ModelError(f"{folder}: no weights, expected model.safetensors (or its shards with their index)")


# Clips and vectors are stored under two different hashes. Changing either would invalidate all stored clips,
# vectors and references.
def files_hash(files: Iterable[Path]) -> str:
    """Return the SHA-256, hexadecimal, of the names and contents of files: the revision of a local model."""
    digest = hashlib.sha256()
    for path in files:
        # The hash of each content, not the content itself: different lists of files cannot give the same bytes.
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def embedder_id(name: str, folder: Path) -> str:
    """Return an embedder's id: name, commit if the checkpoint comes from the hub, and `weights_hash`."""
    commit = f"{folder.name[:12]}-" if folder.parent.name == "snapshots" else ""
    return f"{name}@{commit}{weights_hash(folder)}"


def weights_hash(files: Path | Iterable[Path]) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of files, in the order of their names: part of an embedder's id.

    For a folder, hash the files that affect the vectors: weights, settings and vocabulary.
    """
    if isinstance(files, Path):
        relevant = (".safetensors", ".bin", *SETTINGS)
        files = [path for path in files.iterdir() if path.suffix in relevant and path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def load_tokenizer(folder: Path, tokens: int, checkpoint: Path) -> Any:
    """Load a tokenizer and check that its size matches the text encoder.

    Without its vocabulary file, a tokenizer loads with its special tokens only, and no error.

    Parameters
    ----------
    folder : pathlib.Path
        The tokenizer's folder.
    tokens : int
        The number of tokens of the text encoder.
    checkpoint : pathlib.Path
        The checkpoint, for error messages.

    Returns
    -------
    transformers.PreTrainedTokenizerBase

    Raises
    ------
    ModelError
        The folder holds no tokenizer, or its size does not match the encoder.
    """
    from transformers import AutoTokenizer

    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    # The exception depends on the file and on the version of transformers.
    except Exception as error:
        raise ModelError(f"{checkpoint}: the tokenizer in {folder} cannot be loaded ({first_line(error)})") from None
    # Text encoders pad their tables by a few rows, so the sizes need not be equal.
    if not 0.9 * tokens <= len(tokenizer) <= tokens:
        raise ModelError(
            f"{checkpoint}: broken tokenizer, the tokenizer has {len(tokenizer)} tokens, the text encoder expects "
            f"{tokens}; is tokenizer.json (or spiece.model) missing, or from another model?"
        )
    return tokenizer


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Suppress the progress bars, log lines and warnings of transformers; restore its settings afterwards."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
