"""Whether intervals cover and tests keep their level: simulation with a known truth.

    python benchmarks/inference.py
    python benchmarks/inference.py --docs    # also writes the table into docs/statistics.md

Three clips per prompt share its effect, 74 % of the variance; skewed values are exponential, flags have a chance of
failure per prompt (beta, intraclass correlation 1/3). Each case has 1,000 draws: a true share of 95 %
then scatters by 0.7 points (binomial). Means and shares have 10,000 draws, which reduces this to 0.2. Prints a row per
case, lists the cases outside the target, and ends with one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mgeval.stats import (
    cliffs_delta,
    cohens_dz,
    effects,
    mean_interval,
    power,
    predict_failure,
    sample_size,
    share_interval,
    shuffle_between,
    shuffle_within,
    sign_flip,
)
from mgeval.stats.agreements import rank_correlation
from mgeval.stats.listening import preferences

DRAWS = 1000
MORE = 10
"""Factor by which cases that are quick to compute get more draws."""

COVERS, FINDS = (0.93, 0.97), (0.03, 0.07)
"""Targets: the share of 95 % intervals that contain the truth, and of tests at 5 % with a false finding."""

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
BEGIN, END = "<!-- begin simulation -->\n", "<!-- end simulation -->"
Drawn = Callable[[np.random.Generator, int], np.ndarray]


def normal(rng: np.random.Generator, prompts: int) -> np.ndarray:
    """Return values by prompt and seed around 0."""
    return rng.normal(size=(prompts, 1)) + 0.6 * rng.normal(size=(prompts, 3))


def skewed(rng: np.random.Generator, prompts: int) -> np.ndarray:
    """Return values with a long tail to one side, around 0."""
    return rng.exponential(size=(prompts, 1)) - 1 + 0.6 * (rng.exponential(size=(prompts, 3)) - 1)


def flags(chance: float) -> Drawn:
    """Return a function that draws flags by prompt and seed."""

    def drawn(rng: np.random.Generator, prompts: int) -> np.ndarray:
        of_prompt = rng.beta(2 * chance, 2 * (1 - chance), size=(prompts, 1))
        return (rng.random((prompts, 3)) < of_prompt).astype(float)

    return drawn


def mean_covers(draw: Drawn, prompts: int, draws: int = DRAWS, truth: float = 0.0, interval=mean_interval) -> float:
    """Return how often the interval of a mean or share contains the truth."""
    rng, names = np.random.default_rng(1), np.repeat(np.arange(prompts), 3)
    found = [interval(draw(rng, prompts).ravel(), names) for _ in range(draws)]
    return float(np.mean([one.lo <= truth <= one.hi for one in found]))


def dz_covers(draw: Drawn, prompts: int, effect: float, draws: int = DRAWS) -> float:
    """Return how often the interval of Cohen's dz contains the truth; the spread of a mean of three clips is known."""
    rng, names, spread = np.random.default_rng(2), np.repeat(np.arange(prompts), 3), np.sqrt(1 + 0.36 / 3)
    found = [cohens_dz((draw(rng, prompts) + effect * spread).ravel(), names) for _ in range(draws)]
    return float(np.mean([one.lo <= effect <= one.hi for one in found]))


def delta_covers(prompts: int, shift: float, draws: int = DRAWS) -> float:
    """Return how often the interval of Cliff's delta contains the truth: three normal clips per prompt on each side.

    Half of a prompt's effect is common to both sides. Delta is that of the prompts' means, whose spread is known.
    """
    from scipy.stats import norm

    rng, names = np.random.default_rng(3), np.repeat(np.arange(prompts), 3)
    truth, hits = 2 * norm.cdf(shift / np.sqrt(2 * (1 + 0.36 / 3))) - 1, 0
    for _ in range(draws):
        shared, *sides = np.sqrt(0.5) * rng.normal(size=(3, prompts, 1))
        a, b = (shared + side + 0.6 * rng.normal(size=(prompts, 3)) for side in sides)
        found = cliffs_delta(a.ravel(), b.ravel() + shift, names)
        hits += found.lo <= truth <= found.hi
    return hits / draws


def rank_covers(prompts: int, rho: float, draws: int = DRAWS) -> float:
    """Return how often the interval of a rank correlation contains the truth: three clips per prompt, half shared."""
    rng, names = np.random.default_rng(4), np.repeat(np.arange(prompts), 3)
    truth, root, hits = 6 / np.pi * np.arcsin(rho / 2), np.linalg.cholesky([[1, rho], [rho, 1]]), 0
    for _ in range(draws):
        x, y = ((rng.normal(size=(prompts, 2))[names] + rng.normal(size=(len(names), 2))) @ root.T).T
        found = rank_correlation(np.exp(x), y, names)
        hits += found.lo <= truth <= found.hi
    return hits / draws


