"""Make the pictures of README from a run.

mgeval demo --out demo-run && python docs/make_figures.py demo-run
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import mgeval as mg

IMAGES = Path(__file__).parent / "images"


def first_sweep(run: str) -> None:
    """Draw the demo: two measures by claim, and four clips as a vectorscope shows them."""
    store = mg.Store(run)
    scores = mg.measure(store.table(), store, progress=False)
    table = mg.summarise(scores, "spatial")
    figure = plt.figure(figsize=(9, 5), dpi=160, layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    for ax, metric in zip(upper.subplots(1, 2), ["width", "image_angle"], strict=True):
        mg.plots.response(table, "spatial", metric, ax)
    for ax, claim in zip(lower.subplots(1, 4), ["mono", "left", "wide", "ping-pong"], strict=True):
        row = scores[scores["spatial"] == claim].iloc[0]
        mg.plots.vectorscope(store.audio(row["key"]), ax)
        ax.set_title(f"{claim}: {ax.get_title()}", fontsize=7)
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / "first-sweep.png")


if __name__ == "__main__":
    first_sweep(sys.argv[1] if len(sys.argv) > 1 else "demo-run")
