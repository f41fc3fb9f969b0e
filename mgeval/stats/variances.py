"""Variance components: how much of a metric's variance each swept factor explains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import metric_of
from mgeval.stats.factors import LEVELS, check_factors, check_metrics
from mgeval.stats.intervals import power_of_two_unit
from mgeval.stats.multiple_tests import holm
from mgeval.stats.permutations import INFINITE, PValue, shuffle_between, shuffle_within
from mgeval.tables import cluster_numbers, own_clips

if TYPE_CHECKING:
    import pandas as pd

EFFECTS = ("metric", "factor", "share", "p", "p_holm", "levels", "n_clips", "n_prompts", "test", "model", "reason")
PROMPT, REST = "(prompt)", "(rest)"
GROUPS = 5
"""Groups of equal size into which a number with too many values is cut."""


class _Fit(NamedTuple):
    """A fit by least squares or a mixed model: coefficients, their covariance, and the variance components."""

    beta: np.ndarray
    covariance: np.ndarray
    prompt: float
    rest: float
    name: str
    reason: str = ""
    """Why the variance of prompts is undefined."""


def effects(
    scores: pd.DataFrame, factors: str | Sequence[str] | None = None, metrics: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Estimate how much of each metric's variance the swept factors explain.

    The model is mixed, ``y = sum of the factors' levels + prompt + rest``, with prompt and rest random (REML, by
    statsmodels). If it does not converge, least squares is used, with the prompts' variance by the method of moments
    (Henderson's third, 1953). The share of a factor is the variance over clips of its levels' contributions, minus
    what chance alone would add, over the sum of all parts (Nakagawa and Schielzeth 2013). It depends on the values
    swept: a wider range explains more.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`; controls are left out.
    factors : str or sequence of str, optional
        Columns of settings or prompt attributes; by default all that were swept. Numbers with more than 24 values are
        cut into 5 groups of equal size.
    metrics : str or sequence of str, optional
        By default all. Circular metrics, such as `image_angle`, are left out.

    Returns
    -------
    pandas.DataFrame
        For each metric a row for each factor, one for ``(prompt)``, the differences between prompts beyond their
        attributes, and one for ``(rest)``, seeds and interactions: ``share`` (0..1; those of a metric add up to 1);
        ``p`` (of `shuffle_within` if the factor varies within prompts, on the prompts that have all levels, otherwise
        of `shuffle_between`; the other factors' effects are removed first) and ``p_holm`` over the table; ``levels``;
        ``n_clips``; ``n_prompts``; ``test``; ``model``; ``reason`` for a missing number.

    Raises
    ------
    MetricError
        A column or metric does not exist, all metrics are circular, nothing was varied, or the table is empty.
    """
    import pandas as pd

    scores = own_clips(scores)
    factors = check_factors(scores, factors)
    names = [name for name in check_metrics(scores.columns, metrics) if not metric_of(name).period]
    if not names:
        raise MetricError("circular metrics have no shares of variance, and there is no other metric")
    groups = pd.DataFrame({name: _levels(scores[name]) for name in factors}, index=scores.index)
    prompts = cluster_numbers(scores["prompt_id"].to_numpy(object))[0]
    rows: list[dict[str, Any]] = []
    for name in names:
        y = scores[name].to_numpy(float)
        valid = ~np.isnan(y)
        metric_rows = _metric_rows(y[valid], groups[valid], prompts[valid])
        rows += [{"metric": name, **row} for row in metric_rows]
    table = pd.DataFrame(rows, columns=[column for column in EFFECTS if column != "p_holm"])
    return table.assign(p_holm=holm(table["p"]))[list(EFFECTS)]


def _levels(column: pd.Series) -> pd.Series:
    import pandas as pd

    if column.nunique() > LEVELS and pd.api.types.is_numeric_dtype(column):
        column = pd.qcut(column, GROUPS, labels=False, duplicates="drop")
    return pd.Series(pd.factorize(column, use_na_sentinel=False)[0], column.index)


