"""Model cards: read back by the hub's own classes, offline."""

from __future__ import annotations

import pandas as pd
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

import mgeval as mg
from mgeval.reporting import write_cards


def test_the_hubs_classes_read_the_results(run, tmp_path):
    scores, store = run
    (path,) = write_cards(scores, store, tmp_path / "card")
    assert path == tmp_path / "card/synth.md"
    card = ModelCard.load(path)
    assert card.data.model_name == "synth"
    name, results = model_index_to_eval_results(card.data.to_dict()["model-index"])
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


def test_nothing_is_written_of_nothing(run, tmp_path):
    scores, store = run
    with pytest.raises(mg.MetricError, match="no clip of this table was made"):
        write_cards(scores.assign(status="failed"), store, tmp_path / "card")
    assert not (tmp_path / "card").exists()
