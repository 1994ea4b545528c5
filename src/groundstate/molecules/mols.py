"""Molecule records to RDKit molecules and back."""

from collections.abc import Mapping

import numpy as np
from rdkit import Chem, rdBase
from scipy.spatial.distance import pdist, squareform

BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
BOND_ORDERS = {kind: order for order, kind in BOND_TYPES.items()}


class RecordError(ValueError):
    """One input that cannot become a record; the message is the reason in ``rejected.csv``."""


def sanitize(mol: Chem.Mol) -> None:
    """Sanitise ``mol`` in place; ``RecordError`` carries RDKit's reason where it refuses."""
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(mol)
        except Chem.MolSanitizeException as error:
            raise RecordError(f"RDKit refuses the molecule: {error}") from None


def parse_smiles(smiles: str) -> Chem.Mol:
    """Read SMILES, keeping its atom order; hydrogens stay implicit.

    Raises ``RecordError`` with the reason where RDKit refuses it.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is not None and mol.GetNumAtoms():
            return mol
        mol = Chem.MolFromSmiles(smiles, sanitize=False)
    if mol is None or not mol.GetNumAtoms():
        raise RecordError(f"RDKit cannot parse the SMILES {smiles!r}")
    sanitize(mol)
    raise RecordError(f"RDKit cannot parse the SMILES {smiles!r}")


def set_positions(mol: Chem.Mol, positions: np.ndarray) -> Chem.Mol:
    """Copy ``mol`` with ``positions`` (n, 3), angstrom, as its one conformer; its stereo marks are kept."""
    copy = Chem.Mol(mol)
    copy.RemoveAllConformers()
    conformer = Chem.Conformer(copy.GetNumAtoms())
    conformer.Set3D(True)
    conformer.SetPositions(np.ascontiguousarray(positions, float))
    copy.AddConformer(conformer, assignId=True)
    return copy


def has_geometry(mol: Chem.Mol) -> bool:
    """Whether ``mol`` carries a 3D conformer (a flat drawing is none)."""
    return mol.GetNumConformers() > 0 and mol.GetConformer().Is3D()


def record_from_mol(
    name: str, mol: Chem.Mol, properties: Mapping[str, float] | None = None, smiles: str | None = None
) -> dict:
    """Make a row of ``MOLECULE_SCHEMA`` from a sanitised molecule.

    With a 3D conformer the atoms are stored as they are (hydrogens may be missing) and stereo is read from
    the geometry; without one all hydrogens are made explicit, stereo is that of the marks, and ``smiles``
    (default: written from ``mol``) must describe the same molecule.

    Raises
    ------
    RecordError
        Dummy atoms, several fragments, NaN coordinates, atoms on top of each other, bond kinds other than
        single, double, triple and aromatic.
    """
    geometry = has_geometry(mol)
    if geometry:
        mol = Chem.Mol(mol)
        positions = mol.GetConformer().GetPositions()
        check_positions(positions)
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    else:
        mol = Chem.AddHs(mol)
    fragments = len(Chem.GetMolFrags(mol))
    if fragments != 1:
        raise RecordError(f"{fragments} disconnected fragments; keep one molecule a record")
    kekulised = Chem.Mol(mol)
    try:
        Chem.Kekulize(kekulised, clearAromaticFlags=True)
    except Chem.KekulizeException as error:
        raise RecordError(f"RDKit refuses the molecule: {error}") from None
    atoms = list(kekulised.GetAtoms())
    for atom in atoms:
        if atom.GetAtomicNum() == 0:
            raise RecordError(f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) is not an element")
    bonds = []
    for bond in list(kekulised.GetBonds()):
        order = BOND_ORDERS.get(bond.GetBondType())
        if order is None:
            raise RecordError(f"bond of type {bond.GetBondType().name.lower()} is not supported")
        bonds.append([bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), order])
    return {
        "id": name,
        "smiles": smiles if smiles and not geometry else Chem.MolToSmiles(Chem.RemoveHs(mol)),
        "inchi": connectivity_inchi(mol),
        "atomic_numbers": [atom.GetAtomicNum() for atom in atoms],
        "formal_charges": [atom.GetFormalCharge() for atom in atoms],
        "radical_electrons": [atom.GetNumRadicalElectrons() for atom in atoms],
        "bonds": bonds,
        "positions": positions.tolist() if geometry else None,
        "properties": dict(properties or {}),
    }


def check_positions(positions: np.ndarray) -> None:
    """``RecordError`` where coordinates are not finite or two atoms sit on one point (< 0.1 angstrom)."""
    bad = np.flatnonzero(~np.isfinite(positions).all(-1))
    if len(bad):
        raise RecordError(f"coordinate of atom {bad[0] + 1} is not a number")
    distances = pdist(positions)
    if len(distances) and distances.min() < 0.1:
        first, second = np.argwhere(np.triu(squareform(distances) < 0.1, 1))[0]
        raise RecordError(f"atoms {first + 1} and {second + 1} are on the same point")


def connectivity_inchi(mol: Chem.Mol) -> str:
    """Write the standard InChI without stereo; stereo-free SMILES where InChI gives none."""
    with rdBase.BlockLogs():
        inchi = Chem.MolToInchi(mol, options="-SNon")
    return inchi or Chem.MolToSmiles(Chem.RemoveHs(mol), isomericSmiles=False)


def mol_from_record(record: Mapping) -> Chem.Mol:
    """Rebuild the sanitised molecule of a record, in the record's atom order and with its stereo.

    Where the record has positions they become its conformer and stereo is read from them; else stereo comes
    from the record's SMILES, matched to the record's atoms.
    """
    editable = Chem.RWMol()
    for number, charge, radicals in zip(
        record["atomic_numbers"], record["formal_charges"], record["radical_electrons"], strict=True
    ):
        atom = Chem.Atom(number)
        atom.SetFormalCharge(charge)
        atom.SetNumRadicalElectrons(radicals)
        editable.AddAtom(atom)
    for begin, end, order in record["bonds"]:
        editable.AddBond(begin, end, BOND_TYPES[order])
    mol = editable.GetMol()
    sanitize(mol)
    if record["positions"] is not None:
        mol = set_positions(mol, record["positions"])
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
        return mol
    return mol_from_smiles(record["smiles"], mol)


def mol_from_smiles(smiles: str, same: Chem.Mol) -> Chem.Mol:
    """Read SMILES, hydrogens added, with the atoms in the order of ``same``: the graph of this molecule.

    Raises ``RecordError`` where the SMILES are those of another molecule.
    """
    parsed = Chem.AddHs(parse_smiles(smiles))
    match = parsed.GetSubstructMatch(same)
    if len(match) != parsed.GetNumAtoms():
        raise RecordError(f"the SMILES {smiles!r} is not the molecule of the record")
    if list(match) == list(range(len(match))):
        return parsed
    return Chem.RenumberAtoms(parsed, list(match))
