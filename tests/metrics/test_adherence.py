"""Claims of prompts and their checks: phrases, the composer's images, degenerate input, tables."""

from dataclasses import replace

import numpy as np
import pytest
from signals import RATE, correlated, noise, panned, tone

import mgeval as mg
from mgeval import synth
from mgeval.metrics import Undefined
from mgeval.metrics.adherence import CHECKS, adherence, alternation, check_claims, fade_out_db, prior_chance
from mgeval.metrics.claims import KINDS, Claim, claims
from mgeval.prompts import SPATIAL

PIECES = 20


def kinds(prompt):
    return [claim.kind for claim in claims(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("upbeat pop at 120 bpm", [Claim("tempo", 120)]),
        ("disco, 117.5 BPM", [Claim("tempo", 117.5)]),
        ("100-120 bpm house", []),
        ("from 100 bpm to 140 bpm", []),
        ("at 900 bpm", []),
        ("an allegro in D major", [Claim("key", 2)]),
        ("in B\N{MUSIC FLAT SIGN} minor", [Claim("key", 22)]),
        ("F sharp major, wide stereo", [Claim("key", 6), Claim("wide")]),
        ("A minor setback", []),
        ("in A minor", [Claim("key", 21)]),
        ("a ballad in a minor key", [Claim("mode", 1)]),
        ("from C major to G major", []),
        ("guitar panned hard to the left", [Claim("left")]),
        ("everything in the right channel", [Claim("right")]),
        ("piano on the left, guitar on the right", []),
        ("not panned left", []),
        ("no ping-pong, wide stereo image", [Claim("wide")]),
        ("without any drums", [Claim("no drums")]),
        ("bells, no drums, in mono", [Claim("mono"), Claim("no drums")]),
        ("only drums", [Claim("drums only")]),
        ("it fades out at the end", [Claim("fades out")]),
        ("a worldwide hit with a wide range", []),
        ("monophonic synth with the left hand", []),
        ("a waltz, not in C minor", []),
        ("Never in G major", []),
        ("piano in D major, no C minor anywhere", [Claim("key", 2)]),
        ("between 90 and 100 bpm", []),
        ("below 100 bpm", []),
        ("faster than 120 bpm", []),
        ("a breakdown in the middle", []),
        ("on the right track", []),
        ("vocals in the center, guitars left and right", []),
        ("guitar panned left, vocals in the center", []),
        ("mono synth lead, wide stereo", [Claim("wide")]),
        ("a mono mix with a synth", [Claim("mono")]),
        ("a wide mix of instruments", []),
        ("a wide mix", [Claim("wide")]),
        ("just drums and bass", []),
        ("only drums, bass and guitar", []),
        ("bass and drums only", []),
        ("rock with a drum solo", []),
        ("drums and percussion only", [Claim("drums only")]),
        ("just drums and percussion, fast", [Claim("drums only")]),
        ("a drum solo", [Claim("drums only")]),
        ("ballad in B-flat minor", [Claim("key", 22)]),
        ("F-sharp minor fugue", [Claim("key", 18)]),
        ("A-minor song", [Claim("key", 21)]),
        ("120-bpm techno", [Claim("tempo", 120)]),
        ("", []),
    ],
)
def test_what_a_prompt_claims(prompt, expected):
    assert claims(prompt) == expected


def test_every_kind_has_its_check():
    assert tuple(CHECKS) == KINDS


def test_the_spatial_prompts_claim_what_they_say():
    expected = {"none": [], "reverberant": [], "mono": ["centre", "mono"]}
    for claim, phrase in SPATIAL.items():
        assert kinds(phrase.format(scene="calm ambient music with piano")) == expected.get(claim, [claim])


def met(x, kind, asked=None):
    return check_claims(x, RATE, [Claim(kind, asked)])[0].met


PINGPONG = np.concatenate([panned(noise(0.25, n), 40 * (-1) ** n) for n in range(12)], axis=1)
FADED = noise(3.0) * np.linspace(1, 0.001, 3 * RATE)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("left", panned(noise(1.0), -15), panned(noise(1.0), -5)),
        ("right", panned(noise(1.0), 15), panned(noise(1.0), 5)),
        ("centre", panned(noise(1.0), 0), panned(noise(1.0), 15)),
        ("mono", correlated(0.999, 1.0), correlated(0.98, 1.0)),
        ("narrow", correlated(0.75, 1.0), correlated(0.6, 1.0)),
        ("wide", correlated(0.4, 1.0), panned(noise(1.0), 45)),
        ("ping-pong", PINGPONG, np.concatenate([panned(noise(1.5), -45), panned(noise(1.5), 45)], axis=1)),
        ("fades out", np.stack([FADED] * 2), np.stack([noise(3.0)] * 2)),
        ("no drums", np.stack([tone(1.0)] * 2), np.stack([noise(1.0)] * 2)),
        ("drums only", np.stack([noise(1.0)] * 2), np.stack([tone(1.0)] * 2)),
    ],
)
def test_each_claim_has_a_clip_that_meets_it_and_one_that_does_not(kind, good, bad):
    assert (met(good, kind), met(bad, kind)) == (1, 0)
    assert (met(0.1 * good, kind), met(-good, kind)) == (1, 1)


