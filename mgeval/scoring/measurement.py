"""From tables of clips to tables of numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.audio import audio_files, load_audio
from mgeval.errors import AudioError, MetricError
from mgeval.files import expand_path
from mgeval.metrics import METRICS, columns, metric_names
from mgeval.runs import Store, is_store
from mgeval.scoring.clap import PromptScorer, checkpoint_of, load_scorers, score_prompts
from mgeval.scoring.clip_jobs import compute, plan_job
from mgeval.scoring.clip_measures import ClipMeasures, load_measures
from mgeval.scoring.clip_reader import Source
from mgeval.scoring.reasons import SEVERAL, merge_reasons, reason_text
from mgeval.tables import EMBEDDER, prompt_texts

if TYPE_CHECKING:
    import pandas as pd


def measure(
    clips: pd.DataFrame | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    store: Store | None = None,
    metrics: str | Iterable[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Measure clips, on all processors that this process may use.

    Parameters
    ----------
    clips : DataFrame, path, or sequence of paths
        The clips that `run` returned; or audio files, folders of them (searched with their
        sub-folders), or folders of runs.
    store : Store, optional
        Where the clips of a table lie.
    metrics : str or iterable of str, optional
        Names from ``mgeval.metrics.METRICS``; by default all that need no checkpoint. The name of an
        embedder that reads texts, as `mgeval.embed.load` knows it (``clap:tiny``, ``clap:PATH``,
        ``clap:ID``, ``clap:FILE.pt``, ``laion:FILE.pt``), adds how well clips fit their prompts:
        columns ``clap:NAME`` and ``clap_min:NAME``, ``embedder``, the checkpoint's name and hash, and
        ``embedder_recipe``, what it did to a clip before it heard it; of several checkpoints one after the other.
        NAME is the checkpoint's, after ``laion:`` for the laion-clap package. Vectors are kept in the
        store, where `distances` finds them, and it finds that function's.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        The clips with one column per metric, and ``reason``: why those that are NaN are. A clip
        that cannot be read has NaN everywhere and its error as the reason. For files the clips'
        columns are ``path``, ``channels``, ``rate`` in Hz and ``duration`` in seconds.

    Raises
    ------
    MetricError
        A metric that does not exist, or a table of clips without a store.
    ModelError
        A checkpoint that is not there or does not work.
    AudioError
        A path that does not exist, or no audio at all.
    """
    import pandas as pd

    asked = metric_names(metrics)
    names, scorers = [name for name in asked if name in METRICS], load_scorers(asked)
    if not isinstance(clips, pd.DataFrame):
        paths = [clips] if isinstance(clips, (str, os.PathLike)) else list(clips)
        if not paths:
            raise AudioError("there is nothing to measure: give at least one file or folder")
        return pd.concat(
            [_measure_path(expand_path(path), names, scorers, progress) for path in paths], ignore_index=True
        )
    if store is None:
        raise MetricError("measure(clips, store): a table of clips needs the store that holds them")
    return _measure_clips(clips, store, names, scorers, progress)


def _measure_clips(
    clips: pd.DataFrame, store: Store, names: list[str], scorers: dict[str, PromptScorer], progress: bool
) -> pd.DataFrame:
    import pandas as pd

    if "key" not in clips.columns or "status" not in clips.columns:
        raise MetricError(
            "the table is not one of clips: run(plan, store) returns one, with columns 'key' and 'status'"
        )
    for name in names:
        if name in clips.columns and clips[name].dtype.kind != "f":
            raise MetricError(f"column {name!r} of the table must hold numbers, got {clips[name].dtype}: rename it")
    new = _new_columns(names, scorers)
    before = recipes_of(clips)
    rest = clips.drop(columns=[name for name in new if name in clips.columns])
    keys = [key if status == "done" else None for key, status in zip(clips["key"], clips["status"], strict=True)]
    sources = [None if key is None else partial(store.audio, key) for key in keys]
    measured = _measure(sources, prompt_texts(rest), names, scorers, store, load_measures(store, keys), progress)
    # Metrics are numbers in a table without clips, too.
    types = dict.fromkeys(columns(new), float)
    rows = pd.DataFrame([numbers for _, numbers in measured], index=rest.index, columns=new).astype(types)
    table = pd.concat([rest, rows], axis=1)
    table = table.assign(reason=merge_reasons(clips, rest, table["reason"]))
    if scorers and before:
        # Columns of a former measurement stay, and with them the checkpoints that made them.
        present = {column.partition(":")[2] for column in columns(rest.columns)}
        former = {embedder: recipe for embedder, recipe in before.items() if checkpoint_of(embedder) in present}
        table = table.assign(**_embedder_cells(dict(sorted((former | _recipes(scorers)).items()))))
    return table


