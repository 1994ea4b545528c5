"""Weights to and from the e3nn tensor product that computes the same function."""

import itertools

import numpy as np
import torch
from e3nn import o3

from groundstate.gaunt.product import GauntTensorProduct
from groundstate.gaunt.signals import natural_sign
from groundstate.gaunt.tables import coupling


def to_e3nn(product: GauntTensorProduct, dtype: torch.dtype | None = None) -> o3.TensorProduct:
    """The `e3nn.o3.TensorProduct` with the weights of `product`, computing the same function.

    `dtype` is that of the result; None: that of the weights, or the default where there are none.

    Raises
    ------
    ValueError
        Where the copies of the irreps do not match one to one, e3nn's "uuu" and "uvu" modes being the only
        ones with
        the same family of functions; where weights come from outside; where the layout is not "mul_ir".
    """
    if product.layout != "mul_ir":
        raise ValueError(
            "e3nn's tensor products use the mul_ir layout: build the Gaunt product with layout='mul_ir'"
        )
    if product.rank and not product.internal_weights:
        raise ValueError("only internal weights can be copied")
    paths = _paths(product)
    mode = paths[0][3]
    instructions = [(i, j, k, mode, True) for i, j, k, _, _ in paths]
    dtype = dtype or (product.weight.dtype if product.internal_weights else torch.get_default_dtype())
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # e3nn rounds its Wigner 3j to the default dtype when it builds, for good
    try:
        twin = o3.TensorProduct(
            product.irreps_in1,
            product.irreps_in2,
            product.irreps_out,
            instructions,
            irrep_normalization="none",
            path_normalization="none",
            internal_weights=True,
            shared_weights=True,
        )
    finally:
        torch.set_default_dtype(default)
    values = [
        _path_weight(product, i, j, k, odd) * _ratio(product, i, j, k, odd) for i, j, k, _, odd in paths
    ]
    with torch.no_grad():
        twin.weight.copy_(torch.cat([value.reshape(-1) for value in values]).to(dtype))
    return twin


def from_e3nn(twin: o3.TensorProduct, *, method: str = "auto") -> GauntTensorProduct:
    """The Gaunt product with the weights of an e3nn tensor product, computing the same function.

    The weights of a Gaunt product have the form w_l1 w_l2 w_l per channel. Where the table of e3nn's weights
    has it, one term is enough; any other table is written as one term per pair of input irreps. Odd paths
    make it a "complete" product.

    Raises
    ------
    ValueError
        For connection modes other than "uuu" (or "uvu" with one copy in the second input), for weights from
        outside, or for paths between irreps that share a degree and parity with another of the same operand.
    """
    if not twin.internal_weights:
        raise ValueError("only internal weights can be copied")
    for ins in twin.instructions:
        single = ins.connection_mode == "uvu" and twin.irreps_in2[ins.i_in2].mul == 1
        if ins.connection_mode != "uuu" and not single:
            raise ValueError(
                f"connection mode {ins.connection_mode!r} has no Gaunt counterpart: only uuu, or "
                f"uvu with v = 1"
            )
    for irreps in (twin.irreps_in1, twin.irreps_in2, twin.irreps_out):
        kinds = [ir for _, ir in irreps]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"an irrep occurs twice in {irreps}: simplify the irreps first")
    # every path of the Gaunt product that reaches an output must be decided by the table: absent paths are
    # zero
    parity = "complete" if any(_is_odd(twin, ins) for ins in twin.instructions) else "even"
    tables = {
        odd: _weight_table(twin, parity, odd) for odd in ((False, True) if parity == "complete" else (False,))
    }
    single = all(mul == 1 for mul, _ in twin.irreps_in2)
    tolerance = 1e-11 if twin.weight.dtype == torch.float64 else 1e-6
    factors = {odd: _factorised(*table, single, tolerance) for odd, table in tables.items()}
    rank = max(len(terms) for terms in factors.values())
    product = GauntTensorProduct(
        twin.irreps_in1,
        twin.irreps_in2,
        twin.irreps_out,
        parity=parity,
        rank=rank,
        irrep_normalization="none",
        path_normalization="none",
        method=method,
    ).to(twin.weight.dtype)
    muls = [[mul for mul, _ in irreps] for irreps in (twin.irreps_in1, twin.irreps_in2, twin.irreps_out)]
    blocks = []
    for terms in factors.values():
        empty = tuple(np.zeros((len(copies), max(copies))) for copies in muls)
        for term in list(terms) + [empty] * (rank - len(terms)):
            for values, copies in zip(term, muls, strict=True):
                blocks += [values[index, :mul] for index, mul in enumerate(copies)]
    with torch.no_grad():
        product.weight.copy_(torch.from_numpy(np.concatenate(blocks)))
    return product


