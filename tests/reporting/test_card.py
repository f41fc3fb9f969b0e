"""Model cards: read back by the hub's own classes, offline."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

import mgeval as mg
from mgeval.metrics.failures import DETECTORS
from mgeval.reporting import write_cards
from mgeval.reporting.card import KINDS, card_text
from mgeval.reporting.facts import gather


def test_the_hubs_classes_read_the_results(run, tmp_path):
    scores, store = run
    (path,) = write_cards(scores, store, tmp_path / "card")
    assert path == tmp_path / "card/synth.md"
    card_text = ModelCard.load(path)
    assert card_text.data.model_name == "synth"
    name, results = model_index_to_eval_results(card_text.data.to_dict()["model-index"])
    found = {one.metric_type: one for one in results}
    summary = mg.summarise(scores).set_index("metric")
    assert name == "synth" and set(found) == set(summary.index[summary["mean"].notna()])
    row, width = summary.loc["width"], found["width"]
    assert width.metric_value == pytest.approx(row["mean"], rel=1e-5) and width.task_type == "text-to-audio"
    assert width.metric_args["interval_95"] == pytest.approx([row["lo"], row["hi"]], rel=1e-5)
    assert (width.metric_args["n_clips"], width.metric_args["n_prompts"]) == (8, 4)
    assert width.dataset_args["clips"] == 8 and width.dataset_args["duration"] == "0.5, 1"


def test_the_summary_is_a_page_with_intervals_and_n(run, tmp_path):
    (path,) = write_cards(*run, tmp_path)
    text = ModelCard.load(path).text
    assert "# synth: evaluation" in text and "| Stereo width | " in text and " | 8 | 4 |" in text
    assert "## Methods" in text and "<img" not in text and len(text.split()) < 700


def test_each_model_has_its_own_card(run, tmp_path):
    scores, store = run
    other = scores.assign(model="other/../model", revision="r2", width=0.25)
    paths = write_cards(pd.concat([scores, other]), store, tmp_path / "card")
    assert [path.name for path in paths] == ["synth.md", "other----model.md"]
    results = ModelCard.load(paths[1]).data.eval_results
    assert next(one.metric_value for one in results if one.metric_type == "width") == 0.25


def test_the_share_of_any_failure_is_not_left_out(run):
    """Kinds that were judged in one clip only can be more frequent in theirs."""
    rare = list(DETECTORS)[: KINDS + 2]
    rows = [{"key": "0", "kind": kind, "flagged": True} for kind in rare]
    rows += [{"key": f"{place}", "kind": list(DETECTORS)[-1], "flagged": False} for place in range(1, 9)]
    findings = pd.DataFrame(rows).assign(prompt_id=lambda table: table["key"], score=0.0)
    text = card_text(replace(gather(*run), findings=findings), "synth")
    assert (
        re.search(r"\| any failure \| 11 %.* \| 9 \|", text) and len(re.findall(r"\| 100 %.* \| 1 \|", text)) == KINDS
    )


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (("a/b", "a-b"), ["a-b.md", "a-b-2.md"]),
        (("x" * 120 + "1", "x" * 120 + "2"), ["x" * 100 + ".md", "x" * 100 + "-2.md"]),
    ],
)
def test_models_with_names_alike_keep_their_cards(run, tmp_path, models, names):
    scores, store = run
    both = [scores.assign(model=model, width=width) for model, width in zip(models, (0.25, 0.75), strict=True)]
    paths = write_cards(pd.concat(both), store, tmp_path)
    assert [path.name for path in paths] == names
    cards = [ModelCard.load(path).data for path in paths]
    assert [card_text.model_name for card_text in cards] == list(models)
    found = [
        next(one.metric_value for one in card_text.eval_results if one.metric_type == "width") for card_text in cards
    ]
    assert found == [0.25, 0.75]


def test_a_model_without_a_revision_has_a_card(run, tmp_path):
    scores, store = run
    both = pd.concat([scores, scores.assign(model="theirs", revision=None)])
    paths = write_cards(both, store, tmp_path)
    assert [path.name for path in paths] == ["synth.md", "theirs.md"]
    again = write_cards(pd.concat([scores, scores.assign(revision=float("nan"))]), store, tmp_path / "two")
    assert len(set(again)) == 2 and again[1].name == "synth-no-revision.md"
    text = again[1].read_text()
    assert "synth (revision not on record)" in text and "nan" not in text


def test_the_references_lie_beside_the_card(run, tmp_path):
    (path,) = write_cards(*run, tmp_path)
    cited = set(re.findall(r"@(\w+)", ModelCard.load(path).text))
    there = set(re.findall(r"@\w+\{(\w+),", (tmp_path / "references.bib").read_text()))
    assert cited and there == cited


def test_nothing_is_written_of_nothing(run, tmp_path):
    scores, store = run
    with pytest.raises(mg.MetricError, match="the table has no finished clip"):
        write_cards(scores.assign(status="failed"), store, tmp_path / "card")
    assert not (tmp_path / "card").exists()
