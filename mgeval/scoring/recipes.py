"""How a clip is prepared before it is embedded: mgeval's way, and the ways of the tools that published numbers used.

`RECIPES` holds them by name; docs/recipes.md has every choice in one table. A recipe prepares the sound; the embedder
and the channels are chosen apart from it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mgeval.audio import Audio
from mgeval.embed import Embedder
from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution, similarity
from mgeval.runs import Store
from mgeval.scoring.vectors import cached_vectors


def pcm16(x: np.ndarray) -> np.ndarray:
    """Write 16 bits as libsndfile does, downwards and clipped, and read them by 1 / 32768."""
    return np.clip(np.floor(x * 32768.0), -32768, 32767) / 32768


def pcm16_nearest(x: np.ndarray) -> np.ndarray:
    """Write 16 bits as audiocraft does, to the nearest, by 32768 or, where that would clip, 32767."""
    whole = np.rint(x * 32768.0)
    return (whole if whole.max(initial=0) < 32768 else np.rint(x * 32767.0)) / 32768


def int16_round_trip(x: np.ndarray) -> np.ndarray:
    """Round to 16 bits and back as laion-clap does, towards 0 and by 32767."""
    return (np.trunc(np.clip(x, -1, 1) * 32767.0) / 32767).astype(np.float32)


def divide_by_maximum(x: np.ndarray) -> np.ndarray:
    """Divide by the largest sample, as Google's program does: the largest with its sign, not by absolute value."""
    return x / max(float(x.max()), 0.1 / 32768)


def windows_with_zero_tail(x: np.ndarray, window: int, hop: int) -> list[np.ndarray]:
    """Cut windows from every multiple of the hop to the end, filled with zeros: the last may hold little sound."""
    x = np.pad(x, ((0, 0), (0, window)))
    return [x[:, start : start + window] for start in range(0, x.shape[1] - window, hop)]


def whole_windows(x: np.ndarray, window: int, hop: int) -> list[np.ndarray]:
    """Cut windows that fit whole; leave out the rest, and a clip that is shorter than a window."""
    return [x[:, start : start + window] for start in range(0, x.shape[1] - window + 1, hop)]


