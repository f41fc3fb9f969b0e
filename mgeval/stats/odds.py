"""Odds of failures: which settings and prompt attributes make clips fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.stats.factors import check_factors
from mgeval.stats.firth import TOLERANCE, logistic, separation
from mgeval.stats.intervals import LEVEL
from mgeval.stats.multiple_tests import benjamini_hochberg, holm
from mgeval.tables import GAP, cluster_numbers, own_clips

if TYPE_CHECKING:
    import pandas as pd

ODDS = (
    *("kind", "factor", "level", "reference", "odds_ratio", "lo", "hi", "p", "p_holm", "p_bh"),
    *("n_clips", "n_failed", "n_prompts", "reason"),
)
FINDING_COLUMNS = {"kind", "score", "flagged", "start_s", "end_s"}
MIN_COUNT = 5
"""Fewest prompts, failing clips and other clips for odds."""

UNBOUNDED = "it separates some failing clips, or some others, without exception: the odds are unbounded"


class _Term(NamedTuple):
    """A term of the model: a level against its reference."""

    factor: Any
    level: Any
    reference: Any
    values: np.ndarray


def predict_failure(
    failures: pd.DataFrame, factors: str | Sequence[str] | None = None, kinds: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Estimate how settings and prompt attributes change the odds of each kind of failure.

    For each kind, fit a logistic model of all factors together, after Firth (bias-reduced, so that rare failures do
    not inflate the odds), with Student's intervals from a jackknife over prompts. The odds ratio of a term says how
    many times higher the odds of the failure are at its ``level`` than at its ``reference``, other factors being
    equal, over the prompts that were tried.

    Parameters
    ----------
    failures : DataFrame
        From `mgeval.failure_table`; controls are left out. Clips that could not be judged do not count.
    factors : str or sequence of str, optional
        Columns; by default all that were swept. A numeric column is one term, from the lowest to the highest value,
        linear in log odds; any other column has a term for each value against its most frequent one.
    kinds : str or sequence of str, optional
        Kinds of failure; by default all in the table.

    Returns
    -------
    pandas.DataFrame
        A row for each kind and term: ``kind``, ``factor``, ``level``, ``reference``, ``odds_ratio`` with ``lo`` and
        ``hi`` (95 %), ``p`` (of a ratio of 1), ``p_holm`` and ``p_bh`` over the table, ``n_clips``, ``n_failed``
        clips with the failure, ``n_prompts``, and ``reason``, which replaces the ratio if a failure never or always
        happens or is too rare, a level has it always or never, or a column has a single value. Clips whose outcome
        one level determines are left out of the ratios of the other terms. `mgeval.plots.forest` draws the table.

    Raises
    ------
    MetricError
        The table is not one of failures, a column or kind does not exist, or nothing was varied.
    """
    import pandas as pd

    for column in ("key", "kind", "flagged", "score"):
        if column not in failures.columns:
            raise MetricError(f"the table has no column {column!r}: failure_table(store) makes a table of failures")
    failures = own_clips(failures)
    clips = failures.drop_duplicates("key").drop(columns=[c for c in FINDING_COLUMNS if c in failures.columns])
    factors, all_kinds = check_factors(clips, factors), list(dict.fromkeys(failures["kind"]))
    kinds = all_kinds if kinds is None else [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in kinds:
        if kind not in all_kinds:
            raise MetricError(f"the table holds no failure {kind!r}: {nearest(kind, all_kinds)}")
    if pd.api.types.infer_dtype(failures["flagged"], skipna=True) == "string":
        raise MetricError("the column 'flagged' must be True or False, got text, which would all count as failures")
    # A missing value counts as no failure; converted to bool, NaN would count as one.
    flagged = failures["flagged"].eq(True).fillna(False).astype(bool)
    judged = failures.assign(flagged=flagged)[failures["score"].notna() | flagged]
    flags = judged.groupby(["kind", "key"])["flagged"].any()
    rows: list[dict[str, Any]] = []
    for kind in kinds:
        kind_flags: Any = flags.loc[kind] if kind in flags.index.get_level_values(0) else flags.iloc[:0].droplevel(0)
        judged_clips = clips[clips["key"].isin(kind_flags.index)]
        failed = kind_flags.reindex(judged_clips["key"]).to_numpy(float)
        rows += [{"kind": kind, **row} for row in _kind_rows(failed, judged_clips, clips, factors)]
    table = pd.DataFrame(rows).assign(p_holm=lambda t: holm(t["p"]), p_bh=lambda t: benjamini_hochberg(t["p"]))
    return table[list(ODDS)]


def _kind_rows(
    failed: np.ndarray, clips: pd.DataFrame, every: pd.DataFrame, factors: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows of a kind of failure."""
    # Use the levels of all clips, so that all kinds have the same rows.
    terms = [term for name in factors for term in _terms(every[name], clips[name])]
    index, prompts = cluster_numbers(clips["prompt_id"].to_numpy(object))
    count = int(failed.sum())
    size = {"n_clips": len(failed), "n_failed": count, "n_prompts": prompts}
    reasons = [_rarity_reason(count, len(failed), prompts)] * len(terms)
    numbers = np.full((len(terms), 4), np.nan)
    if terms and not reasons[0]:
        numbers, reasons = _ratios(terms, failed, index)
    return [
        {
            "factor": term.factor,
            "level": term.level,
            "reference": term.reference,
            **dict(zip(("odds_ratio", "lo", "hi", "p"), map(float, row), strict=True)),
            **size,
            "reason": reason,
        }
        for term, row, reason in zip(terms, numbers, reasons, strict=True)
    ]


def _terms(every: pd.Series, judged: pd.Series) -> list[_Term]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(every) and not pd.api.types.is_bool_dtype(every):
        finite, values = every[np.isfinite(every.to_numpy(float))], judged.to_numpy(float)
        low, high = finite.min(), finite.max()
        if not high > low:
            return [_Term(every.name, high, low, np.zeros(len(judged)))]
        return [_Term(every.name, high, low, (np.where(np.isfinite(values), values, np.nan) - low) / (high - low))]
    all_levels = every.astype(object).where(every.notna(), GAP)
    judged_levels, levels = judged.astype(object).where(judged.notna(), GAP), list(dict.fromkeys(all_levels))
    reference = max(levels, key=lambda level: int((all_levels == level).sum()))
    others = [level for level in levels if level != reference]
    # A factor with one level gets a row with a reason: its term is the reference against itself, equal for all clips.
    return [
        _Term(every.name, level, reference, ((judged_levels == level) & (level != reference)).to_numpy(float))
        for level in others or [reference]
    ]


def _rarity_reason(count: int, clips: int, prompts: int) -> str:
    """Return why a kind of failure has no odds; '' if it has."""
    if clips == 0:
        return "no clip could be judged"
    if count in (0, clips):
        return f"{'no clip' if count == 0 else 'every clip'} has it"
    if prompts < MIN_COUNT:
        return f"{prompts} prompts are too few: odds over prompts need {MIN_COUNT}"
    if min(count, clips - count) < MIN_COUNT:
        return f"only {min(count, clips - count)} clips {'have it' if count < clips - count else 'do not have it'}"
    return ""


def _ratios(terms: list[_Term], failed: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return odds ratio, interval and p of each term, and the reasons of undefined ones."""
    from scipy.stats import t

    numbers, (reasons, undecided) = np.full((len(terms), 4), np.nan), _screen_terms(terms, failed)
    # Estimate the other terms without the clips that one term decides, as the limit of unbounded odds does.
    failed, index = failed[undecided], np.unique(index[undecided], return_inverse=True)[1]
    rare = _rarity_reason(int(failed.sum()), len(failed), len(np.unique(index)))
    columns, used = [np.ones(len(failed))], []
    for number, term in enumerate(terms):
        design = np.column_stack([*columns, term.values[undecided]])
        if reasons[number]:
            continue
        if rare:
            reasons[number] = f"among the clips that no other term decides: {rare}"
        elif np.linalg.matrix_rank(design) < design.shape[1]:
            reasons[number] = "cannot be separated from the terms before it"
        else:
            columns.append(term.values[undecided])
            used.append(number)
    if not used:
        return numbers, reasons
    x = np.column_stack(columns)
    fit, unbounded, freedom = logistic(x, failed, index), separation(x, failed) != 0, int(index.max())
    for number, beta, error, is_unbounded in zip(used, fit.beta[1:], fit.error[1:], unbounded[1:], strict=True):
        if is_unbounded:
            reasons[number] = f"with other terms {UNBOUNDED}"
        elif not fit.converged:
            reasons[number] = "the model did not converge"
        elif not error > 0:
            reasons[number] = "a single prompt decides it"
        else:
            half = t.ppf((1 + LEVEL) / 2, freedom) * error
            with np.errstate(over="ignore"):
                numbers[number, :3] = np.exp([beta, beta - half, beta + half])
            numbers[number, 3] = 2 * t.sf(abs(beta / error), freedom)
    return numbers, reasons


def _screen_terms(terms: list[_Term], failed: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return for each term why it has no ratio regardless of the others ('' if it has), and the undecided clips."""
    reasons, undecided = [], np.ones(len(failed), bool)
    for term in terms:
        reason = ""
        if np.isnan(term.values).any():
            reason = "some clips have no finite value of it"
        elif np.ptp(term.values) == 0:
            reason = "all clips that could be judged have the same value"
        else:
            x = np.column_stack([np.ones(len(failed)), term.values])
            direction = separation(x, failed)
            if direction[1]:
                reason, undecided = f"alone {UNBOUNDED}", undecided & (np.abs(x @ direction) < TOLERANCE)
        reasons.append(reason)
    return reasons, undecided