def _is_odd(twin: o3.TensorProduct, ins) -> bool:
    degrees = (
        twin.irreps_in1[ins.i_in1].ir.l,
        twin.irreps_in2[ins.i_in2].ir.l,
        twin.irreps_out[ins.i_out].ir.l,
    )
    return bool(sum(degrees) % 2)


def _coupling_ratio(l1: int, l2: int, l3: int, odd: bool) -> float:
    """Our coupling over e3nn's 3j, a constant of the path (Wigner-Eckart)."""
    ours = coupling((l1,), (l2,), (l3,), odd)
    return float((ours * o3.wigner_3j(l1, l2, l3, dtype=torch.float64).numpy()).sum())


def _paths(product: GauntTensorProduct) -> list[tuple[int, int, int, str, bool]]:
    """All paths (i, j, k, mode, odd) in e3nn's terms."""
    single = max(mul for mul, _ in product.irreps_in2) == 1 and product._in1.channels > 1
    found = []
    triples = itertools.product(
        *(enumerate(irreps) for irreps in (product.irreps_in1, product.irreps_in2, product.irreps_out))
    )
    for (i, (mul1, ir1)), (j, (mul2, ir2)), (k, (mul3, ir3)) in triples:
        odd = bool((ir1.l + ir2.l + ir3.l) % 2)
        if ir3 not in list(ir1 * ir2) or (odd and product.parity == "even"):
            continue
        if mul1 != mul3 or mul2 != (1 if single else mul1):
            raise ValueError(
                f"{mul1}x{ir1}, {mul2}x{ir2} and {mul3}x{ir3} do not have the same number of copies"
            )
        if abs(_coupling_ratio(ir1.l, ir2.l, ir3.l, odd)) > 1e-12:
            found.append((i, j, k, "uvu" if single else "uuu", odd))
    return found


def _path_weight(product: GauntTensorProduct, i: int, j: int, k: int, odd: bool) -> torch.Tensor:
    """Sum over the terms of w_l1 w_l2 w_l of one path, one number per channel, in float64."""
    copies = product.irreps_out[k].mul
    if product.rank == 0:
        return torch.ones(copies, dtype=torch.float64)
    operands = (product.irreps_in1, product.irreps_in2, product.irreps_out)
    sizes = [irreps.num_irreps for irreps in operands]
    terms = product.weight.detach().double().reshape(len(product._parts), product.rank, sum(sizes))
    total = torch.zeros(copies, dtype=torch.float64)
    for term in terms[product._parts.index(odd)]:
        value = torch.ones(copies, dtype=torch.float64)
        for part, irreps, index in zip(term.split(sizes), operands, (i, j, k), strict=True):
            value = value * part.split([mul for mul, _ in irreps])[index]
        total += value
    return total


def _ratio(product: GauntTensorProduct, i: int, j: int, k: int, odd: bool) -> float:
    irs = [
        irreps[n].ir
        for irreps, n in zip(
            (product.irreps_in1, product.irreps_in2, product.irreps_out), (i, j, k), strict=True
        )
    ]
    sign = natural_sign(irs[2])
    scale = product.scale(odd, sign, irs[2].l)
    return scale * _coupling_ratio(*(ir.l for ir in irs), odd)


