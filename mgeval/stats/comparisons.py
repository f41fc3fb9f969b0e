"""Compare two settings or two runs: difference, interval, p value and effect sizes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import Undefined, columns, metric_of
from mgeval.stats.effect_sizes import Effect, cliffs_delta, cohens_dz
from mgeval.stats.factors import LEVELS, check_metrics
from mgeval.stats.intervals import mean_interval, wrap
from mgeval.stats.multiple_tests import benjamini_hochberg, holm
from mgeval.stats.permutations import PValue, sign_flip
from mgeval.tables import CONTROL, GAP, NO_SETTING, own_clips

if TYPE_CHECKING:
    import pandas as pd

COMPARISON = (
    *("metric", "a", "b", "mean_a", "mean_b", "difference", "lo", "hi", "p", "p_holm", "p_bh"),
    *("dz", "dz_lo", "dz_hi", "delta", "delta_lo", "delta_hi", "n_pairs", "n_prompts", "test", "reason"),
)
RUNS = ("first", "second")
"""The names of the two tables in a comparison of tables."""

ALSO_DIFFERS = "the pairs also differ in "
"""Start of a reason that lists other settings in which the pairs differ."""


def compare(
    scores: pd.DataFrame,
    other: pd.DataFrame | None = None,
    by: str | None = None,
    metrics: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Compare settings of one table, or two tables: ``compare(scores, by="guidance")``, ``compare(scores, other)``.

    A pair is two clips with the same prompt and seed, and with the same value of every other setting that both sides
    vary within prompts. If a design has another temperature for each guidance, pairs differ in both: ``reason`` says
    so, and `effects` separates them. All statistics are over prompts: the difference is the mean of the prompts' mean
    differences, with the interval of `mean_interval`, the p value of `sign_flip`, and the effect sizes `cohens_dz` and
    `cliffs_delta`.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`. Controls are left out, unless ``by`` is ``"control"``.
    other : DataFrame, optional
        A second table, such as another model's on the same prompts; ``scores`` is then ``a`` and ``other`` is ``b``.
    by : str, optional
        A column of a single table: each of its values is compared with each later one, numbers in ascending order.
    metrics : str or sequence of str, optional
        By default all that both sides have. Categorical metrics cannot be compared.

    Returns
    -------
    pandas.DataFrame
        A row for each metric and pair of settings: ``metric``; ``a`` and ``b``, the settings; ``mean_a`` and
        ``mean_b`` over the pairs; ``difference``, b minus a, in the metric's unit, with ``lo`` and ``hi`` (95 %);
        ``p``, ``p_holm`` and ``p_bh`` (adjusted over all rows of the table: ask only for the metrics that you will
        report); ``dz`` and ``delta``, each with its 95 % interval; ``n_pairs``; ``n_prompts``; ``test``, the method
        for p; and ``reason``: why a number is NaN or p cannot be small, in which other settings the pairs differ
        (with two tables, those that vary within one), and how many clips have no partner.
        Differences of circular metrics, such as `image_angle`, are taken the shorter way round; if one exceeds a
        quarter of the period, p and ``dz``, which depend on signs, are NaN.

    Raises
    ------
    MetricError
        Neither or both of ``other`` and ``by`` are given, a column or metric does not exist, there are fewer than two
        settings, or several clips of a prompt and seed make the pairing ambiguous.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(p, g, 0.1 * g + 0.01 * p * g) for p in range(8) for g in (1, 3)]
    >>> scores = pd.DataFrame(rows, columns=["prompt_id", "guidance", "width"]).assign(seed=0)
    >>> compare(scores, by="guidance")[["metric", "a", "b", "difference", "p", "n_pairs"]].round(3).values.tolist()
    [['width', 1, 3, 0.27, 0.008, 8]]
    """
    import pandas as pd

    if (other is None) == (by is None):
        raise MetricError(
            "give either by or a second table: compare(scores, by='guidance') compares settings of one table, "
            "compare(a, b) two tables"
        )
    if other is not None:
        sides = {name: own_clips(table) for name, table in zip(RUNS, (scores, other), strict=True)}
    else:
        sides = split_by(scores, str(by))
    names = check_metrics([c for c in scores.columns if other is None or c in other.columns], metrics)
    rows = []
    for a, b in itertools.combinations(sides, 2):
        settings = _unmatched_settings(sides[a], sides[b], by)
        pairs, n_unpaired = match_pairs(sides[a], sides[b], str(a), str(b), by, [*names, *settings])
        notes = [_confounding_note(pairs, settings, by), _unpaired_note(n_unpaired)]
        rows += [{"metric": name, "a": a, "b": b, **_row(pairs, name, notes)} for name in names]
    table = pd.DataFrame(rows).assign(p_holm=lambda t: holm(t["p"]), p_bh=lambda t: benjamini_hochberg(t["p"]))
    # All settings of one metric together, for reading.
    order = np.argsort([names.index(name) for name in table["metric"]], kind="stable")
    return table.iloc[order].reset_index(drop=True)[list(COMPARISON)]


