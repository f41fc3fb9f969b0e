"""Plots of tables: grids of cells, and what a response is held against."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotted import assert_legible

import mgeval as mg
from mgeval import plots

LONG = "a slow and very sad piano melody over warm strings with a harp"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def scores(prompts=("a", "b", "c"), settings=(6, 1, 3), **more):
    rows = [
        {"prompt": p, "prompt_id": i, "guidance": g, "seed": s, "width": 0.1 * i + 0.05 * g + 0.01 * s}
        for i, p in enumerate(prompts)
        for g in settings
        for s in range(2)
    ]
    return pd.DataFrame(rows).assign(**more)


def cells(ax):
    """The grid that is drawn, first row on top, NaN where there is a gap."""
    return np.ma.filled(ax.collections[0].get_array(), np.nan)


def test_a_heatmap_holds_the_means():
    table = scores()
    ax = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width")
    expected = table.pivot_table(index="prompt", columns="guidance", values="width", aggfunc="mean").to_numpy()
    assert cells(ax) == pytest.approx(expected)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "6"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    # The first row is on top.
    assert ax.get_ylim() == (2.5, -0.5)
    assert [text.get_text() for text in ax.texts[:3]] == [f"{value:.2f}" for value in expected[0]]
    assert_legible(ax)


def test_cells_say_how_sure_they_are():
    table = scores()
    ax = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width")
    # One prompt has no interval over prompts.
    assert [text.get_text() for text in ax.texts[9:]] == ["n 2"] * 9
    summary = mg.summarise(table.assign(genre="pop"), ["genre", "guidance"])
    ax = plots.heatmap(summary, "guidance", "width", prompt="genre")
    rows = summary[summary["metric"] == "width"].sort_values("guidance")
    halves = [f"\N{PLUS-MINUS SIGN}{half:.2f}" for half in (rows["hi"] - rows["lo"]) / 2]
    assert [text.get_text() for text in ax.texts[3:]] == halves and halves[0] != "\N{PLUS-MINUS SIGN}0.00"
    assert_legible(ax)
    ax = plots.failure_atlas(found(), "guidance")
    # The third clip is too short for a seam.
    assert [text.get_text() for text in ax.texts[4:]] == ["n 3", "n 2", "n 2", "n 2"]


def test_gaps_are_hatched():
    table = scores()
    table = table[~((table["prompt"] == "b") & (table["guidance"] == 3))]
    table.loc[(table["prompt"] == "c") & (table["guidance"] == 6), "width"] = np.nan
    ax = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width")
    gaps = {(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches if patch.get_hatch()}
    assert gaps == {(1, 1), (2, 2)} == set(zip(*map(list, np.nonzero(np.isnan(cells(ax)))), strict=True))
    assert ax.get_title("left") == "hatched: no value"
    nothing = mg.summarise(table.assign(width=np.nan), ["prompt", "guidance"])
    assert "defined for none" in plots.heatmap(nothing, "guidance", "width").texts[0].get_text()


def test_long_prompts_stay_apart_and_inert(tmp_path):
    prompts = [f"{LONG} {end}" for end in ("and drums", r"for $5 or $\frac{$")] + ["_hidden $x$", None]
    ax = plots.heatmap(mg.summarise(scores(prompts), ["prompt", "guidance"]), "guidance", "width")
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "a slow and v...rp and drums" and names[2:] == [r" hidden \$x\$", "(none)"]
    assert len(set(names)) == 4 and names[1].startswith("a slow and v...")
    assert_legible(ax)
    ax.figure.savefig(tmp_path / "a.png")


def test_many_prompts_and_settings():
    table = scores([f"{LONG} {i}" for i in range(30)], range(1, 11))
    assert_legible(plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width"))
    table = scores([f"{LONG} {i}" for i in range(100)])
    ax = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width")
    assert ax.get_ylabel() == "100 prompts" and not ax.texts and ax.figure.get_size_inches()[1] <= 8


def test_signed_metrics_are_coloured_around_0():
    table = scores().rename(columns={"width": "correlation"})
    mesh = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "correlation").collections[0]
    low, high = mesh.get_clim()
    assert low == -high and high == pytest.approx(np.nanmax(mesh.get_array()))


def test_a_heatmap_leaves_controls_out():
    table = pd.concat([scores(control=None), scores(control="noise", width=9.0)])
    ax = plots.heatmap(mg.summarise(table, ["prompt", "guidance"]), "guidance", "width")
    assert np.nanmax(cells(ax)) < 1


@pytest.mark.parametrize(
    ("by", "metric", "reason"),
    [
        ("guidance", "width", r"no column 'prompt'.*summarise\(scores, by=\['prompt', 'guidance'\]\)"),
        (["prompt", "guidance"], "widht", "did you mean 'width'"),
        (["prompt", "guidance", "seed"], "width", "also grouped by seed"),
    ],
)
def test_wrong_summaries(by, metric, reason):
    with pytest.raises(mg.MetricError, match=reason):
        plots.heatmap(mg.summarise(scores(), by), "guidance", metric)


def found():
    rows = []
    for key, guidance in enumerate([1, 1, 1, 3, 3]):
        for kind in ("silence", "clicks", "seam"):
            # Two findings in a clip count once; the third clip is too short for a seam.
            count = 2 if (kind, key) in {("clicks", 0), ("seam", 3)} else 1
            unjudged = kind == "seam" and key == 2
            flagged = not unjudged and (kind, key) in {("clicks", 0), ("clicks", 4), ("seam", 0), ("seam", 3)}
            score = np.nan if unjudged else 1.0
            rows += [{"key": key, "guidance": guidance, "kind": kind, "flagged": flagged, "score": score}] * count
    return pd.DataFrame(rows)


def test_an_atlas_holds_the_shares_of_the_clips_that_could_be_judged():
    ax = plots.failure_atlas(found(), "guidance")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Clicks", "Seam"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3"]
    assert cells(ax) == pytest.approx(np.array([[100 / 3, 50], [50, 50]]))
    assert ax.get_title("left") == "5 clips; kinds found in none: 1"
    assert_legible(ax)


def test_an_atlas_by_a_column_with_gaps_of_pandas_own():
    rows = [(key, "clicks", True, 1.0) for key in "abcd"]
    found = pd.DataFrame(rows, columns=["key", "kind", "flagged", "score"])
    ax = plots.failure_atlas(found.assign(take=pd.array([1, None, 1, 2], dtype="Int64")), "take")
    assert sorted(label.get_text() for label in ax.get_xticklabels()) == ["(none)", "1", "2"]


def test_an_atlas_of_nothing_found():
    calm = found().assign(flagged=False)
    assert plots.failure_atlas(calm, "guidance").texts[0].get_text() == "no failure found in 5 clips"
    unjudged = calm.assign(score=np.nan)
    assert plots.failure_atlas(unjudged, "guidance").texts[0].get_text() == "no clip could be judged"
    with pytest.raises(mg.MetricError, match="no column 'key'"):
        plots.failure_atlas(found().drop(columns="key"), "guidance")


def held(**kinds):
    """Scores at three settings with controls: each kind's widths by setting."""
    rows = [scores(control=None)]
    for kind, widths in kinds.items():
        part = scores(control=kind.replace("_", " "))
        rows.append(part.assign(width=part["guidance"].map(dict(zip((1, 3, 6), widths, strict=True)))))
    return pd.concat(rows)


