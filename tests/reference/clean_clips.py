"""Clean clips: music in which no detector should find a failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mgeval import synth
from mgeval.audio import load_audio

REAL_CLIPS = Path(__file__).parents[3] / "shared" / "data" / "fadtk" / "clips"
"""Folder of the real clips; the fixture `real_clips` uses the same one."""

REAL_DEFECTS = {"mlm-974": frozenset({"leading_silence"})}
"""Failures of the real clips: this one begins with 2 s at -70 dBFS."""

HEADROOM = 0.7
"""Largest sample of a clean clip, so that none reaches full scale."""

TINY_PROMPTS = (
    "a slow sad piano melody over strings, no drums, 70 bpm, wide stereo",
    "happy guitar and organ with drums, 125 bpm, very wide stereo",
    "solo piano, 62 bpm, ping-pong",
    "bell melody over organ chords, bass and drums, 140 bpm, narrow stereo",
    "sad strings with bass, 84 bpm, narrow stereo",
    "drums and bass, guitar, 167 bpm, centered",
    "organ, 100 bpm, minor, wide stereo",
    "cheerful bell and piano with drums, 110 bpm, ping-pong",
)

HARD_CASES = {
    "held organ chords": synth.Spec(melody=None, chords="organ", bass=None, drums=False, tempo=60, density=0),
    "held pads": synth.Spec(melody=None, chords="pad", bass=None, drums=False, tempo=72, image="wide"),
    "sparse piano": synth.Spec(chords=None, bass=None, drums=False, tempo=60, density=0, image="reverberant"),
    "sparse bell": synth.Spec(melody="bell", chords=None, bass=None, drums=False, tempo=66, density=0),
    "drums, rock": synth.Spec(melody=None, chords=None, bass=None, genre="rock", image="wide"),
    "drums, four": synth.Spec(melody=None, chords=None, bass=None, genre="electronic", tempo=128, image="wide"),
    "drums, jazz": synth.Spec(melody=None, chords=None, bass=None, genre="jazz", tempo=150, image="reverberant"),
    "drums and bass": synth.Spec(melody=None, chords=None, bass="synth bass", genre="electronic", image="wide"),
    "techno": synth.Spec(melody=None, chords="synth", bass="synth bass", genre="electronic", tempo=140),
    "hard split": synth.Spec(chords="organ", image="split", spread=-45),
    "hard split duo": synth.Spec(chords="guitar", bass=None, drums=False, image="split", spread=-45),
    "hard ping-pong": synth.Spec(melody="marimba", image="ping-pong"),
    "dense wide": synth.Spec(melody="synth", genre="rock", density=1, tempo=170, image="wide"),
    "low bass": synth.Spec(melody=None, chords=None, bass="synth bass", drums=False, image="center"),
}


class Clean(NamedTuple):
    """A clip and the failures that it has on purpose."""

    name: str
    x: np.ndarray
    rate: int
    meant: frozenset[str]
    """Kinds of failure that the clip has on purpose, such as a mono image; they are not counted."""


SILENT = 1e-6
"""Sample value of -120 dBFS, which is below the resolution of 16 bits."""


def compose_clips(seeds: range, duration: float = 10.0) -> list[Clean]:
    """Compose the hard cases and pieces by `random_spec`; every fifth has a fade-out."""
    specs = list(HARD_CASES.items()) + [(f"random {seed}", synth.random_spec(seed)) for seed in seeds]
    clips = []
    for number, (name, spec) in enumerate(specs):
        audio, _ = synth.compose(replace(spec, duration=duration), seeds.start + number)
        x = audio.samples.astype(np.float32)
        if number % 5 == 4:
            # A fade-out over the last 3 s is not a failure.
            name, x = f"{name}, faded", x * np.clip((duration - np.arange(x.shape[1]) / audio.rate) / 3, 0, 1)
        clips.append(_clean(name, x, audio.rate, _intended_failures(spec)))
    return clips


def _intended_failures(spec: synth.Spec) -> frozenset[str]:
    if abs(spec.stereo.pan) == 45:
        return frozenset({"dead_channel", "imbalance"})
    # Bass and kick are mono in every image.
    return frozenset({"collapsed_stereo"}) if spec.image == "mono" or spec.voices == ("bass",) else frozenset()


def generate_clips(seeds: range, duration: float = 8.0) -> list[Clean]:
    """Generate clips with the tiny model."""
    from mgeval.models import Sampling, load_model

    prompts = [TINY_PROMPTS[seed % len(TINY_PROMPTS)] for seed in seeds]
    sampling = [Sampling(duration=duration, seed=seed) for seed in seeds]
    clips = [clip.audio for clip in load_model("tiny").generate(prompts, sampling, progress=False)]
    # The model uses the same codes for both sides if the prompt asks for the centre.
    meant = [
        _generated_failures(clip.samples, clip.rate) | ({"collapsed_stereo"} if "centered" in prompt else frozenset())
        for prompt, clip in zip(prompts, clips, strict=True)
    ]
    return [_clean(f"tiny {n}", a.samples, a.rate, m) for n, a, m in zip(seeds, clips, meant, strict=True)]


def _generated_failures(x: np.ndarray, rate: int) -> frozenset[str]:
    """Return the failures that are evident in the samples: models generate silent channels and equal channels."""
    seconds = x[:, : x.shape[1] // rate * rate].reshape(2, -1, rate)
    dead = (np.abs(seconds).max(axis=2) < SILENT).sum(axis=0) == 1
    same = np.abs(seconds[0] - seconds[1]).max(axis=1) < SILENT
    return frozenset({"dead_channel"} if dead.any() else ()) | ({"collapsed_stereo"} if same.mean() > 0.5 else set())


def load_recordings(folder: Path = REAL_CLIPS) -> list[Clean]:
    """Load the real clips; none if they are missing."""
    clips = []
    for path in sorted(folder.glob("*.opus")):
        audio = load_audio(path)
        clips.append(_clean(path.stem, audio.samples, audio.rate, REAL_DEFECTS.get(path.stem, frozenset())))
    return clips


def _clean(name: str, x: np.ndarray, rate: int, meant: frozenset[str]) -> Clean:
    x = x.astype(np.float32)
    return Clean(name, x * np.float32(min(HEADROOM / np.abs(x).max(), 1)), rate, meant)
