"""What is drawn is what the table says."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotted import assert_legible
from signals import RATE, correlated, panned, tone

import mgeval as mg
from mgeval import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def summary():
    rows = [
        {"guidance": g, "spatial": s, "prompt_id": p, "width": 0.1 * g + 0.05 * p, "loudness": -20.0}
        for g in (6, 1, 3)
        for s in ("wide", "mono")
        for p in range(4)
    ]
    return mg.summarise(pd.DataFrame(rows), ["guidance", "spatial"])


def drawn(ax):
    """Each line's places and means."""
    return [container.lines[0].get_xydata() for container in ax.containers]


def test_a_numeric_axis_is_drawn_in_its_order(summary):
    ax = plots.response(summary[summary["spatial"] == "wide"].drop(columns="spatial"), "guidance", "width")
    (line,) = drawn(ax)
    assert line[:, 0].tolist() == [1, 3, 6]
    assert line[:, 1] == pytest.approx([0.175, 0.375, 0.675])
    assert ax.get_ylabel() == "Stereo width" and ax.get_xlabel() == "Guidance"
    assert "95 % interval, 4 prompts" in ax.get_title("left")


def test_a_second_factor_tells_lines_apart(summary):
    ax = plots.response(summary, "guidance", "loudness")
    assert len(drawn(ax)) == 2 and ax.get_ylabel() == "Integrated loudness (LUFS)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["wide", "mono"]


def test_texts_stand_side_by_side(summary):
    ax = plots.response(summary, "spatial", "width")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["wide", "mono"]
    places = np.concatenate([line[:, 0] for line in drawn(ax)])
    assert len(set(places.round(6))) == 6


def test_intervals_are_drawn(summary):
    part = summary[summary["spatial"] == "wide"].drop(columns="spatial")
    ax = plots.response(part, "guidance", "width")
    bars = ax.containers[0].lines[2][0].get_segments()
    rows = part[part["metric"] == "width"].sort_values("guidance")
    assert [bar[0][1] for bar in bars] == pytest.approx(rows["lo"].tolist())
    assert [bar[1][1] for bar in bars] == pytest.approx(rows["hi"].tolist())


def test_an_axes_can_be_given(summary):
    _, ax = plt.subplots()
    assert plots.response(summary, "guidance", "width", ax) is ax
    assert plots.vectorscope(mg.Audio(correlated(0, 0.1), RATE), ax) is ax


@pytest.mark.parametrize(
    ("x", "metric", "reason"),
    [("guidence", "width", "did you mean 'guidance'"), ("guidance", "widht", "did you mean 'width'")],
)
def test_wrong_names(summary, x, metric, reason):
    with pytest.raises(mg.MetricError, match=reason):
        plots.response(summary, x, metric)


def test_too_many_factors(summary):
    with pytest.raises(mg.MetricError, match="grouped by spatial, more besides guidance"):
        plots.response(summary.assign(more=1), "guidance", "width")


def scope(x):
    """The places that are marked: rows of (side, mid) in -1..1."""
    ax = plots.vectorscope(mg.Audio(x, RATE))
    image = ax.images[0].get_array()
    rows, columns = np.nonzero(~np.ma.getmaskarray(image))
    return np.stack([columns, rows], axis=1) / (image.shape[0] - 1) * 2 - 1, ax


def test_mono_stands_upright_and_antiphase_lies_flat():
    places, _ = scope(np.stack([tone(0.1), tone(0.1)]))
    assert np.abs(places[:, 0]).max() < 0.02 and places[:, 1].max() > 0.95
    places, _ = scope(np.stack([tone(0.1), -tone(0.1)]))
    assert np.abs(places[:, 1]).max() < 0.02


def test_left_leans_left():
    places, ax = scope(panned(tone(0.1), -45))
    # Along the line from lower right to upper left.
    assert np.abs(places.sum(axis=1)).max() < 0.03 and places[:, 0].min() < -0.95
    assert "one channel is silent" in ax.get_title()
    places, _ = scope(panned(tone(0.1), 45))
    assert np.abs(places[:, 0] - places[:, 1]).max() < 0.03


def test_a_vectorscope_of_anything_that_can_be_a_clip():
    assert plots.vectorscope(mg.Audio(tone(0.1), RATE)).get_title() == "mono clip"
    assert "silent" in plots.vectorscope(mg.Audio(np.zeros((2, 10)), RATE)).get_title()
    assert plots.vectorscope(mg.Audio(correlated(0.5, 3.0), RATE)).get_title() == "correlation 0.50"
    assert plots.vectorscope(mg.Audio(np.ones((2, 1)), RATE)).get_title() == "the clip is a single sample"


def test_levels_are_drawn_as_text_whatever_they_are(tmp_path):
    levels = [r"$\frac{$", "costs $5 or $6", None, "", "x" * 300, "_hidden", "two\nlines"]
    rows = [{"kind": level, "who": "_me", "prompt_id": p, "width": p / 10} for level in levels for p in range(3)]
    ax = plots.response(mg.summarise(pd.DataFrame(rows), ["kind", "who"]), "kind", "width")
    ax.figure.savefig(tmp_path / "a.png")
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names[1] == r"costs \$5 or \$6" and names[2:4] == ["(none)", "(empty)"]
    assert max(map(len, names)) <= 30 and names[5] == " hidden" and names[6] == "two lines"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [" me"]