def test_controls_are_named_lines():
    ax = plots.response(mg.summarise(held(noise=[0.5, 0.5, 0.5], dual_mono=[0, 0, 0]), "guidance"), "guidance", "width")
    assert len(ax.containers) == 1, "controls are no points"
    assert len(ax.containers[0].lines[0].get_xdata()) == 3
    lines = {text.get_text(): text.xy[1] for text in ax.texts}
    assert lines == pytest.approx({"dual mono": 0, "noise": 0.5})
    drawn = [line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "--"]
    assert drawn == pytest.approx([0.5, 0])
    assert ax.get_title("left") == "mean and 95 % interval, 3 prompts each"
    assert_legible(ax)


def test_a_controls_band_covers_its_intervals():
    table = held(noise=[0.4, 0.5, 0.6])
    noise = table["control"] == "noise"
    table.loc[noise, "width"] += 0.02 * table.loc[noise, "prompt_id"]
    summary = mg.summarise(table, "guidance")
    rows = summary[(summary["control"] == "noise") & (summary["metric"] == "width")]
    ax = plots.response(summary, "guidance", "width")
    (band,) = [patch for patch in ax.patches if patch.get_alpha()]
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((rows["lo"].min(), rows["hi"].max()))
    assert ax.texts[0].xy[1] == pytest.approx(0.52)