def split_by(scores: pd.DataFrame, by: str) -> dict[Any, pd.DataFrame]:
    """Return the rows of each value of a column, numbers in ascending order; raise unless there are 2 to 24 values."""
    import pandas as pd

    if by not in scores.columns:
        raise MetricError(f"the table has no column {by!r}: {nearest(by, map(str, scores.columns))}")
    scores = scores if by == CONTROL else own_clips(scores)
    groups = {(GAP if pd.isna(level) else level): part for level, part in scores.groupby(by, dropna=False)}
    if not 2 <= len(groups) <= LEVELS:
        raise MetricError(f"{by!r} must have 2 to {LEVELS} different values to compare by, got {len(groups)}")
    return groups


def match_pairs(
    first: pd.DataFrame, second: pd.DataFrame, a: str, b: str, by: str | None, names: list[str]
) -> tuple[pd.DataFrame, int]:
    """Return the pairs, with the columns ``names`` of each side, and how many clips have no partner."""
    for side in (first, second):
        if "prompt_id" not in side.columns:
            raise MetricError("the table has no column 'prompt_id': pairing needs the prompt of each clip")
    clips = len(first) + len(second)
    # Clips without a prompt do not share one. A prompt id of digits is a number in a CSV, but text in a store.
    first, second = (side[side["prompt_id"].notna()] for side in (first, second))
    first, second = (side.assign(prompt_id=side["prompt_id"].astype(str)) for side in (first, second))
    keys = _keys(first, second, by)
    for key in keys:
        if _is_text(first[key]) != _is_text(second[key]):
            raise MetricError(f"{key!r} is text on one side and numbers on the other: use one type to pair by it")
    for name, side in ((a, first), (b, second)):
        duplicates = side[side.duplicated(keys, keep=False)]
        if len(duplicates):
            raise MetricError(
                f"{name} holds several clips of one prompt and seed{_duplicates_note(duplicates, keys, by)}"
            )
    pairs = first[[*keys, *names]].merge(second[[*keys, *names]], on=keys, suffixes=(" a", " b"), validate="1:1")
    return pairs, clips - 2 * len(pairs)


def _keys(first: pd.DataFrame, second: pd.DataFrame, by: str | None) -> list[str]:
    """Return the columns to pair by: prompt, seed, and settings that vary within prompts on both sides."""
    keys = ["prompt_id", *(["seed"] if "seed" in first.columns and "seed" in second.columns else [])]
    shared = _shared_settings(first, second, by)
    # A missing value counts as a value: a setting left out, or clips without a seed.
    varied = [side.groupby(keys, dropna=False)[shared].nunique(dropna=False).max() > 1 for side in (first, second)]
    return keys + [c for c in shared if all(side[c] for side in varied)]


def _is_text(column: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.infer_dtype(column, skipna=True) == "string")


def _shared_settings(first: pd.DataFrame, second: pd.DataFrame, by: str | None) -> list[str]:
    """Return the settings that both sides have: columns that do not describe the clip or the prompt."""
    # A control's model only repeats its kind.
    skip = NO_SETTING | {by} | ({"model"} if by == CONTROL else set()) | set(columns(first.columns))
    return [c for c in first.columns if c in second.columns and c not in skip]


