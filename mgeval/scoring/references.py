"""Sets of clips as vectors: which channels are heard, and what a set is held against."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mgeval.audio import FORMATS, Audio, load_audio
from mgeval.embed import Embedder
from mgeval.errors import AudioError, MetricError, nearest
from mgeval.files import expand_path
from mgeval.metrics import distribution
from mgeval.runs import Store, is_store
from mgeval.scoring.reading import Source, read_together
from mgeval.scoring.recipes import Recipe, chosen_recipe, clip_vectors
from mgeval.tables import own_clips

if TYPE_CHECKING:
    import pandas as pd

TOGETHER = 8
"""Clips that are in memory at once; an embedder may batch their windows."""

Vectors = dict[tuple[str, str], list[np.ndarray]]
"""By embedder's id and channel policy, for each clip ``(windows, dim)``."""


def left_right(clip: Audio) -> Audio:
    """Return left and right; a mono clip twice."""
    return clip if clip.channels == 2 else Audio(np.repeat(clip.samples, 2, axis=0), clip.rate)


def mid_side(clip: Audio) -> Audio:
    """Return half the sum and half the difference of left and right; the side of a mono clip is silent."""
    left, right = left_right(clip).samples.astype(np.float64)
    return Audio(np.stack([(left + right) / 2, (left - right) / 2]), clip.rate)


POLICIES: dict[str, Callable[[Audio], Audio]] = {"mono": Audio.mono, "left_right": left_right, "mid_side": mid_side}
"""What an embedder is given. Each row is heard on its own, and the vectors of two rows that sound at the same time
are put side by side: twice the dimensions. As one pool of vectors, the rows would lose which belongs to which. An
embedder that hears channels apart by itself is given the two rows as one clip, where `Embedder.together` says so."""


class Reference(NamedTuple):
    """What sets are held against: vectors, or saved statistics in their place."""

    name: str
    vectors: Vectors
    saved: dict[tuple[str, str], distribution.GaussianStats]
    note: str = ""
    """What a reader of its numbers must know."""
    mono: Sequence[bool] = ()
    """Whether each clip has one channel only; none of saved statistics."""


def embedded(
    sources: Sequence[Source], embedders: Sequence[Embedder], recipe: Recipe, store: Store | None, progress: bool
) -> tuple[Vectors, list[bool]]:
    """Embed clips on all channel policies, and say which have one channel; one that cannot be read has no vectors."""
    from tqdm.auto import tqdm

    found: Vectors = {(embedder.id, policy): [] for embedder in embedders for policy in POLICIES}
    mono: list[bool] = []
    with tqdm(total=len(sources), desc="embedding", unit="clip", disable=not progress) as bar:
        for start in range(0, len(sources), TOGETHER):
            clips = read_together(sources[start : start + TOGETHER])
            mono += [clip is not None and clip.channels == 1 for clip in clips]
            for embedder in embedders:
                for policy in POLICIES:
                    found[embedder.id, policy] += _heard(clips, policy, embedder, recipe, store)
            bar.update(len(clips))
    return found, mono


def _heard(
    clips: Sequence[Audio | None], policy: str, embedder: Embedder, recipe: Recipe, store: Store | None
) -> Iterator[np.ndarray]:
    there = [POLICIES[policy](clip) for clip in clips if clip is not None]
    rows = iter(clip_vectors(there, embedder, recipe, store, policy in embedder.together))
    for clip in clips:
        yield np.zeros((0, 1), np.float32) if clip is None else next(rows)


def finite(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return each clip's vectors without those that are not finite."""
    return [vectors[np.isfinite(vectors).all(axis=1)] for vectors in clips]


def load_reference(
    reference: Store | distribution.GaussianStats | str | os.PathLike[str],
    embedders: Sequence[Embedder],
    recipe: Recipe,
    store: Store | None,
    progress: bool,
) -> Reference:
    """Embed a folder or a store, or read statistics.

    Raises
    ------
    AudioError
        No such folder, or no audio in it.
    MetricError
        A store without clips, a file without the statistics of an embedder, or of another dimension.
    """
    if isinstance(reference, distribution.GaussianStats):
        note = "the statistics do not say which embedder and recipe made them"
        return Reference("statistics", {}, _given(reference, embedders), note)
    path = reference.path if isinstance(reference, Store) else expand_path(reference)
    if path.suffix == ".npz":
        return _saved(path, embedders, recipe)
    vectors, mono = embedded(_sources(path), embedders, recipe, store, progress)
    return Reference(path.name, vectors, {}, mono=mono)


def _sources(path: Path) -> list[Source]:
    if is_store(path):
        store = Store(path)
        table = store.table()
        keys = own_clips(table[table["status"] == "done"])["key"]
        if len(keys) == 0:
            raise MetricError(f"{path}: the reference holds no clips; run(plan, store) makes some")
        return [partial(store.audio, key) for key in keys]
    if not path.is_dir():
        raise AudioError(f"{path}: no such folder; a reference is a folder of audio, a store, or an .npz of statistics")
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in FORMATS and file.is_file())
    if not files:
        raise AudioError(f"{path}: holds no audio ({', '.join(FORMATS)})")
    return [partial(load_audio, file) for file in files]


