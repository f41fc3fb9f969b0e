"""The table of how well clips find their own prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.embed import Embedder
from mgeval.errors import AudioError, MetricError, ModelError
from mgeval.metrics import Undefined, similarity
from mgeval.runs import Store
from mgeval.scoring.clip_reader import Source
from mgeval.scoring.references import clip_sources, load_embedders
from mgeval.scoring.vectors import cached_vectors
from mgeval.stats import mean_interval
from mgeval.tables import done_clips, group_columns, group_rows, own_clips, prompt_numbers, prompt_texts

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("embedder", "clap_rank", "lo", "hi", "chance", "margin", "margin_lo", "margin_hi"),
    *("n_clips", "n_prompts", "n_texts", "reason"),
)

NO_CLIP = "no clip has a prompt and can be read"
NO_TEXT = "its text is the name of a file, not a prompt of the sweep"


def prompt_ranks(
    clips: pd.DataFrame,
    store: Store,
    embedders: str | Embedder | Sequence[str | Embedder],
    by: str | Sequence[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Measure how well clips find their own prompts among all prompts of the sweep.

    `mgeval.metrics.similarity.clap_rank` of each clip, averaged. A model that ignores its prompts reads the
    chance, and so does a text tower whose vectors are all alike.

    Parameters
    ----------
    clips : DataFrame
        From `run` or `measure`, with prompts. Those without one, and those that cannot be read, are left out. The
        prompts are those of the model's own clips: a control whose text is the name of a file has no rank.
    store : Store
        Where the clips lie; their vectors are kept there.
    embedders : str, Embedder or sequence of them
        Embedders that read texts.
    by : str or sequence of str, optional
        Columns whose combinations are the groups; each is ranked against all prompts of the sweep. Controls are
        groups of their own.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        One row per group and embedder: the group's values, ``embedder``, ``clap_rank`` (mean reciprocal rank, 0 to 1)
        with ``lo`` and ``hi`` (95 % interval over prompts, see `mgeval.stats.mean_interval`), ``chance``, ``margin``
        with its interval (mean difference of cosines to the best other prompt), ``n_clips``,
        ``n_prompts``, ``n_texts`` they are ranked among, and ``reason`` where there is no value.

    Raises
    ------
    MetricError
        The table is not one of clips, the model's clips have fewer than two prompts, or a column does not exist.
    ModelError
        An embedder that does not work, or that reads no texts.
    """
    import pandas as pd

    clips = done_clips(clips)
    by, sources, prompts = group_columns(clips, by, COLUMNS), clip_sources(clips, store), prompt_texts(clips)
    texts = list(dict.fromkeys(prompt for prompt in prompt_texts(own_clips(clips)) if prompt.strip()))
    if len(texts) < 2:
        raise MetricError("ranking needs two different prompts: the model's clips in the table have fewer")
    foreign = np.array([bool(prompt.strip()) and prompt not in texts for prompt in prompts])
    clusters, groups = prompt_numbers(clips), group_rows(clips, by)
    rows = []
    for embedder in load_embedders(embedders):
        if not embedder.has_text:
            raise ModelError(f"{embedder.id} reads no texts: one that does is 'clap:tiny'")
        ranks = _ranks(sources, prompts, texts, embedder, store, progress)
        for values, index in groups:
            summary = _summary(ranks[index], clusters[index], len(texts), NO_TEXT if foreign[index].all() else NO_CLIP)
            rows.append({**values, "embedder": embedder.id, **summary})
    return pd.DataFrame(rows, columns=[*by, *COLUMNS])


def _ranks(
    sources: list[Source], prompts: list[str], texts: list[str], embedder: Embedder, store: Store, progress: bool
) -> np.ndarray:
    """Return the reciprocal rank and the margin of each clip, ``(clips, 2)``, NaN where there is none."""
    from tqdm.auto import tqdm

    vectors = embedder.text(texts)
    ranks: list[tuple[float, ...]] = []
    pairs = zip(sources, prompts, strict=True)
    for source, prompt in tqdm(pairs, total=len(sources), desc="ranking", unit="clip", disable=not progress):
        ranks.append(tuple(_rank(source, prompt, texts, vectors, embedder, store)))
    return np.array(ranks, float)


def _rank(
    source: Source, prompt: str, texts: list[str], vectors: np.ndarray, embedder: Embedder, store: Store
) -> similarity.Rank:
    if not prompt.strip():
        return _no_rank("there is no prompt")
    if prompt not in texts:
        return _no_rank(NO_TEXT)
    try:
        clip = source()
    except AudioError as error:
        return _no_rank(str(error))
    return similarity.clap_rank(cached_vectors(embedder, [clip], store)[0], vectors, texts.index(prompt))


def _no_rank(reason: str) -> similarity.Rank:
    return similarity.Rank(Undefined(reason), Undefined(reason))


def _summary(ranks: np.ndarray, clusters: np.ndarray, texts: int, why: str) -> dict[str, Any]:
    mean, lo, hi, n_prompts = mean_interval(ranks[:, 0], clusters)
    margin, margin_lo, margin_hi, _ = mean_interval(ranks[:, 1], clusters)
    return {
        "clap_rank": mean,
        "lo": lo,
        "hi": hi,
        "chance": similarity.chance(texts),
        "margin": margin,
        "margin_lo": margin_lo,
        "margin_hi": margin_hi,
        "n_clips": int(np.isfinite(ranks[:, 0]).sum()),
        "n_prompts": n_prompts,
        "n_texts": texts,
        "reason": "" if n_prompts else why,
    }
