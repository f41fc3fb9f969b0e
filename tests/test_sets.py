"""The table of distances: groups, policies, references, what is refused and what is warned of."""

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.audio import Audio
from mgeval.errors import AudioError, MetricError
from mgeval.metrics.distribution import (
    GaussianStats,
    frechet_distance,
    frechet_infinity_interval,
    frechet_spread,
    kernel_interval,
    manifold,
    vendi_score,
)
from mgeval.scoring.references import POLICIES, left_right, mid_side
from mgeval.scoring.set_distances import COLUMNS, DISTANCES

RATE = 16000


class Levels(mg.embed.Embedder):
    """The level in dB and the zero crossings of windows of half a second: two numbers, of which distances need few."""

    id, rate, dim, recipe = "levels@1", RATE, 2, "windows of 0.5 s"

    def __init__(self):
        self.heard = 0

    def audio(self, clips):
        self.heard += len(clips)
        return [self.hear(clip.mono().samples[0]) for clip in clips]

    def hear(self, x):
        x = x[: len(x) // 8000 * 8000].reshape(-1, 8000)
        level = 10 * np.log10(np.mean(np.float64(x) ** 2, axis=1) + 1e-6)
        return np.stack([level, np.mean(np.diff(np.sign(x)) != 0, axis=1)], axis=1).astype(np.float32)


def clip(seed, gain=0.1, width=0.3):
    """Noise of two windows, coloured and levelled by its seed."""
    rng = np.random.default_rng(seed)
    common, left, right = rng.normal(size=(3, RATE)) * rng.uniform(0.5, 1.5)
    x = np.stack([common + width * left, common - width * right])
    return Audio(gain * (x + rng.uniform(0, 0.9) * np.roll(x, 1, axis=1)), RATE)


def filled(path, clips, prompts=None, **columns):
    store = mg.Store(path)
    rows = []
    for i, audio in enumerate(clips):
        row = {"key": f"{i:020x}", "prompt_id": prompts[i] if prompts else f"p{i}", "prompt": "", "model": "m"}
        row |= {name: values[i] for name, values in columns.items()}
        rows.append(store.put(row, audio, np.zeros((0, 0), np.int16)))
    store.add_rows(rows)
    return store, store.table().sort_values("key", ignore_index=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    prompts = [f"p{i // 2}" for i in range(60)]
    guidance = [1] * 28 + [3] * 32
    loud = [clip(i, 0.1 if g == 1 else 0.2) for i, g in enumerate(guidance)]
    own = filled(folder / "own", loud, prompts, guidance=guidance)
    reference = filled(folder / "records", [clip(1000 + i) for i in range(40)])
    return own, reference


def rows_of(store, table, index, policy="mono"):
    heard = [POLICIES[policy](store.audio(table["key"][i])) for i in index]
    hear = Levels().hear
    return [np.concatenate([hear(row) for row in one.samples], axis=1) for one in heard]


def test_each_number_is_the_functions(runs):
    (store, table), (records, listed) = runs
    found = mg.distances(table, store, records, Levels(), by="guidance", progress=False)
    assert found.columns.tolist() == ["guidance", *COLUMNS] and len(found) == 2 * 3 * len(DISTANCES)
    assert found["guidance"].tolist()[:9] == [1] * 8 + [3] and (found["reason"] == "").all()
    for policy in POLICIES:
        reference = np.concatenate(rows_of(records, listed, range(40), policy))
        stats = GaussianStats.from_embeddings(reference)
        for guidance, index in ((1, range(28)), (3, range(28, 60))):
            clips, prompts = rows_of(store, table, index, policy), [f"p{i // 2}" for i in index]
            x = np.concatenate(clips)
            part = found[(found["channels"] == policy) & (found["guidance"] == guidance)].set_index("distance")
            assert part.loc["frechet", "value"] == pytest.approx(
                frechet_distance(GaussianStats.from_embeddings(x), stats)
            )
            assert part.loc["frechet", "spread"] == pytest.approx(frechet_spread(clips, prompts, stats))
            assert np.isnan(part.loc["frechet", ["lo", "hi"]].astype(float)).all()
            infinity = frechet_infinity_interval(clips, prompts, stats)
            assert tuple(part.loc["frechet_infinity", ["value", "lo", "hi"]]) == pytest.approx(infinity[:3])
            kernel = kernel_interval(x, np.repeat(prompts, 2), reference, np.repeat(np.arange(40), 2))
            assert tuple(part.loc["kernel", ["value", "lo", "hi"]]) == pytest.approx(kernel[:3])
            assert part.loc[list(list(DISTANCES)[3:7]), "value"].tolist() == pytest.approx(manifold(x, reference))
            assert part.loc["vendi", "value"] == pytest.approx(vendi_score(x))
            assert set(part["n"]) == {2 * len(index)} and set(part["n_prompts"]) == {len(index) // 2}
            assert set(part["n_reference"]) == {80} and set(part["n_clips"]) == {len(index)}
            assert set(part["dim"]) == set(part["rank"]) == {2 if policy == "mono" else 4}
    assert set(found["embedder"]) == {"levels@1"} and set(found["reference"]) == {"records"}
    assert set(found["recipe"]) == {"mgeval"}


def test_vectors_are_kept_in_the_store(runs):
    (store, table), (records, _) = runs
    first, second = Levels(), Levels()
    a = mg.distances(table, store, records, first, kinds="frechet", progress=False)
    b = mg.distances(table, store, records, second, kinds="frechet", progress=False)
    pd.testing.assert_frame_equal(a, b)
    assert second.heard == 0
    assert len(a) == 3 and a["distance"].unique().tolist() == ["frechet"]


def test_a_folder_a_store_and_saved_statistics_are_the_same_reference(runs, tmp_path):
    (store, table), (records, listed) = runs
    for key in listed["key"]:
        mg.save_audio(records.audio(key), tmp_path / "wavs" / "deep" / f"{key}.wav")
    path = mg.save_reference(tmp_path / "records.npz", records, Levels(), progress=False)
    kinds = ["frechet", "frechet_infinity", "kernel", "precision", "vendi"]
    found = [
        mg.distances(table, store, reference, Levels(), kinds=kinds, progress=False)
        for reference in (records, str(records.path), tmp_path / "wavs", path)
    ]
    assert [set(one["reference"]) for one in found] == [{"records"}, {"records"}, {"wavs"}, {"records.npz"}]
    for other in found[1:3]:
        assert other["value"].tolist() == pytest.approx(found[0]["value"].tolist(), rel=1e-6)
    saved = found[3].set_index(["channels", "distance"])
    for policy in POLICIES:
        whole = found[0].set_index(["channels", "distance"])
        for kind in ("frechet", "frechet_infinity", "vendi"):
            assert saved.loc[(policy, kind), "value"] == pytest.approx(whole.loc[(policy, kind), "value"])
        for kind in ("kernel", "precision"):
            assert np.isnan(saved.loc[(policy, kind), "value"])
            assert "hold no vectors" in saved.loc[(policy, kind), "reason"]
    with np.load(path) as file:
        assert "levels@1|mid_side|mgeval.mu" in file.files
    with pytest.raises(MetricError, match="no statistics 'levels@1.mono.fadtk'.*mgeval"):
        mg.distances(table, store, path, Levels(), recipe="fadtk", progress=False)


def test_statistics_of_other_tools(runs, tmp_path):
    (store, table), (records, listed) = runs
    x = np.concatenate(rows_of(records, listed, range(40))).astype(np.float64)
    np.savez(tmp_path / "plain.npz", mu=x.mean(axis=0), cov=np.cov(x.T))
    np.savez(tmp_path / "fadtk.npz", **{"clap.mu": x.mean(axis=0), "clap.cov": np.cov(x.T)})
    expected = mg.distances(table, store, records, Levels(), kinds="frechet", progress=False)["value"][0]
    named = GaussianStats.load(tmp_path / "fadtk.npz", "clap")
    for reference in (tmp_path / "plain.npz", named):
        found = mg.distances(table, store, reference, Levels(), kinds="frechet", progress=False)
        assert found["value"][0] == pytest.approx(expected) and "which embedder" in found["warning"][0]
        assert np.isnan(found["n_reference"]).all()
        assert np.isnan(found["value"][1:]).all() and "these channels" in found["reason"][1]
    with pytest.raises(MetricError, match=r"valid: clap.*GaussianStats.load"):
        mg.distances(table, store, tmp_path / "fadtk.npz", Levels(), progress=False)
    with pytest.raises(MetricError, match="2 dimensions and mel@1 128"):
        mg.distances(table, store, tmp_path / "plain.npz", "mel", progress=False)


def test_files_without_a_store(runs, tmp_path):
    for i in range(12):
        mg.save_audio(clip(i), tmp_path / "a" / f"{i}.wav")
    scores = mg.measure(tmp_path / "a", metrics="width", progress=False)
    found = mg.distances(scores, None, tmp_path / "a", Levels(), kinds=["frechet", "kernel"], progress=False)
    assert found["value"].iloc[0] == pytest.approx(0, abs=1e-9) and set(found["n_prompts"]) == {12}
    # A set against itself: every vector lies on one of the reference.
    assert (found.loc[found["distance"] == "kernel", "value"] < 0).all()


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_clips_without_a_prompt_are_each_on_their_own(runs, tmp_path, nothing):
    """Files beside clips of a run: as one prompt they would make the intervals of few prompts."""
    (store, table), (records, _) = runs
    mixed = table.assign(prompt_id=pd.Series([*table["prompt_id"][:20], *[nothing] * 40], dtype=object))
    found = mg.distances(mixed, store, records, Levels(), kinds="kernel", progress=False)
    assert set(found["n_prompts"]) == {10 + 40}


def test_controls_are_groups_of_their_own(tmp_path):
    store, table = filled(tmp_path / "own", [clip(i) for i in range(6)], control=[None] * 3 + ["noise"] * 3)
    found = mg.distances(table, store, store, Levels(), kinds="vendi", progress=False)
    assert found["control"].fillna("own").tolist() == ["own", "noise"] * 3 and set(found["n_clips"]) == {3}
    # Controls are no reference.
    assert set(found["n_reference"]) == {6}


def test_too_few_is_said(tmp_path):
    store, table = filled(tmp_path / "own", [clip(i) for i in range(2)])
    records, _ = filled(tmp_path / "records", [clip(i + 9) for i in range(30)])
    found = mg.distances(table, store, records, Levels(), progress=False)
    found = found[found["channels"] == "mono"].set_index("distance")
    assert "4 vectors in 2 dimensions: biased upwards" in found.loc["frechet", "warning"]
    assert np.isnan(found.loc["frechet", "spread"])
    assert np.isnan(found.loc["frechet_infinity", "value"])
    assert "needs 10 clips" in found.loc["frechet_infinity", "reason"]
    assert "no interval" in found.loc["kernel", "warning"] and np.isnan(found.loc["kernel", "lo"])
    assert "needs 6" in found.loc["recall", "reason"] and np.isnan(found.loc["recall", "value"])
    five, table = filled(tmp_path / "five", [clip(i) for i in range(5)])
    found = mg.distances(table, five, records, Levels(), kinds=["density"], progress=False)
    assert "5 clips: a share of them moves by chance" in found["warning"][0]
    assert "10 vectors against 60" in found["warning"][0] and found["value"][0] > 0
    found = mg.distances(table, five, records, "mel", kinds=["vendi", "frechet"], progress=False)
    assert "at most 5" in found["warning"][0]
    assert "the reference has 30 vectors in 128 dimensions" in found["warning"][1]


def test_vectors_that_are_alike_count_as_fewer(tmp_path):
    """Many windows of few clips, which are nearly one window each."""

    class Alike(Levels):
        id = "alike@1"

        def audio(self, clips):
            steps = np.float32(1e-3) * np.arange(10, dtype=np.float32)[:, None]
            return [rows[:1] + steps for rows in super().audio(clips)]

    store, table = filled(tmp_path / "own", [clip(i) for i in range(10)])
    records, _ = filled(tmp_path / "records", [clip(100 + i) for i in range(30)])

    asked = {"kinds": ["frechet", "frechet_infinity", "precision"], "progress": False}
    found = mg.distances(table, store, records, Alike(), **asked)
    plain, infinity, share = found.loc[found["channels"] == "mono", "warning"]
    assert "each other's neighbours, biased downwards" in share
    assert "the group has 100 vectors, worth 9 independent ones, in 2 dimensions: biased upwards" in plain
    assert "the reference" not in plain
    assert "100 vectors that are worth 9 independent ones" in infinity and "may miss" in infinity
    assert found["value"].notna().all()


def test_what_has_no_vectors(tmp_path):
    short = Audio(np.full((2, 100), 0.1), RATE)
    store, table = filled(tmp_path / "own", [clip(0), short, clip(2), clip(3)], kind=["a", "b", "a", "a"])
    store.file(table["key"][2]).unlink()
    found = mg.distances(table, store, store, _Deaf(), by="kind", kinds=["frechet", "vendi"], progress=False)
    mono = found[found["channels"] == "mono"].set_index(["kind", "distance"])
    # The clip that is gone, and the vector that is not finite, do not count.
    assert mono.loc[("a", "frechet"), "n_clips"] == 2 and mono.loc[("a", "frechet"), "n"] == 4
    assert "the group: 1 of 3 clips are unreadable or too short" in mono.loc[("a", "vendi"), "warning"]
    assert "the reference" not in mono.loc[("a", "vendi"), "warning"]
    assert mono.loc[("b", "frechet"), "n"] == 0 and np.isnan(mono.loc[("b", "vendi"), "value"])
    assert mono.loc[("b", "frechet"), "reason"] == "no clip of the group has vectors"


def test_a_tilde_is_the_home_folder(runs, tmp_path, monkeypatch):
    (store, table), (records, listed) = runs
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for key in listed["key"]:
        mg.save_audio(records.audio(key), f"~/wavs/{key}.wav")
    mg.save_reference("~/wavs.npz", "~/wavs", Levels(), progress=False)
    asked = {"kinds": "frechet", "progress": False}
    saved, heard = (mg.distances(table, store, f"~/{name}", Levels(), **asked) for name in ("wavs.npz", "wavs"))
    assert saved["value"].tolist() == pytest.approx(heard["value"].tolist())
    assert not (tmp_path / "~").exists()


def test_a_reference_says_what_it_lost(runs, tmp_path):
    (store, table), _ = runs
    for i in range(3):
        mg.save_audio(clip(i), tmp_path / f"{i}.wav")
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    found = mg.distances(table, store, tmp_path, Levels(), kinds=["frechet", "vendi"], progress=False)
    frechet, vendi = found.loc[found["channels"] == "mono", "warning"]
    assert "the reference: 1 of 4 clips are unreadable or too short, and left out" in frechet and "4 clips" not in vendi


class _Deaf(Levels):
    """Gives NaN for what is shorter than a window."""

    id = "deaf@1"

    def hear(self, x):
        return super().hear(x) if len(x) >= 8000 else np.full((1, 2), np.nan, np.float32)


def test_vectors_that_are_not_finite_are_counted(tmp_path):
    store, table = filled(tmp_path / "own", [clip(i) for i in range(4)])
    found = mg.distances(table, store, store, _Broken(), kinds="frechet", progress=False)
    whole = mg.distances(table, store, store, Levels(), kinds="frechet", progress=False)
    assert (found["n"] == whole["n"] - 4).all() and (found["n_clips"] == 4).all()
    assert found["warning"].str.contains("the group: 4 vectors are not finite, and left out").all()
    assert found["warning"].str.contains("the reference: 4 vectors are not finite, and left out").all()
    # Statistics are of what is finite, too.
    saved = mg.save_reference(tmp_path / "broken.npz", store, _Broken(), progress=False)
    assert mg.distances(table, store, saved, _Broken(), kinds="frechet", progress=False)["value"].notna().all()


class _Broken(Levels):
    """Its first vector of each clip is no number."""

    id = "broken@1"

    def hear(self, x):
        rows = super().hear(x)
        rows[0] = np.nan
        return rows


def test_silence_and_mono(tmp_path):
    clips = [Audio(np.zeros((1, RATE)), RATE), Audio(np.zeros((2, RATE)), RATE), *(clip(i) for i in range(4))]
    store, table = filled(tmp_path / "own", clips)
    found = mg.distances(table, store, store, ["mel"], progress=False)
    assert found.loc[found["distance"] == "frechet", "value"].tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert (found["value"].isna() == (found["reason"] != "")).all()


def test_mono_clips_are_told_where_two_channels_are_heard(tmp_path):
    """Their silent side is far from all others and can decide a distance."""
    clips = [clip(i) for i in range(6)]
    store, table = filled(tmp_path / "own", [one.mono() if i < 2 else one for i, one in enumerate(clips)])
    records, _ = filled(tmp_path / "records", [clip(100).mono(), *(clip(100 + i) for i in range(1, 8))])
    found = mg.distances(table, store, records, Levels(), kinds=["frechet", "vendi"], progress=False)
    for row in found.itertuples():
        told = row.channels != "mono"
        assert ("the group: 2 of 6 clips are mono" in row.warning) == told
        assert ("the reference: 1 of 8 clips are mono" in row.warning) == (told and row.distance == "frechet")


class Both(Levels):
    """Hears a clip's channels apart by itself, left beside right; of a mono clip both the same."""

    id, dim = "both@1", 4

    def audio(self, clips):
        self.heard += len(clips)
        return [np.concatenate([self.hear(row) for row in left_right(one).samples], axis=1) for one in clips]


@pytest.mark.parametrize("recipe", ["mgeval", "fadtk"])
def test_an_embedder_of_both_channels_hears_them_as_one_clip(runs, tmp_path, recipe):
    """Given left and right one by one, it would hear two mono clips and say everything twice."""
    (store, table), (records, _) = runs
    asked = {"kinds": ["frechet", "vendi"], "recipe": recipe, "progress": False}
    plain = mg.distances(table, store, records, Levels(), **asked)
    whole, apart = Both(), Both()
    whole.id, whole.together = "whole@1", ("left_right", "mid_side")
    found = mg.distances(table, store, records, [whole, apart], **asked).set_index(["embedder", "channels", "distance"])
    plain = plain.set_index(["channels", "distance"])
    for policy in ("left_right", "mid_side"):
        for column in ("value", "dim", "rank", "n"):
            same = found.loc[("whole@1", policy, "frechet"), column]
            assert same == pytest.approx(plain.loc[(policy, "frechet"), column], rel=1e-9)
        assert found.loc[("whole@1", policy, "vendi"), "value"] == pytest.approx(plain.loc[(policy, "vendi"), "value"])
        assert found.loc[("both@1", policy, "frechet"), "dim"] == 8
        assert found.loc[("both@1", policy, "frechet"), "value"] == pytest.approx(
            2 * plain.loc[(policy, "frechet"), "value"], rel=1e-6
        )
    # A mono clip it hears as both its channels.
    assert found.loc[("whole@1", "mono", "frechet"), "dim"] == 4
    saved = mg.save_reference(tmp_path / "r.npz", records, whole, recipe=recipe, progress=False)
    with np.load(saved) as file:
        assert file[f"whole@1|left_right|{recipe}.mu"].shape == (4,)


def test_policies():
    x = clip(0)
    left, right = x.samples
    assert np.array_equal(left_right(x).samples, x.samples)
    assert mid_side(x).samples == pytest.approx(np.stack([(left + right) / 2, (left - right) / 2]), abs=1e-7)
    mono = x.mono()
    assert np.array_equal(left_right(mono).samples, np.repeat(mono.samples, 2, axis=0))
    assert np.array_equal(mid_side(mono).samples[0], mono.samples[0]) and not mid_side(mono).samples[1].any()


def test_what_each_policy_cannot_hear():
    hear = {policy: lambda c, p=policy: np.concatenate([Levels().hear(r) for r in POLICIES[p](c).samples], axis=1)
            for policy in POLICIES}  # fmt: skip
    x = clip(3)
    swapped = Audio(x.samples[::-1], RATE)
    inverted = Audio(x.samples * [[1], [-1]], RATE)
    for policy, notices in {"mono": False, "left_right": True, "mid_side": False}.items():
        assert np.allclose(hear[policy](x), hear[policy](swapped), atol=1e-4) != notices
    for policy, notices in {"mono": True, "left_right": False, "mid_side": True}.items():
        assert np.allclose(hear[policy](x), hear[policy](inverted), atol=1e-3) != notices


def test_what_is_refused(runs, tmp_path):
    (store, table), (records, _) = runs

    def ask(**changes):
        given = {"clips": table, "store": store, "reference": records, "embedders": Levels(), "progress": False}
        return mg.distances(**given | changes)

    with pytest.raises(MetricError, match="no distance 'frechett': did you mean 'frechet'"):
        ask(kinds="frechett")
    with pytest.raises(MetricError, match="no recipe 'kadtk'"):
        ask(recipe="kadtk")
    with pytest.raises(MetricError, match="no column 'guidanc': did you mean 'guidance'"):
        ask(by="guidanc")
    with pytest.raises(MetricError, match="column 'n' of its own"):
        ask(clips=table.assign(n=1), by=["n"])
    with pytest.raises(MetricError, match="no column 'key'"):
        ask(clips=table.drop(columns="key"))
    with pytest.raises(MetricError, match="no column 'path'.*measure"):
        ask(clips=table.drop(columns="path"), store=None)
    with pytest.raises(MetricError, match="no finished clip"):
        ask(clips=table[:0])
    with pytest.raises(MetricError, match="at least one embedder"):
        ask(embedders=[])
    with pytest.raises(MetricError, match="levels@1 is given twice"):
        ask(embedders=[Levels(), Levels()])
    with pytest.raises(MetricError, match="must be a name or what mgeval.embed.load returned, got 3"):
        ask(embedders=[3])
    with pytest.raises(mg.ModelError, match="no embedder is called 'mell'"):
        ask(embedders=["mell"])
    with pytest.raises(AudioError, match="no such folder; a reference is"):
        ask(reference=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="holds no audio"):
        ask(reference=tmp_path / "empty")
    hollow, _ = filled(tmp_path / "hollow", [clip(0)])
    hollow.file(f"{0:020x}").unlink()
    with pytest.raises(MetricError, match="the reference holds no clips"):
        ask(reference=hollow)
    deaf = Levels()
    with pytest.raises(MetricError, match="saved as .npz"):
        mg.save_reference(tmp_path / "x.npy", records, deaf, progress=False)
    assert deaf.heard == 0
    stats = GaussianStats.from_embeddings(np.eye(2))
    for known in (stats, stats.save(tmp_path / "known.npz")):
        with pytest.raises(MetricError, match="statistics already"):
            mg.save_reference(tmp_path / "x.npz", known, Levels(), progress=False)
    with pytest.raises(MetricError, match="statistics need two vectors"):
        one, _ = filled(tmp_path / "one", [Audio(np.zeros((2, 9000)), RATE)])
        mg.save_reference(tmp_path / "x.npz", one, Levels(), progress=False)
