"""Matrix products with a decoder's weights, by the fastest kernel for the device and number format.

A decoding step multiplies few rows by large matrices, so it is bound by reading the weights. Three kernels:

- GPUs, and CPUs with native bfloat16 arithmetic: torch's plain product in the weights' format;
- other CPUs, bfloat16 and float16: FBGEMM's, which reads weights of 16 bits and computes in
  float32. Without native arithmetic, torch's plain product costs as much for each further row as for the first;
- CPUs, float32: oneDNN's, on weights that are reordered once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

SMALL_COUNTS = (1, 2, 4, 6, 8, 12, 16, 20, 24, 30, 32, 36, 42, 48, 56)
"""Row counts to try before the multiples of `BLOCK`."""

BLOCK = 64

COMPARED = 2**18
"""Numbers to compare for each shape of a product.

Sums in another order differ in the last digit of float32. Rounded to bfloat16 or float16, only one number in
thousands differs, so a few rows are not enough to detect it.
"""

Product = Callable[[Any], Any]


def product(weight: Any) -> Product:
    """Return ``x -> x @ weight.T``; the result has the number format of ``x``.

    Parameters
    ----------
    weight : torch.Tensor
        ``(outputs, inputs)``. The plain product keeps it, the others keep a packed copy.
    """
    import torch

    if weight.device.type == "cpu":
        if weight.dtype == torch.float32 and torch.backends.mkldnn.is_available():
            return _pack_float32(weight)
        if weight.dtype != torch.float32 and not _has_arithmetic(weight.dtype) and _fits_half(weight):
            return _pack_half(weight)
    return lambda x: torch.nn.functional.linear(x.to(weight.dtype), weight).to(x.dtype)


def activations(weight: Any) -> Any:
    """Return the number format of activations: float32 on a CPU, that of the weights on a GPU."""
    import torch

    return torch.float32 if weight.device.type == "cpu" else weight.dtype


def consistent_row_counts(products: Iterable[tuple[Product, int]], rows: int, like: Any) -> list[int]:
    """Return the row counts for which the products give each row the same result, bit for bit.

    Kernels process rows in groups, and sum in another order in a group of another size: trial finds the counts
    that agree. All are compared with the same large product, so the result for a small count does
    not depend on ``rows``.

    Parameters
    ----------
    products : iterable of (Product, int)
        The products, each with its number of inputs.
    rows : int
        The largest number of rows needed.
    like : torch.Tensor
        Has the device and the number format of the rows.

    Returns
    -------
    list of int
        Ascending; the last is ``rows`` or more.
    """
    import torch

    blocks = [BLOCK * (i + 1) for i in range(-(-rows // BLOCK))]
    good = [count for count in (*SMALL_COUNTS, *blocks) if count < blocks[-1]]
    generator = torch.Generator().manual_seed(0)
    shapes = set()
    for multiply, inputs in products:
        x = torch.randn(blocks[-1], inputs, generator=generator).to(like)
        first = multiply(x[:1])
        outputs = first.shape[-1]
        if (inputs, outputs) not in shapes and _is_rounded(first):
            # Torch chooses kernels by shape: only the first product of each shape is tried on many rows.
            shapes.add((inputs, outputs))
            more = blocks[-1] * -(-COMPARED // (outputs * blocks[-1])) - len(x)
            x = torch.cat([x, torch.randn(more, inputs, generator=generator).to(like)])
        # The reference is the product in groups of `BLOCK` rows, whatever the number of rows.
        whole = _multiply_in_groups(multiply, x, BLOCK)
        good = [count for count in good if torch.equal(_multiply_in_groups(multiply, x, count), whole)]
        if not torch.equal(_multiply_in_groups(multiply, x, blocks[-1]), whole):
            # The largest count, which is needed, disagrees with the others: use it alone.
            return [blocks[-1]]
    return [*good, blocks[-1]] if not good or good[-1] < rows else good


def _is_rounded(values: Any) -> bool:
    """Return whether all numbers are exact in bfloat16 or float16."""
    import torch

    return any(torch.equal(values.to(dtype).to(values.dtype), values) for dtype in (torch.bfloat16, torch.float16))


def _multiply_in_groups(multiply: Product, x: Any, count: int) -> Any:
    """Multiply rows in groups of ``count``; the last group ends at the last row and may overlap the one before."""
    import torch

    whole = len(x) - len(x) % count
    parts = [multiply(x[begin : begin + count]) for begin in range(0, whole, count)]
    if whole < len(x):
        parts.append(multiply(x[-count:])[whole - len(x) :])
    return torch.cat(parts)


def _has_arithmetic(dtype: Any) -> bool:
    """Return whether the CPU has native arithmetic for a 16-bit format."""
    import torch

    mkldnn = torch.ops.mkldnn
    try:
        supported = mkldnn._is_mkldnn_bf16_supported if dtype == torch.bfloat16 else mkldnn._is_mkldnn_fp16_supported
        return bool(supported())
    except AttributeError:
        return False


def _fits_half(weight: Any) -> bool:
    """Return whether FBGEMM is available and the weights are in the range of float16.

    bfloat16 has fewer digits than float16 and more range: its weights convert without rounding, except those
    below 6e-5, which lose at most 3e-8.
    """
    import torch

    engine = torch.backends.quantized.engine in ("x86", "fbgemm")
    available = engine and hasattr(torch.ops.quantized, "linear_dynamic_fp16")
    return available and weight.abs().max().item() < 6e4


def _pack_half(weight: Any) -> Product:
    import torch

    packed = torch.ops.quantized.linear_prepack_fp16(weight.float(), None)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    return lambda x: multiply(x, packed)


def _pack_float32(weight: Any) -> Product:
    import torch

    packed = torch.ops.mkldnn._reorder_linear_weight(weight, BLOCK)
    multiply = torch.ops.mkldnn._linear_pointwise
    return lambda x: multiply(x, packed, None, "none", [], "")
