"""Clips whose stereo measures are known by construction: ten scenes of 10 s, all seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import fft, signal

SECONDS = 10
RATES = (32000, 44100)
SOURCES = ("white", "pink", "tone", "talk")
NOISES = ("white", "pink", "talk")
"""Sources for which two draws have the same spectrum."""

DELAYS = (*range(33), *np.arange(0.25, 32, 2.75))
UNDEFINED = float("nan")


class Case(NamedTuple):
    """A clip and its true values; NaN where a measure must be undefined."""

    scene: str
    source: str
    rate: int
    x: np.ndarray
    truth: dict[str, float]


@lru_cache(maxsize=16)
def source(name: str, seed: int, rate: int = RATES[0]) -> np.ndarray:
    """Return 10 s of a source of root mean square 0.1, ``(time,)``."""
    rng = np.random.default_rng([SOURCES.index(name), seed])
    count = SECONDS * rate
    x = _vibrato(rng, count, rate) if name == "tone" else rng.standard_normal(count)
    if name == "pink":
        x = shaped(x, rate, lambda hertz: (hertz >= 20) / np.sqrt(np.maximum(hertz, 20)))
    if name == "talk":
        x = _talk(rng, x, rate)
    x -= x.mean()
    x *= 0.1 / np.sqrt(np.mean(x**2))
    x.setflags(write=False)
    return x


def _vibrato(rng: np.random.Generator, count: int, rate: int) -> np.ndarray:
    """Sum 20 harmonics of a pitch between 150 and 350 Hz, with a vibrato of a third of a semitone."""
    time = np.arange(count) / rate
    pitch = rng.uniform(150, 350)
    cycles = pitch * (time + 0.02 / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * time))
    return sum(np.sin(2 * np.pi * (n * cycles + rng.random())) / n for n in range(1, 21))


def _talk(rng: np.random.Generator, x: np.ndarray, rate: int) -> np.ndarray:
    """Shape noise by three formants, and by syllables of 4 Hz with pauses between them."""
    x = sum(signal.lfilter(*signal.iirpeak(hertz, 4, fs=rate), x) for hertz in (500, 1500, 2500))
    beats = rng.uniform(0, 1, SECONDS * 4 + 2) * (rng.random(SECONDS * 4 + 2) > 0.25)
    level = np.interp(np.arange(len(x)) / rate * 4, np.arange(len(beats)), beats)
    return x * (level + 1e-3)


def shaped(x: np.ndarray, rate: int, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Multiply a signal's spectrum with a real gain by frequency."""
    return fft.irfft(fft.rfft(x) * gain(fft.rfftfreq(len(x), 1 / rate)), len(x))


def pair(name: str, seed: int = 0, rate: int = RATES[0]) -> tuple[np.ndarray, np.ndarray]:
    """Return two draws of a source with the same energy and exactly no correlation."""
    a, b = source(name, seed, rate), source(name, seed + 1, rate)
    b = b - a * (a @ b) / (a @ a)
    return a, b * np.sqrt((a @ a) / (b @ b))


def panned(x: np.ndarray, degrees: float) -> np.ndarray:
    """Pan by constant power: -45 left, 45 right."""
    angle = np.radians(degrees + 45)
    return np.stack([np.cos(angle) * x, np.sin(angle) * x])


def delayed(x: np.ndarray, samples: float) -> np.ndarray:
    """Delay by any number of samples, with at least 64 zeros on both sides so that nothing wraps around."""
    x = np.pad(x, (64, fft.next_fast_len(len(x) + 128, real=True) - len(x) - 64))
    turn = np.exp(-2j * np.pi * samples * fft.rfftfreq(len(x)))
    return fft.irfft(fft.rfft(x) * turn, len(x))


def index(degrees: float) -> float:
    """Return the panning index of a source at this angle."""
    return np.sign(degrees) * (1 - np.cos(np.radians(2 * degrees)))


def decibels(ratio: float) -> float:
    return float(np.clip(10 * np.log10(max(ratio, 1e-30)), -120, 120))


