"""Which settings and prompts make clips fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.stats.factors import check_factors
from mgeval.stats.firth import TOLERANCE, logistic, separation
from mgeval.stats.intervals import LEVEL
from mgeval.stats.permutations import benjamini_hochberg, holm
from mgeval.tables import GAP, cluster_numbers, own_clips

if TYPE_CHECKING:
    import pandas as pd

ODDS = (
    *("kind", "factor", "level", "reference", "odds_ratio", "lo", "hi", "p", "p_holm", "p_bh"),
    *("n_clips", "n_failed", "n_prompts", "reason"),
)
FINDING_COLUMNS = {"kind", "score", "flagged", "start_s", "end_s"}
MIN_COUNT = 5
"""Prompts, and clips that fail and that do not, from which on odds are given."""

UNBOUNDED = "it tells some clips that fail, or do not, without exception: the odds have no bound"


class _Term(NamedTuple):
    """A column of the model."""

    factor: Any
    level: Any
    reference: Any
    values: np.ndarray


def predict_failure(
    failures: pd.DataFrame, factors: str | Sequence[str] | None = None, kinds: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Say which settings and prompt attributes raise the odds of each kind of failure.

    For each kind a logistic model of all factors together, after Firth (bias-reduced, so that rare failures do not
    inflate the odds), with Student's intervals on a jackknife over prompts. The odds ratio of a term says how many
    times higher the odds of the failure are at its ``level`` than at its ``reference``, the other factors alike, over
    the mixture of prompts that were tried.

    Parameters
    ----------
    failures : DataFrame
        From `mgeval.failure_table`; controls are left out. Clips that could not be judged do not count.
    factors : str or sequence of str, optional
        Columns; by default all that were swept. Numbers are one term, from the lowest to the highest value, taken as
        linear in log odds; anything else has a term for each value against its most frequent one.
    kinds : str or sequence of str, optional
        Of failure; by default all in the table.

    Returns
    -------
    pandas.DataFrame
        A row for each kind and term: ``kind``, ``factor``, ``level``, ``reference``, ``odds_ratio`` with ``lo`` and
        ``hi`` (95 %), ``p`` (that the ratio is 1), ``p_holm`` and ``p_bh`` over the table, ``n_clips``, ``n_failed``
        clips with the failure, ``n_prompts``, and ``reason``: where a failure never or always happens, is too rare,
        a level has it always or never, or a column holds one value only, there is no ratio but this. What one level
        decides says nothing of the other terms, whose ratios are of the clips that are left. `mgeval.plots.forest`
        draws the table.

    Raises
    ------
    MetricError
        The table is not one of failures, no such column or kind, or nothing was varied.
    """
    import pandas as pd

    for column in ("key", "kind", "flagged", "score"):
        if column not in failures.columns:
            raise MetricError(f"the table has no column {column!r}: failure_table(store) makes one of failures")
    failures = own_clips(failures)
    clips = failures.drop_duplicates("key").drop(columns=[c for c in FINDING_COLUMNS if c in failures.columns])
    factors, there = check_factors(clips, factors), list(dict.fromkeys(failures["kind"]))
    kinds = there if kinds is None else [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in kinds:
        if kind not in there:
            raise MetricError(f"the table holds no failure {kind!r}: {nearest(kind, there)}")
    if pd.api.types.infer_dtype(failures["flagged"], skipna=True) == "string":
        raise MetricError("the column 'flagged' is text, and any text would count as a failure: make it True and False")
    # A gap says nothing, as a NaN that is turned into a bool would.
    flagged = failures["flagged"].eq(True).fillna(False).astype(bool)
    judged = failures.assign(flagged=flagged)[failures["score"].notna() | flagged]
    found = judged.groupby(["kind", "key"])["flagged"].any()
    rows: list[dict[str, Any]] = []
    for kind in kinds:
        own: Any = found.loc[kind] if kind in found.index.get_level_values(0) else found.iloc[:0].droplevel(0)
        known = clips[clips["key"].isin(own.index)]
        failed = own.reindex(known["key"]).to_numpy(float)
        rows += [{"kind": kind, **row} for row in _kind_rows(failed, known, clips, factors)]
    table = pd.DataFrame(rows).assign(p_holm=lambda t: holm(t["p"]), p_bh=lambda t: benjamini_hochberg(t["p"]))
    return table[list(ODDS)]


def _kind_rows(
    failed: np.ndarray, clips: pd.DataFrame, every: pd.DataFrame, factors: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows of a kind of failure."""
    # Levels are those of all clips, so that kinds have the same rows.
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
            **{"factor": term.factor, "level": term.level, "reference": term.reference},
            **dict(zip(("odds_ratio", "lo", "hi", "p"), map(float, row), strict=True)),
            **size,
            "reason": reason,
        }
        for term, row, reason in zip(terms, numbers, reasons, strict=True)
    ]


def _terms(every: pd.Series, own: pd.Series) -> list[_Term]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(every) and not pd.api.types.is_bool_dtype(every):
        finite, values = every[np.isfinite(every.to_numpy(float))], own.to_numpy(float)
        low, high = finite.min(), finite.max()
        if not high > low:
            return [_Term(every.name, high, low, np.zeros(len(own)))]
        return [_Term(every.name, high, low, (np.where(np.isfinite(values), values, np.nan) - low) / (high - low))]
    named = every.astype(object).where(every.notna(), GAP)
    chosen, levels = own.astype(object).where(own.notna(), GAP), list(dict.fromkeys(named))
    reference = max(levels, key=lambda level: int((named == level).sum()))
    others = [level for level in levels if level != reference]
    # What was not varied has a row too, and a reason: a term of its reference against itself, which all clips share.
    return [
        _Term(every.name, level, reference, ((chosen == level) & (level != reference)).to_numpy(float))
        for level in others or [reference]
    ]


def _rarity_reason(count: int, clips: int, prompts: int) -> str:
    """Say why a kind has no odds; '' if it has."""
    if clips == 0:
        return "no clip could be judged"
    if count in (0, clips):
        return f"{'no clip' if count == 0 else 'every clip'} has it"
    if prompts < MIN_COUNT:
        return f"{prompts} prompts are too few: odds over prompts need {MIN_COUNT}"
    if min(count, clips - count) < MIN_COUNT:
        return f"only {min(count, clips - count)} clips {'have it' if count < clips - count else 'are without'}"
    return ""


def _ratios(terms: list[_Term], failed: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return odds ratio, interval and p of each term, and why there are none."""
    from scipy.stats import t

    numbers, (reasons, left) = np.full((len(terms), 4), np.nan), _screen_terms(terms, failed)
    # What one term decides says nothing of the others: they are of the clips that are left, as in the limit.
    failed, index = failed[left], np.unique(index[left], return_inverse=True)[1]
    rare = _rarity_reason(int(failed.sum()), len(failed), len(np.unique(index)))
    columns, kept = [np.ones(len(failed))], []
    for place, term in enumerate(terms):
        tried = np.column_stack([*columns, term.values[left]])
        if reasons[place]:
            continue
        if rare:
            reasons[place] = f"of the clips that no other term decides: {rare}"
        elif np.linalg.matrix_rank(tried) < tried.shape[1]:
            reasons[place] = "cannot be told apart from the terms before it"
        else:
            columns.append(term.values[left])
            kept.append(place)
    if not kept:
        return numbers, reasons
    x = np.column_stack(columns)
    found, endless, free = logistic(x, failed, index), separation(x, failed) != 0, int(index.max())
    for place, beta, error, apart in zip(kept, found.beta[1:], found.error[1:], endless[1:], strict=True):
        if apart:
            reasons[place] = f"with other terms {UNBOUNDED}"
        elif not found.converged:
            reasons[place] = "the model found no solution"
        elif not error > 0:
            reasons[place] = "a single prompt decides it"
        else:
            half = t.ppf((1 + LEVEL) / 2, free) * error
            with np.errstate(over="ignore"):
                numbers[place, :3] = np.exp([beta, beta - half, beta + half])
            numbers[place, 3] = 2 * t.sf(abs(beta / error), free)
    return numbers, reasons


def _screen_terms(terms: list[_Term], failed: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Say of each term why it can have no ratio whatever the others are, '' if it can; and which clips none decides."""
    reasons, left = [], np.ones(len(failed), bool)
    for term in terms:
        reason = ""
        if np.isnan(term.values).any():
            reason = "some clips have no finite number of it"
        elif np.ptp(term.values) == 0:
            reason = "the clips that could be judged are all alike in it"
        else:
            x = np.column_stack([np.ones(len(failed)), term.values])
            direction = separation(x, failed)
            if direction[1]:
                reason, left = f"alone {UNBOUNDED}", left & (np.abs(x @ direction) < TOLERANCE)
        reasons.append(reason)
    return reasons, left
