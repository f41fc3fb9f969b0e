"""Plots of a clip: what is drawn is what the measures say, and what cannot be drawn says why."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotted import assert_legible
from signals import RATE, correlated, noise, panned, tone

import mgeval as mg
from mgeval import plots
from mgeval.metrics import stereo
from mgeval.metrics.signal import failures
from mgeval.metrics.stereo import widths
from mgeval.metrics.tokens import Tokens, curves

OF_CLIPS = [
    plots.vectorscope,
    plots.correlation_meter,
    plots.goniometer,
    plots.width_over_time,
    plots.panning_map,
    plots.coherence,
    plots.mid_side,
]
OF_IMAGES = [plot for plot in OF_CLIPS if plot is not plots.vectorscope]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def clip(x):
    return mg.Audio(x, RATE)


def texts(ax):
    axes = ax if isinstance(ax, tuple) else (ax,)
    return " ".join(text.get_text() for one in axes for text in [*one.texts, one.title])


@pytest.fixture(scope="module")
def music():
    sampling = mg.Sampling(duration=4, seed=1)
    return mg.load_model("synth").generate("guitar and drums, wide, 120 bpm", sampling, progress=False)[0].audio


@pytest.mark.parametrize("plot", OF_CLIPS, ids=lambda plot: plot.__name__)
def test_a_clip_is_legible(plot, music):
    assert_legible(plot(music))


@pytest.mark.parametrize("plot", OF_IMAGES, ids=lambda plot: plot.__name__)
@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.zeros((2, RATE)), "silent"),
        (noise(1.0), "mono"),
        (np.ones((2, 1)), "single sample"),
    ],
)
def test_what_has_no_image_says_why(plot, x, reason):
    ax = plot(clip(x))
    assert reason in texts(ax)
    (ax[0] if isinstance(ax, tuple) else ax).figure.canvas.draw()


@pytest.mark.parametrize("plot", [plots.width_over_time, plots.panning_map, plots.coherence, plots.mid_side])
def test_a_single_frame_is_drawn_and_less_is_not(plot):
    ax = plot(clip(correlated(0.5, 0.4)))
    assert "shorter" not in texts(ax)
    (ax[0] if isinstance(ax, tuple) else ax).figure.canvas.draw()
    assert "shorter than one frame" in texts(plot(clip(correlated(0.5, 0.39))))


@pytest.mark.parametrize("plot", OF_CLIPS, ids=lambda plot: plot.__name__)
def test_axes_can_be_given(plot):
    two = plot in (plots.goniometer, plots.mid_side)
    _, given = plt.subplots(1, 2)
    found = plot(clip(correlated(0.5, 1.0)), given if two else given[0])
    assert found == tuple(given) if two else found is given[0]


@pytest.mark.parametrize("plot", [plots.goniometer, plots.mid_side])
def test_two_axes_are_needed(plot):
    with pytest.raises(mg.MetricError, match="needs two Axes, got 1"):
        plot(clip(correlated(0.5, 1.0)), plt.subplots()[1])


def test_the_meter_shows_the_correlation():
    ax = plots.correlation_meter(clip(correlated(0.6, 5.0)))
    (line,), bar = ax.lines, ax.containers[0][0]
    assert line.get_xdata() == pytest.approx([0.6, 0.6], abs=1e-6)
    assert bar.get_x() < 0.6 < bar.get_x() + bar.get_width() < 0.65
    # Half in phase, half against: the bar reaches over the whole scale.
    x = np.stack([noise(4.0), noise(4.0)])
    x[1, : 2 * RATE] *= -1
    bar = plots.correlation_meter(clip(x)).containers[0][0]
    assert (bar.get_x(), bar.get_width()) == pytest.approx((-1, 2), abs=1e-6)


def test_one_silent_channel_has_no_correlation_but_a_width():
    x = panned(noise(1.0), -45)
    x[1] = 0
    assert "one channel is silent" in texts(plots.goniometer(clip(x)))
    assert plots.width_over_time(clip(x)).lines[1].get_ydata() == pytest.approx(0.5, abs=1e-4)


def test_width_by_band_and_time():
    low, middle = tone(4.0, 100, 0.2), tone(4.0, 1000, 0.2)
    sign = np.where(np.arange(4 * RATE) < 2 * RATE, 1, -1)
    ax = plots.width_over_time(clip(np.stack([low + middle, low + sign * middle])))
    first, second, third = (line.get_ydata() for line in ax.lines)
    times = ax.lines[0].get_xdata()
    assert first == pytest.approx(0, abs=1e-3)
    assert second[times < 1.7] == pytest.approx(0, abs=1e-3) and second[times > 2.3] == pytest.approx(1, abs=1e-3)
    away = np.abs(times - 2) > 0.3
    assert np.isnan(third[away]).all(), "nothing sounds above 2500 Hz"
    assert times[0] == pytest.approx(0.2, abs=0.02) and times[-1] == pytest.approx(3.8, abs=0.03)


def test_widths_of_steady_noise_are_the_metrics():
    x = correlated(0.4, 4.0)
    lines = plots.width_over_time(clip(x)).lines
    for line, metric in zip(lines, (widths.width_low, widths.width_mid, widths.width_high), strict=True):
        assert np.nanmean(line.get_ydata()) == pytest.approx(metric(x, RATE), abs=0.02)


@pytest.mark.parametrize("degrees", [-45, -20, 0, 30, 45])
def test_the_panning_map_shows_where_a_source_is(degrees):
    ax = plots.panning_map(clip(panned(tone(1.0, 1000), degrees)))
    mesh = ax.collections[0]
    loud = np.asarray(mesh.get_alpha()) > 0.7
    assert loud.any() and np.asarray(mesh.get_array())[loud] == pytest.approx(degrees, abs=0.5)
    # Only about 1 kHz sounds: the rest is white.
    assert loud.sum() < 0.2 * loud.size and np.asarray(mesh.get_alpha()).min() == 0


def test_a_map_covers_the_clip_and_its_frequencies(music):
    for ax in (plots.panning_map(music), *plots.mid_side(music)):
        mesh = ax.collections[0]
        places = mesh.get_coordinates()
        assert places[0, 0, 0] == pytest.approx(0.032 / 2, abs=0.002)
        assert places[0, -1, 0] == pytest.approx(music.duration, abs=0.06)
        assert 25 < places[0, 0, 1] < 45 and places[-1, 0, 1] == pytest.approx(RATE / 2, rel=0.01)
        assert ax.get_yscale() == "log" and ax.get_xlim() == (0, music.duration)


def test_long_clips_have_no_more_cells_than_can_be_shown():
    mesh = plots.panning_map(clip(np.tile(correlated(0.5, 1.0), 90))).collections[0]
    assert mesh.get_array().shape[1] <= 400


def test_mid_and_side_in_one_scale():
    mid, side = tone(1.0, 500), 0.1 * tone(1.0, 2000)
    upper, lower = plots.mid_side(clip(np.stack([mid + side, mid - side])))
    levels = [np.asarray(ax.collections[0].get_array()) for ax in (upper, lower)]
    frequencies = np.asarray(upper.collections[0].get_coordinates())[:-1, 0, 1]
    peaks = [level.max(axis=1).argmax() for level in levels]
    assert np.asarray(frequencies)[peaks] == pytest.approx([500, 2000], rel=0.06)
    # Side is 20 dB under mid; its cell holds more bins, over which the power is a mean.
    assert levels[0].max() == 0 and -27 < levels[1].max() < -19
    assert upper.collections[0].get_clim() == lower.collections[0].get_clim() == (-70, 0)


def test_coherence_by_band():
    # Alike below 1 kHz, independent above.
    spectrum = np.fft.rfft(np.stack([noise(10.0, 1), noise(10.0, 2)]))
    low = np.fft.rfftfreq(10 * RATE, 1 / RATE) < 1000
    spectrum[1, low] = spectrum[0, low]
    audio = clip(np.fft.irfft(spectrum))
    ax = plots.coherence(audio)
    line = ax.lines[1]
    centres, values = line.get_xdata(), line.get_ydata()
    assert values[centres < 800] == pytest.approx(1, abs=1e-3)
    assert values[centres > 1200] == pytest.approx(0, abs=0.05)
    assert ax.lines[0].get_ydata()[0] == pytest.approx(mg.metrics.spatial.coherence(audio.samples, RATE), abs=1e-12)
    bands = stereo.profile(audio.samples, RATE).bands
    assert centres == pytest.approx(bands.centres[bands.compared > 0])


def test_failures_stand_where_they_were_found():
    x = 0.3 * np.stack([noise(4.0, 1), noise(4.0, 2)])
    x[:, 2 * RATE : 3 * RATE // 2 * 2] = 0
    x[1, RATE:] = 0
    found = failures(x, RATE)
    ax = plots.failure_timeline(found)
    flagged = found[found["flagged"]]
    assert len(flagged) and len(ax.patches) == len(flagged)
    names = [label.get_text().lower().replace(" ", "_") for label in ax.get_yticklabels()]
    for bar, (_, row) in zip(ax.patches, flagged.iterrows(), strict=True):
        assert (bar.get_x(), bar.get_width()) == pytest.approx((row["start_s"], row["end_s"] - row["start_s"]))
        assert names[round(bar.get_y() + bar.get_height() / 2)] == row["kind"]
    assert ax.get_title("left").startswith(
        f"{flagged['kind'].nunique()} of {len(mg.metrics.DETECTORS)} kinds of failure found"
    )
    assert_legible(ax)


def test_nothing_found_is_said_calmly(music):
    ax = plots.failure_timeline(failures(music.samples, RATE).assign(flagged=False))
    assert not ax.patches and texts(ax).startswith("nothing found") and ax.get_xlim()[1] == pytest.approx(4, abs=0.2)
    assert "no samples" in texts(plots.failure_timeline(failures(np.zeros((2, 0)), RATE)))


def test_a_timeline_is_of_one_clip(music):
    found = failures(music.samples, RATE)
    with pytest.raises(mg.MetricError, match=r"no column 'start_s'.*failures\(audio"):
        plots.failure_timeline(found.drop(columns="start_s"))
    with pytest.raises(mg.MetricError, match="must have one clip, got 2"):
        plots.failure_timeline(pd.concat([found.assign(key="a"), found.assign(key="b")]))


def tokens(frames=100, **predictions):
    codes = np.random.default_rng(0).integers(0, 9, (8, frames))
    codes[1] = codes[0]
    return curves(Tokens(codes, predictions))


def test_token_curves_are_in_seconds():
    entropy = np.random.default_rng(1).uniform(0, 2, (8, 100))
    entropy[:, :30] = np.nan
    known = tokens(entropy=entropy)
    known["repeated"][40:60] = 1
    upper, lower = plots.token_curves(known)
    raw, mean = upper.lines
    assert raw.get_xdata()[[0, -1]] == pytest.approx([0.01, 1.99])
    assert raw.get_ydata() == pytest.approx(known["entropy"], nan_ok=True)
    assert np.isnan(mean.get_ydata()[:30]).all()
    # Half a second around 1.5 s are 25 frames; at the end as many as there are.
    assert mean.get_ydata()[75] == pytest.approx(known["entropy"][63:88].mean())
    assert mean.get_ydata()[99] == pytest.approx(known["entropy"][87:].mean())
    assert lower.lines[0].get_ydata() == pytest.approx(known["agreement"]) and upper.get_xlim() == (0, 2)
    for ax in (upper, lower):
        assert ax.patches[0].get_x() == pytest.approx(0.8) and ax.patches[0].get_width() == pytest.approx(0.4)
    assert_legible((upper, lower))


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_few_frames_of_tokens(frames):
    pair = plots.token_curves(tokens(frames, entropy=np.ones((8, frames))))
    pair[0].figure.canvas.draw()
    assert ("no codes" in texts(pair)) == (frames == 0)


def test_token_curves_that_are_missing():
    assert "saved no predictions" in texts(plots.token_curves(tokens()))
    assert "codes were given" in texts(plots.token_curves(tokens(entropy=np.full((8, 100), np.nan))))
    mono = curves(Tokens(np.zeros((4, 50), int), {"entropy": np.ones((4, 50))}, channels=1))
    assert "model is mono" in texts(plots.token_curves(mono))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (({"width": np.ones(3)},), "must have entropy, agreement or repeated, got width"),
        (({"entropy": np.ones(3), "agreement": np.ones(4)},), "entropy 3, agreement 4"),
        (({"entropy": np.ones(3)}, None, 0), "frame_rate must be a positive number"),
        (({"entropy": np.ones(3)}, []), "two Axes, got 0"),
    ],
)
def test_wrong_curves(given, reason):
    with pytest.raises(mg.MetricError, match=reason):
        plots.token_curves(*given)
