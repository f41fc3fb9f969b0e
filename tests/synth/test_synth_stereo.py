"""The stereo image matches the ground truth, by closed forms."""

import numpy as np
import pytest

from mgeval.synth import IMAGES, Spec, compose
from mgeval.synth.instruments import render_note
from mgeval.synth.stereo import BLOCK, mix_note, pan_gains, reverberate

TONAL = {"bass": None, "drums": False}


def correlation(samples):
    left, right = samples.astype(float)
    return (left * right).mean() / np.sqrt((left**2).mean() * (right**2).mean())


def image_angle(samples):
    left, right = samples.astype(float)
    cross, excess = 2 * (left * right).mean(), (left**2).mean() - (right**2).mean()
    return np.degrees(np.arctan2(cross, excess)) / 2 - 45


def width(samples):
    left, right = samples.astype(float)
    side, mid = ((left - right) ** 2).mean(), ((left + right) ** 2).mean()
    return side / (side + mid)


@pytest.mark.parametrize("degrees", [-45, -30, -7.5, 0, 12, 45])
def test_pan_gains_have_constant_power(degrees):
    left, right = pan_gains(degrees)
    assert left**2 + right**2 == pytest.approx(1)
    assert np.degrees(np.arctan2(right, left)) - 45 == pytest.approx(degrees, abs=1e-6)


def test_pan_gains_are_exact_at_the_centre_and_the_sides():
    assert pan_gains(0)[0] == pan_gains(0)[1]
    assert pan_gains(-45) == (1, 0)
    assert pan_gains(45) == (0, 1)


@pytest.mark.parametrize("decorrelation", [0, 0.25, 0.5, 1])
@pytest.mark.parametrize("degrees", [-20, 0, 30])
def test_a_placed_note_has_its_correlation_and_power(decorrelation, degrees):
    note = render_note("piano", 62, 50)
    mix = np.zeros((2, len(note) + 900), np.float32)
    mix_note(mix, 100, note, 0.5, degrees, decorrelation)
    assert correlation(mix) == pytest.approx(1 - decorrelation, abs=0.01)
    power = (mix.astype(float) ** 2).sum(axis=1)
    assert power.sum() == pytest.approx(0.25 * (note.real.astype(float) ** 2).sum(), rel=0.01)
    assert power == pytest.approx(np.square(pan_gains(degrees)) * power.sum(), rel=0.01)


def test_a_note_past_the_end_is_cut():
    note = render_note("piano", 62, 50)
    mix = np.zeros((2, 1000), np.float32)
    mix_note(mix, 900, note, 1.0, 0, 0)
    np.testing.assert_array_equal(mix[:, :900], 0)
    assert np.abs(mix[:, 900:]).max() > 0


def test_mono_is_mono_in_every_sample():
    for seed in range(3):
        samples = compose(Spec(image="mono"), seed)[0].samples
        np.testing.assert_array_equal(samples[0], samples[1])


@pytest.mark.parametrize(
    ("image", "pan", "angle"),
    [("left", None, -30), ("right", None, 30), ("left", -45, -45), ("right", 15, 15), ("center", None, 0)],
)
def test_one_pan_is_the_image_angle(image, pan, angle):
    audio, truth = compose(Spec(image=image, pan=pan), 1)
    assert image_angle(audio.samples) == pytest.approx(angle, abs=0.5)
    assert set(truth["pan"].values()) == {angle}
    if image != "center" and abs(angle) < 45:
        assert correlation(audio.samples) == pytest.approx(1, abs=1e-6)


def test_a_hard_pan_leaves_the_other_side_silent():
    assert not compose(Spec(image="left", pan=-45), 0)[0].samples[1].any()


@pytest.mark.parametrize(("image", "expected"), [("mono", 1), ("center", 0.95), ("narrow", 0.8), ("wide", 0)])
def test_a_solo_has_the_correlation_of_its_image(image, expected):
    for seed in range(3):
        audio, truth = compose(Spec(melody="flute", chords=None, **TONAL, image=image), seed)
        assert correlation(audio.samples) == pytest.approx(expected, abs=0.03)
        assert width(audio.samples) == pytest.approx((1 - expected) / 2, abs=0.02)
        assert truth["decorrelation"] == {"melody": pytest.approx(1 - expected)}


def test_images_order_a_whole_band_by_width():
    for seed in range(2):
        widths = [width(compose(Spec(image=image), seed)[0].samples) for image in ("mono", "center", "narrow", "wide")]
        assert widths == sorted(widths)
        assert widths[0] == 0
        assert widths[1] < 0.05
        assert 0.05 < widths[2] < 0.2
        assert widths[3] > 0.25


def test_the_bass_of_a_wide_image_is_mono():
    from scipy.signal import butter, sosfilt

    audio, _ = compose(Spec(image="wide"), 1)
    low = sosfilt(butter(6, 110, fs=32000, output="sos"), audio.samples.astype(float))
    high = sosfilt(butter(6, 2500, "high", fs=32000, output="sos"), audio.samples.astype(float))
    assert width(low) < 0.05
    assert width(high) == pytest.approx(0.5, abs=0.1)


def test_split_puts_melody_and_chords_on_their_sides():
    audio, truth = compose(Spec(image="split", **TONAL), 1)
    assert truth["pan"] == {"melody": -40, "chords": 40}
    assert abs(correlation(audio.samples)) < 0.3
    swapped, _ = compose(Spec(image="split", spread=40, **TONAL), 1)
    np.testing.assert_allclose(swapped.samples, audio.samples[::-1], atol=1e-5)


def test_ping_pong_notes_alternate_in_truth_and_sound():
    audio, truth = compose(Spec(melody="marimba", chords=None, **TONAL, density=0.2, image="ping-pong"), 3)
    notes = truth["notes"]
    assert [note["pan"] for note in notes] == [(-1) ** (i + 1) * truth["bounce"] for i in range(len(notes))]
    for note in notes:
        start = round(note["start"] * 32000)
        assert np.sign(image_angle(audio.samples[:, start + 200 : start + 3000])) == np.sign(note["pan"])


def test_reverberation_adds_tails_that_differ_between_the_channels():
    mix = np.zeros((2, 2 * BLOCK), np.float32)
    mix[:, BLOCK - 100] = 1
    reverberate(mix, 0.5)
    np.testing.assert_allclose(mix[:, : BLOCK - 100], 0, atol=1e-6)
    tail = mix[:, BLOCK - 99 :]
    assert (tail.astype(float) ** 2).sum(axis=1) == pytest.approx([0.25, 0.25], rel=0.02)
    assert abs(correlation(tail)) < 0.05
    assert (tail[:, :16000] ** 2).sum() > 20 * (tail[:, 16000:] ** 2).sum()


def test_swapping_sides_mirrors_the_sound():
    left, right = (compose(Spec(image=image), 4)[0].samples for image in ("left", "right"))
    np.testing.assert_allclose(left, right[::-1], atol=1e-6)


def test_every_image_composes():
    for image in IMAGES:
        audio, truth = compose(Spec(image=image, duration=1))
        assert truth["image"] == image
        assert audio.channels == 2