def _measure_path(path: Path, names: list[str], scorers: dict[str, PromptScorer], progress: bool) -> pd.DataFrame:
    import pandas as pd

    if not os.path.exists(path):
        raise AudioError(f"{path}: no such file or folder")
    if is_store(path):
        store = Store(path)
        return _measure_clips(store.table(), store, names, scorers, progress)
    files = [path] if path.is_file() else audio_files(path)
    sources = [partial(load_audio, file) for file in files]
    measured = _measure(sources, [""] * len(files), names, scorers, None, None, progress)
    rows = [{"path": str(file)} | about | numbers for file, (about, numbers) in zip(files, measured, strict=True)]
    return pd.DataFrame(rows, columns=["path", "channels", "rate", "duration", *_new_columns(names, scorers)])


def _new_columns(names: list[str], scorers: dict[str, PromptScorer]) -> list[str]:
    """Return the columns that measuring adds."""
    scored = [column for scorer in scorers.values() for column in scorer.columns]
    return [*names, *scored, *(EMBEDDER if scorers else ()), "reason"]


def _measure(
    sources: Sequence[Source | None],
    prompts: Sequence[str],
    names: list[str],
    scorers: dict[str, PromptScorer],
    store: Store | None,
    kept: Sequence[ClipMeasures] | None,
    progress: bool,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the description and the numbers of each clip; what its store keeps is not computed again."""
    from tqdm.auto import tqdm

    clips: Sequence[ClipMeasures | None] = kept or [None] * len(sources)
    jobs = [plan_job(*pair, names, mono=bool(scorers)) for pair in zip(sources, clips, strict=True)]
    bar = tqdm(compute(jobs), total=len(sources), desc="measuring", unit="clip", disable=not progress)
    scored = score_prompts(sources, prompts, scorers, store, kept)
    for result, scores, clip in zip(bar, scored, clips, strict=True):
        if isinstance(result, str):
            yield {}, _unread(names, scorers, result)
            continue
        values = dict(result.values)
        if clip is not None:
            values |= clip.values([name for name in names if name not in values])
            clip.add(result.values, result.findings, result.mono)
        values = {name: values[name] for name in names} | scores
        numbers = {name: float(value) for name, value in values.items()}
        yield result.about, {**numbers, **_embedder_cells(_recipes(scorers)), "reason": reason_text(values)}


def _unread(names: list[str], scorers: dict[str, PromptScorer], error: str) -> dict[str, Any]:
    nothing = dict.fromkeys(_new_columns(names, scorers), float("nan"))
    return {**nothing, **_embedder_cells(_recipes(scorers)), "reason": error}


def _recipes(scorers: dict[str, PromptScorer]) -> dict[str, str]:
    return {scorer.embedder.id: scorer.embedder.recipe for scorer in scorers.values()}


def _embedder_cells(recipes: dict[str, str]) -> dict[str, str]:
    """Return the values of the columns `EMBEDDER`."""
    return dict(zip(EMBEDDER, (SEVERAL.join(recipes), SEVERAL.join(recipes.values())), strict=True))


def recipes_of(scores: pd.DataFrame) -> dict[str, str]:
    """Return what a table of scores says of its embedders: recipes by id, empty where the table does not say."""
    found: dict[str, str] = {}
    for ids, recipes in scores.reindex(columns=list(EMBEDDER)).drop_duplicates().fillna("").itertuples(index=False):
        each, how = str(ids).split(SEVERAL), str(recipes).split(SEVERAL)
        found |= dict(zip(each, how if len(how) == len(each) else [""] * len(each), strict=True))
    found.pop("", None)
    return found
