"""Checkpoints: those that come with mgeval, those on disk, and those on the hub."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
MUSICGEN_TINY = WEIGHTS / "musicgen_tiny"
"""A MusicGen-stereo so small that it comes with mgeval: ``load_model("tiny")``; plain transformers loads it too."""

CLAP_TINY = WEIGHTS / "clap_tiny"
"""A CLAP that knows the music of `mgeval.synth`: ``clap:tiny``."""
