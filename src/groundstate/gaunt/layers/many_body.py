"""Many-body products: sums of pointwise powers of a feature, as in MACE."""

from collections.abc import Mapping

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Port
from groundstate.gaunt.basis.transforms import power_matrix
from groundstate.gaunt.choices import LAYOUTS, check_choice
from groundstate.gaunt.layers.normalisation import check_normalisation, power_variances
from groundstate.gaunt.layers.signals import Features, channel_factors, check_features
from groundstate.gaunt.precision import in_working_precision

Signals = dict[int, torch.Tensor]  # by sign


class GauntManyBody(nn.Module):
    r"""Sum over nu = 1..correlation of w_{nu, element, l, c} . (power nu of the signal of channel c)_l.

    The features are taken to the grid once, multiplied there, and each power comes back once (Luo, Chen,
    Krishnapriyan 2024, section 3.2). Parities are tracked: a pseudo signal enters with its sign.

    Parameters
    ----------
    irreps_in
        Features; copy u of every irrep belongs to channel u.
    irreps_out
        Irreps asked for. None: those of irreps_in. Every irrep must be reached by some power, with at most as
        many copies as irreps_in has channels.
    correlation
        Highest power, at least 1.
    num_elements
        Number of weight sets; None: one set for all rows.
    irrep_normalization
        "component" (default): each power counts as the product of nu independent factors and is scaled to
        unit variance, channel by channel; "none": the bare powers.
    layout
        "mul_ir" or "ir_mul".

    Attributes
    ----------
    weight
        Parameter (correlation, num_elements or 1, irreps_out.num_irreps).

    Raises
    ------
    ValueError
        For an unknown word, numbers below 1, or irreps that no power reaches.
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
        self._ports, self._factors = self._output_scales(normalisation)
        self.weight = nn.Parameter(torch.randn(correlation, num_elements or 1, self.irreps_out.num_irreps))

    def extra_repr(self) -> str:
        """Return the arguments that matter, for ``repr``."""
        return (
            f"{self.irreps_in} -> {self.irreps_out}, correlation={self.correlation}, "
            f"num_elements={self.num_elements}, layout={self.layout}"
        )

    def forward(self, x: torch.Tensor, elements: torch.Tensor | None = None) -> torch.Tensor:
        """Return features (..., irreps_out.dim) of features (..., irreps_in.dim).

        Parameters
        ----------
        x
            The features.
        elements
            Index of the weight set of every row, (...,); needed exactly where `num_elements` is set.

        Raises
        ------
        ValueError
            For a tensor of another shape, or `elements` without `num_elements` or the other way round.
        """
        check_features("x", x, self._in)
        lead = x.shape[:-1]
        if (elements is None) != (self.num_elements is None):
            raise ValueError("elements goes with num_elements: give both or neither")
        weight: torch.Tensor = self.weight
        if elements is not None:
            if elements.shape != lead:
                raise ValueError(f"elements must be {tuple(lead)}, got {tuple(elements.shape)}")
            weight = weight.index_select(1, elements.reshape(-1))
        result = in_working_precision(self._powers, x.flatten(0, -2) if lead else x[None], weight)
        return result.reshape(*lead, self._out.dim)

    def _powers(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        base: Signals = {}
        for sign, signal in self._in.signals.items():
            dense = self._in.pack(x, sign, self.channels).unflatten(1, (signal.size, self.channels))
            base[sign] = self._matrix(self._in.port(sign, 1), x).t() @ dense
        power = base
        result = self._collect(power, 1, x) * self._out.spread(weight[0])
        for nu in range(2, self.correlation + 1):
            power = _multiplied(power, base)
            result = result + self._collect(power, nu, x) * self._out.spread(weight[nu - 1])
        return result

    def _collect(self, power: Signals, nu: int, x: torch.Tensor) -> torch.Tensor:
        """Values on the points back to flat features, scaled."""
        signals: Signals = {}
        for sign, signal in self._out.signals.items():
            if sign not in power:
                signals[sign] = x.new_zeros(x.shape[0], signal.size, self.channels)
                continue
            z = self._matrix(self._ports[nu - 1][sign], x, back=True) @ power[sign]
            factors = self._factors[nu - 1][sign]
            if factors is not None:
                flat = constant(channel_factors, (signal.degrees, factors), x.dtype, x.device)
                z = z * flat.view(signal.size, self.channels)
            signals[sign] = z
        return self._out.unpack(signals, self.channels)

    def _matrix(self, port: Port, like: torch.Tensor, back: bool = False) -> torch.Tensor:
        key = (port.degrees, port.scales, self._exact, back)
        return constant(power_matrix, key, like.dtype, like.device)

    def _output_scales(
        self, normalisation: str
    ) -> tuple[list[dict[int, Port]], list[dict[int, tuple[tuple[float, ...], ...] | None]]]:
        """For every power and sign the port of the output, and further factors by degree and channel.

        Where all channels hold the same degrees, the scales of the port say all.
        """
        ports: list[dict[int, Port]] = []
        factors: list[dict[int, tuple[tuple[float, ...], ...] | None]] = []
        for nu in range(1, self.correlation + 1):
            ports.append({})
            factors.append({})
            for sign, signal in self._out.signals.items():
                if normalisation == "none":
                    ports[-1][sign], factors[-1][sign] = self._out.port(sign, 1), None
                    continue
                table = tuple(
                    zip(*(self._channel_scales(c, nu, sign) for c in range(self.channels)), strict=True)
                )
                uniform = all(len(set(values)) == 1 for values in table)
                scales = {
                    degree: values[0] if uniform else 1.0
                    for degree, values in zip(signal.degrees, table, strict=True)
                }
                ports[-1][sign] = self._out.port(sign, 1, scales)
                factors[-1][sign] = None if uniform else table
        return ports, factors

    def _channel_scales(self, channel: int, nu: int, sign: int) -> list[float]:
        """Scale of every degree of an output signal in one channel of a power; 0 where it is not reached."""
        held = self._in.profile(channel)
        degrees = self._out.signals[sign].degrees
        variances = power_variances(held.get(1, ()), held.get(-1, ()), nu, degrees).get(sign, {})
        return [value**-0.5 if (value := variances.get(degree, 0.0)) > 1e-12 else 0.0 for degree in degrees]

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
                    products = {k for a, b in pairs for k in range(abs(a - b), a + b + 1, 2)}
                    following.setdefault(s1 * s2, set()).update(products)
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


def _multiplied(first: Mapping[int, torch.Tensor], second: Mapping[int, torch.Tensor]) -> Signals:
    """Product on the points, true and pseudo parts apart."""
    products: Signals = {}
    for s1, a in first.items():
        for s2, b in second.items():
            sign = s1 * s2
            products[sign] = torch.addcmul(products[sign], a, b) if sign in products else a * b
    return products