def test_swing_by_hand():
    # Balance is cos^2 - sin^2 of the gains' angle: constant power at +-40 degrees.
    assert alternation(PINGPONG, RATE) == pytest.approx(np.sin(np.radians(80)), abs=0.01)
    assert alternation(PINGPONG[::-1], RATE) == pytest.approx(alternation(PINGPONG, RATE))
    assert alternation(correlated(0.0, 2.0), RATE) == 0


def plain_alternation(x, rate):
    """Compute the swing from side to side, frame by frame in plain numbers."""
    width, powers = rate // 20, []
    for start in range(0, x.shape[1] - width + 1, width):
        piece = x[:, start : start + width]
        powers.append(piece @ piece.T / width)
    loud = max(np.trace(power) for power in powers)
    heard = [power for power in powers if np.trace(power) > max(2e-7, 1e-4 * loud)]
    balance = [(power[1, 1] - power[0, 0]) / np.trace(power) for power in heard]
    ambience = [2 * min(np.linalg.eigvalsh(power)) / np.trace(power) for power in heard]
    turns, side = 0, None
    for value in balance:
        now = "right" if value > 0.2 else "left" if value < -0.2 else side
        turns += side is not None and now != side
        side = now
    return np.std(balance) * (1 - np.median(ambience)) if turns >= 2 else 0.0


