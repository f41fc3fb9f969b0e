"""The table that goes to a page, what is chosen there, and which clips are alike."""

import json
import threading

import numpy as np
import pandas as pd
import pytest
from panels.asking import Page

import mgeval as mg
from mgeval.panels import Scatter, explore
from mgeval.panels.explorer import nearest_rows, standardise
from mgeval.panels.tables import PlotTable, encode_table

TABLE = pd.DataFrame(
    {
        "key": ["a", "b", "c", "d"],
        "prompt": ["one", "<i>two</i>", "one", ""],
        "guidance": [1, 3, 3, 1],
        "width": [0.1, np.nan, 0.4, 0.9],
        "loudness": [-14.0, -9.0, -20.0, -70.0],
        "musical_key": [0.0, 21.0, np.nan, 0.0],
        "dual_mono": [1.0, 0.0, 0.0, np.nan],
        "reason": ["", "silent", "", ""],
        "control": [None, None, None, "silence"],
    }
)


@pytest.fixture
def store(tmp_path):
    return mg.Store(tmp_path)


def column(header, buffers, name):
    place = [one["name"] for one in header["columns"]].index(name)
    return header["columns"][place], buffers[place]


def test_a_table_goes_as_json_and_float32():
    header, buffers = encode_table(TABLE)
    json.dumps(header, allow_nan=False)
    assert header["keys"] == ["a", "b", "c"] and all(buffer.dtype == np.float32 for buffer in buffers)
    assert len(buffers) == len(header["columns"]) + 1
    described, values = column(header, buffers, "width")
    assert described["label"] == "Stereo width" and described["metric"] and "levels" not in described
    assert np.array_equal(values, np.float32([0.1, np.nan, 0.4]), equal_nan=True)
    assert column(header, buffers, "loudness")[0]["unit"] == "LUFS"
    keys, codes = column(header, buffers, "musical_key")
    assert keys["levels"] == ["C major", "A minor"]
    assert np.array_equal(codes, np.float32([0, 1, np.nan]), equal_nan=True)
    assert header["prompts"] == ["one", "<i>two</i>"] and list(buffers[-1]) == [0, 1, 0]
    assert "key" not in [one["name"] for one in header["columns"]]


def test_controls_are_lines_and_no_rows():
    header, _ = encode_table(TABLE)
    assert header["references"] == [{"name": "silence", "values": {"width": pytest.approx(0.9), "loudness": -70.0}}]


def test_selection_is_rows_and_can_be_set_from_either_side():
    scatter = Scatter(TABLE, "width", "loudness", colour="guidance")
    page, seen = Page(scatter), []
    assert scatter.selection.empty and list(scatter.selection.columns) == list(TABLE.columns)
    scatter.observe(lambda change: seen.append(list(change["new"]["key"])), "selection")
    page.ask("select", keys=["c", "a"])
    assert list(scatter.selection["key"]) == ["a", "c"] and seen == [["a", "c"]]
    scatter.selection = scatter.table[scatter.table["loudness"] > -10]
    assert page.got[-1][0] == {"tell": "selected", "keys": ["b"]}
    answer, _ = page.ask("table")
    assert answer["selected"] == ["b"] and answer["interval"] is None


def test_a_lasso_of_a_former_table_selects_the_clips_that_were_inside():
    scatter = Scatter(TABLE, "width", "loudness")
    page = Page(scatter)
    # The page has this table, and its lasso is on its way, when a thread puts another in its place.
    inside = page.ask("table")[0]["keys"][:2]
    another = TABLE[["key", "width", "loudness"]].iloc[[3, 2, 0]]
    thread = threading.Thread(target=scatter.update, args=[another])
    thread.start()
    thread.join()
    page.ask("select", keys=inside)
    assert scatter.selection.equals(another[another["key"] == "a"])


def test_a_table_that_comes_while_rows_are_selected_has_the_last_word():
    scatter, another = Scatter(TABLE, "width", "loudness"), TABLE.iloc[[2, 1, 0]].assign(width=0.5)

    class Overtaken(PlotTable):
        def rows(self, keys):
            found = super().rows(keys)
            thread = threading.Thread(target=scatter.update, args=[another])
            thread.start()
            thread.join()
            return found

    scatter._plotted = Overtaken(*scatter._plotted)
    Page(scatter).ask("select", keys=["a", "c"])
    assert scatter.table.equals(another) and scatter.selection.equals(another.iloc[[0, 2]])


def test_a_table_that_cannot_be_drawn_changes_nothing():
    scatter = Scatter(TABLE, "width", "loudness", interval=("width", "loudness"))
    with pytest.raises(mg.MetricError, match="no column 'width'"):
        scatter.update(TABLE.drop(columns="width"))
    assert scatter.x == "width" and list(scatter.table["key"]) == ["a", "b", "c"]


