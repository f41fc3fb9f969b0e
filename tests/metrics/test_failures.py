"""Failures: known answers of each detector, invariances, music that must pass, and the defects of the reference."""

import functools
import sys
from pathlib import Path

import numpy as np
import pytest
from signals import RATE, noise, panned, tone

from mgeval import synth
from mgeval.errors import MetricError
from mgeval.metrics import evaluate, signal, stereo
from mgeval.metrics.failures import DETECTORS, Finding, failures, findings_of, texture
from mgeval.metrics.failures.findings import INAUDIBLE, block_power, clusters, runs
from mgeval.metrics.frames import BEYOND, SHORT

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import clean_clips
import defects

IMAGE = {"collapsed_stereo", "dead_channel", "antiphase", "imbalance"}


@pytest.fixture(scope="module")
def clips():
    """Compose four pieces: a band, drums, held chords and a sparse piano."""
    cases = {name: clean_clips.HARD_CASES[name] for name in ("dense wide", "drums, jazz", "hard split", "sparse piano")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clean_clips, "HARD_CASES", cases)
        return clean_clips.compose_clips(range(0))


def only(kind, x, rate=RATE, **options):
    (row,) = DETECTORS[kind](x, rate, **options)
    assert row.kind == kind
    return row


@functools.cache
def _piece():
    audio, _ = synth.compose(synth.Spec(genre="pop", image="narrow", density=0.6, duration=12), seed=3)
    return 0.8 * audio.samples.astype(np.float64)


def music(seconds=10.0):
    """Return music by a band, without failures."""
    return _piece()[:, : round(seconds * RATE)].copy()


def test_clean_music_has_no_failures():
    table = failures(music(), RATE)
    assert list(table.columns) == list(Finding._fields)
    assert list(table["kind"]) == list(DETECTORS) and not table["flagged"].any()
    assert table["score"].notna().all() and (table["reason"] == "").all()
    assert signal.failures is failures and signal.failure_count(music(), RATE) == 0


def test_silence_and_its_places():
    x = music()
    x[:, :RATE] = 0
    x[:, -2 * RATE :] = 0
    assert only("leading_silence", x) == Finding("leading_silence", 1.0, True, 0.0, 1.0)
    assert only("early_ending", x) == Finding("early_ending", 2.0, True, 8.0, 10.0)
    assert not only("silence", x).flagged
    tones = np.stack([tone(1.0, level=1e-3 * np.sqrt(2))] * 2)
    assert only("silence", tones).score == pytest.approx(-60, abs=0.01)
    assert only("silence", tones * 1.01).flagged is False and only("silence", tones * 0.99).flagged is True


def test_an_offset_does_not_count_as_sound():
    x = music(6.0)
    x[:, 3 * RATE :] = 0
    left = only("early_ending", x).score
    assert left > 2.5 and only("early_ending", x + 0.002).score == pytest.approx(left, abs=0.05)
    assert only("silence", np.full((2, RATE), 0.3)).flagged


def test_a_dropout_is_found_where_it_is():
    x = np.stack([tone(2.0), tone(2.0, 300)])
    x[1, 20000:21600] = 0
    row = only("dropout", x)
    assert (
        row.flagged and row.start_s == pytest.approx(0.625, abs=0.003) and row.end_s == pytest.approx(0.675, abs=0.003)
    )


