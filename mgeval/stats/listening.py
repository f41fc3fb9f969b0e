"""What listeners prefer: strengths by Bradley and Terry, mean ratings, and whether answers can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats.intervals import mean_interval
from mgeval.tables import ANSWERS, GAP

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95

MIN_VARIANCE = 1e-12
"""Variance of a strength up to which it is rounding: no prompts differ so little that answer at all differently."""


def preferences(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how strongly each level is preferred, by the model of Bradley and Terry.

    ``P(i beats j) = 1 / (1 + exp(-(s_i - s_j)))`` with strengths ``s`` that add up to 0, fitted by maximum likelihood
    as a logistic regression (statsmodels); 'same' counts as half a win of each. Intervals take answers on one prompt
    as dependent: sandwich covariance clustered by prompt, with Student's t of (prompts - 1) degrees of freedom.

    Parameters
    ----------
    answers : DataFrame
        One row per answer to a comparison of two clips: ``level_a``, ``level_b``, ``answer``
        ('a', 'b' or 'same'), ``prompt_id``, ``control``. Hidden controls are left out.

    Returns
    -------
    pandas.DataFrame
        One row per level: ``level``, ``strength`` (log odds against the average level), ``lo``, ``hi``,
        ``win_share`` (0 to 1), ``n_answers``, ``n_prompts``, ``reason``.
        ``strength`` is NaN with a reason where the answers allow no finite one: some levels never lose to the
        others, or were never compared with them (Ford 1957). The intervals are NaN with a reason where the sandwich
        has none: with no more prompts than levels, or where all prompts answer alike. A gap is the level '(none)'.

    Raises
    ------
    MetricError
        A column is missing, or an answer is none of the three.

    References
    ----------
    Bradley and Terry (1952), Rank analysis of incomplete block designs. Biometrika 39.
    Ford (1957), Solution of a ranking problem from binary comparisons. Am. Math. Monthly 64.
    """
    import pandas as pd

    answers = _pair_answers(answers, ("level_a", "level_b", "answer"))
    if len(wrong := answers[~answers["answer"].isin(ANSWERS)]):
        raise MetricError(f"an answer is {wrong['answer'].iloc[0]!r}: 'a', 'b' or 'same' is needed")
    sides = [_name_gaps(answers[side]) for side in ("level_a", "level_b")]
    levels = _sort_levels(set().union(*sides))
    place = {level: number for number, level in enumerate(levels)}
    a, b = (side.map(place).to_numpy(int) for side in sides)
    won = answers["answer"].map({"a": 1.0, "b": 0.0, "same": 0.5}).to_numpy(float)
    prompts = pd.factorize(answers["prompt_id"])[0]
    strength, lo, hi, reason = _strengths(a, b, won, prompts, len(levels))
    rows = []
    for i, level in enumerate(levels):
        mine = (a == i) | (b == i)
        share = float(np.where(a == i, won, 1 - won)[mine].mean())
        counts = {"n_answers": int(mine.sum()), "n_prompts": len(np.unique(prompts[mine]))}
        fitted = {"strength": strength[i], "lo": lo[i], "hi": hi[i], "win_share": share}
        rows.append({"level": level, **fitted, **counts, "reason": reason})
    return pd.DataFrame(rows)


