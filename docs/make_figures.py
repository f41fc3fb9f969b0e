"""Make the pictures of README and of the tiny model's card.

python docs/make_figures.py
"""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mgeval as mg

IMAGES = Path(__file__).parent / "images"


def first_sweep(run: str) -> None:
    """Draw README's sweep: two measures by claim and guidance, and four clips as a vectorscope shows them."""
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
    """Draw what the tiny model plays to six prompts: mid spectrogram and vectorscope."""
    model = mg.load_model("tiny", device="cpu")
    clips = model.generate(list(TINY_PROMPTS), mg.Sampling(duration=8, seed=0))
    figure = plt.figure(figsize=(10, 9.5), dpi=130, layout="constrained")
    for cell, prompt, clip in zip(figure.subfigures(3, 2).flat, TINY_PROMPTS, clips, strict=True):
        left, right = cell.subplots(1, 2, width_ratios=[2.1, 1])
        with np.errstate(divide="ignore"):
            left.specgram(clip.audio.mono().samples[0], 1024, clip.audio.rate, noverlap=512, cmap="magma", vmin=-140)
        left.set(xlabel="time (s)", ylabel="frequency (kHz)", ylim=(0, 8000), yticks=range(0, 8001, 2000))
        left.set_yticklabels(range(0, 9, 2))
        mg.plots.vectorscope(clip.audio, right)
        cell.suptitle("\n".join(textwrap.wrap(prompt, 48)), fontsize=9)
    figure.savefig(IMAGES / "tiny.png")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        first_sweep(folder)
    tiny()
