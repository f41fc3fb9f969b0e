"""measure: tables of clips, files and folders in, tables of numbers out."""

import numpy as np
import pandas as pd
import pytest
from signals import RATE, correlated, tone

import mgeval as mg
from mgeval.metrics import METRICS, Metric, evaluate, metric_names
from mgeval.scoring import processes
from mgeval.stats import swept


@pytest.fixture
def folder(tmp_path):
    mg.save_audio(mg.Audio(correlated(0.3, 4.0), RATE), tmp_path / "b.wav")
    mg.save_audio(mg.Audio(tone(4.0), RATE), tmp_path / "mono.flac")
    mg.save_audio(mg.Audio(correlated(-0.5, 4.0), RATE), tmp_path / "deep" / "a.flac")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "notes.txt").write_text("no audio")
    return tmp_path


def test_a_folder_is_measured_with_its_sub_folders(folder):
    scores = mg.measure(folder, progress=False)
    assert [path.split("/")[-1] for path in scores["path"]] == ["b.wav", "broken.wav", "a.flac", "mono.flac"]
    assert scores.columns.tolist() == ["path", "channels", "rate", "duration", *metric_names(), "reason"]
    good = scores.set_index(scores["path"].str.split("/").str[-1])
    assert good.loc["b.wav", "correlation"] == pytest.approx(0.3, abs=1e-6)
    assert good.loc["a.flac", "correlation"] == pytest.approx(-0.5, abs=1e-6)
    assert good.loc["mono.flac", "reason"] == "the clip is mono (20 measures)"
    no_key = "no pitch class stands out, as in noise or drums (musical_key, key_confidence)"
    assert good.loc["b.wav", "reason"] == no_key
    assert np.isnan(good.loc["mono.flac", "width"]) and good.loc["mono.flac", "crest"] == pytest.approx(3.01, abs=0.01)
    assert "broken.wav" in good.loc["broken.wav", "reason"] and good.loc["broken.wav", metric_names()].isna().all()
    assert all(scores[name].dtype == np.float64 for name in metric_names())


def test_files_lists_and_single_metrics(folder):
    one = mg.measure(folder / "b.wav", metrics="width", progress=False)
    assert len(one) == 1 and one["width"].item() == pytest.approx(0.35, abs=1e-6) and "correlation" not in one
    two = mg.measure([folder / "b.wav", folder / "mono.flac"], metrics=["crest", "width"], progress=False)
    assert two.columns.tolist()[4:] == ["crest", "width", "reason"]


def test_a_short_list_of_undefined_measures_is_named(tmp_path):
    path = mg.save_audio(mg.Audio(correlated(0.0, 1.0), RATE), tmp_path / "diffuse.wav")
    reason = mg.measure(path, metrics=["width", "image_angle", "iacc"], progress=False)["reason"].item()
    assert reason == "the image is too diffuse to have a direction (ambience above 0.95) (image_angle)"


def test_clips_of_a_run_are_measured_from_their_files(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano", "organ, mono"], {"duration": 1}).plan(), store, progress=False)
    scores = mg.measure(clips, store, progress=False)
    pd.testing.assert_frame_equal(scores[clips.columns], clips)
    expected = [mg.metrics.stereo.width(store.audio(key).samples) for key in clips["key"]]
    assert scores["width"].tolist() == pytest.approx(expected)
    again = mg.measure(scores, store, metrics="width", progress=False)
    assert list(again.columns).count("width") == 1 == list(again.columns).count("reason")
    # Metrics that stay keep the reasons of their gaps.
    assert scores["loudness_range"].isna().all() and again["loudness_range"].isna().all()
    assert again["reason"].tolist() == scores["reason"].tolist() and again["reason"].str.contains("3 s").all()
    whole = mg.measure(tmp_path / "run", progress=False)
    assert set(whole["key"]) == set(clips["key"]) and whole["width"].notna().all()
    store.file(clips["key"][0]).unlink()
    lost = mg.measure(clips, store, progress=False)
    assert "no such file" in lost["reason"][0] and np.isnan(lost["width"][0])


def test_measuring_again_says_each_reason_once(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 1}).plan(), store, progress=False)
    scores = mg.token_table(store, mg.measure(clips, store, ["tempo", "width"], progress=False))
    for _ in range(2):
        again = mg.measure(scores, store, ["tempo", "width"], progress=False)
        assert again["reason"].tolist() == scores["reason"].tolist()
        scores = again


