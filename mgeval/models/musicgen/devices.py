"""Device, number format, free memory and random state of a network."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mgeval.errors import ModelError

GROUPS = Path("/sys/fs/cgroup")
GROUP_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Files of the limit, the use, and the reclaimable use, in control groups of version 2 and 1."""

DTYPES = ("float32", "bfloat16", "float16")


def pick_device(device: str | None = None) -> str:
    """Return the requested device, by default the best one.

    Raises
    ------
    ModelError
        There is no such device; the message lists the present ones.
    """
    import torch

    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    devices = (["cuda", *gpus] if gpus else []) + ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if device is None:
        return devices[0]
    if device not in devices:
        raise ModelError(f"there is no device {device!r}, present: {', '.join(devices)}")
    return device


def pick_dtype(dtype: str | None, device: str) -> str:
    """Return the requested number format, by default the fastest on the device.

    Raises
    ------
    ModelError
        There is no such format.
    """
    import torch

    if dtype is None:
        fast = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if fast else "float32"
    if dtype not in DTYPES:
        raise ModelError(f"there is no dtype {dtype!r}, valid: {', '.join(DTYPES)}")
    return dtype


def free_memory() -> int:
    """Return the bytes that this process can still allocate, within the machine and its control group's limit.

    Linux grants more memory than it has, and kills the process that uses it. A SLURM job or a container
    is killed at its own limit.
    """
    import psutil

    free = psutil.virtual_memory().available
    for folder, (limit_file, used_file, cache) in _control_groups():
        try:
            limit, used = (int((folder / name).read_text()) for name in (limit_file, used_file))
            cached = re.search(rf"^{cache} (\d+)", (folder / "memory.stat").read_text(), re.MULTILINE)
        except (OSError, ValueError):
            # The file is missing or says "max": no limit.
            continue
        free = min(free, limit - used + (int(cached[1]) if cached else 0))
    return max(free, 0)


def _control_groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Yield the folders of this process's control group and its parents, with the names of their files."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        # Version 2 has no controllers in this file.
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            root = GROUPS / controllers
            group = root / path.lstrip("/")
            folders = (folder for folder in (group, *group.parents) if folder.is_relative_to(root))
            yield from ((folder, GROUP_FILES[controllers]) for folder in folders)


@contextlib.contextmanager
def seeded_generators(seed: int, prompt: str, device: str) -> Iterator[None]:
    """Seed the global random generators from a clip's seed and prompt; restore their state afterwards.

    `generate` uses only the global generators. The prompt is in the key so that the clips of one
    seed are independent, while two settings of one prompt use the same random numbers.
    """
    import torch

    key = int.from_bytes(hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()[:8], "big") >> 1
    torch_device = torch.device(device)
    index = None
    if torch_device.type == "cuda":
        index = torch.cuda.current_device() if torch_device.index is None else torch_device.index
    # MusicGen's decoder also uses Python's generator (to drop layers in training).
    state = random.getstate()
    try:
        with torch.random.fork_rng(devices=[] if index is None else [index]):
            torch.default_generator.manual_seed(key)
            if index is not None:
                torch.cuda.default_generators[index].manual_seed(key)
            if torch_device.type == "mps":
                torch.mps.manual_seed(key)
            yield
    finally:
        random.setstate(state)


def without_gradients(function: Callable) -> Callable:
    """Make a function run in torch's inference mode. Not for generators: their consumer would run in it too."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        import torch

        with torch.inference_mode():
            return function(*args, **kwargs)

    return run
