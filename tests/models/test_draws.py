"""Random streams and draws, compared with the distribution of transformers' logits processors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from scipy.stats import chisquare, kstest

from mgeval.models.musicgen.draw import Filter, Settings, draw_codes, filtered_weights, uniforms

CODES, DRAWS = 64, 20_000


def rows(count, temperature=1.0, top_k=0, top_p=0.0):
    """Return the settings of rows that are all the same."""

    def column(value, dtype=torch.float32):
        return torch.full((count, 1), value, dtype=dtype)

    return Settings(
        column(temperature), column(False, torch.bool), column(top_k or CODES, torch.int64), column(top_p or 1.0),
        [Filter(slice(None), top_k or CODES, top_p > 0, alike=True)] if top_k or top_p else [],
    )  # fmt: skip


def filter_by_transformers(logits, temperature=1.0, top_k=0, top_p=0.0):
    chain = [transformers.TemperatureLogitsWarper(temperature)] if temperature != 1 else []
    chain += [transformers.TopKLogitsWarper(top_k)] if top_k else []
    chain += [transformers.TopPLogitsWarper(top_p)] if top_p else []
    for step in chain:
        logits = step(None, logits)
    return torch.softmax(logits, -1)


SETTINGS = [
    dict(),
    dict(temperature=0.7),
    dict(temperature=1.8),
    dict(top_k=7),
    dict(top_p=0.6),
    dict(top_k=20, top_p=0.9, temperature=1.3),
]


@pytest.mark.parametrize("how", SETTINGS)
def test_draws_have_transformers_distribution(how):
    logits = 2 * torch.randn(1, CODES, generator=torch.Generator().manual_seed(2))
    expected = filter_by_transformers(logits, **how)[0].double().numpy()
    expected /= expected.sum()
    # The stream of one clip: 20,000 frames of one codebook.
    numbers = torch.from_numpy(uniforms(5, "rock", 1, DRAWS).copy()).T
    same = logits[:, None].expand(DRAWS, 1, CODES)
    drawn = draw_codes(same, same, torch.ones(DRAWS), numbers, rows(DRAWS, **how)).codes
    counts = np.bincount(drawn.flatten().numpy(), minlength=CODES)
    assert counts[expected == 0].sum() == 0
    often = expected * DRAWS >= 5
    observed = [*counts[often], counts[~often].sum()]
    wanted = [*expected[often] * DRAWS, expected[~often].sum() * DRAWS]
    if wanted[-1] == 0:
        observed, wanted = observed[:-1], wanted[:-1]
    assert chisquare(observed, wanted).pvalue > 0.001


@pytest.mark.parametrize("how", SETTINGS)
def test_filters_leave_what_transformers_leaves(how):
    logits = 3 * torch.randn(200, CODES, generator=torch.Generator().manual_seed(3))
    weights = filtered_weights(logits[:, None], rows(200, **how))[:, 0]
    torch.testing.assert_close(weights / weights.sum(-1, keepdim=True), filter_by_transformers(logits, **how))


def test_rows_of_different_settings_do_not_touch_one_another():
    """The filters process all rows, as in a recorded step, or only those that need it."""
    logits = torch.randn(len(SETTINGS), 1, CODES, generator=torch.Generator().manual_seed(4))
    each = [rows(1, **how) for how in SETTINGS]
    columns = [torch.cat(column) for column in list(zip(*each, strict=True))[:4]]
    apart = [Filter(torch.tensor([i]), *one.filters[0][1:]) for i, one in enumerate(each) if one.filters]
    everywhere = [Filter(slice(None), CODES, True, alike=False)]
    for filters in (everywhere, apart):
        together = filtered_weights(logits, Settings(*columns, filters))
        for index, one in enumerate(each):
            assert torch.equal(together[index], filtered_weights(logits[index : index + 1], one)[0]), SETTINGS[index]
    limits = [i for i, how in enumerate(SETTINGS) if "top_p" not in how]
    together = filtered_weights(
        logits[limits], Settings(*(c[limits] for c in columns), [Filter(slice(None), 7, False, alike=False)])
    )
    for row, index in enumerate(limits):
        assert torch.equal(together[row], filtered_weights(logits[index : index + 1], each[index])[0]), SETTINGS[index]


def test_guidance_comes_first():
    text, plain = (torch.randn(50, 1, CODES, generator=torch.Generator().manual_seed(seed)) for seed in (5, 6))
    greedy = rows(50)._replace(greedy=torch.ones(50, 1, dtype=torch.bool))
    taken = draw_codes(text, plain, torch.full((50,), 3.0), torch.zeros(50, 1), greedy)
    processor = transformers.ClassifierFreeGuidanceLogitsProcessor(3.0)
    expected = processor(torch.zeros(50, 1), torch.cat([text[:, 0], plain[:, 0]])).argmax(-1)
    assert torch.equal(taken.codes[:, 0], expected)


def test_the_largest_number_draws_the_last_code_left():
    logits = torch.zeros(1, 1, CODES)
    logits[..., 40:] = -200.0
    for number, code in ((0.0, 0), (1 - 2.0**-23, 39)):
        taken = draw_codes(logits, logits, torch.ones(1), torch.tensor([[number]]), rows(1))
        assert taken.codes.item() == code


def test_streams():
    one = uniforms(3, "rock", 8, 500)
    assert one.shape == (8, 500)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert one.max() < 1
    np.testing.assert_array_equal(uniforms(3, "rock", 8, 100), one[:, :100])
    for other in (uniforms(4, "rock", 8, 500), uniforms(3, "jazz", 8, 500)):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05
    assert kstest(one.ravel(), "uniform").pvalue > 0.001
    # Golden values: every later version must continue a stored run with the same numbers.
    np.testing.assert_array_equal(uniforms(0, "", 2, 2), np.float32(GOLDEN))


GOLDEN = [[0.03266429901123047, 0.05659139156341553], [0.5934211015701294, 0.7454249858856201]]
