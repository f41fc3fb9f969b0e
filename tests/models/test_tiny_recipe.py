"""The recipe of the tiny model: composer, captions, codes, a few steps of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mgeval.models import Sampling, load_model
from training.musicgen_tiny import build, drumming, layout, pack, score, tokens, train, words
from training.musicgen_tiny.reading import SOUNDING, read

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def tokenizer():
    return tokens.learn_tokenizer(train.captions(300))


def test_codes_and_meanings_are_one_to_one():
    assert len(layout.CODE) == sum(map(len, layout.KEYS))
    assert max(layout.CODE.values()) < layout.CODES


@pytest.mark.parametrize("length", [2, 9, 30, 120])
@pytest.mark.parametrize("name", layout.MELODIES)
def test_a_note_has_a_code_for_each_frame(name, length):
    codes = layout.note_codes("melody", name, 72, length)
    assert len(codes) == length
    assert layout.KEYS[layout.LINES][codes[0] - 1] == ("melody", name, 72, 0)


def test_a_shorter_clip_is_the_beginning_of_a_longer_one():
    for number in range(20):
        long, short = train.compose_clip(0, number, 400)[1], train.compose_clip(0, number, 150)[1]
        assert np.array_equal(long[:, :150], short)


def test_composed_clips_read_as_what_they_were_composed_to_be():
    right = {"melody": [], "drums": [], "mode": [], "tempo": [], "image": []}
    for number in range(60):
        plan, codes = train.compose_clip(4, number, 500)
        found = read(codes)
        right["drums"].append((found.instruments.get("drums", 0) > SOUNDING) == plan.drums)
        right["tempo"].append(any(abs(found.tempo * o * plan.eighth / 1500 - 1) < 0.06 for o in (0.5, 1, 2)))
        if plan.melody:
            right["melody"].append(found.instruments[plan.melody] > SOUNDING)
            right["mode"].append(found.mode == plan.mode)
        if plan.melody and plan.chords:
            right["image"].append(found.image == {"mono": "center"}.get(plan.image, plan.image))
    assert all(np.mean(values) > 0.93 for values in right.values()), {k: np.mean(v) for k, v in right.items()}


def test_a_melody_is_never_on_the_codebook_of_its_other_side():
    # The later side must depend on the earlier one: see layout.
    for left, right in layout.ROWS.values():
        assert left % 2 == 0
        assert right % 2 == 1
        assert left // 2 != right // 2
        assert layout.TABLE_OF_CODEBOOK[left // 2] == layout.TABLE_OF_CODEBOOK[right // 2]


def test_what_counts_is_seen_before_every_eighth():
    for number in range(40):
        plan, codes = train.compose_clip(3, number, 300)
        rows = [layout.KEYS[layout.HARMONY][code - 1] for code in codes[layout.ROWS["drums"][0]]]
        for frame in range(plan.eighth - 1, 300, plan.eighth):
            assert rows[frame] == ("count", "tick", plan.eighth, plan.eighth - 1)


def test_captions_are_wrong_as_often_as_they_shall_be():
    rng = np.random.default_rng(0)
    plans = [score.random_plan(rng) for _ in range(600)]
    wrong = np.mean([words.corrupt(plan, rng)[0].mode != plan.mode for plan in plans])
    assert words.WRONG - 0.03 < wrong < words.WRONG + 0.03
    assert not any(words.corrupt(plan, rng, 0)[0] != plan for plan in plans)


def test_every_tempo_is_named_for_the_nearest_that_can_be_played():
    rng = np.random.default_rng(1)
    named = {}
    for plan in (score.random_plan(rng) for _ in range(4000)):
        said, tempo = words.corrupt(plan, rng, 0)
        assert said.eighth == score.eighth_frames(tempo)
        named.setdefault(said.eighth, set()).add(tempo)
    assert set().union(*named.values()) == set(range(words.SLOWEST, words.FASTEST + 1))


def test_phrases_hold_what_is_filled_in_and_nothing_twice():
    fields = {"side": ("s", "o"), "bpm": ("t",), "duet": ("m", "c"), "solo": ("m",)}
    fields["sentence"] = ("players", "mode", "tempo", "drums", "image")
    for meaning, wordings in words.phrases().items():
        assert len(set(wordings)) == len(wordings), meaning
        filled = [text.format(**dict.fromkeys(fields.get(meaning, ()), "X")) for text in wordings]
        assert all(("X" in text) == (meaning in fields) for text in filled), meaning
    assert not [word for word in (*words.phrases()["drums"], *words.phrases()["no drums"]) if "{" in word]
    assert not set(words.phrases()["drums"]) & set(words.phrases()["no drums"])
    assert not set(drumming.SWITCHES[True]) & set(drumming.SWITCHES[False])


def test_drums_are_switched_in_a_word_or_two():
    rng = np.random.default_rng(0)
    on, off = ({words._pick_phrase(meaning, rng) for _ in range(3000)} for meaning in ("drums", "no drums"))
    assert "drums on" in on
    assert "drums off" in off
    assert not on & off


def test_what_is_said_of_drums_never_means_both():
    rng = np.random.default_rng(0)
    wanted, not_wanted = ({drumming.drum_phrase(present, rng) for _ in range(5000)} for present in (True, False))
    assert not wanted & not_wanted
    assert not [text for text in (*wanted, *not_wanted) if "{" in text]


def test_words_in_brackets_are_the_same_words(tokenizer):
    bare = tokenizer.tokenize("piano no drums wide")
    assert [token for token in tokenizer.tokenize('piano (no drums); "wide"') if token.strip('▁();"')] == bare


def test_tempi_are_one_token_and_bytes_spell_the_rest(tokenizer):
    assert "97" in tokenizer.tokenize("at 97bpm")
    assert tokenizer.unk_token_id not in tokenizer("Größe 音楽").input_ids


def test_delay_pattern_matches_transformers(tokenizer):
    from training.musicgen_tiny.network import new_network

    network = new_network(len(tokenizer), 0)
    _, codes = train.compose_clip(0, 1, 40)
    inputs, targets = train.apply_delay(codes[None])
    shown = torch.full((8, 1), layout.CODES)
    shown = torch.cat([shown, torch.tensor(codes.astype(np.int64))], dim=1)
    _, pattern = network.decoder.build_delay_pattern_mask(shown, layout.CODES, max_length=inputs.shape[2] + 1)
    pattern = pattern[:, : inputs.shape[2]].numpy()
    seen = pattern != -1
    assert np.array_equal(inputs[0][seen], pattern[seen])
    assert (targets[0][:, 0] != train.IGNORED).tolist() == [True, True] + [False] * 6


def test_the_recipe_runs_and_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "READING_STEPS", 2)
    monkeypatch.setattr(train, "STAGES", (train.Stage(1.0, 1.0, 2),))
    stopped, _ = build.train_network(tmp_path / "a", 6, 0, until=3, captions_read=300)
    resumed, tokenizer = build.train_network(tmp_path / "a", 6, 0, captions_read=300)
    straight, _ = build.train_network(tmp_path / "b", 6, 0, captions_read=300)
    first, second, third = (network.decoder.lm_heads[3].weight for network in (stopped, resumed, straight))
    assert float((first - second).abs().max().detach()) > 0
    assert float((second - third).abs().max().detach()) < 1e-5
    losses = [torch.load(tmp_path / name / "training-0.pt", weights_only=True)["losses"] for name in "ab"]
    assert len(losses[0]) == 6
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    monkeypatch.setattr(pack, "EXAMPLES", 4)
    model = load_model(pack.write_checkpoint(resumed, tokenizer, tmp_path / "out"))
    assert model.generate("piano", Sampling(duration=0.2), progress=False)[0].audio.samples.shape == (2, 6400)
    assert model.decode(train.compose_clip(2, 3, 50)[1]).peak > 0.05


def voices(**sides):
    """Return codes of half-second notes, from a list of (left sounds, right sounds) per voice."""
    codes = np.zeros((8, 25 * max(map(len, sides.values()))), np.int64)
    for voice, notes in sides.items():
        name, pitch = ("bell", 72) if voice == "melody" else ("organ", "C")
        for number, sounds in enumerate(notes):
            for row, there in zip(layout.ROWS[voice], sounds, strict=True):
                codes[row, 25 * number : 25 * number + 25] = there * np.array(layout.note_codes(voice, name, pitch, 25))
    return codes


LEFT, RIGHT, BOTH = (1, 0), (0, 1), (1, 1)


@pytest.mark.parametrize(
    ("image", "sides"),
    [
        ("ping-pong", {"melody": [LEFT, RIGHT] * 4}),
        ("other", {"melody": [LEFT] * 6 + [RIGHT] * 2}),
        ("other", {"melody": [LEFT] * 8, "chords": [RIGHT] * 8}),
        ("left", {"melody": [LEFT] * 8}),
        ("center", {"melody": [BOTH] * 8, "chords": [BOTH] * 8}),
    ],
)
def test_images_are_read(image, sides):
    assert read(voices(**sides)).image == image


def test_a_late_melody_over_even_chords_is_not_wide():
    codes = voices(melody=[BOTH] * 8, chords=[BOTH] * 8)
    right = layout.ROWS["melody"][1]
    codes[right] = np.roll(codes[right], 1)
    assert read(codes).image == "other"


def test_noise_and_silence_are_no_music():
    noise = read(np.random.default_rng(0).integers(1024, size=(8, 500)))
    assert not any(share > SOUNDING for share in noise.instruments.values())
    silence = read(np.zeros((8, 100), np.int64))
    assert silence.instruments == {}
    assert silence.image == "other"
    assert silence.mode == ""
    assert np.isnan(silence.tempo)
