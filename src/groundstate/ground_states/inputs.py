"""From the entries of a source to the molecules whose ground states are sought: sample, stereo, refusals."""

import heapq
from collections.abc import Callable, Iterator

from rdkit import Chem

from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import MolecularPotential
from groundstate.molecules.dataset.fragments import STRIPPED, one_molecule
from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.mols import (
    RecordError,
    check_positions,
    check_supported,
    has_geometry,
    mol_from_record,
    record_from_mol,
)
from groundstate.molecules.open_stereo import open_stereo
from groundstate.records import Rejection
from groundstate.seeds import derive_seed


def read_graphs(
    entries: Callable[[], Iterator[Entry]],
    settings: LabelGeometry,
    potential: MolecularPotential,
    rejections: list[Rejection],
) -> list[dict]:
    """Make records without geometry, hydrogens explicit, in the order of the source.

    What cannot be read, has open stereo or no energy, and ids that occur twice go to ``rejections``.

    Parameters
    ----------
    entries
        Starts a fresh pass over the source: one draws the sample by the hash of the ids, one builds.
    """
    sample = None
    if settings.max_molecules is not None:
        ranked = ((derive_seed(settings.sample_seed, "sample", one.id), one.id) for one in entries())
        sample = {name for _, name in heapq.nsmallest(settings.max_molecules, ranked)}
    records, taken = [], set()
    for entry in entries():
        if sample is not None and entry.id not in sample:
            continue
        try:
            if entry.id in taken:
                raise entry.repeated()
            taken.add(entry.id)
            record = _graph(entry, settings)
            if (refusal := potential.refusal(mol_from_record(record))) is not None:
                raise RecordError(refusal)
            records.append(record)
        except RecordError as error:
            rejections.append(Rejection(entry.id, "label", str(error)))
    return records


def _graph(entry: Entry, settings: LabelGeometry) -> dict:
    """Make the record of an entry; a geometry that it has serves for its stereo alone."""
    mol = Chem.Mol(one_molecule(entry.read(settings.max_atoms).mol, settings.fragments))
    if has_geometry(mol):
        check_positions(mol.GetConformer().GetPositions())
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    mol.RemoveAllConformers()
    check_supported(mol)
    isomers, elements = open_stereo(Chem.AddHs(mol))
    if elements and settings.undefined_stereo == "refuse":
        raise RecordError(f"undefined stereo at {', '.join(elements)}: mark it in the SMILES")
    chosen = isomers[derive_seed(settings.seed, "isomer", entry.id) % len(isomers)]
    record = record_from_mol(entry.id, chosen)
    return record | {"stripped": mol.GetProp(STRIPPED) if mol.HasProp(STRIPPED) else None}
