"""Speed of measuring clips compared with the same numbers one by one from librosa, scipy and pyloudnorm.

    python benchmarks/measure.py

Clips of 10 s of stereo music at 32 kHz, one core, in seconds of the processor: other programs do not
count. Both sides are timed in turn on each clip; figures are medians over the clips. The plain side
computes a new spectrum or filter for every number, as in a notebook, in one call of a library
if there is one; it serves for the time only, its definitions differ in detail. Then 24 files are measured,
and 96, and their peaks of memory are compared. Ends with one line of JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import mgeval as mg
from mgeval import synth
from mgeval.metrics import METRICS, evaluate, metric_names

SECONDS = 10
CLIPS = 8
FEW, MANY = 24, 96


def music(seed: int) -> mg.Audio:
    """Return a piece by the composer; the pieces cover all images."""
    return synth.compose(replace(synth.random_spec(seed), duration=SECONDS), seed)[0]


def framewise(x: np.ndarray, rate: int, function: Callable) -> np.ndarray:
    """Apply a function to frames of 400 ms every 100 ms."""
    hop = rate // 10
    return np.array([function(x[:, start : start + 4 * hop]) for start in range(0, x.shape[1] - 4 * hop + 1, hop)])


def width(x: np.ndarray) -> float:
    """Return the side's share of the energy."""
    mid, side = np.mean((x[0] + x[1]) ** 2), np.mean((x[0] - x[1]) ** 2)
    return side / max(mid + side, 1e-20)


def band_width(x: np.ndarray, rate: int, low: float | None, high: float | None) -> float:
    """Return the width of a band, by Butterworth filters."""
    from scipy import signal

    edges = [edge for edge in (low, high) if edge]
    kind = "bandpass" if len(edges) == 2 else "lowpass" if high else "highpass"
    return width(
        signal.sosfiltfilt(signal.butter(4, edges if len(edges) == 2 else edges[0], kind, fs=rate, output="sos"), x)
    )


def panning(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the panning index of each bin and its energy."""
    import librosa

    left, right = np.abs(librosa.stft(x))
    energy = left**2 + right**2
    return (right**2 - left**2) / np.maximum(energy, 1e-20), energy


def lag(x: np.ndarray, rate: int) -> tuple[float, float]:
    """Return the lag of the largest cross-correlation within a millisecond, and its value."""
    from scipy import signal

    up = signal.resample_poly(x, 4, 1, axis=1)
    values = np.abs(signal.correlate(up[1], up[0])) / np.sqrt(np.prod(np.sum(up**2, axis=1)) + 1e-20)
    middle, reach = up.shape[1] - 1, 4 * rate // 1000
    best = int(np.argmax(values[middle - reach : middle + reach + 1]))
    return (best - reach) / (4 * rate) * 1000, values[middle - reach + best]


def plain_stereo(x: np.ndarray, rate: int) -> None:
    """Compute the stereo measures one by one."""
    from scipy import signal

    power = np.mean(x**2, axis=1)
    np.corrcoef(x), width(x), 10 * np.log10(power[1] / power[0]), np.mean(x.sum(0) ** 2), np.linalg.eigh(np.cov(x))
    for share in (5, 50):
        np.percentile(framewise(x, rate, lambda frame: np.corrcoef(frame)[0, 1]), share)
    signal.coherence(*x, fs=rate, nperseg=2048)
    lag(x, rate), lag(x, rate)
    for _ in ("pan_mean", "pan_spread"):
        index, energy = panning(x)
        np.average(index, weights=energy)
    band_width(x, rate, None, 250), band_width(x, rate, 250, 2500), band_width(x, rate, 2500, None)
    framewise(x, rate, width).std(), np.polyfit(np.arange(97), framewise(x, rate, width)[:97], 1)


def plain_rest(x: np.ndarray, rate: int) -> None:
    """Compute level, spectrum and music measures one by one; no library detects failures."""
    import librosa
    import pyloudnorm
    from scipy import signal

    mono = x.mean(axis=0)
    pyloudnorm.Meter(rate).integrated_loudness(x.T), pyloudnorm.Meter(rate).loudness_range(x.T)
    np.abs(signal.resample_poly(x, 4, 1, axis=1)).max(), np.abs(x).max() / np.sqrt(np.mean(x**2))
    librosa.feature.rms(y=mono), librosa.feature.spectral_centroid(y=mono, sr=rate)
    librosa.feature.spectral_rolloff(y=mono, sr=rate, roll_percent=0.99), librosa.feature.spectral_flatness(y=mono)
    librosa.feature.tempo(y=mono, sr=rate), librosa.beat.plp(y=mono, sr=rate)
    librosa.onset.onset_detect(y=mono, sr=rate), librosa.effects.hpss(mono)
    for _ in ("musical_key", "key_confidence", "chroma_entropy"):
        librosa.feature.chroma_stft(y=mono, sr=rate)


def took(function: Callable, *arguments: object) -> float:
    """Return the processor's seconds of a call."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def peak(files: list[Path]) -> float:
    """Return the peak memory while files are measured in this process, in MiB; NaN if unknown."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return float("nan")
    reset.write_text("5")
    mg.measure(files, progress=False)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Measure, print a table, and end with JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    clips = [music(seed) for seed in range(CLIPS)]
    stereo = [name for name, row in METRICS.items() if row.channels == "stereo"]
    rest = [name for name in metric_names() if name not in stereo]
    sides = {
        "stereo": lambda x, rate: evaluate(x, rate, stereo),
        "stereo, plain": plain_stereo,
        "the others": lambda x, rate: evaluate(x, rate, rest),
        "the others but failures": lambda x, rate: evaluate(x, rate, [n for n in rest if n != "failure_count"]),
        "the others but failures, plain": plain_rest,
        "all": lambda x, rate: evaluate(x, rate, metric_names()),
    }
    for function in sides.values():
        # The first call imports and compiles what it needs.
        function(music(CLIPS).samples, music(CLIPS).rate)
    times = [{name: took(function, clip.samples, clip.rate) for name, function in sides.items()} for clip in clips]
    middle = {name: statistics.median(row[name] for row in times) for name in sides}
    for name, value in middle.items():
        print(f"{name:32} {1000 * value:7.1f} ms a clip  {SECONDS / value:6.0f} x real time")

    def ratio(one: str, other: str) -> float:
        return round(statistics.median(row[one] / row[other] for row in times), 1)

    with tempfile.TemporaryDirectory() as folder:
        files = [mg.save_audio(clips[i % CLIPS], Path(folder) / f"{i}.flac") for i in range(MANY)]
        peaks = {str(count): round(peak(files[:count])) for count in (FEW, MANY)}
    print(f"peak of memory in MiB, by files: {peaks}")
    print(json.dumps({
        "clip_seconds": SECONDS, "clips": CLIPS, "cores": 1, "metrics": len(metric_names()),
        "times_real_time": {name: round(SECONDS / value) for name, value in middle.items()},
        "stereo_vs_plain": ratio("stereo, plain", "stereo"),
        "others_vs_plain": ratio("the others but failures, plain", "the others but failures"),
        "peak_mib": peaks,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
