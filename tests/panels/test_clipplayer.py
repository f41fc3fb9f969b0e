"""What the player answers its page, and its traits."""

import io
import threading

import numpy as np
import pytest
import soundfile
from panels.asking import Page
from signals import RATE, tone

import mgeval as mg
from mgeval.panels import ClipPlayer

LOUD = mg.Audio(np.stack([tone(1, level=0.5)] * 2), RATE)
QUIET = mg.Audio(np.stack([tone(1, level=0.25)] * 2), RATE)
OVER = mg.Audio(np.stack([tone(1, level=1.7)] * 2), RATE)
SILENT = mg.Audio(np.zeros((2, RATE)), RATE)
CLIPS = {"loud": LOUD, "quiet": QUIET, "over": OVER, "silent": SILENT}


@pytest.fixture
def store(tmp_path):
    store = mg.Store(tmp_path)
    mg.run(mg.Sweep("synth", ["<b>piano</b>"], {"duration": 1}).plan(), store, progress=False)
    return store


def test_a_clip_of_a_store_comes_as_its_file_with_its_prompt_as_it_is(store):
    key = store.table()["key"].iloc[0]
    answer, (data,) = Page(ClipPlayer(store)).ask("clip", key=key)
    assert data == store.file(key).read_bytes()
    assert (answer["rate"], answer["gain"], answer["title"]) == (32000, 1.0, "<b>piano</b>")


@pytest.mark.parametrize("name", CLIPS)
def test_file_and_gain_make_the_samples_at_their_level(name):
    answer, (data,) = Page(ClipPlayer(CLIPS)).ask("clip", key=name)
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == answer["rate"] == RATE
    assert np.allclose(samples.T * answer["gain"], CLIPS[name].samples, atol=2.0**-22)


def test_nothing_but_keys_is_kept_in_the_state():
    state = ClipPlayer(CLIPS, "loud").get_state()
    assert state["value"] == "loud" and state["other"] is None
    assert not any(isinstance(value, bytes | memoryview) for value in state.values())


def test_loudness_is_told_to_match_levels_and_why_there_is_none():
    page = Page(ClipPlayer(CLIPS))
    loud, quiet = (page.ask("loudness", key=key)[0]["lufs"] for key in ("loud", "quiet"))
    assert loud - quiet == pytest.approx(20 * np.log10(2), abs=0.01)
    assert page.ask("loudness", key="silent")[0]["reason"]


def test_an_unknown_or_damaged_clip_is_an_answer_not_a_traceback(store):
    page = Page(ClipPlayer(CLIPS))
    assert "there is no clip 'lout': did you mean 'loud'?" in page.ask("clip", key="lout")[0]["error"]
    page = Page(ClipPlayer(store))
    assert "there is no finished clip 'nowhere'" in page.ask("clip", key="nowhere")[0]["error"]
    key = store.table()["key"].iloc[0]
    store.file(key).write_bytes(b"no FLAC")
    assert "damaged" in page.ask("clip", key=key)[0]["error"]
    # A message that lacks what it needs.
    assert "KeyError" in page.ask("clip")[0]["error"]


def test_what_the_page_chooses_is_observed_and_not_echoed():
    player = ClipPlayer(CLIPS)
    sent, seen = [], []
    player.send_state = lambda key=None: sent.append(key)
    player.observe(lambda change: seen.append(change["new"]), "value")
    Page(player).ask("choose", key="quiet")
    assert player.value == "quiet" and seen == ["quiet"] and sent == []
    player.value = "loud"
    assert seen == ["quiet", "loud"] and sent == ["value"]
    Page(player).ask("choose", key="quiet", other=True)
    assert player.other == "quiet" and player.value == "loud"


def test_an_observers_error_is_shown_and_a_slow_one_holds_nothing_up():
    player, gate = ClipPlayer(CLIPS), threading.Event()
    page = Page(player)
    player.observe(lambda change: gate.wait(30), "value")
    player._handle_custom_msg({"ask": "choose", "number": "slow", "key": "loud"}, [])
    # The observer waits still, and clips come.
    assert page.ask("clip", key="quiet")[1]
    gate.set()
    player.unobserve_all("value")
    player.observe(lambda change: 1 / 0, "value")
    assert "ZeroDivisionError" in page.ask("choose", key="over")[0]["error"]


def test_messages_that_mean_nothing_are_left_alone():
    page = Page(ClipPlayer(CLIPS))
    for message in ("text", {}, {"ask": "__class__"}, {"ask": None}):
        page.panel._handle_custom_msg(message, [])
    assert page.got == []
    assert page.ask("hello")[0]["number"]


def test_the_channel_forgets_which_shell_spoke_last():
    class Comm:
        _reply_subshell_id = None

        def __init__(self):
            self._reply_subshell_id = "that of a cell"

    player = ClipPlayer(CLIPS)
    comm = Comm()
    player._trait_values["comm"] = comm
    player._stay_reachable()
    assert "_reply_subshell_id" not in vars(comm)
    player._trait_values["comm"] = None