def _metric_rows(y: np.ndarray, groups: pd.DataFrame, prompts: np.ndarray) -> list[dict[str, Any]]:
    """Return the rows of a metric."""
    size = {"n_clips": len(y), "n_prompts": len(np.unique(prompts))}
    parts = {name: _dummies(groups[name].to_numpy()) for name in groups if len(y)}
    reason = _unusable_reason(y, size["n_prompts"], parts)
    empty = {"share": np.nan, "p": np.nan, "test": "", "model": ""}
    if reason:
        rows = [{"factor": name, **empty, "levels": groups[name].nunique(), "reason": reason} for name in groups]
        rows += [{"factor": name, **empty, "levels": np.nan, "reason": reason} for name in (PROMPT, REST)]
        return [{**row, **size} for row in rows]
    y = y / power_of_two_unit(y)
    y = (y - y.mean()) / y.std()
    x = np.column_stack([np.ones(len(y)), *parts.values()])
    fit = _fit(y, x, prompts)
    ends = 1 + np.cumsum([part.shape[1] for part in parts.values()])
    slices = {name: slice(end - part.shape[1], end) for (name, part), end in zip(parts.items(), ends, strict=True)}
    explained = {n: _explained_variance(parts[n], fit.beta[at], fit.covariance[at, at]) for n, at in slices.items()}
    total = sum(explained.values()) + np.nan_to_num(fit.prompt) + fit.rest
    rows = []
    for name, part in parts.items():
        # Remove the other factors' effects, which an uneven design would otherwise attribute to this one.
        adjusted = y - x @ fit.beta + part @ fit.beta[slices[name]]
        p_value = _test_factor(adjusted, groups[name].to_numpy(), prompts)
        outcome = {"p": p_value.p, "test": p_value.name, "levels": groups[name].nunique(), "reason": p_value.reason}
        rows.append({"factor": name, "share": explained[name] / total, **outcome})
    untested = {"p": np.nan, "test": "", "levels": np.nan}
    for name, variance, reason in ((PROMPT, fit.prompt, fit.reason), (REST, fit.rest, "")):
        rows.append({"factor": name, "share": variance / total, **untested, "reason": reason})
    return [{**row, **size, "model": fit.name} for row in rows]


def _unusable_reason(y: np.ndarray, n_prompts: int, parts: Mapping[Any, np.ndarray]) -> str:
    """Return why the variance cannot be explained; '' if it can."""
    if len(y) == 0:
        return "no clip has a value"
    if not np.isfinite(y).all():
        return INFINITE
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        return "all clips have the same value"
    if n_prompts < 2:
        return "variance over prompts needs at least two prompts"
    for name, part in parts.items():
        if part.shape[1] == 0:
            return f"{name} has only one level among the clips that have a value"
    columns = 1 + sum(part.shape[1] for part in parts.values())
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(y)), *parts.values()])) < columns:
        return "the factors cannot be separated: some always change together"
    if len(y) <= columns + 1:
        return f"{len(y)} clips are too few for {columns} levels"
    return ""


def _dummies(levels: np.ndarray) -> np.ndarray:
    """Return a centred indicator column for each level but the first."""
    dummies = np.equal.outer(levels, np.unique(levels)[1:]).astype(float)
    return dummies - dummies.mean(axis=0)


def _explained_variance(part: np.ndarray, beta: np.ndarray, covariance: np.ndarray) -> float:
    """Return the variance of a factor's contributions, minus what the errors of its coefficients alone would add."""
    second = part.T @ part / len(part)
    return float(max(beta @ second @ beta - np.sum(second * covariance), 0.0))


