"""Which differences the tiny CLAP detects, on pieces and wordings outside its training data.

    python benchmarks/tiny_clap.py [--draws 8]

Retrieval: each draw has 64 pieces, each with one caption by `mgeval.synth.describe`, so that no
caption is audibly true of another piece of the draw; the spatial words stay in the captions and
cannot help. R@1 is the share of captions whose own piece has the highest cosine of the 64
(text to audio), and of pieces whose own caption has (audio to text). No piece is in two draws; the
interval is 95 % by Student's t over the draws.

Attributes: pairs of pieces that differ in one attribute only, and two short texts that name its two
values; a pair counts as right if the texts fit their own pieces better than crosswise
(chance 0.5).

Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace

import numpy as np

from mgeval import embed, synth
from mgeval.hub import CLAP_TINY
from training.clap_tiny.data import change_attribute, piece
from training.clap_tiny.retrieval import draw, recalls

SIZE = 64
STRIDE = 150
"""Test pieces that one draw may use."""

PAIRS = 40
FIRST_PAIR = 100_000
"""Seeds beyond all draws."""

T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 10: 2.262, 12: 2.201, 16: 2.131}
"""Student's t, 97.5th percentile, by number of draws."""


def retrieval(clap: embed.Embedder, draws: int, distinct: bool = True) -> list[dict[str, float]]:
    """Return the figures of each draw."""
    found = []
    for number in range(draws):
        chosen = draw(range(number * STRIDE, (number + 1) * STRIDE), SIZE, "test", number, distinct)
        clips = [synth.compose(*piece(index, "test"))[0] for index in chosen.indices]
        found.append(recalls(clap.text(chosen.texts), np.concatenate(clap.audio(clips))))
        print(f"draw {number}: " + ", ".join(f"{name} {value:.3f}" for name, value in found[-1].items()), flush=True)
    return found


def interval(values: list[float]) -> list[float]:
    """Return mean, low and high."""
    mean = statistics.fmean(values)
    half = T_95[len(values)] * statistics.stdev(values) / len(values) ** 0.5
    return [round(v, 3) for v in (mean, mean - half, mean + half)]


def words_for(name: str, spec: synth.Spec) -> str:
    """Describe one attribute of a spec in a few words."""
    value = getattr(spec, name)
    return {
        "melody": f"{value} melody",
        "chords": f"{value} chords",
        "bass": str(value) if value else "no bass",
        "drums": "with drums" if value else "no drums",
        "tempo": f"{spec.tempo:g} bpm",
        "mode": f"{value} key",
        "key": f"key of {spec.key} {spec.mode}",
        "density": "sparse" if spec.density < 0.4 else "busy",
    }[name]


def attribute(clap: embed.Embedder, name: str) -> float:
    """Return the share of pairs that the words of one attribute assign rightly."""
    right, index, rng = [], FIRST_PAIR, np.random.default_rng(1)
    while len(right) < PAIRS:
        index += 1
        base, seed = piece(index, "test")
        change = change_attribute(base, name, rng)
        if not change or base.voices == ("drums",) or (name == "density" and 0.22 < base.density < 0.72):
            continue
        specs = (base, replace(base, **change))
        cosines = clap.text([words_for(name, spec) for spec in specs])
        cosines = cosines @ np.concatenate(clap.audio([synth.compose(spec, seed)[0] for spec in specs])).T
        right.append(np.trace(cosines) > cosines[0, 1] + cosines[1, 0])
    return round(float(np.mean(right)), 3)


def main() -> None:
    """Measure, print, and end with JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=8, choices=sorted(T_95))
    draws = parser.parse_args().draws
    start = time.perf_counter()
    clap = embed.load("clap:tiny")
    loading = time.perf_counter() - start
    found = retrieval(clap, draws)
    result = {"id": clap.id, "draws": draws, "size": SIZE, "chance_r1": round(1 / SIZE, 4)}
    result |= {name: interval([one[name] for one in found]) for name in found[0]}
    result["pairs_right"] = {}
    for name in ("melody", "chords", "bass", "drums", "tempo", "density", "mode", "key"):
        result["pairs_right"][name] = attribute(clap, name)
        print(f"{name:8} told apart in {result['pairs_right'][name]:.0%} of {PAIRS} pairs", flush=True)
    clip = synth.compose(synth.Spec(duration=10), 0)[0]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        clap.audio([clip])
        times.append(time.perf_counter() - start)
    result |= {"load_s": round(loading, 2), "embed_10_s": round(statistics.median(times), 3)}
    result["weights_mb"] = round((CLAP_TINY / "model.safetensors").stat().st_size / 1e6, 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