def _unmatched_settings(first: pd.DataFrame, second: pd.DataFrame, by: str | None) -> list[str]:
    """Return the settings that the two clips of a pair need not share."""
    keys = _keys(first, second, by) if "prompt_id" in first.columns and "prompt_id" in second.columns else []
    return [c for c in _shared_settings(first, second, by) if c not in keys]


def _confounding_note(pairs: pd.DataFrame, settings: list[str], by: str | None) -> str:
    """Return a note on the other settings in which the pairs differ; '' if there are none."""
    differing = []
    for name in settings:
        a, b = pairs[f"{name} a"], pairs[f"{name} b"]
        # A setting that is constant within each of two tables is part of what is compared.
        varied = by is not None or max(a.nunique(dropna=False), b.nunique(dropna=False)) > 1
        if varied and ((a != b) & ~(a.isna() & b.isna())).any():
            differing.append(name)
    return f"{ALSO_DIFFERS}{', '.join(map(repr, differing))}" if differing else ""


def _unpaired_note(clips: int) -> str:
    return f"{clips} {'clip has' if clips == 1 else 'clips have'} no partner" if clips else ""


def _duplicates_note(duplicates: pd.DataFrame, keys: list[str], by: str | None) -> str:
    """Return in which settings several clips on one side of a pair differ, and what to do."""
    settings = varied_settings(duplicates, keys, [] if by is None else [by])
    if not settings:
        return ", with the same settings: keep one of them"
    return f", which differ in {', '.join(map(repr, settings))}: keep one of its values"


def varied_settings(clips: pd.DataFrame, keys: list[str], ignore: Sequence[str] = ()) -> list[str]:
    """Return the settings that differ between clips with the same keys; ``ignore`` are left out."""
    cells, skip = clips.groupby(keys, dropna=False), NO_SETTING | {*keys, *ignore} | set(columns(clips.columns))
    return [c for c in clips.columns if c not in skip and cells[c].nunique(dropna=False).max() > 1]


def _row(pairs: pd.DataFrame, metric: str, notes: list[str]) -> dict[str, Any]:
    period = metric_of(metric).period
    a, b = (pairs[f"{metric} {side}"].to_numpy(float) for side in "ab")
    valid, prompts = ~(np.isnan(a) | np.isnan(b)), pairs["prompt_id"].to_numpy(object)
    a, b, prompts = a[valid], b[valid], prompts[valid]
    with np.errstate(invalid="ignore"):
        difference = wrap(b - a, period)
    mean, lo, hi, n_prompts = mean_interval(difference, prompts, period)
    p_value, dz = sign_flip(difference, prompts), cohens_dz(difference, prompts)
    delta = cliffs_delta(a, b, prompts)
    dz_reason = _undefined_note("dz", dz)
    # Axes at 89 and -89 degrees are 2 degrees apart, but would cancel in a sum with signs.
    if period and (np.abs(difference) > period / 4).any():
        nothing = Undefined("differences near half a period have no sign")
        p_value, dz, dz_reason = PValue(np.nan, "", nothing.reason), Effect(nothing, nothing, nothing), ""
    if period:
        nothing = Undefined("circular values have no order")
        delta = Effect(nothing, nothing, nothing)
    reasons = [p_value.reason] if n_prompts == 0 else [p_value.reason, dz_reason, _undefined_note("delta", delta)]
    if n_prompts == 1:
        reasons[1:] = ["one prompt has no interval and no effect size"]
    return {
        "mean_a": mean_interval(a, prompts, period).mean, "mean_b": mean_interval(b, prompts, period).mean,
        "difference": mean, "lo": lo, "hi": hi, "p": p_value.p,
        "dz": float(dz.value), "dz_lo": float(dz.lo), "dz_hi": float(dz.hi),
        "delta": float(delta.value), "delta_lo": float(delta.lo), "delta_hi": float(delta.hi),
        "n_pairs": len(a), "n_prompts": n_prompts, "test": p_value.name,
        "reason": "; ".join(reason for reason in [*reasons, *notes] if reason),
    }  # fmt: skip


def _undefined_note(name: str, effect: Effect) -> str:
    reason = next((value.reason for value in effect if isinstance(value, Undefined)), "")
    return f"{name}: {reason}" if reason else ""
