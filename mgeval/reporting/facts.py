"""The content of a report: gathered once from the scores, for the page, the tables, the figures and the card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mgeval.errors import AudioError, MetricError, nearest
from mgeval.metrics import DETECTORS, Finding, columns
from mgeval.runs import Store
from mgeval.scoring import failure_table
from mgeval.stats import ALSO_DIFFERS, BOOTSTRAP_FROM, compare, share_interval, summarise, swept
from mgeval.tables import GAP, own_clips, prompt_texts
from mgeval.wording import count_text

if TYPE_CHECKING:
    import pandas as pd

HEADLINES = ("clap", "width", "correlation", "image_angle", "loudness", "failure_count")
"""The metrics with a figure and a row in the summary of the page; `clap` stands for that of every checkpoint."""

REQUIRED_COLUMNS = (
    "key", "prompt_id", "seed", "model", "revision", "n_samples", "rate", "peak", "elapsed", "device", "dtype",
    "versions", "error",
)  # fmt: skip
"""Columns of the table of the store that a report reads."""

MOST_LEVELS = 6
"""Levels of a factor up to which they are compared, each with each."""

ANY = "any failure"
PROMPT_CAVEAT = (
    "The detectors do not read the prompt: a clip counts as collapsed even if its prompt asks for mono, and as "
    "imbalanced or with a dead channel even if its prompt asks for one side."
)
INTERVAL = f"BCa bootstraps over prompts from {BOOTSTRAP_FROM} prompts on, t intervals on the means of fewer prompts"


@dataclass(frozen=True)
class Facts:
    """A run as a report sees it.

    Parameters
    ----------
    name : str
        The name of the run.
    scores, attempts, clips : pandas.DataFrame
        The given table, the same without controls, and of these the finished clips, in which a missing value of a
        factor is a level.
    factors, metrics : list of str
        The columns to group the metrics by, and the metrics that have a value.
    overall : pandas.DataFrame
        `mgeval.summarise` of all finished clips.
    by : dict of str to pandas.DataFrame
        The same by each factor.
    compared : dict of str to pandas.DataFrame
        `mgeval.compare` by each factor in which clips of one prompt and seed differ: settings, not prompt attributes.
    uncompared : dict of str to str
        For the other factors, why their levels are not compared.
    findings : pandas.DataFrame
        `mgeval.failure_table` of the finished clips.
    unreadable : dict of str to str
        By key, why a finished clip can no longer be read.
    planned, missing : int
        Clips of these models that were ever planned in the folder of the run, and how many of them were not
        attempted yet.
    """

    name: str
    scores: pd.DataFrame
    attempts: pd.DataFrame
    clips: pd.DataFrame
    factors: list[str]
    metrics: list[str]
    overall: pd.DataFrame
    by: dict[str, pd.DataFrame]
    compared: dict[str, pd.DataFrame]
    uncompared: dict[str, str]
    findings: pd.DataFrame
    unreadable: dict[str, str]
    planned: int
    missing: int

    @property
    def headlines(self) -> list[str]:
        """The metrics that get a figure, in the order of `HEADLINES`."""
        return _headline_metrics(self.metrics)


def gather(scores: pd.DataFrame, store: Store, by: str | Sequence[str] | None = None) -> Facts:
    """Gather the content of a report; `mgeval.report` documents the errors.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        The store of the clips.
    by : str or sequence of str, optional
        The factors; by default the settings that were swept.

    Returns
    -------
    Facts
    """
    if "status" not in scores.columns:
        raise MetricError("the table must be one of clips of a run: measure(clips, store) returns one")
    for column in REQUIRED_COLUMNS:
        if column not in scores.columns:
            raise MetricError(f"the table has no column {column!r}: measure(clips, store) returns it")
    attempts = own_clips(scores)
    attempts = attempts.assign(prompt=prompt_texts(attempts)).reset_index(drop=True)
    clips = done = attempts[attempts["status"] == "done"]
    if clips.empty:
        raise MetricError("the table has no finished clip: there is nothing to report")
    factors = swept(clips) if by is None else [by] if isinstance(by, str) else list(by)
    for factor in factors:
        if factor not in clips.columns:
            raise MetricError(f"the table has no column {factor!r}: {nearest(factor, map(str, clips.columns))}")
        check_factor(factor)
        clips = clips.assign(**{factor: clips[factor].astype(object).where(clips[factor].notna(), GAP)})
    metrics = [name for name in columns(clips.columns) if clips[name].notna().any()]
    # Columns that the table of findings has already are left out.
    beside = [c for c in dict.fromkeys(["key", "status", "prompt_id", *factors]) if c not in Finding._fields]
    compared, uncompared = _compare_levels(done, factors, _headline_metrics(metrics))
    return Facts(
        name=store.path.resolve().name,
        scores=scores,
        attempts=attempts,
        clips=clips,
        factors=factors,
        metrics=metrics,
        overall=summarise(clips),
        by={factor: _sort_levels(summarise(clips, factor), factor) for factor in factors},
        compared=compared,
        uncompared=uncompared,
        findings=failure_table(store, clips[beside]),
        unreadable=unreadable_clips(clips, metrics, store),
        **_count_planned(attempts, store),
    )


def check_factor(name: str) -> None:
    """Raise `MetricError` if a report cannot be grouped by a column of this name, whatever its values."""
    if columns([name]):
        raise MetricError(f"{name!r} is a metric: to group a report by it, copy it to a column of another name")


def unreadable_clips(clips: pd.DataFrame, metrics: Sequence[str], store: Store) -> dict[str, str]:
    """Return by key why finished clips can no longer be read."""
    reasons: dict[str, str] = {}
    # A clip that has a measurement was readable.
    for key in clips.loc[clips[list(metrics)].isna().all(axis=1), "key"]:
        try:
            store.audio(key)
        except AudioError as error:
            reasons[key] = str(error).removeprefix(f"{store.file(key)}: ")
    return reasons


def _count_planned(attempts: pd.DataFrame, store: Store) -> dict[str, int]:
    plan = store.plan()
    if "model" in plan.columns:
        plan = plan[plan["model"].isin(attempts["model"].unique())]
    attempted = {*store.table()["key"], *attempts["key"]}
    return {"planned": len(plan), "missing": int((~plan["key"].isin(attempted)).sum())}


def _sort_levels(summary: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Return a summary with numeric levels in ascending order and a gap last; texts keep their order."""
    import pandas as pd

    levels = list(dict.fromkeys(summary[factor]))
    if all(isinstance(level, (int, float)) for level in levels if level != GAP):
        levels.sort(key=lambda level: math.inf if level == GAP else level)
    return pd.concat([summary[summary[factor] == level] for level in levels], ignore_index=True)