def _given(
    stats: distribution.GaussianStats, embedders: Sequence[Embedder]
) -> dict[tuple[str, str], distribution.GaussianStats]:
    for embedder in embedders:
        if embedder.dim != stats.dim:
            raise MetricError(f"the reference has {stats.dim} dimensions and {embedder.id} {embedder.dim}")
    # Other tools' statistics are of the mono mean.
    return {(embedder.id, "mono"): stats for embedder in embedders}


def _saved(path: Path, embedders: Sequence[Embedder], recipe: Recipe) -> Reference:
    names = distribution.saved_names(path)
    if names == [""]:
        note = "the file does not say which embedder and recipe made it"
        return Reference(path.name, {}, _given(distribution.GaussianStats.load(path), embedders), note)
    wanted = {(e.id, policy): _key(e, policy, recipe) for e in embedders for policy in POLICIES}
    found = {where: distribution.GaussianStats.load(path, key) for where, key in wanted.items() if key in names}
    for embedder in embedders:
        if not any(where[0] == embedder.id for where in found):
            wished = _key(embedder, "mono", recipe)
            raise MetricError(
                f"{path}: holds no statistics {wished!r}: {nearest(wished, names)}; "
                "those of another tool can be given as GaussianStats.load(path, name)"
            )
    return Reference(path.name, {}, found)


def _key(embedder: Embedder, policy: str, recipe: Recipe) -> str:
    return f"{embedder.id}|{policy}|{recipe.name}"


def save_reference(
    path: str | os.PathLike[str],
    reference: Store | str | os.PathLike[str],
    embedders: str | Embedder | Sequence[str | Embedder],
    recipe: str = "mgeval",
    store: Store | None = None,
    progress: bool = True,
) -> Path:
    """Write the statistics of a reference set, so that `distances` needs its audio no more.

    Mean and covariance for each embedder and channel policy, named after both and the recipe. Distances that need
    the vectors themselves (kernel, precision, recall, density, coverage) have none against them.

    Parameters
    ----------
    path : path-like
        Ends in ``.npz``.
    reference : Store or path
        A store, or a folder of audio, searched with its sub-folders.
    embedders : str, Embedder or sequence of them
        Names that `mgeval.embed.load` knows, or what it loaded.
    recipe : str
        One of ``mgeval.recipes.RECIPES``.
    store : Store, optional
        Where vectors are kept.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    MetricError
        The name does not end in ``.npz``, no such recipe, statistics in place of audio, or fewer than two vectors.
    AudioError
        No such folder, or no audio in it.
    """
    # Before hours of embedding, not after.
    if Path(path).suffix != ".npz":
        raise MetricError(f"{path}: statistics are saved as .npz")
    if isinstance(reference, distribution.GaussianStats) or (
        not isinstance(reference, Store) and Path(reference).suffix == ".npz"
    ):
        raise MetricError("the reference is statistics already: give a store, or a folder of audio")
    chosen, how = load_embedders(embedders), chosen_recipe(recipe)
    there = load_reference(reference, chosen, how, store, progress)
    stats = {}
    for embedder in chosen:
        for policy in POLICIES:
            clips = [clip for clip in finite(there.vectors[embedder.id, policy]) if len(clip)]
            if sum(map(len, clips)) < 2:
                raise MetricError(f"{there.name}: statistics need two vectors; take more or longer clips")
            stats[_key(embedder, policy, how)] = how.stats(clips)
    return distribution.save_stats(path, stats)


def load_embedders(embedders: str | Embedder | Sequence[str | Embedder]) -> list[Embedder]:
    """Return embedders, those that are named loaded."""
    from mgeval import embed

    several = [embedders] if isinstance(embedders, (str, Embedder)) else list(embedders)
    if not several:
        raise MetricError("name at least one embedder, such as 'clap:tiny'")
    ears = [embed.load(one) if isinstance(one, str) else one for one in several]
    for index, ear in enumerate(ears):
        if not isinstance(ear, Embedder):
            raise MetricError(f"{ear!r} is no embedder: give names, or what mgeval.embed.load returned")
        # Vectors are told apart by id: two of one id would count every clip twice.
        if ear.id in [earlier.id for earlier in ears[:index]]:
            raise MetricError(f"the embedder {ear.id} is given twice: name it once")
    return ears


def clip_sources(clips: pd.DataFrame, store: Store | None) -> list[Source]:
    """Return what reads each clip of a table: of a store, or, without one, of files."""
    column = "path" if store is None else "key"
    if column not in clips.columns:
        raise MetricError(
            f"the table has no column {column!r}: give the clips of run() with their store, "
            "or what measure() returned for files with None"
        )
    return [partial(load_audio, name) if store is None else partial(store.audio, name) for name in clips[column]]
