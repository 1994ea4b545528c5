"""A user's own molecules: any readable file to molecules that a model can predict."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.fragments import one_molecule
from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.readers.sdf import read_sdf
from groundstate.molecules.dataset.readers.smiles import read_smiles
from groundstate.molecules.dataset.settings import MAX_ATOMS, Fragments
from groundstate.molecules.mols import RecordError, check_positions, check_supported, has_geometry
from groundstate.molecules.open_stereo import open_stereo
from groundstate.records import Rejection

READERS: dict[str, Callable[[Path], Iterator[Entry]]] = {
    ".smi": read_smiles,
    ".smiles": read_smiles,
    ".csv": read_smiles,
    ".tsv": read_smiles,
    ".sdf": read_sdf,
    ".sd": read_sdf,
    ".mol": read_sdf,
}

Stereo = Literal["enumerate", "refuse"]


def read_requests(
    path: str | Path,
    rejections: list[Rejection],
    stereo: Stereo = "enumerate",
    fragments: Fragments = "refuse",
    max_atoms: int = MAX_ATOMS,
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
    return molecules_of_entries(READERS[suffix](path), rejections, stereo, fragments, max_atoms)


def molecules_of_entries(
    entries: Iterable[Entry],
    rejections: list[Rejection],
    stereo: Stereo = "enumerate",
    fragments: Fragments = "refuse",
    max_atoms: int = MAX_ATOMS,
) -> list[tuple[str, Chem.Mol]]:
    """Give (id, molecule) of every entry, or of its isomers; see ``read_requests``."""
    molecules: list[tuple[str, Chem.Mol]] = []
    taken: set[str] = set()
    for entry in entries:
        try:
            if entry.id in taken:
                raise entry.repeated()
            isomers = _isomers(entry, stereo, fragments, max_atoms)
            names = {name for name, _ in isomers}
            if len(isomers) > 1 and taken & names:
                raise RecordError("an isomer would have the id of another molecule")
            molecules += isomers
            taken |= {entry.id, *names}
        except RecordError as error:
            rejections.append(Rejection(entry.id, "predict", str(error)))
    return molecules


def _isomers(
    entry: Entry, stereo: Stereo, fragments: Fragments, max_atoms: int
) -> list[tuple[str, Chem.Mol]]:
    """Give the molecule itself where its stereo is complete; else every isomer."""
    mol = Chem.Mol(one_molecule(entry.read(max_atoms).mol, fragments))
    check_supported(mol)
    if has_geometry(mol):
        check_positions(mol.GetConformer().GetPositions())
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    mol.RemoveAllConformers()
    isomers, elements = open_stereo(Chem.AddHs(mol))
    if len(isomers) == 1:
        return [(entry.id, isomers[0])]
    if stereo == "refuse":
        raise RecordError(f"undefined stereo at {', '.join(elements)}; mark it, or use --stereo enumerate")
    return [(f"{entry.id}-{number}", isomer) for number, isomer in enumerate(isomers, 1)]