def _fit(y: np.ndarray, x: np.ndarray, prompts: np.ndarray) -> _Fit:
    from statsmodels.regression.mixed_linear_model import MixedLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    if len(np.unique(prompts)) == len(y):
        return _fit_without_prompts(y, x, "one clip per prompt: differences between prompts are part of the rest")
    plain = _moments(y, x, prompts)
    if not plain.prompt > 0:
        # Without differences between prompts the mixed model is at its boundary, and its matrices are singular.
        return plain
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            result = MixedLM(y, x, prompts).fit(reml=True, method="lbfgs")
        parts = result.fe_params, result.cov_params()[: x.shape[1], : x.shape[1]]
        fit = _Fit(
            np.asarray(parts[0]), np.asarray(parts[1]), float(result.cov_re[0, 0]), float(result.scale), "mixed model"
        )
    except (np.linalg.LinAlgError, ConvergenceWarning, ValueError):
        return plain
    is_valid = np.isfinite([fit.prompt, fit.rest, *fit.beta, *fit.covariance.ravel()]).all() and fit.rest > 0
    return fit if is_valid and (np.diag(fit.covariance) >= 0).all() else plain


def _fit_without_prompts(y: np.ndarray, x: np.ndarray, reason: str) -> _Fit:
    """Fit by least squares, for clips that cannot separate differences between prompts from the rest."""
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = float(np.sum((y - x @ beta) ** 2) / (len(y) - x.shape[1]))
    return _Fit(beta, rest * np.linalg.inv(x.T @ x), np.nan, rest, "least squares", reason)


def _moments(y: np.ndarray, x: np.ndarray, prompts: np.ndarray) -> _Fit:
    """Fit by least squares; choose the variances whose expected residuals are the observed ones.

    Henderson's third method: the residuals within prompts contain the rest alone, all residuals contain prompts and
    rest.
    """
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    _, index, counts = np.unique(prompts, return_inverse=True, return_counts=True)
    y_within, x_within = _within_prompts(y[:, None], index)[:, 0], _within_prompts(x, index)
    # Set rounding errors to 0: a level that a whole prompt has does not vary within it.
    x_within[np.abs(x_within) < 1e-9] = 0
    # Degrees of freedom left by the prompts' means and by the factors' levels within prompts.
    freedom = len(y) - len(counts) - np.linalg.matrix_rank(x_within)
    if freedom == 0:
        return _fit_without_prompts(y, x, "too few clips per prompt: differences between prompts are part of the rest")
    rest = np.sum((y_within - x_within @ np.linalg.lstsq(x_within, y_within, rcond=None)[0]) ** 2) / freedom
    bread, prompt_sums = np.linalg.inv(x.T @ x), np.equal.outer(np.arange(len(counts)), index) @ x
    # The coefficient of the prompts' variance in the expected residuals; levels between prompts take a part of it.
    prompt_weight = len(y) - np.sum(bread * (prompt_sums.T @ prompt_sums))
    if prompt_weight < 1e-9 * len(y):
        reason = "the factors identify each prompt: differences between prompts are part of them"
        return _Fit(beta, rest * bread, np.nan, float(rest), "least squares", reason)
    prompt = max((np.sum((y - x @ beta) ** 2) - rest * (len(y) - x.shape[1])) / prompt_weight, 0.0)
    # Clips of one prompt share its variance, which enters the coefficients' errors.
    covariance = rest * bread + prompt * bread @ (prompt_sums.T @ prompt_sums) @ bread
    return _Fit(beta, covariance, float(prompt), float(rest), "least squares")


def _within_prompts(columns: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return columns minus their means within each prompt."""
    means = np.column_stack([np.bincount(index, column) for column in columns.T]) / np.bincount(index)[:, None]
    return columns - means[index]


def _test_factor(y: np.ndarray, levels: np.ndarray, prompts: np.ndarray) -> PValue:
    import pandas as pd

    table = pd.DataFrame({"y": y, "prompt": prompts, "level": levels})
    cells = table.groupby(["prompt", "level"])["y"].mean().unstack()
    if cells.notna().sum(axis=1).max() == 1:
        return shuffle_between(cells.sum(axis=1).to_numpy(), cells.notna().to_numpy().argmax(axis=1))
    full = cells.dropna()
    if len(full) < 2:
        return PValue(np.nan, "", "fewer than two prompts have all levels: no test is possible")
    return shuffle_within(full.to_numpy())
