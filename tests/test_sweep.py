"""Plans, and making them: resumed, killed, failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from checkpoints import stereo_checkpoint

import mgeval as mg
from mgeval.models import Generated
from mgeval.models.composer import Composer
from mgeval.models.sampling import LIMITS
from mgeval.runs import provenance
from mgeval.runs.store.keys import clip_key
from mgeval.runs.sweep import PLAN

PROMPTS = ["warm piano", "wide strings, no drums", "fast drums"]
SHORT = {"duration": [0.5, 1.0]}


@pytest.fixture
def plan():
    return mg.Sweep("synth", PROMPTS, SHORT, seeds=[0, 1]).plan()


def files(store):
    """Every audio and codes file of a store with its bytes."""
    found = [p for folder in ("clips", "codes") for p in (store.path / folder).glob("*") if p.suffix != ".json"]
    return {path.name: path.read_bytes() for path in found}


def test_a_plan_has_a_row_per_clip(plan):
    assert plan.columns.tolist() == list(PLAN)
    assert len(plan) == 3 * 2 * 2 and plan["key"].is_unique
    assert set(plan["duration"]) == {0.5, 1.0} and set(plan["seed"]) == {0, 1}
    assert (plan["guidance"] == 3.0).all()


def test_attributes_of_the_prompts_come_along():
    plan = mg.Sweep("synth", "spatial").plan()
    assert len(plan) == 128 and {"spatial", "genre", "instrument"} <= set(plan.columns)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"grid": {"temprature": [1]}}, "'temprature' is not a setting.*did you mean 'temperature'"),
        ({"grid": {"seed": [1]}}, "give seeds as seeds="),
        ({"grid": {"temperature": []}}, "temperature is empty"),
        ({"grid": {"temperature": "hot"}}, "temperature must be .*got 'hot'"),
        ({"grid": {"temperature": [0.5, 99]}}, "temperature must be a number from 0 to 10, got 99"),
        ({"seeds": []}, "seeds is empty"),
        ({"seeds": "abc"}, "seeds must be .*got 'abc'"),
        ({"seeds": [0.5]}, "seed must be a whole number .*, got 0.5"),
        ({"models": []}, "models is empty"),
        ({"seeds": [0, 1, 0]}, "seeds has 0 twice"),
        ({"grid": {"duration": [1, 1.0]}}, "duration has 1 twice"),
        ({"grid": {"duration": [[1], 2]}}, r"duration must be a number from .*, got \[1\]"),
        ({"models": [3]}, "a model must be a name or a folder, got 3"),
        ({"prompts": pd.DataFrame({"prompt": ["a"], "duration": [1]})}, "column 'duration'.*rename"),
        ({"prompts": pd.DataFrame({"prompt": ["a"], "width": ["wide"]})}, "column 'width'.*rename"),
        ({"prompts": pd.DataFrame({"prompt": ["a", "b"], "year": [1999, "n/a"]})}, "column 'year'.*mixed-integer"),
        ({"prompts": pd.DataFrame({"prompt": ["a"], "day": [pd.Timestamp("2026-01-01")]})}, "column 'day'.*datetime"),
        ({"prompts": pd.DataFrame({"prompt": ["a"], 3: [1]})}, "the name of a prompt column must be text, got 3"),
        ({"prompts": "demmo"}, "did you mean 'demo'"),
    ],
)
def test_wrong_sweeps(arguments, reason):
    with pytest.raises(mg.MgevalError, match=reason):
        mg.Sweep(**{"models": "synth", "prompts": PROMPTS, **arguments}).plan()


RANGES = {"ranges": {"guidance": [1, 6]}, "points": 4}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"ranges": {"guidance": [1, 6]}}, "points must be .*got None"),
        ({**RANGES, "points": 0}, "points must be a whole number from 1 to 1,000,000, got 0"),
        ({**RANGES, "points": True}, "points must be .*got True"),
        ({"points": 4}, "points needs ranges"),
        ({**RANGES, "design": "sobol"}, "there is no design 'sobol': valid: latin, random"),
        ({**RANGES, "design_seed": -1}, "design_seed must be .*got -1"),
        ({**RANGES, "grid": {"guidance": [3]}}, "guidance is in grid and in ranges"),
        ({"ranges": {"guidance": [1]}, "points": 4}, r"guidance must be a low and a high.*got \[1\]"),
        ({"ranges": {"guidance": [3, 3]}, "points": 4}, "low below its high"),
        ({"ranges": {"guidance": [0, 3]}, "points": 4}, "guidance must be a number from 1 to 100, got 0"),
        ({"ranges": {"gidance": [1, 3]}, "points": 4}, "ranges: 'gidance'.*did you mean 'guidance'"),
        ({"ranges": {"seed": [1, 3]}, "points": 4}, "give seeds as seeds="),
        ({"ranges": [1, 2], "points": 4}, r"ranges must .*got \[1, 2\]"),
    ],
)
def test_wrong_ranges(arguments, reason):
    with pytest.raises(mg.MgevalError, match=reason):
        mg.Sweep("synth", PROMPTS, **arguments)


def test_a_latin_hypercube_has_one_point_in_each_part_of_each_range():
    ranges = {"guidance": [1, 6], "temperature": [0.5, 1.5], "top_k": [1, 4000]}
    plan = mg.Sweep("synth", ["piano"], {"duration": [1, 2]}, [0, 1], ranges, points=40).plan()
    assert len(plan) == 2 * 2 * 40 and plan["key"].is_unique
    points = plan.drop_duplicates(list(ranges))
    assert len(points) == 40
    for name, (low, high) in ranges.items():
        part = ((points[name] - low) / (high + (name == "top_k") - low) * 40).astype(int)
        assert sorted(part) == list(range(40)), name
    assert points["top_k"].dtype == np.int64


def test_random_points_are_uniform_and_independent_and_the_same_each_time():
    def plan(**options):
        ranges = {"guidance": [1, 6], "temperature": [0.5, 1.5]}
        return mg.Sweep("synth", ["piano"], ranges=ranges, points=4000, design="random", **options).plan()

    points = plan()
    pd.testing.assert_frame_equal(points, plan())
    assert not set(points["key"]) & set(plan(design_seed=1)["key"])
    assert points["guidance"].between(1, 6).all() and points["temperature"].between(0.5, 1.5).all()
    assert points["guidance"].mean() == pytest.approx(3.5, abs=0.1)
    assert points["guidance"].std() == pytest.approx(5 / 12**0.5, abs=0.05)
    assert abs(points["guidance"].corr(points["temperature"])) < 0.06


def test_whole_numbers_are_drawn_alike_and_count_once():
    plan = mg.Sweep("synth", ["piano"], ranges={"top_k": [1, 3]}, points=300, design="random").plan()
    assert sorted(plan["top_k"]) == [1, 2, 3]


def test_a_file_says_the_same_as_python(tmp_path):
    from mgeval.runs.sweep_file import load_sweep

    (tmp_path / "s.yaml").write_text(
        "models: synth\nprompts: [piano]\ngrid: {duration: [1, 2]}\nseeds: [0, 3]\n"
        "ranges: {guidance: [1, 6], top_k: [10, 50]}\npoints: 5\ndesign: random\ndesign_seed: 7\n"
    )
    ranges = {"guidance": [1, 6], "top_k": [10, 50]}
    sweep = mg.Sweep("synth", ["piano"], {"duration": [1, 2]}, [0, 3], ranges, 5, "random", 7)
    pd.testing.assert_frame_equal(load_sweep(tmp_path / "s.yaml").plan(), sweep.plan())


def test_a_plans_keys_are_those_of_its_rows():
    plan = mg.Sweep("synth", "spatial", {"guidance": [1, 3.5]}, [5], {"top_k": [10, 500]}, points=3).plan()
    for row in plan.sample(20, random_state=0).to_dict("records"):
        sampling = mg.Sampling(**{name: row[name] for name in LIMITS}).asdict()
        assert row["key"] == clip_key("synth", row["revision"], row["prompt"], sampling)


def test_a_preview_counts_and_learns_from_a_store(tmp_path):
    sweep = mg.Sweep("synth", PROMPTS, SHORT, seeds=[0, 1])
    (row,) = sweep.preview().to_dict("records")
    assert (row["model"], row["prompts"], row["clips"], row["to_make"]) == ("synth", 3, 12, 12)
    assert row["audio_seconds"] == 9 and row["disk_bytes"] == 9 * 200_000 and np.isnan(row["seconds"])
    store = mg.Store(tmp_path / "run")
    assert sweep.preview(store).equals(sweep.preview()) and not store.path.exists()
    made = mg.run(sweep.plan().iloc[::2], store, progress=False)
    (row,) = sweep.preview(store).to_dict("records")
    assert (row["clips"], row["to_make"]) == (12, 6) and row["audio_seconds"] == 9 - made["duration"].sum()
    size = sum(path.stat().st_size for path in (store.path / "clips").iterdir())
    pace = row["audio_seconds"] / made["duration"].sum()
    assert row["disk_bytes"] == pytest.approx(size * pace, abs=1)
    assert row["seconds"] == pytest.approx(made["elapsed"].sum() * pace, nan_ok=True)
    assert np.isnan(mg.Sweep("tiny", ["piano"]).preview(store)["seconds"][0])


def test_run_makes_every_clip(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(plan, store, progress=False)
    pd.testing.assert_frame_equal(clips[plan.columns], plan)
    assert (clips["status"] == "done").all() and (clips["error"] == "").all()
    assert (clips["n_samples"] == (clips["duration"] * 32000).round()).all()
    assert (clips["channels"] == 2).all() and (clips["rate"] == 32000).all()
    for key, path in zip(clips["key"], clips["path"], strict=True):
        assert (store.path / path).is_file() and store.audio(key).duration in (0.5, 1.0)


def test_a_second_run_makes_nothing(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    first = mg.run(plan, store, progress=False)
    times = {path: path.stat().st_mtime_ns for path in store.path.rglob("*")}

    class Refuses(Composer):
        def stream(self, requests):
            raise AssertionError("asked for a clip that is there")

    second = mg.run(plan, store, Refuses(), progress=False)
    pd.testing.assert_frame_equal(first, second)
    assert {path: path.stat().st_mtime_ns for path in store.path.rglob("*")} == times


def test_a_clip_that_stands_twice_is_made_once(plan, tmp_path):
    twice = pd.concat([plan.head(2), plan.head(2)], ignore_index=True)
    clips = mg.run(twice, mg.Store(tmp_path / "run"), progress=False)
    assert len(clips) == 4 and (clips["status"] == "done").all()
    assert len(list((tmp_path / "run/clips").glob("*.flac"))) == 2


class Flaky(Composer):
    """A composer that fails for one prompt as long as it is told to."""

    broken = True

    def stream(self, requests):
        for index, result in super().stream(requests):
            failed = self.broken and requests[index].prompt == PROMPTS[1]
            yield index, mg.ModelError("out of tune") if failed else result


def test_a_failed_clip_is_a_row_and_is_tried_again(plan, tmp_path):
    store, model = mg.Store(tmp_path / "run"), Flaky()
    clips = mg.run(plan, store, model, progress=False)
    failed = clips["prompt"] == PROMPTS[1]
    assert (clips["status"] == np.where(failed, "failed", "done")).all()
    assert set(clips.loc[failed, "error"]) == {"ModelError: out of tune"}
    scores = mg.measure(clips, store, progress=False)
    assert scores.loc[failed, "width"].isna().all() and set(scores.loc[failed, "reason"]) == {"the clip was not made"}
    assert scores.loc[~failed, "loudness"].notna().all()
    model.broken = False
    again = mg.run(plan, store, model, progress=False)
    assert (again["status"] == "done").all() and (again["error"] == "").all()


def test_an_interrupt_keeps_what_was_finished(plan, tmp_path):
    class Interrupted(Composer):
        def stream(self, requests):
            for index, result in super().stream(requests):
                if index == 5:
                    raise KeyboardInterrupt
                yield index, result

    store = mg.Store(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        mg.run(plan, store, Interrupted(), progress=False)
    assert len(store.table()) == 5 and len(list((store.path / "rows").iterdir())) == 1
    mg.run(plan, store, progress=False)
    whole = mg.Store(tmp_path / "whole")
    mg.run(plan, whole, progress=False)
    assert files(store) == files(whole)


KILLED = """
import sys
import mgeval as mg
plan = mg.Sweep(sys.argv[1], {prompts!r}, {grid!r}, seeds=[0, 1]).plan()
mg.run(plan, mg.Store(sys.argv[2]), progress=False)
"""


@pytest.mark.parametrize("kind", ["synth", "musicgen"])
def test_a_killed_run_goes_on_to_the_same_files(kind, tmp_path):
    name = "synth" if kind == "synth" else str(stereo_checkpoint(tmp_path / "checkpoint"))
    script = KILLED.format(prompts=PROMPTS, grid=SHORT)
    store = mg.Store(tmp_path / "run")
    # Matrix products may sum in another order with another number of threads: both runs have the same.
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen([sys.executable, "-c", script, name, str(store.path)], env=environment)
    deadline = time.monotonic() + 300
    while len(list((store.path / "clips").glob("*.json"))) < 3 and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = {path.stem for path in (store.path / "clips").glob("*.json")}
    assert 3 <= len(there) < 12
    plan = mg.Sweep(name, PROMPTS, SHORT, seeds=[0, 1]).plan()
    clips = mg.run(plan, store, progress=False)
    assert (clips["status"] == "done").all() and set(clips["key"]) >= there
    whole = mg.Store(tmp_path / "whole")
    mg.run(plan, whole, progress=False)
    made = files(store)
    # A temporary file may be left by the kill; nothing that has a name of its own is half there.
    assert {name: data for name, data in made.items() if not name.startswith(".")} == files(whole)


def test_a_plan_by_hand_needs_all_columns(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    for wrong, reason in [
        (plan.drop(columns="seed"), "no column 'seed'"),
        (plan.assign(prompt=None), "missing values in column 'prompt'"),
        (plan.assign(temperature=-1.0), "temperature must be a number from 0 to 10, got -1"),
        (plan.assign(duration=0.2), "row 1 of the plan was changed after its key was computed"),
        (plan.assign(key="../../elsewhere"), "row 1 of the plan was changed"),
        (plan.assign(mood=[{1}] * len(plan)), "column 'mood'"),
        (plan.set_index(np.zeros(len(plan), int)), "index must be unique"),
        ("plan", "no column 'model'"),
    ]:
        with pytest.raises(mg.MgevalError, match=reason):
            mg.run(wrong, store)
    assert not store.path.exists()


def test_an_empty_plan_is_nothing_to_do(plan, tmp_path):
    clips = mg.run(plan.head(0), mg.Store(tmp_path / "run"))
    assert len(clips) == 0 and "status" in clips


def test_a_plan_by_hand_may_leave_the_keys_out_and_keeps_its_index(plan, tmp_path):
    part = plan.iloc[[3, 7]].drop(columns="key")
    clips = mg.run(part, mg.Store(tmp_path / "run"), progress=False)
    assert clips.index.tolist() == [3, 7] and (clips["key"] == plan.loc[[3, 7], "key"]).all()


def test_clips_and_scores_are_plans_too(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(plan.head(3), store, progress=False)
    pd.testing.assert_frame_equal(mg.run(clips, store, progress=False), clips)
    pd.testing.assert_frame_equal(mg.run(mg.measure(clips, store, progress=False), store, progress=False), clips)


def test_a_clip_whose_audio_is_gone_is_made_again(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(plan.head(2), store, progress=False)
    before = store.file(clips["key"][0]).read_bytes()
    store.file(clips["key"][0]).unlink()
    assert len(store.table()) == 1
    mg.run(plan.head(2), store, progress=False)
    assert store.file(clips["key"][0]).read_bytes() == before


def test_labels_that_were_mended_reach_the_store(tmp_path):
    def labelled(labels):
        prompts = pd.DataFrame({"prompt": ["piano", "organ"], **labels})
        return mg.Sweep("synth", prompts, {"duration": 0.5}).plan()

    store = mg.Store(tmp_path / "run")
    mg.run(labelled({"spatial": ["wide", "mono"]}), store, progress=False)
    again = mg.run(labelled({"spatial": ["mono", "wide"], "mood": ["a", None]}), store, progress=False)
    table = store.table().set_index("key").loc[again["key"]]
    assert table["spatial"].tolist() == ["mono", "wide"] and table["mood"].fillna("-").tolist() == ["a", "-"]
    assert (table["status"] == "done").all()
    parts = len(list((store.path / "rows").iterdir()))
    mg.run(again, store, progress=False)
    assert len(list((store.path / "rows").iterdir())) == parts


def test_a_checkpoints_key_does_not_depend_on_where_it_lies(tmp_path, monkeypatch):
    folder = stereo_checkpoint(tmp_path / "here" / "checkpoint")
    monkeypatch.chdir(folder.parent)
    plans = [mg.Sweep(name, ["piano"]).plan() for name in (folder, str(folder), "./checkpoint", "checkpoint")]
    assert len({plan["key"][0] for plan in plans}) == 1
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    assert mg.Sweep(folder, ["piano"]).plan()["key"][0] != plans[0]["key"][0]


def test_models_on_other_devices_are_no_mixture(plan, tmp_path):
    class Elsewhere(Composer):
        name, device = "folder:elsewhere", "cuda:0"

    store = mg.Store(tmp_path / "run")
    mg.run(plan.head(1), store, progress=False)
    other = plan.head(1).drop(columns="key").assign(model="folder:elsewhere")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mg.run(other, store, Elsewhere(), progress=False)


def test_a_plan_for_another_model_is_refused(plan, tmp_path):
    with pytest.raises(mg.SweepError, match=r"for synth at revision old, the model is synth"):
        mg.run(plan.drop(columns="key").assign(revision="old"), mg.Store(tmp_path / "run"), Composer())


def test_other_packages_are_a_mixture_and_another_commit_is_none(plan, tmp_path):
    store = mg.Store(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(provenance, "_versions", lambda: '{"torch": "2.6.0", "git": "aaa"}')
        mg.run(plan.head(1), store, progress=False)
        patch.setattr(provenance, "_versions", lambda: '{"torch": "2.6.0", "git": "bbb-dirty"}')
        mg.run(plan.head(2), store, progress=False)
        patch.setattr(provenance, "_versions", lambda: '{"torch": "2.13.0", "git": "bbb"}')
        with pytest.raises(
            UserWarning, match=r"made with versions torch 2.6.0, the rest will be made with torch 2.13.0;"
        ):
            mg.run(plan.head(3), store, progress=False)


def test_mixing_machines_is_said(plan, tmp_path):
    store = mg.Store(tmp_path / "run")

    class OnAnotherDevice(Composer):
        device = "cuda:0"

        def stream(self, requests):
            for index, result in super().stream(requests):
                assert isinstance(result, Generated)
                yield index, result

    mg.run(plan.head(3), store, OnAnotherDevice(), progress=False)
    with pytest.warns(UserWarning, match="made with device cuda:0, the rest will be made with cpu"):
        mg.run(plan, store, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mg.run(plan, store, progress=False)


def test_how_a_clip_was_made_is_in_the_table(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("tiny", ["piano", "rock"], {"duration": 0.3}).plan(), store, progress=False)
    assert clips["slots"].tolist() == [32, 32] and not clips["halved"].any() and (clips["seams"] == "").all()
    assert mg.Store(tmp_path / "run").table()["slots"].tolist() == [32, 32]
