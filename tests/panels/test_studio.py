"""The studio, driven as its page and as code drive it."""

import threading
import time

import numpy as np
import pytest
from panels.asking import Page
from signals import RATE, tone

import mgeval as mg
from mgeval.models import LIMITS, Generated, Model
from mgeval.panels.settings import controls, setting

EVIL = "<img src=x onerror=alert(1)>"
ONE = mg.Sampling(duration=1)


class Slow(Model):
    """Makes a tenth of a second of each clip per step, all at once, and waits for `gate` before it ends."""

    name, revision = "slow", "1"

    def __init__(self):
        self.gate, self.steps = threading.Event(), 0

    def stream(self, requests, watch=None):
        whole = sum(request.sampling.duration for request in requests)
        for index, request in enumerate(requests):
            while not (index == 0 or self.gate.is_set()):
                self.steps += 1
                time.sleep(0.01)
                if watch(min(index + 0.1 * self.steps, whole), whole):
                    return
            yield index, Generated(mg.Audio(np.stack([tone(request.sampling.duration, level=0.5)] * 2), RATE))


@pytest.fixture
def studio(tmp_path):
    studio = mg.panels.studio("synth", tmp_path / "kept")
    studio.sampling = ONE
    return studio


@pytest.fixture
def slow(tmp_path):
    studio = mg.panels.studio(Slow(), tmp_path / "kept")
    studio.sampling = ONE
    yield studio
    studio.cancel()


def form(studio, **settings):
    texts = {**studio.get_state()["sampling"], **settings}
    return {"prompt": studio.prompt, "takes": studio.takes, "settings": texts}


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_setting_has_a_control_whose_ends_are_valid():
    assert [one["name"] for one in controls()] == list(LIMITS)
    for one in controls():
        for value in (one["default"], *(str(one[end]) for end in ("low", "high") if end in one)):
            assert float(setting(one["name"], value)) == float(value)
        assert one["valid"] and one["meaning"]
    # Steps from the low end meet the default: a slider would show another value than is set.
    for one in controls():
        if "step" in one:
            steps = (float(one["default"]) - one["low"]) / one["step"]
            assert steps == pytest.approx(round(steps))


def test_takes_are_those_of_a_sweep_over_seeds(studio):
    studio.takes = 3
    studio.sampling = mg.Sampling(duration=1, seed=2**60)
    studio.generate()
    clips = studio.wait()
    assert studio.clips == clips and len(clips) == 3 and studio.value is clips[0]
    plan = mg.Sweep("synth", [studio.prompt], {"duration": 1}, seeds=[2**60 + i for i in range(3)]).plan()
    assert [row["key"] for row in studio.listed] == plan["key"].tolist()[::-1]
    assert [row["seed"] for row in studio.listed] == [str(2**60 + i) for i in (2, 1, 0)]
    assert studio.status["made"] == studio.status["total"] == 3 and not studio.running
    assert studio.status["note"].startswith("3 takes, 3.0 s of audio, made in ")


def test_a_kept_take_is_what_a_run_would_have_made(studio, tmp_path):
    studio.prompt = EVIL
    studio.generate()
    studio.wait()
    assert not studio.store.path.exists()
    row = studio.keep()
    plan = mg.Sweep("synth", [EVIL], {"duration": 1}, seeds=[0]).plan()
    other = mg.Store(tmp_path / "run")
    mg.run(plan, other, progress=False)
    timed = ["started", "elapsed"]
    ours, theirs = studio.store.table(), other.table()
    assert ours.drop(columns=timed).to_dict("records") == theirs.drop(columns=timed).to_dict("records")
    assert (
        row["key"] == plan["key"][0]
        and studio.store.file(row["key"]).read_bytes() == other.file(row["key"]).read_bytes()
    )
    assert studio.store.verify().empty and studio.store.plan()["key"].tolist() == plan["key"].tolist()
    assert mg.Sweep("synth", [EVIL], {"duration": 1}).preview(studio.store)["to_make"].tolist() == [0]
    assert [row["kept"] for row in studio.listed] == [False, True]
    assert [row["prompt"] for row in studio.listed] == [EVIL, EVIL]
    studio.keep(studio.clips[1])
    assert len(studio.store.table()) == 2
    with pytest.raises(mg.ModelError, match="no such take"):
        studio.keep(Generated(studio.value.audio))


def test_progress_is_told_and_cancelling_keeps_whole_takes(slow):
    seen = []
    slow.observe(lambda change: seen.append(change["new"]["made"]), "status")
    slow.takes = 4
    slow.generate()
    assert slow.running
    with pytest.raises(mg.ModelError, match="are being made"):
        slow.generate()
    with pytest.raises(TimeoutError):
        slow.wait(0.01)
    until(lambda: slow.status["made"] > 1.2)
    Page(slow).ask("cancel")
    assert len(slow.wait()) == 1 and slow.value is slow.clips[0]
    assert slow.status["note"] == "Cancelled: 1 of 4 takes made" and not slow.status["wrong"]
    assert seen == sorted(seen) and slow.status["total"] == 4
    # The cancellation was of that generation only.
    slow.model.gate.set()
    slow.generate()
    assert len(slow.wait()) == 4


