"""Tables over a store's clips beside those of `measure`: of their codes, their failures, and their prompts' claims."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.errors import AudioError, MetricError, StoreError, nearest
from mgeval.metrics import METRICS, TOKENS, Undefined
from mgeval.metrics.adherence import CHECKS, judged, prior
from mgeval.metrics.claims import Claim, claims
from mgeval.metrics.failures import DETECTORS, Finding, findings_of
from mgeval.metrics.failures.findings import undefined
from mgeval.metrics.tokens import Tokens
from mgeval.runs.store import Store
from mgeval.scoring.measurement import reasons, reasons_of, spread
from mgeval.stats import share_interval
from mgeval.tables import own_clips, prompt_texts

if TYPE_CHECKING:
    import pandas as pd


def token_table(store: Store, clips: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measure the codes of clips: how sure the model was, how it repeats itself.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store.

    Returns
    -------
    pandas.DataFrame
        The clips with a column for each of ``mgeval.metrics.TOKENS``, and ``reason``: why those that
        are NaN are. `summarise` and the plots take it.

    Raises
    ------
    MetricError
        The table is not one of clips.
    """
    import pandas as pd

    clips = clips_of(store, clips)
    rows = []
    for row in clips.to_dict("records"):
        values = _of_tokens(row, store)
        rows.append({**{name: float(value) for name, value in values.items()}, "reason": reasons(values)})
    kept = clips.drop(columns=[name for name in (*TOKENS, "reason") if name in clips.columns])
    table = pd.concat([kept, pd.DataFrame(rows, index=kept.index, columns=[*TOKENS, "reason"])], axis=1)
    return table.assign(reason=reasons_of(clips, kept, table["reason"]))


def clips_of(store: Store, clips: pd.DataFrame | None) -> pd.DataFrame:
    clips = store.table() if clips is None else clips
    for column in ("key", "status"):
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: run(plan, store) returns one of clips")
    return clips


def _of_tokens(row: Mapping[Any, Any], store: Store) -> dict[str, float]:
    if row["status"] != "done":
        return dict.fromkeys(TOKENS, Undefined("the clip was not made"))
    try:
        codes, predictions = store.codes(row["key"]), store.predictions(row["key"])
        tokens = Tokens(codes, predictions, int(row["channels"]))
    except (StoreError, MetricError) as error:
        return dict.fromkeys(TOKENS, Undefined(str(error)))
    return {name: METRICS[name].function(tokens) for name in TOKENS}


def failure_table(store: Store, clips: pd.DataFrame | None = None, progress: bool = True) -> pd.DataFrame:
    """Look for every kind of failure in clips, on all processors that this process may use.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        The rows of `mgeval.metrics.signal.failures` of every clip, in the clips' order: one for each
        finding and one for each kind that found nothing. Columns are those of the clips, then ``kind``,
        ``score``, ``flagged``, ``start_s``, ``end_s`` and ``reason``. A clip that was not made or cannot
        be read has a row of NaN for each kind, and says why. `mgeval.plots.failure_atlas` takes the table.

    Raises
    ------
    MetricError
        The table is not one of clips, or has a column of its own by one of these names.

    Examples
    --------
    >>> import tempfile
    >>> import mgeval as mg
    >>> store = mg.Store(tempfile.mkdtemp())
    >>> clips = mg.run(mg.Sweep("synth", ["calm piano"], {"duration": 1}).plan(), store, progress=False)
    >>> table = failure_table(store, clips, progress=False)
    >>> int(table["flagged"].sum())
    0
    """
    import pandas as pd
    from tqdm.auto import tqdm

    clips = clips_of(store, clips).drop(columns="reason", errors="ignore")
    for column in Finding._fields:
        if column in clips.columns:
            raise MetricError(f"the table of clips has a column {column!r}, which that of failures needs: rename it")
    jobs = [(store, row.key, row.status == "done") for row in clips.itertuples()]
    found = list(tqdm(spread(_findings, jobs), total=len(jobs), desc="judging", unit="clip", disable=not progress))
    of = np.repeat(np.arange(len(clips)), [len(rows) for rows in found])
    rows = pd.DataFrame(list(itertools.chain.from_iterable(found)), columns=Finding._fields)
    return pd.concat([clips.iloc[of].reset_index(drop=True), rows], axis=1)


def _findings(store: Store, key: str, made: bool) -> list[Finding]:
    why = "the clip was not made"
    try:
        if made:
            audio = store.audio(key)
            return findings_of(audio.samples, audio.rate)
    except AudioError as error:
        why = str(error)
    return [finding for kind in DETECTORS for finding in undefined(kind, why)]


def adherence(
    store: Store, clips: pd.DataFrame | None = None, by: str | Sequence[str] | None = None, progress: bool = True
) -> pd.DataFrame:
    """Say how often clips have what their prompts claim, and how often chance would have it.

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
        claims among the group's clips whose prompts do not make them, which a model that does not
        listen would reach; where no such clip is there, the prior of `Verdict`, or NaN.

    Raises
    ------
    MetricError
        The table is not one of clips, or no prompt claims what can be checked.
    """
    import pandas as pd
    from tqdm.auto import tqdm

    clips = clips_of(store, clips)
    clips = own_clips(clips[clips["status"] == "done"])
    clips = clips.assign(prompt=prompt_texts(clips))
    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    for column in by:
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: {nearest(column, map(str, clips.columns))}")
    asked = {prompt: claims(prompt) for prompt in clips["prompt"].unique()}
    every = list(dict.fromkeys(itertools.chain.from_iterable(asked.values())))
    if not every:
        raise MetricError("no prompt of these clips claims what can be checked: see mgeval.metrics.claims")
    bar = tqdm(clips["key"], desc="judging", unit="clip", disable=not progress)
    found = [_met(store, key, every) for key in bar]
    met = pd.DataFrame(found, columns=pd.Index(every, tupleize_cols=False))
    groups = clips.groupby(by, sort=False, dropna=False).indices if by else {(): np.arange(len(clips))}
    rows = []
    for group, index in groups.items():
        where = dict(zip(by, group if isinstance(group, tuple) else (group,), strict=True))
        made = [asked[prompt] for prompt in clips["prompt"].iloc[index]]
        rows += [{**where, **row} for row in _shares(clips["prompt_id"].iloc[index], met.iloc[index], made)]
    return pd.DataFrame(rows)


def _met(store: Store, key: str, every: list[Claim]) -> list[float]:
    try:
        audio = store.audio(key)
    except AudioError:
        return [np.nan] * len(every)
    return [float(verdict.met) for verdict in judged(audio.samples, audio.rate, every)]


def _shares(prompts: pd.Series, met: pd.DataFrame, made: list[list[Claim]]) -> Iterator[dict[str, Any]]:
    """Yield a row per kind of claim from clips by claims, ``met``, and the claims that each clip's prompt makes."""
    for kind in CHECKS:
        claim_of = [next((claim for claim in own if claim.kind == kind), None) for own in made]
        if not any(claim_of):
            continue
        values = [np.nan if c is None else met[c].iloc[place] for place, c in enumerate(claim_of)]
        chances = {c: _chance(c, met[c][[c not in own for own in made]]) for c in {*claim_of} if c is not None}
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


def _chance(claim: Claim, others: pd.Series) -> float:
    return float(others.mean()) if others.notna().any() else float(prior(claim))
