"""Self-interaction of a feature with itself through the Gaunt product."""

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.choices import LAYOUTS, check_choice
from groundstate.gaunt.product import GauntTensorProduct
from groundstate.gaunt.signals import Features, check_features


class DegreeLinear(nn.Module):
    """Linear map of the copies of every irrep onto those of the same irrep, in either layout; no bias.

    Weights are drawn from a unit normal and divided by the square root of the number of copies that come in,
    as in
    `e3nn.o3.Linear`.
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
        self.weights = nn.ParameterList()
        for (mul, _), sources in zip(self.irreps_out, self._paths, strict=True):
            copies = sum(self.irreps_in[i].mul for i in sources)
            self.weights.append(torch.randn(copies, mul) / max(copies, 1) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., irreps_in.dim) to (..., irreps_out.dim)."""
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
            mixed = torch.cat([parts[i] for i in sources], dim=-1) @ weight
            results.append((mixed.transpose(-1, -2) if self.layout == "mul_ir" else mixed).flatten(-2))
        return torch.cat(results, dim=-1)


class GauntSelfMix(nn.Module):
    r"""x + Linear(product(A x, B x)): self-interaction with two learned mixtures per degree.

    Luo, Chen and Krishnapriyan (2024) report the layer ("Gaunt-Selfmix", added to EquiformerV2) without code
    or
    formula; this is our form. A, B and the last map mix the channels of every irrep; the product is
    `GauntTensorProduct` without further weights, since the mixtures already carry a factor per degree and
    channel.

    Parameters
    ----------
    irreps
        Features in and out.
    channels
        Number of channels of the mixtures; None: the largest number of copies in `irreps`.
    parity, layout, method
        As in `GauntTensorProduct`.
    """

    def __init__(
        self,
        irreps: o3.Irreps | str,
        *,
        channels: int | None = None,
        parity: str = "even",
        layout: str = "mul_ir",
        method: str = "auto",
    ) -> None:
        super().__init__()
        self.irreps_in = self.irreps_out = o3.Irreps(irreps)
        if channels is not None and channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        kinds = sorted({ir for mul, ir in self.irreps_in if mul})
        if not kinds:
            raise ValueError("irreps holds no irrep")
        width = channels or max(mul for mul, _ in self.irreps_in)
        middle = o3.Irreps([(width, ir) for ir in kinds])
        everything = GauntTensorProduct(middle, middle, parity=parity, rank=0, layout=layout).irreps_out
        kept = o3.Irreps([(mul, ir) for mul, ir in everything if ir in kinds])
        missing = [ir for ir in kinds if ir not in {kind for _, kind in kept}]
        if missing:
            raise ValueError(f"no path reaches {missing[0]} from {self.irreps_in} with parity={parity!r}")
        self.first = DegreeLinear(self.irreps_in, middle, layout)
        self.second = DegreeLinear(self.irreps_in, middle, layout)
        self.product = GauntTensorProduct(
            middle, middle, kept, parity=parity, rank=0, layout=layout, method=method
        )
        self.last = DegreeLinear(kept, self.irreps_out, layout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., irreps.dim) to the same shape."""
        return x + self.last(self.product(self.first(x), self.second(x)))
