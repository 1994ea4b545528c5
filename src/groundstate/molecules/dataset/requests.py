"""A user's own molecules: any readable file to molecules that a model can predict."""

from pathlib import Path
from typing import Literal

from rdkit import Chem
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.sdf import read_sdf
from groundstate.molecules.dataset.readers.smiles import read_smiles
from groundstate.molecules.mols import RecordError, mol_from_record
from groundstate.records import Rejection

READERS = {
    ".smi": read_smiles,
    ".smiles": read_smiles,
    ".csv": read_smiles,
    ".sdf": read_sdf,
    ".sd": read_sdf,
    ".mol": read_sdf,
}


MOST_ISOMERS = 32

Stereo = Literal["enumerate", "refuse"]


def read_requests(
    path: str | Path, rejections: list[Rejection], stereo: Stereo = "enumerate"
) -> list[tuple[str, Chem.Mol]]:
    """Read (id, molecule) from a SMILES file, a CSV with a ``smiles`` column or an SDF, with all hydrogens.

    Geometries in the file serve only for stereo. Molecules that cannot be read, and ids that occur twice, go
    to ``rejections``; all others come out in the order of the file. Stereo that is left open is never chosen
    silently: ``enumerate`` gives each isomer an id of its own (``id-1``, ``id-2``...), ``refuse`` rejects.

    Raises ``GroundstateError`` for a file of another kind or one that holds no molecule.
    """
    path = Path(path)
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in READERS:
        raise GroundstateError(
            f"{path}: unknown kind of file; one of {', '.join(READERS)} or records.parquet"
        )
    if not path.exists():
        raise GroundstateError(f"{path}: no such file")
    molecules: list[tuple[str, Chem.Mol]] = []
    taken: set[str] = set()
    for entry in READERS[suffix](path):
        try:
            if entry.id in taken:
                raise RecordError("the id occurs twice; the first one is kept")
            isomers = _isomers(entry.id, _with_hydrogens(entry.build()), stereo)
            names = {name for name, _ in isomers}
            if len(isomers) > 1 and taken & names:
                raise RecordError("an isomer would have the id of another molecule")
            molecules += isomers
            taken |= {entry.id, *names}
        except RecordError as error:
            rejections.append(Rejection(entry.id, "predict", str(error)))
    return molecules


def _with_hydrogens(record: dict) -> Chem.Mol:
    mol = mol_from_record(record)
    mol.RemoveAllConformers()
    return Chem.AddHs(mol)


def _isomers(name: str, mol: Chem.Mol, stereo: Stereo) -> list[tuple[str, Chem.Mol]]:
    """Give the molecule itself where its stereo is complete; else every isomer."""
    undefined = [
        "-".join(f"{atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in _atoms(mol, element))
        for element in Chem.FindPotentialStereo(mol)
        if element.specified != Chem.StereoSpecified.Specified
    ]
    if not undefined:
        return [(name, mol)]
    where = f"undefined stereo at {', '.join(undefined)}"
    if stereo == "refuse":
        raise RecordError(f"{where}; mark it, or use --stereo enumerate")
    options = StereoEnumerationOptions(unique=True, onlyUnassigned=True, maxIsomers=MOST_ISOMERS + 1)
    isomers = list(EnumerateStereoisomers(mol, options=options))
    if len(isomers) > MOST_ISOMERS:
        raise RecordError(f"{where}: more than {MOST_ISOMERS} isomers; mark some")
    if len(isomers) == 1:
        return [(name, isomers[0])]
    return [(f"{name}-{number}", isomer) for number, isomer in enumerate(isomers, 1)]


def _atoms(mol: Chem.Mol, element: Chem.StereoInfo) -> list[Chem.Atom]:
    if element.type == Chem.StereoType.Bond_Double:
        bond = mol.GetBondWithIdx(element.centeredOn)
        return [bond.GetBeginAtom(), bond.GetEndAtom()]
    return [mol.GetAtomWithIdx(element.centeredOn)]
