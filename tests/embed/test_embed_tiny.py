"""The tiny checkpoint: its file, its abilities, and its recipe."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mgeval.hub import CLAP_TINY
from mgeval.synth import Spec, compose
from mgeval.synth.captions import caption
from training.clap_tiny.augment import augment_mel, cut_and_repeat
from training.clap_tiny.build import main
from training.clap_tiny.data import GROUP, piece
from training.clap_tiny.pool import Pool
from training.clap_tiny.retrieval import draw, recalls
from training.clap_tiny.train import Recipe
from training.clap_tiny.words import NAMED, UNNAMED, contradicts, fact_row, text_of, truth_row

# The checkpoint.


def test_plain_transformers_loads_it():
    code = f"""
import sys, numpy as np
from transformers import AutoProcessor, ClapModel
processor, model = AutoProcessor.from_pretrained({str(CLAP_TINY)!r}), ClapModel.from_pretrained({str(CLAP_TINY)!r})
sound = dict(audio=np.zeros(48000), sampling_rate=48000)
inputs = processor(text=["piano", "drums"], **sound, padding=True, return_tensors="pt")
out = model(**inputs)
print(model.dtype, tuple(out.logits_per_text.shape), processor.feature_extractor.sampling_rate,
      [m for m in sys.modules if m.startswith("mgeval")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert done.stdout.strip().endswith("torch.float32 (2, 1) 48000 []"), done.stderr


def test_it_is_small_half_precision_and_no_pickle():
    from safetensors import safe_open

    with safe_open(CLAP_TINY / "model.safetensors", "np") as file:
        names = file.keys()
        kinds = {file.get_slice(name).get_dtype() for name in names}
    assert "F16" in kinds
    assert kinds <= {"F16", "I64"}
    assert (CLAP_TINY / "model.safetensors").stat().st_size < 9e6
    assert json.loads((CLAP_TINY / "config.json").read_text())["dtype"] == "float32"
    endings = {path.suffix for path in CLAP_TINY.iterdir()}
    assert endings <= {".safetensors", ".json", ".jsonl", ".md"}


# Its abilities.


@pytest.fixture(scope="module")
def embedded(clap):
    """Embed forty test pieces and their captions."""
    chosen = draw(range(3000, 3200), 40)
    clips = [compose(*piece(index, "test"))[0] for index in chosen.indices]
    return clap.text(chosen.texts), np.concatenate(clap.audio(clips))


def test_captions_find_their_pieces(embedded):
    figures = recalls(*embedded)
    assert figures["t2a_r1"] >= 0.55
    assert figures["a2t_r1"] >= 0.55
    assert figures["t2a_r5"] >= 0.85
    assert figures["a2t_r5"] >= 0.85


@pytest.mark.parametrize(
    ("change", "of_first", "of_second"),
    [
        ({"drums": False}, "piano with drums", "piano, no drums"),
        ({"tempo": 160}, "slow, 70 bpm", "fast, 160 bpm"),
        ({"melody": "flute"}, "piano melody", "flute melody"),
        ({"melody": "marimba"}, "piano melody over strings", "marimba melody over strings"),
        ({"chords": "organ"}, "strings chords", "organ chords"),
        ({"bass": None}, "synth bass", "no bass"),
    ],
)
def test_words_move_the_score_the_right_way(clap, change, of_first, of_second):
    base = Spec(melody="piano", chords="strings", bass="synth bass", drums=True, tempo=70, duration=10)
    right = 0
    for seed in range(3):
        clips = [compose(spec, 777 + seed)[0] for spec in (base, replace(base, **change))]
        cosines = clap.text([of_first, of_second]) @ np.concatenate(clap.audio(clips)).T
        right += cosines[0, 0] + cosines[1, 1] > cosines[0, 1] + cosines[1, 0]
    assert right == 3


def test_the_stereo_image_is_not_heard(clap):
    clips = [compose(Spec(image=image, duration=10), 5)[0] for image in ("left", "right")]
    left, right = np.concatenate(clap.audio(clips))
    np.testing.assert_allclose(left, right, atol=2e-2)


# The data.


def test_members_of_a_group_differ_in_one_attribute():
    for group in range(30):
        base, seed = piece(group * GROUP)
        assert base.duration == 10
        for member in range(1, GROUP):
            other, other_seed = piece(group * GROUP + member)
            differing = [name for name, value in base.asdict().items() if other.asdict()[name] != value]
            assert len(differing) == 1
            assert seed == other_seed


def test_parts_share_no_seed():
    seeds = [{piece(index, part)[1] for index in range(400)} for part in ("train", "valid", "test")]
    assert not (seeds[0] & seeds[1])
    assert not (seeds[0] & seeds[2])
    assert not (seeds[1] & seeds[2])
    with pytest.raises(KeyError):
        piece(0, "nonsense")


def test_every_text_is_true_of_its_piece():
    rng = np.random.default_rng(0)
    for index in range(150):
        spec = piece(index)[0]
        truth = truth_row(spec)[None]
        text, facts = text_of(spec, rng)
        assert text
        assert not contradicts(facts[None], truth).any(), text
        text, names = caption(spec, index)
        assert not contradicts(fact_row(names)[None], truth).any(), text


@pytest.mark.parametrize(
    ("names", "untrue"),
    [
        ({}, False),
        ({"melody": "piano"}, False),
        ({"melody": "flute"}, True),
        ({"has": "strings"}, False),
        ({"has": "bell"}, True),
        ({"tempo": 113}, False),
        ({"tempo": 120}, True),
        ({"tempo_word": "fast"}, True),
        ({"drums": False}, True),
        ({"mode": "minor"}, True),
        ({"key": "D"}, True),
        ({"density_word": "busy"}, True),
        ({"genre": "jazz"}, False),
        ({"image": "left"}, False),
        ({"image": "reverberant"}, True),
    ],
)
def test_what_contradicts_a_piece(names, untrue):
    spec = Spec(melody="piano", chords="strings", tempo=110, key="C", mode="major", image="wide")
    assert contradicts(fact_row(names)[None], truth_row(spec)[None])[0, 0] == untrue


def test_drums_alone_have_no_key():
    spec = Spec(melody=None, chords=None, bass=None, key="C")
    assert truth_row(spec)[NAMED.index("key")] == UNNAMED
    assert not contradicts(fact_row({"key": "D", "mode": "minor"})[None], truth_row(spec)[None]).any()


def test_no_caption_of_a_draw_is_true_of_two_pieces():
    chosen = draw(range(200), 64)
    facts = [fact_row(caption(*piece(index, "test"))[1]) for index in chosen.indices]
    truths = [truth_row(piece(index, "test")[0]) for index in chosen.indices]
    wrong = contradicts(np.stack(facts), np.stack(truths))
    np.testing.assert_array_equal(wrong, ~np.eye(64, dtype=bool))
    with pytest.raises(ValueError, match="of 64 pieces"):
        draw(range(50), 64)


def test_recalls_of_known_ranks():
    eye = np.eye(8)
    assert recalls(eye, eye) == {"t2a_r1": 1, "t2a_r5": 1, "a2t_r1": 1, "a2t_r5": 1}
    figures = recalls(eye, np.roll(eye, 1, axis=0) + 0.1 * eye)
    assert figures["t2a_r1"] == 0
    assert figures["t2a_r5"] == 1


def test_augmentation_keeps_shape_and_floor():
    mel = np.random.default_rng(0).uniform(-100, 20, (501, 128)).astype(np.float16)
    for seed in range(10):
        out = augment_mel(mel, np.random.default_rng(seed))
        assert out.shape == mel.shape
        assert out.dtype == np.float32
        assert out.min() >= -100
    part = cut_and_repeat(mel, 7, 200)
    np.testing.assert_array_equal(part[:200], part[200:400])
    assert part.shape == mel.shape
    assert (part[400:] == -100).all()


# The recipe.


@pytest.mark.training
def test_the_learning_rate_rises_and_falls_twice():
    recipe = Recipe()
    rates = [recipe.learning_rate(step) for step in range(recipe.steps)]
    assert max(rates) == recipe.rate
    assert min(rates) > 0
    assert rates[-1] < 1e-3 * recipe.rate
    assert rates[recipe.restart - 1] < 1e-3 * recipe.rate < rates[recipe.restart + recipe.warmup]
    assert recipe.available(0) == recipe.first
    assert recipe.available(recipe.steps) == recipe.shards


@pytest.mark.training
def test_the_recipe_runs_and_resumes(tmp_path, capsys):
    from transformers import ClapModel

    def run(out):
        main(["--smoke", "--out", str(tmp_path / out), "--cache", str(tmp_path / "cache")])
        return json.loads(capsys.readouterr().out.splitlines()[-1]), (tmp_path / out / "model.safetensors").read_bytes()

    report, weights = run("out")
    assert report["recipe"]["steps"] == 6
    assert ClapModel.from_pretrained(tmp_path / "out").config.projection_dim == 128
    # Everything is cached: a second call only writes the same weights again.
    assert run("again")[1] == weights
    # Training from scratch gives the same weights.
    (tmp_path / "cache" / "state.pt").unlink()
    assert run("afresh")[1] == weights


@pytest.mark.training
def test_training_stops_when_nobody_composes(tmp_path):
    pool = Pool(tmp_path, None, 8)
    pool.alive = lambda: False
    with pytest.raises(RuntimeError, match="died before it wrote .*train-0000.npy"):
        pool.grow(1)
