"""Prompt sets: built in, from lists, from files, and invalid ones."""

import pandas as pd
import pytest

import mgeval as mg
from mgeval.prompts import BUILT_IN, SPATIAL, factorial, prompt_id


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sets_are_sound(name):
    table = mg.load_prompts(name)
    assert table.columns[:2].tolist() == ["prompt_id", "prompt"]
    assert table["prompt_id"].is_unique and table["prompt"].is_unique
    assert (table["prompt"].str.len() > 10).all()


def test_the_spatial_set_is_a_full_factorial():
    table = mg.load_prompts("spatial")
    counts = table.groupby(["spatial", "genre", "instrument"]).size()
    assert len(counts) == len(SPATIAL) * 4 * 4 == len(table) and (counts == 1).all()
    left = table[table["spatial"] == "left"]
    assert left["prompt"].str.contains("to the left").all()
    assert (~table[table["spatial"] == "none"]["prompt"].str.contains("left|right|stereo|mono|reverb|ping")).all()


def test_lists_and_the_empty_prompt():
    table = mg.load_prompts(["warm piano", ""])
    assert table["prompt"].tolist() == ["warm piano", ""]
    assert table["prompt_id"].iloc[1].startswith("empty-")


def test_ids_tell_long_prompts_with_the_same_beginning_apart():
    ids = {prompt_id("the very same long beginning of all of these prompts " + str(i)) for i in range(2000)}
    assert len(ids) == 2000


def test_csv_keeps_what_else_is_known(tmp_path):
    (tmp_path / "p.csv").write_text('prompt,mood\n"NA",sad\n"piano, slow",calm\n')
    table = mg.load_prompts(tmp_path / "p.csv")
    assert table["prompt"].tolist() == ["NA", "piano, slow"]
    assert table["mood"].tolist() == ["sad", "calm"]


def test_musiccaps(tmp_path):
    header = (
        "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,is_audioset_eval"
    )
    rows = ['-0Gj8,30,40,/m/1,"[\'a\']","A low fi, calm song.",4,False,True']
    rows += ["xyz,10,20,/m/1,\"['b']\",First.,4,False,True", "xyz,50,60,/m/1,\"['b']\",Second.,4,False,True"]
    (tmp_path / "mc.csv").write_text("\n".join([header, *rows]))
    table = mg.load_prompts(str(tmp_path / "mc.csv"))
    assert table["prompt_id"].tolist() == ["-0Gj8", "xyz-10", "xyz-50"]
    assert table["prompt"].tolist() == ["A low fi, calm song.", "First.", "Second."]


def test_a_table_is_copied():
    table = pd.DataFrame({"prompt": ["a"]})
    assert "prompt_id" in mg.load_prompts(table) and "prompt_id" not in table


def test_factorial_says_which_factor_is_missing():
    with pytest.raises(mg.PromptError, match="'genre'.*given: mood"):
        factorial("{genre}", mood=["sad"])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("spatail", "did you mean 'spatial'"),
        ("no/such.csv", "no such file"),
        ("", r'prompts is empty.*\[""\] is the unconditional prompt'),
        (["a", "b", "a"], "prompts 1, 3 are the same"),
        ([], "no prompt"),
        ([1], "must be a text, got 1"),
        (pd.DataFrame({"text": ["a"]}), "no column 'prompt', only text"),
        (pd.DataFrame({"prompt": ["a", None]}), "prompt 2 must be a text"),
        (pd.DataFrame({"prompt": ["a", "b"], "prompt_id": [1, 1]}), "the same"),
    ],
)
def test_wrong_sources(source, reason):
    with pytest.raises(mg.PromptError, match=reason):
        mg.load_prompts(source)


def test_a_file_that_is_not_csv(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(mg.PromptError, match="bad.csv"):
        mg.load_prompts(tmp_path / "bad.csv")
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(mg.PromptError, match="none.csv"):
        mg.load_prompts(tmp_path / "none.csv")


def test_a_csv_with_unquoted_commas_is_refused_not_cut(tmp_path):
    (tmp_path / "p.csv").write_text("prompt\nwarm piano, slow strings\n")
    with pytest.raises(mg.PromptError, match=r"p\.csv: line 2 has 2 fields, the header 1: put"):
        mg.load_prompts(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_text("prompt,mood\nwarm piano\n")
    with pytest.raises(mg.PromptError, match="line 2 has 1 fields, the header 2"):
        mg.load_prompts(tmp_path / "p.csv")


def test_columns_of_a_csv_keep_their_kind(tmp_path):
    (tmp_path / "p.csv").write_text("prompt_id,prompt,tempo,mood\n001,123,120,NA\n002,True,,calm\n")
    table = mg.load_prompts(tmp_path / "p.csv")
    assert table["prompt_id"].tolist() == ["001", "002"] and table["prompt"].tolist() == ["123", "True"]
    assert table["tempo"].iloc[0] == 120 and pd.isna(table["tempo"].iloc[1])
    assert table["mood"].tolist() == ["NA", "calm"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [(None, "prompts must be .* got None"), (["\ud800"], "must be a text"), ("x" * 5000, "a single prompt is written")],
)
def test_more_wrong_sources(source, reason):
    with pytest.raises(mg.PromptError, match=reason):
        mg.load_prompts(source)


@pytest.mark.parametrize("template", ["{a} {", "{a.x}"])
def test_broken_templates(template):
    with pytest.raises(mg.PromptError, match="cannot be filled"):
        factorial(template, a=["b"])
