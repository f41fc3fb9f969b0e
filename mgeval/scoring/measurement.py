"""From tables of clips to tables of numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import FORMATS, Audio, load_audio
from mgeval.errors import AudioError, MetricError
from mgeval.files import expand_path
from mgeval.metrics import METRICS, Metric, Undefined, columns, custom_metrics, evaluate, metric_names
from mgeval.runs import Store, is_store
from mgeval.scoring.clap import PromptScorer, checkpoint_of, load_scorers, score_prompts
from mgeval.tables import EMBEDDER, prompt_texts

if TYPE_CHECKING:
    import pandas as pd

CLIPS_PER_WORKER = 12
"""With fewer clips, starting another process takes longer than it saves."""

_Source = Callable[[], Audio]

SEVERAL = "; "
"""Between the checkpoints, or the reasons, of one cell."""

NAMED = 3
"""A reason that holds for more measures than this counts them instead of naming them."""


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
    names, ears = [name for name in asked if name in METRICS], load_scorers(asked)
    if not isinstance(clips, pd.DataFrame):
        paths = [clips] if isinstance(clips, (str, os.PathLike)) else list(clips)
        if not paths:
            raise AudioError("there is nothing to measure: give at least one file or folder")
        return pd.concat([_measure_path(expand_path(path), names, ears, progress) for path in paths], ignore_index=True)
    if store is None:
        raise MetricError("measure(clips, store): a table of clips needs the store that holds them")
    return _measure_clips(clips, store, names, ears, progress)


def _measure_clips(
    clips: pd.DataFrame, store: Store, names: list[str], ears: dict[str, PromptScorer], progress: bool
) -> pd.DataFrame:
    import pandas as pd

    if "key" not in clips.columns or "status" not in clips.columns:
        raise MetricError(
            "the table is not one of clips: run(plan, store) returns one, with columns 'key' and 'status'"
        )
    for name in names:
        if name in clips.columns and clips[name].dtype.kind != "f":
            raise MetricError(f"the table has a column {name!r} that is no measurement: rename it")
    added = _added(names, ears)
    before = recipes_of(clips)
    kept = clips.drop(columns=[name for name in added if name in clips.columns])
    records = kept.to_dict("records")
    sources = [partial(store.audio, row["key"]) if row["status"] == "done" else None for row in records]
    rows = [numbers for _, numbers in _scored(sources, prompt_texts(kept), names, ears, store, progress)]
    # Of no clips, too, the metrics are numbers.
    numbers = dict.fromkeys(columns(added), float)
    table = pd.concat([kept, pd.DataFrame(rows, index=kept.index, columns=added).astype(numbers)], axis=1)
    table = table.assign(reason=reasons_of(clips, kept, table["reason"]))
    if ears and before:
        # Columns of a former measurement stay, and with them the checkpoints that made them.
        there = {column.partition(":")[2] for column in columns(kept.columns)}
        known = {one: recipe for one, recipe in before.items() if checkpoint_of(one) in there}
        table = table.assign(**_named(dict(sorted((known | _recipes(ears)).items()))))
    return table


def _measure_path(path: Path, names: list[str], ears: dict[str, PromptScorer], progress: bool) -> pd.DataFrame:
    import pandas as pd

    if not os.path.exists(path):
        raise AudioError(f"{path}: no such file or folder")
    if is_store(path):
        store = Store(path)
        return _measure_clips(store.table(), store, names, ears, progress)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix.lower() in FORMATS)
    if not files:
        raise AudioError(f"{path}: holds no audio ({', '.join(FORMATS)})")
    scored = _scored([partial(load_audio, file) for file in files], [""] * len(files), names, ears, None, progress)
    rows = [{"path": str(file)} | about | numbers for file, (about, numbers) in zip(files, scored, strict=True)]
    return pd.DataFrame(rows, columns=["path", "channels", "rate", "duration", *_added(names, ears)])


def _added(names: list[str], ears: dict[str, PromptScorer]) -> list[str]:
    """Return the columns that measuring adds."""
    scored = [column for ear in ears.values() for column in ear.columns]
    return [*names, *scored, *(EMBEDDER if ears else ()), "reason"]


def _scored(
    sources: Sequence[_Source | None],
    prompts: Sequence[str],
    names: list[str],
    ears: dict[str, PromptScorer],
    store: Store | None,
    progress: bool,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what a clip is and its numbers, clip by clip, measured on all processors where that is worth it."""
    from tqdm.auto import tqdm

    results = spread(_values, [(source, names) for source in sources], partial(_compile, names))
    bar = tqdm(results, total=len(sources), desc="measuring", unit="clip", disable=not progress)
    for result, fits in zip(bar, score_prompts(sources, prompts, ears, store), strict=True):
        if isinstance(result, str):
            yield {}, _unread(names, ears, result)
            continue
        about, values = result
        values |= fits
        numbers = {name: float(value) for name, value in values.items()}
        yield about, {**numbers, **_named(_recipes(ears)), "reason": reasons(values)}


