"""How much of a metric's variance each swept factor explains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.errors import MetricError
from mgeval.metrics import metric_of
from mgeval.stats.factors import LEVELS, check_factors, check_metrics
from mgeval.stats.intervals import power_of_two_unit
from mgeval.stats.permutations import INFINITE, PValue, holm, shuffle_between, shuffle_within
from mgeval.tables import cluster_numbers, own_clips

if TYPE_CHECKING:
    import pandas as pd

EFFECTS = ("metric", "factor", "share", "p", "p_holm", "levels", "n_clips", "n_prompts", "test", "model", "reason")
PROMPT, REST = "(prompt)", "(rest)"
GROUPS = 5
"""Parts of equal size that a number with too many values is cut into."""


class _Fit(NamedTuple):
    """Least squares or a mixed model: coefficients, their covariance, and the variances beside them."""

    beta: np.ndarray
    covariance: np.ndarray
    prompt: float
    rest: float
    name: str
    reason: str = ""
    """Why there is no variance of prompts."""


def effects(
    scores: pd.DataFrame, factors: str | Sequence[str] | None = None, metrics: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Say how much of each metric's variance the swept factors explain.

    A mixed model, ``y = sum of the factors' levels + prompt + rest``, prompt and rest random (REML, by statsmodels);
    where it finds no solution, least squares with the prompts' variance by the method of moments (Henderson's third,
    1953). The share of a factor is the variance over clips of what its levels add, less what chance alone would add,
    over the sum of all parts (Nakagawa and Schielzeth 2013). It depends on the values swept: a wider range explains
    more.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`; controls are left out.
    factors : str or sequence of str, optional
        Columns of settings or prompt attributes; by default all that were swept. Numbers with more than 24 values are
        cut into 5 groups of equal size.
    metrics : str or sequence of str, optional
        By default all. Those that wrap round, such as `image_angle`, are left out.

    Returns
    -------
    pandas.DataFrame
        For each metric a row for each factor, for ``(prompt)``, what prompts differ by beside their attributes, and for
        ``(rest)``, what seeds and joint effects do: ``share`` (0..1; those of a metric add up to 1); ``p`` (of
        `shuffle_within` where a factor varies within prompts, on the prompts that have all levels, and of
        `shuffle_between` where it does not; the other factors' effects are taken off before) and ``p_holm`` over the
        table; ``levels``; ``n_clips``; ``n_prompts``; ``test``; ``model``; ``reason`` why there is no number.

    Raises
    ------
    MetricError
        No such column or metric, only metrics that wrap round, nothing was varied, or an empty table.
    """
    import pandas as pd

    scores = own_clips(scores)
    factors = check_factors(scores, factors)
    names = [name for name in check_metrics(scores.columns, metrics) if not metric_of(name).period]
    if not names:
        raise MetricError("shares of variance are of metrics that do not wrap round: the table or the list holds none")
    groups = pd.DataFrame({name: _levels(scores[name]) for name in factors}, index=scores.index)
    prompts = cluster_numbers(scores["prompt_id"].to_numpy(object))[0]
    rows: list[dict[str, Any]] = []
    for name in names:
        y = scores[name].to_numpy(float)
        there = ~np.isnan(y)
        found = _metric_rows(y[there], groups[there], prompts[there])
        rows += [{"metric": name, **row} for row in found]
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
    places = {name: slice(end - part.shape[1], end) for (name, part), end in zip(parts.items(), ends, strict=True)}
    explained = {n: _explained_variance(parts[n], fit.beta[at], fit.covariance[at, at]) for n, at in places.items()}
    total = sum(explained.values()) + np.nan_to_num(fit.prompt) + fit.rest
    rows = []
    for name, part in parts.items():
        # The other factors' effects are taken off, so that an uneven design does not lend them to this one.
        alone = y - x @ fit.beta + part @ fit.beta[places[name]]
        tested = _test_factor(alone, groups[name].to_numpy(), prompts)
        about = {"p": tested.p, "test": tested.name, "levels": groups[name].nunique(), "reason": tested.reason}
        rows.append({"factor": name, "share": explained[name] / total, **about})
    untested = {"p": np.nan, "test": "", "levels": np.nan}
    for name, variance, reason in ((PROMPT, fit.prompt, fit.reason), (REST, fit.rest, "")):
        rows.append({"factor": name, "share": variance / total, **untested, "reason": reason})
    return [{**row, **size, "model": fit.name} for row in rows]


