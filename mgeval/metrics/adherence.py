"""Whether a clip meets the claims of its prompt that can be checked.

`claims` extracts the checkable claims of a prompt, and `adherence` checks a clip against them. Each kind of claim has
a measure from `METRICS` (or from this module) and a threshold in `CHECKS`. A claim that is easily met by
chance says little, so each verdict includes the probability that a clip which ignores the prompt
meets it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from mgeval.metrics import music, stereo
from mgeval.metrics.claims import Claim, claims
from mgeval.metrics.frames import FLOOR, FRAME, QUIET, SHORT, STEPS, as_samples, frame_sums, hop, power
from mgeval.metrics.music import music_profile
from mgeval.metrics.undefined import Undefined

TEMPO_NEAR = 0.04
"""Largest relative error of a correct tempo, as in the tempo tasks of MIREX; half and double are wrong."""

SIDE_DB, CENTRE_DB = 3.0, 1.5
CENTRE_WIDTH, NARROW, WIDE = 0.1, 0.15, 0.25
MONO_DB = -25.0
SWING, TURNS = 0.27, 2
ONLY_DRUMS, NO_DRUMS = 0.4, 0.056
FADE_DB = 12.0


class Verdict(NamedTuple):
    """The result of checking a claim.

    Parameters
    ----------
    claim : Claim
        The claim.
    measure : str
        Name of the measure.
    value : float
        Value of the measure; `Undefined` if it is not defined for the clip.
    met : float
        1 if the claim is met, else 0; `Undefined` if the value is.
    chance : float
        Probability that a clip which ignores the prompt meets the claim: a fixed prior for key
        (1/24), mode (1/2) and tempo (the tolerance's share of 40 to 220 BPM on a logarithmic scale);
        `Undefined` for the others, which need other clips: see `mgeval.adherence`.
    """

    claim: Claim
    measure: str
    value: float
    met: float
    chance: float


class ProfiledClip(NamedTuple):
    """A clip with the profiles that the checks use."""

    x: np.ndarray
    rate: int
    image: stereo.StereoProfile
    music: music.MusicProfile


class Check(NamedTuple):
    """How a kind of claim is checked: its measure, and the condition under which it is met."""

    measure: str
    function: Callable[[ProfiledClip], float]
    met: Callable[[ProfiledClip, float, float | None], bool]


def alternation(x: np.ndarray, rate: int) -> float:
    """Return how far the balance swings from side to side, as in ping-pong.

    With b = (E_R - E_L) / (E_R + E_L) of consecutive 50 ms frames within 40 dB of the loudest: the
    standard deviation of b over time, times one minus the median of the frames' `stereo.ambience`, because
    a diffuse image fluctuates too but is never on one side. 0 unless b crosses from below -0.2 to
    above 0.2, or back, at least twice.

    Parameters
    ----------
    x : array_like
        ``(2, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        0 (the balance is constant or changes sides once) to 1 (alternately hard left and hard right), no unit.
        `Undefined` for mono clips, clips shorter than 400 ms and if nothing is above -70 dBFS.
    """
    x = as_samples(x)
    image = stereo.profile(x, rate)
    if image.problem is not None:
        return image.problem
    if len(image.times) == 0:
        return Undefined(SHORT)
    width = max(hop(rate) // 2, 1)
    count = x.shape[1] // width
    frames = x[:, : count * width].reshape(2, count, width).astype(np.float64)
    left, right = np.einsum("cft,cft->cf", frames, frames)
    both, total = np.einsum("ft,ft->f", *frames), left + right
    loud = (total > 2 * width * FLOOR) & (total >= total.max() * 1e-4)
    if not loud.any():
        return Undefined(QUIET)
    balance = (right - left)[loud] / total[loud]
    focus = np.median(np.hypot(left - right, 2 * both)[loud] / total[loud])
    sides = np.sign(balance[np.abs(balance) > 0.2])
    turns = int((sides[1:] != sides[:-1]).sum())
    return float(balance.std() * focus) if turns >= TURNS else 0.0


def fade_out_db(x: np.ndarray, rate: int) -> float:
    """Return the level of a clip's first half (median over its frames) minus that of its last frame.

    The level of a frame is its variance, which ignores an inaudible offset.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        dB, positive if the end is quieter, at most 120. A clip that stops abruptly also gives a high value.
        `Undefined` for clips shorter than 0.8 s and if the first half is below -70 dBFS.
    """
    problem = music.profile(x, rate).problem
    if problem is not None:
        return problem
    x, width = as_samples(x), hop(rate)
    hops = x[:, : x.shape[1] // width * width].reshape(len(x), -1, width).sum(axis=2, dtype=np.float64)
    # Variances, because an offset does not fade.
    powers = power(x, rate) - np.mean((frame_sums(hops) / (STEPS * width)) ** 2, axis=0)
    if len(powers) <= STEPS:
        return Undefined(f"the clip is shorter than {2 * FRAME:g} s")
    before = np.median(powers[: len(powers) // 2])
    return float(10 * np.log10(before / max(powers[-1], before * 1e-12))) if before > FLOOR else Undefined(QUIET)


def _balanced(clip: ProfiledClip, limit: float) -> bool:
    return abs(stereo.balance_db(clip.image)) <= limit


def _width(clip: ProfiledClip) -> float:
    return stereo.width(clip.image)


def _balance(clip: ProfiledClip) -> float:
    return stereo.balance_db(clip.image)


def _percussive(clip: ProfiledClip) -> float:
    return music.percussive_share(clip.music)


def _key(clip: ProfiledClip) -> float:
    return music.musical_key(clip.music)


def _near_tempo(clip: ProfiledClip, value: float, asked: float | None) -> bool:
    return asked is not None and abs(value / asked - 1) <= TEMPO_NEAR


CHECKS: dict[str, Check] = {
    "tempo": Check("tempo", lambda clip: music.tempo(clip.music), _near_tempo),
    "key": Check("musical_key", _key, lambda clip, value, asked: value == asked),
    "mode": Check("musical_key", _key, lambda clip, value, asked: value // 12 == asked),
    "left": Check("balance_db", _balance, lambda clip, value, _: value <= -SIDE_DB),
    "right": Check("balance_db", _balance, lambda clip, value, _: value >= SIDE_DB),
    "centre": Check("width", _width, lambda clip, value, _: value <= CENTRE_WIDTH and _balanced(clip, CENTRE_DB)),
    "mono": Check("side_mid_db", lambda clip: stereo.side_mid_db(clip.image), lambda clip, value, _: value <= MONO_DB),
    "narrow": Check("width", _width, lambda clip, value, _: value <= NARROW),
    # A source entirely on one side has a width of 0.5, too.
    "wide": Check("width", _width, lambda clip, value, _: value >= WIDE and _balanced(clip, SIDE_DB)),
    "ping-pong": Check(
        "alternation", lambda clip: alternation(clip.x, clip.rate), lambda clip, value, _: value >= SWING
    ),
    "drums only": Check("percussive_share", _percussive, lambda clip, value, _: value >= ONLY_DRUMS),
    "no drums": Check("percussive_share", _percussive, lambda clip, value, _: value <= NO_DRUMS),
    "fades out": Check(
        "fade_out_db", lambda clip: fade_out_db(clip.x, clip.rate), lambda clip, value, _: value >= FADE_DB
    ),
}
"""How each kind of claim is checked, in the order of `mgeval.metrics.claims.KINDS`."""


def adherence(x: np.ndarray, rate: int, prompt: str) -> list[Verdict]:
    """Check whether a clip meets the claims of a prompt.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    prompt : str
        The prompt of the clip.

    Returns
    -------
    list of Verdict
        One per claim of `claims`.

    Raises
    ------
    MetricError
        ``x`` is not ``(channels, time)`` with one or two channels, or the rate is not positive.
    """
    return check_claims(x, rate, claims(prompt))


def check_claims(x: np.ndarray, rate: int, asked: Iterable[Claim]) -> list[Verdict]:
    """Check whether a clip meets claims from any source; see `adherence`."""
    x = as_samples(x)
    clip = ProfiledClip(x, rate, stereo.profile(x, rate), music.profile(x, rate))
    values: dict[str, float] = {}
    verdicts = []
    for claim in asked:
        check = CHECKS[claim.kind]
        if check.measure not in values:
            values[check.measure] = check.function(clip)
        value = values[check.measure]
        met = value if np.isnan(value) else float(check.met(clip, value, claim.asked))
        verdicts.append(Verdict(claim, check.measure, value, met, prior_chance(claim)))
    return verdicts


def prior_chance(claim: Claim) -> float:
    """Return the chance of meeting a claim if there are no other clips to estimate it from; see `Verdict`."""
    window = math.log((1 + TEMPO_NEAR) / (1 - TEMPO_NEAR)) / math.log(music_profile.FASTEST / music_profile.SLOWEST)
    priors = {"key": 1 / 24, "mode": 1 / 2, "tempo": window}
    return priors.get(claim.kind, Undefined("the chance of meeting this claim can only be estimated from other clips"))