def _weight_table(twin: o3.TensorProduct, parity: str, odd: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weight of every path per channel in units of our coupling, and which entries a path exists for."""
    sizes = [len(irreps) for irreps in (twin.irreps_in1, twin.irreps_in2, twin.irreps_out)]
    channels = max(mul for mul, _ in twin.irreps_out)
    table, exists = np.zeros((*sizes, channels)), np.zeros(sizes, dtype=bool)
    for i, (_, ir1) in enumerate(twin.irreps_in1):
        for j, (_, ir2) in enumerate(twin.irreps_in2):
            for k, (_, ir3) in enumerate(twin.irreps_out):
                allowed = ir3 in list(ir1 * ir2) and bool((ir1.l + ir2.l + ir3.l) % 2) == odd
                exists[i, j, k] = allowed and abs(_coupling_ratio(ir1.l, ir2.l, ir3.l, odd)) > 1e-12
    flat = twin.weight.detach().double().numpy()
    start = 0
    for ins in twin.instructions:
        count = int(np.prod(ins.path_shape)) if ins.has_weight else 0
        weight = flat[start : start + count] if ins.has_weight else 1.0
        start += count
        if _is_odd(twin, ins) != odd:
            continue
        degrees = (
            twin.irreps_in1[ins.i_in1].ir.l,
            twin.irreps_in2[ins.i_in2].ir.l,
            twin.irreps_out[ins.i_out].ir.l,
        )
        mul = twin.irreps_out[ins.i_out].mul
        table[ins.i_in1, ins.i_in2, ins.i_out, :mul] += (
            ins.path_weight * weight / _coupling_ratio(*degrees, odd)
        )
    return table, exists


def _factorised(
    table: np.ndarray, exists: np.ndarray, single: bool, tolerance: float
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Terms (a, b, c) of shape (irreps, channels) with sum a_i b_j c_k equal to the table wherever a path
    exists."""
    term = _single_term(table, exists, single, tolerance)
    if term is not None:
        return [term]
    terms = []
    for i, j in np.argwhere(np.abs(table).max(axis=(2, 3)) > 0):
        a, b = np.zeros((table.shape[0], table.shape[3])), np.zeros((table.shape[1], table.shape[3]))
        a[i], b[j] = 1.0, 1.0
        terms.append((a, b, table[i, j]))
    return terms


def _single_term(
    table: np.ndarray, exists: np.ndarray, single: bool, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The one term that gives the table, found from logarithms and signs; None where there is none.

    With `single` the second operand has one copy, so its factors must be the same for all channels: those of
    the
    first channel serve, the freedom that is left being absorbed by the other two.
    """
    values = table[exists]
    if not exists.any() or (values == 0).any():
        return None
    incidence = [np.eye(size)[index] for size, index in zip(exists.shape, np.nonzero(exists), strict=True)]
    if single:
        first = _solved(incidence, values[:, :1])
        known = incidence[1] @ first[1]
        a, c = _solved([incidence[0], incidence[2]], values / known)
        b = np.broadcast_to(first[1], (first[1].shape[0], values.shape[1]))
    else:
        a, b, c = _solved(incidence, values)
    rebuilt = (incidence[0] @ a) * (incidence[1] @ b) * (incidence[2] @ c)
    return (a, b, c) if np.allclose(rebuilt, values, rtol=tolerance, atol=0) else None


def _solved(incidence: list[np.ndarray], values: np.ndarray) -> list[np.ndarray]:
    """Factors whose products along the incidence come closest to the values, in logarithms; one column per
    channel."""
    design = np.concatenate(incidence, axis=1)
    logs = np.linalg.lstsq(design, np.log(np.abs(values)), rcond=None)[0]
    signs = np.stack([_signs(design.astype(bool), column < 0) for column in values.T], axis=1)
    factors = np.exp(logs) * np.where(signs, -1.0, 1.0)
    return np.split(factors, np.cumsum([part.shape[1] for part in incidence])[:-1])


def _signs(design: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Solve for the signs of the factors: elimination over the field of two elements."""
    system = np.concatenate([design, negative[:, None]], axis=1)
    pivots, row = [], 0
    for column in range(design.shape[1]):
        candidates = np.flatnonzero(system[row:, column])
        if not candidates.size:
            continue
        system[[row, row + candidates[0]]] = system[[row + candidates[0], row]]
        for other in np.flatnonzero(system[:, column]):
            if other != row:
                system[other] ^= system[row]
        pivots.append(column)
        row += 1
        if row == len(system):
            break
    solution = np.zeros(design.shape[1], dtype=bool)
    solution[pivots] = system[: len(pivots), -1]
    return solution
