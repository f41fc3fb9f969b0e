"""The Frechet distance: closed forms, two other ways to compute it, merging, extrapolation, intervals."""

import functools

import numpy as np
import pytest
from reference import distances_slow as slow

from mgeval.errors import MetricError
from mgeval.metrics import distribution
from mgeval.metrics.distribution import (
    GaussianStats,
    clip_frechet,
    frechet_distance,
    frechet_infinity,
    frechet_infinity_interval,
    frechet_spread,
)

of = GaussianStats.from_embeddings


def draws(n, dim, seed=0, shift=0.0):
    """Draw vectors whose variances differ a thousandfold between directions."""
    rng = np.random.default_rng(seed)
    scales = np.geomspace(1, 10**-1.5, dim)
    turn, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
    return rng.normal(size=(n, dim)) * scales @ turn + shift


def test_known_answers():
    x = draws(40, 6)
    assert frechet_distance(of(x), of(x + np.arange(6))) == pytest.approx(55, rel=1e-12)
    # Scaled by 3 about its mean: the distance is (3 - 1)^2 tr A.
    scaled = x.mean(axis=0) + 3 * (x - x.mean(axis=0))
    assert frechet_distance(of(x), of(scaled)) == pytest.approx(4 * np.trace(np.cov(x.T)), rel=1e-12)
    flat = GaussianStats(np.zeros(2), None, np.diag([4.0, 9.0])), GaussianStats(np.zeros(2), None, np.diag([1.0, 25.0]))
    assert frechet_distance(*flat) == pytest.approx(1 + 4)


@pytest.mark.parametrize("dim", [3, 40, 100])
def test_against_the_square_root_and_the_nuclear_norm(dim):
    x, y = draws(5 * dim, dim, 1), draws(4 * dim, dim, 2, shift=0.1)
    value = frechet_distance(of(x), of(y))
    assert value == pytest.approx(slow.frechet_by_root(x, y), rel=1e-8)
    assert value == pytest.approx(slow.frechet_by_nuclear_norm(x, y), rel=1e-8)


def test_both_ways_to_sum_singular_values_are_taken_and_agree(monkeypatch):
    full, thin = (of(draws(n, 100, 3)) for n in (400, 101))
    fast = [frechet_distance(full, other) for other in (of(draws(300, 100, 4)), thin)]
    called = []
    svd = np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda *a, **k: called.append(1) or svd(*a, **k))
    frechet_distance(full, of(draws(300, 100, 4)))
    assert not called
    monkeypatch.setattr("mgeval.metrics.distribution.gaussian.SAFE", 0)
    assert [frechet_distance(full, other) for other in (of(draws(300, 100, 4)), thin)] == pytest.approx(fast, rel=1e-10)
    assert called


@pytest.mark.parametrize("n", [2, 10, 79, 80, 81])
def test_few_vectors_have_a_distance(n):
    x, y = draws(n, 80, 5), draws(30, 80, 6, shift=0.2)
    for other in (y, draws(300, 80, 6, shift=0.2)):
        value = frechet_distance(of(x), of(other))
        assert value == pytest.approx(slow.frechet_by_nuclear_norm(x, other), rel=1e-6)
        assert value == pytest.approx(frechet_distance(of(other), of(x)), rel=1e-10)
    assert of(x).rank == min(n - 1, 80)
    assert 0 <= frechet_distance(of(x), of(x)) < 1e-10


def test_rank_is_not_raised_by_rounding():
    """More vectors than dimensions, one of which depends on the others: half of these covariances have a root."""
    for seed in range(20):
        x = draws(60, 8, seed)
        x[:, -1] = x[:, :-1] @ np.random.default_rng(seed).normal(size=7)
        assert of(x).rank == of(x[:8]).rank == 7


def test_rotation_and_order_do_not_matter():
    x, y = draws(60, 20, 7), draws(12, 20, 8)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 20)))
    value = frechet_distance(of(x), of(y))
    assert frechet_distance(of(x @ turn + 5), of(y @ turn + 5)) == pytest.approx(value, rel=1e-10)
    assert frechet_distance(of(x[::-1]), of(y[::-1])) == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("sizes", [(3, 4), (3, 60), (60, 3), (70, 60), (1, 1, 1), (10,) * 9, (1,) * 40, (10,) * 3])
