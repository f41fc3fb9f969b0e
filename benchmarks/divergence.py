"""How long machines draw the same codes: the same clips in other arithmetic.

    python benchmarks/divergence.py [--model NAME]

A clip's random numbers are the same everywhere, and so are its codes, until rounding puts one of them on the
other side of a number. 64 clips of 5 s of mixed settings (those of `generate.py`) are generated on the
processor in float32, and again in processes of their own: with one more thread, with the instructions of an
older processor, in 16-bit formats, and on a GPU if there is one. Prints, for each case, the share of clips
that are equal to the end, and the quartiles of the seconds after which the others diverge. Ends with one
line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from generate import sweep

from mgeval.models import load_model
from mgeval.models.sampling import FRAME_RATE

SECONDS = 5.0
OLDER = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}


def cases() -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return device, number format and environment of each case, by name; all are compared with the first."""
    import torch

    found = {
        "float32": ("cpu", "float32", {}),
        "one thread more": ("cpu", "float32", {"OMP_NUM_THREADS": str(torch.get_num_threads() + 1)}),
        "older instructions": ("cpu", "float32", OLDER),
        "bfloat16": ("cpu", "bfloat16", {}),
        "float16": ("cpu", "float16", {}),
    }
    if torch.cuda.is_available():
        found |= {f"GPU, {one}": ("cuda", one, {}) for one in ("float32", "bfloat16")}
    return found


def make(name: str, device: str, dtype: str, path: Path) -> None:
    """Write the codes of all clips."""
    model = load_model(name, device=device, dtype=dtype)
    codes = {str(index): clip.codes for index, clip in model.stream(sweep(SECONDS, 2))}
    np.savez(path, **codes)


def parting(one: np.ndarray, other: np.ndarray) -> float:
    """Return the seconds up to the first frame that differs, infinity if none does."""
    differs = np.flatnonzero((one != other).any(0))
    return differs[0] / FRAME_RATE if len(differs) else np.inf


def main() -> None:
    """Generate the clips in every case and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--make", nargs=3, metavar=("DEVICE", "FORMAT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.model, *options.make)
        return
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        first = None
        for name, (device, dtype, environment) in cases().items():
            path = Path(folder) / f"{len(results)}.npz"
            how = [sys.executable, __file__, "--model", options.model, "--make", device, dtype, str(path)]
            subprocess.run(how, check=True, env=os.environ | environment)
            with np.load(path) as file:
                codes = [file[key] for key in sorted(file.files, key=int)]
            first = first or codes
            times = np.array([parting(one, other) for one, other in zip(first, codes, strict=True)])
            parted = times[np.isfinite(times)]
            quartiles = [round(float(q), 2) for q in np.percentile(parted, (25, 50, 75))] if len(parted) else None
            results[name] = {"equal": round(float(np.isinf(times).mean()), 3), "parted_after_s": quartiles}
            print(
                f"{name:20} equal {100 * results[name]['equal']:5.1f} %, the others part after {quartiles} s",
                flush=True,
            )
    print(json.dumps({"model": options.model, "clips": len(first), "seconds": SECONDS, "cases": results}))


if __name__ == "__main__":
    main()
