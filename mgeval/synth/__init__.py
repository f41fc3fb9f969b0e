"""A procedural composer: stereo music with known ground truth.

`compose` turns a `Spec` and a seed into audio and its ground truth: tempo, key, every note,
and the position of each voice in the stereo image. `parse` reads a prompt, `describe` writes one.

Examples
--------
>>> audio, truth = compose(Spec(image="left", duration=2), seed=0)
>>> audio, truth["pan"]["melody"]
(Audio(stereo, 2.00 s, 32000 Hz), -30.0)
"""

from __future__ import annotations

from mgeval.synth.captions import describe
from mgeval.synth.genres import GENRES
from mgeval.synth.instruments import BASSES, INSTRUMENTS
from mgeval.synth.reading import parse
from mgeval.synth.render import VERSION, compose
from mgeval.synth.spec import Spec, SpecError, random_spec
from mgeval.synth.stereo import IMAGES

__all__ = [
    "BASSES",
    "GENRES",
    "IMAGES",
    "INSTRUMENTS",
    "VERSION",
    "Spec",
    "SpecError",
    "compose",
    "describe",
    "parse",
    "random_spec",
]
