"""Linear mixing of the copies of every irrep."""

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.choices import LAYOUTS, check_choice
from groundstate.gaunt.layers.signals import Features, check_features


class DegreeLinear(nn.Module):
    """Linear map of the copies of every irrep onto those of the same irrep, in either layout; no bias.

    Weights are drawn from a unit normal and divided by the square root of the number of copies that come in,
    as in `e3nn.o3.Linear`.

    Parameters
    ----------
    irreps_in, irreps_out
        Features; every irrep that comes out must come in.
    layout
        "mul_ir" or "ir_mul".

    Attributes
    ----------
    weight
        One parameter of all weights; ``weights`` gives it as matrices (copies in, copies out), one for each
        term of irreps_out.

    Raises
    ------
    ValueError
        For an unknown layout, or an irrep that does not come in.
    """

    def __init__(
        self, irreps_in: o3.Irreps | str, irreps_out: o3.Irreps | str, layout: str = "mul_ir"
    ) -> None:
        super().__init__()
        check_choice("layout", layout, LAYOUTS)
        self.irreps_in, self.irreps_out, self.layout = o3.Irreps(irreps_in), o3.Irreps(irreps_out), layout
        self._in = Features(self.irreps_in, layout)
        self._sizes = [(mul, ir.dim) for mul, ir in self.irreps_in]
        self._paths = [
            [i for i, (_, other) in enumerate(self.irreps_in) if other == ir] for _, ir in self.irreps_out
        ]
        for (_, ir), sources in zip(self.irreps_out, self._paths, strict=True):
            if not sources:
                raise ValueError(f"no path reaches {ir}: {self.irreps_in} does not hold it")
        self._shapes = [
            (sum(self.irreps_in[i].mul for i in sources), mul)
            for (mul, _), sources in zip(self.irreps_out, self._paths, strict=True)
        ]
        self.weight = nn.Parameter(torch.randn(sum(copies * mul for copies, mul in self._shapes)))
        with torch.no_grad():
            for (copies, _), part in zip(self._shapes, self.weights, strict=True):
                part /= max(copies, 1) ** 0.5

    @property
    def weights(self) -> list[torch.Tensor]:
        """The weights as matrices that share the memory of ``weight``."""
        parts = self.weight.split([copies * mul for copies, mul in self._shapes])
        return [part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (..., irreps_out.dim) of features (..., irreps_in.dim)."""
        check_features("x", x, self._in)
        parts = []
        for part, (mul, dim) in zip(
            x.split([mul * dim for mul, dim in self._sizes], dim=-1), self._sizes, strict=True
        ):
            shape = (mul, dim) if self.layout == "mul_ir" else (dim, mul)
            part = part.reshape(*x.shape[:-1], *shape)
            parts.append(part.transpose(-1, -2) if self.layout == "mul_ir" else part)
        results = []
        for sources, weight in zip(self._paths, self.weights, strict=True):
            joined = (
                parts[sources[0]] if len(sources) == 1 else torch.cat([parts[i] for i in sources], dim=-1)
            )
            mixed = joined @ weight
            results.append((mixed.transpose(-1, -2) if self.layout == "mul_ir" else mixed).flatten(-2))
        return torch.cat(results, dim=-1)
