"""How fast distances between sets are, beside the functions that take a matrix's square root.

    OMP_NUM_THREADS=1 python benchmarks/distances.py                 # 512, 1024 and 2048 dimensions, 20,000 vectors
    OMP_NUM_THREADS=1 python benchmarks/distances.py 128 --vectors 2000

One core, in seconds of the processor. The plain sides are written as the two common packages do it, by
`scipy.linalg.sqrtm` of the product of the covariances: frechet-audio-distance (gudgud96,
``frechet_audio_distance/fad.py``, ``calculate_frechet_distance``) takes it alone; fadtk (microsoft,
``fadtk/fad.py``, ``calc_frechet_distance``) takes the eigenvectors of the product and their inverse beside it.
Per dimension: two sets of full rank (three vectors a dimension), statistics given; and one clip of 10
windows against a reference, from its vectors. Ours is given fresh statistics each time, so that nothing is
cached, but for the clip's reference, which all clips share. Then the kernel distance of two sets of 128
dimensions, with the peak of the memory. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy import linalg

from mgeval.metrics.distribution import GaussianStats, clip_frechet, frechet_distance, kernel_distance

REPEATS = 3
CLIPS = 20
WINDOWS = 10
KERNEL_DIM = 128


def root_of(product: np.ndarray) -> np.ndarray:
    """Take the square root as ``sqrtm(product, disp=False)``, an argument that scipy 1.18 dropped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return linalg.sqrtm(product, disp=False)[0]
    except TypeError:
        return linalg.sqrtm(product)


def by_root(a: GaussianStats, b: GaussianStats) -> float:
    """Compute the distance as frechet-audio-distance does."""
    shift = a.mu - b.mu
    return float(shift @ shift + np.trace(a.cov) + np.trace(b.cov) - 2 * np.trace(root_of(a.cov @ b.cov)).real)


def by_root_and_eigenvectors(a: GaussianStats, b: GaussianStats) -> float:
    """Compute the distance as fadtk does, whose square root only checks the other."""
    shift = a.mu - b.mu
    check = np.trace(root_of(a.cov @ b.cov)).real
    values, vectors = linalg.eig(a.cov @ b.cov)
    trace = np.trace((vectors * np.sqrt(values.astype(complex))) @ linalg.inv(vectors)).real
    assert abs(trace - check) < 1e-3 * abs(check)
    return float(shift @ shift + np.trace(a.cov) + np.trace(b.cov) - 2 * trace)


def draws(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Return vectors whose directions differ in scale by a factor of 30, as embeddings do."""
    turn, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
    return rng.normal(size=(n, dim)) * np.geomspace(1, 1 / 30, dim) @ turn


def took(function: Callable, *arguments: object) -> tuple[float, float]:
    """Return the processor's seconds of a call, and its result."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def fresh(stats: GaussianStats) -> GaussianStats:
    """Return the statistics without what was computed from them."""
    return GaussianStats(stats.mu, stats.n, stats.covariance)


def sides(dim: int) -> dict[str, float]:
    """Time one number of dimensions: seconds of each side, ratios, and how far the results are apart."""
    rng = np.random.default_rng(0)
    a, b = (GaussianStats.from_embeddings(draws(rng, 3 * dim, dim)) for _ in range(2))
    clips = draws(rng, CLIPS * WINDOWS, dim).reshape(CLIPS, WINDOWS, dim)
    rows = []
    for _ in range(REPEATS):
        row, values = {}, {}
        row["ours"], values["ours"] = took(lambda: frechet_distance(fresh(a), fresh(b)))
        row["sqrtm"], values["sqrtm"] = took(by_root, a, b)
        row["sqrtm_and_eig"], values["sqrtm_and_eig"] = took(by_root_and_eigenvectors, a, b)
        row["clip"] = took(lambda: [clip_frechet(clip, b) for clip in clips])[0] / CLIPS
        # A covariance of full size, though ten windows have rank nine.
        clip = GaussianStats(clips[0].mean(axis=0), WINDOWS, np.cov(clips[0], rowvar=False))
        row["clip_sqrtm"] = took(by_root, clip, b)[0]
        rows.append(row)
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {
        "full_vs_sqrtm": statistics.median(row["sqrtm"] / row["ours"] for row in rows),
        "full_vs_sqrtm_and_eig": statistics.median(row["sqrtm_and_eig"] / row["ours"] for row in rows),
        "clip_vs_sqrtm": statistics.median(row["clip_sqrtm"] / row["clip"] for row in rows),
    }
    error = max(abs(values[name] / values["ours"] - 1) for name in ("sqrtm", "sqrtm_and_eig"))
    return {**{f"{name}_s": value for name, value in middle.items()}, **ratios, "relative_difference": error}


def peak() -> float:
    """Return the most memory that this process has held, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def main() -> None:
    """Measure, print a table, and end with JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dims", type=int, nargs="*", default=[512, 1024, 2048])
    parser.add_argument("--vectors", type=int, default=20_000, help="on each side of the kernel distance")
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: the figures are of one core")
    rng = np.random.default_rng(0)
    # First, so that the peak is its own.
    x, reference = rng.normal(size=(2, given.vectors, KERNEL_DIM))
    seconds, _ = took(kernel_distance, x, reference)
    kernel = {"vectors": given.vectors, "dim": KERNEL_DIM, "seconds": round(seconds, 2), "peak_mib": round(peak())}
    print(f"kernel distance, {given.vectors} x {given.vectors}: {seconds:.1f} s, peak {peak():.0f} MiB")
    figures = {}
    for dim in given.dims:
        figures[dim] = {name: float(f"{value:.3g}") for name, value in sides(dim).items()}
        for name, value in figures[dim].items():
            print(f"{dim:5} dimensions  {name:24} {value:10.3g}")
    print(json.dumps({"cores": 1, "frechet": figures, "kernel": kernel}))


if __name__ == "__main__":
    main()
