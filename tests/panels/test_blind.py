"""Blind listening: what the page is told, what is kept, and how a session goes on."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from panels.asking import Page
from signals import RATE, tone

import mgeval as mg
from mgeval.panels import blind
from mgeval.panels.blind_test.levels import prepare_trial
from mgeval.panels.blind_test.trials import anchor

EVIL = "<img src=x onerror=alert(1)>"
LEVELS = (1.25, 3.75, 6.5)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = mg.Store(tmp_path_factory.mktemp("blind"))
    plan = mg.Sweep("synth", ["piano", EVIL], {"duration": 0.6, "guidance": list(LEVELS)}, seeds=range(2)).plan()
    return mg.run(plan, store, progress=False), store


@pytest.fixture
def begin(run, tmp_path):
    scores, store = run

    def begun(kind="pairs", **options):
        return blind(scores, store, **{"kind": kind, "path": tmp_path / "answers.csv", **options})

    return begun


def answer(page, value, shown=None):
    """Answer the trial that is shown, and return the next one."""
    shown = shown or page.ask("trial")[0]
    return page.ask("answer", trial=shown["trial"], answer=value, heard=shown["letters"], seconds=3.21)[0]


def texts(message):
    return json.dumps(message, ensure_ascii=False)


@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_nothing_that_reaches_the_page_tells_what_is_heard(begin, run, kind, matched):
    session = begin(kind, matched=matched)
    page = Page(session)
    while (shown := page.ask("trial")[0])["trial"] is not None:
        for letter in shown["letters"]:
            page.ask("clip", trial=shown["trial"], letter=letter)
        answer(page, "a" if kind == "pairs" else [50] * len(shown["letters"]), shown)
    state = {name: value for name, value in session.get_state().items() if name not in ("_esm", "_css")}
    said, files = [message for message, _ in page.got], [data for _, buffers in page.got for data in buffers]
    secrets = [*run[0]["key"], *run[0]["prompt_id"].unique(), *map(str, LEVELS), "guidance", "anchor", "again"]
    told = json.dumps([*said, state], default=str)
    assert [secret for secret in secrets if secret in told] == []
    assert not any(secret.encode() in data for secret in secrets for data in files)
    # Of one trial all is the same but the samples.
    assert {tuple(sorted(message)) for message, buffers in page.got if buffers} == {("gain", "number", "rate")}
    forms = {(info.samplerate, info.channels) for data in files for info in [soundfile.info(io.BytesIO(data))]}
    assert len(files) >= 16 and forms == {(RATE, 2)}
    assert {message["prompt"] for message in said if "prompt" in message} == {"piano", EVIL}


def test_clips_of_a_trial_come_in_one_form():
    mono, wide = mg.Audio(tone(1, level=0.2), RATE), mg.Audio(np.stack([tone(1, level=1.7)] * 2), RATE // 2)
    made = prepare_trial([mono, wide], matched=False)
    read = [soundfile.read(io.BytesIO(data), dtype="float32") for data in made.files]
    assert [(samples.shape[1], rate) for samples, rate in read] == [(2, RATE)] * 2
    # One gain for both, and no tag that says so.
    assert made.gain == 2 and not any(b"mgeval" in data for data in made.files)
    assert np.abs(read[0][0][:, 1] * made.gain - mono.samples[0]).max() < 2.0**-21


def test_matched_clips_are_as_loud_as_the_quietest_and_silence_stays():
    loud, quiet = (mg.Audio(np.stack([tone(1, level=level)] * 2), RATE) for level in (0.5, 0.125))
    silent = mg.Audio(np.zeros((2, RATE)), RATE)
    peaks = {}
    for matched in (False, True):
        made = prepare_trial([loud, quiet, silent], matched)
        peaks[matched] = [float(np.abs(soundfile.read(io.BytesIO(data))[0]).max()) for data in made.files]
    assert peaks[False] == pytest.approx([0.5, 0.125, 0], abs=1e-3)
    assert peaks[True] == pytest.approx([0.125, 0.125, 0], abs=1e-3)
    assert len(prepare_trial([silent, silent], matched=True).files) == 2


def test_the_anchor_is_heard_where_the_plan_has_one(begin, run):
    session = begin("ratings")
    page, first = Page(session), session.trials[session.trials["trial"] == 0]
    place = int(np.flatnonzero(first["control"] == "anchor")[0])
    heard = []
    for row in first.itertuples():
        answer_, (data,) = page.ask("clip", trial=0, letter="ABCDEFG"[row.place])
        heard.append(soundfile.read(io.BytesIO(data), dtype="float32")[0].T * answer_["gain"])
    for i, row in enumerate(first.itertuples()):
        clip = run[1].audio(row.key)
        expected = anchor(clip).samples if i == place else clip.samples
        assert np.abs(heard[i] - expected).max() < 1e-5


def test_answers_are_kept_at_once_and_the_session_goes_on(begin):
    session = begin(listener="one")
    page, seen = Page(session), []
    session.observe(lambda change: seen.append(change["new"]), "value")
    answer(page, "a")
    shown = answer(page, "same")
    assert shown["trial"] == 2 and session.value == 2 and seen == [1, 2]
    kept = pd.read_csv(session.path)
    planned = session.trials[:2]
    assert list(kept["answer"]) == ["a", "same"] and list(kept["a"]) == list(planned["a"])
    assert list(kept["seconds"]) == [3.2, 3.2] and set(kept["listener"]) == {"one"}
    assert list(kept["level_b"]) == list(planned["level_b"]) and "prompt" not in kept
    # As after a restart of the kernel; another listener begins at the start, in the same table.
    again = begin(listener="one")
    assert again.value == 2 and Page(again).ask("trial")[0]["trial"] == 2
    other = begin(listener="two", seed=1)
    answer(Page(other), "b")
    assert other.value == 1 and len(again.answers) == 3
    assert begin(listener="one").value == 2


def test_a_page_of_ratings_is_kept_whole_or_not_at_all(begin):
    session = begin("ratings")
    page = Page(session)
    shown = page.ask("trial")[0]
    assert "rate every clip" in answer(page, [10, 20], shown)["error"]
    assert "rate every clip" in answer(page, [10, 20, 30, 101], shown)["error"]
    assert not session.path.exists() and session.value == 0
    answer(page, [10, 20, 30, 40], shown)
    assert list(session.answers["rating"]) == [10, 20, 30, 40] and list(session.answers["place"]) == [0, 1, 2, 3]
    assert begin("ratings").value == 1


def test_an_answer_needs_ears(begin):
    page = Page(begin())
    shown = page.ask("trial")[0]
    told = page.ask("answer", trial=shown["trial"], answer="a", heard=["A"], seconds=1)[0]
    assert told["error"] == "listen to every clip first"
    assert "'a', 'b' or 'same'" in answer(page, "c")["error"]
    assert page.ask("trial")[0]["trial"] == shown["trial"]


def test_two_views_do_not_answer_a_trial_twice(begin):
    session = begin()
    page = Page(session)
    shown = page.ask("trial")[0]
    answer(page, "a", shown)
    late = answer(page, "b", shown)
    assert late["trial"] == 1 and session.value == 1 and list(session.answers["answer"]) == ["a"]


def test_what_cannot_be_played_is_skipped_and_no_key_told(begin, run, tmp_path):
    clips = {key: run[1].audio(key) for key in run[0]["key"]}
    session = blind(run[0], clips, path=tmp_path / "answers.csv")
    page, first = Page(session), session.trials.iloc[0]
    del clips[first["b"]]
    error = page.ask("clip", trial=0, letter="A")[0]["error"]
    assert "Skip continues" in error and first["b"] not in error
    shown = page.ask("skip", trial=0)[0]
    assert (shown["trial"], shown["skipped"], shown["answered"]) == (1, 1, 0)
    assert not session.path.exists()


def test_at_the_end_the_answers_are_told(begin):
    session = begin()
    page = Page(session)
    rng = np.random.default_rng(0)
    while (shown := page.ask("trial")[0])["trial"] is not None:
        answer(page, str(rng.choice(["a", "b"])), shown)
    assert shown["answered"] == shown["of"] == session.value == len(session.trials)
    told = page.ask("results")[0]
    table = session.preferences().sort_values("strength", ascending=False)
    assert [row["level"] for row in told["rows"]] == [f"{level:g}" for level in table["level"]]
    assert [row["mean"] for row in told["rows"]] == pytest.approx(list(table["strength"]))
    # Two prompts say nothing of how three levels scatter.
    assert table["lo"].isna().all() and all(row["lo"] is None for row in told["rows"])
    assert "too few prompts: no interval" in told["notes"]
    assert any("you called 0 of 1 clips the same as themselves" in note for note in told["notes"])
    assert session.reliability()["n_same"].tolist() == [1]
    json.dumps(told, allow_nan=False)


def test_preferences_without_a_finite_strength_say_why(begin):
    session = begin()
    page = Page(session)
    while (shown := page.ask("trial")[0])["trial"] is not None:
        row = session.trials.iloc[shown["trial"]]
        answer(page, "same" if row["control"] == "same" else "a" if row["level_a"] > row["level_b"] else "b", shown)
    told = page.ask("results")[0]
    assert [row["level"] for row in told["rows"]] == ["6.5", "3.75", "1.25"]
    assert all(row["mean"] is None for row in told["rows"])
    assert any("no finite strength" in note for note in told["notes"])
    assert any("you called 1 of 1 clips the same as themselves" in note for note in told["notes"])


def test_ratings_are_told_with_their_anchor(begin):
    session = begin("ratings")
    page = Page(session)
    assert "Nothing to show" in page.ask("results")[0]["notes"][0]
    while (shown := page.ask("trial")[0])["trial"] is not None:
        rows = session.trials[session.trials["trial"] == shown["trial"]]
        rated = [5 if row.control == "anchor" else 10 * row.level for row in rows.itertuples()]
        answer(page, rated, shown)
    told = page.ask("results")[0]
    assert [row["level"] for row in told["rows"]] == ["6.5", "3.75", "1.25", "hidden anchor"]
    assert told["range"] == [0, 100] and any("rated lowest" in note for note in told["notes"])
    assert list(session.ratings()["mean"]) == pytest.approx([12.5, 37.5, 65, 5])


def test_answers_of_another_plan_are_refused_and_left_as_they_are(begin):
    session = begin()
    answer(Page(session), "a")
    before = session.path.read_bytes()
    for options in ({"seed": 3}, {"matched": True}, {"kind": "ratings"}):
        with pytest.raises(mg.MetricError, match="another path or listener"):
            begin(**options)
    assert session.path.read_bytes() == before


def test_a_damaged_table_of_answers_is_said_and_kept(begin):
    session = begin()
    session.path.write_bytes(b"no table")
    assert "move it away" in answer(Page(session), "a")["error"]
    assert session.path.read_bytes() == b"no table" and session.value == 0
    with pytest.raises(mg.MetricError, match="move it away"):
        begin()


def test_what_cannot_be_heard_blind_is_said(run, tmp_path):
    scores, store = run
    assert blind(scores, store).path == store.path / "listening" / "guidance-pairs.csv"
    with pytest.raises(mg.MetricError, match="kind must be one of pairs, ratings"):
        blind(scores, store, kind="mushra")
    with pytest.raises(mg.MetricError, match="did you mean 'guidance'"):
        blind(scores, store, "guidence")
    with pytest.raises(mg.MetricError, match="no setting varies"):
        blind(scores[scores["guidance"] == LEVELS[0]], store)
    with pytest.raises(mg.MetricError, match="name the one to compare"):
        blind(scores.assign(top_k=[10, 20] * (len(scores) // 2)), store)
    with pytest.raises(mg.MetricError, match="clips are not in this store"):
        blind(scores, mg.Store(tmp_path / "empty"))
    many = pd.concat([scores[:1].assign(guidance=float(level)) for level in range(12)])
    with pytest.raises(mg.MetricError, match="at most 12 clips to rate, got 13"):
        blind(many, store, kind="ratings")
    with pytest.raises(mg.MetricError, match="path="):
        blind(scores, {})
