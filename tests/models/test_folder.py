"""Clips of someone else's system."""

from __future__ import annotations

import numpy as np
import pytest

from mgeval.audio import Audio, save_audio
from mgeval.errors import AudioError, ModelError
from mgeval.models import Request, Sampling, load_model
from mgeval.models.folder import Folder


def clip(level, seconds=1.0, rate=16000):
    return Audio(np.full((2, round(seconds * rate)), level), rate)


@pytest.fixture
def folder(tmp_path):
    for index, name in enumerate(["b.wav", "a.wav", "c.flac"]):
        save_audio(clip(0.1 * (index + 1)), tmp_path / name)
    (tmp_path / "notes.txt").write_text("no clip")
    (tmp_path / "more").mkdir()
    save_audio(clip(0.9), tmp_path / "more" / "d.wav")
    return tmp_path


def level(model, prompt, **sampling):
    result = model.generate(prompt, Sampling(**sampling), progress=False)[0]
    return round(float(result.audio.samples[0, 0]), 2)


def with_prompts(folder, text):
    (folder / "prompts.csv").write_text(text, encoding="utf-8")
    return load_model(f"folder:{folder}")


def test_file_names_are_prompts(folder):
    model = load_model(f"folder:{folder}")
    assert isinstance(model, Folder) and (model.rate, model.device) == (16000, "cpu")
    assert model.table.values.tolist() == [["a.wav", "a", 0], ["b.wav", "b", 0], ["c.flac", "c", 0]]
    assert [level(model, prompt) for prompt in "abc"] == [0.2, 0.1, 0.3]
    made = model.generate("a", Sampling(), progress=False)[0]
    assert made.codes.shape == (0, 0) and made.codes.dtype == np.int16 and made.seconds >= 0


def test_prompts_without_seeds_count_up(folder):
    model = with_prompts(folder, 'file,prompt\nc.flac,"slow, wide"\na.wav,rock\nb.wav,"slow, wide"\n')
    assert model.table.seed.tolist() == [0, 0, 1]
    assert [level(model, "slow, wide", seed=s) for s in (0, 1)] == [0.3, 0.1]


def test_prompts_with_seeds(folder):
    model = with_prompts(folder, "\ufeffseed,prompt,file\n7,rock,a.wav\n3,rock,b.wav\n")
    assert list(model.table.columns) == ["file", "prompt", "seed"]
    assert [level(model, "rock", seed=s) for s in (7, 3)] == [0.2, 0.1]


def test_long_clips_are_cut_and_short_ones_come_whole(folder):
    model = load_model(f"folder:{folder}")
    lengths = [model.generate("a", Sampling(duration=d), progress=False)[0].audio.duration for d in (0.25, 1, 9)]
    assert lengths == [0.25, 1, 1]


def test_no_such_clip_names_what_there_is(folder):
    model = with_prompts(folder, "file,prompt\na.wav,rock\nb.wav,rock\nc.flac,jazz\n")
    requests = [Request("rock", Sampling(seed=2)), Request("pop", Sampling()), Request("jazz", Sampling())]
    results = dict(model.stream(requests))
    assert str(results[0]).endswith("no clip for prompt 'rock', seed 2; its seeds are 0, 1")
    assert str(results[1]).endswith("no clip for prompt 'pop', seed 0; its prompts are 'rock', 'jazz'")
    assert isinstance(results[0], ModelError) and results[2].audio.duration == 1


def test_long_lists_are_cut(tmp_path):
    for index in range(12):
        save_audio(clip(0.1, 0.1), tmp_path / f"{index:02}.wav")
    with pytest.raises(ModelError, match=r"its prompts are '00', .*'07' and 4 more$"):
        level(Folder(f"folder:{tmp_path}"), "x")


def test_conditions_are_refused(folder):
    model = load_model(f"folder:{folder}")
    for inputs in ({"audio_prompt": clip(0.0)}, {"melody": clip(0.0)}):
        ((_, error),) = model.stream([Request("a", Sampling(), **inputs)])
        assert isinstance(error, ModelError) and "cannot follow an audio prompt or a melody" in str(error)


def test_a_clip_that_broke_since(folder):
    model = load_model(f"folder:{folder}")
    (folder / "b.wav").write_bytes(b"")
    results = dict(model.stream([Request("b", Sampling()), Request("a", Sampling())]))
    assert isinstance(results[0], AudioError) and "b.wav: the file is empty" in str(results[0])
    assert results[1].audio.duration == 1


def test_revision_follows_names_and_contents(folder):
    first = load_model(f"folder:{folder}").revision
    assert len(first) == 16 and load_model(f"folder:{folder}").revision == first
    revisions = {first, with_prompts(folder, "file,prompt\na.wav,rock\n").revision}
    (folder / "a.wav").rename(folder / "z.wav")
    (folder / "prompts.csv").unlink()
    revisions.add(load_model(f"folder:{folder}").revision)
    save_audio(clip(0.5), folder / "z.wav")
    revisions.add(load_model(f"folder:{folder}").revision)
    assert len(revisions) == 4


@pytest.mark.parametrize(
    "text, message",
    [
        ("file,text\na.wav,rock\n", "prompts.csv: missing column prompt"),
        ("", "missing column file and column prompt"),
        ("file,prompt\n", "prompts.csv: has no rows"),
        ("file,prompt\na.wav,rock\ngone.wav,jazz\n", "prompts.csv, line 3: 'gone.wav' is not an audio file in this"),
        ("file,prompt\nmore/d.wav,rock\n", "line 2: 'more/d.wav' is not an audio file"),
        ("file,prompt\n../a.wav,rock\n", "line 2: '../a.wav' is not an audio file"),
        ("file,prompt\nnotes.txt,rock\n", "line 2: 'notes.txt' is not an audio file"),
        ("file,prompt,seed\na.wav,rock,-1\n", "line 2: seed must be a whole number from 0, got '-1'"),
        ("file,prompt,seed\na.wav,rock\n", "line 2: seed must be a whole number from 0, got None"),
        ("file,prompt,seed\na.wav,rock,1\nb.wav,rock,1\n", "line 3: prompt 'rock' with seed 1 is already in line 2"),
    ],
)
def test_faulty_prompt_files(folder, text, message):
    with pytest.raises(ModelError, match=message):
        with_prompts(folder, text)


def test_bad_folders(tmp_path):
    with pytest.raises(ModelError, match="gone: no such folder"):
        load_model(f"folder:{tmp_path / 'gone'}")
    with pytest.raises(ModelError, match=r"holds no audio .\.wav"):
        load_model(f"folder:{tmp_path}")


def test_same_stem_in_two_formats(folder):
    save_audio(clip(0.7), folder / "a.flac")
    model = load_model(f"folder:{folder}")
    assert [level(model, "a", seed=s) for s in (0, 1)] == [0.7, 0.2]
