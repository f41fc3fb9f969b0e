"""How the tiny model behaves: which parts of a prompt it plays, read from its codes.

    python benchmarks/tiny_behaviour.py [--quick] [--curves FIGURE] [--model FOLDER]

200 prompts outside its training data, in wordings by another author (`tiny_wordings.py`), three seeds
each, default sampling, 5 s; also guidance 1, one seed. Intervals are 95 % bootstrap intervals over
prompts. ``--curves`` varies guidance, temperature, top-k and duration on 40 of the prompts instead, and
draws the results; ``--quick`` takes 24 prompts, one seed. Prompts repeat many phrases of
the training captions: "new words" are the prompts that do not. Ends with one line of JSON.

- instrument: all instruments that the prompt names sound for more than 4 % of the clip;
- tempo: the tempo of the grid of eighths that fits the onsets best is within 6 % of the requested one, or of
  its half or double; ``tempo, no octaves`` is without that allowance;
- mode: the mode of the pitches that only major (E, A, B) or only minor (E flat, A flat, B flat) has;
- drums: requested, more than 4 % of the clip; excluded, at most 1 %, which is less than one hit;
- image: for left and right the other side sounds for less than 15 % of this side's time; for centre and
  mono both sides have equal codes for more than 60 % of the time; for wide, melody and chords
  come 20 ms late on one side for more than 60 %; for ping-pong, the sides sound together for less than
  40 % and at least 60 % of the notes change side.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tiny_wordings import BEATS, FRAMES, LONE, MOODS, NAMED, PAIRED, PLACES

from mgeval.models import Model, Sampling, load_model

SHARES = ("instrument", "tempo", "tempo, no octaves", "mode", "drums", "image")
SILENT = 0.01
DRAWN = [name for name in SHARES if name != "tempo, no octaves"]


class Asked(NamedTuple):
    """A prompt and its requests."""

    text: str
    instruments: tuple[str, ...]
    tempo: float
    mode: str
    drums: bool
    image: str
    words: dict[str, str]
    """The phrases for mode, drums and image."""


def asked(count: int) -> list[Asked]:
    """Return the prompts: balanced attributes, random wordings."""
    prompts = []
    for number in range(count):
        rng = np.random.default_rng([2026, number])

        def pick(options: tuple, rng: np.random.Generator = rng) -> str:
            return options[int(rng.integers(len(options)))]

        image, mode, drums = list(PLACES)[number % 6], ("major", "minor")[number // 6 % 2], bool(number // 12 % 2)
        names = [pick(tuple(NAMED)), pick(("piano", "guitar", "organ", "strings"))]
        names = names[:1] if rng.random() < 0.4 or names[0] == names[1] else names
        said = [pick(NAMED[name]) for name in names]
        players = pick(LONE).format(a=said[0]) if len(said) == 1 else pick(PAIRED).format(a=said[0], b=said[1])
        tempo = int(round(math.exp(rng.uniform(math.log(62), math.log(162)))))
        words = {"mode": pick(MOODS[mode]), "drums": pick(BEATS[drums]), "image": pick(PLACES[image])}
        text = pick(FRAMES).format(players=players, tempo=tempo, **words)
        prompts.append(Asked(text[0].upper() + text[1:], tuple(names), float(tempo), mode, drums, image, words))
    return prompts


def trained() -> set[str]:
    """Return the phrases for mode, drums and image in the training captions."""
    from training.musicgen_tiny.drumming import drum_phrase
    from training.musicgen_tiny.words import PLAIN, SIDES, phrases

    known = {text.lower() for part in (phrases(), PLAIN) for wordings in part.values() for text in wordings}
    rng = np.random.default_rng(0)
    # What is put together from words has no list.
    known |= {drum_phrase(present, rng) for present in (True, False) for _ in range(20_000)}
    return known | {text.format(s=s, o=o) for text in known if "{s}" in text or "{o}" in text for s, o in SIDES.items()}


def judge(prompt: Asked, codes: np.ndarray) -> dict[str, bool]:
    """Return which of the requested attributes a clip has."""
    from training.musicgen_tiny.reading import SOUNDING, read

    found = read(codes)
    ratio, drums = found.tempo / prompt.tempo, found.instruments.get("drums", 0)
    return {
        "instrument": all(found.instruments.get(name, 0) > SOUNDING for name in prompt.instruments),
        "tempo": any(abs(ratio * octave - 1) <= 0.06 for octave in (0.5, 1, 2)),
        "tempo, no octaves": abs(ratio - 1) <= 0.06,
        "mode": found.mode == prompt.mode,
        "drums": drums > SOUNDING if prompt.drums else drums <= SILENT,
        "image": found.image == {"mono": "center"}.get(prompt.image, prompt.image),
    }


def interval(shares: np.ndarray) -> tuple[float, float, float]:
    """Return mean and 95 % bootstrap interval of per-prompt shares."""
    rng = np.random.default_rng(0)
    means = shares[rng.integers(len(shares), size=(1000, len(shares)))].mean(1)
    return float(shares.mean()), *(float(v) for v in np.percentile(means, (2.5, 97.5)))


def behaviour(model: Model, prompts: list[Asked], seeds: int, **settings: float) -> dict:
    """Return, by attribute and by image, the share of clips that have what the prompt requests."""
    results = []
    for seed in range(seeds):
        clips = model.generate([prompt.text for prompt in prompts], Sampling(seed=seed, **settings), progress=False)
        results.append([judge(prompt, clip.codes) for prompt, clip in zip(prompts, clips, strict=True)])
    table = {}
    for name in SHARES:
        table[name] = interval(np.array([[row[name] for row in seed] for seed in results], float).mean(0))
    known = trained()
    for name in ("mode", "drums", "image"):
        chosen = [i for i, prompt in enumerate(prompts) if prompt.words[name].lower() not in known]
        if chosen:
            right = np.array([[seed[i][name] for i in chosen] for seed in results], float)
            table[f"new words: {name}"] = interval(right.mean(0))
    parts = {f"image: {image}": ("image", [prompt.image == image for prompt in prompts]) for image in PLACES}
    parts["drums: one instrument"] = "drums", [len(prompt.instruments) == 1 for prompt in prompts]
    for title, (name, chosen) in parts.items():
        if any(chosen):
            right = np.array([[row[name] for row in seed] for seed in results], float).mean(0)
            table[title] = interval(right[chosen])
    return table


CURVES = {
    "guidance": (1, 2, 3, 5, 10),
    "temperature": (0, 0.5, 1, 1.5, 2),
    "top_k": (2, 10, 50, 250, 1000),
    "duration": (5, 10, 20),
}


def curves(model: Model, prompts: list[Asked], seconds: float) -> dict:
    """Return the behaviour along each setting, with the others at their defaults."""
    found = {}
    for setting, values in CURVES.items():
        for value in values:
            row = behaviour(model, prompts, 1, **({"duration": seconds} | {setting: value}))
            found[f"{setting} {value:g}"] = row
            print(line(f"{setting} {value:g}", row), flush=True)
    return found


def draw(found: dict, path: Path) -> None:
    """Draw the curves: a panel per setting, a line per attribute, means with 95 % intervals."""
    import matplotlib.pyplot as plt

    from mgeval.plots import COLOURS, MARKERS

    figure, axes = plt.subplots(1, len(CURVES), figsize=(10, 2.9), dpi=150, sharey=True, layout="constrained")
    for ax, setting in zip(axes, CURVES, strict=True):
        points = [(float(name.rsplit(" ", 1)[1]), row) for name, row in found.items() if name.startswith(setting)]
        for number, attribute in enumerate(DRAWN):
            mean, low, high = 100 * np.array([row[attribute] for _, row in points]).T
            # Beside each other, so that intervals do not hide one another.
            places = np.arange(len(points)) + (number - 2) * 0.09
            ax.errorbar(
                places, mean, np.maximum([mean - low, high - mean], 0), label=attribute, color=COLOURS[number],
                marker=MARKERS[number], markersize=3, linewidth=1, elinewidth=0.7,
            )  # fmt: skip
        ax.set_xticks(range(len(points)), [f"{value:g}" for value, _ in points])
        ax.set(xlabel="duration (s)" if setting == "duration" else setting.replace("_", "-"), ylim=(0, 104))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("clips as asked (%)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(DRAWN), frameon=False)
    figure.savefig(path)
    plt.close(figure)


def line(name: str, table: dict) -> str:
    """Return a row of Markdown: mean and interval of each attribute, in percent."""
    cells = (f"{100 * mean:.0f} ({100 * low:.0f}-{100 * high:.0f})" for mean, low, high in (table[s] for s in SHARES))
    return f"| {name} | " + " | ".join(cells) + " |"


def main(arguments: list[str] | None = None) -> dict:
    """Generate clips, read them, print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="24 prompts, one seed")
    parser.add_argument("--curves", type=Path, metavar="FIGURE", help="vary the settings, and draw into this file")
    parser.add_argument("--model", type=Path, help="a checkpoint folder; by default the package's")
    parser.add_argument("--prompts", type=int)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args(arguments)
    model = load_model(options.model or "tiny", device="cpu")
    few = options.quick or options.curves
    prompts = asked(options.prompts or (24 if options.quick else 40 if options.curves else 200))
    seeds, seconds = options.seeds or (1 if few else 3), options.seconds or 5.0
    start = time.perf_counter()
    print("| | " + " | ".join(SHARES) + " |\n|---|" + "---|" * len(SHARES))
    if options.curves:
        result: dict = curves(model, prompts, seconds)
        draw(result, options.curves)
    else:
        result = {}
        for guidance, draws in ((3.0, seeds), (1.0, 1)):
            table = behaviour(model, prompts, draws, duration=seconds, guidance=guidance)
            result[f"guidance {guidance:g}"] = table
            print(line(f"guidance {guidance:g}", table), flush=True)
            parts = {name: share for name, (share, *_) in table.items() if name.startswith(("image: ", "drums: "))}
            print("  " + ", ".join(f"{name} {100 * share:.0f}" for name, share in parts.items()))
            new = {name: row for name, row in table.items() if name.startswith("new words")}
            print(
                "  " + ", ".join(f"{n} {100 * m:.0f} ({100 * a:.0f}-{100 * b:.0f})" for n, (m, a, b) in new.items()),
                flush=True,
            )
    rounded = {name: {k: [round(v, 4) for v in row] for k, row in table.items()} for name, table in result.items()}
    summary = {
        "prompts": len(prompts), "seeds": seeds, "seconds": seconds, "took_s": round(time.perf_counter() - start, 1),
        "shares": rounded,
    }  # fmt: skip
    print(json.dumps(summary))
    return summary


if __name__ == "__main__":
    main()