def test_the_page_generates_while_the_kernel_stays_free(slow):
    page = Page(slow)
    before = time.monotonic()
    assert page.ask("generate", **form(slow))[0]["wrong"] == {}
    assert page.ask("hello") and time.monotonic() - before < 2
    assert slow.running
    assert "are being made" in page.ask("generate", **form(slow))[0]["error"]
    slow.model.gate.set()
    slow.wait()


def test_what_stands_in_the_fields_is_taken_in_without_an_echo(studio):
    sent, page = [], Page(studio)
    studio.send_state = lambda key=None: sent.append(key)
    answer, _ = page.ask("form", **{**form(studio, guidance="4.5", seed=str(2**63 - 1)), "prompt": EVIL, "takes": 5})
    assert answer["wrong"] == {} and sent == []
    assert studio.sampling == mg.Sampling(duration=1, guidance=4.5, seed=2**63 - 1)
    assert (studio.prompt, studio.takes) == (EVIL, 5)


def test_wrong_settings_are_said_by_field_and_lose_nothing(studio):
    page = Page(studio)
    studio.generate()
    before = studio.wait()
    for text in ("", "two", "nan", "1e9", "-1"):
        wrong = page.ask("generate", **form(studio, duration=text, guidance="2"))[0]["wrong"]
        assert list(wrong) == ["duration"] and "must be a number from 0.02 to 3600" in wrong["duration"]
    # What is valid was taken in, what is not left the setting as it was.
    assert studio.sampling == mg.Sampling(duration=1, guidance=2)
    assert studio.clips == before and studio.value is before[0]
    assert "seed must be" in page.ask("generate", **form(studio, seed=str(2**63 - 1)))[0]["error"]
    assert "not a valid" not in studio.status["note"] and len(studio.listed) == 2


def test_an_error_is_shown_as_text_and_what_was_made_stays(studio):
    studio.generate()
    studio.wait()

    def stream(requests):
        yield 0, mg.ModelError("<b>broken</b>")
        yield from type(studio.model).stream(studio.model, requests[1:])

    studio.model.stream = stream
    studio.generate()
    assert len(studio.wait()) == 1
    assert studio.status["note"] == "1 of 2 takes failed: <b>broken</b>" and studio.status["wrong"]
    studio.model.stream = lambda requests: 1 / 0
    studio.generate()
    with pytest.raises(ZeroDivisionError):
        studio.wait()
    assert "ZeroDivisionError" in studio.status["note"] and not studio.running
    assert len(studio.listed) == 2 and studio.value is not None


def test_an_observers_error_is_shown_and_stops_nothing(studio):
    studio.observe(lambda change: 1 / 0, "value")
    studio.generate()
    assert len(studio.wait()) == 2
    assert "what observes value failed: ZeroDivisionError" in studio.status["note"] and studio.status["wrong"]


def test_takes_are_played_chosen_and_measured(studio):
    studio.prompt = "piano, panned hard to the left"
    page = Page(studio)
    page.ask("generate", **form(studio))
    studio.wait()
    seen = []
    studio.observe(lambda change: seen.append(change["new"]), "value")
    newest = studio.listed[0]["key"]
    answer, (data,) = page.ask("clip", key=newest)
    assert bytes(data)[:4] == b"fLaC" and answer["title"] == "Seed 1: piano, panned hard to the left"
    page.ask("choose", key=newest)
    assert seen == [studio.clips[1]] and studio.value is studio.clips[1]
    page.ask("choose", key=studio.listed[1]["key"], other=True)
    assert studio.other == studio.listed[1]["key"] and studio.value is studio.clips[1]
    assert page.ask("numbers", key=newest)[0]["waiting"]
    until(lambda: any(message.get("tell") == "numbers" for message, _ in page.got))
    found = page.ask("numbers", key=newest)[0]
    assert "Image angle" in [label for label, _, _ in found["metrics"]] and "channel is silent" in found["reason"]
    studio.value = studio.clips[0]
    assert studio.chosen == studio.listed[1]["key"]
    assert "error" in page.ask("keep", key="nowhere")[0]


def test_nothing_but_texts_and_numbers_is_kept_in_the_state(studio):
    studio.generate()
    studio.wait()
    state = studio.get_state()
    assert state["sampling"]["duration"] == "1" and state["chosen"] == studio.listed[1]["key"]
    assert "clips" not in state and "value" not in state


def test_of_many_takes_the_oldest_go_and_kept_ones_stay(studio, monkeypatch):
    monkeypatch.setattr("mgeval.panels.prompt_studio.LISTED", 3)
    studio.generate()
    studio.wait()
    kept = studio.keep(studio.clips[0])["key"]
    for seed in (2, 4):
        studio.sampling = mg.Sampling(duration=1, seed=seed)
        studio.generate()
        studio.wait()
    assert [row["seed"] for row in studio.listed] == ["5", "4", "0"] and studio.listed[-1]["key"] == kept