def plain_fade(x, rate):
    """Compute the fall from the first half to the end, frame by frame in plain numbers."""
    step, powers, start = rate // 10, [], 0
    while start + 4 * step <= x.shape[1]:
        frame = x[:, start : start + 4 * step]
        powers.append(sum(float(sample) ** 2 for sample in (frame - frame.mean(1, keepdims=True)).ravel()))
        start += step
    half = sorted(powers[: len(powers) // 2])
    middle = (half[(len(half) - 1) // 2] + half[len(half) // 2]) / 2
    return 10 * np.log10(middle / powers[-1])


@pytest.mark.parametrize("image", ["ping-pong", "wide", "left"])
@pytest.mark.parametrize("seed", [1, 5])
def test_swing_and_fading_against_plain_numbers(image, seed):
    spec = replace(synth.random_spec(seed), image=image, pan=None, duration=3, melody="piano")
    x = synth.compose(spec, seed)[0].samples.astype(np.float64)
    assert alternation(x, RATE) == pytest.approx(plain_alternation(x, RATE), abs=1e-6)
    faded = x * np.linspace(1, 0.05, x.shape[1])
    assert fade_out_db(faded, RATE) == pytest.approx(plain_fade(faded, RATE), abs=1e-6)
    assert fade_out_db(faded + 0.05, RATE) == pytest.approx(fade_out_db(faded, RATE), abs=1e-6)
    # Sparse bursts give the same results, too.
    bursts = x * (np.arange(x.shape[1]) % RATE < RATE // 3)
    assert alternation(bursts, RATE) == pytest.approx(plain_alternation(bursts, RATE), abs=1e-6)


def test_fading_by_hand():
    x = np.concatenate([noise(2.0), 0.1 * noise(1.0)])[None]
    assert fade_out_db(x, RATE) == pytest.approx(20, abs=0.3)
    assert fade_out_db(np.concatenate([noise(2.0), np.zeros(RATE)])[None], RATE) == pytest.approx(120)


@pytest.mark.slow
def test_the_composers_images_are_told_apart():
    """Of 20 pieces per image, most meet the claim of their own image, and few that of another."""
    spatial = ["left", "right", "centre", "mono", "narrow", "wide", "ping-pong"]
    asked = [Claim(kind) for kind in spatial]
    shares = {}
    for image in ("mono", "center", "narrow", "wide", "left", "right", "ping-pong"):
        rows = []
        for seed in range(PIECES):
            spec = replace(synth.random_spec(seed), image=image, pan=None, duration=5, melody="piano")
            audio, _ = synth.compose(spec, seed)
            rows.append([verdict.met for verdict in check_claims(audio.samples, audio.rate, asked)])
        shares[image] = dict(zip(spatial, np.mean(rows, axis=0), strict=True))
    for image in ("mono", "narrow", "wide", "left", "right", "ping-pong"):
        # Some ping-pong pieces hardly alternate; the threshold was set so that 9 in 10 of other pieces pass.
        assert shares[image][image] >= (0.75 if image == "ping-pong" else 0.9), (image, shares[image])
    assert shares["center"]["centre"] >= 0.95
    for image, of in shares.items():
        # A mono image is also narrow and in the centre.
        wrong = {"left", "right", "wide", "ping-pong", "mono"} - {image}
        if image in ("mono", "center"):
            wrong.discard("mono")
        if image == "ping-pong":
            wrong.discard("wide")
        assert max(of[kind] for kind in wrong) <= 0.15, (image, of)


def test_tempo_and_key_of_a_piece():
    audio, truth = synth.compose(synth.Spec(tempo=120, key="D", genre="pop", duration=10), 0)
    verdicts = adherence(audio.samples, RATE, "pop at 120 bpm in D major, not mono")
    assert [verdict.claim.kind for verdict in verdicts] == ["tempo", "key"]
    assert all(verdict.met == 1 for verdict in verdicts)
    assert met(audio.samples, "tempo", 60) == met(audio.samples, "key", 3) == met(audio.samples, "mode", 1) == 0


def test_priors():
    assert prior_chance(Claim("key", 3)) == 1 / 24 and prior_chance(Claim("mode", 0)) == 0.5
    # On a logarithmic scale, +-4 % spans 0.08 of the 1.70 from 40 to 220 BPM.
    assert prior_chance(Claim("tempo", 100)) == pytest.approx(0.047, abs=0.001)
    assert isinstance(prior_chance(Claim("left")), Undefined)


@pytest.mark.parametrize("kind", CHECKS)
def test_degenerate_input(kind):
    asked = {"tempo": 120.0, "key": 0.0, "mode": 0.0}.get(kind)
    broken = np.stack([noise(1.0)] * 2)
    broken[0, 3] = np.nan
    for x in (np.zeros((2, 0)), np.zeros((2, 4 * RATE)), np.ones((2, 1)), broken):
        verdict = check_claims(x, RATE, [Claim(kind, asked)])[0]
        assert isinstance(verdict.met, Undefined) and verdict.met.reason
    mono = check_claims(tone(2.0)[None], RATE, [Claim(kind, asked)])[0]
    image = kind in ("left", "right", "centre", "mono", "narrow", "wide", "ping-pong")
    assert isinstance(mono.met, Undefined) == (image or kind == "tempo")
    with pytest.raises(mg.MetricError, match="shape"):
        check_claims(np.zeros((3, RATE)), RATE, [Claim(kind, asked)])


def test_a_table_over_a_store(tmp_path):
    store = mg.Store(tmp_path / "run")
    prompts = [f"{scene}, {where}" for scene in ("calm piano", "pop with organ") for where in
               ("in mono", "panned hard left", "panned hard right", "no claim")]  # fmt: skip
    clips = mg.run(mg.Sweep("synth", prompts, {"duration": [1, 2]}).plan(), store, progress=False)
    table = mg.adherence(store, clips, progress=False)
    assert table.columns.tolist() == ["claim", "met", "lo", "hi", "chance", "n_clips", "n_prompts"]
    assert table["claim"].tolist() == ["left", "right", "mono"]
    assert (table["met"] == 1).all() and (table["n_clips"] == 4).all() and (table["n_prompts"] == 2).all()
    assert (table["chance"] == 0).all()
    # Two prompts, both met, say little: Wilson's interval of 2 of 2 with Student's quantile for 1 degree of freedom.
    assert table["lo"].tolist() == pytest.approx([1 / (1 + 12.7062**2 / 2)] * 3, rel=1e-3) and (table["hi"] == 1).all()
    grouped = mg.adherence(store, by="duration", progress=False)
    assert grouped["duration"].tolist() == [1, 1, 1, 2, 2, 2] and (grouped["n_clips"] == 2).all()
    only = mg.adherence(store, clips[clips["prompt"].str.contains("left")], progress=False)
    assert only["chance"].isna().all()
    with pytest.raises(mg.MetricError, match="makes a claim that can be checked"):
        mg.adherence(store, clips[clips["prompt"].str.contains("no claim")])
    with pytest.raises(mg.MetricError, match="did you mean 'duration'"):
        mg.adherence(store, clips, by="durations")


def test_a_model_that_ignores_its_prompts_meets_claims_by_chance(tmp_path):
    for name in ("panned left", "panned right", "plain"):
        mg.save_audio(mg.Audio(panned(noise(1.0), -30), RATE), tmp_path / "clips" / f"{name}.wav")
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep(f"folder:{tmp_path / 'clips'}", ["panned left", "panned right", "plain"]).plan(), store,
                   progress=False)  # fmt: skip
    table = mg.adherence(store, clips, progress=False).set_index("claim")
    assert table.loc["left", ["met", "chance"]].tolist() == [1, 1]
    assert table.loc["right", ["met", "chance"]].tolist() == [0, 0]
