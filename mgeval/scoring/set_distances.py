"""The table of distances between sets of clips and a reference."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.embed import Embedder
from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution
from mgeval.runs import Store
from mgeval.scoring.distance_rows import DISTANCES, Pair, VectorSet, attempt
from mgeval.scoring.recipes import Recipe, find_recipe
from mgeval.scoring.references import (
    POLICIES,
    Reference,
    clip_sources,
    embed_clips,
    finite,
    load_embedders,
    load_reference,
)
from mgeval.tables import done_clips, group_columns, group_rows, prompt_numbers

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("embedder", "channels", "distance", "value", "lo", "hi", "spread", "n_clips", "n_prompts", "n"),
    *("n_reference", "dim", "rank", "recipe", "reference", "warning", "reason"),
)


def distances(
    clips: pd.DataFrame,
    store: Store | None,
    reference: Store | distribution.GaussianStats | str | os.PathLike[str],
    embedders: str | Embedder | Sequence[str | Embedder],
    by: str | Sequence[str] | None = None,
    kinds: str | Sequence[str] = tuple(DISTANCES),
    recipe: str = "mgeval",
    progress: bool = True,
) -> pd.DataFrame:
    """Compare sets of clips with a reference set: how far, how sure, and whether there are enough of them.

    Each clip is embedded three times: its mono mean, left beside right, and mid beside side
    (``mgeval.scoring.references.POLICIES``); docs/distances.md shows what each of them notices. An embedder that keeps
    both channels apart by itself (a stereo ``encodec:``) gets left and right as one clip; a mono clip is its own left
    and right. The functions are those of `mgeval.metrics.distribution`, on the vectors of all windows of all clips of
    a group. `mgeval.metrics.distribution.stereo_distance` compares groups in each stereo measure's own unit.

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
    how = find_recipe(recipe)
    clips = done_clips(clips)
    sources, by = clip_sources(clips, store), group_columns(clips, by, COLUMNS)
    loaded = load_embedders(embedders)
    target = load_reference(reference, loaded, how, store, progress)
    vectors, mono = embed_clips(sources, loaded, how, store, progress)
    prompts, groups = prompt_numbers(clips), group_rows(clips, by)
    rows = []
    for embedder in loaded:
        for policy in POLICIES:
            other = _reference_set(target, embedder.id, policy, how)
            for values, index in groups:
                clips_vectors = vectors[embedder.id, policy]
                flat = [policy != "mono" and mono[i] for i in index]
                group = _vector_set([clips_vectors[i] for i in index], [prompts[i] for i in index], flat, how)
                about = {"embedder": embedder.id, "channels": policy, "recipe": recipe, "reference": target.name}
                rows += [{**values, **about, **row} for row in _rows(kinds, Pair(group, other), target.note)]
    return pd.DataFrame(rows, columns=[*by, *COLUMNS])


def _vector_set(clips: list[np.ndarray], prompts: list[Any], flat: list[bool], recipe: Recipe) -> VectorSet:
    """Return the set of finite vectors; ``flat`` says which clips have one channel where two are embedded."""
    total, clips = sum(map(len, clips)), finite(clips)
    broken = total - sum(map(len, clips))
    present = [i for i, clip in enumerate(clips) if len(clip)]
    lost, mono = len(clips) - len(present), sum(flat[i] for i in present)
    clips, prompts = [clips[i] for i in present], [prompts[i] for i in present]
    return VectorSet(clips, prompts, recipe.stats(clips) if clips else None, lost, mono, broken)


def _reference_set(reference: Reference, embedder: str, policy: str, recipe: Recipe) -> VectorSet:
    if reference.vectors:
        clips = reference.vectors[embedder, policy]
        flat = [policy != "mono" and mono for mono in reference.mono]
        return _vector_set(clips, list(range(len(clips))), flat, recipe)
    return VectorSet([], [], reference.saved.get((embedder, policy)))


def _rows(kinds: Sequence[str], pair: Pair, note: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each distance."""
    group, reference = pair.group, pair.reference
    size = {
        "n_clips": len(group.clips),
        "n_prompts": len(set(group.prompts)),
        "n": group.stats.n if group.stats else 0,
        "n_reference": reference.size,
        "dim": group.dim,
        "rank": group.stats.rank if group.stats else 0,
    }
    notes = _exclusions("the group", group)
    others = [*_exclusions("the reference", reference), *([note] if note else [])]
    for kind in kinds:
        row = DISTANCES[kind]
        result = attempt(row, pair)
        if isinstance(result, str):
            yield {"distance": kind, "value": np.nan, **size, "warning": "", "reason": result}
            continue
        warnings = [*result.warnings, *notes, *(others if row.needs else [])]
        numbers = {name: getattr(result, name) for name in ("value", "lo", "hi", "spread")}
        yield {"distance": kind, **numbers, **size, "warning": "; ".join(warnings), "reason": ""}


def _exclusions(name: str, sample: VectorSet) -> list[str]:
    """Return warnings of what was left out, and of clips without a stereo image."""
    notes = []
    if sample.lost:
        total = sample.lost + len(sample.clips)
        notes.append(f"{name}: {sample.lost} of {total} clips are unreadable or too short, and left out")
    if sample.broken:
        notes.append(f"{name}: {sample.broken} vectors are not finite, and left out")
    if sample.mono:
        clips = f"{sample.mono} of {len(sample.clips)} clips are mono"
        notes.append(f"{name}: {clips}, embedded as left and right that are the same, and a silent side")
    return notes
