"""Which candidate of a molecule to take: least expected error (distances, RMSD), or lowest energy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolAlign
from scipy.spatial.distance import pdist

from groundstate.molecules.conformers.candidates import Candidates
from groundstate.molecules.equivalence import equivalent_orders

Choice = Literal["distances", "rmsd", "energy", "network_energy"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
MOST_MATCHES = 200  # symmetry maps of the heavy atoms that an RMSD tries
THERMAL = 1.5  # kcal/mol: by so much may a predicted difference of energies be wrong
FEWEST = 20  # validation molecules that decide how a convention chooses
MOST_ORDERS = 12  # the same for a table of distances


class RankedCandidate(NamedTuple):
    """One candidate of a molecule.

    Attributes
    ----------
    number
        Which one.
    probability
        That it is the nearest one; of all candidates of its shape together where RMSDs were asked for.
    expected_rmsd
        Mean RMSD of its heavy atoms from the nearest one's, angstrom.
    energy
        Above the lowest candidate by the network, kcal/mol.
    thermal_rmsd
        Mean RMSD from all candidates, each weighted by exp(-energy / ``THERMAL``), angstrom.
    spread
        Mean RMSD of two candidates, drawn without regard to their probabilities, angstrom.
    """

    number: int
    probability: float
    expected_rmsd: float
    energy: float
    thermal_rmsd: float
    spread: float


# what the one to take has least of; equal ones stay in the order of their errors of distances
FIRST: dict[Choice, Callable[[RankedCandidate], tuple[float, ...]]] = {
    "distances": lambda one: (),
    "rmsd": lambda one: (one.expected_rmsd,),
    "energy": lambda one: (one.number,),
    "network_energy": lambda one: (one.energy, one.number),
}


def ranked(
    mol: Chem.Mol, candidates: Candidates, probabilities: np.ndarray, energies: np.ndarray, choose: Choice
) -> list[RankedCandidate]:
    """Order candidates by their mean error, every one being the right one with its probability.

    The one to take is not always the likeliest: one between several likely ones can be less wrong.

    Parameters
    ----------
    probabilities
        (candidates,) that each is the nearest one.
    energies
        (candidates,) by the network, kcal/mol.
    choose
        What the error is: ``distances``, the mean absolute difference of all distances in the given numbering
        of the atoms; or ``rmsd``, the RMSD of the heavy atoms in their best numbering. ``energy`` takes the
        candidates as they come, lowest force field energy first, ``network_energy`` by ``energies``.
    """
    between = np.array([pdist(geometry) for geometry in candidates.positions])
    apart = np.abs(between[:, None] - between[None]).sum(-1) / max(between.shape[1], 1)
    by_distances = apart @ probabilities
    # candidates that differ by numbers alone have the same RMSDs
    _, first, shape = np.unique(candidates.shapes, return_index=True, return_inverse=True)
    rmsds = symmetric_rmsds(mol, [candidates.positions[index] for index in first])
    of_shape = rmsds @ np.bincount(shape, probabilities)
    above = energies - energies.min()
    weights = np.bincount(shape, np.exp(-above / THERMAL)) / np.bincount(shape)
    thermal = rmsds @ weights / weights.sum()
    spread = float(rmsds.mean())
    found = [
        RankedCandidate(
            int(k),
            float(probabilities[k]),
            float(of_shape[shape[k]]),
            float(above[k]),
            float(thermal[shape[k]]),
            spread,
        )
        for k in np.argsort(by_distances, kind="stable")
    ]
    return sorted(found, key=FIRST[choose])


def usual_choices(
    names: Sequence[str], conventions: Sequence[str | None], errors: Mapping[Choice, Sequence[float]]
) -> dict[str, Choice]:
    """Decide for each of ``names``: by the force field, unless the network likely is nearer in validation.

    Its two ways are by RMSD and by energy; the better one is taken. Likely: on the same molecules, by a
    standard error of the mean difference.

    Parameters
    ----------
    conventions
        Of the validation molecules.
    errors
        RMSD of each of them by each way of choosing, angstrom.
    """
    usual: dict[str, Choice] = {}
    for name in names:
        mine = [index for index, one in enumerate(conventions) if one == name]
        usual[name] = "energy"
        if len(mine) < FEWEST:
            continue
        ways: tuple[Choice, ...] = ("rmsd", "network_energy")
        best = min(ways, key=lambda way: np.mean(np.array(errors[way])[mine]))
        gain = np.array(errors["energy"])[mine] - np.array(errors[best])[mine]
        if gain.mean() > gain.std(ddof=1) / len(mine) ** 0.5:
            usual[name] = best
    return usual


def symmetric_rmsds(mol: Chem.Mol, geometries: Sequence[np.ndarray]) -> np.ndarray:
    """Compute the RMSD (m, m), angstrom, of the heavy atoms of every two geometries (n, 3) of ``mol``.

    The best rotation (no reflection) and the best of at most ``MOST_MATCHES`` symmetry maps, as C-RMSD is
    defined (``metrics.molecules.rmsd``).
    """
    table = np.zeros((len(geometries), len(geometries)))
    if len(geometries) == 1:
        return table
    copy = Chem.Mol(mol)
    copy.RemoveAllConformers()
    for positions in geometries:
        conformer = Chem.Conformer(mol.GetNumAtoms())
        conformer.SetPositions(np.ascontiguousarray(positions, float))
        copy.AddConformer(conformer, assignId=True)
    with rdBase.BlockLogs():
        bare = Chem.RemoveHs(copy)
        rmsds = rdMolAlign.GetAllConformerBestRMS(bare, maxMatches=MOST_MATCHES)
    table[np.tril_indices(len(geometries), -1)] = rmsds
    return table + table.T


def candidate_errors(
    mol: Chem.Mol, positions: Sequence[np.ndarray], reference: np.ndarray, by_number: bool
) -> np.ndarray:
    """Compute the mean absolute error of the distances of each candidate, (candidates,), angstrom.

    Parameters
    ----------
    reference
        (n, 3), angstrom; rows of atoms that the reference lacks are not a number.
    by_number
        Atoms as they are numbered, hydrogens too; else heavy atoms alone, in the best of their numberings.
    """
    tables = np.array([pdist(one) for one in positions])
    if by_number:
        target = pdist(reference)
        return np.abs(tables - target).sum(-1) / max(len(target), 1)
    numbers = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()])
    known = (numbers != 1) & np.isfinite(reference).all(-1)
    counted = np.triu(np.outer(known, known), 1)[np.triu_indices(len(numbers), 1)]
    best = np.full(len(positions), np.inf)
    for order in equivalent_orders(mol, MOST_ORDERS):
        target = pdist(reference[order])[counted]
        best = np.minimum(best, np.abs(tables[:, counted] - target).sum(-1) / max(len(target), 1))
    return best
