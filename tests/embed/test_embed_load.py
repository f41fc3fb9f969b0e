"""Finding embedders by name, cutting clips into windows, and what importing costs."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest

from mgeval import embed
from mgeval.audio import Audio
from mgeval.embed.base import cut, mono_at, repeat_pad
from mgeval.errors import ModelError


@pytest.mark.parametrize(
    "name, hint",
    [
        ("clap:tinny", "did you mean 'clap:tiny'"),
        ("clap", "did you mean"),
        ("clap:", "no embedder is called"),
        ("mell", "did you mean 'mel'"),
        ("vgish", "did you mean 'vggish'"),
        ("nonsense:x", "valid: clap:tiny, encodec:tiny, mel, vggish; with a checkpoint: clap:PATH"),
        ("mel:x", "'mel' has no variants"),
        ("encodec", "no embedder is called"),
        ("clap:acme", "no such folder"),
        ("clap:/nowhere/at/all", "no such folder"),
        (None, "no embedder is called None"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, hint):
    with pytest.raises(ModelError, match=hint):
        embed.load(name)


def test_importing_loads_nothing_heavy():
    code = (
        "import sys; import mgeval.embed as e; e.load('mel');"
        "print([m for m in ('torch', 'transformers', 'librosa', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "seconds, windows", [(0.1, 1), (3, 1), (10, 1), (10.005, 1), (10.02, 2), (12, 2), (15, 2), (15.5, 3), (31, 6)]
)
def test_windows_cover_the_clip(seconds, windows):
    x = np.arange(round(seconds * 1000))
    parts = cut(x, 10_000, 5_000, tail=10)
    assert len(parts) == windows
    assert parts[0][0] == 0 and len(x) - 1 - parts[-1][-1] <= 10
    if seconds >= 10:
        assert {len(part) for part in parts} == {10_000}
        assert max(np.diff([part[0] for part in parts]), default=0) <= 5_000
    else:
        np.testing.assert_array_equal(parts[0], x)


def test_short_windows_are_repeated_whole():
    np.testing.assert_array_equal(repeat_pad(np.arange(1, 4), 8), [1, 2, 3, 1, 2, 3, 0, 0])
    np.testing.assert_array_equal(repeat_pad(np.arange(8), 8), np.arange(8))
    assert len(repeat_pad(np.ones(1), 8)) == 8


def test_mono_is_the_mean_and_never_empty(noise):
    clip = noise(1.0)
    swapped = Audio(clip.samples[::-1], clip.rate)
    np.testing.assert_array_equal(mono_at(clip, 48000), mono_at(swapped, 48000))
    np.testing.assert_array_equal(mono_at(clip, 32000), clip.mono().samples[0])
    for rate in (8000, 96000):
        assert len(mono_at(Audio(np.full((2, 1), 0.5), rate), 48000)) >= 1


class Point:
    """An entry point of another package's."""

    name, value = "other", "other_package:load"

    def __init__(self, function):
        self.load = lambda: function


def test_other_packages_add_kinds(monkeypatch):
    def points(function):
        monkeypatch.setattr(embed, "_entry_points", lambda: [Point(function)])

    mel = embed.load("mel")
    points(lambda name, revision: mel if (name, revision) == ("other:thing", "v1") else None)
    assert embed.load("other:thing", "v1") is mel
    with pytest.raises(ModelError, match="other_package:load returned NoneType, not an"):
        embed.load("other:else")
    deaf = copy.copy(mel)
    deaf.audio = lambda clips: [np.ones((1, mel.dim), np.float32) for _ in clips]
    points(lambda name, revision: deaf)
    with pytest.raises(ModelError, match="other: broken audio tower, it gives 4 different inputs almost the same"):
        embed.load("other")
    mute = copy.copy(mel)
    mute.has_text, mute.text = True, lambda texts: np.ones((len(texts), mel.dim), np.float32)
    points(lambda name, revision: mute)
    with pytest.raises(ModelError, match="other: broken text tower"):
        embed.load("other")
    points(lambda name, revision: 1 / 0)
    with pytest.raises(ModelError, match="other_package:load cannot load it .ZeroDivisionError"):
        embed.load("other")
    with pytest.raises(ModelError, match="did you mean 'other'"):
        embed.load("othr")
    # What is built in cannot be taken over.
    assert embed.load("mel").id == mel.id


def test_entry_points_are_of_our_group(monkeypatch):
    import importlib.metadata

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [group])
    assert embed._entry_points() == ["mgeval.embedders"]


@pytest.mark.parametrize("name", embed.NAMES)
def test_what_is_no_list_of_clips_is_refused(name, noise):
    embedder = embed.load(name)
    with pytest.raises(ModelError, match="brackets"):
        embedder.audio(noise(1))
    with pytest.raises(ModelError, match="not ndarray"):
        embedder.audio([noise(1).samples])
    assert embedder.audio([]) == []
    assert embedder.id.startswith(f"{name}@") and embedder.id in repr(embedder)


def test_a_kind_is_one_file(monkeypatch, tmp_path):
    (tmp_path / "bands.py").write_text(
        "from mgeval.embed.mel import Mel\n\n"
        "class Bands(Mel):\n    def __init__(self, name):\n        super().__init__()\n        self.id = name\n\n"
        "def load_bands(name, revision=None):\n    return Bands(f'{name}@{revision}')\n"
    )
    (tmp_path / "helpers.py").write_text("def load_nothing(name, revision=None):\n    raise AssertionError\n")
    monkeypatch.setattr(embed, "__path__", [*embed.__path__, str(tmp_path)])
    assert embed.load("bands").id == "bands@None"
    assert embed.load("bands:wide", "v1").id == "bands:wide@v1"
    with pytest.raises(ModelError, match="did you mean 'bands'"):
        embed.load("band")
    with pytest.raises(ModelError, match="valid: bands, clap:tiny, encodec:tiny, mel, vggish; with a checkpoint"):
        embed.load("helpers")
    for name in ("bands", "helpers"):
        del sys.modules[f"mgeval.embed.{name}"], vars(embed)[name]


def test_the_kinds_are_the_modules_with_a_loader():
    kinds = [module.__name__.rpartition(".")[2] for module in embed._kind_modules()]
    assert kinds == ["clap", "encodec", "laion", "mel", "mert", "vggish"]
    for module in embed._kind_modules():
        kind = module.__name__.rpartition(".")[2]
        assert all(form.partition(":")[0] == kind for form in embed._forms(module))
        assert f"``{embed._forms(module)[0]}``" in embed.load.__doc__, f"the docstring of load lacks {kind}"
    forms = [form for module in embed._kind_modules() for form in embed._forms(module)]
    assert set(embed.NAMES) <= set(forms)
