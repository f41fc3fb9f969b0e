"""The table of distances between sets of clips and a reference."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mgeval.embed import Embedder
from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution
from mgeval.runs import Store
from mgeval.scoring.recipes import Recipe, chosen_recipe
from mgeval.scoring.references import (
    POLICIES,
    Reference,
    clip_sources,
    embedded,
    finite,
    load_embedders,
    load_reference,
)
from mgeval.tables import done_clips, group_columns, group_rows, prompt_numbers

if TYPE_CHECKING:
    import pandas as pd

DISTANCES = ("frechet", "frechet_infinity", "kernel", "precision", "recall", "density", "coverage", "vendi")
"""What `distances` computes, in this order."""

COLUMNS = (
    *("embedder", "channels", "distance", "value", "lo", "hi", "spread", "n_clips", "n_prompts", "n"),
    *("n_reference", "dim", "rank", "recipe", "reference", "warning", "reason"),
)
FEW = 25
"""Clips below which a share of them, such as `precision`, moves by more than 0.1 by chance: 0.5 / sqrt(25)."""


class _Set(NamedTuple):
    """The vectors of a group, or of a reference."""

    clips: list[np.ndarray]
    """Of those clips that have any; empty for saved statistics."""
    prompts: list[Any]
    stats: distribution.GaussianStats | None
    lost: int = 0
    """Clips that cannot be read, are too short for any vector, or have none that is finite."""
    mono: int = 0
    """Clips of one channel, where two are heard."""
    broken: int = 0
    """Vectors that are not finite."""

    @property
    def vectors(self) -> np.ndarray:
        return np.concatenate(self.clips)


class _Result(NamedTuple):
    value: float
    lo: float = np.nan
    hi: float = np.nan
    spread: float = np.nan
    warnings: tuple[str, ...] = ()


def distances(
    clips: pd.DataFrame,
    store: Store | None,
    reference: Store | distribution.GaussianStats | str | os.PathLike[str],
    embedders: str | Embedder | Sequence[str | Embedder],
    by: str | Sequence[str] | None = None,
    kinds: str | Sequence[str] = DISTANCES,
    recipe: str = "mgeval",
    progress: bool = True,
) -> pd.DataFrame:
    """Hold sets of clips against a reference set: how far, how sure, and whether there are enough of them.

    Each clip is heard three times: its mono mean, left beside right, and mid beside side
    (``mgeval.scoring.references.POLICIES``); docs/distances.md shows what each of them notices. An embedder that hears
    channels apart by itself (a stereo ``encodec:``) gets left and right as one clip; a mono clip is its own left and
    right. The functions are those of `mgeval.metrics.distribution`, on the vectors of all windows of all clips of a
    group. `mgeval.metrics.distribution.stereo_distance` compares groups in each stereo measure's own unit.

    Parameters
    ----------
    clips : DataFrame
        From `run` or `measure`; those that were not made or cannot be read are left out. Without a store,
        what `measure` returned for files, with the column ``path``.
    store : Store or None
        Where the clips of a table lie; their vectors are kept there.
    reference : Store, path or GaussianStats
        A store (its own clips, no controls), a folder of audio, a file that `save_reference` wrote, one with ``mu`` and
        ``cov``, or ``GaussianStats.load(path, name)`` of another tool's. Statistics hold no vectors: against
        them there is no kernel, precision, recall, density and coverage.
    embedders : str, Embedder or sequence of them
        Names that `mgeval.embed.load` knows, or what it loaded.
    by : str or sequence of str, optional
        Columns whose combinations are the groups; without, all clips are one. Controls are groups of their own.
    kinds : str or sequence of str
        Of `DISTANCES`. ``frechet_infinity`` computes several Frechet distances for each prompt, and takes longest.
    recipe : str
        One of ``mgeval.recipes.RECIPES``: how clips are prepared, of group and reference alike.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        One row per group, embedder, channel policy and distance: the group's values, ``embedder`` (its id),
        ``channels``, ``distance``, ``value``, ``lo`` and ``hi`` (95 % interval over prompts, where simulation
        confirms that it covers: ``frechet_infinity`` and ``kernel``), ``spread`` (of ``frechet``: its standard error
        over prompts, no interval, as the distance is biased by more), ``n_clips`` and ``n_prompts`` that have vectors,
        ``n`` and ``n_reference`` (vectors; NaN where a file does not say), ``dim``, ``rank`` of the group's
        covariance, ``recipe``, ``reference``, ``warning`` (what makes the value mean less than it seems) and
        ``reason`` (why there is no value).

    Raises
    ------
    MetricError
        The table is not one of clips, or a column, distance or recipe does not exist.
    ModelError
        An embedder that is not there or does not work.
    AudioError
        No such reference, or no audio in it.
    """
    import pandas as pd

    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in kinds:
        if kind not in DISTANCES:
            raise MetricError(f"there is no distance {kind!r}: {nearest(kind, DISTANCES)}")
    how = chosen_recipe(recipe)
    clips = done_clips(clips)
    sources, by = clip_sources(clips, store), group_columns(clips, by, COLUMNS)
    ears = load_embedders(embedders)
    held = load_reference(reference, ears, how, store, progress)
    found, mono = embedded(sources, ears, how, store, progress)
    prompts, groups = prompt_numbers(clips), group_rows(clips, by)
    rows = []
    for embedder in ears:
        for policy in POLICIES:
            against = _reference_set(held, embedder.id, policy, how)
            for where, index in groups:
                heard = found[embedder.id, policy]
                flat = [policy != "mono" and mono[i] for i in index]
                own = _set([heard[i] for i in index], [prompts[i] for i in index], flat, how)
                about = {"embedder": embedder.id, "channels": policy, "recipe": recipe, "reference": held.name}
                rows += [{**where, **about, **row} for row in _rows(kinds, own, against, held.note)]
    return pd.DataFrame(rows, columns=[*by, *COLUMNS])


def _set(clips: list[np.ndarray], prompts: list[Any], flat: list[bool], recipe: Recipe) -> _Set:
    whole, clips = sum(map(len, clips)), finite(clips)
    broken = whole - sum(map(len, clips))
    there = [i for i, clip in enumerate(clips) if len(clip)]
    lost, mono = len(clips) - len(there), sum(flat[i] for i in there)
    clips, prompts = [clips[i] for i in there], [prompts[i] for i in there]
    return _Set(clips, prompts, recipe.stats(clips) if clips else None, lost, mono, broken)


def _reference_set(held: Reference, embedder: str, policy: str, recipe: Recipe) -> _Set:
    if held.vectors:
        clips = held.vectors[embedder, policy]
        return _set(clips, list(range(len(clips))), [policy != "mono" and one for one in held.mono], recipe)
    return _Set([], [], held.saved.get((embedder, policy)))


def _rows(kinds: Sequence[str], own: _Set, against: _Set, note: str) -> list[dict[str, Any]]:
    """Return a row for each distance."""
    size = {
        "n_clips": len(own.clips),
        "n_prompts": len(set(own.prompts)),
        "n": own.stats.n if own.stats else 0,
        "n_reference": np.nan if against.stats is None or against.stats.n is None else against.stats.n,
        "dim": own.stats.dim if own.stats else np.nan,
        "rank": own.stats.rank if own.stats else 0,
    }
    # Four of them come from one pass over all pairs.
    shares = _attempt(_manifold, own, against) if {*kinds} & {*_SHARES} else None
    own_notes, other_notes = (
        _warnings("the group", own),
        [*_warnings("the reference", against), *([note] if note else [])],
    )
    rows = []
    for kind in kinds:
        found = shares if kind in _SHARES else _attempt(_OF[kind], own, against)
        if isinstance(found, str):
            rows.append({"distance": kind, "value": np.nan, **size, "warning": "", "reason": found})
            continue
        result = found[kind] if kind in _SHARES else found
        warnings = [*result.warnings, *own_notes, *([] if kind == "vendi" else other_notes)]
        numbers = {name: getattr(result, name) for name in ("value", "lo", "hi", "spread")}
        rows.append({"distance": kind, **numbers, **size, "warning": "; ".join(warnings), "reason": ""})
    return rows


def _attempt(compute: Callable[[_Set, _Set], Any], own: _Set, against: _Set) -> Any:
    """Return what is computed, or why it cannot be."""
    if own.stats is None:
        return "no clip of the group has vectors"
    if against.stats is None and compute is not _vendi:
        return "the reference has no vectors or statistics of these channels"
    if compute in (_kernel, _manifold) and not against.clips:
        return "saved statistics hold no vectors: give the reference as a folder or a store"
    try:
        return compute(own, against)
    except MetricError as error:
        return str(error)


def _warnings(what: str, one: _Set) -> list[str]:
    """Warn of clips that were left out, and of those that have no stereo image to be heard."""
    notes = []
    if one.lost:
        whole = one.lost + len(one.clips)
        notes.append(f"{what}: {one.lost} of {whole} clips are unreadable or too short, and left out")
    if one.broken:
        notes.append(f"{what}: {one.broken} vectors are not finite, and left out")
    if one.mono:
        files = f"{one.mono} of {len(one.clips)} clips are mono"
        notes.append(f"{what}: {files}, heard as left and right that are the same, and a silent side")
    return notes


def _biased(what: str, one: _Set) -> list[str]:
    """Warn of a set whose covariance is mostly chance."""
    if one.stats.n is None:
        return []
    few = f"{what} has {one.stats.n} vectors"
    if one.stats.n > distribution.PARTS * one.stats.dim:
        if (worth := _effective_size(one)) > distribution.PARTS * one.stats.dim:
            return []
        few += f", worth {worth:.0f} independent ones,"
    return [f"{few} in {one.stats.dim} dimensions: reads too high, compare only such sets"]


def _effective_size(one: _Set) -> float:
    """Return how many independent vectors a set amounts to; of saved statistics, all that there are."""
    groups: dict[Any, list[np.ndarray]] = {}
    for prompt, clip in zip(one.prompts, one.clips, strict=True):
        groups.setdefault(prompt, []).append(clip)
    return (
        distribution.independent([np.concatenate(group) for group in groups.values()]) if groups else float(one.stats.n)
    )


def _frechet(own: _Set, against: _Set) -> _Result:
    value = distribution.frechet_distance(own.stats, against.stats)
    spread = distribution.frechet_spread(own.clips, own.prompts, against.stats) if len(set(own.prompts)) > 2 else np.nan
    return _Result(value, spread=spread, warnings=(*_biased("the group", own), *_biased("the reference", against)))


def _frechet_infinity(own: _Set, against: _Set) -> _Result:
    value, lo, hi, _ = distribution.frechet_infinity_interval(own.clips, own.prompts, against.stats)
    # Its own size is extrapolated away; the reference's is not.
    warnings = _biased("the reference", against)
    # Vectors are enough, or it would have been refused; but those of one prompt are alike.
    if (worth := _effective_size(own)) <= distribution.PARTS * own.stats.dim:
        warnings.append(
            f"{own.stats.n} vectors that are worth {worth:.0f} independent ones in {own.stats.dim} dimensions: "
            "reads too high, the interval may miss; take more prompts"
        )
    if lo <= 0:
        warnings.append("the interval reaches 0, where it is not known to cover")
    return _Result(value, lo, hi, warnings=tuple(warnings))


def _kernel(own: _Set, against: _Set) -> _Result:
    if len(set(own.prompts)) < 3:
        few = "no interval: fewer than 3 prompts; windows of one clip read too high"
        return _Result(distribution.kernel_distance(own.vectors, against.vectors), warnings=(few,))
    prompts, others = (
        [one.prompts[i] for i, clip in enumerate(one.clips) for _ in range(len(clip))] for one in (own, against)
    )
    value, lo, hi, _ = distribution.kernel_interval(own.vectors, prompts, against.vectors, others)
    return _Result(value, lo, hi)


def _manifold(own: _Set, against: _Set) -> dict[str, _Result]:
    found = distribution.manifold(own.vectors, against.vectors)
    warnings = []
    for what, one in (("the group", own), ("the reference", against)):
        if len(one.clips) < FEW:
            warnings.append(f"{what} has {len(one.clips)} clips: a share of them moves by chance")
        if (worth := _effective_size(one)) < one.stats.n / 2:
            alike = f"{one.stats.n} vectors are worth {worth:.0f} independent ones"
            warnings.append(f"{what}'s {alike}: they are each other's neighbours, reads too low")
    if not 0.5 <= own.stats.n / against.stats.n <= 2:
        warnings.append(f"{own.stats.n} vectors against {against.stats.n}: depends on both, compare only such sets")
    return {name: _Result(value, warnings=tuple(warnings)) for name, value in found._asdict().items()}


def _vendi(own: _Set, against: _Set) -> _Result:
    few = own.stats.n < own.stats.dim
    warnings = (f"at most {own.stats.n}, the number of vectors: compare only sets of as many",) if few else ()
    return _Result(distribution.vendi_score(own.vectors), warnings=warnings)


_SHARES = ("precision", "recall", "density", "coverage")
_OF: dict[str, Callable[[_Set, _Set], _Result]] = {
    "frechet": _frechet,
    "frechet_infinity": _frechet_infinity,
    "kernel": _kernel,
    "vendi": _vendi,
}