def test_merged_is_direct(sizes):
    x = draws(sum(sizes), 30, 9, shift=100)
    merged = functools.reduce(lambda a, b: a + b, map(of, np.split(x, np.cumsum(sizes)[:-1])))
    assert merged.n == len(x) and (merged.rows is None) == (len(x) > 30)
    assert merged.mu == pytest.approx(x.mean(axis=0), rel=1e-12)
    cov = np.cov(x, rowvar=False)
    assert np.abs(merged.cov - cov).max() < 1e-10 * np.abs(cov).max()
    assert merged.total_variance == pytest.approx(np.trace(cov), rel=1e-10)


@pytest.mark.parametrize("n", [1, 5, 50])
def test_saved_is_loaded(tmp_path, n):
    stats = of(draws(n, 8, 10))
    again = GaussianStats.load(stats.save(tmp_path / "stats.npz"))
    assert again.n == n and np.array_equal(again.mu, stats.mu) and np.array_equal(again.cov, stats.cov)
    assert (again.rows is None) == (stats.rows is None)
    with np.load(tmp_path / "stats.npz") as file:
        assert file["mu"].shape == (8,) and file["cov"].shape == (8, 8)


def test_files_of_fadtk_are_read(tmp_path):
    x, y = draws(50, 4, 11), draws(50, 6, 12)
    path = tmp_path / "fma.npz"
    parts = {f"{name}.{part}": value for name, z in (("vggish", x), ("clap", y))
             for part, value in (("mu", z.mean(axis=0)), ("cov", np.cov(z.T)))}  # fmt: skip
    np.savez(path, **parts)
    stats = GaussianStats.load(path, "clap")
    assert stats.n is None and frechet_distance(stats, of(y)) == pytest.approx(0, abs=1e-12)
    with pytest.raises(MetricError, match="no statistics 'vgish'.*did you mean 'vggish'"):
        GaussianStats.load(path, "vgish")
    with pytest.raises(MetricError, match="clap, vggish|vggish, clap"):
        GaussianStats.load(path)
    with pytest.raises(MetricError, match="file without n"):
        _ = stats + of(y)


def test_the_published_statistics_are_read(real_clips):
    path = real_clips.parent / "fma_pop_stats.npz"
    for name, dim in (("clap-laion-music", 512), ("vggish", 128), ("encodec-emb", 128)):
        stats = GaussianStats.load(path, name)
        assert stats.dim == stats.rank == dim
        assert frechet_distance(stats, stats) < 1e-10 * stats.total_variance


