"""How far the true peak lies below the truth, because 4x oversampling cannot reach it.

    python benchmarks/true_peak.py

Half a second of band-limited noise, faded in and out; the truth is its interpolation 32 times by its spectrum. 100
draws are below 0.45 of the rate, and 100 between that and half the rate. Prints median and worst in dB, and ends with
one line of JSON.
"""

from __future__ import annotations

import json

import numpy as np

from mgeval.metrics.signal import true_peak

RATE = 32000
SAMPLES = 16384
DRAWS = 100
EDGE = 0.45


def under_the_truth(x: np.ndarray) -> float:
    """Return by how many dB the true peak of samples ``(time,)`` is below the peak of their interpolation."""
    bins = np.fft.rfft(x)
    truth = 32 * np.fft.irfft(np.pad(bins, (0, 31 * len(x) // 2)), 32 * len(x))
    return float(20 * np.log10(np.abs(truth).max()) - true_peak(x[None], RATE))


def band(low: float, high: float, seed: int) -> np.ndarray:
    """Return Gaussian noise between two shares of the rate, faded in and out."""
    rng, share = np.random.default_rng(seed), np.fft.rfftfreq(SAMPLES)
    bins = rng.standard_normal(len(share)) + 1j * rng.standard_normal(len(share))
    return np.fft.irfft(np.where((share >= low) & (share < high), bins, 0)) * np.hanning(SAMPLES)


def readings(low: float, high: float, draws: int = DRAWS) -> list[float]:
    """Return by how many dB the true peak of noise between two shares of the rate is too low, draw by draw."""
    return [under_the_truth(band(low, high, seed)) for seed in range(draws)]


def main() -> None:
    """Draw, print a table, and end with JSON."""
    figures = {}
    for name, low, high in (("below", 0.0, EDGE), ("above", EDGE, 0.499)):
        found = readings(low, high)
        figures[name] = {"median_db": round(float(np.median(found)), 2), "worst_db": round(max(found), 2)}
        print(f"noise {name} {EDGE} of the rate: {figures[name]['median_db']} dB low in the median of {DRAWS} draws, "
              f"{figures[name]['worst_db']} dB at worst")  # fmt: skip
    print(f"a tone at {EDGE} of the rate, by theory: at most {-20 * np.log10(np.cos(np.pi * EDGE / 4)):.2f} dB")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
