"""Key and pitch classes of a clip; `mgeval.metrics.music` says what the functions share."""

from __future__ import annotations

import numpy as np

from mgeval.metrics.music.music_profile import MusicProfile, as_profile, profile
from mgeval.metrics.registry import metric
from mgeval.metrics.undefined import Undefined

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


NO_PITCH = "no pitch class stands out, as in noise or drums"


@metric(
    low=0,
    high=23,
    kind="name",
    shared=profile,
    label="Key",
    meaning="estimated key: 0 to 11 are C to B major, 12 to 23 C to B minor",
    caveat=(
        "a name (see `mg.metrics.music.key_name`), so it has no mean; of 191 pieces by the built-in composer, 81 % are "
        "right and 8 % give the relative key (`python benchmarks/music.py`)"
    ),
    cites=("temperley2007", "krumhansl1990"),
)
def musical_key(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Key: the one whose profile correlates best with the strengths of the pitch classes.

    The 24 profiles are those of Temperley, *Music and Probability* (2007); the method is
    Krumhansl's (*Cognitive Foundations of Musical Pitch*, 1990).

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 11 for C to B major, 12 to 23 for C to B minor; `key_name` returns the name. The number stands for a
        name, so it has no mean. The usual error is the relative key. Also `Undefined` if no
        pitch class stands out: the standard deviation of their strengths is below a
        quarter of the mean, as in noise and drums.
    """
    clip = as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    return Undefined(NO_PITCH) if np.isnan(clip.fits).any() else float(np.argmax(clip.fits))


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Key confidence",
    meaning="margin of the best key over the second best (difference of correlations)",
    caveat="NaN in noise and drums, where no key is estimated",
    cites=("temperley2007", "krumhansl1990"),
)
def key_confidence(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return the margin in correlation of the best key profile over the second best.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A clear scale gives only about 0.1, because the relative key or a neighbour in fifths
        fits almost as well. `Undefined` where `musical_key` is.
    """
    clip = as_profile(x, rate)
    value = musical_key(clip)
    if np.isnan(value):
        return value
    best = np.sort(clip.fits)
    return float(best[-1] - best[-2])


def key_name(number: float) -> str:
    """Return the name of a key.

    Parameters
    ----------
    number : float
        A key as `musical_key` returns it.

    Returns
    -------
    str
        Such as ``"A minor"``; ``""`` for NaN.

    Examples
    --------
    >>> key_name(0), key_name(21)
    ('C major', 'A minor')
    """
    if np.isnan(number):
        return ""
    mode, tonic = divmod(int(number), 12)
    return f"{PITCH_CLASSES[tonic]} {('major', 'minor')[mode]}"


@metric(
    unit="bits",
    low=0,
    high=3.585,
    shared=profile,
    label="Chroma entropy",
    meaning="how evenly the twelve pitch classes are used: 0 for a single one, 3.585 if all are equally strong",
    caveat="noise gives high values",
    cites=("wu2020", "mcfee2015"),
)
def chroma_entropy(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Entropy of the pitch classes: low for few classes, high for all.

    ``-sum p log2 p`` over the 12 shares p of the clip's chroma, as the pitch-class histogram entropy
    of Wu and Yang, *The Jazz Transformer on the front line* (2020), with strengths in place of counts.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Bits, 0 to 3.585 (``log2 12``, all equally strong).
    """
    clip = as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    shares = clip.chroma / clip.chroma.sum()
    return float(-(shares * np.log2(np.maximum(shares, 1e-30))).sum() + 0.0)
