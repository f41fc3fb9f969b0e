"""Controls: ordinary rows, distinct from clips, made once, and scored like clips."""

import warnings

import numpy as np
import pandas as pd
import pytest
from signals import RATE, correlated, noise

import mgeval as mg
from mgeval.stats import swept


@pytest.fixture
def store(tmp_path):
    store = mg.Store(tmp_path / "run")
    mg.run(mg.Sweep("synth", ["wide piano", "organ, wide"], {"duration": [0.5, 1]}).plan(), store, progress=False)
    return store


@pytest.fixture
def reference(tmp_path):
    mg.save_audio(mg.Audio(correlated(0.3, 1.5), RATE), tmp_path / "real" / "long.wav")
    mg.save_audio(mg.Audio(noise(0.3), RATE), tmp_path / "real" / "deep" / "mono.flac")
    (tmp_path / "real" / "broken.wav").write_bytes(b"RIFF")
    return tmp_path / "real"


def test_controls_are_rows_with_the_clips_labels(store):
    clips = store.table()
    made = mg.controls(store)
    assert made.groupby("control").size().to_dict() == {"dual mono": 4, "noise": 4, "silence": 4}
    assert (made["status"] == "done").all() and made["model"].eq("control:" + made["control"]).all()
    for kind, part in made.groupby("control"):
        assert set(part["revision"]) == set(clips["key"]), kind
        assert sorted(zip(part["prompt_id"], part["duration"], strict=True)) == sorted(
            zip(clips["prompt_id"], clips["duration"], strict=True)
        )
    of = made.set_index(["control", "revision"])["key"]
    key = clips["key"][0]
    clip, double = store.audio(key), store.audio(of["dual mono", key])
    assert np.array_equal(double.samples[0], double.samples[1])
    assert double.samples[0] == pytest.approx(clip.samples.mean(axis=0), abs=2.0**-22)
    hiss = store.audio(of["noise", key])
    assert hiss.samples.shape == clip.samples.shape and np.std(hiss.samples) == pytest.approx(0.1, rel=0.02)
    assert store.audio(of["silence", key]).peak == 0


def test_controls_are_made_once(store):
    mg.controls(store, "noise")
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*")}
    again = mg.controls(store, ["noise"])
    assert {path: path.stat().st_mtime_ns for path in store.path.rglob("*")} == before
    assert len(again) == 4 and len(store.table()) == 8
    # Controls are made from clips, never from controls.
    assert len(mg.controls(store)) == 12 and len(store.table()) == 16


def test_scores_keep_controls_apart(store):
    mg.controls(store)
    scores = mg.measure(store.path, metrics=["width", "loudness"], progress=False)
    assert len(scores) == 16 and swept(scores) == ["duration"]
    table = mg.summarise(scores)
    widths = table[table["metric"] == "width"]
    assert widths["control"].isna().sum() == 1 and (widths["n_clips"] == [4, 0, 4, 4]).all()
    named = widths.set_index("control")["mean"]
    assert named["noise"] == pytest.approx(0.5, abs=0.01) and named["dual mono"] == pytest.approx(0, abs=1e-9)
    alone = mg.summarise(scores[scores["control"].isna()].drop(columns="control"))
    assert widths["mean"].iloc[0] == alone.loc[alone["metric"] == "width", "mean"].item()
    assert mg.summarise(scores, "duration").columns[:2].tolist() == ["duration", "control"]


def test_a_run_continues_beside_controls(store):
    plan = mg.Sweep("synth", ["wide piano", "organ, wide"], {"duration": [0.5, 1]}).plan()
    mg.controls(store)
    clips = mg.run(plan, store, progress=False)
    assert len(clips) == 4 and "control" not in clips and len(store.table()) == 16
    with warnings.catch_warnings():
        # Controls have no threads; that is not a mixture of machines.
        warnings.simplefilter("error")
        assert len(mg.run(plan.assign(seed=1).drop(columns="key"), store, progress=False)) == 4


