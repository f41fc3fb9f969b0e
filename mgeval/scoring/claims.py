"""How often clips have what their prompts claim."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import AudioError, MetricError, nearest
from mgeval.metrics import adherence as checks
from mgeval.metrics import claims
from mgeval.runs import Store
from mgeval.scoring.clip_reader import store_clips
from mgeval.stats import share_interval
from mgeval.tables import own_clips, prompt_texts

if TYPE_CHECKING:
    import pandas as pd


def adherence(
    store: Store, clips: pd.DataFrame | None = None, by: str | Sequence[str] | None = None, progress: bool = True
) -> pd.DataFrame:
    """Measure how often clips meet the claims of their prompts, and how often chance would meet them.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store but controls.
    by : str or sequence of str, optional
        Columns whose combinations are the groups; without, all clips are one.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        One row per group and kind of claim, in the order of ``mgeval.metrics.adherence.CHECKS``: the
        group's values, ``claim``, ``met``, the share of clips that meet it, mean over prompts, with
        ``lo`` and ``hi`` (95 % interval over prompts, see `mgeval.stats.share_interval`), ``chance``,
        ``n_clips`` that could be judged and ``n_prompts``. Chance is the share that meets the same
        claims among the group's clips whose prompts do not make them, which a model that ignores its
        prompts would reach; without such a clip, the prior of `Verdict`, or NaN.

    Raises
    ------
    MetricError
        The table holds no clips, or no prompt makes a claim that can be checked.
    """
    import pandas as pd
    from tqdm.auto import tqdm

    clips = store_clips(store, clips)
    clips = own_clips(clips[clips["status"] == "done"])
    clips = clips.assign(prompt=prompt_texts(clips))
    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    for column in by:
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: {nearest(column, map(str, clips.columns))}")
    asked = {prompt: claims.claims(prompt) for prompt in clips["prompt"].unique()}
    every = list(dict.fromkeys(itertools.chain.from_iterable(asked.values())))
    if not every:
        raise MetricError("no prompt of these clips makes a claim that can be checked: see mgeval.metrics.claims")
    bar = tqdm(clips["key"], desc="judging", unit="clip", disable=not progress)
    verdicts = [_met(store, key, every) for key in bar]
    met = pd.DataFrame(verdicts, columns=pd.Index(every, tupleize_cols=False))
    groups = clips.groupby(by, sort=False, dropna=False).indices if by else {(): np.arange(len(clips))}
    rows = []
    for group, index in groups.items():
        values = dict(zip(by, group if isinstance(group, tuple) else (group,), strict=True))
        wanted = [asked[prompt] for prompt in clips["prompt"].iloc[index]]
        rows += [{**values, **row} for row in _shares(clips["prompt_id"].iloc[index], met.iloc[index], wanted)]
    return pd.DataFrame(rows)


def _met(store: Store, key: str, every: list[claims.Claim]) -> list[float]:
    try:
        audio = store.audio(key)
    except AudioError:
        return [np.nan] * len(every)
    return [float(verdict.met) for verdict in checks.check_claims(audio.samples, audio.rate, every)]


def _shares(prompts: pd.Series, met: pd.DataFrame, wanted: list[list[claims.Claim]]) -> Iterator[dict[str, Any]]:
    """Yield a row per kind of claim from clips by claims, ``met``, and the claims that each clip's prompt makes."""
    for kind in checks.CHECKS:
        claim_of = [next((claim for claim in own if claim.kind == kind), None) for own in wanted]
        if not any(claim_of):
            continue
        values = [np.nan if c is None else met[c].iloc[place] for place, c in enumerate(claim_of)]
        chances = {c: _chance(c, met[c][[c not in own for own in wanted]]) for c in {*claim_of} if c is not None}
        share, lo, hi, n_prompts = share_interval(np.array(values), np.asarray(prompts))
        yield {
            "claim": kind,
            "met": share,
            "lo": lo,
            "hi": hi,
            "chance": float(np.mean([chances[c] for c in claim_of if c is not None])),
            "n_clips": int(np.isfinite(values).sum()),
            "n_prompts": n_prompts,
        }


def _chance(claim: claims.Claim, others: pd.Series) -> float:
    return float(others.mean()) if others.notna().any() else float(checks.prior_chance(claim))