def _unusable_reason(y: np.ndarray, n_prompts: int, parts: Mapping[Any, np.ndarray]) -> str:
    """Say why there is nothing to explain; '' if there is."""
    if len(y) == 0:
        return "no clip has a value"
    if not np.isfinite(y).all():
        return INFINITE
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        return "all clips have the same value"
    if n_prompts < 2:
        return "variance over prompts needs two of them"
    for name, part in parts.items():
        if part.shape[1] == 0:
            return f"{name} has one level only where the metric has a value"
    columns = 1 + sum(part.shape[1] for part in parts.values())
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(y)), *parts.values()])) < columns:
        return "the factors cannot be told apart: some always change together"
    if len(y) <= columns + 1:
        return f"{len(y)} clips are too few for {columns} levels"
    return ""


def _dummies(levels: np.ndarray) -> np.ndarray:
    """Return a column for each level but the first, around their means."""
    dummies = np.equal.outer(levels, np.unique(levels)[1:]).astype(float)
    return dummies - dummies.mean(axis=0)


def _explained_variance(part: np.ndarray, beta: np.ndarray, covariance: np.ndarray) -> float:
    """Return the variance of what a factor adds, less what its coefficients' errors alone would add."""
    second = part.T @ part / len(part)
    return float(max(beta @ second @ beta - np.sum(second * covariance), 0.0))


def _fit(y: np.ndarray, x: np.ndarray, prompts: np.ndarray) -> _Fit:
    from statsmodels.regression.mixed_linear_model import MixedLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    if len(np.unique(prompts)) == len(y):
        return _fit_without_prompts(y, x, "one clip per prompt: what prompts differ by is part of the rest")
    plain = _moments(y, x, prompts)
    if not plain.prompt > 0:
        # Where prompts do not differ the mixed model lies at its bound, and its matrices are singular.
        return plain
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            found = MixedLM(y, x, prompts).fit(reml=True, method="lbfgs")
        parts = found.fe_params, found.cov_params()[: x.shape[1], : x.shape[1]]
        fit = _Fit(
            np.asarray(parts[0]), np.asarray(parts[1]), float(found.cov_re[0, 0]), float(found.scale), "mixed model"
        )
    except (np.linalg.LinAlgError, ConvergenceWarning, ValueError):
        return plain
    sane = np.isfinite([fit.prompt, fit.rest, *fit.beta, *fit.covariance.ravel()]).all() and fit.rest > 0
    return fit if sane and (np.diag(fit.covariance) >= 0).all() else plain


def _fit_without_prompts(y: np.ndarray, x: np.ndarray, why: str) -> _Fit:
    """Fit clips that do not tell what prompts differ by from the rest."""
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = float(np.sum((y - x @ beta) ** 2) / (len(y) - x.shape[1]))
    return _Fit(beta, rest * np.linalg.inv(x.T @ x), np.nan, rest, "least squares", why)


def _moments(y: np.ndarray, x: np.ndarray, prompts: np.ndarray) -> _Fit:
    """Fit by least squares; the variances are those that would leave such residuals on average.

    Henderson's third method: what is left without the prompts' means is the rest alone, what is left with them both.
    """
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    _, index, counts = np.unique(prompts, return_inverse=True, return_counts=True)
    inside, within = _within_prompts(y[:, None], index)[:, 0], _within_prompts(x, index)
    # Rounding is no variation: a level that whole prompts have must not count as one within them.
    within[np.abs(within) < 1e-9] = 0
    # What the factors' levels within prompts take, and the prompts' means, is no chance that is left.
    free = len(y) - len(counts) - np.linalg.matrix_rank(within)
    if free == 0:
        return _fit_without_prompts(y, x, "too few clips of one prompt: what prompts differ by is part of the rest")
    inner = np.sum((inside - within @ np.linalg.lstsq(within, inside, rcond=None)[0]) ** 2) / free
    bread, own = np.linalg.inv(x.T @ x), np.equal.outer(np.arange(len(counts)), index) @ x
    # Nor is what their levels between prompts take: how often the prompts' variance is in the residuals.
    times = len(y) - np.sum(bread * (own.T @ own))
    if times < 1e-9 * len(y):
        why = "the factors tell each prompt from the others: what prompts differ by is part of them"
        return _Fit(beta, inner * bread, np.nan, float(inner), "least squares", why)
    prompt = max((np.sum((y - x @ beta) ** 2) - inner * (len(y) - x.shape[1])) / times, 0.0)
    # Clips of one prompt share its variance, and so the coefficients' errors do.
    covariance = inner * bread + prompt * bread @ (own.T @ own) @ bread
    return _Fit(beta, covariance, float(prompt), float(inner), "least squares")


def _within_prompts(columns: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return columns less their means over each prompt."""
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
        return PValue(np.nan, "", "fewer than two prompts have all levels: nothing can be tested")
    return shuffle_within(full.to_numpy())
