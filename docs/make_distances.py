"""Write the tables of docs/distances.md: sensitivity of the channel policies, a worked example, coverage of intervals.

python docs/make_distances.py                # all, or some: sensitivity, example, coverage
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import mgeval as mg
from mgeval.audio import Audio
from mgeval.metrics.distribution import GaussianStats, frechet_distance, stereo_distance
from mgeval.scoring.recipes import RECIPES, clip_vectors
from mgeval.scoring.references import POLICIES

PAGE = Path(__file__).parent / "distances.md"
EMBEDDERS = ("mel", "clap:tiny")
PIECES = 48
SECONDS = 4


def mix(matrix: list[list[float]]) -> Callable[[Audio], Audio]:
    """Return the function that applies a matrix to left and right."""
    return lambda clip: Audio(np.array(matrix) @ clip.samples.astype(np.float64), clip.rate)


CHANGES: dict[str, Callable[[Audio], Audio]] = {
    "channels swapped": mix([[0, 1], [1, 0]]),
    "collapsed to mono": mix([[0.5, 0.5], [0.5, 0.5]]),
    "right channel inverted": mix([[1, 0], [0, -1]]),
    "panned right (left -6 dB, right +2.4 dB)": mix([[0.5, 0], [0, 1.75**0.5]]),
    "6 dB softer, nothing else": mix([[0.5, 0], [0, 0.5]]),
}  # fmt: skip


def pieces(first: int) -> list[Audio]:
    """Compose pieces with all stereo images."""
    images = [list(mg.synth.IMAGES)[i % len(mg.synth.IMAGES)] for i in range(PIECES)]
    specs = [mg.synth.Spec(duration=SECONDS, image=image, tempo=70 + 2 * i) for i, image in enumerate(images)]
    return [mg.synth.compose(spec, first + i)[0] for i, spec in enumerate(specs)]


def stats(clips: list[Audio], policy: str, embedder: mg.embed.Embedder) -> GaussianStats:
    """Return the statistics of clips on a policy's channels."""
    recipe = RECIPES["mgeval"]
    return recipe.stats(clip_vectors([POLICIES[policy](clip) for clip in clips], embedder, recipe))


def stereo_measures(clips: list[Audio]) -> pd.DataFrame:
    """Return the stereo measures that the table shows."""
    names = ["width", "image_angle", "balance_db"]
    return pd.DataFrame([mg.metrics.evaluate(clip.samples, clip.rate, names) for clip in clips])


def sensitivity() -> list[str]:
    """Return the lines of the table of changes by policy."""
    music, others = pieces(0), pieces(1000)
    embedders = [mg.embed.load(name) for name in EMBEDDERS]
    columns = [(embedder, policy) for embedder in embedders for policy in POLICIES]
    unchanged = {(e.id, p): stats(music, p, e) for e, p in columns}
    scale = {(e.id, p): frechet_distance(stats(others, p, e), unchanged[e.id, p]) for e, p in columns}
    names = [f"{e.id.partition('@')[0]}, {p.replace('_', '/')}" for e, p in columns]
    lines = ["| change | " + " | ".join([*names, "width", "image_angle (degrees)", "balance_db (dB)"]) + " |"]
    lines.append("|" + " --- |" * (len(columns) + 4))
    before = stereo_measures(music)
    for name, change in CHANGES.items():
        clips = [change(clip) for clip in music]
        shares = [frechet_distance(stats(clips, p, e), unchanged[e.id, p]) / scale[e.id, p] for e, p in columns]
        moved = stereo_distance(stereo_measures(clips), before).set_index("metric")["distance"]
        cells = [f"{share:.2f}" for share in shares]
        cells += [f"{moved['width']:.2f}", f"{moved['image_angle']:.1f}", f"{moved['balance_db']:.1f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def example(folder: str) -> list[str]:
    """Run the example and return the lines of its tables."""
    names: dict = {}
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code.replace("runs/", f"{folder}/"), str(PAGE), "exec"), names)
    table = names["table"]
    lines = ["| guidance | channels | distance | value | 95 % interval | spread | n | dim | rank | warning or reason |"]
    lines.append("|" + " --- |" * 10)
    for row in table[table["channels"] == "mono"].itertuples():
        interval = "" if np.isnan(row.lo) else f"{row.lo:.3f} to {row.hi:.3f}"
        spread = "" if np.isnan(row.spread) else f"{row.spread:.3f}"
        value = "" if np.isnan(row.value) else f"{row.value:.3f}"
        note = (row.warning or row.reason).replace("|", "/")
        cells = [
            f"{row.guidance:g}",
            row.channels,
            row.distance,
            value,
            interval,
            spread,
            row.n,
            row.dim,
            row.rank,
            note,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| guidance | clap_rank | 95 % interval | chance | margin | among |", "|" + " --- |" * 6]
    for row in names["ranks"].itertuples():
        lines.append(
            f"| {row.guidance:g} | {row.clap_rank:.3f} | {row.lo:.3f} to {row.hi:.3f} | {row.chance:.3f} | "
            f"{row.margin:.3f} | {row.n_texts} prompts |"
        )
    return lines


def coverage() -> list[str]:
    """Return the output of the simulation."""
    script = Path(__file__).parents[1] / "benchmarks" / "intervals.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    return ["```", *done.stdout.splitlines()[:-1], "```"]


def main() -> None:
    """Write the blocks named on the command line, or all."""
    with tempfile.TemporaryDirectory() as folder:
        blocks = {"sensitivity": sensitivity, "example": lambda: example(folder), "coverage": coverage}
        for name in sys.argv[1:] or blocks:
            lines = "\n".join(blocks[name]())
            page = PAGE.read_text(encoding="utf-8")
            before, _, rest = page.partition(f"<!-- begin {name} -->\n")
            _, _, after = rest.partition(f"<!-- end {name} -->")
            text = f"{before}<!-- begin {name} -->\n{lines}\n<!-- end {name} -->{after}"
            PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
