"""What a report tells: gathered once from the scores, read by the page, the tables, the figures and the card."""

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
from mgeval.tables import GAP as GAP
from mgeval.tables import own_clips, prompt_texts
from mgeval.wording import count_text

if TYPE_CHECKING:
    import pandas as pd

HEADLINES = ("clap", "width", "correlation", "image_angle", "loudness", "failure_count")
"""The metrics that get a figure and stand at the top of the page; of those with a checkpoint, every checkpoint's."""

NEEDED = (
    "key", "prompt_id", "seed", "model", "revision", "n_samples", "rate", "peak", "elapsed", "device", "dtype",
    "versions", "error",
)  # fmt: skip
"""Columns of the store's table that a report reads."""

MOST = 6
"""Levels of a factor up to which each is compared with each other."""

ANY = "any failure"
UNAWARE = (
    "The detectors do not read the prompt: a clip that was asked to be mono counts as collapsed, one that was asked to "
    "be on one side as imbalanced, or as one with a dead channel."
)
INTERVAL = f"from {BOOTSTRAP_FROM} prompts on BCa bootstraps over prompts, of fewer t intervals on the prompts' means"


@dataclass(frozen=True)
class Facts:
    """A run as a report sees it.

    Parameters
    ----------
    name : str
        The run's.
    scores, own, made : pandas.DataFrame
        The table as it was given, without its controls, and of these the clips that were made, in which gaps of
        factors are a level.
    factors, metrics : list of str
        The columns to show the metrics by, and the metrics that have a value.
    overall : pandas.DataFrame
        `mgeval.summarise` of all clips that were made.
    by : dict of str to pandas.DataFrame
        The same by each factor.
    compared : dict of str to pandas.DataFrame
        `mgeval.compare` by each factor of which clips of one prompt and seed differ: settings, not prompt attributes.
    uncompared : dict of str to str
        Of the other factors, why their levels are not compared.
    findings : pandas.DataFrame
        `mgeval.failure_table` of the clips that were made.
    unreadable : dict of str to str
        By key, why a clip that was made can be read no more.
    planned, missing : int
        Clips of these models that were ever planned in the run's folder, and how many of them nobody has tried to
        make yet.
    """

    name: str
    scores: pd.DataFrame
    own: pd.DataFrame
    made: pd.DataFrame
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
        return _headlines(self.metrics)


def gather(scores: pd.DataFrame, store: Store, by: str | Sequence[str] | None = None) -> Facts:
    """Gather what a report tells; `mgeval.report` says what is raised.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        Where the clips lie.
    by : str or sequence of str, optional
        The factors; by default what was swept.

    Returns
    -------
    Facts
    """
    if "status" not in scores.columns:
        raise MetricError("the table is not one of clips of a run: measure(clips, store) returns one")
    for column in NEEDED:
        if column not in scores.columns:
            raise MetricError(f"the table has no column {column!r}, which measure(clips, store) leaves in it")
    own = own_clips(scores)
    own = own.assign(prompt=prompt_texts(own)).reset_index(drop=True)
    made = own[own["status"] == "done"]
    if made.empty:
        raise MetricError("no clip of this table was made: there is nothing to report")
    factors = swept(made) if by is None else [by] if isinstance(by, str) else list(by)
    for factor in factors:
        if factor not in made.columns:
            raise MetricError(f"the table has no column {factor!r}: {nearest(factor, map(str, made.columns))}")
        check_factor(factor)
        made = made.assign(**{factor: made[factor].astype(object).where(made[factor].notna(), GAP)})
    metrics = [name for name in columns(made.columns) if made[name].notna().any()]
    # Columns that a finding has too cannot stand beside it.
    beside = [c for c in dict.fromkeys(["key", "status", "prompt_id", *factors]) if c not in Finding._fields]
    compared, uncompared = _compared(own[own["status"] == "done"], factors, _headlines(metrics))
    return Facts(
        name=store.path.resolve().name,
        scores=scores,
        own=own,
        made=made,
        factors=factors,
        metrics=metrics,
        overall=summarise(made),
        by={factor: _ascending(summarise(made, factor), factor) for factor in factors},
        compared=compared,
        uncompared=uncompared,
        findings=failure_table(store, made[beside]),
        unreadable=unreadable_clips(made, metrics, store),
        **_plan(own, store),
    )


def check_factor(name: str) -> None:
    """Raise `MetricError` if a report cannot be split by a column of this name, whatever is in it."""
    if columns([name]):
        raise MetricError(f"{name!r} is a metric: to split a report by it, copy it to a column of another name")


def unreadable_clips(made: pd.DataFrame, metrics: Sequence[str], store: Store) -> dict[str, str]:
    """Return why clips that were made and measured can be read no more, by key."""
    found = {}
    # What could be measured was read.
    for key in made.loc[made[list(metrics)].isna().all(axis=1), "key"]:
        try:
            store.audio(key)
        except AudioError as error:
            found[key] = str(error).removeprefix(f"{store.file(key)}: ")
    return found