def ratings(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the mean rating of each level, and of the hidden anchor.

    Parameters
    ----------
    answers : DataFrame
        One row per rated clip of a rating test: ``level``, ``control``, ``rating``
        (0 to 100), ``prompt_id``.

    Returns
    -------
    pandas.DataFrame
        ``level`` ('anchor' for the anchors, whatever they were made of; '(none)' for gaps), ``mean``, ``lo``, ``hi``
        (95 %, clustered by prompt as in `mgeval.summarise`), ``n_answers``, ``n_prompts``.

    Raises
    ------
    MetricError
        A column is missing, or a rating lies outside 0 to 100.
    """
    import pandas as pd

    _require_columns(answers, ("level", "rating", "prompt_id", "control"))
    values = pd.to_numeric(answers["rating"], errors="coerce")
    if not values.between(0, 100).all():
        raise MetricError(f"a rating is {answers['rating'][~values.between(0, 100)].iloc[0]!r}: 0 to 100 is needed")
    level = _name_gaps(answers["level"]).where(answers["control"] != "anchor", "anchor")
    rows = []
    for name in [*_sort_levels(set(level) - {"anchor"}), "anchor"]:
        mine = level == name
        mean, lo, hi, prompts = mean_interval(values[mine].to_numpy(float), answers["prompt_id"][mine].to_numpy())
        rows.append(
            {"level": name, "mean": mean, "lo": lo, "hi": hi, "n_answers": int(mine.sum()), "n_prompts": prompts}
        )
    return pd.DataFrame(rows)


def reliability(answers: pd.DataFrame) -> pd.DataFrame:
    """Say how far each listener's answers to pairs can be trusted.

    Parameters
    ----------
    answers : DataFrame
        As `preferences` takes it, with ``listener``, ``a`` and ``b``.

    Returns
    -------
    pandas.DataFrame
        One row per listener: ``same_heard``, the share of clips against themselves that were called the same;
        ``repeated``, the share of repeated pairs that got the same answer as before (a guesser: a third);
        ``n_same``, ``n_again``, ``n_answers``. NaN where there was no such trial.
    """
    import pandas as pd

    _require_columns(answers, ("listener", "a", "b", "answer", "control"))
    rows = []
    for listener, mine in answers.groupby("listener", sort=True):
        same, again = mine[mine["control"] == "same"], mine[mine["control"] == "again"]
        before = {frozenset((row.a, row.b)): _winner(row) for row in mine[mine["control"] == ""].itertuples()}
        agreed = [
            before[pair] == _winner(row) for row in again.itertuples() if (pair := frozenset((row.a, row.b))) in before
        ]
        rows.append({
            "listener": listener,
            "same_heard": float((same["answer"] == "same").mean()) if len(same) else np.nan,
            "repeated": float(np.mean(agreed)) if agreed else np.nan,
            "n_same": len(same), "n_again": len(agreed), "n_answers": len(mine),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _winner(row: Any) -> str:
    return {"a": row.a, "b": row.b}.get(row.answer, "same")


def _require_columns(answers: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    if missing := [column for column in wanted if column not in answers.columns]:
        raise MetricError(f"the answers have no column {missing[0]!r}")


def _pair_answers(answers: pd.DataFrame, wanted: tuple[str, ...]) -> pd.DataFrame:
    _require_columns(answers, (*wanted, "prompt_id", "control"))
    asked = answers[answers["control"].isna() | (answers["control"] == "")]
    if asked.empty:
        raise MetricError("there is no answer to a pair yet")
    return asked


def _name_gaps(levels: pd.Series) -> pd.Series:
    return levels.astype(object).where(levels.notna(), GAP)


def _sort_levels(levels: set[Any]) -> list[Any]:
    """Return levels in ascending order; by their texts where numbers and texts are mixed."""
    try:
        return sorted(levels)
    except TypeError:
        return sorted(levels, key=str)


def _strengths(
    a: np.ndarray, b: np.ndarray, won: np.ndarray, prompts: np.ndarray, levels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Return strengths that sum to zero, their intervals, and why they are undefined."""
    import statsmodels.api as sm
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.stats import t

    nothing = np.full(levels, np.nan)
    beats = coo_matrix((np.r_[won, 1 - won], (np.r_[a, b], np.r_[b, a])), shape=(levels, levels))
    beats.eliminate_zeros()
    if connected_components(beats, connection="strong")[0] > 1:
        return nothing, nothing, nothing, "some levels never lost to others, or never met them: no finite strength"
    design = np.zeros((len(won), levels))
    design[np.arange(len(won)), a] += 1
    design[np.arange(len(won)), b] -= 1
    # The sum is zero: each level but the last is free, and the last is minus their sum.
    whole = np.vstack([np.eye(levels - 1), -np.ones(levels - 1)])
    model = sm.GLM(won, design @ whole, family=sm.families.Binomial())
    clusters = len(np.unique(prompts))
    if clusters < 2:
        return whole @ model.fit().params, nothing, nothing, "one prompt: no interval"
    if clusters <= levels:
        # The prompts' scores sum to zero: so few of them span no covariance of all strengths.
        return whole @ model.fit().params, nothing, nothing, "too few prompts: no interval"
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": prompts})
    strength, variance = whole @ fit.params, np.diag(whole @ fit.cov_params() @ whole.T)
    if not (variance > MIN_VARIANCE).all():
        return strength, nothing, nothing, "the prompts answer alike: no interval"
    half = t.ppf((1 + LEVEL) / 2, clusters - 1) * np.sqrt(variance)
    return strength, strength - half, strength + half, ""
