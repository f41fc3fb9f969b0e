"""How a clip came to be: what run, on what, when, and what went wrong."""

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
"""What else has a part in a run: packages that a record of it names."""

ORIGIN = ("device", "dtype", "hardware", "threads", "versions")
"""Columns that say what made a clip: those that differ in one may differ in rounding."""

TRACEBACK = 2000
"""Last characters of a traceback that are kept."""


def origin(model: Model) -> dict[str, Any]:
    """Return what all clips that a loaded model makes have in common, as the columns of a table.

    With the model's revision - of a folder the hash of its files, on the hub a commit, which holds the hashes
    of its files - this says what made a clip.

    Returns
    -------
    dict
        ``device``, ``dtype``, ``hardware`` (the processor's or the GPU's name), ``threads`` (of the matrix
        products; 0 where that has no meaning) and ``versions``: JSON of the packages, of Python, and as ``git``
        of mgeval's own commit with ``-dirty`` where files were changed, if it runs from a clone.
    """
    found = (model.device, model.dtype, _hardware(model.device), model.threads, _versions())
    return dict(zip(ORIGIN, found, strict=True))


def generation_columns(clip: Generated) -> dict[str, Any]:
    """Return how a clip was made, as the columns of a table."""
    return {
        "started": utc(clip.started),
        "elapsed": clip.seconds,
        "slots": clip.slots,
        "halved": clip.halved,
        "seams": ",".join(map(str, clip.seams)),
    }


def failure_columns(error: Exception) -> dict[str, str]:
    """Return what a row says of a clip that could not be made: the error, and where it came from."""
    # One of mgeval's own says all in its message, one that was returned and never raised has no traceback.
    told = isinstance(error, MgevalError) or error.__traceback__ is None
    lines = "" if told else "".join(traceback.format_exception(error))
    return {"status": "failed", "error": f"{type(error).__name__}: {error}", "traceback": lines[-TRACEBACK:]}


def utc(seconds: float) -> str:
    """Return a moment as ISO 8601 in UTC; an empty text where it is not known.

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
    """Return the versions of every package that a run touches, of Python and of mgeval's clone."""
    return _package_versions((*PACKAGES, *MORE_PACKAGES))


def _package_versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    found["python"] = platform.python_version()
    if state := git_state(Path(__file__).parents[2]):
        found["git"] = state
    return found


def git_state(clone: Path) -> str:
    """Return the commit of a clone, with ``-dirty`` where files that git knows were changed; '' of what is none."""
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

        # A model may run in another process than this one.
        if torch.cuda.is_available():
            return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
