"""The equivariant products of a layer, in two makes: Gaunt products and e3nn's Clebsch-Gordan products."""

import torch
from e3nn import o3
from torch import Tensor, nn

from groundstate.gaunt import DegreeLinear, GauntManyBody, gaunt_coefficients
from groundstate.interatomic.density import density
from groundstate.interatomic.graph import GraphBatch


def natural_irreps(channels: int, lmax: int) -> o3.Irreps:
    """Return ``channels`` copies of every degree up to ``lmax`` with parity (-1)^l."""
    return o3.Irreps([(channels, (degree, (-1) ** degree)) for degree in range(lmax + 1)])


def coupling_table(lmax_in: int, lmax_filter: int, lmax_out: int) -> Tensor:
    """Return Gaunt coefficients of all degrees, ((lmax_in + 1)^2, (lmax_filter + 1)^2, (lmax_out + 1)^2).

    Scaled per output degree to unit variance for independent factors of unit variance.
    """
    degrees = [range(lmax + 1) for lmax in (lmax_in, lmax_filter, lmax_out)]
    blocks = []
    for out in degrees[2]:
        rows = [torch.cat([gaunt_coefficients(one, two, out) for two in degrees[1]], 1) for one in degrees[0]]
        block = torch.cat(rows)
        blocks.append(block * block.square().sum((0, 1)).mean().rsqrt())
    return torch.cat(blocks, 2).to(torch.get_default_dtype())


class Convolve(nn.Module):
    """Sum over neighbours of features times a radial function times the harmonics of the edge."""

    weight_numel: int  # radial weights per edge


class GauntConvolve(Convolve):
    """The sum by Gaunt coefficients.

    Luo, Chen, Krishnapriyan (2024), section 3.2: one radial weight per channel and degree of the harmonics.
    The product is bilinear: sums over neighbours come first (``density``), Gaunt coefficients once per atom.
    """

    table: Tensor

    def __init__(self, irreps_in: o3.Irreps, lmax: int, irreps_out: o3.Irreps) -> None:
        super().__init__()
        self.channels, self.lmax = irreps_in[0].mul, lmax
        self.components = (irreps_in.lmax + 1) ** 2
        self.weight_numel = (lmax + 1) * self.channels
        table = coupling_table(irreps_in.lmax, lmax, irreps_out.lmax)
        self.register_buffer("table", table.transpose(0, 1).flatten(0, 1).t().contiguous(), persistent=False)

    def forward(self, x: Tensor, harmonics: Tensor, weight: Tensor, batch: GraphBatch) -> Tensor:
        """Return (n, irreps_out.dim).

        From features ``x`` (n, irreps_in.dim), harmonics (e, (lmax + 1)^2) and weights (e, weight_numel).
        """
        features = x.view(-1, self.components, self.channels)
        radial = weight.view(-1, self.lmax + 1, self.channels)
        both = density(harmonics, radial, features, batch.sources, batch.targets, batch.first)
        return (self.table @ both.flatten(1, 2)).flatten(1)


class ClebschGordanConvolve(Convolve):
    """The same by e3nn's products: one radial weight per channel and path, as in MACE and NequIP."""

    def __init__(self, irreps_in: o3.Irreps, lmax: int, irreps_out: o3.Irreps) -> None:
        super().__init__()
        self.harmonics = o3.Irreps.spherical_harmonics(lmax)
        paths: list[tuple] = []
        reached: list[tuple[int, o3.Irrep]] = []
        for i, (mul, one) in enumerate(irreps_in):
            for j, (_, two) in enumerate(self.harmonics):
                for three in one * two:
                    if three in irreps_out:
                        paths.append((i, j, len(reached), "uvu", True))
                        reached.append((mul, three))
        middle = o3.Irreps(reached)
        self.product = o3.TensorProduct(
            irreps_in, self.harmonics, middle, paths, shared_weights=False, internal_weights=False
        )
        self.collect = o3.Linear(middle, irreps_out)
        self.weight_numel = self.product.weight_numel

    def forward(self, x: Tensor, harmonics: Tensor, weight: Tensor, batch: GraphBatch) -> Tensor:
        """Return (n, irreps_out.dim); arguments as for ``GauntConvolve``."""
        messages = self.product(x.index_select(0, batch.sources), harmonics, weight)
        sums = messages.new_zeros(x.shape[0], messages.shape[1]).index_add(0, batch.targets, messages)
        return self.collect(sums)


class ClebschGordanManyBody(nn.Module):
    """Sum of weighted powers of a feature by e3nn's products, one weight per power, element and copy."""

    copy: Tensor

    def __init__(
        self, irreps_in: o3.Irreps, irreps_out: o3.Irreps, correlation: int, num_elements: int
    ) -> None:
        super().__init__()
        channels = irreps_in[0].mul
        # a power can reach an output only from so high a degree
        middle = natural_irreps(channels, irreps_in.lmax + irreps_out.lmax)
        self.powers, self.takes = nn.ModuleList(), nn.ModuleList()
        power = irreps_in
        for nu in range(1, correlation + 1):
            if nu > 1:
                following = irreps_out if nu == correlation else middle
                paths = [
                    (i, j, k, "uuu", True)
                    for i, (_, one) in enumerate(power)
                    for j, (_, two) in enumerate(irreps_in)
                    for k, (_, three) in enumerate(following)
                    if three in one * two
                ]
                self.powers.append(o3.TensorProduct(power, irreps_in, following, paths))
                power = following
            self.takes.append(o3.Linear(power, irreps_out))
        self.weight = nn.Parameter(torch.randn(correlation, num_elements, irreps_out.num_irreps))
        copies = torch.tensor([ir.dim for mul, ir in irreps_out for _ in range(mul)])
        self.register_buffer("copy", torch.repeat_interleave(copies), persistent=False)

    def forward(self, x: Tensor, elements: Tensor) -> Tensor:
        """Return (n, irreps_out.dim) from (n, irreps_in.dim) and the element index of every atom (n,)."""
        weight = self.weight.index_select(1, elements).index_select(2, self.copy)
        power, total = x, self.takes[0](x) * weight[0]
        for nu, (product, take) in enumerate(zip(self.powers, list(self.takes)[1:], strict=True), 1):
            power = product(power, x)
            total = total + take(power) * weight[nu]
        return total


def convolution(make: str, irreps_in: o3.Irreps, lmax: int, irreps_out: o3.Irreps) -> Convolve:
    """Return the convolution of one make (``gaunt`` or ``clebsch-gordan``)."""
    kind = GauntConvolve if make == "gaunt" else ClebschGordanConvolve
    return kind(irreps_in, lmax, irreps_out)


def many_body(
    make: str, irreps_in: o3.Irreps, irreps_out: o3.Irreps, correlation: int, num_elements: int
) -> nn.Module:
    """Return the many-body product of one make, called with features and element indices."""
    if make == "gaunt":
        return GauntManyBody(
            irreps_in, irreps_out, correlation=correlation, num_elements=num_elements, layout="ir_mul"
        )
    return ClebschGordanManyBody(irreps_in, irreps_out, correlation, num_elements)


def degree_linear(make: str, irreps_in: o3.Irreps, irreps_out: o3.Irreps) -> nn.Module:
    """Return a map of the copies of every degree, in the layout of the make."""
    if make == "gaunt":
        return DegreeLinear(irreps_in, irreps_out, layout="ir_mul")
    return o3.Linear(irreps_in, irreps_out)
