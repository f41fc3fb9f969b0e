"""The results of blind listening for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats import preferences, ratings, reliability
from mgeval.wording import level_text

if TYPE_CHECKING:
    import pandas as pd


def preference_results(answers: pd.DataFrame, listener: str) -> dict[str, Any]:
    """Return the preferences of all answers as JSON: ``rows``, ``range``, ``columns`` and ``notes``."""
    try:
        table = preferences(answers)
    except MetricError as error:
        return _empty_results(str(error))
    rows = [
        {
            "level": level_text(row["level"]), "mean": _json_number(row["strength"]), "lo": _json_number(row["lo"]),
            "hi": _json_number(row["hi"]), "text": f"{100 * row['win_share']:.0f} %",
        }
        for row in table.sort_values(["strength", "win_share"], ascending=False, kind="stable").to_dict("records")
    ]  # fmt: skip
    # All levels share one reason, because they are fitted together.
    notes = [_count_note(answers), *filter(None, [table["reason"].iloc[0]]), *_reliability_notes(answers, listener)]
    return {"columns": ["Preferred", "Strength: log odds against the average, 95 % interval"], "rows": rows,
            "range": None, "notes": notes}  # fmt: skip


def rating_results(answers: pd.DataFrame, listener: str) -> dict[str, Any]:
    """Return the mean ratings of all answers as JSON, like `preference_results`."""
    if answers.empty:
        return _empty_results("there is no rating yet")
    table: list[Any] = list(ratings(answers).sort_values("mean", ascending=False, kind="stable").itertuples())
    rows = [
        {
            "level": "hidden anchor" if row.level == "anchor" else level_text(row.level), "text": f"{row.mean:.0f}",
            "mean": _json_number(row.mean), "lo": _json_number(row.lo), "hi": _json_number(row.hi),
        }
        for row in table
    ]  # fmt: skip
    return {"columns": ["Mean", "Mean rating and 95 % interval, 0 to 100"], "rows": rows, "range": [0, 100],
            "notes": [_count_note(answers), *_anchor_note(rows)]}  # fmt: skip


def _empty_results(reason: str) -> dict[str, Any]:
    return {"columns": [], "rows": [], "range": None, "notes": [f"Nothing to show: {reason}."]}


def _count_note(answers: pd.DataFrame) -> str:
    listeners, prompts = answers["listener"].nunique(), answers["prompt_id"].nunique()
    trials = len(answers.drop_duplicates(["listener", "trial"]))
    return (
        f"{trials} trials of {listeners} listener{'s' if listeners > 1 else ''}, "
        f"{prompts} prompt{'s' if prompts > 1 else ''}; intervals are over prompts."
    )


def _reliability_notes(answers: pd.DataFrame, listener: str) -> list[str]:
    table = reliability(answers).set_index("listener")
    if listener not in table.index:
        return []
    row: Any = table.loc[listener]
    notes = []
    if row["n_same"]:
        correct = round(row["same_heard"] * row["n_same"])
        notes.append(f"Hidden trials: you called {correct} of {row['n_same']:.0f} clips the same as themselves.")
    if row["n_again"]:
        equal = round(row["repeated"] * row["n_again"])
        notes.append(
            f"Hidden trials: you answered {equal} of {row['n_again']:.0f} repeated pairs as before (guessing: a third)."
        )
    return notes


def _anchor_note(rows: list[dict[str, Any]]) -> list[str]:
    if rows[-1]["level"] == "hidden anchor":
        return ["The hidden anchor, a clip without its treble, is rated lowest, as expected."]
    return ["The hidden anchor, a clip without its treble, is not rated lowest: read the ratings with care."]


def _json_number(value: float) -> float | None:
    # JSON has no NaN.
    return float(value) if np.isfinite(value) else None
