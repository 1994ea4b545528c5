"""The Gaunt product that computes the same function as an e3nn tensor product."""

import numpy as np
import torch
from e3nn import o3

from groundstate.gaunt.conversion.factors import Term, factorised
from groundstate.gaunt.conversion.paths import coupling_ratio, is_odd, is_path
from groundstate.gaunt.layers.product import GauntTensorProduct


def from_e3nn(twin: o3.TensorProduct, *, method: str = "auto") -> GauntTensorProduct:
    """Return the Gaunt product with the weights of an e3nn tensor product, which computes the same function.

    The weights of a Gaunt product are sums of terms w_l1 w_l2 w_l per channel. The table of e3nn's weights is
    written with the fewest terms that were found to give it. Odd paths make it a "complete" product.

    Parameters
    ----------
    twin
        A product that owns its weights.
    method
        As in `GauntTensorProduct`.

    Raises
    ------
    ValueError
        For connection modes other than "uuu" (or "uvu" with one copy in the second input), for weights from
        outside, or for paths between irreps that share a degree and parity with another of the same operand.
    """
    _check(twin)
    odd_paths = any(is_odd(*_degrees(twin, index)) for index in range(len(twin.instructions)))
    parts = (False, True) if odd_paths else (False,)
    single = all(mul == 1 for mul, _ in twin.irreps_in2)
    tolerance = 1e-11 if twin.weight.dtype == torch.float64 else 1e-6
    # absent paths between irreps that the Gaunt product couples count as zero
    terms = [factorised(*_weight_table(twin, odd), single, tolerance) for odd in parts]
    rank = max(len(part) for part in terms)
    product = GauntTensorProduct(
        twin.irreps_in1,
        twin.irreps_in2,
        twin.irreps_out,
        parity="complete" if odd_paths else "even",
        rank=rank,
        irrep_normalization="none",
        path_normalization="none",
        method=method,
    ).to(twin.weight.dtype)
    with torch.no_grad():
        product.weight.copy_(torch.from_numpy(_weights(product, terms)))
    return product


def _check(twin: o3.TensorProduct) -> None:
    if not twin.internal_weights:
        raise ValueError("only internal weights can be copied")
    for instruction in twin.instructions:
        mode = instruction.connection_mode
        single = mode == "uvu" and twin.irreps_in2[instruction.i_in2].mul == 1
        if mode != "uuu" and not single:
            raise ValueError(
                f"connection mode {mode!r} has no Gaunt counterpart: only uuu, or uvu with v = 1"
            )
    for irreps in (twin.irreps_in1, twin.irreps_in2, twin.irreps_out):
        kinds = [ir for _, ir in irreps]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"an irrep occurs twice in {irreps}: simplify the irreps first")


def _degrees(twin: o3.TensorProduct, index: int) -> tuple[int, int, int]:
    """Degrees of the irreps of an instruction."""
    path = twin.instructions[index]
    return (
        twin.irreps_in1[path.i_in1].ir.l,
        twin.irreps_in2[path.i_in2].ir.l,
        twin.irreps_out[path.i_out].ir.l,
    )


def _weight_table(twin: o3.TensorProduct, odd: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weight of every path per channel in units of our coupling, and which entries a path exists for."""
    sizes = [len(irreps) for irreps in (twin.irreps_in1, twin.irreps_in2, twin.irreps_out)]
    table = np.zeros((*sizes, max(mul for mul, _ in twin.irreps_out)))
    exists = np.zeros(sizes, dtype=bool)
    for i, (_, ir1) in enumerate(twin.irreps_in1):
        for j, (_, ir2) in enumerate(twin.irreps_in2):
            for k, (_, ir3) in enumerate(twin.irreps_out):
                exists[i, j, k] = is_odd(ir1.l, ir2.l, ir3.l) == odd and is_path(ir1, ir2, ir3)
    flat = twin.weight.detach().double().numpy()
    start = 0
    for index, path in enumerate(twin.instructions):
        count = int(np.prod(path.path_shape)) if path.has_weight else 0
        weight = flat[start : start + count] if path.has_weight else 1.0
        start += count
        degrees = _degrees(twin, index)
        if is_odd(*degrees) == odd:
            channels = slice(0, twin.irreps_out[path.i_out].mul)
            value = path.path_weight * weight / coupling_ratio(*degrees)
            table[path.i_in1, path.i_in2, path.i_out, channels] += value
    return table, exists


def _weights(product: GauntTensorProduct, terms: list[list[Term]]) -> np.ndarray:
    """Flat weights of the product; a part with fewer terms than the other is filled up with zeros."""
    operands = (product.irreps_in1, product.irreps_in2, product.irreps_out)
    muls = [[mul for mul, _ in irreps] for irreps in operands]
    nothing = tuple(np.zeros((len(copies), max(copies))) for copies in muls)
    blocks = []
    for part in terms:
        for term in [*part, *[nothing] * (product.rank - len(part))]:
            for values, copies in zip(term, muls, strict=True):
                blocks += [values[index, :mul] for index, mul in enumerate(copies)]
    return np.concatenate(blocks)
