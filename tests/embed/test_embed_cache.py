"""Vectors in a store: their keys are content, embedder and recipe, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mgeval import embed
from mgeval.audio import Audio, load_audio, save_audio
from mgeval.embed.base import Embedder
from mgeval.errors import ModelError
from mgeval.runs import audio_hash
from mgeval.runs.store import Store
from mgeval.scoring.vectors import BATCH, cached_vectors, vectors_key


class Counting(Embedder):
    """Returns two rows of the clip's mean and peak, and counts the clips."""

    id, rate, dim, recipe = "counting@1", 1000, 2, "as it is"

    def __init__(self):
        self.heard = 0

    def audio(self, clips):
        self.heard += len(clips)
        return [np.full((2, 2), [clip.samples.mean(), clip.peak], np.float32) for clip in clips]


@pytest.fixture
def clips(noise):
    return [noise(0.1, seed=seed) for seed in range(BATCH + 3)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_what_was_heard_once_is_not_heard_again(clips, store):
    embedder = Counting()
    first = cached_vectors(embedder, clips, store)
    assert embedder.heard == len(clips)
    again = cached_vectors(embedder, clips[::-1], Store(store.path))
    assert embedder.heard == len(clips)
    for rows, kept, clip in zip(first, again[::-1], clips, strict=True):
        np.testing.assert_array_equal(rows, kept)
        np.testing.assert_array_equal(rows, embedder.audio([clip])[0])


def test_equal_clips_are_heard_once_and_nothing_is_written_without_a_store(clips, tmp_path):
    embedder = Counting()
    rows = cached_vectors(embedder, [clips[0]] * 40 + [clips[1]], None)
    assert len(rows) == 41
    assert embedder.heard == 2
    assert not list(tmp_path.iterdir())
    assert cached_vectors(embedder, [], None) == []


@pytest.mark.parametrize(("name", "value"), [("id", "counting@2"), ("recipe", "louder")])
def test_another_checkpoint_or_recipe_hears_for_itself(clips, store, name, value):
    embedder = Counting()
    cached_vectors(embedder, clips[:1], store)
    setattr(embedder, name, value)
    cached_vectors(embedder, clips[:1], store)
    assert embedder.heard == 2


def test_the_sound_counts_and_not_the_file(clips, store, tmp_path):
    embedder, file = Counting(), tmp_path / "clip.wav"
    rows = {}
    for name, clip in (("first", clips[0]), ("second", clips[1])):
        save_audio(clip, file)
        rows[name] = cached_vectors(embedder, [load_audio(file)], store)[0]
    assert embedder.heard == 2
    assert not np.array_equal(rows["first"], rows["second"])
    cached_vectors(embedder, [load_audio(save_audio(clips[0], tmp_path / "other.wav"))], store)
    assert embedder.heard == 2
    cached_vectors(embedder, [Audio(clips[0].samples, 44100), Audio(clips[0].samples[::-1], 32000)], store)
    assert embedder.heard == 4


@pytest.mark.parametrize("damage", [b"", b"nonsense", "short", "other shape"])
def test_a_damaged_file_counts_as_none(clips, store, damage):
    embedder = Counting()
    rows = cached_vectors(embedder, clips[:1], store)
    (file,) = store.path.rglob("*.npy")
    if damage == "other shape":
        np.save(file, np.zeros((2, 3), np.float32))
    else:
        file.write_bytes(file.read_bytes()[:-4] if damage == "short" else damage)
    np.testing.assert_array_equal(cached_vectors(embedder, clips[:1], store), rows)
    np.testing.assert_array_equal(cached_vectors(embedder, clips[:1], store), rows)
    assert embedder.heard == 2


def test_a_run_that_was_killed_keeps_what_it_has(clips, store):
    class Dying(Counting):
        def audio(self, clips):
            if self.heard:
                raise KeyboardInterrupt
            return super().audio(clips)

    with pytest.raises(KeyboardInterrupt):
        cached_vectors(Dying(), clips, store)
    embedder = Counting()
    cached_vectors(embedder, clips, store)
    assert embedder.heard == len(clips) - BATCH


def test_a_store_with_nothing_but_vectors_opens(clips, store):
    cached_vectors(Counting(), clips[:1], store)
    assert len(Store(store.path).table()) == 0


def test_the_key_never_changes_by_itself():
    clip = Audio(np.arange(8, dtype=np.float32)[None] / 8, 8000)
    assert vectors_key(Counting(), audio_hash(clip)) == "58f705e98ad386f86524e05eb713eff6"


def test_what_does_not_fit_is_refused(clips, store):
    embedder = Counting()
    with pytest.raises(ModelError, match="brackets"):
        cached_vectors(embedder, clips[0], store)
    with pytest.raises(ModelError, match="not ndarray"):
        cached_vectors(embedder, [clips[0].samples], store)
    embedder.dim = 3
    with pytest.raises(ModelError, match=r"counting@1 returned float32 \(2, 2\) for a clip, need .* 3\)"):
        cached_vectors(embedder, clips[:1], store)
    embedder.audio = lambda several: []
    with pytest.raises(ModelError, match="returned vectors of 0 clips for 1"):
        cached_vectors(embedder, clips[:1], store)
    assert not list(store.path.rglob("*.npy"))


def test_an_embedder_without_a_store_gives_the_same(music, store):
    mel = embed.load("mel")
    for rows in (*cached_vectors(mel, [music], store), *cached_vectors(mel, [music], store)):
        np.testing.assert_array_equal(rows, mel.audio([music])[0])
