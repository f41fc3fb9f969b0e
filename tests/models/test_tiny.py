"""The tiny model: its folder, its codec, and how it follows prompts."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from mgeval.hub import CLAP_TINY
from mgeval.hub import MUSICGEN_TINY as FOLDER
from mgeval.metrics import stereo
from mgeval.models import Sampling, load_model, model_revision
from training.musicgen_tiny import layout
from training.musicgen_tiny.reading import SOUNDING, read
from training.musicgen_tiny.sound import play, render_tables
from training.musicgen_tiny.train import compose_clip

MEGABYTE = 1e6
PLAIN = """
import sys, torch
from transformers import AutoProcessor, MusicgenForConditionalGeneration
processor = AutoProcessor.from_pretrained(sys.argv[1])
model = MusicgenForConditionalGeneration.from_pretrained(sys.argv[1])
inputs = processor(text=["a slow piano melody with drums", "bells"], padding=True, return_tensors="pt")
torch.manual_seed(0)
audio = model.generate(**inputs, max_new_tokens=53)
assert not any(name.startswith("mgeval") for name in sys.modules)
print(tuple(audio.shape), model.config.audio_encoder.sampling_rate, {str(w.dtype) for w in model.parameters()},
      bool(audio.abs().max() > 0.01), bool(audio.abs().max() < 1))
"""


@pytest.fixture(scope="module")
def tiny():
    return load_model("tiny", device="cpu")


@pytest.fixture(scope="module")
def tables():
    return render_tables()


def wave(tiny, codes):
    """Decode a clip's codes with the codec, ``(2, samples)``."""
    return tiny.decode(codes).samples


def test_plain_transformers_loads_the_folder():
    command = [sys.executable, "-c", PLAIN, str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("(2, 2, 32000) 32000 {'torch.float32'} True True")


def test_the_folder_is_small_and_holds_no_pickle():
    files = list(FOLDER.iterdir())
    assert {path.suffix for path in files} <= {".json", ".safetensors"}
    # As stated in its card and in README; with the tiny CLAP it must stay under 24.
    size = sum(path.stat().st_size for path in files) / MEGABYTE
    assert round(size) == 14
    assert size + sum(path.stat().st_size for path in CLAP_TINY.iterdir()) / MEGABYTE < 24
    config = json.loads((FOLDER / "config.json").read_text())
    assert config["dtype"] == "float32"
    assert config["decoder"]["audio_channels"] == 2
    assert config["decoder"]["num_codebooks"] == 8
    generation = json.loads((FOLDER / "generation_config.json").read_text())
    assert generation["guidance_scale"] == 3.0
    assert generation["do_sample"] is True


def test_it_is_a_model_by_name(tiny):
    assert tiny.name == "tiny"
    assert tiny.rate == 32000
    assert tiny.channels == 2
    assert tiny.codebooks == 8
    assert tiny.revision == model_revision("tiny")


def test_the_codec_adds_up_the_tables(tiny, tables):
    _, codes = compose_clip(2, 3, 150)
    expected = np.stack([play(codes[side::2], tables) for side in (0, 1)])
    error = wave(tiny, codes) - expected
    # 254 of 1280 dimensions are kept.
    assert (error**2).sum() < 10**-4 * (expected**2).sum()
    assert np.abs(error).max() < 0.01


def test_silence_is_silent(tiny):
    assert np.abs(wave(tiny, np.zeros((8, 20), int))).max() < 1e-5


# The quantizer tries the chords' table first, so chords are reconstructed well and other voices only roughly.
@pytest.mark.parametrize(
    ("voice", "name", "pitch", "lost"), [("chords", "organ", "Am", 0.01), ("melody", "piano", 72, 0.3)]
)
def test_how_much_of_a_lone_voice_encoding_loses(tiny, voice, name, pitch, lost):
    codes = np.zeros((8, 100), np.int64)
    for start in range(0, 100, 25):
        for row in layout.ROWS[voice]:
            codes[row, start : start + 25] = layout.note_codes(voice, name, pitch, 25)
    first = tiny.decode(codes)
    again = wave(tiny, tiny.encode(first))
    assert ((again - first.samples) ** 2).sum() < lost * (first.samples**2).sum()


def test_greedy_is_deterministic_and_sampling_is_not(tiny):
    greedy = [tiny.generate("a piano melody", Sampling(temperature=0, duration=1, seed=s))[0].codes for s in (0, 1)]
    assert np.array_equal(*greedy)
    drawn = [tiny.generate("a piano melody", Sampling(duration=2, seed=s))[0].codes for s in (0, 1)]
    assert not np.array_equal(*drawn)


IMAGES = {
    "left": lambda x: stereo.balance_db(x) < -6,
    "right": lambda x: stereo.balance_db(x) > 6,
    "mono": lambda x: stereo.width(x) < 0.02,
    "wide": lambda x: stereo.width(x) > 0.05,
}
PROMPTS = {
    "left": "a guitar melody over organ chords, panned hard left",
    "right": "a guitar melody over organ chords, panned hard right",
    "mono": "a guitar melody over organ chords, in mono",
    "wide": "a guitar melody over organ chords, very wide stereo",
}


@pytest.mark.parametrize("image", IMAGES)
def test_the_image_is_heard_in_most_clips(tiny, image):
    samplings = [Sampling(duration=3, seed=seed) for seed in range(8)]
    clips = tiny.generate([PROMPTS[image]] * 8, samplings, progress=False)
    assert sum(bool(IMAGES[image](clip.audio.samples)) for clip in clips) >= 6


def test_clips_do_not_clip_and_drums_are_as_asked(tiny):
    prompts = ["a fast piano tune with drums, 120 bpm", "a slow piano tune, no drums, 80 bpm"]
    clips = [clip for p in prompts for clip in tiny.generate([p] * 3, [Sampling(duration=3, seed=s) for s in range(3)])]
    drums = [read(clip.codes).instruments.get("drums", 0) > SOUNDING for clip in clips]
    assert sum(drums[:3]) >= 2
    assert sum(drums[3:]) <= 1
    assert all(np.abs(clip.audio.samples).max() < 1 for clip in clips)


def test_an_unknown_word_is_spelled(tiny):
    ids = tiny.tokenizer("zzyzx Größe 音楽 90bpm").input_ids
    assert tiny.tokenizer.unk_token_id not in ids
