"""Matrix products of a decoder's weights, by the fastest kernel that the machine has for each number format.

A decoding step multiplies few rows by large matrices, so it is bound by reading the weights. Three kernels:

- a GPU, and a processor with bfloat16 arithmetic of its own: torch's plain product in the weights' format;
- other processors, bfloat16 and float16: FBGEMM's, which reads weights of 16 bits and computes in
  float32. Torch's own product without such arithmetic costs as much for each row as for the first;
- processors, float32: oneDNN's, on weights that were brought into its order once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

LADDER = (1, 2, 4, 6, 8, 12, 16, 20, 24, 30, 32, 36, 42, 48, 56)
"""Row counts that are tried; multiples of `BLOCK` follow."""

BLOCK = 64

PROBES = 2**18
"""Numbers that are compared for each shape of a product.

Sums in another order differ in the last digit of float32. Rounded to bfloat16 or float16, one number in some thousand
shows that, so a few rows are not enough to see it.
"""

Product = Callable[[Any], Any]


def product(weight: Any) -> Product:
    """Return ``x -> x @ weight.T``; what comes out has the format of what went in.

    Parameters
    ----------
    weight : torch.Tensor
        ``(outputs, inputs)``. The plain product keeps it, the others keep a packed copy of their own.
    """
    import torch

    if weight.device.type == "cpu":
        if weight.dtype == torch.float32 and torch.backends.mkldnn.is_available():
            return _packed_float32(weight)
        if weight.dtype != torch.float32 and not _computes(weight.dtype) and _fits_half(weight):
            return _packed_half(weight)
    return lambda x: torch.nn.functional.linear(x.to(weight.dtype), weight).to(x.dtype)


def activations(weight: Any) -> Any:
    """Return the number format of everything beside the weights: float32 on a processor, theirs on a GPU."""
    import torch

    return torch.float32 if weight.device.type == "cpu" else weight.dtype


def consistent_row_counts(products: Iterable[tuple[Product, int]], rows: int, like: Any) -> list[int]:
    """Return the numbers of rows that a product may be given so that each row comes out the same, bit for bit.

    Kernels group rows, and sum in another order in a group of another size: which sizes agree is found
    by trying. All are compared with the same large product, so the answer for a small number of rows does
    not depend on ``rows``.

    Parameters
    ----------
    products : iterable of (Product, int)
        What is to agree, each with the length of its rows.
    rows : int
        The largest number of rows that is needed.
    like : torch.Tensor
        Gives device and format of the rows.

    Returns
    -------
    list of int
        Ascending; the last is ``rows`` or more.
    """
    import torch

    blocks = [BLOCK * (i + 1) for i in range(-(-rows // BLOCK))]
    good = [count for count in (*LADDER, *blocks) if count < blocks[-1]]
    generator = torch.Generator().manual_seed(0)
    shapes = set()
    for multiply, inputs in products:
        x = torch.randn(blocks[-1], inputs, generator=generator).to(like)
        first = multiply(x[:1])
        outputs = first.shape[-1]
        if (inputs, outputs) not in shapes and _is_rounded(first):
            # Kernels are chosen by shape: the first product of each is tried on many rows.
            shapes.add((inputs, outputs))
            more = blocks[-1] * -(-PROBES // (outputs * blocks[-1])) - len(x)
            x = torch.cat([x, torch.randn(more, inputs, generator=generator).to(like)])
        # Blocks are the judge of all: they are tried at any number of rows.
        whole = _in_groups(multiply, x, BLOCK)
        good = [count for count in good if torch.equal(_in_groups(multiply, x, count), whole)]
        if not torch.equal(_in_groups(multiply, x, blocks[-1]), whole):
            # Nothing agrees with the largest number, which is needed: it has to serve for all.
            return [blocks[-1]]
    return [*good, blocks[-1]] if not good or good[-1] < rows else good


def _is_rounded(values: Any) -> bool:
    """Return whether numbers have no more digits than bfloat16 or float16."""
    import torch

    return any(torch.equal(values.to(dtype).to(values.dtype), values) for dtype in (torch.bfloat16, torch.float16))


def _in_groups(multiply: Product, x: Any, count: int) -> Any:
    """Multiply rows in groups of so many; the last group ends with the rows and repeats some of the one before."""
    import torch

    whole = len(x) - len(x) % count
    parts = [multiply(x[begin : begin + count]) for begin in range(0, whole, count)]
    if whole < len(x):
        parts.append(multiply(x[-count:])[whole - len(x) :])
    return torch.cat(parts)


def _computes(dtype: Any) -> bool:
    """Say whether the processor has arithmetic of its own for a 16-bit format."""
    import torch

    mkldnn = torch.ops.mkldnn
    try:
        known = mkldnn._is_mkldnn_bf16_supported if dtype == torch.bfloat16 else mkldnn._is_mkldnn_fp16_supported
        return bool(known())
    except AttributeError:
        return False


def _fits_half(weight: Any) -> bool:
    """Say whether FBGEMM is there and the weights lie within float16.

    bfloat16 has fewer digits than float16 and more range: its weights pass unrounded, but for those
    under 6e-5, which lose at most 3e-8.
    """
    import torch

    there = torch.backends.quantized.engine in ("x86", "fbgemm") and hasattr(torch.ops.quantized, "linear_dynamic_fp16")
    return there and weight.abs().max().item() < 6e4


def _packed_half(weight: Any) -> Product:
    import torch

    packed = torch.ops.quantized.linear_prepack_fp16(weight.float(), None)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    return lambda x: multiply(x, packed)


def _packed_float32(weight: Any) -> Product:
    import torch

    packed = torch.ops.mkldnn._reorder_linear_weight(weight, BLOCK)
    multiply = torch.ops.mkldnn._linear_pointwise
    return lambda x: multiply(x, packed, None, "none", [], "")
