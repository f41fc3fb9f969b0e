"""The command that checks the installation: what this machine has for mgeval, and what is missing."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

import mgeval
from mgeval.cli.folders import Json
from mgeval.cli.help import KEEP

commands = typer.Typer()

CHECKPOINTS = {
    "facebook/musicgen-stereo-small": "the stereo model to start with",
    "facebook/musicgen-stereo-melody": "follows a melody",
}
EXTRAS = {
    "laion": ("laion_clap", "the laion-clap package, as a second opinion on CLAP"),
    "slurm": ("dask_jobqueue", "sweeps on a SLURM cluster"),
}


@commands.command("doctor", rich_help_panel=KEEP)
def print_findings(as_json: Json = False) -> None:
    """List packages, devices and checkpoints on this machine, and how to get what is missing."""
    rows = findings()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['status']:8} {row['name']:{width}}  {row['detail']}")
        if row["fix"]:
            print(f"{'':8} {'':{width}}  -> {row['fix']}")


def findings() -> list[dict[str, str]]:
    """Check the machine.

    Returns
    -------
    list of dict
        ``name``, ``status`` ('ok', 'missing' or 'old'), ``detail``, and ``fix``: the command that
        helps, or ''.
    """
    sections = (_versions, _devices, _extras, _checkpoints, _disk)
    return [row for section in sections for row in _check(section)]


def _check(section: Callable[[], list[dict[str, str]]]) -> list[dict[str, str]]:
    try:
        return section()
    # On a broken installation anything may fail, and then the rest of the list matters most.
    except Exception as error:
        reason = f"cannot be checked ({type(error).__name__}: {error})"
        return [_row(section.__name__.strip("_"), "missing", reason, "pip install --editable .")]


def _row(name: str, status: str, detail: str, fix: str = "") -> dict[str, str]:
    return {"name": name, "status": status, "detail": detail, "fix": fix}


def _versions() -> list[dict[str, str]]:
    from packaging.requirements import Requirement

    rows = [_row("mgeval", "ok", mgeval.__version__), _row("python", "ok", platform.python_version())]
    for text in requires("mgeval") or []:
        required = Requirement(text)
        if required.marker is not None:
            continue
        fix = f"pip install '{required}'"
        try:
            installed = version(required.name)
        except PackageNotFoundError:
            rows.append(_row(required.name, "missing", f"needed: {required.specifier}", fix))
            continue
        fits = required.specifier.contains(installed, prereleases=True)
        rows.append(_row(required.name, "ok" if fits else "old", installed, "" if fits else fix))
    return rows


def _devices() -> list[dict[str, str]]:
    import torch

    rows = [_row("cpu", "ok", f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads")]
    for index in range(torch.cuda.device_count()):
        gpu: Any = torch.cuda.get_device_properties(index)
        rows.append(_row(f"cuda:{index}", "ok", f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"))
    if torch.backends.mps.is_available():
        rows.append(_row("mps", "ok", "Apple GPU"))
    if len(rows) == 1:
        rows.append(_row("gpu", "missing", "torch finds none; everything works on the CPU, slowly with large models"))
    return rows


def _extras() -> list[dict[str, str]]:
    rows = []
    for extra, (module, purpose) in EXTRAS.items():
        installed = find_spec(module) is not None
        fix = "" if installed else f"pip install 'mgeval[{extra}]'"
        rows.append(_row(f"mgeval[{extra}]", "ok" if installed else "missing", purpose, fix))
    return rows


def _checkpoints() -> list[dict[str, str]]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    from mgeval.models import cached_checkpoint

    try:
        cached = {repo.repo_id: repo for repo in scan_cache_dir().repos}
    except CacheNotFound:
        cached = {}
    rows = [
        _row("tiny", "ok", "a small MusicGen-stereo, in the package"),
        _row("synth", "ok", "the built-in composer, no weights"),
    ]
    for name in sorted({*CHECKPOINTS, *[name for name in cached if "musicgen" in name.lower()]}):
        if name in cached and cached_checkpoint(name) is not None:
            rows.append(_row(name, "ok", f"{cached[name].size_on_disk / 1e9:.1f} GB in the cache"))
        else:
            fix = f"hf download {name}    (weights: CC-BY-NC 4.0)"
            detail = "only in parts in the cache" if name in cached else CHECKPOINTS[name]
            rows.append(_row(name, "missing", detail, fix))
    return rows


def _disk() -> list[dict[str, str]]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return [_row("disk", "ok", f"{free:.0f} GB free here; a minute of stereo clips takes up to 12 MB")]
