"""Slow checks of one geometry: bond perception, PoseBusters, GFN2-xTB strain and the best conformer."""

import logging

import numpy as np
from posebusters import PoseBusters
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from groundstate.metrics.molecules.conformer_energy import conformer_energy
from groundstate.molecules.mols import set_positions
from groundstate.potentials.gfn2 import relax_gfn2

PERCEPTION_LIMIT = 10_000  # valence combinations that bond perception may try


def bond_round_trip(mol: Chem.Mol, positions: np.ndarray) -> bool:
    """Tell whether RDKit's ``DetermineBonds`` reads the molecule (without stereo) back from its positions.

    It fails for some 7 % of QM9's own geometries: report it beside the row of the reference.
    """
    bare = Chem.RWMol()
    for atom in list(mol.GetAtoms()):
        bare.AddAtom(Chem.Atom(atom.GetAtomicNum()))
    perceived = set_positions(bare.GetMol(), positions)
    with rdBase.BlockLogs():
        try:
            rdDetermineBonds.DetermineBonds(
                perceived, charge=Chem.GetFormalCharge(mol), embedChiral=False, maxIterations=PERCEPTION_LIMIT
            )
        except (ValueError, RuntimeError):  # no assignment of bonds fits the valences: that is the finding
            return False
    return _graph(perceived) == _graph(mol)


def _graph(mol: Chem.Mol) -> str:
    text = Chem.MolToSmiles(Chem.RemoveAllHs(mol, sanitize=False), isomericSmiles=False)
    with rdBase.BlockLogs():
        read = Chem.MolFromSmiles(text)
    return text if read is None else Chem.MolToSmiles(read)  # perceived bonds need not make a molecule


def posebusters_pass(mol: Chem.Mol, positions: np.ndarray) -> bool:
    """Whether all checks of PoseBusters' ``mol_fast`` set pass (Buttenschoen et al., Chem. Sci. 2024).

    Its bounds are wide by design: it finds broken geometries, not inaccurate ones.
    """
    logging.getLogger("posebusters").setLevel(logging.ERROR)
    with rdBase.BlockLogs():
        table = PoseBusters(config="mol_fast").bust(mol_pred=set_positions(mol, positions))
    return bool(table.to_numpy(bool).all())


def gfn2_strain(mol: Chem.Mol, positions: np.ndarray) -> float | None:
    """Compute the GFN2-xTB energy of a geometry less that of the minimum it relaxes to, kcal/mol.

    ``None`` where the electronic structure does not converge.
    """
    minimum = relax_gfn2(mol, positions)
    return None if minimum is None else minimum.drop


def extensive_terms(mol: Chem.Mol, positions: np.ndarray) -> dict[str, tuple[float, float]]:
    """Give the terms of the four metrics; none for a molecule whose hydrogens are missing."""
    if any(atom.GetTotalNumHs() for atom in list(mol.GetAtoms())):
        return {}
    values = {
        "bond_round_trip": bond_round_trip(mol, positions),
        "posebusters": posebusters_pass(mol, positions),
        "gfn2_strain": gfn2_strain(mol, positions),
        "conformer_energy": conformer_energy(mol, positions),
    }
    return {name: (value, 1) for name, value in values.items() if value is not None}
