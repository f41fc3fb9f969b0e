"""The kernel distance: against a loop over all pairs, unbiased, in blocks, with an interval that covers."""

import tracemalloc

import numpy as np
import pytest
from reference import distances_slow as slow

from mgeval.errors import MetricError
from mgeval.metrics.distribution import bandwidth, kernel_distance, kernel_interval, vectors

RNG = np.random.default_rng(0)


def test_against_all_pairs_one_by_one():
    x, y = RNG.normal(size=(23, 5)) + 0.4, RNG.normal(size=(31, 5))
    assert kernel_distance(x, y) == pytest.approx(slow.kernel_distance(x, y), rel=1e-10)
    assert kernel_distance(y, x) == pytest.approx(slow.kernel_distance(y, x), rel=1e-10)
    assert kernel_distance(x, y) != pytest.approx(kernel_distance(y, x), rel=1e-6)


def test_known_answers():
    # Reference: two points at distance 2, so b = 2; x the same two points.
    two = np.array([[0.0], [2.0]])
    near = np.exp(-4 / 8)
    assert bandwidth(two) == 2
    assert kernel_distance(two, two) == pytest.approx(2 * near - 2 * (2 + 2 * near) / 4)
    # Far away, no vector is near the other set.
    assert kernel_distance(two + 1e3, two) == pytest.approx(2 * near)


