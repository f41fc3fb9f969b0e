"""What the answers of blind listening say, as their page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats import preferences, ratings, reliability
from mgeval.wording import level_text

if TYPE_CHECKING:
    import pandas as pd


def preferred(answers: pd.DataFrame, listener: str) -> dict[str, Any]:
    """Return preferences of all answers as JSON: ``rows``, ``range``, ``columns`` and ``notes``."""
    try:
        table = preferences(answers)
    except MetricError as error:
        return _nothing(str(error))
    rows = [
        {
            "level": level_text(row["level"]), "mean": _number(row["strength"]), "lo": _number(row["lo"]),
            "hi": _number(row["hi"]), "text": f"{100 * row['win_share']:.0f} %",
        }
        for row in table.sort_values(["strength", "win_share"], ascending=False, kind="stable").to_dict("records")
    ]  # fmt: skip
    # One reason holds for all levels: they are fitted together.
    notes = [_counted(answers), *filter(None, [table["reason"].iloc[0]]), *_trust(answers, listener)]
    return {"columns": ["Preferred", "Strength: log odds against the average, 95 % interval"], "rows": rows,
            "range": None, "notes": notes}  # fmt: skip


def rated(answers: pd.DataFrame, listener: str) -> dict[str, Any]:
    """Return mean ratings of all answers as JSON, as `preferred` does."""
    if answers.empty:
        return _nothing("there is no rating yet")
    rows = [
        {
            "level": "hidden anchor" if row.level == "anchor" else level_text(row.level),
            "mean": _number(row.mean), "lo": _number(row.lo), "hi": _number(row.hi), "text": f"{row.mean:.0f}",
        }
        for row in ratings(answers).sort_values("mean", ascending=False, kind="stable").itertuples()
    ]  # fmt: skip
    return {"columns": ["Mean", "Mean rating and 95 % interval, 0 to 100"], "rows": rows, "range": [0, 100],
            "notes": [_counted(answers), *_anchor(rows)]}  # fmt: skip


def _nothing(why: str) -> dict[str, Any]:
    return {"columns": [], "rows": [], "range": None, "notes": [f"Nothing to show: {why}."]}


def _counted(answers: pd.DataFrame) -> str:
    listeners, prompts = answers["listener"].nunique(), answers["prompt_id"].nunique()
    trials = len(answers.drop_duplicates(["listener", "trial"]))
    return (
        f"{trials} trials of {listeners} listener{'s' if listeners > 1 else ''}, "
        f"{prompts} prompt{'s' if prompts > 1 else ''}; intervals are over prompts."
    )


def _trust(answers: pd.DataFrame, listener: str) -> list[str]:
    table = reliability(answers).set_index("listener")
    if listener not in table.index:
        return []
    own, notes = table.loc[listener], []
    if own["n_same"]:
        heard = round(own["same_heard"] * own["n_same"])
        notes.append(f"Hidden: {heard} of {own['n_same']:.0f} clips against themselves you called the same.")
    if own["n_again"]:
        alike = round(own["repeated"] * own["n_again"])
        notes.append(
            f"Hidden: {alike} of {own['n_again']:.0f} repeated pairs you answered as before; a guesser, a third."
        )
    return notes


def _anchor(rows: list[dict[str, Any]]) -> list[str]:
    if rows[-1]["level"] == "hidden anchor":
        return ["The hidden anchor, a clip without its treble, is rated lowest, as it should be."]
    return ["The hidden anchor, a clip without its treble, is not rated lowest: read the ratings with care."]


def _number(value: float) -> float | None:
    # JSON knows no NaN.
    return float(value) if np.isfinite(value) else None
