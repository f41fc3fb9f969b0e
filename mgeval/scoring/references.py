"""Sets of clips as vectors: which channels are embedded, and what a set is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mgeval.audio import Audio, audio_files, load_audio
from mgeval.embed import Embedder
from mgeval.errors import AudioError, MetricError, nearest
from mgeval.files import expand_path
from mgeval.metrics import distribution
from mgeval.runs import Store, is_store
from mgeval.scoring.clip_reader import Source, read_together
from mgeval.scoring.recipes import Recipe, clip_vectors, find_recipe
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
"""The signals that an embedder gets. It embeds each row alone, and the vectors of two rows that sound at the same time
are joined side by side: twice the dimensions. As one pool of vectors, the rows would lose which belongs to which. An
embedder that keeps channels apart by itself gets the two rows as one clip, where `Embedder.together` says so."""


class Reference(NamedTuple):
    """What sets are compared with: vectors, or saved statistics in their place."""

    name: str
    vectors: Vectors
    saved: dict[tuple[str, str], distribution.GaussianStats]
    note: str = ""
    """What a reader of its numbers must know."""
    mono: Sequence[bool] = ()
    """Whether each clip has one channel only; none of saved statistics."""


def embed_clips(
    sources: Sequence[Source], embedders: Sequence[Embedder], recipe: Recipe, store: Store | None, progress: bool
) -> tuple[Vectors, list[bool]]:
    """Return the vectors of clips on all channel policies, and which are mono; an unreadable clip has no vectors."""
    from tqdm.auto import tqdm

    vectors: Vectors = {(embedder.id, policy): [] for embedder in embedders for policy in POLICIES}
    mono: list[bool] = []
    with tqdm(total=len(sources), desc="embedding", unit="clip", disable=not progress) as bar:
        for start in range(0, len(sources), TOGETHER):
            clips = read_together(sources[start : start + TOGETHER])
            mono += [clip is not None and clip.channels == 1 for clip in clips]
            for embedder in embedders:
                for policy in POLICIES:
                    vectors[embedder.id, policy] += _clip_vectors(clips, policy, embedder, recipe, store)
            bar.update(len(clips))
    return vectors, mono


def _clip_vectors(
    clips: Sequence[Audio | None], policy: str, embedder: Embedder, recipe: Recipe, store: Store | None
) -> Iterator[np.ndarray]:
    signals = [POLICIES[policy](clip) for clip in clips if clip is not None]
    rows = iter(clip_vectors(signals, embedder, recipe, store, policy in embedder.together))
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
        return Reference("statistics", {}, _foreign_stats(reference, embedders), note)
    path = reference.path if isinstance(reference, Store) else expand_path(reference)
    if path.suffix == ".npz":
        return _read_stats(path, embedders, recipe)
    vectors, mono = embed_clips(_sources(path), embedders, recipe, store, progress)
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
    return [partial(load_audio, file) for file in audio_files(path)]


def _foreign_stats(
    stats: distribution.GaussianStats, embedders: Sequence[Embedder]
) -> dict[tuple[str, str], distribution.GaussianStats]:
    for embedder in embedders:
        if embedder.dim != stats.dim:
            raise MetricError(f"the reference has {stats.dim} dimensions and {embedder.id} {embedder.dim}")
    # Other tools' statistics are of the mono mean.
    return {(embedder.id, "mono"): stats for embedder in embedders}


def _read_stats(path: Path, embedders: Sequence[Embedder], recipe: Recipe) -> Reference:
    names = distribution.saved_names(path)
    if names == [""]:
        note = "the file does not say which embedder and recipe made it"
        return Reference(path.name, {}, _foreign_stats(distribution.GaussianStats.load(path), embedders), note)
    names_wanted = {(e.id, policy): _stats_name(e, policy, recipe) for e in embedders for policy in POLICIES}
    stats = {where: distribution.GaussianStats.load(path, key) for where, key in names_wanted.items() if key in names}
    for embedder in embedders:
        if not any(where[0] == embedder.id for where in stats):
            wanted = _stats_name(embedder, "mono", recipe)
            raise MetricError(
                f"{path}: holds no statistics {wanted!r}: {nearest(wanted, names)}; "
                "those of another tool can be given as GaussianStats.load(path, name)"
            )
    return Reference(path.name, {}, stats)


def _stats_name(embedder: Embedder, policy: str, recipe: Recipe) -> str:
    return f"{embedder.id}|{policy}|{recipe.name}"


def save_reference(
    path: str | os.PathLike[str],
    reference: Store | str | os.PathLike[str],
    embedders: str | Embedder | Sequence[str | Embedder],
    recipe: str = "mgeval",
    store: Store | None = None,
    progress: bool = True,
) -> Path:
    """Write the statistics of a reference set, so that `distances` no longer needs its audio.

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
    chosen, how = load_embedders(embedders), find_recipe(recipe)
    source = load_reference(reference, chosen, how, store, progress)
    stats = {}
    for embedder in chosen:
        for policy in POLICIES:
            clips = [clip for clip in finite(source.vectors[embedder.id, policy]) if len(clip)]
            if sum(map(len, clips)) < 2:
                raise MetricError(f"{source.name}: statistics need two vectors; take more or longer clips")
            stats[_stats_name(embedder, policy, how)] = how.stats(clips)
    return distribution.save_stats(path, stats)


def load_embedders(embedders: str | Embedder | Sequence[str | Embedder]) -> list[Embedder]:
    """Load the embedders that are given by name."""
    from mgeval import embed

    given = [embedders] if isinstance(embedders, (str, Embedder)) else list(embedders)
    if not given:
        raise MetricError("name at least one embedder, such as 'clap:tiny'")
    loaded = [embed.load(item) if isinstance(item, str) else item for item in given]
    for index, embedder in enumerate(loaded):
        if not isinstance(embedder, Embedder):
            raise MetricError(f"an embedder must be a name or what mgeval.embed.load returned, got {embedder!r}")
        # Vectors are kept by id: two embedders of one id would count every clip twice.
        if embedder.id in [earlier.id for earlier in loaded[:index]]:
            raise MetricError(f"the embedder {embedder.id} is given twice: name it once")
    return loaded


def clip_sources(clips: pd.DataFrame, store: Store | None) -> list[Source]:
    """Return the readers of the clips of a table: from a store, or, without one, from files."""
    column = "path" if store is None else "key"
    if column not in clips.columns:
        raise MetricError(
            f"the table has no column {column!r}: give the clips of run() with their store, "
            "or what measure() returned for files with None"
        )
    return [partial(load_audio, name) if store is None else partial(store.audio, name) for name in clips[column]]
