"""What a report is made of: numbers, shares, extremes, references, methods."""

from __future__ import annotations

import html
import re

import numpy as np
import pandas as pd
import pytest

from mgeval.metrics import METRICS, TEXT
from mgeval.models import kind_of, model_kinds
from mgeval.reporting import latex
from mgeval.reporting.facts import ANY, extremes, failure_shares, longest_failures
from mgeval.reporting.figures import file_name
from mgeval.reporting.methods import markdown, p_value_note
from mgeval.reporting.sources import BIBTEX, bibliography, cite_key, cite_keys, maker_kind, metric_cite_keys
from mgeval.reporting.tables import by_factor, comparisons, sortable_table, text_cell
from mgeval.stats import compare
from mgeval.wording import bracket_interval, decimals, list_levels, number_text, percent_text


def found(*rows):
    columns = ["key", "prompt_id", "kind", "score", "flagged", "start_s", "end_s"]
    return pd.DataFrame(rows, columns=columns)


FINDINGS = found(
    ("a", "p", "clicks", 1.0, True, 0.0, 0.1),
    ("a", "p", "clicks", 1.0, True, 0.5, 0.6),
    ("a", "p", "drone", np.nan, None, np.nan, np.nan),
    ("b", "p", "clicks", 0.0, False, 0.0, 1.0),
    ("b", "p", "drone", np.nan, None, np.nan, np.nan),
    ("c", "q", "clicks", 1.0, True, 0.2, 0.9),
    ("c", "q", "drone", 0.1, False, 0.0, 1.0),
)


def test_a_share_is_of_the_clips_that_could_be_judged_and_a_clip_counts_once():
    shares = failure_shares(FINDINGS).set_index("kind")
    clicks = shares.loc["clicks"]
    # Half of p's two clips, all of q's one: the prompts count alike.
    assert clicks["share"] == pytest.approx(0.75)
    assert (clicks["found"], clicks["n_clips"], clicks["n_prompts"]) == (2, 3, 2)
    assert shares.loc["drone", ["found", "n_clips", "n_prompts"]].tolist() == [0, 1, 1]
    # One prompt says nothing of others.
    assert shares.loc["drone", ["lo", "hi"]].isna().all()
    assert shares.loc[ANY, ["share", "n_clips"]].tolist() == [0.75, 3]
    assert np.isnan(shares.loc["seam", "share"]) and shares.loc["seam", "n_clips"] == 0
    assert shares.index[0] in (ANY, "clicks")


def test_the_clip_to_hear_is_the_one_in_which_a_failure_lasts_longest():
    (row,) = longest_failures(FINDINGS).to_dict("records")
    assert (row["kind"], row["key"]) == ("clicks", "c") and row["seconds"] == pytest.approx(0.7)


def test_extremes_are_lowest_middle_and_highest():
    made = pd.DataFrame({"key": list("abcdef"), "width": [0.3, 0.1, np.nan, 0.9, 0.3, 0.9]})
    assert extremes(made, "width")["key"].tolist() == ["b", "a", "d"]
    assert extremes(made.assign(width=0.5), "width").empty
    assert extremes(made.assign(width=np.nan), "width").empty
    assert extremes(made.iloc[:2], "width")["key"].tolist() == ["b", "b", "a"]


@pytest.mark.parametrize(
    ("values", "digits"),
    [([0.0], 0), ([], 0), ([np.nan], 0), ([np.inf, 1.0], 2), ([-12.3, 4.0], 1), ([1e-5], 7), ([1e-12], 7), ([1e9], 0)],
)
def test_decimals(values, digits):
    assert decimals(values) == digits


def test_numbers_that_are_none():
    assert (
        number_text(np.nan, 2) == "–"
        and bracket_interval(np.nan, 1.0, 2) == ""
        and percent_text(np.nan, np.nan, np.nan) == "–"
    )
    assert list_levels(range(20)) == "20 values from 0 to 19" and list_levels([1.0, "a"]) == "1, a"


def test_every_metric_has_a_source_and_every_source_an_entry():
    assert (
        all(map(metric_cite_keys, [*map("{}:tiny".format, TEXT), *(METRICS.keys() - set(TEXT))]))
        and metric_cite_keys("clap:tiny") == metric_cite_keys("clap_min:tiny")
        and metric_cite_keys("seed") == ()
    )
    used = {key for name, row in METRICS.items() for key in map(cite_key, row.cites)}
    models = {key for kind in model_kinds().values() for key in map(cite_key, kind.cites)}
    assert used | models == set(BIBTEX) and not used & models
    for key, entry in BIBTEX.items():
        assert re.match(rf"@\w+{{{key},\n", entry) and entry.count("{") == entry.count("}")
        assert {"title", "author", "year"} <= set(re.findall(r"^  (\w+) = \{", entry, re.MULTILINE))


