"""How a clip was made: model, hardware, versions and times, or the error if it failed."""

from __future__ import annotations

import datetime
import functools
import json
import platform
import subprocess
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mgeval.errors import MgevalError
from mgeval.models import Generated, Model

PACKAGES = ("mgeval", "numpy", "torch", "transformers")

MORE_PACKAGES = ("scipy", "pandas", "pyarrow", "soundfile", "soxr", "tokenizers", "sentencepiece", "distributed")
"""Further packages that the record of a run lists."""

ORIGIN = ("device", "dtype", "hardware", "threads", "versions")
"""Columns that say what made a clip; clips that differ in one of them may differ in rounding."""

TRACEBACK = 2000
"""Last characters of a traceback to keep."""


def origin(model: Model) -> dict[str, Any]:
    """Return the columns shared by all clips that a loaded model makes.

    Together with the model's revision (for a folder the hash of its files, on the hub a commit, which holds the
    hashes of its files) this says what made a clip.

    Returns
    -------
    dict
        ``device``, ``dtype``, ``hardware`` (the processor's or the GPU's name), ``threads`` (of the matrix
        products; 0 where that has no meaning) and ``versions``: JSON of the versions of packages and Python and,
        if mgeval runs from a clone, its commit as ``git``, with ``-dirty`` if files were changed.
    """
    values = (model.device, model.dtype, _hardware(model.device), model.threads, _versions())
    return dict(zip(ORIGIN, values, strict=True))


def generation_columns(clip: Generated) -> dict[str, Any]:
    """Return the columns that describe how a clip was generated."""
    return {
        "started": utc(clip.started),
        "elapsed": clip.seconds,
        "slots": clip.slots,
        "halved": clip.halved,
        "seams": ",".join(map(str, clip.seams)),
    }


def failure_columns(error: Exception) -> dict[str, str]:
    """Return the columns of a clip that failed: the error and its traceback."""
    # The message of an mgeval error is enough; an error that was returned, not raised, has no traceback.
    no_traceback = isinstance(error, MgevalError) or error.__traceback__ is None
    text = "" if no_traceback else "".join(traceback.format_exception(error))
    return {"status": "failed", "error": f"{type(error).__name__}: {error}", "traceback": text[-TRACEBACK:]}


def utc(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC; '' if it is NaN.

    Examples
    --------
    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    if seconds != seconds:
        return ""
    return datetime.datetime.fromtimestamp(round(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.cache
def _versions() -> str:
    return json.dumps(_package_versions(PACKAGES))


def environment() -> dict[str, str]:
    """Return the versions of every package used in a run, of Python and of mgeval's clone."""
    return _package_versions((*PACKAGES, *MORE_PACKAGES))


def _package_versions(packages: Sequence[str]) -> dict[str, str]:
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    versions["python"] = platform.python_version()
    if state := git_state(Path(__file__).parents[2]):
        versions["git"] = state
    return versions


def git_state(clone: Path) -> str:
    """Return a clone's commit, with ``-dirty`` if tracked files were changed; '' if the folder is not a clone."""
    if not (clone / ".git").exists():
        return ""
    command = ["git", "-C", str(clone), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@functools.cache
def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        # The model may run in another process, which has the GPU.
        if torch.cuda.is_available():
            return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
