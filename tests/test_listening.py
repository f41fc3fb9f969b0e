"""Blind listening: the plan of a session, its hidden controls, its answers, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference.bradley_terry_slow import strengths

from mgeval.audio import Audio
from mgeval.errors import MetricError
from mgeval.panels.blind_test.trials import add_answer, anchor, pair_trials, rating_trials, read_answers
from mgeval.stats.listening import preferences, ratings, reliability


@pytest.fixture
def scores():
    rows = [
        {"key": f"{p}-{s}-{g}", "status": "done", "model": "tiny", "prompt_id": f"p{p}", "prompt": f"prompt {p}",
         "seed": s, "guidance": g, "temperature": 1.0}
        for p in range(5) for s in range(2) for g in (1.0, 3.0, 6.0)
    ]  # fmt: skip
    rows.append({**rows[0], "key": "control", "control": "silence"})
    rows.append({**rows[0], "key": "failed", "status": "failed", "guidance": 9.0})
    return pd.DataFrame(rows)


def test_a_comparison_pairs_clips_that_differ_in_one_setting(scores):
    trials = pair_trials(scores, "guidance", seed=4)
    asked = trials[trials["control"] == ""]
    assert len(asked) == 5 * 2 * 3 and list(trials["trial"]) == list(range(len(trials)))
    for row in asked.itertuples():
        assert row.a.rsplit("-", 1)[0] == row.b.rsplit("-", 1)[0] and row.level_a != row.level_b
        assert float(row.a.rsplit("-", 1)[1]) == row.level_a
    # Either level comes first about as often.
    assert 0.2 < (asked["level_a"] < asked["level_b"]).mean() < 0.8
    assert not {"control", "failed"} & {*trials["a"], *trials["b"]}


def test_controls_are_hidden_among_the_trials(scores):
    trials = pair_trials(scores, "guidance")
    same, again = trials[trials["control"] == "same"], trials[trials["control"] == "again"]
    assert len(same) == len(again) == 3
    assert (same["a"] == same["b"]).all()
    for row in again.itertuples():
        first = trials[(trials["a"] == row.b) & (trials["b"] == row.a) & (trials["control"] == "")]
        assert len(first) == 1 and first["trial"].iloc[0] < row.trial


def test_a_session_can_be_taken_up_again(scores):
    pd.testing.assert_frame_equal(pair_trials(scores, "guidance", 1), pair_trials(scores, "guidance", 1))
    assert not pair_trials(scores, "guidance", 1).equals(pair_trials(scores, "guidance", 2))
    pd.testing.assert_frame_equal(rating_trials(scores, "guidance", 1), rating_trials(scores, "guidance", 1))


def test_a_page_of_ratings_has_every_level_and_an_anchor(scores):
    pages = rating_trials(scores, "guidance")
    assert pages["trial"].nunique() == 10
    for _, page in pages.groupby("trial"):
        assert sorted(page.loc[page["control"] == "", "level"]) == [1, 3, 6]
        assert (page["control"] == "anchor").sum() == 1 and list(page["place"]) == [0, 1, 2, 3]
    places = pages.loc[pages["control"] == "anchor", "place"]
    assert places.nunique() > 1


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("guidence", "did you mean 'guidance'"),
        ("prompt", "'model' or a setting"),
        ("temperature", "no two clips differ"),
    ],
)
def test_what_cannot_be_compared_is_said(scores, by, says):
    with pytest.raises(MetricError, match=says):
        pair_trials(scores, by)


def test_the_anchor_is_that_of_the_standard():
    rate = 32000
    time = np.arange(2 * rate) / rate

    def gain(hz):
        tone = np.sin(2 * np.pi * hz * time).astype(np.float32)[None]
        return 20 * np.log10(np.std(anchor(Audio(tone, rate)).samples[0, 8000:-8000]) / np.std(tone))

    assert all(abs(gain(hz)) < 0.1 for hz in (60, 500, 1500, 3000, 3450))
    assert all(gain(hz) < -25 for hz in (4000, 4500, 8000, 15000))


@pytest.mark.parametrize("samples", [1, 20])
def test_the_anchor_of_a_short_clip_is_as_long(samples):
    assert anchor(Audio(np.ones((2, samples), np.float32), 32000)).samples.shape == (2, samples)
    low = Audio(np.ones((1, 50), np.float32), 6000)
    assert anchor(low) is low


def test_answers_are_kept_one_by_one(tmp_path):
    path = tmp_path / "listening" / "guidance.csv"
    assert read_answers(path).empty
    first = {"trial": 0, "listener": "NA", "answer": "same", "control": "", "level_a": 1.0}
    add_answer(path, first)
    table = add_answer(path, {**first, "trial": 1, "answer": "a"})
    pd.testing.assert_frame_equal(read_answers(path), table, check_dtype=False)
    assert list(read_answers(path)["listener"]) == ["NA", "NA"] and list(read_answers(path)["control"]) == ["", ""]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"x,y\n1,2\n", b'a,"b\n1'])
def test_what_is_no_table_of_answers_is_refused(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(MetricError, match="move it away"):
        read_answers(tmp_path / "a.csv")


def answered(duels, prompts=None):
    prompts = prompts or [f"p{i % 6}" for i in range(len(duels))]
    return pd.DataFrame(
        [
            {
                "level_a": a,
                "level_b": b,
                "answer": "same" if not won else "a" if won == a else "b",
                "prompt_id": p,
                "control": "",
            }
            for (a, b, won), p in zip(duels, prompts, strict=True)
        ]
    )


def test_strengths_of_two_levels_are_the_log_odds():
    table = preferences(answered([("x", "y", "x")] * 30 + [("y", "x", "y")] * 10))
    assert table["strength"].to_list() == pytest.approx([np.log(3) / 2, -np.log(3) / 2], abs=1e-6)
    assert table["win_share"].to_list() == [0.75, 0.25] and (table["reason"] == "").all()


def test_strengths_are_those_of_a_slow_version():
    rng = np.random.default_rng(0)
    duels = []
    for _ in range(120):
        a, b = rng.choice(["x", "y", "z", "w"], 2, replace=False)
        duels.append((a, b, str(rng.choice([a, b, ""], p=[0.5, 0.3, 0.2]))))
    table = preferences(answered(duels)).set_index("level")["strength"]
    for level, strength in strengths(duels).items():
        assert table[level] == pytest.approx(strength, abs=1e-5)


def test_swapping_sides_changes_nothing():
    rng = np.random.default_rng(1)
    duels = [(*rng.permutation(["x", "y", "z"])[:2], "") for _ in range(60)]
    duels = [(a, b, str(rng.choice([a, b]))) for a, b, _ in duels]
    one, other = preferences(answered(duels)), preferences(answered([(b, a, won) for a, b, won in duels]))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    "duels",
    [
        [("x", "y", "x")] * 8,
        [("x", "y", ""), ("z", "w", "")] * 4,
        [("x", "y", "x"), ("y", "z", "y"), ("y", "z", "z")] * 3,
    ],
)
def test_answers_that_allow_no_strength_say_so(duels):
    table = preferences(answered(duels))
    assert table[["strength", "lo", "hi"]].isna().all(axis=None) and table["reason"].str.contains("no finite").all()
    assert table["win_share"].notna().all()


def test_one_prompt_has_no_interval():
    table = preferences(answered([("x", "y", "x"), ("x", "y", "y"), ("x", "y", "x")], ["p"] * 3))
    assert (
        table["strength"].notna().all()
        and table["lo"].isna().all()
        and table["reason"].str.contains("one prompt").all()
    )


@pytest.mark.parametrize("prompts", [2, 3])
def test_few_prompts_have_no_interval(prompts):
    rng = np.random.default_rng(0)
    duels = [("x", "y"), ("y", "z"), ("z", "x")] * 4 * prompts
    duels = [(a, b, str(rng.choice([a, b]))) for a, b in duels]
    table = preferences(answered(duels, [f"p{i // 12}" for i in range(len(duels))]))
    assert table["strength"].notna().all() and table[["lo", "hi"]].isna().all(axis=None)
    assert (table["reason"] == "too few prompts: no interval").all()


def test_prompts_that_answer_alike_have_no_interval():
    duels = [("x", "y", "x"), ("x", "y", "x"), ("x", "y", "y")] * 6
    table = preferences(answered(duels, [f"p{i // 3}" for i in range(18)]))
    assert table["strength"].to_list() == pytest.approx([np.log(2) / 2, -np.log(2) / 2], abs=1e-6)
    assert table[["lo", "hi"]].isna().all(axis=None)
    assert (table["reason"] == "all prompts have the same answers: no interval").all()


def test_gaps_are_a_level_and_mixed_levels_are_ordered_by_text():
    duels = answered([("x", "y", "x"), ("x", "y", "y"), ("y", "x", "y")] * 6)
    mixed = duels.replace({"x": 3, "y": np.nan})
    one, other = preferences(duels), preferences(mixed)
    assert other["level"].tolist() == ["(none)", 3] and other["strength"].tolist() == one["strength"].tolist()[::-1]
    numbers = preferences(duels.replace({"x": 10, "y": 9}))
    assert numbers["level"].tolist() == [9, 10] and set(numbers["n_answers"]) == {18}
    rated = pd.DataFrame({"level": [3, "a", None], "rating": 50, "prompt_id": "p", "control": ["", "", ""]})
    assert ratings(rated)["level"].tolist() == ["(none)", 3, "a", "anchor"]


def test_controls_do_not_count():
    duels = answered([("x", "y", "x"), ("x", "y", "y")] * 10)
    hidden = duels.assign(control="same", answer="a")
    pd.testing.assert_frame_equal(preferences(pd.concat([duels, hidden])), preferences(duels))


@pytest.mark.parametrize(
    ("change", "says"),
    [({"answer": "left"}, "'left'"), ({"control": "same"}, "no answer"), ({"level_a": None}, None)],
)
def test_bad_answers(change, says):
    table = answered([("x", "y", "x"), ("x", "y", "y")])
    if says is None:
        with pytest.raises(MetricError, match="no column 'level_a'"):
            preferences(table.drop(columns="level_a"))
    else:
        with pytest.raises(MetricError, match=says):
            preferences(table.assign(**change))


def test_the_intervals_cover_as_they_claim():
    rng = np.random.default_rng(7)
    truth = {"x": 0.6, "y": 0.0, "z": -0.6}
    covered, draws = 0, 200
    for _ in range(draws):
        duels, prompts = [], []
        for prompt in range(20):
            # A prompt has its own taste: answers on it are not independent.
            own = {level: strength + rng.normal(0, 0.5) for level, strength in truth.items()}
            for a, b in (("x", "y"), ("y", "z"), ("z", "x")) * 2:
                wins = rng.random() < 1 / (1 + np.exp(own[b] - own[a]))
                duels.append((a, b, a if wins else b))
                prompts.append(f"p{prompt}")
        table = preferences(answered(duels, prompts)).set_index("level")
        # The mean over tastes is flatter than the strengths: what is estimated is the population's.
        covered += table.loc["y", "lo"] <= 0 <= table.loc["y", "hi"]
    assert 0.92 <= covered / draws <= 0.975


def test_ratings_are_means_over_prompts_with_the_anchor_apart():
    rows = [
        {"level": level, "control": control, "rating": rating + p, "prompt_id": f"p{p}"}
        for p in range(4)
        for level, control, rating in ((1, "", 40), (3, "", 70), (3, "anchor", 10))
    ]
    table = ratings(pd.DataFrame(rows))
    assert table["level"].to_list() == [1, 3, "anchor"] and table["mean"].to_list() == [41.5, 71.5, 11.5]
    assert (table["lo"] < table["mean"]).all() and table["n_prompts"].to_list() == [4, 4, 4]
    with pytest.raises(MetricError, match="0 to 100"):
        ratings(pd.DataFrame(rows).assign(rating=101))


def test_listeners_are_judged_by_the_hidden_trials():
    base = {"listener": "L", "control": "", "a": "k1", "b": "k2", "answer": "a"}
    rows = [
        base,
        {**base, "control": "again", "a": "k2", "b": "k1", "answer": "b"},
        {**base, "control": "same", "b": "k1", "answer": "same"},
        {**base, "control": "same", "b": "k1", "answer": "a"},
        {**base, "listener": "M"},
    ]
    table = reliability(pd.DataFrame(rows)).set_index("listener")
    assert table.loc["L", ["same_heard", "repeated"]].to_list() == [0.5, 1.0]
    assert table.loc["M", ["same_heard", "repeated"]].isna().all()
