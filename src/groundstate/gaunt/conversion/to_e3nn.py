"""The e3nn tensor product that computes the same function as a Gaunt product."""

import itertools

import torch
from e3nn import o3

from groundstate.gaunt.conversion.paths import coupling_ratio, is_odd, is_path
from groundstate.gaunt.layers.product import GauntTensorProduct


def to_e3nn(product: GauntTensorProduct, dtype: torch.dtype | None = None) -> o3.TensorProduct:
    """Return the `e3nn.o3.TensorProduct` with the weights of `product`, which computes the same function.

    Parameters
    ----------
    product
        A product that owns its weights, or has none.
    dtype
        Type of the result; None: that of the weights, or the default where there are none.

    Raises
    ------
    ValueError
        Where the copies of the irreps do not match one to one, e3nn's "uuu" and "uvu" modes being the only
        ones with the same family of functions; where weights come from outside; where the layout is not
        "mul_ir".
    """
    if product.layout != "mul_ir":
        raise ValueError(
            "e3nn's tensor products use the mul_ir layout: build the Gaunt product with layout='mul_ir'"
        )
    if product.rank and not product.internal_weights:
        raise ValueError("only internal weights can be copied")
    mode, paths = _paths(product)
    dtype = dtype or (product.weight.dtype if product.internal_weights else torch.get_default_dtype())
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # e3nn rounds its Wigner 3j to the default dtype when it builds, for good
    try:
        twin = o3.TensorProduct(
            product.irreps_in1,
            product.irreps_in2,
            product.irreps_out,
            [(*path, mode, True) for path in paths],
            irrep_normalization="none",
            path_normalization="none",
            internal_weights=True,
            shared_weights=True,
        )
    finally:
        torch.set_default_dtype(default)
    values = [_path_weight(product, *path) for path in paths]
    with torch.no_grad():
        twin.weight.copy_(torch.cat(values).to(dtype))
    return twin


def _paths(product: GauntTensorProduct) -> tuple[str, list[tuple[int, int, int]]]:
    """Return the connection mode, and all paths as indices of irreps."""
    channels = [max(mul for mul, _ in irreps) for irreps in (product.irreps_in1, product.irreps_in2)]
    single = channels[0] > 1 and channels[1] == 1
    paths = []
    triples = itertools.product(
        *(enumerate(irreps) for irreps in (product.irreps_in1, product.irreps_in2, product.irreps_out))
    )
    for (i, (mul1, ir1)), (j, (mul2, ir2)), (k, (mul3, ir3)) in triples:
        if is_odd(ir1.l, ir2.l, ir3.l) not in product.parts or not is_path(ir1, ir2, ir3):
            continue
        if mul1 != mul3 or mul2 != (1 if single else mul1):
            raise ValueError(
                f"{mul1}x{ir1}, {mul2}x{ir2} and {mul3}x{ir3} do not have the same number of copies"
            )
        paths.append((i, j, k))
    return "uvu" if single else "uuu", paths


def _path_weight(product: GauntTensorProduct, i: int, j: int, k: int) -> torch.Tensor:
    """Weight of e3nn's path, one number per channel, in float64."""
    operands = (product.irreps_in1, product.irreps_in2, product.irreps_out)
    degrees = [irreps[index].ir.l for irreps, index in zip(operands, (i, j, k), strict=True)]
    odd = is_odd(*degrees)
    total = torch.zeros(product.irreps_out[k].mul, dtype=torch.float64)
    if product.rank == 0:
        total += 1
    else:
        sizes = [irreps.num_irreps for irreps in operands]
        terms = product.weight.detach().double().reshape(len(product.parts), product.rank, sum(sizes))
        for term in terms[product.parts.index(odd)]:
            factor = torch.ones_like(total)
            for part, irreps, index in zip(term.split(sizes), operands, (i, j, k), strict=True):
                factor = factor * part.split([mul for mul, _ in irreps])[index]
            total += factor
    factors = torch.tensor(product.output_factors(odd, k), dtype=torch.float64)
    return total * factors * coupling_ratio(*degrees)