def answers(rng: np.random.Generator, prompts: int) -> pd.DataFrame:
    """Return answers to pairs of three levels, each pair twice per prompt; prompts differ in their preference."""
    own = np.array([0.6, 0.0, -0.6]) + rng.normal(scale=0.5, size=(prompts, 3))
    a, b = np.tile([0, 1, 2] * 2, (prompts, 1)), np.tile([1, 2, 0] * 2, (prompts, 1))
    chance = 1 / (1 + np.exp(np.take_along_axis(own, b, 1) - np.take_along_axis(own, a, 1)))
    answer = np.where(rng.random(a.shape) < chance, "a", "b")
    prompt = np.repeat(np.arange(prompts), a.shape[1])
    found = {"level_a": a.ravel(), "level_b": b.ravel(), "answer": answer.ravel()}
    return pd.DataFrame({**found, "prompt_id": prompt, "control": ""})


def strength_covers(prompts: int, draws: int = DRAWS) -> float:
    """Return how often the intervals of three strengths contain the truth, which a fit to 40,000 prompts gives."""
    rng = np.random.default_rng(9)
    truth = preferences(answers(rng, 40_000))["strength"]
    found = [preferences(answers(rng, prompts)) for _ in range(draws)]
    return float(np.mean([one["lo"].le(truth) & one["hi"].ge(truth) for one in found]))


def failing(rng: np.random.Generator, prompts: int, slope: float, kind: float) -> pd.DataFrame:
    """Return a table of failures: three seeds at two settings, prompts of two kinds; each prompt has its own chance."""
    prompt = np.repeat(np.arange(prompts), 6)
    setting, genre = np.tile([0.0, 0, 0, 1, 1, 1], prompts), prompt % 2
    chance = 1 / (1 + np.exp(1 - slope * setting - kind * genre - rng.normal(size=prompts)[prompt]))
    found = {"kind": "drone", "score": 0.0, "flagged": rng.random(len(prompt)) < chance}
    return pd.DataFrame({"key": np.arange(len(prompt)), "prompt_id": prompt, "guidance": setting,
                         "genre": np.where(genre, "jazz", "pop"), **found})  # fmt: skip


def odds_of(prompts: int, slope: float, kind: float, draws: int) -> tuple[float, float, float, float]:
    """Return how often the intervals of a setting's and a kind's odds contain the truth, and how often p is below 5 %.

    The truth is that of the mixture of prompts, from a fit to 40,000 of them.
    """
    from mgeval.stats.firth import firth

    rng = np.random.default_rng(5)
    many = failing(rng, 40_000, slope, kind)
    x = np.column_stack([np.ones(len(many)), many["guidance"], many["genre"] == "jazz"]).astype(float)
    setting, genre = np.exp(firth(x, many["flagged"].to_numpy(float))[0][1:])
    hits = []
    for _ in range(draws):
        table = predict_failure(failing(rng, prompts, slope, kind), ["guidance", "genre"]).set_index("factor")
        one, other = table.loc["guidance"], table.loc["genre"]
        # Whichever of the two is the more frequent is what the other is held against.
        truth = genre if other["level"] == "jazz" else 1 / genre
        hits.append([one.lo <= setting <= one.hi, other.lo <= truth <= other.hi, one.p < 0.05, other.p < 0.05])
    return tuple(np.mean(hits, axis=0).tolist())


def flips(draw: Drawn, prompts: int, effect: float = 0.0, draws: int = DRAWS) -> float:
    """Return how often the sign-flip test finds a difference."""
    rng, names, spread = np.random.default_rng(6), np.repeat(np.arange(prompts), 3), np.sqrt(1 + 0.36 / 3)
    found = [sign_flip((draw(rng, prompts) + effect * spread).ravel(), names).p for _ in range(draws)]
    return float(np.mean(np.array(found) <= 0.05))


def paired(rng: np.random.Generator, prompts: int) -> np.ndarray:
    """Return differences of two skewed values with a shared part, the case for which the sign-flip test is valid."""
    a, b = skewed(rng, prompts), skewed(rng, prompts)
    return (a - b) / np.sqrt(2)


def shuffles(prompts: int, within: bool, draws: int = DRAWS) -> float:
    """Return how often shuffling finds a difference between three levels that do not differ."""
    rng, hits = np.random.default_rng(7), 0
    for _ in range(draws):
        if within:
            hits += shuffle_within(skewed(rng, prompts)).p <= 0.05
        else:
            hits += shuffle_between(skewed(rng, prompts).mean(axis=1), np.arange(prompts) % 3).p <= 0.05
    return hits / draws


def explained(prompts: int, draws: int) -> tuple[float, float, float]:
    """Return how often `effects` finds a setting and a genre without effect, and the mean share of one with an effect.

    The latter adds 0 or 1, a variance of 0.25, to prompts and a residual of variance 1 each: a share of 1/9.
    """
    rng, rows = np.random.default_rng(8), []
    prompt = np.repeat(np.arange(prompts), 8)
    settings = {"guidance": np.tile([1, 3], 4 * prompts), "top_k": np.tile([1, 1, 2, 2], 2 * prompts)}
    design = {"prompt_id": prompt, **settings, "genre": prompt % 3}
    for _ in range(draws):
        y = rng.normal(size=prompts)[prompt] + (design["guidance"] == 3) + rng.normal(size=len(prompt))
        table = effects(pd.DataFrame({**design, "loudness": y}), ["guidance", "top_k", "genre"]).set_index("factor")
        rows.append([table.p["top_k"] <= 0.05, table.p["genre"] <= 0.05, table.share["guidance"]])
    return tuple(np.mean(rows, axis=0).tolist())


