"""The tiny CLAP, loaded once, and a few clips."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from mgeval import embed
from mgeval.audio import Audio
from mgeval.hub import CLAP_TINY
from mgeval.synth import Spec, compose


@pytest.fixture(scope="session")
def clap():
    return embed.load("clap:tiny")


@pytest.fixture(scope="session")
def music():
    """Return twelve seconds of stereo music, 32 kHz."""
    return compose(Spec(melody="bell", chords="strings", image="wide", duration=12), 3)[0]


@pytest.fixture
def noise():
    """Return a function that generates stereo noise of a given duration."""

    def make(seconds, rate=32000, seed=0):
        return Audio(np.random.default_rng(seed).normal(0, 0.1, (2, round(seconds * rate))), rate)

    return make


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the tiny checkpoint that a test may damage."""
    return shutil.copytree(CLAP_TINY, tmp_path / "clap")
