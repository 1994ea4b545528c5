"""Many-body products: sums of pointwise powers of a feature, as in MACE."""

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.choices import LAYOUTS, check_choice
from groundstate.gaunt.contract import Port, in_working_precision
from groundstate.gaunt.normalisation import check_normalisation, power_variances
from groundstate.gaunt.signals import Features, check_features
from groundstate.gaunt.transforms import constant


class GauntManyBody(nn.Module):
    r"""Sum over nu = 1..correlation of w_{nu, element, l, c} . (power nu of the signal of channel c)_l.

    The features are taken to the grid once, multiplied there, and each power comes back once (Luo, Chen,
    Krishnapriyan 2024, section 3.2). Parities are tracked: a pseudo signal enters with its sign.

    Parameters
    ----------
    irreps_in
        Features; copy u of every irrep belongs to channel u.
    irreps_out
        Irreps wanted. None: those of irreps_in. Every irrep must be reached by some power, with at most as
        many
        copies as irreps_in has channels.
    correlation
        Highest power, at least 1.
    num_elements
        Number of weight sets; None: one set for all rows.
    irrep_normalization
        "component" (default): each power counts as the product of nu independent factors and is scaled to
        unit variance; "none": the bare powers.
    layout
        "mul_ir" or "ir_mul".

    Attributes
    ----------
    weight
        Parameter (correlation, num_elements or 1, irreps_out.num_irreps).
    """

    def __init__(
        self,
        irreps_in: o3.Irreps | str,
        irreps_out: o3.Irreps | str | None = None,
        *,
        correlation: int = 3,
        num_elements: int | None = None,
        irrep_normalization: str | None = None,
        layout: str = "mul_ir",
    ) -> None:
        super().__init__()
        normalisation, _ = check_normalisation(irrep_normalization, None)
        if normalisation == "norm":
            raise ValueError(
                "irrep_normalization must be component or none for a many-body product, got 'norm'"
            )
        check_choice("layout", layout, LAYOUTS)
        if correlation < 1:
            raise ValueError(f"correlation must be at least 1, got {correlation}")
        if num_elements is not None and num_elements < 1:
            raise ValueError(f"num_elements must be at least 1, got {num_elements}")
        self.irreps_in = o3.Irreps(irreps_in)
        self.irreps_out = self.irreps_in if irreps_out is None else o3.Irreps(irreps_out)
        self.correlation, self.num_elements, self.layout = correlation, num_elements, layout
        self._in, self._out = Features(self.irreps_in, layout), Features(self.irreps_out, layout)
        if not self._in.signals or not self._out.signals:
            raise ValueError("irreps_in and irreps_out need at least one irrep")
        self.channels = self._in.channels
        self._check_reached()
        top = max(max(signal.degrees) for signal in self._in.signals.values())
        highest = max(max(signal.degrees) for signal in self._out.signals.values())
        self._exact = correlation * top + highest
        self._scales = [self._power_scales(nu, normalisation) for nu in range(1, correlation + 1)]
        self.weight = nn.Parameter(torch.randn(correlation, num_elements or 1, self.irreps_out.num_irreps))

    def extra_repr(self) -> str:
        return (
            f"{self.irreps_in} -> {self.irreps_out}, correlation={self.correlation}, "
            f"num_elements={self.num_elements}, layout={self.layout}"
        )

    def forward(self, x: torch.Tensor, elements: torch.Tensor | None = None) -> torch.Tensor:
        """Features (..., irreps_in.dim) to (..., irreps_out.dim).

        `elements` (...,) gives the index of the weight set of every row; needed exactly where num_elements
        is set.
        """
        check_features("x", x, self._in)
        lead = x.shape[:-1]
        if (elements is None) != (self.num_elements is None):
            raise ValueError("elements goes with num_elements: give both or neither")
        weight = self.weight
        if elements is not None:
            if elements.shape != lead:
                raise ValueError(f"elements must be {tuple(lead)}, got {tuple(elements.shape)}")
            weight = weight.index_select(1, elements.reshape(-1))
        result = in_working_precision(self._powers, x.reshape(-1, x.shape[-1]), weight)
        return result.reshape(*lead, self._out.dim)

    def _powers(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        base = {}
        for sign, signal in self._in.signals.items():
            dense = self._in.pack(x, sign, self.channels).reshape(-1, signal.size, self.channels)
            base[sign] = self._matrix(self._in.port(sign, 1), x).t() @ dense
        power, result = base, None
        for nu in range(1, self.correlation + 1):
            if nu > 1:
                power = _multiplied(power, base)
            term = self._collect(power, nu, x) * self._out.spread(weight[nu - 1])
            result = term if result is None else result + term
        return result

    def _collect(self, power: dict[int, torch.Tensor], nu: int, x: torch.Tensor) -> torch.Tensor:
        found = {}
        for sign, signal in self._out.signals.items():
            if sign in power:
                port = self._out.port(sign, 1, self._scales[nu - 1])
                found[sign] = self._matrix(port, x, back=True) @ power[sign]
            else:
                found[sign] = x.new_zeros(x.shape[0], signal.size, self.channels)
        return self._out.unpack(found, self.channels)

    def _matrix(self, port: Port, like: torch.Tensor, back: bool = False) -> torch.Tensor:
        return constant("power", (port.degrees, port.scales, self._exact, back), like.dtype, like.device)

    def _power_scales(self, nu: int, normalisation: str) -> dict[int, float]:
        degrees = tuple(sorted({degree for signal in self._in.signals.values() for degree in signal.degrees}))
        wanted = tuple(sorted({degree for signal in self._out.signals.values() for degree in signal.degrees}))
        if normalisation == "none":
            return dict.fromkeys(wanted, 1.0)
        variances = power_variances(degrees, nu, wanted)
        return {degree: value**-0.5 if value > 1e-12 else 0.0 for degree, value in variances.items()}

    def _check_reached(self) -> None:
        """Follow signs and degrees through the powers."""
        base = {sign: set(signal.degrees) for sign, signal in self._in.signals.items()}
        reached = {sign: set(degrees) for sign, degrees in base.items()}
        power = reached
        for _ in range(self.correlation - 1):
            following: dict[int, set[int]] = {}
            for s1, degrees1 in power.items():
                for s2, degrees2 in base.items():
                    pairs = ((a, b) for a in degrees1 for b in degrees2)
                    found = {k for a, b in pairs for k in range(abs(a - b), a + b + 1, 2)}
                    following.setdefault(s1 * s2, set()).update(found)
            power = following
            for sign, degrees in power.items():
                reached[sign] = reached.get(sign, set()) | degrees
        for sign, signal in self._out.signals.items():
            for block in signal.blocks:
                ir = o3.Irrep(block.degree, sign * (-1) ** block.degree)
                if block.degree not in reached.get(sign, set()):
                    raise ValueError(
                        f"no path reaches {ir} from {self.irreps_in} with correlation {self.correlation}"
                    )
                if block.channel + block.mul > self.channels:
                    raise ValueError(
                        f"irreps_out asks for more than the {self.channels} channels of "
                        f"{self.irreps_in}: {ir}"
                    )


def _multiplied(first: dict[int, torch.Tensor], second: dict[int, torch.Tensor]) -> dict[int, torch.Tensor]:
    """Product on the points, true and pseudo parts apart."""
    found: dict[int, torch.Tensor] = {}
    for s1, a in first.items():
        for s2, b in second.items():
            sign = s1 * s2
            found[sign] = torch.addcmul(found[sign], a, b) if sign in found else a * b
    return found