def test_years_in_docstrings_are_those_of_the_references():
    """What a metric's docstring cites by year must be among its references."""
    for name, row in METRICS.items():
        years = set(re.findall(r"\b(?:19\d\d|20[0-3]\d)\b", row.function.__doc__ or ""))
        entries = "".join(BIBTEX[key] for key in METRICS[name].cites)
        assert all(f"year = {{{year}}}" in entries for year in years), (name, years)


def test_a_bibliography_holds_what_is_cited_once():
    keys = cite_keys(["loudness", "true_peak", "clap:tiny"])
    assert keys == ["mgeval", "itu1770", "steinmetz2021", "elizalde2023", "wu2023"]
    assert cite_keys(["crest"]) == ["mgeval"]
    assert cite_keys(["true_peak"], [kind_of("tiny")]) == ["mgeval", "copet2023", "defossez2023", "itu1770"]
    text = bibliography(keys)
    assert re.findall(r"@\w+\{(\w+),", text) == keys and "VERSION" not in text


@pytest.mark.parametrize(
    ("model", "slots", "told"),
    [
        ("tiny", np.nan, "musicgen"),
        ("facebook/musicgen-stereo-small", np.nan, "musicgen"),
        ("my/finetune", 8, "musicgen"),
        ("my/tones", 0, None),
        ("tiny-diffusion", np.nan, None),
        ("synth", 0, "synth"),
        ("folder:/out/musicgen", 0, "folder"),
    ],
)
def test_the_kind_of_what_made_clips(model, slots, told):
    assert getattr(maker_kind(model, slots), "name", None) == told


def test_a_comparison_in_which_nothing_was_tested_says_why():
    rows = [(f"p{p}", g, np.nan) for p in range(3) for g in (1, 3)]
    table = compare(pd.DataFrame(rows, columns=["prompt_id", "guidance", "width"]).assign(seed=0), by="guidance")
    assert table["p"].isna().all()
    said = p_value_note(table)
    assert said.startswith("p is not defined: ") and "Holm" not in said and "*" not in said and len(said) > 25


def test_tables_sort_by_values_and_name_what_differs_in_n():
    rows = [("low", 0.5, 4, 2), ("high", np.nan, 0, 0)]
    summary = pd.DataFrame(
        [{"<f>": f, "metric": "width", "mean": m, "lo": m - 1, "hi": m + 1, "n_clips": n, "n_prompts": p}
         for f, m, n, p in rows]
        + [{"<f>": f, "metric": "crest", "mean": -1.0, "lo": -2.0, "hi": 0.0, "n_clips": 8, "n_prompts": 2}
           for f, *_ in rows]
    )  # fmt: skip
    text = by_factor(summary, "<f>", "n")
    assert "low <small>8 clips, 2 prompts</small>" in text and text.count("<small>4 clips, 2 prompts</small>") == 1
    assert "data-order='0.5'" in text and "data-order=''" in text and "\N{MINUS SIGN}1.00 [" in text
    assert "<b>" not in sortable_table(["x"], [[text_cell("<b>")]], "c")


def test_a_caption_may_hold_an_apostrophe():
    page = sortable_table(["x"], [[text_cell("y")]], "the <b>table's</b> file &amp; more")
    (label,) = re.findall(r"<table class='sortable' aria-label='([^']*)'>", page)
    assert html.unescape(label) == "the table's file & more"


def test_markdown_shows_what_was_typed():
    assert markdown("a\n*b* [c](d) <img>") == r"a \*b\* \[c\](d) &lt;img\>"
    assert file_name("a/b:../c" + "x" * 300) == "a-b----c" + "x" * 92


def test_a_sure_difference_is_marked_and_an_unsure_one_is_not():
    rows = [(f"p{p}", g, 0.5 + 0.1 * g + 0.001 * p * g, (-1) ** (p + g) * 1.0) for p in range(12) for g in (1, 3)]
    scores = pd.DataFrame(rows, columns=["prompt_id", "guidance", "width", "loudness"]).assign(seed=0)
    table = compare(scores, by="guidance")
    page = comparisons(table, p_value_note(table))
    marked = [line for line in page.split("<tr>") if "]*</td>" in line]
    assert len(marked) == 1 and "Stereo width" in marked[0]
    # 2 of the 4096 ways to flip twelve prompts are as far out; twice that after Holm.
    assert table["p_holm"].min() == pytest.approx(2 * 2 / 4096) and "< 0.001" in marked[0].replace("&lt;", "<")
    assert "adjusted after Holm over the 2 tests of this table; * marks p < 0.05." in page
    lines = latex.comparisons(table, p_value_note(table)).splitlines()
    assert [line.startswith("Stereo width") for line in lines if "^{*}" in line] == [True]