def test_blocks_do_not_matter(monkeypatch):
    x, y = RNG.normal(size=(70, 4)), RNG.normal(size=(45, 4))
    whole, interval = kernel_distance(x, y), kernel_interval(x, np.arange(70) // 7, y)
    monkeypatch.setattr(vectors, "BLOCK", 16)
    assert kernel_distance(x, y) == pytest.approx(whole, rel=1e-10)
    assert kernel_interval(x, np.arange(70) // 7, y) == pytest.approx(interval, rel=1e-8)


def test_rotation_shift_scale_and_order_do_not_matter():
    x, y = RNG.normal(size=(40, 6)) + 0.5, RNG.normal(size=(50, 6))
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    value = kernel_distance(x, y)
    assert kernel_distance(7 * x @ turn + 1e4, 7 * y @ turn + 1e4) == pytest.approx(value, rel=1e-6)
    assert kernel_distance(x[::-1], y[::-1]) == pytest.approx(value, rel=1e-10)


def test_draws_of_one_distribution_are_at_0_on_average():
    values = [kernel_distance(*RNG.normal(size=(2, 40, 8))) for _ in range(200)]
    assert abs(np.mean(values)) < 2 * np.std(values, ddof=1) / np.sqrt(200)
    assert min(values) < 0 < max(values)
    apart = [kernel_distance(RNG.normal(size=(40, 8)) + 0.5, RNG.normal(size=(40, 8))) for _ in range(20)]
    assert np.mean(apart) > np.mean(values) + 4 * np.std(values)


def test_memory_stays_flat():
    x, y = RNG.normal(size=(6000, 2)), RNG.normal(size=(500, 2))
    tracemalloc.start()
    kernel_distance(x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Computing all pairs of x at once would take 288 MB.
    assert peak < 65e6


def test_a_large_reference_is_sampled_the_same_each_time(monkeypatch):
    y = RNG.normal(size=(300, 3))
    whole = bandwidth(y)
    monkeypatch.setattr("mgeval.metrics.distribution.kernel.SUBSAMPLE", 100)
    assert bandwidth(y) == bandwidth(y) != whole
    assert bandwidth(y) == pytest.approx(whole, rel=0.1)


def test_leaving_prompts_out_is_computing_anew():
    x, y = RNG.normal(size=(30, 3)) + 0.5, RNG.normal(size=(40, 3))
    names = RNG.permutation(np.repeat(["a", "b", "c", "d", "e"], [2, 4, 6, 8, 10]))
    clips = RNG.permutation(np.repeat(np.arange(8), 5))
    for reference_clips, alike in ((None, np.arange(40)), (clips, clips)):
        found = kernel_interval(x, names, y, reference_clips)
        whole = slow.kernel_distance(x, y, names, alike)
        without = [slow.kernel_distance(x[names != n], y, names[names != n], alike) for n in "abcde"]
        from scipy.stats import t

        half = t.ppf(0.975, 4) * np.sqrt(4 / 5 * np.sum((without - np.mean(without)) ** 2))
        assert found == pytest.approx((whole, whole - half, whole + half, 5), rel=1e-8)
    apart = kernel_interval(x, np.arange(30), y)
    assert apart.value == pytest.approx(kernel_distance(x, y), rel=1e-10)


def test_windows_that_are_alike_do_not_count_as_pairs():
    def clips(count):
        x = np.sqrt(0.9) * RNG.normal(size=(count, 1, 8)) + np.sqrt(0.1) * RNG.normal(size=(count, 5, 8))
        return x.reshape(-1, 8), np.repeat(np.arange(count), 5)

    plain, intervals = [], []
    for _ in range(200):
        (x, names), (y, others) = clips(20), clips(60)
        plain.append(kernel_distance(x, y))
        intervals.append(kernel_interval(x, names, y, others))
    values = np.array([found.value for found in intervals])
    assert abs(values.mean()) < 2 * values.std(ddof=1) / np.sqrt(200)
    assert np.mean(plain) > 10 * np.std(plain, ddof=1) / np.sqrt(200)
    assert np.mean([found.lo <= 0 <= found.hi for found in intervals]) > 0.93


def test_the_interval_covers():
    rng = np.random.default_rng(1)
    dim, prompts, each = 4, 20, 2
    names, reference = np.repeat(np.arange(prompts), each), rng.normal(size=(60, dim))

    def drawn():
        between = rng.normal(size=(prompts, dim))[names]
        return np.sqrt(0.6) * between + np.sqrt(0.4) * rng.normal(size=(prompts * each, dim)) + 0.4

    # Independent draws, as from clips of many prompts.
    true = np.mean([kernel_distance(rng.normal(size=(40, dim)) + 0.4, reference) for _ in range(3000)])
    intervals = [kernel_interval(drawn(), names, reference) for _ in range(500)]
    # 500 draws have a standard error of 1 %; benchmarks/intervals.py uses 3,000.
    assert 0.93 <= np.mean([found.lo <= true <= found.hi for found in intervals]) <= 0.97


def test_degenerate_sets():
    y = RNG.normal(size=(9, 3))
    assert kernel_distance(np.ones((4, 3)), y) > 0
    with pytest.raises(MetricError, match="one clip for each of 9"):
        kernel_interval(y, np.arange(9), y, [0, 1])
    with pytest.raises(MetricError, match="median distance is 0"):
        kernel_distance(y, np.full((5, 3), 0.1))
    with pytest.raises(MetricError, match="x has 1 vectors and needs 2"):
        kernel_distance(y[:1], y)
    with pytest.raises(MetricError, match="reference has 1 vectors"):
        kernel_distance(y, y[:1])
    with pytest.raises(MetricError, match="2 dimensions and the reference 3"):
        kernel_distance(y[:, :2], y)
    with pytest.raises(MetricError, match="not finite"):
        kernel_distance(np.where(y > 1e9, y, np.nan), y)
    with pytest.raises(MetricError, match="at least three prompts"):
        kernel_interval(y, [0] * 4 + [1] * 5, y)
    with pytest.raises(MetricError, match="at least two prompts"):
        kernel_interval(y, [0] * 9, y)
    with pytest.raises(MetricError, match="one prompt for each of 9"):
        kernel_interval(y, [0, 1], y)


def test_vectors_of_one_group_are_worth_fewer():
    apart = RNG.normal(size=(200, 1, 6))
    assert 160 < vectors.independent(list(apart)) <= 200
    # Copies add nothing; w windows that share half of the variance count as n / (1 + (w - 1) / 2).
    assert vectors.independent(list(np.repeat(apart, 8, axis=1))) == pytest.approx(200, rel=0.05)
    half = RNG.normal(size=(400, 1, 6)) + RNG.normal(size=(400, 5, 6))
    assert vectors.independent(list(half)) == pytest.approx(2000 / 3, rel=0.1)
    assert vectors.independent([np.ones((4, 3))]) == 4 and vectors.independent([np.ones((2, 3))] * 3) == 6