def test_an_unexpected_error_is_a_row_too(store, reference):
    class Broken:
        name, revision = "broken", "1"

        def encode(self, audio):
            return 1 / 0

        def decode(self, codes):
            return codes

    made = mg.controls(store, "codec ceiling", reference, Broken())
    assert (made["status"] == "failed").all() and len(made) == 3
    texts = made.set_index("prompt")[["error", "traceback"]].to_dict("index")
    assert texts["broken"]["error"].startswith("AudioError") and texts["broken"]["traceback"] == ""
    assert texts["long"]["error"] == "ZeroDivisionError: division by zero" and "in encode" in texts["long"]["traceback"]


def test_the_reference_and_the_codecs_ceiling(store, reference):
    model = mg.load_model("tiny", device="cpu")
    made = mg.controls(store, ["reference", "codec ceiling"], reference, model)
    assert made["control"].value_counts().to_dict() == {"reference": 3, "codec ceiling": 3}
    failed = made[made["status"] == "failed"]
    assert failed["prompt"].tolist() == ["broken"] * 2 and failed["error"].str.contains(r"broken\.wav").all()
    good = made[made["status"] == "done"].set_index(["control", "prompt"])
    # Cut to the longest clip; a shorter file keeps its length.
    assert good["n_samples"].groupby("prompt").unique().map(list).to_dict() == {"long": [32000], "mono": [9600]}
    original = store.audio(good.loc[("reference", "long"), "key"])
    assert original.samples == pytest.approx(mg.load_audio(reference / "long.wav").samples[:, :RATE], abs=2.0**-22)
    ceiling = good.loc[("codec ceiling", "long"), "key"]
    codes = store.codes(ceiling)
    assert codes.shape == (8, 50)
    assert store.audio(ceiling).samples == pytest.approx(model.decode(codes).samples, abs=2.0**-21)
    scores = mg.measure(store.path, metrics=["width"], progress=False)
    widths = scores[scores["control"] == "reference"].set_index("prompt")["width"]
    assert widths["long"] == pytest.approx(0.35, abs=0.02) and np.isnan(widths["mono"])
    assert len(mg.controls(store, "reference", reference)) == 3 and len(store.table()) == 4 + 6
    mg.run(mg.Sweep("synth", ["wide piano"], {"duration": [2]}).plan(), store, progress=False)
    assert len(mg.controls(store, "reference", reference)) == 3 and len(store.table()) == 5 + 6


def test_a_report_shows_the_models_clips(store, tmp_path):
    mg.controls(store)
    scores = mg.measure(store.path, metrics=["width"], progress=False)
    page = mg.report(scores, store, tmp_path / "report").read_text(encoding="utf-8")
    assert "4 clips of 2 prompts" in page and "control:noise" not in page
    assert len(pd.read_csv(tmp_path / "report" / "tables" / "scores.csv")) == 16


def test_adherence_leaves_controls_out(tmp_path):
    store = mg.Store(tmp_path / "run")
    mg.run(mg.Sweep("synth", ["piano panned left", "organ"], {"duration": 0.5}).plan(), store, progress=False)
    alone = mg.adherence(store, progress=False)
    mg.controls(store)
    pd.testing.assert_frame_equal(mg.adherence(store, progress=False), alone)


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (("nois",), mg.SweepError, "did you mean 'noise'"),
        (("reference",), mg.SweepError, "needs reference="),
        (("codec ceiling", "."), mg.SweepError, "needs model="),
        (("reference", "nowhere"), mg.AudioError, "no such folder"),
    ],
)
def test_wrong_arguments(store, arguments, error, reason):
    with pytest.raises(error, match=reason):
        mg.controls(store, *arguments)


def test_an_empty_store_and_a_prompt_column_of_that_name(tmp_path):
    with pytest.raises(mg.SweepError, match="holds no clips"):
        mg.controls(mg.Store(tmp_path / "run"))
    with pytest.raises(mg.SweepError, match="column 'control'"):
        mg.Sweep("synth", pd.DataFrame({"prompt": ["a"], "control": ["b"]}))
