"""Matrix products of every number format, and which numbers of rows agree bit for bit."""

from __future__ import annotations

import pytest
import torch

from mgeval.models.musicgen.matmul import consistent_row_counts, product


@pytest.mark.parametrize("dtype, limit", [("float32", 1e-5), ("bfloat16", 1e-2), ("float16", 1e-2)])
@pytest.mark.parametrize("shape", [(24, 24), (72, 24), (512, 48), (256, 1024)])
def test_products_are_products(dtype, limit, shape):
    generator = torch.Generator().manual_seed(0)
    weight = (0.05 * torch.randn(shape, generator=generator)).to(getattr(torch, dtype))
    x = torch.randn(6, shape[1], generator=generator)
    exact = x.double() @ weight.double().T
    assert (product(weight)(x) - exact).abs().max() < limit * exact.abs().max()


def test_weights_beyond_float16_are_not_cut():
    weight = torch.full((8, 8), 1e6, dtype=torch.bfloat16)
    assert product(weight)(torch.ones(2, 8)).min() > 7e6


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", [(72, 24), (1024, 512), (256, 2048)])
def test_equal_rows_are_equal(dtype, shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    multiply = product(weight)
    counts = consistent_row_counts([(multiply, shape[1])], 32, torch.zeros(1))
    assert counts == sorted(counts) and counts[-1] >= 32
    x = torch.randn(counts[-1], shape[1], generator=torch.Generator().manual_seed(1))
    whole = multiply(x)
    for count in counts:
        assert torch.equal(multiply(x[-count:].clone()), whole[-count:])


def test_rows_that_differ_are_found():
    def odd(x):
        return x * (1 + (len(x) in (1, 2, 6)) * 1e-6)

    assert consistent_row_counts([(odd, 8)], 16, torch.zeros(1))[:3] == [4, 8, 12]
    assert consistent_row_counts([(lambda x: x + len(x) * 1e-3, 8)], 16, torch.zeros(1)) == [64]
    # What the largest number disagrees with is of no use.
    assert consistent_row_counts([(lambda x: x * (1 + (len(x) > 64) * 1e-6), 8)], 128, torch.zeros(1)) == [128]