def test_a_table_without_clips_is_measured_again_and_again(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 1}).plan(), store, progress=False)
    for _ in range(2):
        clips = mg.measure(clips[:0], store, ["width"], progress=False)
        assert len(clips) == 0 and clips["width"].dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (("nowhere",), mg.AudioError, "nowhere: no such file or folder"),
        ((pd.DataFrame({"key": []}),), mg.MetricError, "needs the store"),
        ((".", None, "widht"), mg.MetricError, "did you mean 'width'"),
    ],
)
def test_wrong_arguments(arguments, error, reason):
    with pytest.raises(error, match=reason):
        mg.measure(*arguments)


def test_a_table_that_is_not_of_clips(tmp_path):
    with pytest.raises(mg.MetricError, match="not one of clips"):
        mg.measure(pd.DataFrame({"a": [1]}), mg.Store(tmp_path / "run"))


def test_a_folder_without_audio(tmp_path):
    with pytest.raises(mg.AudioError, match="holds no audio"):
        mg.measure(tmp_path)


def test_what_was_swept_is_found(tmp_path):
    plan = mg.Sweep("synth", "spatial", {"duration": [1, 2]}, seeds=[0, 1]).plan()
    assert swept(plan) == ["genre", "instrument", "spatial", "duration"]
    assert swept(mg.Sweep("synth", ["a"]).plan()) == []


def test_the_real_clips(real_clips):
    scores = mg.measure(real_clips, progress=False)
    stereo = scores["path"].str.contains("mubert")
    assert len(scores) == 23 and stereo.sum() == 7
    assert scores.loc[stereo, "width"].between(0.05, 0.5).all()
    # One of them has no delay: what its channels have in common lies below 200 Hz, where nothing peaks within 1 ms.
    assert scores.loc[stereo, [name for name in metric_names() if name != "time_difference_ms"]].notna().all(axis=None)
    assert scores.loc[stereo, "reason"].str.fullmatch(r"(the correlation is highest at 1 ms.*_ms\))?").all()
    assert scores.loc[~stereo, "width"].isna().all()
    assert scores.loc[~stereo, "reason"].str.startswith("the clip is mono").all()
    assert scores["loudness"].between(-30, -15).all()


def test_names_of_prompts_are_no_factors():
    prompts = [{"prompt_id": p, "ytid": f"y{p}", "mood": "ab"[p % 2]} for p in range(4)]
    rows = [{**prompt, "duration": d} for prompt in prompts for d in (1, 2, 3, 4)]
    assert swept(pd.DataFrame(rows)) == ["mood", "duration"]


def test_a_column_that_is_no_measurement_is_not_overwritten(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 0.5}).plan(), store, progress=False)
    with pytest.raises(mg.MetricError, match="column 'width' of the table must hold numbers"):
        mg.measure(clips.assign(width="wide"), store)


def test_nothing_to_measure():
    with pytest.raises(mg.AudioError, match="nothing to measure"):
        mg.measure([])


def test_a_foreign_manifest_is_no_store(folder):
    (folder / "manifest.json").write_text('{"name": "a web app"}')
    assert len(mg.measure(folder, progress=False)) == 4


def test_many_clips_are_measured_by_many_processes_to_the_same_numbers(folder, monkeypatch):
    names = ["width", "image_angle", "loudness", "musical_key"]
    alone = mg.measure(folder, metrics=names, progress=False)
    monkeypatch.setattr(processes, "CLIPS_PER_WORKER", 1)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    # In this process only what has to be compiled first is measured, never a clip.
    here, evaluate = [], processes.evaluate
    monkeypatch.setattr(processes, "evaluate", lambda x, *rest: here.append(x.shape) or evaluate(x, *rest))
    together = mg.measure(folder, metrics=names, progress=False)
    pd.testing.assert_frame_equal(together, alone, check_exact=True)
    assert here == [(2, 64000)] and RATE * 4 != 64000


def test_a_metric_of_a_script_is_known_to_all_processes(folder, monkeypatch):
    def loudest(x):
        return float(np.abs(x).max())

    row = Metric(function=loudest, low=0, high=1, label="Loudest", meaning="the largest absolute sample")
    monkeypatch.setitem(METRICS, "loudest", row)
    alone = mg.measure(folder, metrics=["loudest", "crest"], progress=False)
    monkeypatch.setattr(processes, "CLIPS_PER_WORKER", 1)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    pd.testing.assert_frame_equal(mg.measure(folder, metrics=["loudest", "crest"], progress=False), alone)
    assert alone["loudest"].notna().tolist() == [True, False, True, True]


def test_what_is_compiled_first_is_all_there_is():
    """Nothing of what measuring needs may be left for two processes to compile at once."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "evaluate", lambda *given: seen.append(evaluate(*given)))
        processes.compile_metrics(metric_names())
    assert [name for name, value in seen[0].items() if np.isnan(value)] == []
