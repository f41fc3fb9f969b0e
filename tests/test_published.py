"""The distances that fadtk publishes, from the published weights; skipped where these are not at hand.

``MGEVAL_CLAP_MUSIC`` names LAION's music_audioset_epoch_15_esc_90.14.pt, or a folder of the same weights as a
`ClapModel`; ``MGEVAL_FADTK`` the folder with ``clips/``, ``expected_fad.csv`` and ``fma_pop_stats.npz``, by default the
one beside the project.
"""

import functools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mgeval as mg
from mgeval.metrics.distribution import GaussianStats, clip_frechet, frechet_distance
from mgeval.scoring.recipes import RECIPES, clip_vectors

PLACE = Path(os.environ.get("MGEVAL_FADTK", Path(__file__).parents[2] / "shared" / "data" / "fadtk"))
COLUMN = "FAD_clap_laion_music_fma_pop"


def published():
    """fadtk's numbers by clip, and of all clips together under ``all``."""
    table = pd.read_csv(PLACE / "expected_fad.csv")
    return dict(zip(table["song_id"].str.removeprefix("samples/"), table[COLUMN], strict=True))


def distances(embedder, names):
    """Ours, by fadtk's recipe."""
    recipe = RECIPES["fadtk"]
    reference = GaussianStats.load(PLACE / "fma_pop_stats.npz", "clap-laion-music")
    files = {path.stem: path for path in (PLACE / "clips").iterdir()}
    clips = [mg.load_audio(files[name]).mono() for name in names]
    vectors = clip_vectors(clips, embedder, recipe)
    found = {name: frechet_distance(recipe.stats([rows]), reference) for name, rows in zip(names, vectors, strict=True)}
    return found | {"all": frechet_distance(recipe.stats(vectors), reference)}


@pytest.fixture
def data():
    if not PLACE.is_dir():
        pytest.skip(f"fadtk's clips and numbers are not there: {PLACE}; MGEVAL_FADTK names their folder")
    return published()


def test_fadtks_numbers_are_reproduced(data):
    weights = os.environ.get("MGEVAL_CLAP_MUSIC")
    if not weights:
        pytest.skip("the published weights are not at hand: MGEVAL_CLAP_MUSIC=music_audioset_epoch_15_esc_90.14.pt")
    found = distances(mg.embed.load(f"clap:{weights}"), sorted(set(data) - {"all"}))
    apart = {name: value / data[name] - 1 for name, value in found.items()}
    assert max(map(abs, apart.values())) < 0.05, apart


class Noise(mg.embed.Embedder):
    """Vectors of the weights' size that are drawn from the clip's first samples."""

    id, rate, dim, recipe = "noise@1", 48000, 512, "none"

    def audio(self, clips):
        rngs = [np.random.default_rng(np.frombuffer(clip.samples.tobytes()[:4000], np.uint8)) for clip in clips]
        return [rng.normal(size=(1, 512)).astype(np.float32) for rng in rngs]


def test_the_way_there_is_whole(data):
    """All but the weights: every clip is found and read, has ten windows, and its distance is a number."""
    assert len(data) == 24 and all(0 < value < 3 for value in data.values())
    found = distances(Noise(), ["mg-1634", "mubert-130"])
    assert set(found) == {"mg-1634", "mubert-130", "all"} and all(np.isfinite(list(found.values())))
    clip = mg.load_audio(next((PLACE / "clips").glob("mg-1634*"))).mono()
    (rows,) = clip_vectors([clip], Noise(), RECIPES["fadtk"])
    assert len(rows) == 10 and rows.dtype == np.float16


def test_the_real_covariances(data):
    """Against the square root and the nuclear norm; with fewer vectors than dimensions; merged is direct."""
    from scipy.linalg import sqrtm

    def judged(a, b):
        shift = a.mu - b.mu
        both = shift @ shift + np.trace(a.cov) + np.trace(b.cov)
        roots = [np.linalg.cholesky(one.cov) for one in (a, b)]
        nuclear = np.linalg.norm(roots[0].T @ roots[1], "nuc")
        return both - 2 * np.trace(sqrtm(a.cov @ b.cov)).real, both - 2 * nuclear

    load = functools.partial(GaussianStats.load, PLACE / "fma_pop_stats.npz")
    pairs = [(load("vggish"), load("encodec-emb"))]
    reference = load("clap-laion-music")
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal(reference.mu, reference.cov, 2000)
    pairs.append((GaussianStats.from_embeddings(1.1 * draws), reference))
    for a, b in pairs:
        by_root, by_norm = judged(a, b)
        assert frechet_distance(a, b) == pytest.approx(by_norm, rel=1e-8)
        assert frechet_distance(a, b) == pytest.approx(by_root, rel=1e-8)
    merged = functools.reduce(lambda a, b: a + b, map(GaussianStats.from_embeddings, np.split(draws, 25)))
    direct = GaussianStats.from_embeddings(draws)
    assert np.abs(merged.cov - direct.cov).max() < 1e-10 * np.abs(direct.cov).max()
    assert frechet_distance(merged, reference) == pytest.approx(frechet_distance(direct, reference), rel=1e-8)
    for n in (2, 10, 511):
        few = GaussianStats.from_embeddings(draws[:n])
        value = frechet_distance(few, reference)
        centred = (draws[:n] - draws[:n].mean(axis=0)) / np.sqrt(n - 1)
        shift = few.mu - reference.mu
        norm = np.linalg.norm(centred @ np.linalg.cholesky(reference.cov), "nuc")
        judge = shift @ shift + np.sum(centred**2) + np.trace(reference.cov) - 2 * norm
        assert 0 < value == pytest.approx(judge, rel=1e-8)
        assert clip_frechet(draws[:n], reference) == pytest.approx(value)
