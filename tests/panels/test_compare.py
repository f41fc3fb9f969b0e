"""Two settings side by side: pairs, what they say together, and what the page is told."""

import json

import numpy as np
import pandas as pd
import pytest
from panels.asking import Page

import mgeval as mg
from mgeval.panels import compare

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    rows = []
    for place, prompt in enumerate(["piano", EVIL, "drums", "strings", "bass", "organ", "bells", "synth"]):
        for seed in range(2):
            base = rng.normal(0.4, 0.1)
            rows += [
                {
                    "key": f"{place}-{seed}-{guidance:g}", "prompt_id": f"p{place}", "prompt": prompt, "seed": seed,
                    "guidance": guidance, "width": base + 0.02 * guidance + rng.normal(0, 0.01),
                    "image_angle": 89.0 if guidance == 1 else -88.0, "musical_key": 3.0, "loudness": np.nan,
                }
                for guidance in (1.0, 3.0, 6.0)
            ]  # fmt: skip
    rows.append({**rows[0], "key": "control", "control": "silence", "width": 9.0})
    return pd.DataFrame(rows)


@pytest.fixture
def panel(scores):
    clips = {key: mg.Audio(np.full((2, 3200), 0.1), 32000) for key in scores["key"]}
    return compare(scores, clips)


def test_pairs_share_prompt_and_seed_and_differ_in_the_setting(panel, scores):
    assert len(panel.pairs) == 16 and panel.metrics == ["width", "image_angle"]
    by_key = scores.set_index("key")
    for row in panel.pairs.itertuples():
        a, b = by_key.loc[row.key_a], by_key.loc[row.key_b]
        assert (a["prompt_id"], a["seed"]) == (b["prompt_id"], b["seed"]) == (row.prompt_id, row.seed)
        assert (a["guidance"], b["guidance"]) == (1, 6) and row.prompt == a["prompt"]
        assert (row.width_a, row.width_b) == (a["width"], b["width"])


def test_the_page_gets_the_pairs_as_text_and_numbers(panel):
    told, buffers = Page(panel).ask("pairs")
    json.dumps(told, allow_nan=False)
    assert (told["a"], told["b"]) == ("guidance 1", "guidance 6")
    assert [metric["name"] for metric in told["metrics"]] == ["width", "image_angle"] and len(buffers) == 6
    assert told["notes"][:2] == ["seed 0", "seed 1"] and told["prompts"][1] == EVIL
    a, b, d = buffers[:3]
    assert np.allclose(d, b - a, atol=1e-6) and a.dtype == np.float32
    # The short way round: from 89 to -88 degrees of an axis are 3.
    assert np.allclose(buffers[5], 3)
    row = 3
    assert told["keys"][row] == (panel.pairs["key_a"][row], panel.pairs["key_b"][row])
    assert told["prompts"][told["promptOf"][row]] == panel.pairs["prompt"][row]


def test_what_they_say_together_is_what_mg_compare_says(panel, scores):
    told = Page(panel).ask("summary", metric="width")[0]
    two = scores[scores["guidance"].isin([1.0, 6.0])]
    row = mg.compare(two, by="guidance", metrics="width").iloc[0]
    assert told["ends"] == pytest.approx([row["difference"], row["lo"], row["hi"]])
    assert told["text"].startswith(f"Stereo width: B is higher by {row['difference']:.2f} (95 % interval ")
    assert "16 pairs of 8 prompts" in told["text"] and f"p {row['p']:.2g}" in told["text"]
    table = panel.summary()
    assert len(table) == 1 and (table["a"][0], table["b"][0]) == ("guidance 1", "guidance 6")


def test_sides_can_be_chosen_and_turned_round(scores):
    panel = compare(scores, {}, "guidance", a=6, b=3)
    told = Page(panel).ask("summary", metric="width")[0]
    assert "B is lower by" in told["text"] and told["ends"][0] < 0 and "\N{MINUS SIGN}" not in told["text"]
    same = compare(scores.assign(width=0.5), {})
    assert "A and B are equal on average" in Page(same).ask("summary", metric="width")[0]["text"]


def test_value_and_metric_are_set_from_either_side(panel):
    page, seen = Page(panel), []
    panel.observe(lambda change: seen.append((change["name"], change["new"])), ["value", "metric"])
    keys = [panel.pairs["key_a"][2], panel.pairs["key_b"][2]]
    page.ask("pair", keys=keys)
    page.ask("metric", metric="image_angle")
    assert panel.value == keys and seen == [("value", keys), ("metric", "image_angle")]
    assert "keys of a pair" in page.ask("pair", keys=[keys[0], keys[0]])[0]["error"]
    assert "did you mean 'width'" in page.ask("metric", metric="widht")[0]["error"]
    with pytest.raises(mg.MetricError, match="keys of a pair"):
        panel.value = keys[:1]
    with pytest.raises(mg.MetricError, match="no metric 'loudness'"):
        panel.metric = "loudness"
    assert panel.value == keys and panel.metric == "image_angle"
    panel.value = None


def test_clips_of_a_pair_are_sent(panel):
    answer, (data,) = Page(panel).ask("clip", key=panel.pairs["key_b"][0])
    assert answer["rate"] == 32000 and data[:4] == b"fLaC"


def test_a_control_can_be_a_side(scores):
    own = scores[(scores["guidance"] == 1) & scores["control"].isna()]
    both = pd.concat([own, own.assign(control="noise", width=0.9, key=own["key"] + "n")])
    panel = compare(both, {}, "control", "(none)", "noise")
    assert len(panel.pairs) == 16 and panel.summary()["mean_b"][0] == pytest.approx(0.9)


def test_what_cannot_be_compared_is_said(scores):
    with pytest.raises(mg.MetricError, match="'guidance' has no value 5: valid: 1, 3, 6"):
        compare(scores, {}, "guidance", a=5)
    with pytest.raises(mg.MetricError, match="two different values"):
        compare(scores, {}, "guidance", a=3, b=3)
    with pytest.raises(mg.MetricError, match="did you mean 'guidance'"):
        compare(scores, {}, "guidence")
    with pytest.raises(mg.MetricError, match="no prompt and seed in common"):
        compare(scores.assign(seed=range(len(scores))), {})
    with pytest.raises(mg.MetricError, match="holds no metric"):
        compare(scores[["key", "prompt_id", "prompt", "seed", "guidance"]], {})
    with pytest.raises(mg.MetricError, match="have no metric in common"):
        compare(scores.drop(columns=["width", "image_angle"]), {})
    with pytest.raises(mg.MetricError, match="several clips of one prompt and seed"):
        compare(pd.concat([scores, scores.assign(key="again")]), {})
    with pytest.raises(mg.MetricError, match="no column 'prompt_id'"):
        compare(scores.drop(columns="prompt_id"), {})
