"""From structures with energies and forces to a trained potential."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from ase.data import chemical_symbols, covalent_radii
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.interatomic.data import (
    FORCE_KEYS,
    Configuration,
    atomic_energies,
    fitted_energies,
    load_configurations,
    no_energy,
)
from groundstate.interatomic.graph import AtomGraph, GraphBatch, atom_graph, collate
from groundstate.interatomic.network import DTYPES, GauntPotential, build_network
from groundstate.interatomic.settings import TrainPotential
from groundstate.records import read_split
from groundstate.seeds import derive_seed
from groundstate.training.fit import fit
from groundstate.training.task import TrainingData, TrainingTask

USUAL_NEAREST = (0.6, 1.5)  # distance of nearest neighbours in sums of covalent radii


def train(
    data: Path,
    splits: Path | None,
    settings: TrainPotential,
    seed: int,
    folder: Path,
    processes: int = 1,
) -> None:
    """Train a potential and write its checkpoints to ``folder``; see ``training.fit.fit``.

    Parameters
    ----------
    data
        Records, or extxyz with energies (eV) and forces (eV/angstrom); single atoms give the energies of the
        isolated atoms, else these are fitted.
    splits
        Split file of the records; None takes a seeded tenth for validation.

    Raises
    ------
    GroundstateError
        A structure has no energy, or a part is empty.
    """
    isolated, structures = atomic_energies(load_configurations(data))
    for one in structures:
        if one.energy is None:
            raise GroundstateError(f"{data}: {one.id!r}: {no_energy(one)}")
    parts = training_parts(structures, splits, seed)
    if not parts[0] or not parts[1]:
        raise GroundstateError(f"{data}: the training or the validation part is empty; give more structures")
    energies = fitted_energies(parts[0], isolated)
    unknown = {int(z) for one in parts[1] for z in one.atoms.numbers} - set(energies)
    if unknown:
        raise GroundstateError(
            f"{data}: atomic numbers {sorted(unknown)} are only in the validation part; give more structures"
        )
    elements = sorted(energies)
    graphs = [[labelled_graph(one, settings.network.cutoff) for one in part] for part in parts]
    for doubt in doubts(structures, graphs[0], set(elements) - set(isolated)):
        print(f"warning: {data}: {doubt}", file=sys.stderr, flush=True)
    config = {
        "kind": "potential",
        "network": settings.network.model_dump(),
        # what else decides the weights: an unfinished training of other values is another training
        "loss": settings.model_dump(exclude={"network", "training"}),
        "elements": elements,
        "atomic_energies": [energies[z] for z in elements],
        **statistics(parts[0], graphs[0], energies),
    }
    dtype = DTYPES[settings.precision]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = build_network(config).to(dtype)

    def loss(
        network: GauntPotential, batch: GraphBatch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return potential_loss(network, batch, settings)

    def part_of(part: list[AtomGraph]) -> TrainingData:
        return TrainingData(
            len(part), lambda indices, generator: collate([part[i] for i in indices], elements, dtype)
        )

    task = TrainingTask(
        network=network,
        loss=loss,
        train=part_of(graphs[0]),
        validation=part_of(graphs[1]),
        settings=settings.training,
        seed=seed,
        config=config,
        inputs=[data, *([splits] if splits else [])],
    )
    fit(task, folder, name=f"train potential seed {seed}", processes=processes)


def doubts(
    structures: Sequence[Configuration], graphs: Sequence[AtomGraph], fitted: Collection[int]
) -> list[str]:
    """Return sentences on what can be trained on and is seldom meant: labels that lack, odd units.

    Parameters
    ----------
    structures, graphs
        All structures, and the graphs of those to train on.
    fitted
        Atomic numbers whose isolated atom is not given.
    """
    found = []
    bare = [one.id for one in structures if one.forces is None]
    if bare:
        found.append(
            f"{len(bare)} of {len(structures)} structures have no forces, {bare[0]!r} first "
            f"(keys read: {', '.join(FORCE_KEYS)}); they are learned from by their energies alone"
        )
    if fitted:
        symbols = ", ".join(chemical_symbols[number] for number in sorted(fitted))
        found.append(
            f"no isolated atom of {symbols}: their energies are fitted to those of the structures, and an "
            "atom that leaves a structure has no true energy; frames of one atom without a period give them"
        )
    nearest = [one for graph in graphs for one in _nearest(graph)]
    if not nearest:
        found.append("no atom has a neighbour within the cutoff; positions must be in angstrom")
    elif not USUAL_NEAREST[0] < (ratio := float(np.median(nearest))) < USUAL_NEAREST[1]:
        found.append(
            f"the nearest neighbour of an atom is at {ratio:.2f} times the sum of their covalent radii "
            "(median); about 1 is usual: are the positions in angstrom, and not in bohr or nanometres?"
        )
    return found


def _nearest(graph: AtomGraph) -> np.ndarray:
    """Distance of the nearest neighbour of each atom that has one, in sums of covalent radii."""
    vectors = graph.positions[graph.sources] - graph.positions[graph.targets] + graph.shifts @ graph.cell
    radii = covalent_radii[graph.numbers]
    ratios = np.full(len(graph.numbers), np.inf)
    lengths = np.linalg.norm(vectors, axis=1) / (radii[graph.sources] + radii[graph.targets])
    np.minimum.at(ratios, graph.targets, lengths)
    return ratios[np.isfinite(ratios)]


def labelled_graph(one: Configuration, cutoff: float) -> AtomGraph:
    """Return the graph of a configuration with its labels."""
    energy = float("nan") if one.energy is None else one.energy
    return atom_graph(one.atoms, cutoff, energy, one.forces, one.stress)


def statistics(
    structures: Sequence[Configuration], graphs: Sequence[AtomGraph], energies: dict[int, float]
) -> dict[str, float]:
    """Return what the network is scaled by.

    The mean number of neighbours, the root mean square force (eV/angstrom) and the mean interaction energy
    per atom (eV).
    """
    forces = [one.forces.ravel() for one in structures if one.forces is not None]
    scale = float(np.sqrt(np.mean(np.concatenate(forces) ** 2))) if forces else 1.0
    shift = np.mean(
        [
            (one.energy - sum(energies[int(z)] for z in one.atoms.numbers)) / len(one.atoms)
            for one in structures
            if one.energy is not None
        ]
    )
    atoms = sum(len(graph.numbers) for graph in graphs)
    neighbours = sum(len(graph.sources) for graph in graphs) / atoms
    return {"mean_neighbours": max(neighbours, 1.0), "scale": scale or 1.0, "shift": float(shift)}


def potential_loss(
    network: GauntPotential, batch: GraphBatch, settings: TrainPotential
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted squares of the errors in energy, per atom, force and stress; labels that are NaN do not count.

    The energy's square is divided by the number of atoms, whose errors add up independently.
    """
    stress = bool(settings.stress_weight) and not bool(batch.stresses.isnan().all())
    with torch.inference_mode(False), torch.enable_grad():
        predicted = network(batch, stress=stress, training=True)
        sizes = torch.bincount(batch.structure, minlength=batch.size)
        energy = ((predicted.energies - batch.energies).square() / sizes).mean().to(batch.positions.dtype)
        force = _mean_square(predicted.forces - batch.forces, 3)
        total = settings.energy_weight * energy + settings.force_weight * force
        parts = {"energy": energy.detach(), "force": force.detach()}
        if stress and predicted.stresses is not None:
            term = _mean_square(predicted.stresses - batch.stresses, 9)
            total = total + settings.stress_weight * term
            parts["stress"] = term.detach()
    return total, parts


def _mean_square(errors: Tensor, numbers: int) -> Tensor:
    """Mean square times so many numbers, over what is labelled; zero where nothing is."""
    kept = errors[~errors.isnan()]
    return numbers * kept.square().sum() / max(kept.numel(), 1)


def training_parts(
    structures: Sequence[Configuration], splits: Path | None, seed: int
) -> tuple[list[Configuration], list[Configuration]]:
    """Return the structures to train on and those that choose the weights.

    By the split file; without one a tenth, drawn by the seed, is for the choice.
    """
    if splits is not None:
        chosen = [set(read_split(splits, "random", part)) for part in ("train", "validation")]
        return tuple([one for one in structures if one.id in ids] for ids in chosen)  # type: ignore[return-value]  # two
    order = np.random.default_rng(derive_seed(seed, "validation")).permutation(len(structures))
    held = set(order[: max(1, len(structures) // 10)].tolist())
    return (
        [one for number, one in enumerate(structures) if number not in held],
        [one for number, one in enumerate(structures) if number in held],
    )
