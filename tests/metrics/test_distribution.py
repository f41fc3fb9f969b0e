"""Precision and recall, density and coverage, Vendi score, distances of stereo measures, divergence of tags."""

import numpy as np
import pandas as pd
import pytest
from reference import distances_slow as slow
from scipy.special import rel_entr

from mgeval.errors import MetricError
from mgeval.metrics import METRICS
from mgeval.metrics.distribution import DIRECTIONS, kl_divergence, manifold, stereo_distance, vectors, vendi_score

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_manifold_against_sorted_distances(k, monkeypatch):
    x, y = RNG.normal(size=(25, 3)) * 0.7 + 0.8, RNG.normal(size=(33, 3))
    judge = slow.manifold(x, y, k)
    assert manifold(x, y, k) == pytest.approx(judge)
    monkeypatch.setattr(vectors, "BLOCK", 7)
    assert manifold(x, y, k) == pytest.approx(judge)


def test_manifold_known_answers():
    x = RNG.normal(size=(50, 4))
    assert manifold(x, x)[:2] == (1, 1) and manifold(x, x).coverage == 1
    assert manifold(x + 1e3, x) == (0, 0, 0, 0)
    # One of two modes: precise, but half of the reference is missing.
    modes = np.concatenate([x, x + 1e3])
    found = manifold(x, modes)
    assert (found.precision, found.recall, found.coverage) == (1, 0.5, 0.5)
    y = RNG.normal(size=(400, 4))
    found = manifold(RNG.normal(size=(400, 4)), y)
    assert found.density == pytest.approx(1, abs=0.12) and found.coverage == pytest.approx(1 - 2**-5, abs=0.04)


def test_manifold_rotation_and_order_do_not_matter():
    x, y = RNG.normal(size=(40, 6)) + 0.5, RNG.normal(size=(50, 6))
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    assert manifold(3 * x[::-1] @ turn + 9, 3 * y[::-1] @ turn + 9) == pytest.approx(manifold(x, y))


def test_manifold_degenerate_sets():
    same = np.full((8, 3), 0.1)
    assert manifold(same, same)[:2] == (1, 1)
    with pytest.raises(MetricError, match="x has 5 vectors and needs 6"):
        manifold(same[:5], same)
    with pytest.raises(MetricError, match="reference has 5 vectors"):
        manifold(same, same[:5])
    with pytest.raises(MetricError, match="at least 1, got 0"):
        manifold(same, same, 0)
    with pytest.raises(MetricError, match="not finite"):
        manifold(np.full((8, 3), np.nan), same)
    with pytest.raises(MetricError, match="2 dimensions and the reference 3"):
        manifold(same[:, :2], same)


