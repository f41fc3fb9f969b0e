"""A sweep put together in fields, made in the background, and drawn while it grows."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
from panels.asking import Page
from signals import RATE, tone

import mgeval as mg
from mgeval.models import Generated, Model
from mgeval.models.composer import Composer
from mgeval.panels import Scatter
from mgeval.panels.builder.background import MEASURED
from mgeval.panels.builder.form import BLANK, FIELDS, sweep_of, yaml_of
from mgeval.runs.sweep_file import load_sweep

EVIL = "<img src=x onerror=alert(1)>"
FORM = {"prompts": f"wide piano\n\n  {EVIL} ", "guidance": "1, 3", "duration": "0.5", "seeds": "0 1"}


@pytest.fixture
def builder(tmp_path):
    builder = mg.panels.sweep_builder("synth", tmp_path / "run")
    builder.form = FORM
    yield builder
    builder.stop()
    builder.wait(60)


class Gated(Composer):
    """The composer, but each clip waits until `let` allows it."""

    def __init__(self):
        self.let = threading.Semaphore(0)

    def stream(self, requests):
        for index, request in enumerate(requests):
            self.let.acquire(timeout=30)
            yield from ((index, result) for _, result in super().stream([request]))


@pytest.fixture
def gated(tmp_path):
    model = Gated()
    builder = mg.panels.sweep_builder(model, tmp_path / "run")
    builder.form = FORM
    yield builder, model
    builder.stop()
    model.let.release(100)
    builder.wait(60)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_form_is_the_sweep_that_is_written():
    sweep, wrong = sweep_of("synth", {**BLANK, **FORM})
    assert wrong == {} and sweep.prompts["prompt"].tolist() == ["wide piano", EVIL]
    assert sweep.grid == {"guidance": [1, 3], "duration": [0.5]} and sweep.seeds == [0, 1]
    assert len(sweep.plan()) == 8
    plain, _ = sweep_of("synth", {**BLANK, "prompts": "piano", "seeds": ""})
    assert plain.grid == {} and plain.seeds == [0]


def test_the_file_is_read_as_the_same_sweep(tmp_path):
    nasty = "\n".join(["- a: [b]", '"quoted", with # sign', EVIL, "naïve ｖｅｒｙ " + "long " * 60, "null", "1e3"])
    sweep, _ = sweep_of("synth", {**BLANK, **FORM, "prompts": nasty, "seeds": f"0 {2**63 - 1}"})
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml_of(sweep), encoding="utf-8")
    assert load_sweep(path).plan()["key"].tolist() == sweep.plan()["key"].tolist()


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("guidance", "1, two", "guidance must be a number from 1 to 100, got 'two'"),
        ("guidance", "0.5", "must be a number from 1 to 100"),
        ("guidance", "3 3.0", "guidance has 3.0 twice"),
        ("top_k", "1.5", "must be a whole number"),
        ("duration", "nan", "must be a number from 0.02 to 3600"),
        ("seeds", "-1", "seed must be a whole number from 0"),
        ("seeds", "1 1", "seeds has 1 twice"),
        ("prompts", " \n", "at least one prompt"),
        ("prompts", "a\na", "prompts 1, 2 are the same"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(builder, field, text, said):
    answer, _ = Page(builder).ask("form", form={**builder.form, field: text})
    assert list(answer["wrong"]) == [field] and said in answer["wrong"][field]
    assert builder.form[field] == text
    error, _ = Page(builder).ask("start", form=builder.form)
    assert said in error["error"] and not builder.running
    with pytest.raises(mg.SweepError):
        builder.start()
    assert not builder.store.path.exists()


def test_code_cannot_fill_a_field_that_is_none(builder):
    with pytest.raises(mg.SweepError, match="did you mean 'guidance'"):
        builder.form = {"guidence": "1"}
    with pytest.raises(mg.SweepError, match="a text is needed"):
        builder.form = {"guidance": 1}
    assert set(builder.form) == set(FIELDS)


def test_count_time_and_disk_are_those_of_the_preview(builder):
    page = Page(builder)
    sent = []
    builder.send_state = lambda key=None: sent.append(key)
    found, _ = page.ask("form", form=builder.form)
    assert (found["clips"], found["to_make"], found["audio_seconds"]) == (8, 8, 4) and found["seconds"] is None
    assert found["disk_bytes"] == 4 * 200_000 and sent == []
    assert found["yaml"] == builder.yaml and EVIL in found["yaml"]
    builder.start()
    builder.wait(60)
    found, _ = page.ask("form", form={**builder.form, "seeds": "0 1 2"})
    own = builder.sweep.preview(builder.store).iloc[0]
    assert (found["clips"], found["to_make"]) == (12, 4)
    assert (found["seconds"], found["disk_bytes"]) == (own["seconds"], own["disk_bytes"])


def test_clips_are_measured_while_others_are_made(gated):
    builder, model = gated
    seen = []
    builder.observe(lambda change: seen.append(len(change["new"])), "value")
    page = Page(builder)
    assert page.ask("start", form=builder.form)[0].keys() == {"number"}
    assert "is being made" in page.ask("start", form=builder.form)[0]["error"]
    model.let.release(3)
    until(lambda: len(builder.value) == 3)
    assert builder.running and builder.status["state"] == "running"
    until(lambda: builder.status["measured"] == 3)
    assert (builder.status["made"], builder.status["total"]) == (3, 8)
    assert builder.value[list(MEASURED)].notna().all().all()
    assert (builder.x, builder.y, builder.colour) == ("guidance", "width", "prompt")
    header, buffers = page.ask("table")
    assert header["keys"] == builder.value["key"].tolist()
    assert page.ask("clip", key=header["keys"][0])[0]["rate"] == 32000
    page.ask("choose", key=header["keys"][1])
    assert builder.chosen == header["keys"][1]
    page.ask("select", keys=[header["keys"][place] for place in (0, 2)])
    assert builder.selection["key"].tolist() == [header["keys"][0], header["keys"][2]]
    model.let.release(5)
    table = builder.wait(60)
    assert len(table) == 8 and seen == sorted(seen) and seen[-1] == 8
    # What was selected is selected still, by its keys.
    assert builder.selection["key"].tolist() == [header["keys"][0], header["keys"][2]]
    assert EVIL in page.ask("table")[0]["prompts"]
    assert builder.status["note"] == "All 8 clips are there" and builder.status["state"] == "done"
    assert {"tell": "table"} in [message for message, _ in page.got]


def test_numbers_are_those_of_measure_and_what_was_there_is_shown(builder):
    plan = builder.sweep.plan()
    mg.run(plan.iloc[:5], builder.store, progress=False)
    builder.start()
    table = builder.wait(60)
    scores = mg.measure(mg.run(plan, builder.store, progress=False), builder.store, MEASURED, progress=False)
    both = table.set_index("key").loc[scores["key"]]
    for name in (*MEASURED, "prompt", "seed", "guidance"):
        assert both[name].tolist() == scores[name].tolist()
    assert builder.handle.total == 3


def test_pause_stop_and_resume(gated):
    builder, model = gated
    page = Page(builder)
    builder.start()
    model.let.release(2)
    until(lambda: builder.status["measured"] == 2)
    page.ask("pause")
    until(lambda: builder.status["state"] == "paused")
    page.ask("resume")
    until(lambda: builder.status["state"] == "running")
    page.ask("stop")
    until(lambda: builder.status["state"] == "stopping")
    model.let.release(1)
    assert len(builder.wait(60)) == 3
    assert builder.status["note"] == "Stopped: 3 of 8 clips are there, the rest can be resumed"
    assert builder.status["state"] == "cancelled" and not builder.status["wrong"]
    model.let.release(10)
    builder.resume()
    assert len(builder.wait(60)) == 8 and builder.handle.total == 5
    assert builder.status["made"] == 8


class Broken(Model):
    """Fails on every prompt but one, and gives up on another."""

    name, revision = "broken", "1"

    def stream(self, requests):
        for index, request in enumerate(requests):
            if request.prompt == "end":
                raise OSError("the disk is gone\nbadly")
            if request.prompt == "good":
                yield index, Generated(mg.Audio(np.stack([tone(0.5)] * 2), RATE))
            else:
                yield index, mg.ModelError(f"cannot play {request.prompt}")


def test_failed_clips_are_counted_and_said_and_the_others_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr("mgeval.runs.sweep.model_revision", lambda name: "1")
    monkeypatch.setattr("mgeval.runs.sweep.model_identity", lambda name: name)
    monkeypatch.setattr("mgeval.runs.plan.model_identity", lambda name: name)
    monkeypatch.setattr("mgeval.runs.generate.model_identity", lambda name: name)
    builder = mg.panels.sweep_builder(Broken(), tmp_path / "run")
    builder.form = {"prompts": f"good\n{EVIL}", "duration": "0.5"}
    builder.start()
    table = builder.wait(60)
    assert table["status"].tolist() == ["done", "failed"]
    assert builder.status["note"] == f"1 of 2 clips failed: ModelError: cannot play {EVIL}"
    assert builder.status["wrong"] and builder.status["failed"] == 1 and builder.status["made"] == 1
    builder.start()
    builder.wait(60)
    assert builder.status["failed"] == 1 and builder.handle.total == 1
    builder.form = {"prompts": "end", "duration": "0.5"}
    builder.start()
    builder.wait(60)
    assert "OSError: the disk is gone" in builder.status["note"] and builder.status["wrong"]


def test_what_ends_a_run_is_shown_and_raised(tmp_path):
    builder = mg.panels.sweep_builder("synth", tmp_path / "run")
    builder.form = {"prompts": "piano", "duration": "0.5"}
    (tmp_path / "run").write_text("a file, no folder")
    builder.start()
    with pytest.raises(Exception, match="run"):
        builder.wait(60)
    assert builder.status["wrong"] and builder.status["state"] == "stopped" and "run" in builder.status["note"]


def test_an_observers_error_is_shown_and_stops_nothing(builder):
    builder.observe(lambda change: 1 / 0, "value")
    builder.start()
    builder.wait(60)
    assert len(builder.store.table()) == 8
    assert "ZeroDivisionError" in builder.status["note"] and builder.status["wrong"]


def test_a_model_that_is_none_is_refused_at_once(tmp_path):
    with pytest.raises(mg.ModelError):
        mg.panels.sweep_builder("/nowhere/at/all", tmp_path)
    with pytest.raises(mg.ModelError, match="its name or a loaded model"):
        mg.panels.sweep_builder(7, tmp_path)


def test_a_scatter_takes_in_a_table_that_has_grown():
    table = pd.DataFrame(
        {"key": list("abc"), "width": [0.1, 0.2, 0.3], "kind": ["u", "v", "u"], "loudness": [-9.0, -8, -7]}
    )
    scatter = Scatter(table.iloc[:2], "width", "loudness", colour="kind")
    scatter.value, scatter.selection = "b", scatter.table.iloc[1:]
    page = Page(scatter)
    scatter.update(table)
    assert {"tell": "table"} in [message for message, _ in page.got]
    header, _ = page.ask("table")
    assert header["keys"] == ["a", "b", "c"] and header["selected"] == ["b"]
    assert scatter.value == "b" and scatter.selection["key"].tolist() == ["b"] and scatter.colour == "kind"
    scatter.update(table.drop(columns=["kind", "width"]))
    assert (scatter.x, scatter.y, scatter.colour) == ("loudness", "loudness", "")
    scatter.update(table[table["key"] != "b"])
    assert scatter.value is None and scatter.selection.empty
