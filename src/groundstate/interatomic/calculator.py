"""A trained potential as an ASE calculator, one structure or many at a time."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols
from ase.stress import full_3x3_to_voigt_6_stress

from groundstate.errors import GroundstateError
from groundstate.interatomic.graph import atom_graph, collate
from groundstate.interatomic.network import DTYPES, GauntPotential, build_network
from groundstate.training.checkpoints import choose_device, load_checkpoint


def load_network(
    path: str | Path, device: str = "auto", dtype: torch.dtype = torch.float64
) -> GauntPotential:
    """Return the network of a checkpoint, ready to use.

    Raises ``GroundstateError`` where the file is no checkpoint of a potential of this version.
    """
    checkpoint = load_checkpoint(path, "potential")
    try:
        network = build_network(checkpoint.config)
        network.load_state_dict(checkpoint.state_dict)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise GroundstateError(f"{path}: does not fit the potential of this version ({reason})") from None
    return network.to(choose_device(device), dtype).eval().requires_grad_(False)


def load_committee(
    paths: str | Path | Sequence[str | Path], device: str = "auto", dtype: torch.dtype = torch.float64
) -> list[GauntPotential]:
    """Return the networks of one checkpoint or of several that have seen the same elements.

    Raises ``GroundstateError`` as ``load_network``, and for none or for several that differ.
    """
    every = [paths] if isinstance(paths, str | Path) else list(paths)
    networks = [load_network(path, device, dtype) for path in every]
    if not networks:
        raise GroundstateError("a committee of no checkpoint; name at least one best.ckpt")
    for path, network in zip(every, networks, strict=True):
        if network.elements != networks[0].elements:
            names = [", ".join(chemical_symbols[z] for z in one.elements) for one in (network, networks[0])]
            raise GroundstateError(
                f"{path}: knows {names[0]}, but {every[0]} knows {names[1]}; a committee is of one data set"
            )
    return networks


def predict(
    networks: Sequence[GauntPotential],
    structures: Sequence[Atoms],
    batch_size: int = 32,
    stress: bool = False,
) -> list[dict[str, Any]]:
    """Evaluate structures in batches; the mean of several networks and how far they are apart.

    Returns
    -------
    For each structure ``energy`` (eV), ``forces`` (n, 3) eV/angstrom, ``energies`` (n,) per atom, with
    ``stress`` (3, 3) eV/angstrom^3 where all is periodic, and of several networks ``energy_spread`` (eV) and
    ``force_spread`` (n,): standard deviations.

    Raises ``GroundstateError`` that names an element that the networks do not know.
    """
    first = networks[0]
    parameter = next(first.parameters())
    for number, atoms in enumerate(structures):
        foreign = sorted({chemical_symbols[z] for z in atoms.numbers if z not in first.elements})
        if foreign:
            raise GroundstateError(
                f"structure {number + 1} ({atoms.get_chemical_formula()}): the potential has not seen "
                f"{', '.join(foreign)}; train it on data with these elements"
            )
    results: list[dict[str, Any]] = []
    for begin in range(0, len(structures), batch_size):
        part = structures[begin : begin + batch_size]
        batches = {}
        for cutoff in {network.settings.cutoff for network in networks}:
            batch = collate([atom_graph(atoms, cutoff) for atoms in part], first.elements, parameter.dtype)
            batches[cutoff] = type(batch)(*(value.to(parameter.device) for value in batch))
        several = [network(batches[network.settings.cutoff], stress=stress) for network in networks]
        energies = torch.stack([one.energies.detach() for one in several]).cpu().numpy()
        forces = torch.stack([one.forces.detach() for one in several]).double().cpu().numpy()
        atomic = torch.stack([one.atomic.detach() for one in several]).mean(0).cpu().numpy()
        ends = np.cumsum([0, *map(len, part)])
        for k, (low, high) in enumerate(pairwise(ends)):
            result: dict[str, Any] = {
                "energy": float(energies[:, k].mean()),
                "forces": forces[:, low:high].mean(0),
                "energies": atomic[low:high],
            }
            if stress and part[k].pbc.all():
                stresses = [
                    one.stresses[k].detach().double().cpu().numpy()
                    for one in several
                    if one.stresses is not None
                ]
                result["stress"] = np.mean(stresses, 0)
            if len(networks) > 1:
                result["energy_spread"] = float(energies[:, k].std(ddof=1))
                apart = forces[:, low:high] - result["forces"]
                result["force_spread"] = np.sqrt((apart**2).sum((0, 2)) / (len(networks) - 1))
            results.append(result)
    return results


class GauntCalculator(Calculator):
    """ASE calculator of one or several checkpoints.

    Parameters
    ----------
    checkpoints
        ``best.ckpt`` of a training; several (other seeds) make a committee, whose spread is in ``results``.
    device
        ``auto``, ``cpu`` or ``cuda``.
    precision
        ``float64`` for relaxations and molecular dynamics, ``float32`` for speed.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress", "energies"]  # noqa: RUF012, ASE's

    def __init__(
        self, checkpoints: str | Path | Sequence[str | Path], device: str = "auto", precision: str = "float64"
    ) -> None:
        super().__init__()
        if precision not in DTYPES:
            raise GroundstateError(f"precision: {precision!r} is not one of {', '.join(DTYPES)}")
        self.networks = load_committee(checkpoints, device, DTYPES[precision])

    def evaluate(
        self, structures: Sequence[Atoms], batch_size: int = 32, stress: bool = False
    ) -> list[dict[str, Any]]:
        """Evaluate many structures in batches; see ``predict``."""
        return predict(self.networks, structures, batch_size, stress)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fill ``results``; stress only where it is asked for and all directions are periodic."""
        super().calculate(atoms, properties, system_changes)
        structure = self.atoms
        assert isinstance(structure, Atoms)
        stress = "stress" in properties and bool(structure.pbc.all())
        (result,) = predict(self.networks, [structure], stress=stress)
        if "stress" in result:
            result["stress"] = full_3x3_to_voigt_6_stress(result["stress"])
        self.results = result | {"free_energy": result["energy"]}
