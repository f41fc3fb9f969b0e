"""Rhythm and harmony of a clip.

``x`` has shape ``(channels, time)``. Spectra are the mean of the channels' power, not the spectrum of a
downmix, in which sounds in antiphase would cancel. Frames last 64 ms, every 16 ms, for rhythm, and 256 ms,
every 64 ms, for pitch.

Every function takes samples, or the `MusicProfile` that `profile` computes from them, which saves computing
the spectra again. All return a float; where the measure is not defined - nothing above -70 dBFS, shorter than
400 ms, NaN among the samples - it is `Undefined`, a NaN with a reason. All raise `MetricError` for
an array that is not ``(channels, time)``. Neither a gain nor swapping the channels changes a value.
"""

from __future__ import annotations

import numpy as np

from mgeval.metrics.frames import check_rate
from mgeval.metrics.music.music_profile import MusicProfile as MusicProfile
from mgeval.metrics.music.music_profile import load_librosa
from mgeval.metrics.music.music_profile import profile as profile
from mgeval.metrics.registry import metric
from mgeval.metrics.undefined import Undefined

TEMPO_SECONDS = 3.0
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
TOO_SHORT_FOR_TEMPO = "the clip is shorter than 3 s, too short for a tempo"
NO_PULSE = "nothing in the clip repeats at 40 to 220 beats per minute"
NO_PITCH = "no pitch class stands out, as in noise or drums"


def _as_profile(x: np.ndarray | MusicProfile, rate: int | None) -> MusicProfile:
    return x if isinstance(x, MusicProfile) else profile(x, check_rate(rate))


@metric(
    unit="BPM",
    low=40,
    high=220,
    shared=profile,
    label="Tempo",
    meaning="beats per minute, one value for the clip; the usual error is half or double the tapped tempo",
    caveat=(
        "needs 3 s; of 200 pieces by the built-in composer, 86 % are right within 4 %, 9 % give double and 5 % half "
        "the tempo (`python benchmarks/music.py`)"
    ),
    cites=("ellis2007", "mcfee2015"),
)
def tempo(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Tempo, one value for the whole clip.

    With r the autocorrelation of the onset strength (mean removed, corrected for the shrinking
    overlap), the tempo T that maximises ``mean(r(T), r(T/2), r(T/4)) exp(-log2(T / 120)^2 / 2)``:
    repetition after one, two and four beats, weighted by how common a tempo is (Ellis, *Beat
    tracking by dynamic programming*, 2007). Lags longer than half the clip are ignored.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        BPM, 40 to 220. The usual error is half or double the tempo that a listener taps: even clicks alone give
        double their tempo below about 68 BPM, and half of it above about 175. There is a value whenever anything
        repeats, so check `beat_strength`. Also `Undefined` for clips shorter than 3 s and where nothing repeats.
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
    meaning="how regular the pulse is: 0 for no pulse, 1 for exact repetition with every beat",
    caveat="needs 3 s; check it before using `tempo`; clicks whose tempo comes out doubled give 0.6",
    cites=("lartillot2008", "mcfee2015"),
)
def beat_strength(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return how regular the pulse is: the autocorrelation of the onset strength at the tempo.

    ``mean(r(T), r(T/2), r(T/4))`` of `tempo`, of the onset strength smoothed by a Gaussian with a standard
    deviation of 32 ms: without smoothing, a steady pulse whose beats fall between frames would read lower.
    This is a measure of pulse clarity in Lartillot et al., *Multi-feature modeling of pulse clarity* (2008).

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 (no pulse) to 1 (exact repetition with every beat), no unit. Perfectly regular clicks give at least 0.94
        in 10 s, but about 0.6 if their tempo comes out doubled, because every other beat is then missing. Also
        `Undefined` for clips shorter than 3 s.
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
    clip = _as_profile(x, rate)
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
    clip = _as_profile(x, rate)
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
    unit="1/s",
    low=0,
    shared=profile,
    label="Onset density",
    meaning="number of notes or strokes that begin per second",
    caveat="notes that begin together count once; noise has onsets too",
    cites=("mcfee2015",),
)
def onset_density(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Return how many notes or strokes begin per second: peaks of the onset strength, picked by librosa.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        1/s, at least 0. Notes that begin together count once; noise has onsets too.
    """
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    onsets = load_librosa().onset.onset_detect(onset_envelope=clip.onsets, sr=clip.rate, hop_length=clip.step)
    return len(onsets) / clip.duration


@metric(
    low=0,
    high=1,
    shared=profile,
    label="Percussive share",
    meaning="share of the energy in short, broadband sounds: 0 for a steady tone, 1 for clicks",
    caveat="noise gives 0.5",
    cites=("fitzgerald2010", "mcfee2015"),
)
def percussive_share(x: np.ndarray | MusicProfile, rate: int | None = None) -> float:
    """Percussive share of the energy: sounds that are short and broadband rather than long and narrowband.

    Median filters over 31 frames and over 31 bins, soft masks of power 2 (Fitzgerald, *Harmonic /
    percussive separation using median filtering*, 2010; `librosa.decompose.hpss`); the energy of the
    percussive part divided by the energy of both parts.

    Parameters
    ----------
    x : array_like or MusicProfile
        ``(channels, time)``.
    rate : int
        Hz; not needed with a profile.

    Returns
    -------
    float
        0 to 1, no unit. A steady tone gives 0, clicks 1, noise 0.5.
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
    clip = _as_profile(x, rate)
    if clip.problem is not None:
        return clip.problem
    shares = clip.chroma / clip.chroma.sum()
    return float(-(shares * np.log2(np.maximum(shares, 1e-30))).sum() + 0.0)
