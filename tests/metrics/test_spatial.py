"""Stereo measures by frequency, lag and time: closed forms, invariances, plain versions, degenerate input."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import stereo_slow as slow
from reference.stereo_clips import delayed, shaped
from signals import RATE, correlated, noise, panned, tone

from mgeval.errors import MetricError
from mgeval.metrics import METRICS, Undefined, evaluate, stereo
from mgeval.metrics.stereo import moments, spatial, spectra, widths

SPATIAL = [name for name, row in METRICS.items() if row.function.__module__ in (spatial.__name__, widths.__name__)]
STEREO = [name for name, row in METRICS.items() if row.channels == "stereo"]


def value(name, x, rate=RATE):
    return evaluate(x, rate, [name])[name]


def late(x, samples):
    return np.stack([delayed(x, 0), delayed(x, samples)])


def band(x, low, high, rate=RATE):
    return shaped(x, rate, lambda hertz: (hertz >= low) & (hertz < high))


IDENTICAL = np.stack([noise(2.0)] * 2)
ANTIPHASE = IDENTICAL * [[1], [-1]]
INDEPENDENT = correlated(0.0, 10.0)
LEFT_ONLY = IDENTICAL * [[1], [0]]

KNOWN = [
    ("coherence", IDENTICAL, 1, 1e-5),
    ("coherence", ANTIPHASE, 1, 1e-5),
    ("coherence", late(noise(10.0), 32), 1, 0.005),
    ("coherence", INDEPENDENT, 0, 0.005),
    ("coherence", correlated(0.6), 0.36, 0.01),
    ("time_difference_ms", IDENTICAL, 0, 1e-9),
    ("time_difference_ms", ANTIPHASE, 0, 1e-9),
    ("time_difference_ms", late(noise(2.0), 16), 0.5, 1e-4),
    ("time_difference_ms", late(noise(2.0), -8.5), -8.5 / 32, 1e-3),
    ("iacc", IDENTICAL, 1, 1e-9),
    ("iacc", ANTIPHASE, 1, 1e-9),
    ("iacc", correlated(0.6), 0.6, 1e-3),
    ("iacc", INDEPENDENT, 0, 0.01),
    ("pan_mean", IDENTICAL, 0, 1e-6),
    ("pan_mean", LEFT_ONLY, -1, 1e-6),
    ("pan_mean", LEFT_ONLY[::-1], 1, 1e-6),
    ("pan_mean", panned(noise(1.0), 22.5), 1 - np.sqrt(0.5), 1e-5),
    ("pan_mean", INDEPENDENT, 0, 0.005),
    ("pan_spread", LEFT_ONLY, 0, 1e-4),
    ("pan_spread", panned(noise(1.0), 22.5), 0, 1e-4),
    # Left and right alternate: half of the energy is on each side.
    ("pan_spread", np.concatenate([LEFT_ONLY, LEFT_ONLY[::-1]], axis=1), 1, 0.01),
    ("pan_spread", INDEPENDENT, np.sqrt(5 / 3 - np.pi / 2), 0.002),
    ("width_std", IDENTICAL, 0, 1e-9),
    ("width_std", np.concatenate([IDENTICAL, ANTIPHASE], axis=1), 0.5, 0.04),
    ("width_drift", IDENTICAL, 0, 1e-9),
    ("width_drift", np.concatenate([correlated(1, 5), correlated(0, 5)], axis=1), 0.5 * 1.5, 0.05),
    ("width_drift", correlated(0, 20.0), 0, 0.005),
    *[(name, x, expected, 1e-6) for name in ("width_low", "width_mid", "width_high")
      for x, expected in ((IDENTICAL, 0), (ANTIPHASE, 1), (LEFT_ONLY, 0.5))],
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "expected", "far"), KNOWN, ids=lambda v: v if isinstance(v, str) else "")
def test_known_answers(name, x, expected, far):
    assert value(name, x) == pytest.approx(expected, abs=far)
    assert value(name, x.astype(np.float32)) == pytest.approx(expected, abs=far + 2e-6)


def test_every_measure_has_a_known_answer():
    assert {name for name, *_ in KNOWN} == set(SPATIAL)


@pytest.mark.parametrize("seconds", [0.4, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("fading", [0, 3, 8])
def test_independent_noise_has_no_coherence_at_any_length_and_any_envelope(seconds, fading):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(20):
        x = rng.standard_normal((2, round(seconds * RATE))) * np.exp(-fading * np.linspace(0, 1, round(seconds * RATE)))
        found = stereo.profile(x, RATE).bands
        values.append(np.average(found.coherence, weights=found.power))
    # The mean before it is limited to 0..1; a biased estimate would be 1/12 at 0.4 s.
    assert np.mean(values) == pytest.approx(0, abs=4 * np.std(values) / np.sqrt(20))
    assert np.std(values) < 0.06


@pytest.mark.parametrize("rate", [32000, 44100])
@pytest.mark.parametrize("samples", [0, 0.3, 7, 15.6, 31, 31.8, 32, -0.5, -20.25, -32])
@pytest.mark.parametrize(("low", "high"), [(20, 16000), (100, 800), (950, 1050), (7000, 9000), (10000, 14000)])
def test_a_delay_reads_itself_within_a_quarter_sample(samples, low, high, rate):
    x = band(np.random.default_rng(1).standard_normal(3 * rate), low, high, rate)
    assert value("time_difference_ms", late(x, samples), rate) * rate / 1000 == pytest.approx(samples, abs=0.05)
    assert value("iacc", late(x, samples), rate) == pytest.approx(1, abs=0.03)


def test_the_edge_of_the_range():
    x = noise(3.0)
    # Exactly 1 ms is inside; white noise with a longer delay is uncorrelated within 1 ms.
    assert value("time_difference_ms", late(x, 32)) == pytest.approx(1, abs=1e-6)
    assert value("time_difference_ms", late(x, 40)).reason == spatial.UNRELATED
    assert value("iacc", late(x, 40)) < 0.05
    # Noise below 500 Hz with a delay of 1.25 ms is correlated within 1 ms, but has no peak there.
    low = late(band(x, 20, 500), 40)
    assert value("iacc", low) > 0.5
    assert value("time_difference_ms", low).reason == spatial.BEYOND
    assert value("time_difference_ms", low[::-1]).reason == spatial.BEYOND


@pytest.mark.parametrize(("rho", "defined"), [(0.24, False), (0.26, True), (-0.24, False), (-0.26, True)])
def test_a_delay_needs_an_iacc_of_0_25(rho, defined):
    assert np.isnan(value("time_difference_ms", correlated(rho))) != defined


def test_of_equal_peaks_the_nearest_to_0_is_read():
    for hertz in (300, 1000, 6000, 13999):
        assert value("time_difference_ms", np.stack([tone(2.0, hertz)] * 2)) == pytest.approx(0, abs=1e-6)
        shifted = np.stack([tone(2.0, hertz), tone(2.0, hertz, phase=-0.5)])
        assert value("time_difference_ms", shifted) == pytest.approx(500 / (2 * np.pi * hertz), abs=2e-4)


MIX = (
    panned(noise(3.0, 1), 20) + late(band(noise(3.0, 2), 200, 3000), 9.4)[:, 64 : 64 + 3 * RATE] + correlated(0.2, 3.0)
)


def test_against_plain_versions():
    short = MIX[:, : RATE + 777] * np.exp(-np.arange(RATE + 777) / RATE)
    assert value("coherence", short) == pytest.approx(slow.coherence(short, RATE), abs=1e-5)
    assert [value("pan_mean", short), value("pan_spread", short)] == pytest.approx(slow.panning(short, RATE), abs=1e-5)
    for name, low, high in (("width_low", 0, 250), ("width_mid", 250, 2500), ("width_high", 2500, 1e9)):
        assert value(name, MIX) == pytest.approx(slow.band_width(MIX, RATE, low, high), abs=1e-5)
    times, values = slow.frame_widths(MIX, RATE)
    assert value("width_std", MIX) == pytest.approx(np.std(values), abs=1e-9)
    assert value("width_drift", MIX) == pytest.approx(10 * np.polyfit(times, values, 1)[0], abs=1e-9)


def test_coherence_of_steady_noise_against_scipy():
    for rho in (0, 0.5, 0.9):
        x = correlated(rho)
        assert value("coherence", x) == pytest.approx(slow.welch_coherence(x, RATE), abs=2e-3)


def test_cross_correlation_by_definition():
    known = stereo.profile(MIX[:, :20000], RATE).correlogram
    for lag in (-32, -7, 0, 1, 32):
        at = np.abs(known.lags - lag / 32).argmin()
        assert known.values[at] == pytest.approx(slow.correlation_at(MIX[:, :20000], lag), abs=1e-12)
    for x in (MIX, MIX[::-1], correlated(-0.4, 3.0), late(noise(3.0), 20.5)):
        lag, height = slow.delay(x, RATE)
        assert value("time_difference_ms", x) == pytest.approx(lag, abs=1e-3)
        assert value("iacc", x) == pytest.approx(height, abs=0.02)


clips = st.builds(
    lambda rho, degrees, gain, seed: gain * (correlated(rho, 1.0, seed) + panned(tone(1.0, level=0.2), degrees)),
    st.floats(-0.9, 0.9),
    st.floats(-44, 44),
    st.floats(0.1, 1.5),
    st.integers(0, 50),
)


@settings(max_examples=25)
@given(clips, st.floats(0.05, 3))
def test_ranges_and_invariances(x, gain):
    before = evaluate(x, RATE, STEREO)
    for name in SPATIAL:
        row, far = METRICS[name], 2e-5
        assert np.isnan(before[name]) or row.low <= before[name] <= row.high, name
        assert row.function(x, RATE) == pytest.approx(before[name], abs=1e-12, nan_ok=True), name
        sign = -1 if name in ("time_difference_ms", "pan_mean") else 1
        assert value(name, gain * x) == pytest.approx(before[name], abs=far, nan_ok=True), f"gain: {name}"
        assert value(name, -x) == pytest.approx(before[name], abs=far, nan_ok=True), f"polarity: {name}"
        assert value(name, x[::-1]) == pytest.approx(sign * before[name], abs=far, nan_ok=True), f"swap: {name}"
    one_gain = x * np.array([[gain], [1.0]])
    inverted = x * np.array([[1.0], [-1.0]])
    for name in ("iacc", "time_difference_ms"):
        assert value(name, one_gain) == pytest.approx(before[name], abs=far, nan_ok=True), name
    for name in ("iacc", "time_difference_ms", "coherence", "pan_mean", "pan_spread", "width_std"):
        assert value(name, inverted) == pytest.approx(before[name], abs=far, nan_ok=True), name
    for name in ("width_low", "width_mid", "width_high"):
        assert value(name, inverted) == pytest.approx(1 - before[name], abs=far, nan_ok=True), name
    assert before["iacc"] >= abs(before["correlation"]) - 1e-12


def test_reversal_in_time_turns_delay_and_drift():
    x = np.concatenate([correlated(0.9, 2.0), correlated(0.3, 2.0)], axis=1)
    assert value("width_drift", x[:, ::-1]) == pytest.approx(-value("width_drift", x), abs=1e-9)
    assert value("width_std", x[:, ::-1]) == pytest.approx(value("width_std", x), abs=1e-9)
    x = late(noise(2.0), 11.25)
    assert value("time_difference_ms", x[:, ::-1]) == pytest.approx(-value("time_difference_ms", x), abs=1e-9)


@settings(max_examples=15)
@given(st.floats(-45, 45), st.sampled_from([8000, 22050, 44100, 48000, 96000]))
def test_a_panned_source_at_any_rate(degrees, rate):
    x = panned(np.random.default_rng(0).standard_normal(rate), degrees)
    found = evaluate(x, rate, SPATIAL)
    assert found["pan_mean"] == pytest.approx(np.sign(degrees) * (1 - np.cos(np.radians(2 * degrees))), abs=1e-5)
    share = (1 - np.cos(np.radians(2 * degrees))) / 2
    assert [found[f"width_{name}"] for name in ("low", "mid", "high")] == pytest.approx([share] * 3, abs=1e-5)


def test_widths_of_bands_add_up_to_the_width():
    known = stereo.profile(MIX, RATE).spectra
    assert known.mid.sum() + known.side.sum() == pytest.approx(stereo.profile(MIX, RATE).total.power, rel=0.02)
    assert known.side.sum() / (known.mid + known.side).sum() == pytest.approx(stereo.width(MIX), abs=0.005)


def test_the_bands_are_those_of_iec_61260():
    assert spectra.band_numbers([20, 22.3, 22.5, 990, 1122, 1123, 19953]).tolist() == [-17, -17, -16, 0, 0, 1, 13]
    known = stereo.profile(MIX, RATE).bands
    nominal = [50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000]
    assert known.centres[1 : 1 + len(nominal)] == pytest.approx(nominal, rel=0.02)


def test_maps_for_plots_agree_with_the_measures():
    known = stereo.profile(MIX, RATE)
    maps = known.spectrogram
    assert maps.mid.shape == maps.side.shape == maps.panning.shape == (len(maps.frequencies), len(maps.times))
    assert maps.times[:2] == pytest.approx([0.032, 0.064]) and maps.times[-1] < 3.0
    heard = maps.frequencies > 17.8
    power = (maps.mid + maps.side)[heard].astype(float)
    assert np.average(maps.panning[heard], weights=power) == pytest.approx(spatial.pan_mean(known), abs=1e-5)
    assert maps.side.sum(axis=1) / len(maps.times) == pytest.approx(known.spectra.side, rel=1e-4)
    centres, shares = known.band_widths
    assert centres == pytest.approx(known.bands.centres) and shares.shape == (len(centres), len(maps.times))
    assert shares.min() >= 0 and shares.max() <= 1
    assert known.correlogram.lags[[0, -1]] == pytest.approx([-1, 1], abs=0.01)


def test_a_hard_panned_source_leaves_no_rounding_in_the_other_channel():
    known = stereo.profile(LEFT_ONLY.astype(np.float32), RATE)
    assert (known.spectra.right == 0).all() and known.spectrogram.panning.max() < -0.9999


def test_spectra_are_computed_once_and_only_on_demand(monkeypatch):
    made = []
    for module, name in ((spectra, "spectra"), (moments.correlogram, "correlogram")):
        made_by = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, made_by=made_by, name=name: made.append(name) or made_by(*a))
    evaluate(MIX, RATE, ["correlation", "antiphase_share", "width_std", "width_drift"])
    assert made == []
    evaluate(MIX, RATE, STEREO)
    assert sorted(made) == ["correlogram", "spectra"]


DEGENERATE = {
    "silent": (np.zeros((2, RATE)), "the clip is silent"),
    "single sample": (np.ones((2, 1)), "the clip is a single sample"),
    "two samples": (np.ones((2, 2)), "the clip is shorter than one frame of 400 ms"),
    "short": (IDENTICAL[:, :12799], "the clip is shorter than one frame of 400 ms"),
    "mono": (np.zeros((1, RATE)), "the clip is mono"),
    "one-dimensional": (np.zeros(RATE), "the clip is mono"),
    "empty": (np.zeros((2, 0)), "there are no samples"),
    "nan": (np.full((2, RATE), np.nan), "some samples are NaN or Inf"),
    "one inf": (np.where(np.arange(2 * RATE) == 5, np.inf, IDENTICAL), "some samples are NaN or Inf"),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", SPATIAL)
def test_degenerate_input_is_nan_with_a_reason(name, case):
    x, reason = DEGENERATE[case]
    found = value(name, x)
    assert isinstance(found, Undefined) and np.isnan(found) and found.reason == reason


def test_reasons_of_single_measures():
    for name in ("coherence", "iacc", "time_difference_ms"):
        assert value(name, LEFT_ONLY).reason == "one channel is silent"
    assert value("width_low", np.stack([tone(1.0, 2000)] * 2)).reason == "nothing sounds below 250 Hz"
    assert value("width_mid", np.stack([tone(1.0, 8000)] * 2)).reason == "nothing sounds between 250 and 2500 Hz"
    assert value("width_high", np.stack([tone(1.0, 500)] * 2)).reason == "nothing sounds above 2500 Hz"
    assert value("width_std", IDENTICAL[:, :12800]).reason == widths.ONE_FRAME
    assert value("width_drift", IDENTICAL * 1e-4 * 2).reason == "nothing in the clip is above -70 dBFS"
    assert value("pan_mean", np.full((2, RATE), 0.5)).reason == "nothing sounds above 18 Hz"
    split = np.stack([tone(1.0, 500), tone(1.0, 8000)])
    assert value("coherence", split).reason == spatial.NOTHING_SHARED


def test_widths_of_bands_need_60_db():
    low, high = tone(2.0, 100), tone(2.0, 6000)
    for level, defined in ((-58, True), (-62, False)):
        x = np.stack([low * 10 ** (level / 20) + high] * 2)
        assert np.isnan(value("width_low", x)) != defined


@pytest.mark.parametrize("rate", [10, 40, 100, 4000, 192000])
def test_odd_rates_raise_nothing(rate):
    x = np.random.default_rng(0).standard_normal((2, max(rate, 200))) * 0.1
    found = evaluate(x, rate, SPATIAL)
    for name, v in found.items():
        assert np.isnan(v) or METRICS[name].low <= v <= METRICS[name].high, name


@pytest.mark.parametrize("level", [2e-5, 1e12])
def test_levels_far_from_full_scale(level):
    expected = evaluate(MIX, RATE, ["coherence", "iacc", "pan_spread", "width_mid"])
    for x in (level * MIX, (level * MIX).astype(np.float32)):
        assert list(evaluate(x, RATE, list(expected)).values()) == pytest.approx(list(expected.values()), abs=1e-5)


def test_a_wrong_rate_is_an_error():
    for name in SPATIAL:
        with pytest.raises(MetricError, match="rate"):
            METRICS[name].function(IDENTICAL, None)


def test_the_whole_battery_is_100_times_real_time():
    x = INDEPENDENT.astype(np.float32)
    took = []
    for _ in range(5):
        start = time.process_time()
        evaluate(x, RATE, STEREO)
        took.append(time.process_time() - start)
    # Processor time, because the machine may be busy.
    assert min(took) < 0.1
