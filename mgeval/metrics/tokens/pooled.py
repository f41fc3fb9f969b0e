"""Measures of the codes of many clips together, because one clip has fewer frames than a codebook has codes.

Codes are int ``(codebooks, frames)``, for a stereo model alternately left and right, as in `mgeval.metrics.tokens`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgeval.errors import MetricError

SHUFFLES = 5


def codebook_usage(clips: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return the share of each codebook's codes that occur in a set of clips.

    For a single clip it would say little: 10 s have 500 frames, fewer than a codebook has codes.

    Parameters
    ----------
    clips : sequence of array_like
        Codes, each ``(codebooks, frames)``.
    size : int
        Number of codes in a codebook: 2048 in MusicGen's codec, 1024 in that of ``tiny``.

    Returns
    -------
    numpy.ndarray
        0 to 1, ``(codebooks,)``.

    Raises
    ------
    MetricError
        There is no clip, no clip has codes, or a code is not below the size.
    """
    codes = _join_clips(clips)
    if codes.max() >= size:
        raise MetricError(f"codes must be below the codebooks' size {size}, got {codes.max()}")
    return np.array([len(np.unique(row)) / size for row in codes])


def side_information(clips: Sequence[np.ndarray], seed: int = 0) -> np.ndarray:
    """Return the mutual information of left and right codes, pooled over clips, minus a shuffled baseline.

    ``sum p(l, r) log2(p(l, r) / (p(l) p(r)))`` over the codes l, r of a pair, minus its mean over 5
    shuffles of the right codes. With few frames independent codes look dependent; the baseline removes
    this bias.

    Parameters
    ----------
    clips : sequence of array_like
        Codes of a stereo model, each ``(codebooks, frames)``.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    numpy.ndarray
        Bits per frame, ``(codebooks / 2,)``; about 0 for independent sides.

    Raises
    ------
    MetricError
        There is no clip, no clip has codes, or the number of codebooks is odd.
    """
    codes = _join_clips(clips)
    if len(codes) % 2:
        raise MetricError(f"the codebooks must be pairs of left and right, got {len(codes)} codebooks")
    rng = np.random.default_rng(seed)
    pairs = [(codes[row], codes[row + 1]) for row in range(0, len(codes), 2)]
    return np.array(
        [
            _mutual_information(left, right)
            - np.mean([_mutual_information(left, rng.permutation(right)) for _ in range(SHUFFLES)])
            for left, right in pairs
        ]
    )


def _join_clips(clips: Sequence[np.ndarray]) -> np.ndarray:
    clips = [np.asarray(clip, np.int64) for clip in clips]
    if not clips or any(clip.ndim != 2 for clip in clips) or len({len(clip) for clip in clips}) > 1:
        raise MetricError(
            "clips must be codes (codebooks, frames) of at least one clip, all with the same number of codebooks"
        )
    codes = np.concatenate(clips, axis=1)
    if codes.size == 0:
        raise MetricError("the clips have no codes: controls and models without a codec have none")
    return codes


def _mutual_information(left: np.ndarray, right: np.ndarray) -> float:
    joint = left * (right.max() + 1) + right
    return _entropy_bits(left) + _entropy_bits(right) - _entropy_bits(joint)


def _entropy_bits(codes: np.ndarray) -> float:
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(-(shares * np.log2(shares)).sum())