def from_powers(mid: float, side: float) -> dict[str, float]:
    """Return the values that follow from the powers of mid and side if the channels are equally loud."""
    both = mid + side
    return {
        "width": side / both,
        "side_mid_db": decibels(side / mid) if mid else 120,
        "mono_loss_db": decibels(mid / both),
        "correlation": (mid - side) / both,
        "balance_db": 0,
    }


def pans() -> Iterator[Case]:
    for name in SOURCES:
        for t in np.linspace(-45, 45, 41):
            share = (1 - np.cos(np.radians(2 * t))) / 2
            truth = {
                "image_angle": t, "ambience": 0, "pan_mean": index(t), "pan_spread": 0, "width": share,
                "width_mid": share, "width_std": 0, "width_drift": 0, "dual_mono": float(t == 0),
                "mono_loss_db": decibels(1 - share), "side_mid_db": decibels(share / (1 - share)),
                "balance_db": decibels(np.tan(np.radians(t + 45)) ** 2),
            }  # fmt: skip
            one_sided = abs(t) == 45
            alike = {"correlation": 1, "correlation_low": 1, "coherence": 1, "iacc": 1, "time_difference_ms": 0}
            truth |= dict.fromkeys(alike, UNDEFINED) if one_sided else alike
            yield Case("constant-power pan, 41 angles", name, RATES[0], panned(source(name, 0), t), truth)


def delays(samples: Iterable[float] = DELAYS) -> Iterator[Case]:
    for rate in RATES:
        for name in (*SOURCES, "800-1200 Hz", "8-12 kHz"):
            x = _band(name, rate) if name not in SOURCES else source(name, 0, rate)
            on_time = delayed(x, 0)
            for place, d in enumerate(samples):
                x_late = np.stack([on_time, delayed(x, d)])[:: -1 if place % 2 else 1]
                ms = (-1 if place % 2 else 1) * 1000 * d / rate
                yield Case("delay of 0 to 32 samples", name, rate, x_late,
                           {"time_difference_ms": ms, "iacc": 1, "coherence": 1})  # fmt: skip


def _band(name: str, rate: int) -> np.ndarray:
    low, high = (800, 1200) if name == "800-1200 Hz" else (8000, 12000)
    return shaped(source("white", 0, rate), rate, lambda hertz: (hertz >= low) & (hertz < high))


def correlations() -> Iterator[Case]:
    for name in SOURCES:
        a, b = pair(name)
        for rho in np.linspace(-1, 1, 21).round(10):
            truth = from_powers((1 + rho) / 2, (1 - rho) / 2) | {"ambience": 1 - abs(rho)}
            truth["image_angle"] = UNDEFINED if rho == 0 else 0 if rho > 0 else 90
            if name in NOISES:
                truth |= {"coherence": rho**2, "iacc": abs(rho)}
                truth["time_difference_ms"] = 0 if abs(rho) > 0.25 else UNDEFINED
            if name == "white":
                truth |= {"width_mid": (1 - rho) / 2, "width_high": (1 - rho) / 2}
                truth |= {"correlation_low": rho, "width_drift": 0, "width_std": 0}
                if rho != -0.1:
                    # At the threshold itself frames scatter around it.
                    truth["antiphase_share"] = float(rho < -0.1)
            if name == "white" and rho == 0:
                truth["pan_spread"] = np.sqrt(5 / 3 - np.pi / 2)
            x = np.stack([a, rho * a + np.sqrt(1 - rho**2) * b])
            yield Case("two draws of correlation -1 to 1", name, RATES[0], x, truth)


def decorrelated() -> Iterator[Case]:
    """Filter the right channel by Schroeder's all-pass: for white noise its impulse response is the correlation."""
    late = 13
    for name in SOURCES:
        for g in (0.3, 0.5, 0.7, 0.8):
            x = source(name, 0)
            numerator, denominator = np.zeros(late + 1), np.zeros(late + 1)
            numerator[[0, late]], denominator[[0, late]] = (-g, 1), (1, -g)
            truth = {"coherence": 1}
            if name == "white":
                first = 1 - g**2 > g
                truth |= from_powers((1 - g) / 2, (1 + g) / 2) | {"iacc": max(g, 1 - g**2), "ambience": 1 - g}
                truth |= {"time_difference_ms": 1000 * late / RATES[0] if first else 0, "image_angle": 90}
            yield Case("all-pass decorrelation", name, RATES[0],
                       np.stack([x, signal.lfilter(numerator, denominator, x)]), truth)  # fmt: skip