def test_files_without_statistics_are_errors(tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(MetricError, match="must be an .npz file of plain arrays"):
        GaussianStats.load(path)
    np.savez(path, mu=np.zeros(3))
    with pytest.raises(MetricError, match="must hold mu and cov"):
        GaussianStats.load(path)
    np.savez(path, mu=np.zeros(3), cov=np.zeros((2, 2)))
    with pytest.raises(MetricError, match=r"mu \(3,\) and cov \(2, 2\)"):
        GaussianStats.load(path)
    np.savez(path, mu=np.zeros(3), cov=np.zeros((3, 3)), n=2, rows=np.zeros((1, 3)))
    with pytest.raises(MetricError, match="rows"):
        GaussianStats.load(path)
    np.savez(path, mu=np.array([None]), cov=np.zeros((1, 1)))
    with pytest.raises(MetricError, match="must be an .npz file of plain arrays"):
        GaussianStats.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(MetricError, match="must be an .npz file of plain arrays"):
        GaussianStats.load(path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(MetricError, match="must be an .npz file of plain arrays"):
        GaussianStats.load(tmp_path / "one.npy")
    with pytest.raises(MetricError, match="saved as .npz"):
        of(np.eye(3)).save(tmp_path / "x.npy")


def test_damaged_and_invalid_files_are_errors(tmp_path):
    path = tmp_path / "x.npz"
    good = {"mu": np.zeros(3), "cov": np.eye(3)}
    for message, odd in {
        "mu must hold real numbers": {"mu": np.array(["a", "b", "c"])},
        "cov must hold real numbers, got complex128": {"cov": np.eye(3) + 1j},
        "n must be the number of vectors": {"n": np.array([3, 4])},
        "number of vectors, got inf": {"n": np.inf},
        "n must be the number": {"n": np.nan},
        "symmetric": {"cov": np.triu(np.ones((3, 3)))},
        "without negative eigenvalues": {"cov": -np.eye(3)},
        "must be": {"mu": np.zeros(0), "cov": np.zeros((0, 0))},
    }.items():
        np.savez(path, **good | odd)
        with pytest.raises(MetricError, match=message):
            GaussianStats.load(path)
    # In half precision a rank-deficient covariance has eigenvalues slightly below 0.
    few = np.cov(draws(20, 40).T)
    np.savez(path, mu=np.zeros(40), cov=few.astype(np.float16))
    assert frechet_distance(GaussianStats.load(path), GaussianStats(np.zeros(40), None, few)) < 0.05 * np.trace(few)
    np.savez_compressed(path, mu=np.zeros(300), cov=np.random.default_rng(0).normal(size=(300, 300)))
    data = bytearray(path.read_bytes())
    data[2000:40000] = b"\x55" * 38000
    path.write_bytes(data)
    with pytest.raises(MetricError, match="must be an .npz file of plain arrays"):
        GaussianStats.load(path)


def test_degenerate_sets():
    same = of(np.full((50, 4), 2.0))
    assert same.rank == 0 and frechet_distance(same, same) == 0
    assert frechet_distance(same, of(np.full((2, 4), 3.0))) == pytest.approx(4)
    assert frechet_distance(same, of(draws(20, 4))) > 0
    with pytest.raises(MetricError, match="at least two clips"):
        frechet_distance(of(np.ones((1, 4))), same)
    with pytest.raises(MetricError, match="got 4 and 3"):
        frechet_distance(same, of(np.eye(3)))
    with pytest.raises(MetricError, match="got 4 and 3"):
        _ = same + of(np.eye(3))
    for broken in (np.zeros(4), np.zeros((2, 2, 2)), np.zeros((3, 0))):
        with pytest.raises(MetricError, match=r"\(vectors, dim\)"):
            of(broken)
    with pytest.raises(MetricError, match="has 0 vectors"):
        of(np.zeros((0, 4)))
    for odd in ([["a", "b"]], [np.zeros((3, 2)), np.zeros((2, 2))]):
        with pytest.raises(MetricError, match=r"numbers \(vectors, dim\)"):
            of(odd)
    x = draws(5, 4)
    x[3, 1] = np.nan
    with pytest.raises(MetricError, match="1 vectors of embeddings are not finite, the first is row 3"):
        of(x)


def test_one_clip():
    reference = of(draws(300, 64, 13))
    windows = draws(10, 64, 14, shift=0.1)
    assert clip_frechet(windows, reference) == pytest.approx(frechet_distance(of(windows), reference), rel=1e-12)
    windows[0, 0] = np.inf
    assert "not finite" in clip_frechet(windows, reference).reason
    assert "fewer than two windows" in clip_frechet(windows[1:2], reference).reason
    assert "fewer than two windows" in clip_frechet(windows[:0], reference).reason
    with pytest.raises(MetricError, match="63 and 64"):
        clip_frechet(windows[1:, 1:], reference)


def test_extrapolation_finds_the_distance_that_the_plain_one_overshoots():
    rng = np.random.default_rng(15)
    reference = GaussianStats(np.zeros(16), None, np.eye(16))
    stretch = np.linspace(0.5, 2, 16)
    true = np.sum((stretch - 1) ** 2) + 16 * 0.1**2
    plain, found = [], []
    for seed in range(60):
        clips = rng.normal(size=(100, 3, 16)) * stretch + 0.1
        plain.append(frechet_distance(of(np.concatenate(clips)), reference))
        found.append(frechet_infinity(list(clips), reference, seed).value)
    error = np.std(found, ddof=1) / np.sqrt(60)
    assert np.mean(plain) - true > 6 * error
    assert abs(np.mean(found) - true) < 2.5 * error


def test_the_extrapolation_is_a_line_by_one_over_clips():
    clips = [draws(4, 8, seed) for seed in range(60)]
    reference = of(draws(500, 8, 99))
    line = frechet_infinity(clips, reference)
    assert line == frechet_infinity(clips, reference, seed=0) != frechet_infinity(clips, reference, seed=1)
    assert line.clips == (60, 30, 20, 15, 12)
    assert line.distances[0] == pytest.approx(frechet_distance(of(np.concatenate(clips)), reference), rel=1e-10)
    from scipy.stats import linregress

    judge = linregress(1 / np.array(line.clips), line.distances)
    assert line[:3] == pytest.approx((judge.intercept, judge.intercept_stderr, judge.slope), rel=1e-8)


def test_extrapolation_needs_clips_and_vectors():
    reference = of(draws(50, 8))
    with pytest.raises(MetricError, match="needs 10 clips"):
        frechet_infinity([draws(9, 8)] * 9, reference)
    with pytest.raises(MetricError, match="40 vectors are too few"):
        frechet_infinity([draws(4, 8)] * 10, reference)
    with pytest.raises(MetricError, match="clip 1 are not finite"):
        frechet_infinity([draws(9, 8), np.full((9, 8), np.nan)] * 6, reference)
    with pytest.raises(MetricError, match="clip 1 has 7 dimensions and the reference 8"):
        frechet_spread([draws(9, 8), draws(9, 7)], ["a", "b"], reference)
    with pytest.raises(MetricError, match="at least two prompts"):
        frechet_spread([draws(9, 8)] * 2, ["a", "a"], reference)
    with pytest.raises(MetricError, match="one prompt for each of 12"):
        frechet_infinity_interval([draws(9, 8)] * 12, ["a"], reference)


def test_left_out_prompts_are_those_of_a_plain_recomputation():
    clips = [draws(3, 4, seed) for seed in range(24)]
    prompts = [f"p{i // 2}" for i in range(24)]
    reference = of(draws(200, 4, 99))
    spread = frechet_spread(clips, prompts, reference)
    without = [frechet_distance(of(np.concatenate(clips[: 2 * g] + clips[2 * g + 2 :])), reference) for g in range(12)]
    assert spread == pytest.approx(np.sqrt(11 / 12 * np.sum((without - np.mean(without)) ** 2)), rel=1e-8)
    interval = frechet_infinity_interval(clips, prompts, reference)
    stacked = [np.concatenate(clips[i : i + 2]) for i in range(0, 24, 2)]
    assert interval.value == pytest.approx(frechet_infinity(stacked, reference).value, rel=1e-10)
    assert interval.lo < interval.value < interval.hi and interval.n_prompts == 12


@pytest.mark.slow
def test_the_interval_covers():
    rng = np.random.default_rng(16)
    dim, prompts, times = 2, 40, 250
    reference = GaussianStats(np.zeros(dim), None, np.eye(dim))
    names = np.repeat(np.arange(prompts), 2)
    intervals = []
    for seed in range(times):
        # Seeds of one prompt are similar: 0.6 of the variance is between prompts.
        x = np.sqrt(0.6) * rng.normal(size=(prompts, dim))[names] + np.sqrt(0.4) * rng.normal(size=(2 * prompts, dim))
        intervals.append(frechet_infinity_interval(list((x + 0.4)[:, None]), names, reference, seed))
    value, lo, hi, _ = np.array(intervals).T
    true = dim * 0.4**2
    # 250 draws have a standard error of 1.4 %; benchmarks/intervals.py uses 500.
    assert 0.93 <= np.mean((lo <= true) & (true <= hi)) <= 0.97
    # The interval is not so wide that it always covers.
    assert 0.8 < np.mean(hi - lo) / 2 / (2.02 * np.std(value, ddof=1)) < 1.35


@pytest.mark.slow
def test_the_interval_covers_where_clips_have_several_windows():
    """The number of windows varies, and they are far from independent: most of the variance is between clips."""
    rng = np.random.default_rng(18)
    dim, prompts, times = 4, 20, 200
    reference, true, intervals = GaussianStats(np.zeros(dim), None, np.eye(dim)), dim * 0.6**2, []
    for seed in range(times):
        clips = [
            0.6 + np.sqrt(0.6) * rng.normal(size=dim) + np.sqrt(0.4) * rng.normal(size=(rng.integers(1, 10), dim))
            for _ in range(prompts)
        ]
        intervals.append(frechet_infinity_interval(clips, range(prompts), reference, seed))
    value, lo, hi, _ = np.array(intervals).T
    assert 0.93 <= np.mean((lo <= true) & (true <= hi)) <= 0.97
    assert value.mean() == pytest.approx(true, rel=0.1)


def test_two_spreads_of_the_plain_distance_do_not_cover():
    rng = np.random.default_rng(17)
    dim, prompts, times = 16, 40, 60
    reference = GaussianStats(np.zeros(dim), None, np.eye(dim))
    covered = 0
    for _ in range(times):
        x = rng.normal(size=(prompts, dim)) + 0.4
        value, spread = frechet_distance(of(x), reference), frechet_spread(list(x[:, None]), range(prompts), reference)
        covered += abs(value - dim * 0.4**2) <= 2 * spread
    assert covered < times / 2
    assert "not an interval" in frechet_spread.__doc__


def test_everything_is_offered():
    assert all(hasattr(distribution, name) for name in distribution.__all__)