def centred_windows(x: np.ndarray, window: int, hop: int) -> list[np.ndarray]:
    """Cut windows around every multiple of the hop, the first half of zeros; zeros at the end until all is covered."""
    x = np.pad(x, ((0, 0), (window // 2, 0)))
    more = -(-max(x.shape[1] - window, 0) // hop)
    return whole_windows(np.pad(x, ((0, 0), (0, window + more * hop - x.shape[1]))), window, hop)


def random_window(x: np.ndarray, window: int, hop: int) -> list[np.ndarray]:
    """Cut one window at a random position; return a shorter clip whole, which the embedder then repeats."""
    start = int(np.random.default_rng(0).integers(max(x.shape[1] - window, 0) + 1))
    return [x[:, start : start + window]]


class Preparation(NamedTuple):
    """How a clip is prepared; without any field, the embedder gets it as it is and cuts its own windows.

    In this order: level, resampling, level, steps, windows. What has two rows (left and right, or mid and side) is
    levelled by one gain: a gain for each would make every clip as wide as the next.
    """

    peak_db: float | None = None
    """Peak that the clip is brought to, dB re full scale; silence stays as it is."""
    peak_first: bool = False
    """Whether that is done before resampling."""
    steps: tuple[Callable[[np.ndarray], np.ndarray], ...] = ()
    cut: Callable[[np.ndarray, int, int], list[np.ndarray]] | None = None
    window: float = 0.0
    hop: float = 0.0
    """Seconds."""


class Recipe(NamedTuple):
    """How a tool comes to its numbers."""

    name: str
    tool: str
    sets: Preparation
    """Before the vectors of a set are taken."""
    text: Preparation | None = None
    """Before a clip is compared with its prompt; None where the tool does not."""
    half: bool = False
    """Whether vectors, and the mean of each clip's, are rounded to float16."""
    kl: str = ""
    """Direction of `kl_divergence`; '' where the tool has none, or leaves it open."""

    def stats(self, clips: Sequence[np.ndarray]) -> distribution.GaussianStats:
        """Return the statistics of a set from each clip's vectors, ``(windows, dim)``.

        Raises
        ------
        MetricError
            No vector at all, or one that is not finite.
        """
        if not self.half:
            return distribution.GaussianStats.from_embeddings(np.concatenate(clips))
        parts = []
        for clip in (clip for clip in clips if len(clip)):
            part = distribution.GaussianStats.from_embeddings(clip)
            # The mean is rounded, the scatter is not: numpy's mean of halves is a half.
            rounded = np.mean(clip.astype(np.float16), axis=0).astype(np.float64)
            parts.append(distribution.GaussianStats(rounded, part.n, part.covariance, part.rows))
        if not parts:
            raise MetricError("the set has no vectors")
        return functools.reduce(lambda a, b: a + b, parts)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("mgeval", "mgeval", Preparation(), Preparation()),
        Recipe(
            "fadtk", "fadtk 1.1.0",
            Preparation(steps=(pcm16, int16_round_trip), cut=windows_with_zero_tail, window=10.0, hop=1.0),
            half=True,
        ),
        Recipe(
            "audiocraft", "audiocraft with Google's frechet_audio_distance",
            Preparation(peak_db=-1.0, steps=(pcm16_nearest, divide_by_maximum), cut=whole_windows, window=1.0, hop=0.5),
            Preparation(cut=random_window, window=10.0),
            kl="reference||generated",
        ),
        Recipe(
            "stable-audio", "stable-audio-metrics",
            Preparation(peak_db=-1.0, peak_first=True, cut=centred_windows, window=1.0, hop=0.5),
            Preparation(peak_db=-1.0, steps=(int16_round_trip,), cut=random_window, window=10.0),
            kl="generated||reference",
        ),
    )
}  # fmt: skip
"""By name."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises
    ------
    MetricError
        There is none of that name.
    """
    if name not in RECIPES:
        raise MetricError(f"there is no recipe {name!r}: {nearest(name, RECIPES)}")
    return RECIPES[name]


def prepared(rows: Audio, rate: int, how: Preparation) -> list[Audio]:
    """Prepare a clip for an embedder.

    Parameters
    ----------
    rows : Audio
        One row, or two that belong together.
    rate : int
        Of the embedder, Hz.
    how : Preparation
        The recipe's.

    Returns
    -------
    list of Audio
        The windows, with as many rows; the clip itself where the embedder is to cut it.
    """
    if how == Preparation():
        return [rows]
    if how.peak_first:
        rows = _to_peak(rows, how.peak_db)
    # soxr may return nothing for less than a sample's worth of time.
    rows = rows.resample(rate) if rows.samples.shape[1] * rate >= 2 * rows.rate else Audio(rows.samples[:, :1], rate)
    if not how.peak_first:
        rows = _to_peak(rows, how.peak_db)
    x = rows.samples.astype(np.float64)
    for step in how.steps:
        x = step(x)
    assert how.cut is not None, "what is prepared is cut"
    return [Audio(part, rate) for part in how.cut(x, round(how.window * rate), round(how.hop * rate))]


def _to_peak(rows: Audio, peak_db: float | None) -> Audio:
    if peak_db is None or rows.peak == 0:
        return rows
    return Audio(rows.samples * (10 ** (peak_db / 20) / rows.peak), rows.rate)


def clip_vectors(
    clips: Sequence[Audio], embedder: Embedder, recipe: Recipe, store: Store | None = None, together: bool = False
) -> list[np.ndarray]:
    """Embed clips by a recipe.

    Parameters
    ----------
    clips : sequence of Audio
        One row each, or two, whose vectors are put side by side.
    embedder : Embedder
        What hears each row, as a mono signal at its own rate, or both.
    recipe : Recipe
        What is done before.
    store : Store, optional
        Where vectors are kept, and found the next time.
    together : bool
        Let the embedder hear two rows as the channels of one clip; see `Embedder.together`.

    Returns
    -------
    list of numpy.ndarray
        For each clip ``(windows, rows * dim)``, or ``(windows, dim)`` of rows heard together; no windows where the
        recipe leaves none.
    """
    cut = [prepared(clip, embedder.rate, recipe.sets) for clip in clips]
    whole = [part for parts in cut for part in parts]
    heard = whole if together else [Audio(row, part.rate) for part in whole for row in part.samples]
    found = iter(cached_vectors(embedder, heard, store))
    rows = []
    for clip, parts in zip(clips, cut, strict=True):
        count = 1 if together else clip.channels
        sides = [[next(found) for _ in range(count)] for _ in parts]
        none = np.zeros((0, count * embedder.dim), np.float32)
        both = np.concatenate([none, *(np.concatenate(side, axis=1) for side in sides)])
        rows.append(both.astype(np.float16) if recipe.half else both)
    return rows


def text_score(clip: Audio, text: str, embedder: Embedder, recipe: str = "mgeval") -> float:
    """Return the CLAP score of a clip and a text as a tool computes it.

    `mgeval.metrics.similarity.clap` of the clip's mono mean, prepared by the recipe's ``text``.

    Parameters
    ----------
    clip : Audio
        The clip.
    text : str
        Its prompt.
    embedder : Embedder
        One that reads texts.
    recipe : str
        One of `RECIPES` that has ``text``. ``audiocraft`` and ``stable-audio`` let laion-clap crop clips of
        more than 10 s at random: here the place is drawn, but always the same, so of longer clips a score is one
        draw of theirs. A checkpoint with fusion, stable-audio's default, hears a longer clip whole there; here not.

    Returns
    -------
    float
        Cosine, -1 to 1, or `Undefined`, see `clap`.

    Raises
    ------
    MetricError
        No such recipe, or one without a score against texts.
    """
    how = find_recipe(recipe).text
    if how is None:
        others = [name for name, other in RECIPES.items() if other.text is not None]
        raise MetricError(f"{recipe!r} has no score against texts: {nearest(recipe, others)}")
    windows = np.concatenate(embedder.audio(prepared(clip.mono(), embedder.rate, how)))
    return similarity.clap(windows, embedder.text([text])[0])
