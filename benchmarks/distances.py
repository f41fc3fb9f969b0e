"""Speed of distances between sets compared with functions that take the square root of a matrix.

    OMP_NUM_THREADS=1 python benchmarks/distances.py            # 512, 768, 1024 and 2048 dimensions, 20,000 vectors
    OMP_NUM_THREADS=1 python benchmarks/distances.py 128 --vectors 2000
    pip download --no-deps --dest peers fadtk==1.1.0 frechet-audio-distance==0.3.4
    for wheel in peers/*.whl; do unzip -q "$wheel" -d peers; done
    OMP_NUM_THREADS=1 python benchmarks/distances.py --peers peers

One core, in seconds of the processor. With ``--peers`` the other sides are the two packages' own functions, taken
unchanged from their files (importing them needs the packages of all their models): ``calc_frechet_distance`` of fadtk
(microsoft, ``fadtk/fad.py``) and ``calculate_frechet_distance`` of frechet-audio-distance (gudgud96,
``frechet_audio_distance/fad.py``). Without ``--peers``, the same computations are reimplemented here: both take
`scipy.linalg.sqrtm` of the product of the covariances, frechet-audio-distance in complex numbers, fadtk in addition
to the eigenvectors of the product and their inverse. Each number of dimensions has two cases: two sets of full rank
(three vectors per dimension) from their statistics, and one clip of 10 windows against a reference from its vectors.
mgeval gets fresh statistics each time, so that nothing is cached, except the reference of the clip, which all clips
share. Then comes the kernel distance of two sets of 128 dimensions, with the peak of memory. Ends with one line of
JSON.
"""

from __future__ import annotations

import argparse
import ast
import json
import logging
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import linalg

from mgeval.metrics.distribution import GaussianStats, clip_frechet, frechet_distance, kernel_distance

REPEATS, REPEATS_FROM_1024 = 3, 1
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
    root = root_of((a.cov @ b.cov).astype(complex))
    return float(shift @ shift + np.trace(a.cov) + np.trace(b.cov) - 2 * np.trace(root).real)


def by_root_and_eigenvectors(a: GaussianStats, b: GaussianStats) -> float:
    """Compute the distance as fadtk does, where the square root only checks the eigenvectors' result."""
    shift = a.mu - b.mu
    check = np.trace(root_of(a.cov @ b.cov)).real
    values, vectors = linalg.eig(a.cov @ b.cov)
    trace = np.trace((vectors * np.sqrt(values.astype(complex))) @ linalg.inv(vectors)).real
    assert abs(trace - check) < 1e-3 * abs(check)
    return float(shift @ shift + np.trace(a.cov) + np.trace(b.cov) - 2 * trace)


def own_function(path: Path, name: str) -> Callable:
    """Return a function, or a method that uses no self, from a file that is not imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (node,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    node.args.args = [argument for argument in node.args.args if argument.arg != "self"]
    there = {"np": np, "linalg": linalg, "scisqrt": np.emath.sqrt, "log": logging.getLogger(name)}
    exec(compile(ast.Module([node], []), str(path), "exec"), there)
    return there[name]


def peers(folder: str | None) -> dict[str, Callable[[GaussianStats, GaussianStats], float]]:
    """Return the other sides by name."""
    if folder is None:
        return {"sqrtm": by_root, "sqrtm_and_eig": by_root_and_eigenvectors}
    root = Path(folder)
    gudgud96 = own_function(root / "frechet_audio_distance" / "fad.py", "calculate_frechet_distance")
    fadtk = own_function(root / "fadtk" / "fad.py", "calc_frechet_distance")

    def given(function: Callable) -> Callable[[GaussianStats, GaussianStats], float]:
        def distance(a: GaussianStats, b: GaussianStats) -> float:
            try:
                return float(function(a.mu, a.cov, b.mu, b.cov))
            # Both refuse a root whose imaginary part they find too large.
            except ValueError:
                return float("nan")

        return distance

    return {"sqrtm": given(gudgud96), "sqrtm_and_eig": given(fadtk)}


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
    """Return the statistics without the values cached in them."""
    return GaussianStats(stats.mu, stats.n, stats.covariance)


def sides(dim: int, others: dict[str, Callable]) -> dict[str, float]:
    """Time one number of dimensions: seconds of each side, ratios, and the difference of the results."""
    rng = np.random.default_rng(0)
    a, b = (GaussianStats.from_embeddings(draws(rng, 3 * dim, dim)) for _ in range(2))
    clips = draws(rng, CLIPS * WINDOWS, dim).reshape(CLIPS, WINDOWS, dim)
    rows = []
    for _ in range(REPEATS if dim < 1024 else REPEATS_FROM_1024):
        row, values = {}, {}
        row["ours"], values["ours"] = took(lambda: frechet_distance(fresh(a), fresh(b)))
        for name, function in others.items():
            row[name], values[name] = took(function, a, b)
        row["clip"] = took(lambda: [clip_frechet(clip, b) for clip in clips])[0] / CLIPS
        # A covariance of full size, though ten windows have rank nine.
        clip = GaussianStats(clips[0].mean(axis=0), WINDOWS, np.cov(clips[0], rowvar=False))
        for name, function in others.items():
            row[f"clip_{name}"] = took(function, clip, b)[0]
        rows.append(row)
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {
        f"{what}_vs_{name}": statistics.median(row[prefix + name] / row[ours] for row in rows)
        for name in others
        for what, prefix, ours in (("full", "", "ours"), ("clip", "clip_", "clip"))
    }
    # NaN where a side refuses its own root, which the largest of Python's would pass over.
    error = float(np.max([abs(values[name] / values["ours"] - 1) for name in others]))
    return {**{f"{name}_s": value for name, value in middle.items()}, **ratios, "relative_difference": error}


def peak() -> float:
    """Return the peak memory of this process, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def main() -> None:
    """Measure, print a table, and end with JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dims", type=int, nargs="*", default=[512, 768, 1024, 2048])
    parser.add_argument("--vectors", type=int, default=20_000, help="on each side of the kernel distance")
    parser.add_argument("--peers", help="folder of the two packages' unpacked wheels")
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: the figures are of one core")
    rng = np.random.default_rng(0)
    # First, so that the peak is its own.
    x, reference = rng.normal(size=(2, given.vectors, KERNEL_DIM))
    seconds, _ = took(kernel_distance, x, reference)
    kernel = {"vectors": given.vectors, "dim": KERNEL_DIM, "seconds": round(seconds, 2), "peak_mib": round(peak())}
    print(f"kernel distance, {given.vectors} x {given.vectors}: {seconds:.1f} s, peak {peak():.0f} MiB", flush=True)
    figures = {}
    for dim in given.dims:
        figures[dim] = {name: float(f"{value:.3g}") for name, value in sides(dim, peers(given.peers)).items()}
        for name, value in figures[dim].items():
            print(f"{dim:5} dimensions  {name:24} {value:10.3g}", flush=True)
    print(json.dumps({"cores": 1, "frechet": figures, "kernel": kernel}))


if __name__ == "__main__":
    main()
