"""Where a network computes, in which number format, and from which random numbers."""

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
"""Limit, use, and the use that can be dropped at once, in control groups of version 2 and 1."""

DTYPES = ("float32", "bfloat16", "float16")


def pick_device(device: str | None = None) -> str:
    """Return the asked-for device if it is there, by default the best one.

    Raises
    ------
    ModelError
        It is not; the message lists those that are.
    """
    import torch

    there = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    there = (["cuda", *there] if there else []) + ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if device is None:
        return there[0]
    if device not in there:
        raise ModelError(f"there is no device {device!r}, present: {', '.join(there)}")
    return device


def pick_dtype(dtype: str | None, device: str) -> str:
    """Return the asked-for number format if it is one, by default what is fast on the device."""
    import torch

    if dtype is None:
        fast = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if fast else "float32"
    if dtype not in DTYPES:
        raise ModelError(f"there is no dtype {dtype!r}, valid: {', '.join(DTYPES)}")
    return dtype


def free_memory() -> int:
    """Return the bytes that this process may still take: of the machine, or of its control group's limit.

    Linux promises memory that it does not have, and then kills who uses it. A SLURM job or a container
    is killed at its own limit.
    """
    import psutil

    free = psutil.virtual_memory().available
    for folder, (most, taken, cache) in _control_groups():
        try:
            limit, used = (int((folder / name).read_text()) for name in (most, taken))
            cached = re.search(rf"^{cache} (\d+)", (folder / "memory.stat").read_text(), re.MULTILINE)
        except (OSError, ValueError):
            # No such file, or "max": no limit here.
            continue
        free = min(free, limit - used + (int(cached[1]) if cached else 0))
    return max(free, 0)


def _control_groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Yield the folders of this process's control group and of those around it, with the names of their files."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        # Version 2 names no controller.
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            root = GROUPS / controllers
            group = root / path.lstrip("/")
            yield from ((one, GROUP_FILES[controllers]) for one in (group, *group.parents) if one.is_relative_to(root))


@contextlib.contextmanager
def seeded_generators(seed: int, prompt: str, device: str) -> Iterator[None]:
    """Draw from a random stream of the clip's own, keyed by seed and prompt; restore the global ones.

    `generate` knows only the global generators. The prompt is in the key so that the clips of one
    seed are independent draws, while two settings of one prompt meet the same random numbers.
    """
    import torch

    key = int.from_bytes(hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()[:8], "big") >> 1
    place = torch.device(device)
    index = (torch.cuda.current_device() if place.index is None else place.index) if place.type == "cuda" else None
    # MusicGen's decoder consults Python's generator too (for dropping layers in training).
    state = random.getstate()
    try:
        with torch.random.fork_rng(devices=[] if index is None else [index]):
            torch.default_generator.manual_seed(key)
            if index is not None:
                torch.cuda.default_generators[index].manual_seed(key)
            if place.type == "mps":
                torch.mps.manual_seed(key)
            yield
    finally:
        random.setstate(state)


def without_gradients(function: Callable) -> Callable:
    """Run a function in torch's inference mode. A generator must not: its consumer would be in it too."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        import torch

        with torch.inference_mode():
            return function(*args, **kwargs)

    return run