def test_columns_can_be_changed_from_either_side():
    scatter = Scatter(TABLE, "width", "loudness")
    page = Page(scatter)
    page.ask("fields", fields={"x": "guidance", "y": "loudness", "colour": "prompt", "shape": ""})
    assert (scatter.x, scatter.colour) == ("guidance", "prompt")
    assert "no column 'widht'" in page.ask("fields", fields={"x": "widht", "y": "loudness"})[0]["error"]
    with pytest.raises(mg.MetricError, match="did you mean 'width'"):
        scatter.y = "widht"
    with pytest.raises(mg.MetricError, match="no column 'path' to plot"):
        Scatter(TABLE, "path", "width")


def test_a_column_of_many_kinds_has_no_shapes_unless_it_grew_to_them():
    table = pd.DataFrame({"width": np.arange(8.0), "prompt": list("abcdefgh")})
    for name in table:
        with pytest.raises(mg.MetricError, match=f"'{name}' has 8 distinct values, but there are only 7 shapes"):
            Scatter(table, "width", "width", shape=name)
    scatter = Scatter(table.iloc[:7], "width", "width", shape="prompt")
    scatter.update(table)
    page = Page(scatter)
    fields = {"x": "width", "y": "width", "colour": "width"}
    # What is drawn stays while another column is changed.
    assert "error" not in page.ask("fields", fields={**fields, "shape": "prompt"})[0]
    assert (scatter.colour, scatter.shape) == ("width", "prompt")
    assert "7 shapes" in page.ask("fields", fields={**fields, "shape": "width"})[0]["error"]


def test_any_table_can_be_plotted_with_intervals():
    summary = pd.DataFrame({"guidance": [1, 3], "mean": [0.2, 0.3], "lo": [0.1, np.nan], "hi": [0.3, np.nan]})
    scatter = Scatter(summary, "guidance", "mean", interval=("lo", "hi"))
    page = Page(scatter)
    assert page.ask("table")[0]["keys"] == ["0", "1"] and page.ask("table")[0]["interval"] == ("lo", "hi")
    page.ask("choose", key="1")
    assert scatter.value == "1"
    with pytest.raises(mg.MetricError, match="no column 'low'"):
        Scatter(summary, "guidance", "mean", interval=("low", "hi"))


def test_similar_clips_are_the_nearest_in_standard_deviations():
    table = pd.DataFrame({"width": [0.0, 0.1, 0.5, np.nan], "loudness": [-10.0, -12, -30, -11], "crest": [5.0] * 4})
    standard = standardise(table)
    assert standard.shape == (4, 2)
    plain = [
        np.sqrt(
            np.nanmean(
                [((table[name][row] - table[name][0]) / table[name].std(ddof=0)) ** 2 for name in ("width", "loudness")]
            )
        )
        for row in (1, 2)
    ]
    found = dict(nearest_rows(standard, 0))
    assert [found[1], found[2]] == pytest.approx(plain)
    assert list(found)[0] == 1 and 0 not in found
    # Half of the measures is not more than half.
    assert 3 not in found


def test_explore_begins_with_metrics_and_tells_all_of_a_row(store):
    explorer = explore(TABLE, store)
    assert (explorer.x, explorer.y) == ("width", "loudness")
    answer, _ = Page(explorer).ask("about", key="b")
    assert answer["details"]["prompt"] == "<i>two</i>" and answer["details"]["reason"] == "silent"
    metrics = {label: value for label, value, _ in answer["details"]["metrics"]}
    assert metrics["Stereo width"] == "–" and metrics["Key"] == "A minor" and metrics["Dual mono"] == "no"
    assert metrics["Integrated loudness"] == "\N{MINUS SIGN}9 LUFS"
    json.dumps(answer, allow_nan=False)


def test_what_is_told_of_a_row_is_that_of_the_table_that_was_taken_in(store):
    explorer = explore(TABLE, store)
    page = Page(explorer)
    more = TABLE.iloc[[3, 2, 0, 1]].assign(control=None, prompt=["three", "one", "first", "two"])
    explorer.update(more[more["key"] != "c"])
    assert page.ask("about", key="a")[0]["details"]["prompt"] == "first"
    answer = page.ask("about", key="d")[0]
    assert answer["details"]["prompt"] == "three" and {one["key"] for one in answer["similar"]} <= {"a", "b"}
    assert "clip 'c' is no longer in the table" in page.ask("about", key="c")[0]["error"]


def test_what_cannot_be_explored_is_said(store):
    with pytest.raises(mg.MetricError, match="no clips with a metric"):
        explore(TABLE[["key", "prompt"]], store)
    with pytest.raises(mg.MetricError, match="no column 'key'"):
        explore(TABLE.drop(columns="key"), store)
    with pytest.raises(mg.MetricError, match="no clips"):
        explore(TABLE.iloc[:0], store)


def test_findings_come_as_json(tmp_path):
    store = mg.Store(tmp_path)
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 1}).plan(), store, progress=False)
    explorer = explore(mg.measure(clips, store, ["width", "loudness"], progress=False), store)
    answer, _ = Page(explorer).ask("findings", key=clips["key"].iloc[0])
    assert {one["kind"] for one in answer["findings"]} == set(mg.metrics.failures.DETECTORS)
    json.dumps(answer, allow_nan=False)