def _headline_metrics(metrics: Sequence[str]) -> list[str]:
    return [name for headline in HEADLINES for name in metrics if name.partition(":")[0] == headline]


def _compare_levels(
    clips: pd.DataFrame, factors: Sequence[str], metrics: list[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the differences of the headline metrics between the levels of each factor, or why there are none."""
    tables: dict[str, pd.DataFrame] = {}
    reasons: dict[str, str] = {}
    for factor in factors:
        levels = clips[factor].nunique(dropna=False)
        if not metrics:
            reasons[factor] = f"the metrics that a report compares were not measured ({', '.join(HEADLINES)})"
        elif not 2 <= levels <= MOST_LEVELS:
            reasons[factor] = f"it has {count_text(levels, 'level')}; a report compares 2 to {MOST_LEVELS}"
        else:
            try:
                table = compare(clips, by=factor, metrics=metrics)
            except MetricError as error:
                # Several clips of one prompt and seed, such as from two grids, leave the pairing undefined.
                reasons[factor] = str(error)
                continue
            also = {part for reason in table["reason"] for part in reason.split("; ") if part.startswith(ALSO_DIFFERS)}
            if also:
                reasons[factor] = "; ".join(sorted(also))
            elif (table["n_pairs"] > 0).any():
                tables[factor] = table
            else:
                reasons[factor] = "no two clips of one prompt and seed differ in it alone"
    return tables, reasons


def failure_shares(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the share of clips that have each kind of failure.

    Parameters
    ----------
    findings : DataFrame
        From `mgeval.failure_table`, with ``prompt_id``.

    Returns
    -------
    pandas.DataFrame
        A row for `ANY` and one for each kind: ``kind``, ``share`` of the clips that could be judged, mean over
        prompts, ``lo``, ``hi`` (95 % interval over prompts), ``found`` (clips that have it), ``n_clips`` and
        ``n_prompts`` that could be judged; the most frequent first.
    """
    import pandas as pd

    flagged = findings["flagged"].astype(bool)
    judged = findings.assign(flagged=flagged)[flagged | findings["score"].notna()]
    rows = [_failure_share(ANY, judged)] + [_failure_share(kind, judged[judged["kind"] == kind]) for kind in DETECTORS]
    return pd.DataFrame(rows).sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _failure_share(kind: str, judged: pd.DataFrame) -> dict[str, object]:
    clips = judged.groupby("key", sort=False).agg(flagged=("flagged", "any"), prompt_id=("prompt_id", "first"))
    share, lo, hi, n_prompts = share_interval(clips["flagged"].to_numpy(float), clips["prompt_id"].to_numpy())
    estimate = {"share": share, "lo": lo, "hi": hi}
    counts = {"found": int(clips["flagged"].sum()), "n_clips": len(clips), "n_prompts": n_prompts}
    return {"kind": kind, **estimate, **counts}


def extremes(clips: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the clips with the lowest, the middle and the highest value of a metric; no row if all are equal.

    With an even number of clips the middle one is the lower of the two; of clips with equal values it is the first.
    """
    defined = clips[clips[metric].notna()].sort_values(metric, kind="stable")
    if defined.empty or defined[metric].iloc[0] == defined[metric].iloc[-1]:
        return defined.iloc[:0]
    last = defined[defined[metric] == defined[metric].iloc[-1]].index[0]
    middle = defined[metric].iloc[(len(defined) - 1) // 2]
    return defined.loc[[defined.index[0], defined[defined[metric] == middle].index[0], last]]


def longest_failures(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the clip in which each kind of failure lasts longest: ``kind``, ``key``, ``seconds``."""
    flagged = findings[findings["flagged"].astype(bool)]
    seconds = (flagged["end_s"] - flagged["start_s"]).groupby([flagged["kind"], flagged["key"]], sort=False).sum()
    longest = seconds.rename("seconds").reset_index().sort_values("seconds", ascending=False, kind="stable")
    return longest.drop_duplicates("kind").reset_index(drop=True)
