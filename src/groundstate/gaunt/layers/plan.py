"""Which signals of two operands multiply into which of the result, and with what normalisation."""

from dataclasses import dataclass

import torch
from e3nn import o3

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction
from groundstate.gaunt.basis.tables import Degrees
from groundstate.gaunt.layers.normalisation import Slot, Triple, output_scales
from groundstate.gaunt.layers.signals import Features, channel_factors

Factors = tuple[tuple[float, ...], ...]  # by degree and channel


@dataclass(frozen=True)
class Step:
    """One product of signals, given by their signs.

    `factors` are further factors of the result by degree and channel, where channels hold different degrees.
    """

    first: int
    second: int
    third: int
    form: Contraction
    factors: Factors | None

    def scaled(self, z: torch.Tensor) -> torch.Tensor:
        """Return the result of the contraction times the further factors."""
        if self.factors is None:
            return z
        key = (self.form.third.degrees, self.factors)
        return z * constant(channel_factors, key, z.dtype, z.device)


class Plan:
    """The steps of a channel-wise product.

    Parameters
    ----------
    first, second, third
        Features of the operands and of the result.
    parts
        False for the even paths, True for the odd ones.
    normalisation
        The two words that `check_normalisation` returns.
    terms
        Number of rank-one weight terms, at least 1.
    """

    def __init__(
        self,
        first: Features,
        second: Features,
        third: Features,
        parts: tuple[bool, ...],
        normalisation: tuple[str, str],
        terms: int,
    ) -> None:
        self._features = (first, second, third)
        self.channels = max(first.channels, second.channels)
        pairs = [
            (odd, s1, s2, -s1 * s2 if odd else s1 * s2)
            for odd in parts
            for s1 in first.signals
            for s2 in second.signals
        ]
        pairs = [pair for pair in pairs if pair[3] in third.signals]
        self._scales = self._by_channel(pairs, normalisation, terms)
        # an operand with one channel is shared by all; any other is padded to the wider of the two
        widths = [1 if feature.channels == 1 else self.channels for feature in (first, second)]
        self.widths = (*widths, self.channels)
        single = len(pairs) == len(parts) == len(third.signals) == 1
        whole = all(
            feature.direct and feature.channels == width
            for feature, width in zip(self._features, self.widths, strict=True)
        )
        self.direct = single and whole
        self.steps: dict[bool, list[Step]] = {odd: [] for odd in parts}
        for pair in pairs:
            self.steps[pair[0]].append(self._step(*pair))

    def factor(self, odd: bool, sign: int, degree: int) -> tuple[float, ...]:
        """Return what the normalisation puts on an output degree, by channel; 0 where no path reaches it."""
        return tuple(scales.get((odd, sign), {}).get(degree, 0.0) for scales in self._scales)

    def _step(self, odd: bool, s1: int, s2: int, s3: int) -> Step:
        degrees = self._features[2].signals[s3].degrees
        factors = tuple(self.factor(odd, s3, degree) for degree in degrees)
        uniform = all(len(set(values)) == 1 for values in factors)
        scales = {
            degree: values[0] if uniform else 1.0 for degree, values in zip(degrees, factors, strict=True)
        }
        first, second, third = self._features
        form = Contraction(
            first.port(s1, self.widths[0], None, self.direct),
            second.port(s2, self.widths[1], None, self.direct),
            third.port(s3, self.widths[2], scales, self.direct),
            odd,
        )
        return Step(s1, s2, s3, form, None if uniform else factors)

    def _by_channel(
        self, pairs: list[tuple[bool, int, int, int]], normalisation: tuple[str, str], terms: int
    ) -> list[dict[Slot, dict[int, float]]]:
        """Scales of every channel; channels that hold the same degrees share them."""
        first, second, third = self._features
        outputs = {sign: signal.degrees for sign, signal in third.signals.items()}
        kept: dict[tuple, dict[Slot, dict[int, float]]] = {}
        scales = []
        for channel in range(self.channels):
            held1, held2 = first.profile(channel), second.profile(channel)
            paths: dict[Slot, list[Triple]] = {}
            for odd, s1, s2, s3 in pairs:
                if s1 in held1 and s2 in held2:
                    paths.setdefault((odd, s3), []).append((held1[s1], held2[s2], outputs[s3]))
            key = tuple((slot, tuple(triples)) for slot, triples in paths.items())
            if key not in kept:
                kept[key] = output_scales(paths, *normalisation, terms)
            scales.append(kept[key])
        return scales


def copies_of(irreps: o3.Irreps) -> dict[o3.Irrep, int]:
    """Return the number of copies of every irrep, terms of the same irrep added up."""
    copies: dict[o3.Irrep, int] = {}
    for mul, ir in irreps:
        if mul:
            copies[ir] = copies.get(ir, 0) + mul
    return copies


def reached_irreps(first: o3.Irreps, second: o3.Irreps, parts: tuple[bool, ...]) -> dict[o3.Irrep, int]:
    """Return every irrep that a path reaches, with the number of channels that are not zero by construction.

    `parts` as in `Plan`.
    """
    copies1, copies2 = copies_of(first), copies_of(second)
    single1 = max(copies1.values(), default=0) == 1
    single2 = max(copies2.values(), default=0) == 1
    reached: dict[o3.Irrep, int] = {}
    for ir1, mul1 in copies1.items():
        for ir2, mul2 in copies2.items():
            mul = mul2 if single1 else mul1 if single2 else min(mul1, mul2)
            for ir in ir1 * ir2:
                if bool((ir1.l + ir2.l + ir.l) % 2) in parts:
                    reached[ir] = max(reached.get(ir, 0), mul)
    return reached


def rows_of_degrees(degrees: Degrees) -> list[int]:
    """Return the component indices of `degrees` among all degrees up to the highest."""
    return [row for degree in degrees for row in range(degree**2, (degree + 1) ** 2)]