def side_gains() -> Iterator[Case]:
    for name in SOURCES:
        mid, side = pair(name, 2)
        for g in (0, 0.1, 0.25, 0.5, 1, 2, 4):
            share = g**2 / (1 + g**2)
            truth = from_powers(1, g**2) | {"ambience": 2 * min(share, 1 - share), "dual_mono": float(g == 0)}
            del truth["balance_db"]
            x = np.stack([mid + g * side, mid - g * side])
            yield Case("mid and side of chosen gain", name, RATES[0], x, truth)


def mirrored() -> Iterator[Case]:
    for name in SOURCES:
        for t in (-30, -10, 20, 40):
            x = panned(source(name, 0), t)
            share = (1 - np.cos(np.radians(2 * t))) / 2
            yield Case("channels swapped", name, RATES[0], x[::-1],
                       {"image_angle": -t, "pan_mean": -index(t), "correlation": 1, "width": share,
                        "balance_db": -decibels(np.tan(np.radians(t + 45)) ** 2)})  # fmt: skip
            yield Case("one channel inverted", name, RATES[0], x * [[1], [-1]],
                       {"image_angle": -t % 180 - 90, "pan_mean": index(t), "pan_spread": 0,
                        "correlation": -1, "width": 1 - share, "ambience": 0, "antiphase_share": 1,
                        "coherence": 1, "iacc": 1, "time_difference_ms": 0})  # fmt: skip


def two_sources() -> Iterator[Case]:
    """Yield two sources at -t and t: talkers, and noises that share no bin, for which the panning index is known."""
    low, high = (shaped(source("white", seed), RATES[0], band) for seed, band in
                 ((0, lambda hertz: hertz < 4000), (1, lambda hertz: hertz > 4200)))  # fmt: skip
    high = high * np.sqrt((low @ low) / (high @ high))
    for name, (a, b) in (("talk", pair("talk", 4)), ("tone", pair("tone", 4)), ("split noise", (low, high))):
        for t in (5, 10, 15, 20, 25, 30, 35, 40):
            sine = np.sin(np.radians(t)) ** 2
            truth = from_powers(1 - sine, sine) | {"ambience": 2 * sine}
            if 2 * sine <= 0.9:
                truth["image_angle"] = 0
            if name == "split noise":
                truth |= {"pan_mean": 0, "pan_spread": index(t), "coherence": 1}
            yield Case("two sources panned apart", name, RATES[0], panned(a, -t) + panned(b, t), truth)


def bands() -> Iterator[Case]:
    ranges = ((20, 220), (280, 2300), (2700, 15000))
    for turn in range(3):
        widths = np.roll([0.05, 0.3, 0.7], turn)
        mid, side = source("pink", 6), source("pink", 7)
        x = 0
        for (low, high), share in zip(ranges, widths, strict=True):
            m, s = (shaped(noise, RATES[0], lambda hertz: (hertz >= low) & (hertz < high)) for noise in (mid, side))  # noqa: B023
            m, s = m * np.sqrt((1 - share) / (m @ m)), s * np.sqrt(share / (s @ s))
            x = x + 10 * np.stack([m + s, m - s])
        names = ("width_low", "width_mid", "width_high")
        truth = dict(zip(names, widths, strict=True))
        yield Case("another width in each band", "pink", RATES[0], x, truth)


