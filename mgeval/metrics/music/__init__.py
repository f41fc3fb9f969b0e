"""Rhythm and harmony of a clip.

``x`` has shape ``(channels, time)``. Spectra are the mean of the channels' power, not those of a
downmix, which would lose what is in antiphase. Frames are 64 ms long every 16 ms for rhythm, 256 ms
every 64 ms for pitch.

Every function takes samples, or the `MusicProfile` that `profile` made of them: then no spectrum is
taken again. All return a float; where the measure has no meaning - nothing above -70 dBFS, under
400 ms, NaN among the samples - it is `Undefined`, a NaN with a reason. All raise `MetricError` for
an array that is not ``(channels, time)``. The gain and swapping the channels change nothing.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.music.music_profile import MusicProfile as MusicProfile
from mgeval.metrics.music.music_profile import load_librosa
from mgeval.metrics.music.music_profile import profile as profile
from mgeval.metrics.registry import metric
from mgeval.metrics.undefined import Undefined

TEMPO_SECONDS = 3.0
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
TOO_SHORT_FOR_TEMPO = "the clip is shorter than 3 s, too short for a tempo"
NO_PULSE = "nothing in the clip recurs at 40 to 220 beats per minute"
NO_PITCH = "no pitch class stands out: noise or drums"


def _as_profile(x: np.ndarray | MusicProfile, rate: int | None) -> MusicProfile:
    return x if isinstance(x, MusicProfile) else profile(x, rate)  # type: ignore[arg-type]  # no rate is refused there


@metric(
    unit="BPM",
    low=40,
    high=220,
    shared=profile,
    label="Tempo",
    meaning="beats per minute; half or double the tapped tempo is the usual error",
    caveat=(
        "needs 3 s; of 200 pieces by the composer 86 % read right within 4 %, 9 % double, 5 % half (`python "
        "benchmarks/music.py`)"
    ),
    cites=("ellis2007", "mcfee2015"),
)
def tempo(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Tempo, one for the whole clip.

    With r the autocorrelation of the onset strength (mean removed, corrected for the shrinking
    overlap), the tempo T that maximises ``mean(r(T), r(T/2), r(T/4)) exp(-log2(T / 120)^2 / 2)``:
    what recurs after one, two and four beats, weighted by how usual a tempo is (Ellis, *Beat
    tracking by dynamic programming*, 2007). Recurrences later than half the clip are left out.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        BPM, 40 to 220. Half or double the tempo that a listener taps is the usual error: even of bare clicks those
        slower than some 68 BPM read double, those faster than some 175 half. Always a number if anything recurs:
        look at `beat_strength`. `Undefined` also for clips under 3 s and where nothing recurs.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    if clip.duration < TEMPO_SECONDS:
        return Undefined(TOO_SHORT_FOR_TEMPO)
    value = float(clip.pulse[0])
    return value if np.isfinite(value) else Undefined(NO_PULSE)


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Beat strength",
    meaning="how regular the pulse is: 0 none, 1 the same again with every beat",
    caveat="needs 3 s; read it before `tempo`; bare clicks whose tempo reads double read 0.6",
    cites=("lartillot2008", "mcfee2015"),
)
def beat_strength(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return how regular the pulse is: the autocorrelation of the onset strength at the tempo.

    ``mean(r(T), r(T/2), r(T/4))`` of `tempo`, of the onset strength smoothed by a bell with a standard
    deviation of 32 ms: unsmoothed, a steady pulse would read less where its beats fall between frames.
    So pulse clarity is measured by Lartillot et al., *Multi-feature modeling of pulse clarity* (2008).

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 (no pulse) to 1 (the same again with every beat), no unit; clicks as regular as a clock read 0.94 and
        more in 10 s, but some 0.6 where their tempo reads double: every other beat of it is none. `Undefined`
        also for clips under 3 s.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    return clip.pulse[1] if clip.duration >= TEMPO_SECONDS else Undefined(TOO_SHORT_FOR_TEMPO)


@metric(
    low=0,
    high=23,
    kind="name",
    shared=profile,
    label="Key",
    meaning="0 to 11 are C to B major, 12 to 23 C to B minor",
    caveat=(
        "a name, so it has no mean; of 191 pieces by the composer 81 % read right, 8 % as the relative key "
        "(`python benchmarks/music.py`)"
    ),
    cites=("temperley2007", "krumhansl1990"),
)
def musical_key(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Key: the one whose profile correlates best with how strong the pitch classes are.

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
        0 to 11 for C to B major, 12 to 23 for C to B minor; `key_name` says it in words. A name, not
        an amount: it has no mean. The relative key is the usual error. `Undefined` also where no
        pitch class stands out: the spread (standard deviation) of their strengths is under a
        quarter of the mean, as in noise and drums.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    return Undefined(NO_PITCH) if np.isnan(clip.fits).any() else float(np.argmax(clip.fits))


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Key confidence",
    meaning="by how much the key fits better than the next best (difference of correlations)",
    caveat="NaN, as the key, in noise and drums",
    cites=("temperley2007", "krumhansl1990"),
)
def key_confidence(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return by how much the key's profile fits better than the next best: the margin in correlation.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit; a scale of its own reads some 0.1, the next best being mostly the relative
        or the neighbour in fifths. `Undefined` where `musical_key` is.
    """
    clip = _as_profile(x, rate)
    value = musical_key(clip)
    if np.isnan(value):
        return value
    best = np.sort(clip.fits)
    return float(best[-1] - best[-2])


def key_name(number: float) -> str:
    """Say a key in words.

    Parameters
    ----------
    number : float
        As `musical_key` returns it.

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
    unit="1/s",
    low=0,
    shared=profile,
    label="Onset density",
    meaning="notes or strokes that begin per second",
    caveat="what begins together counts once",
    cites=("mcfee2015",),
)
def onset_density(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return how many notes or strokes begin per second: peaks of the onset strength, as librosa picks them.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        1/s, at least 0. What begins together counts once; noise has onsets too.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    found = load_librosa().onset.onset_detect(onset_envelope=clip.onsets, sr=clip.rate, hop_length=clip.step)
    return len(found) / clip.duration


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Percussive share",
    meaning=("share of the energy that is short and broad in the spectrum: 0 a steady tone, 0.5 noise, 1 clicks"),
    caveat="noise reads 0.5",
    cites=("fitzgerald2010", "mcfee2015"),
)
def percussive_share(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Percussive share of the energy: what is short and broad rather than long and narrow in the spectrum.

    Median filters over 31 frames and over 31 bins, soft masks of power 2 (Fitzgerald, *Harmonic /
    percussive separation using median filtering*, 2010; `librosa.decompose.hpss`); the energy of the
    percussive part by that of both parts.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A steady tone reads 0, clicks 1, noise 0.5.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    return clip.rhythm.percussive / (clip.rhythm.harmonic + clip.rhythm.percussive)


@metric(
    unit="bits",
    low=0,
    high=3.585,
    shared=profile,
    label="Chroma entropy",
    meaning="how evenly the twelve pitch classes are used: 3.585 all alike",
    caveat="noise reads high",
    cites=("wu2020", "mcfee2015"),
)
def chroma_entropy(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Entropy of the pitch classes: few of them, or all.

    ``-sum p log2 p`` over the 12 shares p of the clip's chroma, as the pitch-class histogram entropy
    of Wu and Yang, *The Jazz Transformer on the front line* (2020), with strength in place of counts.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        Bits, 0 to 3.585 (``log2 12``, all alike).
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    shares = clip.chroma / clip.chroma.sum()
    return float(-(shares * np.log2(np.maximum(shares, 1e-30))).sum() + 0.0)
