"""Metrics: plain functions on arrays, and `METRICS`, the only list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from mgeval.errors import MetricError, nearest
from mgeval.metrics import distribution, music, signal, similarity, spectrum, stereo, tokens
from mgeval.metrics.failures import DETECTORS
from mgeval.metrics.stereo import spatial, widths
from mgeval.metrics.undefined import Undefined

__all__ = ["METRICS", "Metric", "Undefined", "chosen", "columns", "described", "distribution", "evaluate", "metric_of"]


class Metric(NamedTuple):
    """One row of `METRICS`."""

    function: Callable[..., float]
    timed: bool
    """Whether the function takes the rate."""
    unit: str
    low: float
    high: float
    better: str
    """'higher', 'lower', or '' where neither is: most stereo measures describe, they do not judge."""
    channels: str
    """'stereo': undefined for mono; 'all': over all channels there are; 'text': mono mean, against the prompt;
    'tokens': no samples, but the codes that a model drew."""
    label: str
    meaning: str
    period: float = 0
    """Where values wrap round, such as angles of an axis: the distance after which they repeat."""
    nominal: bool = False
    """Whether the numbers are names, such as those of keys: then they have no mean."""

    @property
    def name(self) -> str:
        """The function's name, which is the column's."""
        return self.function.__name__


_INF = float("inf")
_ROWS = [
    Metric(stereo.correlation, False, "", -1, 1, "", "stereo", "Inter-channel correlation",
           "how alike left and right are: 1 mono, 0 independent, -1 antiphase"),
    Metric(stereo.correlation_low, True, "", -1, 1, "higher", "stereo", "Correlation, worst 5 %",
           "correlation of the clip's worst moments (5th percentile of 400 ms frames)"),
    Metric(stereo.antiphase_share, True, "", 0, 1, "lower", "stereo", "Antiphase share",
           "share of the clip in which the channels cancel in mono (correlation below -0.1)"),
    Metric(stereo.width, False, "", 0, 1, "", "stereo", "Stereo width",
           "share of the energy in the side signal: 0 mono, 0.5 independent channels, 1 antiphase"),
    Metric(stereo.side_mid_db, False, "dB", -120, 120, "", "stereo", "Side to mid level",
           "width on a logarithmic scale"),
    Metric(stereo.balance_db, False, "dB", -120, 120, "", "stereo", "Balance",
           "level of the right against the left channel"),
    Metric(stereo.mono_loss_db, False, "dB", -120, 0, "higher", "stereo", "Mono loss",
           "what a mono speaker loses: 0 nothing, -3 independent channels"),
    Metric(stereo.image_angle, False, "degrees", -90, 90, "", "stereo", "Image angle",
           "where the image points: -45 left, 0 centre, 45 right; beyond that antiphase", 180),
    Metric(stereo.ambience, False, "", 0, 1, "", "stereo", "Ambience",
           "how diffuse the image is: 0 one panned source, 1 independent channels"),
    Metric(spatial.coherence, True, "", 0, 1, "", "stereo", "Coherence",
           "how far one channel is a filtered or delayed copy of the other: 0 independent, 1 a copy"),
    Metric(spatial.time_difference_ms, True, "ms", -1, 1, "", "stereo", "Time difference",
           "by how much the right channel is late, at the lag of the largest correlation"),
    Metric(spatial.iacc, True, "", 0, 1, "", "stereo", "Correlation at the best lag",
           "largest absolute correlation of the channels within 1 ms"),
    Metric(spatial.pan_mean, True, "", -1, 1, "", "stereo", "Panning, mean",
           "where the sound is panned, bin by bin: -1 left, 0 centre, 1 right"),
    Metric(spatial.pan_spread, True, "", 0, 1, "", "stereo", "Panning, spread",
           "how far apart what sounds is panned: 0 all at one place"),
    Metric(widths.width_low, True, "", 0, 1, "", "stereo", "Width below 250 Hz",
           "share of the energy of the bass in the side signal"),
    Metric(widths.width_mid, True, "", 0, 1, "", "stereo", "Width, 250 to 2500 Hz",
           "share of the energy of the middle in the side signal"),
    Metric(widths.width_high, True, "", 0, 1, "", "stereo", "Width above 2500 Hz",
           "share of the energy of the treble in the side signal"),
    Metric(widths.width_std, True, "", 0, 0.5, "", "stereo", "Width, variation",
           "standard deviation of the width over 400 ms frames"),
    Metric(widths.width_drift, True, "per 10 s", -_INF, _INF, "", "stereo", "Width, drift",
           "change of the width per 10 s: positive where the image widens"),
    Metric(stereo.dual_mono, False, "flag", 0, 1, "lower", "stereo", "Dual mono",
           "1 if a stereo file holds a mono signal (side 60 dB under mid)"),
    Metric(signal.loudness, True, "LUFS", -70, _INF, "", "all", "Integrated loudness",
           "loudness after ITU-R BS.1770-4"),
    Metric(signal.loudness_range, True, "LU", 0, _INF, "", "all", "Loudness range",
           "how far the loudness moves, after EBU Tech 3342"),
    Metric(signal.true_peak, True, "dBTP", -_INF, _INF, "lower", "all", "True peak",
           "highest level between the samples; above 0 a player clips"),
    Metric(signal.crest, False, "dB", 0, _INF, "", "all", "Crest factor",
           "peak against average level: low is dense or crushed, high is sparse or percussive"),
    Metric(signal.silence, True, "", 0, 1, "lower", "all", "Silence",
           "share of the clip below -70 dBFS"),
    Metric(signal.clipping, False, "", 0, 1, "lower", "all", "Clipping",
           "share of samples in runs at or beyond full scale, which a player clips"),
    Metric(spectrum.centroid, True, "Hz", 0, _INF, "", "all", "Spectral centroid",
           "mean frequency, weighted by power: high is bright"),
    Metric(spectrum.bandwidth, True, "Hz", 0, _INF, "", "all", "Bandwidth",
           "frequency below which 99 % of the energy lies: low is muffled"),
    Metric(spectrum.flatness, True, "", 0, 1, "", "all", "Spectral flatness",
           "how even the spectrum is: 0 a tone, 1 white noise"),
    Metric(signal.failure_count, True, "", 0, len(DETECTORS), "lower", "all", "Failures",
           "how many kinds of failure are found"),
    Metric(music.tempo, True, "BPM", 40, 220, "", "all", "Tempo",
           "beats per minute; half or double the tapped tempo is the usual error"),
    Metric(music.beat_strength, True, "", 0, 1, "", "all", "Beat strength",
           "how regular the pulse is: 0 none, 1 the same again with every beat"),
    Metric(music.musical_key, True, "", 0, 23, "", "all", "Key",
           "0 to 11 are C to B major, 12 to 23 C to B minor", nominal=True),
    Metric(music.key_confidence, True, "", 0, 1, "", "all", "Key confidence",
           "by how much the key fits better than the next best (difference of correlations)"),
    Metric(music.onset_density, True, "1/s", 0, _INF, "", "all", "Onset density",
           "notes or strokes that begin per second"),
    Metric(music.percussive_share, True, "", 0, 1, "", "all", "Percussive share",
           "share of the energy that is short and broad in the spectrum: 0 a steady tone, 0.5 noise, 1 clicks"),
    Metric(music.chroma_entropy, True, "bits", 0, 3.585, "", "all", "Chroma entropy",
           "how evenly the twelve pitch classes are used: 3.585 all alike"),
    Metric(similarity.clap, False, "", -1, 1, "higher", "text", "CLAP score",
           "how well the clip fits its prompt: cosine of text and audio vectors, mean over its windows"),
    Metric(similarity.clap_min, False, "", -1, 1, "higher", "text", "CLAP score, worst window",
           "the same for the part of the clip that fits least"),
    Metric(tokens.log_likelihood, False, "nats", -_INF, 0, "", "tokens", "Log likelihood",
           "how expected the codes drawn were to the model, per code"),
    Metric(tokens.entropy, False, "nats", 0, _INF, "", "tokens", "Entropy of the prediction",
           "how undecided the model was, per code"),
    Metric(tokens.guidance_distance, False, "", 0, 1, "", "tokens", "Distance by guidance",
           "how much the prompt decides: total variation between guided and unguided prediction"),
    Metric(tokens.code_variety, False, "", 0, 1, "", "tokens", "Code variety",
           "different codes by frames, mean over codebooks"),
    Metric(tokens.code_perplexity, False, "", 1, _INF, "", "tokens", "Code perplexity",
           "how many codes a codebook uses, if all were used alike"),
    Metric(tokens.side_agreement, False, "", 0, 1, "", "tokens", "Left/right agreement",
           "share of equal codes in the pairs of left and right: 1 mono"),
    Metric(tokens.exact_repetition, False, "", 0, 1, "lower", "tokens", "Exact repetition",
           "share of frames in a stretch of half a second or more that stands elsewhere, code for code"),
    Metric(tokens.longest_repeat, False, "frames", 0, _INF, "lower", "tokens", "Longest repeat",
           "length of the longest stretch that stands twice, code for code"),
]  # fmt: skip

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}
"""Every per-clip metric by its column name: what `measure`, plots and reports read."""


TEXT = [name for name, row in METRICS.items() if row.channels == "text"]
"""Metrics that need a checkpoint; their columns carry its name, such as ``clap:tiny``."""

TOKENS = [name for name, row in METRICS.items() if row.channels == "tokens"]
"""Metrics of the codes that a model drew; `mgeval.token_table` computes them."""


def added() -> dict[str, Metric]:
    """Return the rows that a script or a notebook put into `METRICS`: another process does not have them."""
    own = {id(row) for row in _ROWS}
    return {name: row for name, row in METRICS.items() if id(row) not in own}


def described(column: str) -> Metric | None:
    """Return the row that a table's column belongs to; None if the column is no metric.

    ``clap:tiny`` is `clap` of the checkpoint ``tiny``, whose name the label then bears.
    """
    name, _, checkpoint = column.partition(":")
    row = METRICS.get(name)
    if row is None or (row.channels == "text") != bool(checkpoint):
        return None
    return row._replace(label=f"{row.label} ({checkpoint})") if checkpoint else row


def metric_of(column: str) -> Metric:
    """Return the row of a column that is a metric, as those of `columns` are.

    Raises
    ------
    MetricError
        The column is no metric.
    """
    row = described(column)
    if row is None:
        raise MetricError(f"there is no metric {column!r}: {nearest(column, METRICS)}")
    return row


def columns(table: Iterable[object]) -> list[str]:
    """Return the columns of a table that are metrics, in the order of `METRICS`."""
    order = list(METRICS)
    found = [column for column in table if isinstance(column, str) and described(column)]
    return sorted(found, key=lambda column: order.index(column.partition(":")[0]))


def chosen(names: str | Iterable[str] | None = None) -> list[str]:
    """Return the metrics that were asked for, or all of the sound that need no checkpoint.

    A metric that needs one is asked for by the embedder's name, such as ``clap:tiny``: it holds a colon.

    Raises
    ------
    MetricError
        A name is unknown; the message names the nearest one.
    """
    free = [name for name in METRICS if name not in TEXT and name not in TOKENS]
    names = free if names is None else [names] if isinstance(names, str) else list(names)
    names = list(dict.fromkeys(part for name in names for part in (free if name == "all" else [name])))
    for name in names:
        if name in TOKENS:
            raise MetricError(f"{name!r} is one of the codes, not of the sound: token_table(store) computes it")
        if name in TEXT or name == "clap:":
            raise MetricError(f"{name!r} needs a checkpoint: 'clap:tiny', or 'clap:PATH' of a local ClapModel")
        if name not in METRICS and ":" not in name:
            raise MetricError(f"there is no metric {name!r}: {nearest(name, [*free, 'clap:tiny'])}")
    return names


def evaluate(x: np.ndarray, rate: int, names: Iterable[str]) -> dict[str, float]:
    """Compute metrics of one clip; those of a family share one pass over the samples.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    names : iterable of str
        Keys of `METRICS` that need no checkpoint.

    Returns
    -------
    dict of str to float
        By name; what is not defined is `Undefined`.
    """
    names = chosen(names)
    if needs := [name for name in names if name not in METRICS]:
        raise MetricError(f"{needs[0]!r} compares with a prompt: measure(clips, store, {needs[0]!r}) does that")
    rows = [METRICS[name] for name in names]
    shared = {"stereo": stereo, "music": music, "spectrum": spectrum}
    taken = {family: shared[family].profile(x, rate) for family in {_family(row) for row in rows} & shared.keys()}
    values = {}
    for row in rows:
        given = taken.get(_family(row), x)
        values[row.name] = row.function(given, rate) if row.timed else row.function(given)
    return values


def _family(row: Metric) -> str:
    """Say whose profile a metric can take in place of samples."""
    own = {music.__name__: "music", spectrum.__name__: "spectrum"}
    return own.get(row.function.__module__, row.channels)
