"""A user's own molecules: any readable file to records that a model can predict."""

from pathlib import Path

from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.mols import RecordError, mol_from_record, record_from_mol
from groundstate.molecules.readers.sdf import read_sdf
from groundstate.molecules.readers.smiles import read_smiles
from groundstate.records import Rejection

READERS = {
    ".smi": read_smiles,
    ".smiles": read_smiles,
    ".csv": read_smiles,
    ".sdf": read_sdf,
    ".sd": read_sdf,
    ".mol": read_sdf,
}


def read_requests(path: str | Path, rejections: list[Rejection]) -> list[dict]:
    """Records of a SMILES file, a CSV with a ``smiles`` column or an SDF, with all hydrogens.

    Geometries in the file serve only for stereo. Molecules that cannot be read, and ids that occur twice, go
    to ``rejections``; all others come out in the order of the file.

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
    records, known = [], set()
    for entry in READERS[suffix](path):
        try:
            if entry.id in known:
                raise RecordError("the id occurs twice; the first one is kept")
            records.append(_with_hydrogens(entry.build()))
            known.add(entry.id)
        except RecordError as error:
            rejections.append(Rejection(entry.id, "predict", str(error)))
    return records


def _with_hydrogens(record: dict) -> dict:
    if record["positions"] is None:
        return record
    mol = Chem.Mol(mol_from_record(record))
    mol.RemoveAllConformers()
    return record_from_mol(record["id"], mol, record["properties"], smiles=record["smiles"])