def test_nothing_to_draw_is_drawn():
    rows = pd.DataFrame([{"kind": k, "prompt_id": 0, "width": np.nan} for k in "ab"])
    assert len(plots.response(mg.summarise(rows, "kind"), "kind", "width").get_xticks()) == 2


def test_the_scale_of_a_vectorscope_is_the_clips_own_even_for_one_click():
    x = np.stack([tone(10.0, level=0.1)] * 2)
    x[:, 1] = 0.9
    places, _ = scope(x)
    assert places[:, 1].max() > 0.98 and np.sort(places[:, 1])[-2] < 0.2


def test_a_steady_tone_fills_its_ellipse_at_any_length():
    for seconds in (1.0, 10.0):
        places, _ = scope(np.stack([tone(seconds, 500), tone(seconds, 500, phase=1.0)]))
        assert len(places) >= 64


SIZES = ("facebook/musicgen-stereo-small", "facebook/musicgen-stereo-medium")


def test_models_whose_names_begin_alike_stay_apart():
    """Cut to what fits, both names are the same; they are two levels, and two lines, all the same."""
    rows = [
        {"model": model, "guidance": g, "prompt_id": p, "width": 0.2 + 0.4 * size + 0.01 * p}
        for size, model in enumerate(SIZES)
        for g in (1, 3)
        for p in range(4)
    ]
    ax = plots.response(mg.summarise(pd.DataFrame(rows), "model"), "model", "width")
    (points,) = drawn(ax)
    assert points[:, 0].tolist() == [0, 1] and points[:, 1] == pytest.approx([0.215, 0.615])
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert len(set(names)) == 2 and names[1].endswith("-medium")
    ax = plots.response(mg.summarise(pd.DataFrame(rows), ["guidance", "model"]), "guidance", "width")
    assert [line[:, 0].tolist() for line in drawn(ax)] == [[1, 3], [1, 3]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names


def test_the_odds_of_models_whose_names_begin_alike_are_told_apart():
    ratio = {"kind": "drone", "factor": "model", "odds_ratio": 2.0, "lo": 1.2, "hi": 3.0, "reason": ""}
    counts = {"n_failed": 3, "n_clips": 9, "n_prompts": 3}
    ax = plots.forest(pd.DataFrame([{**ratio, **counts, "level": SIZES[1], "reference": SIZES[0]}]), "drone")
    (name,) = (label.get_text() for label in ax.get_yticklabels())
    level, reference = name.split("\nvs ")
    assert level.endswith("-medium") and reference.endswith("-small")
    assert_legible(ax)


def test_a_response_of_what_is_defined_nowhere_says_so(summary):
    nothing = summary.assign(mean=np.nan, lo=np.nan, hi=np.nan, n_clips=0, n_prompts=0)
    ax = plots.response(nothing, "guidance", "width")
    assert [text.get_text() for text in ax.texts] == ["the metric is defined for none of the clips"]
    assert ax.get_yticks().size == 0


def test_names_of_levels_do_not_run_into_each_other(summary):
    """Also where all of them together are short, as one long name beside another is enough."""
    part = summary[(summary["spatial"] == "wide") & (summary["guidance"] == 3)].drop(columns="spatial")
    names = ["mono", "narrow", "wide", "left", "right", "ping-pong"]
    many = pd.concat([part.assign(guidance=name) for name in names]).rename(columns={"guidance": "spatial"})
    figure, axes = plt.subplots(1, 2, figsize=(5.2, 2), layout="constrained")
    for ax in axes:
        plots.response(many, "spatial", "width", ax)
    figure.draw_without_rendering()
    for ax in axes:
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        upright = ax.get_xticklabels()[0].get_rotation() == 0
        assert not upright or all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
    wide = plots.response(many, "spatial", "width", plt.subplots(figsize=(7, 2))[1])
    assert wide.get_xticklabels()[0].get_rotation() == 0
    plt.close("all")


def test_a_level_at_which_nothing_is_defined_says_so(summary):
    gone = (summary["metric"] == "width") & (summary["spatial"] == "mono")
    part = summary.assign(mean=summary["mean"].where(~gone))
    ax = plots.response(part, "spatial", "width")
    (text,) = [text for text in ax.texts if text.get_text() == "undefined"]
    assert ax.get_xticklabels()[round(text.get_position()[0])].get_text() == "mono"


def test_numbers_beside_a_gap_are_named_as_numbers(summary):
    part = summary[summary["spatial"] == "wide"].drop(columns="spatial")
    ax = plots.response(part.assign(guidance=part["guidance"].where(part["guidance"] > 1)), "guidance", "width")
    assert {label.get_text() for label in ax.get_xticklabels()} == {"3", "6", "(none)"}
