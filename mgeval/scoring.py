"""From tables of clips to tables of numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.audio import FORMATS, Audio, load_audio
from mgeval.errors import AudioError, MetricError
from mgeval.metrics import METRICS, Undefined, chosen, evaluate
from mgeval.store import Store, is_store

if TYPE_CHECKING:
    import pandas as pd

NAMED = 3
"""A reason that holds for more measures than this counts them instead of naming them."""


def measure(
    clips: pd.DataFrame | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    store: Store | None = None,
    metrics: str | Iterable[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Measure clips.

    Parameters
    ----------
    clips : DataFrame, path, or sequence of paths
        The clips that `run` returned; or audio files, folders of them (searched with their
        sub-folders), or folders of runs.
    store : Store, optional
        Where the clips of a table lie.
    metrics : str or iterable of str, optional
        Names from ``mgeval.metrics.METRICS``; all by default.
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
    AudioError
        A path that does not exist, or no audio at all.
    """
    import pandas as pd

    names = chosen(metrics)
    if not isinstance(clips, pd.DataFrame):
        paths = [clips] if isinstance(clips, (str, os.PathLike)) else list(clips)
        if not paths:
            raise AudioError("there is nothing to measure: give at least one file or folder")
        return pd.concat([_measure_path(Path(path), names, progress) for path in paths], ignore_index=True)
    if store is None:
        raise MetricError("measure(clips, store): a table of clips needs the store that holds them")
    if "key" not in clips.columns or "status" not in clips.columns:
        raise MetricError(
            "the table is not one of clips: run(plan, store) returns one, with columns 'key' and 'status'"
        )
    for name in names:
        if name in clips.columns and clips[name].dtype.kind != "f":
            raise MetricError(f"the table has a column {name!r} that is no measurement: rename it")
    kept = clips.drop(columns=[name for name in (*names, "reason") if name in clips.columns])
    rows = [_of_clip(row, store, names) for row in _bar(kept.to_dict("records"), progress)]
    return pd.concat([kept, pd.DataFrame(rows, index=kept.index, columns=[*names, "reason"])], axis=1)


def _measure_path(path: Path, names: list[str], progress: bool) -> pd.DataFrame:
    import pandas as pd

    if not os.path.exists(path):
        raise AudioError(f"{path}: no such file or folder")
    if is_store(path):
        store = Store(path)
        return measure(store.table(), store, names, progress)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix.lower() in FORMATS)
    if not files:
        raise AudioError(f"{path}: holds no audio ({', '.join(FORMATS)})")
    rows = [_of_file(file, names) for file in _bar(files, progress)]
    return pd.DataFrame(rows, columns=["path", "channels", "rate", "duration", *names, "reason"])


def _bar(rows: Sequence[Any], progress: bool) -> Iterator[Any]:
    from tqdm.auto import tqdm

    return tqdm(rows, desc="measuring", unit="clip", disable=not progress)


def _of_clip(row: dict[str, Any], store: Store, names: list[str]) -> dict[str, Any]:
    if row["status"] != "done":
        return _unread(names, "the clip was not made")
    try:
        return _numbers(store.audio(row["key"]), names)
    except AudioError as error:
        return _unread(names, str(error))


def _of_file(path: Path, names: list[str]) -> dict[str, Any]:
    try:
        audio = load_audio(path)
    except AudioError as error:
        return {"path": str(path), **_unread(names, str(error))}
    about = {"path": str(path), "channels": audio.channels, "rate": audio.rate, "duration": audio.duration}
    return {**about, **_numbers(audio, names)}


def _numbers(audio: Audio, names: list[str]) -> dict[str, Any]:
    values = evaluate(audio.samples, audio.rate, names)
    return {**{name: float(value) for name, value in values.items()}, "reason": _reason(values)}


def _unread(names: list[str], error: str) -> dict[str, Any]:
    return {**dict.fromkeys(names, float("nan")), "reason": error}


def _reason(values: dict[str, float]) -> str:
    """Say why values are undefined: each reason once, with the measures it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, Undefined):
            reasons.setdefault(value.reason, []).append(name)
    return "; ".join(
        f"{reason} ({', '.join(names) if len(names) <= NAMED else f'{len(names)} measures'})"
        for reason, names in reasons.items()
    )


def swept(scores: pd.DataFrame) -> list[str]:
    """Return the columns of a table of clips that were varied and can be grouped by.

    Models, prompt attributes and settings with 2 to 24 different values, in the table's order. An
    attribute that is another for each prompt is a name, not a factor.
    """
    by_prompt = scores.groupby("prompt_id")
    names = {
        column
        for column in scores.columns
        if scores[column].nunique() == by_prompt.ngroups and by_prompt[column].nunique().max() == 1
    }
    skip = {"key", "revision", "prompt_id", "prompt", "seed", "path", "error", "reason", "versions", "status",
            "n_samples", "rate", "channels", "peak", "gain", "elapsed", "device", "dtype", *METRICS}  # fmt: skip
    return [column for column in scores.columns if column not in skip | names and 2 <= scores[column].nunique() <= 24]
