"""From the entries of a source to the molecules whose ground states are sought: sample, stereo, refusals."""

import heapq
from collections.abc import Callable, Iterator

from rdkit import Chem
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.ground_state.settings import LabelGeometry
from groundstate.molecules.mols import RecordError, mol_from_record, record_from_mol
from groundstate.molecules.stereo import undefined_stereo
from groundstate.potentials.molecular.interface import MolecularPotential
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
                raise RecordError("the id occurs twice; the first one is kept")
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
    given = entry.build()
    mol = Chem.Mol(mol_from_record(given))
    mol.RemoveAllConformers()
    smiles = Chem.MolToSmiles(Chem.RemoveHs(mol))
    if unmarked := undefined_stereo(smiles):
        if settings.undefined_stereo == "refuse":
            raise RecordError(f"undefined stereo at {', '.join(unmarked)}: mark it in the SMILES")
        mol = draw_isomer(mol, derive_seed(settings.seed, "isomer", entry.id))
    return record_from_mol(entry.id, mol)


def draw_isomer(mol: Chem.Mol, seed: int) -> Chem.Mol:
    """Draw one of the stereo isomers of ``mol``, by ``seed`` alone, that RDKit can embed.

    Raises ``RecordError`` where there is none.
    """
    options = StereoEnumerationOptions(
        tryEmbedding=True, onlyUnassigned=True, unique=True, maxIsomers=1, rand=seed
    )
    for isomer in EnumerateStereoisomers(mol, options=options):
        return isomer
    raise RecordError("none of its stereo isomers can be embedded: mark its stereo in the SMILES")
