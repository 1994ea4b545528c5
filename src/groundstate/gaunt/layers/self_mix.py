"""Self-interaction of a feature with itself through the Gaunt product."""

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.layers.degree_linear import DegreeLinear
from groundstate.gaunt.layers.plan import reached_irreps
from groundstate.gaunt.layers.product import GauntTensorProduct


class GauntSelfMix(nn.Module):
    r"""x + Linear(product(A x, B x)): self-interaction with two learned mixtures per degree.

    Luo, Chen and Krishnapriyan (2024) report the layer ("Gaunt-Selfmix", added to EquiformerV2) without code
    or formula; this is our form. A, B and the last map mix the channels of every irrep; the product is
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

    Raises
    ------
    ValueError
        For an unknown word, channels below 1, or an irrep that no path reaches.
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
        reached = reached_irreps(middle, middle, (False, True) if parity == "complete" else (False,))
        kept = o3.Irreps([(mul, ir) for ir, mul in sorted(reached.items()) if ir in kinds])
        missing = [ir for ir in kinds if ir not in reached]
        if missing:
            raise ValueError(f"no path reaches {missing[0]} from {self.irreps_in} with parity={parity!r}")
        self.first = DegreeLinear(self.irreps_in, middle, layout)
        self.second = DegreeLinear(self.irreps_in, middle, layout)
        self.product = GauntTensorProduct(
            middle, middle, kept, parity=parity, rank=0, layout=layout, method=method
        )
        self.last = DegreeLinear(kept, self.irreps_out, layout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (..., irreps.dim) of features of the same shape."""
        return x + self.last(self.product(self.first(x), self.second(x)))
