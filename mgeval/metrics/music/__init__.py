"""Rhythm and harmony of a clip.

``x`` has shape ``(channels, time)``. Spectra are the mean of the channels' power, not the spectrum of a
downmix, in which sounds in antiphase would cancel. Frames last 64 ms, every 16 ms, for rhythm, and 256 ms,
every 64 ms, for pitch.

Every function takes samples, or the `MusicProfile` that `profile` computes from them, which saves computing
the spectra again. All return a float; where the measure is not defined - nothing above -70 dBFS, shorter than
400 ms, NaN among the samples - it is `Undefined`, a NaN with a reason. All raise `MetricError` for
an array that is not ``(channels, time)``. Neither a gain nor swapping the channels changes a value.
"""

from mgeval.metrics.music.harmony import PITCH_CLASSES as PITCH_CLASSES
from mgeval.metrics.music.harmony import chroma_entropy, key_confidence, key_name, musical_key
from mgeval.metrics.music.music_profile import MusicProfile, profile
from mgeval.metrics.music.rhythm import beat_strength, onset_density, percussive_share, tempo

__all__ = [
    "MusicProfile", "beat_strength", "chroma_entropy", "key_confidence", "key_name", "musical_key", "onset_density",
    "percussive_share", "profile", "tempo",
]  # fmt: skip