def test_a_rest_between_notes_is_no_dropout():
    fall = np.exp(-np.arange(RATE) / (0.02 * RATE))
    assert not only("dropout", np.tile(tone(1.0) * fall, 3)[None]).flagged
    # Cut off abruptly, but the next note is 14 dB louder than the end of this one.
    cut = np.where(np.arange(RATE) < RATE // 2, np.exp(-np.arange(RATE) / (0.31 * RATE)), 0)
    assert not only("dropout", np.tile(tone(1.0) * cut, 3)[None]).flagged


@pytest.mark.parametrize(("hertz", "ms"), [(50, 10), (300, 4), (3000, 4)])
def test_a_quick_release_is_no_dropout_and_a_cut_is_one_wherever_it_falls(hertz, ms):
    x = tone(2.0, hertz)
    for start in range(20000, 20000 + RATE // 50, 37):
        cut = x.copy()
        cut[start : start + 1600] = 0
        assert only("dropout", cut[None]).flagged
    # A release by 60 dB, followed at once by the same note, as a simple synthesiser repeats it.
    released, length = x.copy(), RATE * ms // 1000
    released[20000:21600] = 0
    released[20000 - length : 20000] *= np.geomspace(1, 1e-3, length)
    assert not only("dropout", released[None]).flagged


def test_a_gap_with_hiss_in_it_is_a_dropout():
    x = tone(2.0)
    x[20000:21600] = noise(0.05, 5, 10 ** (-45 / 20) * x.std())
    assert only("dropout", x[None]).score == pytest.approx(45, abs=3)


def test_flat_tops_at_any_level():
    x = tone(1.0, 441)[None]
    for level in (1, 0.2):
        row = only("clipping", np.clip(2 * x, -0.7, 0.7) * level)
        assert row.score == pytest.approx(2 * 441, rel=0.01) and (row.start_s, row.end_s) == pytest.approx(
            (0, 1), abs=0.01
        )
    sixteen_bits = [np.round(tone(1.0, 100, level) * 32768)[None] / 32768 for level in (0.03, 0.01)]
    for clean in (x, tone(1.0, 30, 1.0)[None], noise(1.0)[None], *sixteen_bits):
        assert only("clipping", clean).score == 0


def test_overs_are_true_peaks():
    # Every sample is 3 dB below the peaks between samples.
    x = 1.2 * np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)[None] * np.hanning(RATE)
    assert np.abs(x).max() < 1
    row = only("overs", x)
    assert row.flagged and row.score == pytest.approx(signal.true_peak(x, RATE), abs=1e-6) and row.start_s > 0.3
    assert only("overs", 0.8 * x).score == pytest.approx(20 * np.log10(0.96), abs=0.03)


def test_offset():
    x = music() + np.array([[0.0], [-0.05]])
    assert only("dc_offset", x).score == pytest.approx(0.05, abs=1e-3) and only("dc_offset", x).flagged


def test_clicks_and_sounds_that_are_not():
    x = music()
    x[0, 100000] += 0.2
    x[:, 200000:] *= -1
    table = failures(x, RATE)
    found = table[table["flagged"]]
    assert set(found["kind"]) == {"clicks"} and np.allclose(found["start_s"], [100000 / RATE, 200000 / RATE], atol=1e-3)
    saw = 0.5 * (tone(2.0, 60, 1.0) > 0)[None] + noise(2.0, 3, 1e-3)
    drum = noise(2.0, 4, 0.3)[None] * np.exp(-(np.arange(2 * RATE) % 16000) / 2000)
    assert not only("clicks", saw).flagged and not only("clicks", drum).flagged


@pytest.mark.parametrize("db", [-20, 20])
def test_drift_is_the_change_in_db_and_a_fade_out_is_none(db):
    x = np.stack([noise(10.0, 1), noise(10.0, 2)])
    ramp = np.linspace(0, db, x.shape[1])
    assert only("level_drift", x * 10 ** (ramp / 20)).score == pytest.approx(20, abs=1)
    fade = np.clip((10 - np.arange(x.shape[1]) / RATE) / 3, 0, 1)
    assert only("level_drift", x * fade).score < 3


def test_noise_of_any_colour_and_music():
    white = noise(8.0)[None]
    for x in (white, np.cumsum(white, axis=1) - np.cumsum(white, axis=1).mean()):
        assert only("noise_collapse", x).score == pytest.approx(0.95, abs=0.08)
    half = np.concatenate([music(5.0), np.stack([noise(5.0, 1), noise(5.0, 2)])], axis=1)
    row = only("noise_collapse", half)
    assert row.flagged and row.start_s == pytest.approx(5, abs=0.6) and row.end_s == pytest.approx(10, abs=0.6)
    bursts = noise(8.0)[None] * np.exp(-(np.arange(8 * RATE) % 16000) / 3000)
    assert not only("noise_collapse", bursts).flagged


def test_noise_is_as_noisy_at_any_width_and_rounding_is_none():
    wide = np.stack([noise(6.0, 1), noise(6.0, 2)])
    chord = sum(tone(6.0, hertz, 0.02) for hertz in range(300, 8000, 250))
    for added in (0, chord):
        scores = [only("noise_collapse", sides + added).score for sides in (wide, wide[[0, 0]], wide[[0]], -wide)]
        assert scores == pytest.approx([scores[0]] * 4, abs=0.03)
    bass = tone(6.0, 55, 0.3)
    for x in (bass, np.round(bass * 32768) / 32768, tone(6.0, 55, 0.1) + tone(6.0, 110, 0.1)):
        assert only("noise_collapse", np.stack([x, x])).score == 0
    few = only("noise_collapse", np.stack([noise(6.0)] * 2), 1000)
    assert np.isnan(few.score) and "rate" in few.reason


def test_a_drone_is_as_long_as_it_is():
    chord = sum(tone(10.0, hertz, 0.1) for hertz in (220, 277, 330))
    assert only("drone", chord[None]).score == pytest.approx(10, abs=0.3)
    steps = np.concatenate([tone(3.0, hertz, 0.3) for hertz in (220, 330, 494)])
    row = only("drone", steps[None])
    assert not row.flagged and row.score == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("lag", [7001, 31999])
def test_a_loop_and_its_lag(lag):
    rng = np.random.default_rng(0)
    seed = np.cumsum(rng.standard_normal(lag)) * np.hanning(lag) * 1e-3
    x = np.concatenate([music(5.0)[0], np.tile(seed, -(-5 * RATE // lag))[: 5 * RATE]])[None]
    row = only("looping", x)
    # A loop also repeats after two and three of its lengths.
    stated = float(row.reason.split()[2])
    assert (
        row.flagged and row.score > 0.99 and stated * RATE / lag == pytest.approx(round(stated * RATE / lag), abs=0.01)
    )
    assert row.start_s == pytest.approx(5, abs=1) and row.end_s == pytest.approx(10, abs=1)


def test_a_loop_in_the_last_seconds():
    x = music(10.0)
    loop = x[:, 6 * RATE : 6 * RATE + 13000]
    x[:, 7 * RATE :] = np.tile(loop, 8)[:, : 3 * RATE]
    row = only("looping", x)
    assert row.flagged and (row.start_s, row.end_s) == (7, 10)


def test_autocorrelation_against_plain_sums():
    from mgeval.metrics.failures.loops import _autocorrelation, _autocorrelation_at

    x = np.random.default_rng(0).standard_normal((2, 400))
    lags = np.arange(20, 200)
    plain = [
        sum(np.corrcoef(np.r_[a[:-lag], -a[:-lag]], np.r_[a[lag:], -a[lag:]])[0, 1] for a in x[:1]) for lag in lags
    ]
    np.testing.assert_allclose(_autocorrelation(x[:1], lags), plain, atol=1e-9)
    both = [
        (x[:, :-lag] * x[:, lag:]).sum() / np.sqrt((x[:, :-lag] ** 2).sum() * (x[:, lag:] ** 2).sum()) for lag in lags
    ]
    np.testing.assert_allclose(_autocorrelation(x, lags), both, atol=1e-9)
    np.testing.assert_allclose([_autocorrelation_at(x, lag) for lag in lags], both, atol=1e-12)


def test_a_seam_is_its_jump_and_an_entry_is_none():
    x = music(12.0)
    jump = np.where(np.arange(x.shape[1]) < 6.4 * RATE, 1, 10 ** (10 / 20))
    row = only("seam", 0.3 * x * jump)
    assert row.flagged and row.start_s == pytest.approx(6.4, abs=0.15)
    assert only("seam", noise(12.0)[None] * jump).score == pytest.approx(10, abs=1)
    entry = x + np.where(jump > 1, 1, 0) * tone(12.0, 4000, 0.3)
    assert not only("seam", entry).flagged


def test_a_seam_joins_what_sounds():
    x = music(12.0)
    x[:, 5 * RATE :] = 0
    assert only("seam", x).score == 0 and only("seam", x[:, ::-1]).score == 0
    # A drop by 40 dB is still a seam.
    assert only("seam", np.concatenate([music(6.0), 0.01 * music(6.0)], axis=1)).flagged


def test_seams_against_plain_loops():
    x = music(10.0)
    x[:, 5 * RATE :] *= 0.5
    known = texture.spectrogram(x, RATE)
    windows, levels = known.bands(), []
    side, total = round(3 / known.step), windows.sum(axis=1).mean()
    audible = [band for band in range(windows.shape[1]) if windows[:, band].mean() > 1e-5 * total]

    def level(band, first, last):
        return 10 * np.log10(np.mean([max(windows[at, band], 1e-5 * total) for at in range(first, last)]))

    def restless(first):
        middle, last = first + side // 2, first + side
        halves = [level(band, last - side // 2, last) - level(band, first, middle) for band in audible]
        return abs(np.median(halves))

    for at in range(len(windows) - 2 * side):
        jumps = [level(b, at + side + 1, at + 2 * side + 1) - level(b, at, at + side) for b in audible]
        jump = max(np.percentile(jumps, 20), -np.percentile(jumps, 80))
        levels.append(jump - (restless(at) + restless(at + side + 1)) / 2)
    assert only("seam", x).score == pytest.approx(max(levels), abs=1e-4) and max(levels) > 1


def test_image():
    wide, single = music(), tone(10.0, level=0.3)
    assert only("collapsed_stereo", wide[:1] * np.ones((2, 1))).score == 1
    assert only("collapsed_stereo", wide).score == 0
    dead = wide.copy()
    dead[0, -3 * RATE :] = 0
    row = only("dead_channel", dead)
    assert row.flagged and (row.start_s, row.end_s) == pytest.approx((7, 10), abs=0.15)
    assert only("antiphase", wide * np.array([[1], [-1]])).score == 1 and only("antiphase", wide).score == 0
    assert only("imbalance", panned(single, -40)).score == pytest.approx(
        20 * np.log10(np.tan(np.radians(85))), abs=0.01
    )
    assert not only("imbalance", panned(single, 30)).flagged
    known = stereo.profile(dead, RATE)
    assert DETECTORS["dead_channel"](known, RATE) == DETECTORS["dead_channel"](dead, RATE)


@pytest.mark.parametrize("kind", DETECTORS)
def test_docstrings_and_thresholds(kind):
    detector = DETECTORS[kind]
    for part in ("Parameters", "threshold : float", "Returns"):
        assert part in detector.function.__doc__
    # Only the flags depend on the threshold.
    defect = next(defect for defect in defects.DEFECTS if defect.kind == kind)
    x = defect.inject(music(), RATE, defect.noticed, np.random.default_rng(0))
    rows = detector(x, RATE)
    assert rows and all(row.flagged for row in rows)
    best = max(row.score for row in rows)
    less = detector(x, RATE, threshold=best - 1e-3 if kind == "silence" else best + 1e-3)
    assert (
        len(less) == 1 and not less[0].flagged and (less[0].start_s, less[0].end_s) == pytest.approx((0, 10), abs=0.1)
    )


def test_invariances():
    x = 0.5 * music()
    x[:, 150000:151600] = 0
    x[0, 50000] += 0.2
    rows = findings_of(x, RATE)
    for same in (-x, x[::-1]):
        for row, other in zip(rows, findings_of(same, RATE), strict=True):
            assert other.kind == row.kind and other.flagged == row.flagged
            assert other.score == pytest.approx(row.score, rel=1e-4, abs=1e-4), row.kind
    # Digital silence is at -150 dBFS for any gain, so the depth of a gap depends on the gain.
    levels = {"silence", "overs", "dc_offset", "dropout"}
    for row, other in zip(rows, findings_of(0.5 * x, RATE), strict=True):
        assert row.kind in levels or other.score == pytest.approx(row.score, rel=1e-3, abs=1e-3), row.kind


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_other_rates_and_float32(rate):
    from scipy.signal import resample_poly

    x = np.clip(resample_poly(music(), rate // 100, RATE // 100, axis=1).astype(np.float32), -1, 1)
    assert not failures(x, rate)["flagged"].any()
    x[:, rate * 5 : rate * 5 + rate // 20] = 0
    found = failures(x, rate)
    assert "dropout" in set(found["kind"][found["flagged"]])


def test_degenerate_input():
    for x in (np.zeros((2, 0)), np.full((2, RATE), np.nan), np.full((1, RATE), np.inf), np.full((1, 1), 0.5)):
        table = failures(x, RATE)
        assert list(table["kind"]) == list(DETECTORS) and not table["flagged"].any()
        assert table["score"].isna().all() and (table["reason"] != "").all()
        assert np.isnan(evaluate(x, RATE, ["failure_count"])["failure_count"])
    silent = failures(np.zeros((2, 10 * RATE)), RATE)
    assert list(silent["kind"][silent["flagged"]]) == ["silence"]
    assert (silent["reason"] != "")[silent["score"].isna()].all()
    mono = failures(music()[:1], RATE).set_index("kind")
    assert not mono["flagged"].any() and set(mono.index[mono["score"].isna()]) == IMAGE
    short = failures(music(0.5), RATE)
    assert not short["flagged"].any() and (short["reason"] != "")[short["score"].isna()].all()
    # The clip is loud, so the reason must not be silence.
    assert set(failures(music(0.3), RATE)["reason"]) == {SHORT}
    half = failures(music() * np.array([[1], [0]]), RATE)
    assert set(half["kind"][half["flagged"]]) == {"dead_channel", "imbalance"}


def test_an_offset_is_neither_sound_nor_level():
    flat = failures(np.full((2, 10 * RATE), 0.3, np.float32), RATE)
    assert set(flat["kind"][flat["flagged"]]) == {"silence", "dc_offset", "collapsed_stereo"}
    assert set(flat["kind"][flat["reason"] == INAUDIBLE]) >= {"noise_collapse", "drone", "seam", "looping"}
    falling = noise(12.0, 2) * 10 ** np.linspace(0, -1, 12 * RATE)
    assert only("level_drift", falling + 0.1).score == pytest.approx(only("level_drift", falling).score, rel=1e-3)
    stopping = music(12.0) * (np.arange(12 * RATE) < 6 * RATE)
    assert not only("seam", stopping).flagged and not only("seam", stopping + 0.05).flagged


def test_samples_far_beyond_full_scale():
    x = 1e18 * music(4.0).astype(np.float32)
    table = failures(x, RATE)
    undefined = table["score"].isna()
    assert not table["flagged"][undefined].any() and set(table["reason"][undefined]) == {BEYOND}
    assert undefined.sum() >= len(DETECTORS) - len(IMAGE)
    assert evaluate(x, RATE, ["musical_key"])["musical_key"].reason == BEYOND


def test_half_precision():
    x = music(4.0)
    assert evaluate(x.astype(np.float16), RATE, ["failure_count", "width"]) == pytest.approx(
        evaluate(x, RATE, ["failure_count", "width"]), rel=1e-3
    )


def test_errors_name_the_nearest():
    with pytest.raises(MetricError, match="did you mean 'clicks'"):
        failures(music(1.0), RATE, click=3)
    with pytest.raises(MetricError, match="channels, time"):
        failures(np.zeros((3, 3, 3)), RATE)
    with pytest.raises(MetricError, match="positive number of Hz"):
        failures(music(1.0), 0)
    for detector in DETECTORS.values():
        with pytest.raises(MetricError, match="positive number of Hz"):
            detector(music(1.0), 0)


def test_helpers():
    assert runs(np.array([1, 1, 0, 1], bool)).tolist() == [[0, 2], [3, 4]] and len(runs(np.zeros(3, bool))) == 0
    assert [c.tolist() for c in clusters(np.array([1, 2, 5]), 1)] == [[1, 2], [5]] and clusters(np.array([]), 1) == []
    assert block_power(np.array([[1.0, 1, 2, 2, 9]]), 2).tolist() == [[1, 4]]


@pytest.mark.parametrize("defect", defects.DEFECTS, ids=lambda defect: defect.kind)
def test_defects_are_found_and_clean_clips_pass(defect, clips):
    # docs/failures.md has the full counts; four clips show that the table matches this code.
    false, total = defects.alarms(defect, clips)
    assert not false and total
    if defect.kind == "level_drift":
        # Sparse music has no continuous level, as the docstring says.
        clips = [clip for clip in clips if clip.name != "sparse piano"]
    hits, spoilt = defects.recall(defect, defect.strengths[-1], clips)
    assert hits == spoilt > 0
    hits, spoilt = defects.recall(defect, defect.strengths[0], clips)
    assert hits == 0 or defect.kind in ("clipping", "clicks", "noise_collapse")


def test_the_page_is_of_these_detectors_and_defects():
    page = defects.PAGE.read_text(encoding="utf-8")
    assert sorted(defect.kind for defect in defects.DEFECTS) == sorted(DETECTORS)
    for defect in defects.DEFECTS:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{defect.kind}` |")]
        assert defect.what in line and f"**{defect.noticed:g}: " in line
