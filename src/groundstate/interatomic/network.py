"""``GauntPotential``: a message-passing potential as MACE, on Gaunt tensor products."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from ase.data import covalent_radii
from e3nn import o3
from torch import Tensor, nn

from groundstate.interatomic.graph import GraphBatch
from groundstate.interatomic.products import convolution, degree_linear, many_body, natural_irreps
from groundstate.interatomic.radial import BesselBasis, polynomial_cutoff, zbl_energy
from groundstate.interatomic.settings import PotentialNetwork

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Predicted(NamedTuple):
    """What a potential says of a batch."""

    energies: Tensor  # (structures,), eV
    forces: Tensor  # (n, 3), eV/angstrom
    stresses: Tensor | None  # (structures, 3, 3), eV/angstrom^3
    atomic: Tensor  # (n,), eV: parts of the energy per atom


class GauntPotential(nn.Module):
    """Energies as a sum over atoms; forces and stress are its derivatives.

    Batatia, Kovacs, Simm, Ortner, Csanyi, "MACE" (NeurIPS 2022), with the Gaunt products of Luo, Chen,
    Krishnapriyan (2024) for its convolution and its many-body product. An atom without neighbours has the
    energy of the isolated atom.

    Parameters
    ----------
    settings
        Sizes.
    elements
        Atomic numbers that it knows, ascending.
    atomic_energies
        Energies of the isolated atoms, eV, in the order of ``elements``.
    mean_neighbours
        Neighbours of an atom on average in the training data.
    scale, shift
        Typical size of a force (eV/angstrom) and mean interaction energy per atom (eV) of the training data.
    """

    atomic_energies: Tensor
    scale: Tensor
    shift: Tensor
    radii: Tensor

    def __init__(
        self,
        settings: PotentialNetwork,
        elements: Sequence[int],
        atomic_energies: Sequence[float],
        mean_neighbours: float,
        scale: float,
        shift: float,
    ) -> None:
        super().__init__()
        self.settings, self.elements = settings, list(elements)
        self.degrees = list(range(settings.lmax + 1))
        channels, make = settings.channels, settings.product
        basis = natural_irreps(channels, settings.lmax)
        self.embed = nn.Embedding(len(elements), channels)
        self.bessel = BesselBasis(settings.radial, settings.cutoff)
        self.layers = nn.ModuleList()
        irreps = natural_irreps(channels, 0)
        for number in range(settings.layers):
            last = number == settings.layers - 1
            hidden = natural_irreps(channels, 0 if last else settings.hidden_lmax)
            self.layers.append(
                InteractionLayer(make, irreps, basis, hidden, settings, len(elements), mean_neighbours, last)
            )
            irreps = hidden
        self.register_buffer("atomic_energies", torch.tensor(atomic_energies, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(float(scale), dtype=torch.float64))
        self.register_buffer("shift", torch.tensor(float(shift), dtype=torch.float64))
        self.register_buffer("radii", torch.tensor(covalent_radii), persistent=False)

    def atomic_energy(self, batch: GraphBatch, vectors: Tensor) -> Tensor:
        """Return interaction energies per atom (n,), eV; ``vectors`` (e, 3) from receiver to sender."""
        distance = vectors.norm(dim=-1)
        radial = self.bessel(distance)
        harmonics = o3.spherical_harmonics(self.degrees, vectors, True, "component")
        features = self.embed(batch.species)
        total = vectors.new_zeros(batch.species.shape[0])
        for layer in self.layers:
            features, energy = layer(features, radial, harmonics, batch)
            total = total + energy
        # one smooth gate lets an isolated atom be exactly itself
        near = polynomial_cutoff(distance, self.settings.cutoff)
        gate = torch.tanh(3 * near.new_zeros(total.shape[0]).index_add(0, batch.targets, near))
        energy = gate * (total * self.scale.to(total) + self.shift.to(total))
        if self.settings.repulsion:
            first, second = batch.numbers[batch.targets], batch.numbers[batch.sources]
            reach = (self.radii[first] + self.radii[second]).to(distance).clamp(max=self.settings.cutoff)
            pairs = zbl_energy(distance, first, second, reach)
            energy = energy.index_add(0, batch.targets, 0.5 * pairs)
        return energy

    def forward(self, batch: GraphBatch, stress: bool = False, training: bool = False) -> Predicted:
        """Return energies, forces and (``stress``) stresses; ``training`` keeps the graph for their loss."""
        positions = batch.positions.detach().requires_grad_()
        wanted, cells = [positions], batch.cells
        moved = positions
        if stress:
            strain = torch.zeros_like(cells).requires_grad_()
            symmetric = 0.5 * (strain + strain.transpose(1, 2))
            moved = positions + torch.einsum("nij,ni->nj", symmetric[batch.structure], positions)
            cells = cells + cells @ symmetric
            wanted.append(strain)
        vectors = moved.index_select(0, batch.sources) - moved.index_select(0, batch.targets)
        place = batch.structure.index_select(0, batch.targets)
        vectors = vectors + torch.einsum("ei,eij->ej", batch.shifts, cells.index_select(0, place))
        interaction = self.atomic_energy(batch, vectors)
        gradients = torch.autograd.grad(
            interaction.sum(), wanted, create_graph=training, allow_unused=True, materialize_grads=True
        )
        # totals in double precision: the energies of isolated atoms are large
        atomic = interaction.double() + self.atomic_energies.index_select(0, batch.species)
        energies = atomic.new_zeros(batch.size).index_add(0, batch.structure, atomic)
        stresses = None
        if stress:
            volume = torch.linalg.det(batch.cells).abs()
            stresses = torch.where(volume > 0, 1 / volume, torch.nan)[:, None, None] * gradients[1]
        return Predicted(energies, -gradients[0], stresses, atomic)


class InteractionLayer(nn.Module):
    """One round: messages, powers of what arrived, update, and a part of the energy."""

    def __init__(
        self,
        make: str,
        irreps: o3.Irreps,
        basis: o3.Irreps,
        hidden: o3.Irreps,
        settings: PotentialNetwork,
        num_elements: int,
        mean_neighbours: float,
        last: bool,
    ) -> None:
        super().__init__()
        channels, width = settings.channels, settings.radial_width
        self.channels = channels
        self.send = degree_linear(make, irreps, irreps)
        self.convolve = convolution(make, irreps, settings.lmax, basis)
        self.radial = nn.Sequential(
            nn.Linear(settings.radial, width, bias=False),
            nn.SiLU(),
            nn.Linear(width, self.convolve.weight_numel, bias=False),
        )
        self.received = degree_linear(make, basis, basis)
        self.powers = many_body(make, basis, hidden, settings.correlation, num_elements)
        self.update = degree_linear(make, hidden, hidden)
        kept = natural_irreps(channels, min(irreps.lmax, hidden.lmax))
        self.kept_dim, self.hidden_dim = kept.dim, hidden.dim
        self.keep = degree_linear(make, kept, kept)
        self.element = nn.Embedding(num_elements, channels)
        nn.init.ones_(self.element.weight)
        self.readout: nn.Module = nn.Linear(channels, 1, bias=False)
        if last:
            self.readout = nn.Sequential(
                nn.Linear(channels, settings.readout), nn.SiLU(), nn.Linear(settings.readout, 1, bias=False)
            )
        self.mean_neighbours = mean_neighbours

    def forward(
        self, features: Tensor, radial: Tensor, harmonics: Tensor, batch: GraphBatch
    ) -> tuple[Tensor, Tensor]:
        """Return new features (n, hidden.dim) and energies (n,) in units of the scale."""
        sums = self.convolve(self.send(features), harmonics, self.radial(radial), batch)
        sums = self.received(sums / self.mean_neighbours**0.5)
        updated = self.update(self.powers(sums, batch.species))
        kept = self.keep(features[:, : self.kept_dim])
        scalars = kept[:, : self.channels] * self.element(batch.species)
        kept = torch.cat([scalars, kept[:, self.channels :]], dim=1)
        missing = self.hidden_dim - self.kept_dim
        updated = updated + nn.functional.pad(kept, (0, missing))
        return updated, self.readout(updated[:, : self.channels]).squeeze(-1)


def build_network(config: dict) -> GauntPotential:
    """Return the untrained network of a checkpoint's config."""
    sizes = PotentialNetwork.model_validate(config["network"])
    return GauntPotential(
        sizes,
        config["elements"],
        config["atomic_energies"],
        config["mean_neighbours"],
        config["scale"],
        config["shift"],
    )
