"""Whether the intervals of set distances cover: simulation with a known distance.

    python benchmarks/intervals.py

Clips are Gaussian, two per prompt, with 60 % of the variance between prompts, shifted by 0.4 in each dimension from a
standard normal reference, so that the Frechet distance is dim * 0.16; the true kernel distance is the mean of
4,000 sets of independent vectors against a fixed reference of 60. If clips have several windows, 60 % of the
variance is between prompts, 20 % between clips of a prompt and 20 % between windows of a clip. Prints how often each
interval contains the truth and its mean over the truth (above 1 for an upward bias), and ends with one line of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from mgeval.metrics.distribution import (
    GaussianStats,
    bandwidth,
    frechet_distance,
    frechet_infinity_interval,
    frechet_spread,
    kernel_distance,
    kernel_interval,
)

SHIFT = 0.4


def drawn(rng: np.random.Generator, prompts: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors, two per prompt, and their prompts."""
    names = np.repeat(np.arange(prompts), 2)
    between, within = rng.normal(size=(prompts, dim))[names], rng.normal(size=(2 * prompts, dim))
    return np.sqrt(0.6) * between + np.sqrt(0.4) * within + SHIFT, names


def heard(rng: np.random.Generator, prompts: int, dim: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return clips of 1 to 9 windows, two per prompt, and their prompts."""
    names = np.repeat(np.arange(prompts), 2)
    counts = rng.integers(1, 10, 2 * prompts)
    middles = np.sqrt(0.6) * rng.normal(size=(prompts, dim))[names] + np.sqrt(0.2) * rng.normal(size=(len(names), dim))
    clips = [m + np.sqrt(0.2) * rng.normal(size=(n, dim)) + SHIFT for m, n in zip(middles, counts, strict=True)]
    return clips, names


def covered(truth: float, interval: Callable[[], tuple[float, float, float]], times: int) -> dict[str, float]:
    """Return the share of draws whose interval contains the truth, and the mean value over the truth."""
    value, lo, hi = np.array([interval() for _ in range(times)]).T
    share = float(np.mean((lo <= truth) & (truth <= hi)))
    return {"covers": round(share, 3), "draws": times, "mean_over_truth": round(float(value.mean() / truth), 3)}


def kernel(prompts: int, times: int, dim: int = 4) -> dict[str, float]:
    """Simulate `kernel_interval`."""
    rng = np.random.default_rng(1)
    reference = rng.normal(size=(60, dim))
    truth = float(
        np.mean([kernel_distance(rng.normal(size=(2 * prompts, dim)) + SHIFT, reference) for _ in range(4000)])
    )
    return covered(truth, lambda: kernel_interval(*drawn(rng, prompts, dim), reference)[:3], times)


def kernel_of_windows(prompts: int, times: int, dim: int = 4) -> dict[str, float]:
    """Simulate `kernel_interval` for clips of several windows; the kernel's mean has a closed form."""
    rng = np.random.default_rng(1)
    reference = rng.normal(size=(60, dim))
    square, pairs = bandwidth(reference) ** 2, 60 * 59
    apart = np.sum((reference[:, None] - reference) ** 2, axis=2)
    own = (square / (square + 2)) ** (dim / 2)
    fixed = (np.exp(-apart / (2 * square)).sum() - 60) / pairs
    near = np.exp(-np.sum((reference - SHIFT) ** 2, axis=1) / (2 * (square + 1)))
    truth = float(own + fixed - 2 * (square / (square + 1)) ** (dim / 2) * near.mean())

    def interval() -> tuple[float, float, float]:
        clips, names = heard(rng, prompts, dim)
        return kernel_interval(np.concatenate(clips), np.repeat(names, [len(c) for c in clips]), reference)[:3]

    return covered(truth, interval, times)


def infinity_of_windows(prompts: int, times: int, dim: int = 4) -> dict[str, float]:
    """Simulate `frechet_infinity_interval` for clips of several windows."""
    rng, reference = np.random.default_rng(2), GaussianStats(np.zeros(dim), None, np.eye(dim))

    def interval() -> tuple[float, float, float]:
        clips, names = heard(rng, prompts, dim)
        return frechet_infinity_interval(clips, names, reference, int(rng.integers(1 << 30)))[:3]

    return covered(dim * SHIFT**2, interval, times)


def infinity(prompts: int, times: int, dim: int = 2) -> dict[str, float]:
    """Simulate `frechet_infinity_interval`."""
    rng, reference = np.random.default_rng(2), GaussianStats(np.zeros(dim), None, np.eye(dim))

    def interval() -> tuple[float, float, float]:
        x, names = drawn(rng, prompts, dim)
        return frechet_infinity_interval(list(x[:, None]), names, reference, int(rng.integers(1 << 30)))[:3]

    return covered(dim * SHIFT**2, interval, times)


def plain(prompts: int, times: int, dim: int) -> dict[str, float]:
    """Simulate the plain distance with two spreads on each side, which is not an interval."""
    rng, reference = np.random.default_rng(3), GaussianStats(np.zeros(dim), None, np.eye(dim))

    def interval() -> tuple[float, float, float]:
        x, names = drawn(rng, prompts, dim)
        value = frechet_distance(GaussianStats.from_embeddings(x), reference)
        spread = frechet_spread(list(x[:, None]), names, reference)
        return value, value - 2 * spread, value + 2 * spread

    return covered(dim * SHIFT**2, interval, times)


def main() -> None:
    """Simulate, print a table, and end with JSON."""
    found = {f"kernel, {n} prompts": kernel(n, 3000) for n in (10, 20, 40)}
    found |= {f"frechet_infinity, {n} prompts, 2 dimensions": infinity(n, 500) for n in (20, 40)}
    found["frechet_infinity, 80 prompts, 8 dimensions"] = infinity(80, 200, 8)
    found |= {f"kernel, {n} prompts, 1 to 9 windows a clip": kernel_of_windows(n, 2000) for n in (10, 20)}
    found |= {
        f"frechet_infinity, {n} prompts, {dim} dimensions, 1 to 9 windows": infinity_of_windows(n, times, dim)
        for n, dim, times in ((20, 4, 500), (40, 4, 500), (80, 8, 200))
    }
    found["frechet +- 2 spreads, 40 prompts, 16 dimensions"] = plain(40, 200, 16)
    for name, row in found.items():
        print(f"{name:60} covers {row['covers']:6.1%}  of {row['draws']:5}  mean/truth {row['mean_over_truth']}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
