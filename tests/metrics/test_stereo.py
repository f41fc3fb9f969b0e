"""Stereo measures: closed forms, invariances, ground truth, degenerate input."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import RATE, correlated, noise, panned, tone

from mgeval.errors import MetricError
from mgeval.metrics import METRICS, Undefined, evaluate, stereo

STEREO = [name for name, row in METRICS.items() if row.function.__module__ == stereo.__name__]


def value(name, x):
    return evaluate(x, RATE, [name])[name]


IDENTICAL = np.stack([tone(1.0)] * 2)
ANTIPHASE = np.stack([tone(1.0), -tone(1.0)])
INDEPENDENT = correlated(0.0, 2.0)
LEFT_ONLY = np.stack([tone(1.0), 0 * tone(1.0)])
RIGHT_ONLY = LEFT_ONLY[::-1]

KNOWN = [
    ("correlation", IDENTICAL, 1),
    ("correlation", ANTIPHASE, -1),
    ("correlation", INDEPENDENT, 0),
    ("correlation_low", IDENTICAL, 1),
    ("correlation_low", ANTIPHASE, -1),
    ("antiphase_share", IDENTICAL, 0),
    ("antiphase_share", INDEPENDENT, 0),
    ("antiphase_share", ANTIPHASE, 1),
    ("width", IDENTICAL, 0),
    ("width", INDEPENDENT, 0.5),
    ("width", ANTIPHASE, 1),
    ("width", LEFT_ONLY, 0.5),
    ("side_mid_db", IDENTICAL, -120),
    ("side_mid_db", INDEPENDENT, 0),
    ("side_mid_db", ANTIPHASE, 120),
    ("balance_db", IDENTICAL, 0),
    ("balance_db", LEFT_ONLY, -120),
    ("balance_db", RIGHT_ONLY, 120),
    ("balance_db", np.stack([tone(1.0), 2 * tone(1.0)]), 20 * np.log10(2)),
    ("mono_loss_db", IDENTICAL, 0),
    ("mono_loss_db", INDEPENDENT, 10 * np.log10(0.5)),
    ("mono_loss_db", ANTIPHASE, -120),
    ("mono_loss_db", LEFT_ONLY, 10 * np.log10(0.5)),
    ("image_angle", LEFT_ONLY, -45),
    ("image_angle", IDENTICAL, 0),
    ("image_angle", RIGHT_ONLY, 45),
    ("image_angle", ANTIPHASE, 90),
    ("ambience", IDENTICAL, 0),
    ("ambience", LEFT_ONLY, 0),
    ("ambience", INDEPENDENT, 1),
    ("dual_mono", IDENTICAL, 1),
    ("dual_mono", ANTIPHASE, 0),
    ("dual_mono", INDEPENDENT, 0),
]


@pytest.mark.parametrize(("name", "x", "expected"), KNOWN, ids=lambda v: v if isinstance(v, str) else "")
def test_known_answers(name, x, expected):
    assert value(name, x) == pytest.approx(expected, abs=1e-9)


def test_every_measure_has_a_known_answer():
    assert {name for name, _, _ in KNOWN} == set(STEREO)


@pytest.mark.parametrize("rho", np.linspace(-1, 1, 21))
def test_correlation_width_and_ambience_of_mixed_noise(rho):
    x = correlated(rho)
    assert stereo.correlation(x) == pytest.approx(rho, abs=1e-9)
    # Equal channel energies: width is (1 - correlation) / 2 exactly, the eigenvalues are 1 +- rho.
    assert stereo.width(x) == pytest.approx((1 - rho) / 2, abs=1e-9)
    assert stereo.ambience(x) == pytest.approx(1 - abs(rho), abs=1e-9)


@pytest.mark.parametrize("degrees", np.linspace(-45, 45, 41))
@pytest.mark.parametrize("source", [noise(1.0), tone(1.0, 90)], ids=["noise", "tone"])
def test_a_panned_source_reads_its_angle(source, degrees):
    x = panned(source, degrees)
    assert stereo.image_angle(x) == pytest.approx(degrees, abs=1e-6)
    assert stereo.ambience(x) == pytest.approx(0, abs=1e-9)


def test_angle_of_a_panned_source_in_diffuse_noise():
    x = panned(noise(10.0, 1), 20) + np.stack([noise(10.0, 2, 0.04), noise(10.0, 3, 0.04)])
    assert stereo.image_angle(x) == pytest.approx(20, abs=1)


def test_beyond_45_degrees_is_antiphase():
    x = np.stack([tone(1.0), -0.5 * tone(1.0)])
    assert -90 < stereo.image_angle(x) < -45
    assert 45 < stereo.image_angle(x[::-1]) < 90


def test_eigenvalues_against_numpy():
    x = correlated(0.4) * np.array([[1.0], [0.3]])
    low, high = np.linalg.eigvalsh(x @ x.T)
    assert stereo.ambience(x) == pytest.approx(2 * low / (low + high))
    main = np.linalg.eigh(x @ x.T)[1][:, 1]
    expected = (np.degrees(np.arctan2(main[1], main[0])) - 45 + 90) % 180 - 90
    assert stereo.image_angle(x) == pytest.approx(expected, abs=1e-6)


def test_framewise_measures_against_a_plain_loop():
    x = np.concatenate([correlated(-0.9, 1.3), correlated(0.8, 2.4, 5), 1e-5 * correlated(-1, 1.0)], axis=1)
    correlations, powers = [], []
    for start in range(0, x.shape[1] - 12800 + 1, 3200):
        left, right = x[:, start : start + 12800]
        powers.append((left @ left + right @ right) / 2 / 12800)
        correlations.append(left @ right / np.sqrt((left @ left) * (right @ right)))
    powers = np.array(powers)
    kept = np.array(correlations)[(powers > 1e-7) & (powers >= powers.max() * 1e-4)]
    assert 0 < len(kept) < len(powers)
    assert stereo.correlation_low(x, RATE) == pytest.approx(np.percentile(kept, 5), abs=1e-9)
    assert stereo.antiphase_share(x, RATE) == pytest.approx(np.mean(kept < -0.1))


def test_profile_gives_frames_and_their_times():
    p = stereo.profile(correlated(0.5, 2.0), RATE)
    assert len(p.times) == len(p.counted) == len(p.frames.ll) == 17
    assert p.times[:2] == pytest.approx([0.2, 0.3])
    assert p.counted.all()


def test_a_nearly_mono_clip_is_dual_mono_by_its_side_level():
    mid, side = tone(1.0), noise(1.0)
    side *= np.sqrt(np.mean(mid**2) / np.mean(side**2))
    for level, flag in ((-59.5, 0), (-60.5, 1)):
        x = np.stack([mid + side * 10 ** (level / 20), mid - side * 10 ** (level / 20)])
        assert stereo.side_mid_db(x) == pytest.approx(level, abs=1e-6)
        assert stereo.dual_mono(x) == flag


clips = st.builds(
    lambda rho, degrees, gain, seed: gain * (correlated(rho, 1.0, seed) + panned(tone(1.0, level=0.2), degrees)),
    st.floats(-0.9, 0.9),
    st.floats(-44, 44),
    # Loud enough to keep frames above the gate of -70 dBFS with every gain below.
    st.floats(0.1, 1.5),
    st.integers(0, 50),
)


@settings(deadline=None, max_examples=40)
@given(clips)
def test_values_lie_in_their_ranges_and_never_differ_by_order_of_reading(x):
    values = evaluate(x, RATE, STEREO)
    for name, v in values.items():
        row = METRICS[name]
        assert np.isnan(v) or row.low <= v <= row.high, name
        alone = row.function(x, RATE) if row.timed else row.function(x)
        assert alone == pytest.approx(v, abs=1e-9, nan_ok=True), name
    assert values["correlation_low"] <= np.median(
        stereo._correlations(stereo.profile(x, RATE).frames)[stereo.profile(x, RATE).counted]
    )


@settings(deadline=None, max_examples=40)
@given(clips, st.floats(0.05, 3))
def test_invariances(x, gain):
    before = evaluate(x, RATE, STEREO)
    exchange = {"balance_db": -1, "image_angle": -1}
    for name in STEREO:
        sign = exchange.get(name, 1)
        assert value(name, gain * x) == pytest.approx(before[name], abs=1e-6, nan_ok=True), f"gain: {name}"
        assert value(name, -x) == pytest.approx(before[name], abs=1e-6, nan_ok=True), f"polarity: {name}"
        assert value(name, x[::-1]) == pytest.approx(sign * before[name], abs=1e-6, nan_ok=True), f"swap: {name}"
        assert value(name, x[:, ::-1]) == pytest.approx(before[name], abs=1e-6, nan_ok=True), f"reversal: {name}"
    one_gain = x * np.array([[gain], [1.0]])
    assert stereo.correlation(one_gain) == pytest.approx(before["correlation"], abs=1e-9)
    inverted = x * np.array([[1.0], [-1.0]])
    assert stereo.correlation(inverted) == pytest.approx(-before["correlation"], abs=1e-9)
    assert stereo.width(inverted) == pytest.approx(1 - before["width"], abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(clips, st.floats(-60, 60))
def test_rotating_the_image_leaves_ambience(x, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    assert stereo.ambience(np.array([[c, -s], [s, c]]) @ x) == pytest.approx(stereo.ambience(x), abs=1e-9)


def test_time_reversal_of_an_odd_length_only_moves_the_frames():
    x = correlated(0.3, 1.2345)
    assert stereo.correlation(x[:, ::-1]) == pytest.approx(stereo.correlation(x), abs=1e-12)


DEGENERATE = {
    "silent": (np.zeros((2, RATE)), "the clip is silent"),
    "single sample": (np.ones((2, 1)), "the clip is a single sample"),
    "mono": (np.zeros((1, RATE)), "the clip is mono"),
    "one-dimensional": (np.zeros(RATE), "the clip is mono"),
    "empty": (np.zeros((2, 0)), "there are no samples"),
    "nan": (np.full((2, RATE), np.nan), "some samples are NaN or Inf"),
    "one nan": (np.where(np.arange(RATE) == 5, np.nan, IDENTICAL), "some samples are NaN or Inf"),
    "inf": (np.where(np.arange(RATE) == 5, np.inf, IDENTICAL), "some samples are NaN or Inf"),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", STEREO)
def test_degenerate_input_is_nan_with_a_reason(name, case):
    x, reason = DEGENERATE[case]
    v = value(name, x)
    assert isinstance(v, float) and np.isnan(v)
    assert isinstance(v, Undefined) and v.reason == reason


def test_reasons_of_single_measures():
    assert stereo.correlation(LEFT_ONLY).reason == "one channel is silent"
    assert stereo.antiphase_share(LEFT_ONLY, RATE).reason == "one channel is silent"
    assert "diffuse" in stereo.image_angle(INDEPENDENT).reason
    assert "400 ms" in stereo.correlation_low(IDENTICAL[:, :12799], RATE).reason
    assert stereo.correlation_low(IDENTICAL[:, :12800], RATE) == pytest.approx(1)
    quiet = IDENTICAL * 1e-5
    assert stereo.correlation(quiet) == pytest.approx(1)
    assert stereo.correlation_low(quiet, RATE).reason == "nothing in the clip is above -70 dBFS"


def test_undefined_survives_pickling():
    again = pickle.loads(pickle.dumps(Undefined("why")))
    assert np.isnan(again) and again.reason == "why"


@pytest.mark.parametrize(
    "x", [np.zeros((3, 10)), np.zeros((10, 2)), np.zeros((1, 2, 3)), np.array([["a", "b"]]), np.ones((2, 9), np.int16)]
)
def test_wrong_arrays_are_errors(x):
    with pytest.raises(MetricError, match="samples"):
        stereo.width(x)


def test_a_wrong_rate_is_an_error():
    for rate in (0, None, "x"):
        with pytest.raises(MetricError, match="rate"):
            stereo.correlation_low(IDENTICAL, rate)


def test_float32_and_any_memory_order_read_the_same():
    x = correlated(0.3, 1.0)
    expected = stereo.width(x)
    assert stereo.width(x.astype(np.float32)) == pytest.approx(expected, abs=1e-6)
    assert stereo.width(np.asfortranarray(x)) == pytest.approx(expected, abs=1e-12)


def at_levels(*levels):
    """Return half a second of a tone at each level in dBFS (power), in antiphase except the first."""
    source = tone(0.5, 1000, 2**0.5)
    parts = [10 ** (level / 20) * np.stack([source, -source if i else source]) for i, level in enumerate(levels)]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(("level", "counts"), [(-59.5, True), (-60.5, False)])
def test_frames_count_within_40_db_of_the_loudest(level, counts):
    x = at_levels(-20, level)
    assert stereo.profile(x, RATE).counted[-1] == counts
    assert (stereo.antiphase_share(x, RATE) > 0) == counts


@pytest.mark.parametrize(("level", "counts"), [(-69.5, True), (-70.5, False)])
def test_frames_count_above_minus_70_dbfs(level, counts):
    assert stereo.profile(at_levels(-40, level), RATE).counted[-1] == counts


@pytest.mark.parametrize(("rho", "share"), [(-0.09, 0), (-0.11, 1)])
def test_antiphase_begins_below_minus_0_1(rho, share):
    # The same tones in every frame: framewise correlation is rho, without scatter.
    left, right = tone(2.0, 1000), tone(2.0, 1000, phase=np.pi / 2)
    x = np.stack([left, rho * left + np.sqrt(1 - rho**2) * right])
    assert stereo.antiphase_share(x, RATE) == share


@pytest.mark.parametrize(("rho", "defined"), [(0.06, True), (0.04, False)])
def test_an_axis_needs_ambience_of_at_most_0_95(rho, defined):
    assert np.isnan(stereo.image_angle(correlated(rho))) != defined


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 96000])
def test_frames_at_other_rates_against_a_plain_loop(rate):
    x = np.random.default_rng(0).standard_normal((2, round(1.3 * rate))) * 0.1
    step = round(0.1 * rate)
    values = []
    for start in range(0, x.shape[1] - 4 * step + 1, step):
        left, right = x[:, start : start + 4 * step]
        values.append(left @ right / np.sqrt((left @ left) * (right @ right)))
    assert stereo.correlation_low(x, rate) == pytest.approx(np.percentile(values, 5), abs=1e-12)


@pytest.mark.parametrize(("name", "x", "expected"), KNOWN, ids=lambda v: v if isinstance(v, str) else "")
def test_known_answers_from_float32(name, x, expected):
    # Clips are stored as float32; its noise under a silent side is at -145 dB, below the clamp.
    assert value(name, x.astype(np.float32)) == pytest.approx(expected, abs=2e-5)