def coverage(draws: int = DRAWS) -> dict[str, float]:
    """Return how often each interval contains the truth."""
    found = {}
    for prompts in (8, 19, 20, 40, 100):
        found[f"mean, normal, {prompts} prompts"] = mean_covers(normal, prompts, MORE * draws)
        found[f"mean, skewed, {prompts} prompts"] = mean_covers(skewed, prompts, MORE * draws)
    for prompts in (8, 20, 40):
        for chance in (0.05, 0.2, 0.5):
            name = f"share of flags, {chance:.0%}, {prompts} prompts"
            found[name] = mean_covers(flags(chance), prompts, MORE * draws, chance, share_interval)
    for prompts in (8, 20, 40):
        for effect in (0.0, 0.8):
            found[f"dz {effect}, normal, {prompts} prompts"] = dz_covers(normal, prompts, effect, draws)
        found[f"dz 0.8, skewed, {prompts} prompts"] = dz_covers(skewed, prompts, 0.8, draws)
        for shift in (0.0, 1.0):
            found[f"Cliff's delta, shift {shift}, {prompts} prompts"] = delta_covers(prompts, shift, draws)
        for rho in (0.0, 0.9):
            found[f"rank agreement, rho {rho}, {prompts} prompts"] = rank_covers(prompts, rho, draws)
    for prompts in (20, 40):
        setting, genre, _, _ = odds_of(prompts, 0.8, 0.8, draws)
        found[f"odds ratio of a setting, {prompts} prompts"] = setting
        found[f"odds ratio of a prompt attribute, {prompts} prompts"] = genre
        found[f"strength of a preference, {prompts} prompts"] = strength_covers(prompts, draws)
    return found


def false_positives(draws: int = DRAWS) -> dict[str, float]:
    """Return the share of false findings of each test, at 5 %."""
    found = {}
    for prompts in (6, 8, 20, 40):
        found[f"compare, normal, {prompts} prompts"] = flips(normal, prompts, 0.0, draws)
        found[f"compare, skewed a and b, {prompts} prompts"] = flips(paired, prompts, 0.0, draws)
    for prompts in (8, 20):
        found[f"shuffle within prompts, skewed, {prompts} prompts"] = shuffles(prompts, True, draws)
        found[f"shuffle between prompts, skewed, {prompts} prompts"] = shuffles(prompts, False, draws)
    setting, genre, _ = explained(20, draws)
    found |= {"effects, a setting, 20 prompts": setting, "effects, a prompt attribute, 20 prompts": genre}
    for prompts in (20, 40):
        _, _, setting, genre = odds_of(prompts, 0.0, 0.0, draws)
        found[f"predict_failure, a setting, {prompts} prompts"] = setting
        found[f"predict_failure, a prompt attribute, {prompts} prompts"] = genre
    return found


def powers(draws: int = DRAWS) -> dict[str, tuple[float, float]]:
    """Return the promised and the simulated power, at the sizes that `sample_size` gives."""
    found = {}
    for effect in (0.3, 0.5, 0.8, 1.2, 2.0):
        for chance in (0.5, 0.8, 0.9):
            n = sample_size(effect, chance)
            found[f"dz {effect}, {n} prompts"] = (power(effect, n), flips(normal, n, effect, draws))
    return found


def outside(found: dict[str, float], least: float, most: float) -> str:
    """Return the cases outside the target, with their shares; 'none' if all are inside."""
    return "; ".join(f"{name} ({share:.1%})" for name, share in found.items() if not least <= share <= most) or "none"


def main() -> None:
    """Simulate, print tables, and end with JSON."""
    covered, false, shown = coverage(), false_positives(), powers()
    share = explained(20, 200)[2]
    lines = ["| 95 % interval of | covers |", "| --- | --- |"]
    lines += [f"| {name} | {value:.1%} |" for name, value in covered.items()]
    lines += ["", f"Outside 93 to 97 %: {outside(covered, *COVERS)}."]
    lines += ["", "| test at 5 % | false findings |", "| --- | --- |"]
    lines += [f"| {name} | {value:.1%} |" for name, value in false.items()]
    lines += ["", f"Outside 3 to 7 %: {outside(false, *FINDS)}."]
    lines += ["", "| effect and prompts, by `sample_size` | power promised | found |", "| --- | --- | --- |"]
    lines += [f"| {name} | {said:.1%} | {got:.1%} |" for name, (said, got) in shown.items()]
    lines += [
        "",
        f"A setting that explains 11.1 % of the variance reads {share:.1%} on average over 200 tables of 20 prompts.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if "--docs" in sys.argv:
        page = PAGE.read_text()
        PAGE.write_text(page[: page.index(BEGIN) + len(BEGIN)] + text + page[page.index(END) :])
    print(json.dumps({"coverage": covered, "false_positives": false, "power": shown, "share": round(share, 4)}))


if __name__ == "__main__":
    main()