def over_time() -> Iterator[Case]:
    a, b = pair("white", 8)
    time = np.arange(len(a)) / RATES[0]
    for first, last in ((0.1, 0.5), (0.5, 0.1), (0.3, 0.3), (0.2, 0.8)):
        share = np.interp(time, [0, SECONDS], [first, last])
        mid, side = np.sqrt(1 - share) * a, np.sqrt(share) * b
        # There are 97 frames, with centres from 0.2 s to 9.8 s.
        spread = abs(last - first) * 0.96 / np.sqrt(12) * np.sqrt(98 / 96)
        truth = {"width_drift": last - first, "width_std": spread, "width": (first + last) / 2}
        yield Case("width that changes steadily", "white", RATES[0], np.stack([mid + side, mid - side]), truth)
    for share in (0.2, 0.5, 0.8):
        rho = np.where(time < share * SECONDS, -0.6, 0.6)
        x = np.stack([a, rho * a + np.sqrt(1 - rho**2) * b])
        truth = {"antiphase_share": share, "correlation_low": -0.6}
        yield Case("antiphase for a part of the clip", "white", RATES[0], x, truth)


def responses(place: np.ndarray, absorption: float, rate: int = RATES[0]) -> np.ndarray:
    """Return impulse responses at two microphones 20 cm apart in a room of 6 x 5 x 3 m, ``(2, time)``.

    Image sources (Allen and Berkley 1979) up to 8 reflections at each wall, every one a sinc of 64 samples.
    """
    room = np.array([6.0, 5.0, 3.0])
    around = np.arange(-8, 9)
    n = np.stack(np.meshgrid(around, around, around, indexing="ij"), -1).reshape(-1, 3)
    # Along each axis image n is at n L + x, or for odd n at n L + L - x, after |n| reflections.
    images = n * room + np.where(n % 2, room - place, place)
    gains = np.sqrt(1 - absorption) ** np.abs(n).sum(1)
    h = np.zeros((2, int(0.6 * rate)))
    for row, ear in zip(h, ([3.0, 2.4, 1.5], [3.0, 2.6, 1.5]), strict=True):
        far = np.linalg.norm(images - ear, axis=1)
        at = far / 343.0 * rate
        taps = np.floor(at).astype(int)[:, None] + np.arange(-31, 33)
        away = taps - at[:, None]
        values = (gains / far)[:, None] * np.sinc(away) * np.cos(np.pi / 2 * away / 33) ** 2
        inside = (taps >= 0) & (taps < len(row))
        np.add.at(row, taps[inside], values[inside])
    return h


def rooms() -> Iterator[Case]:
    """Yield white noise in a room, for which the channels are related as their impulse responses are."""
    for absorption in (0.5, 0.8, 0.95):
        for place in ([4.5, 1.0, 1.6], [4.0, 2.5, 1.6], [3.5, 4.0, 1.2]):
            h = responses(np.array(place), absorption)
            left, right, both = h[0] @ h[0], h[1] @ h[1], h[0] @ h[1]
            low, high = np.linalg.eigvalsh(h @ h.T)
            ambience = 2 * low / (low + high)
            truth = {"correlation": both / np.sqrt(left * right), "ambience": ambience,
                     "balance_db": decibels(right / left)}  # fmt: skip
            if ambience < 0.9:
                truth["image_angle"] = _axis(left, right, both)
            truth |= _common(h)
            x = signal.fftconvolve(source("white", 9)[None], h, axes=1)
            yield Case("source in a room, two microphones", "white", RATES[0], x, truth)


def _axis(left: float, right: float, both: float) -> float:
    return (np.degrees(np.arctan2(2 * both, left - right)) / 2 - 45 + 90) % 180 - 90


def _common(h: np.ndarray) -> dict[str, float]:
    """Return delay and height of the largest cross-correlation of two impulse responses, at 64 lags per sample."""
    size, fine = 1 << 16, 64
    cross = fft.rfft(h[0], size).conj() * fft.rfft(h[1], size)
    r = np.abs(fft.irfft(cross, size * fine)) * fine / np.sqrt((h[0] @ h[0]) * (h[1] @ h[1]))
    lags = np.arange(-32 * fine, 32 * fine + 1)
    best = lags[r[lags].argmax()]
    height = r[best]
    return {"iacc": height, "time_difference_ms": best / fine / RATES[0] * 1000 if height > 0.27 else UNDEFINED}


SCENES = (pans, delays, correlations, decorrelated, side_gains, mirrored, two_sources, bands, over_time, rooms)
