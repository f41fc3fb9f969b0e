"""Draw the pictures of README, of docs/plots.md and of the tiny model's card.

python docs/make_figures.py
"""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mgeval as mg
from mgeval.metrics.signal import failures
from mgeval.metrics.tokens import Tokens, curves

IMAGES = Path(__file__).parent / "images"


def first_sweep(run: str) -> None:
    """Draw README's sweep: two measures by claim and guidance, and vectorscopes of four clips."""
    store = mg.Store(run)
    sweep = mg.Sweep("tiny", "demo", {"guidance": [1, 3], "duration": 5}, seeds=range(2))
    scores = mg.measure(mg.run(sweep.plan(), store), store)
    table = mg.summarise(scores, ["spatial", "guidance"])
    figure = plt.figure(figsize=(9, 5), dpi=160, layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    for ax, metric in zip(upper.subplots(1, 2), ["width", "image_angle"], strict=True):
        mg.plots.response(table, "spatial", metric, ax)
    for ax, claim in zip(lower.subplots(1, 4), ["mono", "left", "wide", "ping-pong"], strict=True):
        row = scores[(scores["spatial"] == claim) & (scores["guidance"] == 3)].iloc[0]
        mg.plots.vectorscope(store.audio(row["key"]), ax)
        ax.set_title(f"{claim}: {ax.get_title()}", fontsize=7)
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / "first-sweep.png")


TINY_PROMPTS = (
    "a slow sad piano melody over strings, no drums, 70 bpm, hard left",
    "happy guitar and organ with drums, 125 bpm, very wide stereo",
    "a music box alone, cheerful, 100 bpm, ping-pong panning",
    "dark strings over organ chords, with bass and drums, 94 bpm, in mono",
    "drums only, 115 bpm, centered",
    "an energetic piano tune over guitar, in a major key, 150 bpm, on the right side",
)


def tiny() -> None:
    """Draw the tiny model's clips for six prompts: mid spectrogram and vectorscope."""
    model = mg.load_model("tiny", device="cpu")
    clips = model.generate(list(TINY_PROMPTS), mg.Sampling(duration=8, seed=0))
    figure = plt.figure(figsize=(10, 9.5), dpi=130, layout="constrained")
    for cell, prompt, clip in zip(figure.subfigures(3, 2).flat, TINY_PROMPTS, clips, strict=True):
        left, right = cell.subplots(1, 2, width_ratios=[2.1, 1])
        with np.errstate(divide="ignore"):
            left.specgram(
                clip.audio.mono().samples[0], NFFT=1024, Fs=clip.audio.rate, noverlap=512, cmap="magma", vmin=-140
            )
        left.set(xlabel="time (s)", ylabel="frequency (kHz)", ylim=(0, 8000), yticks=range(0, 8001, 2000))
        left.set_yticklabels(range(0, 9, 2))
        mg.plots.vectorscope(clip.audio, right)
        cell.suptitle("\n".join(textwrap.wrap(prompt, 48)), fontsize=9)
    figure.savefig(IMAGES / "tiny.png")


GALLERY_PROMPTS = (
    "piano and strings, wide stereo, 100 bpm, with drums",
    "bell, ping-pong",
    "dark strings over organ chords, in mono",
    "guitar, hard left, 90 bpm",
)


def gallery(run: str) -> None:
    """Draw every plot: of one clip of the tiny model, of its codes, of the clip with defects, and of a sweep."""
    store = mg.Store(run)
    sweep = mg.Sweep("tiny", GALLERY_PROMPTS, {"guidance": [1, 3, 6], "duration": 5}, seeds=range(2))
    clips = mg.run(sweep.plan(), store)
    mg.controls(store)
    scores = mg.measure(store.path, metrics=["width"])
    chosen = clips[clips["prompt"] == "bell, ping-pong"].iloc[0]["key"]
    audio = store.audio(chosen)
    figure = plt.figure(figsize=(10.5, 12), dpi=100, layout="constrained")
    cells = figure.subfigures(4, 3, height_ratios=[1.15, 1, 1, 1]).flat
    mg.plots.goniometer(audio, next(cells).subplots(2, 1, height_ratios=[1, 0.12]))
    mg.plots.mid_side(audio, next(cells).subplots(2, 1, sharex=True))
    tokens = Tokens(store.codes(chosen), store.predictions(chosen))
    mg.plots.token_curves(curves(tokens), next(cells).subplots(2, 1, sharex=True))
    for plot in (mg.plots.panning_map, mg.plots.width_over_time, mg.plots.coherence):
        plot(audio, next(cells).subplots())
    for x in (add_defects(audio.samples), audio.samples):
        mg.plots.failure_timeline(failures(x, audio.rate), next(cells).subplots())
    left = clips[clips["prompt"] == "guitar, hard left, 90 bpm"].iloc[0]["key"]
    mg.plots.vectorscope(store.audio(left), next(cells).subplots())
    mg.plots.response(mg.summarise(scores, "guidance"), "guidance", "width", next(cells).subplots())
    by_prompt = mg.summarise(scores, ["prompt", "guidance"])
    mg.plots.heatmap(by_prompt, "guidance", "width", next(cells).subplots())
    mg.plots.failure_atlas(mg.failure_table(store, clips), "guidance", next(cells).subplots())
    figure.savefig(IMAGES / "gallery.png")


def add_defects(x: np.ndarray) -> np.ndarray:
    """Add a gap, clipped samples, a click and a channel that falls silent."""
    x = np.clip(3 * x, -0.9, 0.9)
    x[:, 32000:33000] = 0
    x[:, 70000] = 1.2
    x[0, 90000:] = 0
    return x


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        first_sweep(f"{folder}/first")
        gallery(f"{folder}/gallery")
    tiny()
