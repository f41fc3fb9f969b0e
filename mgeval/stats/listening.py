"""Statistics of listening tests: Bradley-Terry strengths, mean ratings, and the reliability of listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError
from mgeval.stats.intervals import LEVEL, mean_interval
from mgeval.tables import ANSWERS, GAP, require_columns

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "blind(clips, store).answers is such a table"

MIN_VARIANCE = 1e-12
"""Largest variance of a strength that counts as rounding; prompts that answer differently have a larger one."""


def preferences(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how strongly each level is preferred, by the Bradley-Terry model.

    ``P(i beats j) = 1 / (1 + exp(-(s_i - s_j)))`` with strengths ``s`` that add up to 0, fitted by maximum likelihood
    as a logistic regression (statsmodels); 'same' counts as half a win for each. The intervals treat answers on one
    prompt as dependent: sandwich covariance clustered by prompt, with Student's t of (prompts - 1) degrees of freedom.

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
        ``strength`` is NaN with a reason if there is no finite estimate: some levels never lost to the
        others, or were never compared with them (Ford 1957). The intervals are NaN with a reason if the sandwich
        covariance does not exist: there are no more prompts than levels, or all prompts have the same answers. A
        missing level is '(none)'.

    Raises
    ------
    MetricError
        A column is missing, or an answer is not one of the three.

    References
    ----------
    Bradley and Terry (1952), Rank analysis of incomplete block designs. Biometrika 39.
    Ford (1957), Solution of a ranking problem from binary comparisons. Am. Math. Monthly 64.
    """
    import pandas as pd

    answers = _pair_answers(answers, ("level_a", "level_b", "answer"))
    if len(wrong := answers[~answers["answer"].isin(ANSWERS)]):
        raise MetricError(f"an answer must be 'a', 'b' or 'same', got {wrong['answer'].iloc[0]!r}")
    sides = [_name_gaps(answers[side]) for side in ("level_a", "level_b")]
    levels = _sort_levels(set().union(*sides))
    numbers = {level: number for number, level in enumerate(levels)}
    a, b = (side.map(numbers).to_numpy(int) for side in sides)
    won = answers["answer"].map({"a": 1.0, "b": 0.0, "same": 0.5}).to_numpy(float)
    prompts = pd.factorize(answers["prompt_id"])[0]
    strength, lo, hi, reason = _strengths(a, b, won, prompts, len(levels))
    rows = []
    for i, level in enumerate(levels):
        involved = (a == i) | (b == i)
        share = float(np.where(a == i, won, 1 - won)[involved].mean())
        counts = {"n_answers": int(involved.sum()), "n_prompts": len(np.unique(prompts[involved]))}
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
        ``level`` ('anchor' for all anchors; '(none)' for missing levels), ``mean``, ``lo``, ``hi``
        (95 %, clustered by prompt as in `mgeval.summarise`), ``n_answers``, ``n_prompts``.

    Raises
    ------
    MetricError
        A column is missing, or a rating is outside 0 to 100.
    """
    import pandas as pd

    require_columns(answers, ("level", "rating", "prompt_id", "control"), SOURCE)
    values = pd.to_numeric(answers["rating"], errors="coerce")
    if not values.between(0, 100).all():
        raise MetricError(f"a rating must be from 0 to 100, got {answers['rating'][~values.between(0, 100)].iloc[0]!r}")
    level = _name_gaps(answers["level"]).where(answers["control"] != "anchor", "anchor")
    rows = []
    for name in [*_sort_levels(set(level) - {"anchor"}), "anchor"]:
        in_level = level == name
        mean, lo, hi, prompts = mean_interval(
            values[in_level].to_numpy(float), answers["prompt_id"][in_level].to_numpy()
        )
        rows.append(
            {"level": name, "mean": mean, "lo": lo, "hi": hi, "n_answers": int(in_level.sum()), "n_prompts": prompts}
        )
    return pd.DataFrame(rows)


def reliability(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how consistent each listener's answers to pairs are.

    Parameters
    ----------
    answers : DataFrame
        As for `preferences`, with ``listener``, ``a`` and ``b``.

    Returns
    -------
    pandas.DataFrame
        One row per listener: ``same_heard``, the share of clips paired with themselves that were called the same;
        ``repeated``, the share of repeated pairs with the same answer as before (by guessing: a third);
        ``n_same``, ``n_again``, ``n_answers``. NaN if there was no such trial.
    """
    import pandas as pd

    require_columns(answers, ("listener", "a", "b", "answer", "control"), SOURCE)
    rows = []
    for listener, part in answers.groupby("listener", sort=True):
        identical, repeats = part[part["control"] == "same"], part[part["control"] == "again"]
        pairs = part[part["control"] == ""]
        first_answers = {frozenset((row.a, row.b)): _winner(row) for row in pairs.itertuples()}
        agreements = [
            first_answers[pair] == _winner(row)
            for row in repeats.itertuples()
            if (pair := frozenset((row.a, row.b))) in first_answers
        ]
        rows.append({
            "listener": listener,
            "same_heard": float((identical["answer"] == "same").mean()) if len(identical) else np.nan,
            "repeated": float(np.mean(agreements)) if agreements else np.nan,
            "n_same": len(identical), "n_again": len(agreements), "n_answers": len(part),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _winner(row: Any) -> str:
    return {"a": row.a, "b": row.b}.get(row.answer, "same")


def _pair_answers(answers: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    require_columns(answers, (*columns, "prompt_id", "control"), SOURCE)
    pairs = answers[answers["control"].isna() | (answers["control"] == "")]
    if pairs.empty:
        raise MetricError("the table holds no answer to a pair yet")
    return pairs


def _name_gaps(levels: pd.Series) -> pd.Series:
    return levels.astype(object).where(levels.notna(), GAP)


def _sort_levels(levels: set[Any]) -> list[Any]:
    """Return levels in ascending order; sort by text if numbers and texts are mixed."""
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

    undefined = np.full(levels, np.nan)
    beats = coo_matrix((np.r_[won, 1 - won], (np.r_[a, b], np.r_[b, a])), shape=(levels, levels))
    beats.eliminate_zeros()
    if connected_components(beats, connection="strong")[0] > 1:
        reason = "some levels never lost to others, or were never compared with them: no finite strength"
        return undefined, undefined, undefined, reason
    design = np.zeros((len(won), levels))
    design[np.arange(len(won)), a] += 1
    design[np.arange(len(won)), b] -= 1
    # The strengths sum to zero: all but the last are free, and the last is minus their sum.
    contrasts = np.vstack([np.eye(levels - 1), -np.ones(levels - 1)])
    model = sm.GLM(won, design @ contrasts, family=sm.families.Binomial())
    clusters = len(np.unique(prompts))
    if clusters < 2:
        return contrasts @ model.fit().params, undefined, undefined, "one prompt: no interval"
    if clusters <= levels:
        # The prompts' scores sum to zero: so few of them cannot span a covariance of all strengths.
        return contrasts @ model.fit().params, undefined, undefined, "too few prompts: no interval"
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": prompts})
    strength, variance = contrasts @ fit.params, np.diag(contrasts @ fit.cov_params() @ contrasts.T)
    if not (variance > MIN_VARIANCE).all():
        return strength, undefined, undefined, "all prompts have the same answers: no interval"
    half = t.ppf((1 + LEVEL) / 2, clusters - 1) * np.sqrt(variance)
    return strength, strength - half, strength + half, ""