def spread(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], before: Callable[[], None] = lambda: None
) -> Iterable[Any]:
    """Yield ``function(*job)`` for each clip's job, in order, on all processors where that is worth it.

    Parameters
    ----------
    function : callable
        What is done with a clip; it and its results must go from process to process.
    jobs : sequence of tuple
        Arguments, one tuple for each clip.
    before : callable
        Called once, here, if other processes follow.

    Returns
    -------
    iterable
        The results.
    """
    from joblib import Parallel, cpu_count, delayed

    # A SLURM job or a container has fewer processors than its machine: joblib knows.
    workers = min(cpu_count(), len(jobs) // CLIPS_PER_WORKER)
    if workers <= 1:
        return (function(*job) for job in jobs)
    before()
    # Only paths and numbers travel, and no more clips are under way than there are workers for them.
    rows = custom_metrics()
    return Parallel(workers, return_as="generator")(delayed(_knowing)(rows, function, *job) for job in jobs)


def _knowing(rows: dict[str, Metric], function: Callable[..., Any], *job: Any) -> Any:
    known = dict(METRICS)
    METRICS.update(rows)
    try:
        return function(*job)
    finally:
        # Processes are used again: the next call may come without these rows.
        METRICS.clear()
        METRICS.update(known)


def _values(source: _Source | None, names: list[str]) -> tuple[dict[str, Any], dict[str, float]] | str:
    """Return what a clip is and its measures, or why it cannot be read."""
    if source is None:
        return "the clip was not made"
    try:
        audio = source()
    except AudioError as error:
        return str(error)
    about = {"channels": audio.channels, "rate": audio.rate, "duration": audio.duration}
    return about, evaluate(audio.samples, audio.rate, names)


def _compile(names: list[str]) -> None:
    """Measure four seconds of chords once, here.

    librosa compiles when first used, and keeps what it compiled in files: processes that begin with that
    at the same time crash one another.
    """
    time = np.arange(4 * 16000) / 16000
    beats = np.exp(-8 * (time % 0.5))
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330))
    evaluate(np.stack([0.1 * beats * chord, 0.05 * chord]).astype(np.float32), 16000, names)


def _unread(names: list[str], ears: dict[str, PromptScorer], error: str) -> dict[str, Any]:
    nothing = dict.fromkeys(_added(names, ears), float("nan"))
    return {**nothing, **_named(_recipes(ears)), "reason": error}


def _recipes(ears: dict[str, PromptScorer]) -> dict[str, str]:
    return {ear.embedder.id: ear.embedder.recipe for ear in ears.values()}


def _named(recipes: dict[str, str]) -> dict[str, str]:
    """Return the cells of `EMBEDDER`."""
    return dict(zip(EMBEDDER, (SEVERAL.join(recipes), SEVERAL.join(recipes.values())), strict=True))


def recipes_of(scores: pd.DataFrame) -> dict[str, str]:
    """Return what a table of scores says of its embedders: recipes by id, empty where the table does not say."""
    found: dict[str, str] = {}
    for ids, recipes in scores.reindex(columns=list(EMBEDDER)).drop_duplicates().fillna("").itertuples(index=False):
        each, how = str(ids).split(SEVERAL), str(recipes).split(SEVERAL)
        found |= dict(zip(each, how if len(how) == len(each) else [""] * len(each), strict=True))
    found.pop("", None)
    return found


def reasons_of(before: pd.DataFrame, kept: pd.DataFrame, now: pd.Series) -> list[str]:
    """Return why values of a table are undefined: those of metrics that stay for the reasons of before."""
    if "reason" not in before.columns:
        return now.tolist()
    stays = kept[columns(kept.columns)].isna().any(axis=1)
    former = before["reason"].where(stays & before["reason"].notna(), "")
    # Part by part: what was said before and holds still must not grow with every measurement.
    parts = (f"{one}{SEVERAL}{other}".split(SEVERAL) for one, other in zip(former, now, strict=True))
    return [SEVERAL.join(dict.fromkeys(filter(None, each))) for each in parts]


def reasons(values: dict[str, float]) -> str:
    """Say why values are undefined: each reason once, with the measures it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, Undefined):
            reasons.setdefault(value.reason, []).append(name)
    return "; ".join(
        f"{reason} ({', '.join(names) if len(names) <= NAMED else f'{len(names)} measures'})"
        for reason, names in reasons.items()
    )


def store_clips(store: Store, clips: pd.DataFrame | None) -> pd.DataFrame:
    """Return the clips of a table, by default all of a store; raise `MetricError` if the table holds no clips."""
    clips = store.table() if clips is None else clips
    for column in ("key", "status"):
        if column not in clips.columns:
            raise MetricError(f"the table has no column {column!r}: run(plan, store) returns one of clips")
    return clips