def test_vendi_score():
    assert vendi_score(np.eye(7)) == pytest.approx(7)
    assert vendi_score(np.outer([1, 2, 5], [3, 4])) == pytest.approx(1)
    assert vendi_score(np.repeat(np.eye(4), 3, axis=0)) == pytest.approx(4)
    assert vendi_score([[1.0, 2.0]]) == pytest.approx(1)
    for shape in ((20, 5), (5, 20)):
        x = RNG.normal(size=shape)
        assert vendi_score(x) == pytest.approx(slow.vendi_score(x), rel=1e-8)
        assert vendi_score(x[::-1] * RNG.uniform(1, 9, (shape[0], 1))) == pytest.approx(vendi_score(x))
    with pytest.raises(MetricError, match="vector 1 is all zeros"):
        vendi_score([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(MetricError, match="not finite"):
        vendi_score([[1.0, np.nan]])
    with pytest.raises(MetricError, match=r"\(vectors, dim\)"):
        vendi_score([1.0])


def test_stereo_distance_known_answers():
    a = pd.DataFrame({"width": [0.1, 0.3, np.nan], "balance_db": [1.0, 2.0, 3.0], "loudness": [1, 2, 3]})
    b = pd.DataFrame({"width": [0.4, 0.6], "balance_db": [3.0, 1.0, 2.0][:2], "key": ["a", "b"]})
    table = stereo_distance(a, b)
    assert table["metric"].tolist() == ["width", "balance_db"]
    width, balance = table.to_dict("records")
    assert width["distance"] == pytest.approx(0.3) and (width["n_a"], width["n_b"]) == (2, 2)
    assert (width["mean_a"], width["mean_b"]) == pytest.approx((0.2, 0.5)) and balance["unit"] == "dB"
    assert balance["distance"] == pytest.approx(1 / 3)
    assert (stereo_distance(b, a)["distance"] - table["distance"]).abs().max() < 1e-12
    assert stereo_distance(a, a)["distance"].tolist() == [0, 0]


def test_angles_wrap():
    assert METRICS["image_angle"].period == 180
    a, b = pd.DataFrame({"image_angle": [89.0, 89.0]}), pd.DataFrame({"image_angle": [-89.0, -89.0, -89.0]})
    row = stereo_distance(a, b).iloc[0]
    assert row["distance"] == pytest.approx(2) and np.isnan(row["mean_a"])


def test_angles_against_all_pairings():
    for spread in (10, 60, 300):
        for _ in range(10):
            u, v = RNG.normal(0, spread, (2, 9))
            found = stereo_distance(pd.DataFrame({"image_angle": u}), pd.DataFrame({"image_angle": v + 80}))
            assert found["distance"].iloc[0] == pytest.approx(slow.circular_distance(u, v + 80, 180), abs=1e-9)


def test_sets_without_a_value_have_no_stereo_distance():
    a, b = pd.DataFrame({"width": [np.nan]}), pd.DataFrame({"width": [0.5]})
    row = stereo_distance(a, b).iloc[0]
    assert np.isnan(row["distance"]) and "no clip" in row["reason"] and (row["n_a"], row["n_b"]) == (0, 1)
    with pytest.raises(MetricError, match="share no stereo measure"):
        stereo_distance(a, pd.DataFrame({"tempo": [100]}))


def test_divergence_of_tags():
    p, q = (RNG.dirichlet(np.ones(12), 6) for _ in range(2))
    first, second = (kl_divergence(p, q, direction) for direction in DIRECTIONS)
    assert first == pytest.approx(rel_entr(q, p).sum(axis=1).mean(), rel=1e-10)
    assert second == pytest.approx(rel_entr(p, q).sum(axis=1).mean(), rel=1e-10)
    order = RNG.permutation(12)
    assert kl_divergence(p[::-1, order], q[::-1, order], DIRECTIONS[0]) == pytest.approx(first)
    assert kl_divergence(p, p, DIRECTIONS[0]) == 0
    assert kl_divergence(np.eye(2)[:1], [[0.25, 0.75]], DIRECTIONS[1]) == pytest.approx(np.log(4))
    with pytest.raises(TypeError, match="direction"):
        kl_divergence(p, q)


def test_divergence_rejects_invalid_distributions():
    p = np.full((2, 4), 0.25)
    assert "second side" in kl_divergence(p, np.eye(4)[:2], DIRECTIONS[1]).reason
    assert "not finite" in kl_divergence(p, p * np.nan, DIRECTIONS[0]).reason
    with pytest.raises(MetricError, match="softmax"):
        kl_divergence(p, 2 * p, DIRECTIONS[0])
    with pytest.raises(MetricError, match="softmax"):
        kl_divergence([[1.5, -0.5]], [[0.5, 0.5]], DIRECTIONS[0])
    with pytest.raises(MetricError, match="the same shape"):
        kl_divergence(p, p[:1], DIRECTIONS[0])
    with pytest.raises(MetricError, match="the same shape"):
        kl_divergence(np.zeros((0, 4)), np.zeros((0, 4)), DIRECTIONS[0])
    with pytest.raises(MetricError, match="no direction 'forward': valid"):
        kl_divergence(p, p, "forward")