def test_controls_beside_a_second_factor_and_names_that_crowd(tmp_path):
    kinds = {"noise": [0.5] * 3, "silence": [np.nan] * 3, "$a$": [0.501] * 3, "reference": [0.502] * 3}
    table = held(**kinds)
    table["claim"] = np.where(table["prompt"] == "a", "hard left and _far_ away", "wide")
    ax = plots.response(mg.summarise(table, ["guidance", "claim"]), "guidance", "width")
    names = [text.get_text() for text in ax.texts]
    assert sorted(names) == [r"\$a\$", "noise", "reference"], "silence has no width"
    assert len(ax.containers) == 2
    assert_legible(ax)
    ax.figure.savefig(tmp_path / "a.png")


def test_controls_of_what_wraps_round():
    table = pd.concat([scores(control=None), scores(control="reference")]).rename(columns={"width": "image_angle"})
    reference = table["control"] == "reference"
    table.loc[reference, "image_angle"] = np.where(table.loc[reference, "guidance"] == 1, -89.0, 89.0)
    ax = plots.response(mg.summarise(table, "guidance"), "guidance", "image_angle")
    assert abs(ax.texts[0].xy[1]) == pytest.approx(89.67, abs=0.01)


def test_controls_alone_are_no_response():
    table = mg.summarise(held(noise=[0.5] * 3), "guidance")
    with pytest.raises(mg.MetricError, match="has only controls"):
        plots.response(table[table["control"].notna()], "guidance", "width")
    assert len(plots.response(mg.summarise(held(noise=[0.5] * 3), "control"), "control", "width").get_xticks()) == 2


def test_a_legend_covers_no_data():
    table = scores([f"{LONG} {i}" for i in range(4)])
    assert_legible(plots.response(mg.summarise(table, ["guidance", "prompt"]), "guidance", "width"))


def adherence_table(**more):
    rows = [("left", 1.0, 0.3, 1.0, 0.1), ("no drums", 0.5, 0.2, 0.8, 0.3), ("tempo", np.nan, np.nan, np.nan, 0.05)]
    return pd.DataFrame(rows, columns=["claim", "met", "lo", "hi", "chance"]).assign(**more)


def test_adherence_is_drawn_beside_chance():
    ax = plots.adherence(adherence_table())
    (points,) = [container for container in ax.containers if hasattr(container, "has_xerr")]
    assert points[0].get_xdata()[:2] == pytest.approx([100, 50]) and points[0].get_ydata().tolist() == [0, 1, 2]
    chances = ax.collections[-1].get_segments()
    assert [segment[0][0] for segment in chances] == pytest.approx([10, 30, 5])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["left", "no drums", "tempo"]
    assert_legible(ax)


def test_groups_of_adherence_stand_under_each_other():
    table = pd.concat([adherence_table(guidance=1.0), adherence_table(guidance=3.0)])
    ax = plots.adherence(table, by="guidance")
    places = [container[0].get_ydata()[0] for container in ax.containers]
    assert places[0] < 0 < places[1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1", "3"]
    assert_legible(ax)


def test_groups_of_adherence_may_lack_a_value_or_have_names_that_begin_alike():
    groups = ("facebook/musicgen-stereo-small", "facebook/musicgen-stereo-medium", None)
    ax = plots.adherence(pd.concat([adherence_table(model=model) for model in groups]), by="model")
    assert [len(container.lines[0].get_xdata()) for container in ax.containers] == [len(adherence_table())] * 3
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(set(names)) == 3 and names[2] == "(none)"


def test_adherence_that_nothing_is_known_of_says_so():
    ax = plots.adherence(adherence_table().assign(met=np.nan, lo=np.nan, hi=np.nan))
    assert "no clip could be judged" in [text.get_text() for text in ax.texts]
    with pytest.raises(mg.MetricError, match="adherence"):
        plots.adherence(pd.DataFrame({"claim": ["left"]}))
