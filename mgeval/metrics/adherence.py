"""Whether a clip has what its prompt claims, where that can be checked.

`claims` reads the checkable facts of a prompt, `adherence` holds a clip against them. Each claim has
a measure of `METRICS` (or of this module) and a threshold, in `CHECKS`. A claim that a clip meets by
chance is worth little: beside each verdict stands the chance that a clip which ignores the prompt
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
"""Relative error within which a tempo is right, as in MIREX's tempo tasks; half and double are wrong."""

SIDE_DB, CENTRE_DB = 3.0, 1.5
CENTRE_WIDTH, NARROW, WIDE = 0.1, 0.15, 0.25
MONO_DB = -25.0
SWING, TURNS = 0.27, 2
ONLY_DRUMS, NO_DRUMS = 0.4, 0.056
FADE_DB = 12.0


class Verdict(NamedTuple):
    """What became of a claim.

    Parameters
    ----------
    claim : Claim
        What was asked for.
    measure : str
        The name of what was measured.
    value : float
        The measurement; `Undefined` where it has no meaning.
    met : float
        1 or 0; `Undefined` where the value is.
    chance : float
        Probability that a clip which ignores the prompt meets the claim: a stated prior for key
        (1/24), mode (1/2) and tempo (the window's share of 40 to 220 BPM on a logarithmic scale);
        `Undefined` for the others, where only other clips can tell: see `mgeval.adherence`.
    """

    claim: Claim
    measure: str
    value: float
    met: float
    chance: float


class ProfiledClip(NamedTuple):
    """A clip as the checks hear it."""

    x: np.ndarray
    rate: int
    image: stereo.StereoProfile
    music: music.MusicProfile


class Check(NamedTuple):
    """How a kind of claim is checked: its measure, and what makes it met."""

    measure: str
    function: Callable[[ProfiledClip], float]
    met: Callable[[ProfiledClip, float, float | None], bool]


def alternation(x: np.ndarray, rate: int) -> float:
    """How far the balance swings from side to side: what ping-pong does.

    With b = (E_R - E_L) / (E_R + E_L) of consecutive 50 ms frames within 40 dB of the loudest: the
    standard deviation of b over time, times one minus the median of the frames' `stereo.ambience`: a
    diffuse image sways too, but is on no side at any moment. 0 unless b crosses from below -0.2 to
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
        0 (the balance stays, or goes over once) to 1 (hard left and hard right in turns), no unit.
        `Undefined` for mono clips, clips under 400 ms and where nothing is above -70 dBFS.
    """
    x = as_samples(x)
    known = stereo.profile(x, rate)
    if known.problem is not None:
        return known.problem
    if len(known.times) == 0:
        return Undefined(SHORT)
    width = max(hop(rate) // 2, 1)
    count = x.shape[1] // width
    frames = x[:, : count * width].reshape(2, count, width).astype(np.float64)
    left, right = np.einsum("cft,cft->cf", frames, frames)
    both, total = np.einsum("ft,ft->f", *frames), left + right
    clip = (total > 2 * width * FLOOR) & (total >= total.max() * 1e-4)
    if not clip.any():
        return Undefined(QUIET)
    balance = (right - left)[clip] / total[clip]
    focus = np.median(np.hypot(left - right, 2 * both)[clip] / total[clip])
    sides = np.sign(balance[np.abs(balance) > 0.2])
    turns = int((sides[1:] != sides[:-1]).sum())
    return float(balance.std() * focus) if turns >= TURNS else 0.0


def fade_out_db(x: np.ndarray, rate: int) -> float:
    """Level by which a clip ends below its beginning: median of the first half's frames less the last frame.

    The level of a frame is its power about its own mean: an offset is no sound.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.

    Returns
    -------
    float
        dB, positive where the end is quieter, at most 120. A clip that falls silent reads high as well.
        `Undefined` for clips under 0.8 s and where the first half is below -70 dBFS.
    """
    known = music.profile(x, rate)
    if known.problem is not None:
        return known.problem
    x, width = as_samples(x), hop(rate)
    hops = x[:, : x.shape[1] // width * width].reshape(len(x), -1, width).sum(axis=2, dtype=np.float64)
    # Each frame about its own mean: an offset does not fade.
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


CHECKS: dict[str, Check] = {
    "tempo": Check("tempo", lambda h: music.tempo(h.music), lambda h, v, asked: abs(v / asked - 1) <= TEMPO_NEAR),
    "key": Check("musical_key", _key, lambda h, v, asked: v == asked),
    "mode": Check("musical_key", _key, lambda h, v, asked: v // 12 == asked),
    "left": Check("balance_db", _balance, lambda h, v, _: v <= -SIDE_DB),
    "right": Check("balance_db", _balance, lambda h, v, _: v >= SIDE_DB),
    "centre": Check("width", _width, lambda h, v, _: v <= CENTRE_WIDTH and _balanced(h, CENTRE_DB)),
    "mono": Check("side_mid_db", lambda h: stereo.side_mid_db(h.image), lambda h, v, _: v <= MONO_DB),
    "narrow": Check("width", _width, lambda h, v, _: v <= NARROW),
    # A source wholly on one side reads a width of 0.5 as well.
    "wide": Check("width", _width, lambda h, v, _: v >= WIDE and _balanced(h, SIDE_DB)),
    "ping-pong": Check("alternation", lambda h: alternation(h.x, h.rate), lambda h, v, _: v >= SWING),
    "drums only": Check("percussive_share", _percussive, lambda h, v, _: v >= ONLY_DRUMS),
    "no drums": Check("percussive_share", _percussive, lambda h, v, _: v <= NO_DRUMS),
    "fades out": Check("fade_out_db", lambda h: fade_out_db(h.x, h.rate), lambda h, v, _: v >= FADE_DB),
}
"""How each kind of claim is checked, in the order of `mgeval.metrics.claims.KINDS`."""


def adherence(x: np.ndarray, rate: int, prompt: str) -> list[Verdict]:
    """Say of each claim of a prompt whether a clip meets it.

    Parameters
    ----------
    x : array_like
        ``(channels, time)``.
    rate : int
        Hz.
    prompt : str
        Its prompt.

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
    """Hold a clip against claims, whoever made them; see `adherence`."""
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
    """Return the chance of a claim where no other clips tell; see `Verdict`."""
    window = math.log((1 + TEMPO_NEAR) / (1 - TEMPO_NEAR)) / math.log(music_profile.FASTEST / music_profile.SLOWEST)
    known = {"key": 1 / 24, "mode": 1 / 2, "tempo": window}
    return known.get(claim.kind, Undefined("only other clips tell how often chance meets this"))