def _plan(own: pd.DataFrame, store: Store) -> dict[str, int]:
    plan = store.plan()
    if "model" in plan.columns:
        plan = plan[plan["model"].isin(own["model"].unique())]
    known = {*store.table()["key"], *own["key"]}
    return {"planned": len(plan), "missing": int((~plan["key"].isin(known)).sum())}


def _ascending(summary: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Return a summary with levels that are numbers in ascending order, a gap after them; texts stay as they come."""
    import pandas as pd

    levels = list(dict.fromkeys(summary[factor]))
    if all(isinstance(level, (int, float)) for level in levels if level != GAP):
        levels.sort(key=lambda level: math.inf if level == GAP else level)
    return pd.concat([summary[summary[factor] == level] for level in levels], ignore_index=True)


def _headlines(metrics: Sequence[str]) -> list[str]:
    return [name for drawn in HEADLINES for name in metrics if name.partition(":")[0] == drawn]


def _compared(
    made: pd.DataFrame, factors: Sequence[str], metrics: list[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the headline metrics' differences between the levels of each factor, or why there are none."""
    found, why = {}, {}
    for factor in factors:
        levels = made[factor].nunique(dropna=False)
        if not metrics:
            why[factor] = f"none of the metrics that a report compares was measured ({', '.join(HEADLINES)})"
        elif not 2 <= levels <= MOST:
            why[factor] = f"it has {count_text(levels, 'level')}, and a report compares 2 to {MOST}"
        else:
            try:
                table = compare(made, by=factor, metrics=metrics)
            except MetricError as error:
                # Clips of one prompt and seed between which a pairing cannot choose, as of two grids.
                why[factor] = str(error)
                continue
            also = {part for reason in table["reason"] for part in reason.split("; ") if part.startswith(ALSO_DIFFERS)}
            if also:
                why[factor] = "; ".join(sorted(also))
            elif (table["n_pairs"] > 0).any():
                found[factor] = table
            else:
                why[factor] = "no two clips of one prompt and seed differ in it alone"
    return found, why


def failure_shares(findings: pd.DataFrame) -> pd.DataFrame:
    """Return how many clips have each kind of failure.

    Parameters
    ----------
    findings : DataFrame
        From `mgeval.failure_table`, with ``prompt_id``.

    Returns
    -------
    pandas.DataFrame
        A row for `ANY` and one for each kind: ``kind``, ``share`` of the clips that could be judged, mean over
        prompts, ``lo``, ``hi`` (95 % interval over prompts), ``found``, ``n_clips`` and ``n_prompts`` that could
        be judged; the most frequent first.
    """
    import pandas as pd

    flagged = findings["flagged"].astype(bool)
    judged = findings.assign(flagged=flagged)[flagged | findings["score"].notna()]
    rows = [_share(ANY, judged)] + [_share(kind, judged[judged["kind"] == kind]) for kind in DETECTORS]
    return pd.DataFrame(rows).sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _share(kind: str, judged: pd.DataFrame) -> dict[str, object]:
    clips = judged.groupby("key", sort=False).agg(flagged=("flagged", "any"), prompt_id=("prompt_id", "first"))
    share, lo, hi, n_prompts = share_interval(clips["flagged"].astype(float).tolist(), clips["prompt_id"])
    found = int(clips["flagged"].sum())
    spread = {"share": share, "lo": lo, "hi": hi}
    return {"kind": kind, **spread, "found": found, "n_clips": len(clips), "n_prompts": n_prompts}


def extremes(made: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the clips with the lowest, the middle and the highest value of a metric; no row if all are alike.

    Of an even number of clips the middle one is the lower of the two; of clips with the same value the first.
    """
    there = made[made[metric].notna()].sort_values(metric, kind="stable")
    if there.empty or there[metric].iloc[0] == there[metric].iloc[-1]:
        return there.iloc[:0]
    last = there[there[metric] == there[metric].iloc[-1]].index[0]
    middle = there[metric].iloc[(len(there) - 1) // 2]
    return there.loc[[there.index[0], there[there[metric] == middle].index[0], last]]


def longest_failures(findings: pd.DataFrame) -> pd.DataFrame:
    """Return for each kind that was found the clip in which it lasts longest: ``kind``, ``key``, ``seconds``."""
    flagged = findings[findings["flagged"].astype(bool)]
    seconds = (flagged["end_s"] - flagged["start_s"]).groupby([flagged["kind"], flagged["key"]], sort=False).sum()
    longest = seconds.rename("seconds").reset_index().sort_values("seconds", ascending=False, kind="stable")
    return longest.drop_duplicates("kind").reset_index(drop=True)
