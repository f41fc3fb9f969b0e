"""Blind listening: which clips to compare, hidden controls, and what the answers say.

The plan of a session is a table that follows from the scores and a seed alone, so that a session can be
left and taken up again: `mgeval.panels.blind_test` plays its trials and appends to a table of answers.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import MetricError, nearest
from mgeval.files import lock_folder, write_atomic
from mgeval.models import LIMITS
from mgeval.tables import own_clips, prompt_texts

if TYPE_CHECKING:
    import pandas as pd

ANCHOR_HZ = 3500.0
CONTROLS = ("same", "again")
"""Hidden trials of a comparison: one clip against itself, and an earlier pair with its sides swapped."""


def pair_trials(scores: pd.DataFrame, by: str, seed: int = 0) -> pd.DataFrame:
    """Plan a blind comparison: pairs of clips that differ in one setting alone.

    Two clips are a pair if model, prompt and every setting but ``by`` are the same, the seed included.
    Sides and order are drawn. One trial in ten (at least one) plays a clip against itself; as many repeat an
    earlier pair with its sides swapped.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.run` or `mgeval.measure`; controls and clips that were not made are left out.
    by : str
        'model', or a setting that was swept.
    seed : int
        Start of the draw: the same session each time.

    Returns
    -------
    pandas.DataFrame
        One row per trial, in order: ``trial``, ``a`` and ``b`` (keys of clips), ``level_a``, ``level_b``,
        ``prompt_id``, ``prompt``, and ``control``: '', or 'same' or 'again'.

    Raises
    ------
    MetricError
        No such column, or no two clips differ in it alone.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    trials: list[Any] = []
    for clips in _matched(scores, by):
        for one, other in itertools.combinations(clips, 2):
            trials.append(_trial(*((one, other) if rng.random() < 0.5 else (other, one)), by))
    rng.shuffle(trials)
    hidden = max(len(trials) // 10, 1)
    # A pair is asked again after it was asked, and not at once.
    again = [_swapped(trials[place]) for place in rng.permutation((len(trials) + 1) // 2)[:hidden]]
    alone = [_same(trials[place]) for place in rng.integers(len(trials), size=hidden)]
    first, second = trials[: (len(trials) + 1) // 2], trials[(len(trials) + 1) // 2 :] + again
    rng.shuffle(second)
    session = first + second
    for trial in alone:
        session.insert(int(rng.integers(len(session) + 1)), trial)
    return pd.DataFrame(session).rename_axis("trial").reset_index()


def rating_trials(scores: pd.DataFrame, by: str, seed: int = 0) -> pd.DataFrame:
    """Plan a blind rating: pages on which every level of a setting stands beside a hidden low anchor.

    The page follows MUSHRA (ITU-R BS.1534-3) as far as it applies: several clips at once, in an order that
    is drawn, each rated from 0 to 100, with a hidden anchor (`anchor`). There is no reference to rate
    against: no recording is what a prompt should have become.

    Parameters
    ----------
    scores, by, seed
        As `pair_trials` takes them.

    Returns
    -------
    pandas.DataFrame
        One row per clip of a page: ``trial``, ``place`` (on the page, from 0), ``key``, ``level``,
        ``prompt_id``, ``prompt``, and ``control``: '' or 'anchor'.

    Raises
    ------
    MetricError
        No such column, or no two clips differ in it alone.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    pages: list[Any] = list(_matched(scores, by))
    rng.shuffle(pages)
    rows = []
    for number, clips in enumerate(pages):
        page: list[Any] = [{"key": clip["key"], "level": clip[by], "control": ""} for clip in clips]
        page.append({**page[int(rng.integers(len(page)))], "control": "anchor"})
        rng.shuffle(page)
        told = {"prompt_id": clips[0]["prompt_id"], "prompt": clips[0]["prompt"]}
        rows += [{"trial": number, "place": place, **clip, **told} for place, clip in enumerate(page)]
    return pd.DataFrame(rows)


def anchor(clip: Audio) -> Audio:
    """Return the low anchor of ITU-R BS.1534-3: the clip without what lies above 3.5 kHz.

    The standard asks for at most 0.1 dB of ripple below 3.5 kHz and at least 25 dB of attenuation from 4 kHz on.

    Parameters
    ----------
    clip : Audio

    Returns
    -------
    Audio
        As long and as many channels; unchanged in phase. A clip whose rate ends below the cut is as it was.
    """
    from scipy.signal import ellip, sosfiltfilt

    if clip.rate <= 2 * ANCHOR_HZ:
        return clip
    # Forward and backward: half of the ripple and of the attenuation each way.
    sos = ellip(8, 0.04, 30, ANCHOR_HZ, fs=clip.rate, output="sos")
    padding = min(3 * 2 * len(sos), clip.samples.shape[1] - 1)
    return Audio(sosfiltfilt(sos, clip.samples.astype(np.float64), padlen=padding).astype(np.float32), clip.rate)


def add_answer(path: Path, *rows: dict[str, Any]) -> pd.DataFrame:
    """Append an answer to a table of answers on disk, and return the whole table.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file; made if it is not there, and whole at every time.
    *rows : dict
        ``trial``, ``listener``, ``answer`` (for pairs) or ``place`` and ``rating``, and what else is to be kept.
        The rows of a page of ratings come together: none is there without the others.
    """
    import pandas as pd

    # Listeners in other processes append to the same table.
    with lock_folder(Path(path).parent):
        before, new = read_answers(path), pd.DataFrame(list(rows))
        # Whole numbers would not stay whole beside columns of nothing.
        table = new if before.empty else pd.concat([before, new], ignore_index=True)
        write_atomic(path, table.to_csv(index=False).encode())
    return table


def read_answers(path: Path) -> pd.DataFrame:
    """Return a table of answers; one without rows where none was given yet.

    Raises
    ------
    MetricError
        The file is no such table.
    """
    import pandas as pd

    if not Path(path).exists():
        return pd.DataFrame({"trial": [], "listener": []})
    try:
        # Keys and names stay as they are, also those of digits alone.
        texts = dict.fromkeys(("listener", "key", "a", "b", "prompt_id"), str)
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values={"rating": "", "seconds": ""})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise MetricError(f"{path}: is no table of answers ({error}); move it away to begin anew") from None
    if missing := [column for column in ("trial", "listener") if column not in table.columns]:
        raise MetricError(f"{path}: has no column {missing[0]!r}, so it is no table of answers; move it away")
    return table


def _matched(scores: pd.DataFrame, by: str) -> list[list[dict[Any, Any]]]:
    """Return groups of clips that differ in one column alone, each in the order of its levels."""
    allowed = [name for name in ("model", *LIMITS) if name in scores.columns and name != "seed"]
    if by not in allowed:
        raise MetricError(
            f"cannot compare by {by!r}: 'model' or a setting that was swept is needed, {nearest(by, allowed)}"
        )
    table = own_clips(scores)
    if "status" in table.columns:
        table = table[table["status"] == "done"]
    table = table.assign(prompt=prompt_texts(table))
    rest = ["prompt_id", *(name for name in (*allowed, "seed") if name != by and name in table.columns)]
    found = [
        part.sort_values(by, kind="stable").drop_duplicates(by).to_dict("records")
        for _, part in table.groupby(rest, sort=False, dropna=False)
    ]
    found = [clips for clips in found if len(clips) > 1]
    if not found:
        raise MetricError(f"no two clips differ in {by!r} alone: sweep it with the same prompts and seeds")
    return found


def _trial(a: dict[str, Any], b: dict[str, Any], by: str) -> dict[str, Any]:
    return {
        "a": a["key"], "b": b["key"], "level_a": a[by], "level_b": b[by],
        "prompt_id": a["prompt_id"], "prompt": a["prompt"], "control": "",
    }  # fmt: skip


def _swapped(trial: dict[str, Any]) -> dict[str, Any]:
    sides = {"a": trial["b"], "b": trial["a"], "level_a": trial["level_b"], "level_b": trial["level_a"]}
    return {**trial, **sides, "control": "again"}


def _same(trial: dict[str, Any]) -> dict[str, Any]:
    return {**trial, "b": trial["a"], "level_b": trial["level_a"], "control": "same"}
