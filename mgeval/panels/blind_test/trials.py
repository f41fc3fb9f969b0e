"""Blind listening: the clips to compare, hidden controls, and the table of answers.

The plan of a session is a table that depends only on the scores and a seed, so that a session can be
interrupted and continued: `mgeval.panels.blind_test` plays its trials and appends to a table of answers.
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
"""Cut-off frequency of the low anchor."""


def pair_trials(scores: pd.DataFrame, by: str, seed: int = 0) -> pd.DataFrame:
    """Plan a blind comparison: pairs of clips that differ in one setting only.

    Two clips are a pair if model, prompt and every setting except ``by`` are equal, including the seed.
    Sides and order are random. One trial in ten (at least one) plays a clip against itself; as many repeat an
    earlier pair with its sides swapped.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.run` or `mgeval.measure`; controls and unfinished clips are left out.
    by : str
        'model', or a setting that was swept.
    seed : int
        Seed of the draw: the same seed gives the same session.

    Returns
    -------
    pandas.DataFrame
        One row per trial, in order: ``trial``, ``a`` and ``b`` (keys of clips), ``level_a``, ``level_b``,
        ``prompt_id``, ``prompt``, and ``control``: '', or 'same' or 'again'.

    Raises
    ------
    MetricError
        There is no such column, or no two clips differ in it only.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    trials: list[Any] = []
    for clips in _comparable_clips(scores, by):
        for a, b in itertools.combinations(clips, 2):
            trials.append(_trial(a, b, by) if rng.random() < 0.5 else _trial(b, a, by))
    rng.shuffle(trials)
    hidden = max(len(trials) // 10, 1)
    # The repetition comes in the second half, after the pair itself.
    again = [_swap_sides(trials[place]) for place in rng.permutation((len(trials) + 1) // 2)[:hidden]]
    alone = [_pair_with_itself(trials[place]) for place in rng.integers(len(trials), size=hidden)]
    first, second = trials[: (len(trials) + 1) // 2], trials[(len(trials) + 1) // 2 :] + again
    rng.shuffle(second)
    session = first + second
    for trial in alone:
        session.insert(int(rng.integers(len(session) + 1)), trial)
    return pd.DataFrame(session).rename_axis("trial").reset_index()


def rating_trials(scores: pd.DataFrame, by: str, seed: int = 0) -> pd.DataFrame:
    """Plan a blind rating: pages with every level of a setting and a hidden low anchor.

    The page follows MUSHRA (ITU-R BS.1534-3) where it applies: several clips at once in random order, each
    rated from 0 to 100, with a hidden anchor (`anchor`). There is no reference to rate against, because no
    recording is the correct result of a prompt.

    Parameters
    ----------
    scores, by, seed
        As in `pair_trials`.

    Returns
    -------
    pandas.DataFrame
        One row per clip of a page: ``trial``, ``place`` (on the page, from 0), ``key``, ``level``,
        ``prompt_id``, ``prompt``, and ``control``: '' or 'anchor'.

    Raises
    ------
    MetricError
        There is no such column, or no two clips differ in it only.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    pages: list[Any] = list(_comparable_clips(scores, by))
    rng.shuffle(pages)
    rows = []
    for number, clips in enumerate(pages):
        page: list[Any] = [{"key": clip["key"], "level": clip[by], "control": ""} for clip in clips]
        page.append({**page[int(rng.integers(len(page)))], "control": "anchor"})
        rng.shuffle(page)
        prompt = {"prompt_id": clips[0]["prompt_id"], "prompt": clips[0]["prompt"]}
        rows += [{"trial": number, "place": place, **clip, **prompt} for place, clip in enumerate(page)]
    return pd.DataFrame(rows)


def anchor(clip: Audio) -> Audio:
    """Return the low anchor of ITU-R BS.1534-3: the clip low-pass filtered at 3.5 kHz.

    The standard asks for at most 0.1 dB of ripple below 3.5 kHz and at least 25 dB of attenuation from 4 kHz on.

    Parameters
    ----------
    clip : Audio

    Returns
    -------
    Audio
        With the same length, channels and phase. A clip whose rate is too low for the cut is unchanged.
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
        A CSV file; created if missing, and complete at any time.
    *rows : dict
        ``trial``, ``listener``, ``answer`` (for pairs) or ``place`` and ``rating``, and further columns to store.
        The rows of a page of ratings are written together.
    """
    import pandas as pd

    # Listeners in other processes append to the same table.
    with lock_folder(Path(path).parent):
        earlier, new = read_answers(path), pd.DataFrame(list(rows))
        # Joined with empty columns, whole numbers would become floats.
        table = new if earlier.empty else pd.concat([earlier, new], ignore_index=True)
        write_atomic(path, table.to_csv(index=False).encode())
    return table


def read_answers(path: Path) -> pd.DataFrame:
    """Return a table of answers; without rows if there is no answer yet.

    Raises
    ------
    MetricError
        The file is not a table of answers.
    """
    import pandas as pd

    if not Path(path).exists():
        return pd.DataFrame({"trial": [], "listener": []})
    try:
        # Keys and names stay texts, even those of digits only.
        texts = dict.fromkeys(("listener", "key", "a", "b", "prompt_id"), str)
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values={"rating": "", "seconds": ""})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise MetricError(f"{path}: not a table of answers ({error}); move it away to start anew") from None
    if missing := [column for column in ("trial", "listener") if column not in table.columns]:
        raise MetricError(
            f"{path}: not a table of answers, it has no column {missing[0]!r}; move it away to start anew"
        )
    return table


def _comparable_clips(scores: pd.DataFrame, by: str) -> list[list[dict[Any, Any]]]:
    """Return groups of clips that differ in one column only, each in the order of its levels."""
    allowed = [name for name in ("model", *LIMITS) if name in scores.columns and name != "seed"]
    if by not in allowed:
        raise MetricError(f"by must be 'model' or a setting that was swept, got {by!r}: {nearest(by, allowed)}")
    table = own_clips(scores)
    if "status" in table.columns:
        table = table[table["status"] == "done"]
    table = table.assign(prompt=prompt_texts(table))
    rest = ["prompt_id", *(name for name in (*allowed, "seed") if name != by and name in table.columns)]
    groups = [
        part.sort_values(by, kind="stable").drop_duplicates(by).to_dict("records")
        for _, part in table.groupby(rest, sort=False, dropna=False)
    ]
    groups = [clips for clips in groups if len(clips) > 1]
    if not groups:
        raise MetricError(f"no two clips differ in {by!r} only: sweep it with the same prompts and seeds")
    return groups


def _trial(a: dict[str, Any], b: dict[str, Any], by: str) -> dict[str, Any]:
    return {
        "a": a["key"], "b": b["key"], "level_a": a[by], "level_b": b[by],
        "prompt_id": a["prompt_id"], "prompt": a["prompt"], "control": "",
    }  # fmt: skip


def _swap_sides(trial: dict[str, Any]) -> dict[str, Any]:
    sides = {"a": trial["b"], "b": trial["a"], "level_a": trial["level_b"], "level_b": trial["level_a"]}
    return {**trial, **sides, "control": "again"}


def _pair_with_itself(trial: dict[str, Any]) -> dict[str, Any]:
    return {**trial, "b": trial["a"], "level_b": trial["level_a"], "control": "same"}
