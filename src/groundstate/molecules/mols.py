"""Molecule records to RDKit molecules and back."""

import math
from collections.abc import Mapping

import numpy as np
from rdkit import Chem, rdBase
from scipy.spatial.distance import pdist, squareform

from groundstate.errors import GroundstateError
from groundstate.molecules.reasons import chemistry_fault, smiles_fault, unsupported_part
from groundstate.molecules.record_check import record_fault

BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
BOND_ORDERS = {kind: order for order, kind in BOND_TYPES.items()}


LONGEST_SMILES = 20_000  # characters: some 5,000 atoms


class RecordError(GroundstateError, ValueError):
    """One input that cannot become a record; the message is the reason in ``rejected.csv``."""


def sanitize(mol: Chem.Mol) -> None:
    """Sanitise ``mol`` in place; ``RecordError`` names the atoms where RDKit refuses it."""
    untouched = Chem.Mol(mol)
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(mol)
        except Chem.MolSanitizeException as error:
            reason = chemistry_fault(untouched) or error
            raise RecordError(f"RDKit refuses the molecule: {reason}") from None


def parse_smiles(smiles: str) -> Chem.Mol:
    """Read SMILES, keeping its atom order; hydrogens stay implicit.

    CXSMILES are read as well: groups of relative stereo stay with the molecule.

    Raises ``RecordError`` with the reason where RDKit refuses it, and for patterns and polymers.
    """
    if len(smiles) > LONGEST_SMILES:
        raise RecordError(f"the SMILES has {len(smiles)} characters; at most {LONGEST_SMILES} are read")
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            raw = Chem.MolFromSmiles(smiles, sanitize=False)
            if raw is not None:
                sanitize(raw)
            raise RecordError(f"RDKit cannot parse the SMILES {smiles[:200]!r}: {smiles_fault(smiles)}")
    if not mol.GetNumAtoms():
        raise RecordError(f"the SMILES {smiles!r} holds no atom")
    if "[#" in smiles:
        raise RecordError(f"{smiles!r} is SMARTS, a pattern; write the SMILES of the molecule")
    if reason := unsupported_part(mol):
        raise RecordError(reason)
    return mol


def without_wavy_bonds(mol: Chem.Mol) -> Chem.Mol:
    """Copy ``mol`` without RDKit's note of wavy bonds (and crossed ones), which keeps it from reading stereo.

    The stereo at them stays open in a drawing; a geometry decides it, as it does where nothing is drawn.
    """
    copy, geometry = Chem.Mol(mol), has_geometry(mol)
    for bond in list(copy.GetBonds()):
        bond.ClearProp("_UnknownStereo")
        if geometry and bond.GetStereo() == Chem.BondStereo.STEREOANY:
            bond.SetStereo(Chem.BondStereo.STEREONONE)
    return copy


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
        Dummy atoms, several fragments, NaN coordinates or properties, atoms on top of each other, bond kinds
        other than single, double, triple and aromatic.
    """
    for key, value in (properties or {}).items():
        if not math.isfinite(value):
            raise RecordError(f"its property {key} is {value}; leave out what has no value")
    geometry = has_geometry(mol)
    if geometry:
        mol = Chem.Mol(mol)
        positions = mol.GetConformer().GetPositions()
        check_positions(positions)
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    else:
        mol = Chem.AddHs(mol)
    kekulised = check_supported(mol)
    atoms = list(kekulised.GetAtoms())
    bonds = [
        [bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), BOND_ORDERS[bond.GetBondType()]]
        for bond in list(kekulised.GetBonds())
    ]
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


def check_supported(mol: Chem.Mol) -> Chem.Mol:
    """Give ``mol`` with single, double and triple bonds in the place of aromatic ones.

    Raises ``RecordError`` where it is no single molecule of elements and such bonds.
    """
    fragments = len(Chem.GetMolFrags(mol))
    if fragments != 1:
        raise RecordError(f"{fragments} disconnected fragments; keep one molecule per record")
    kekulised = Chem.Mol(mol)
    try:
        Chem.Kekulize(kekulised, clearAromaticFlags=True)
    except Chem.KekulizeException as error:
        raise RecordError(f"RDKit refuses the molecule: {chemistry_fault(mol) or error}") from None
    for atom in list(kekulised.GetAtoms()):
        if atom.GetAtomicNum() == 0:
            raise RecordError(f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) is not an element")
    for bond in list(kekulised.GetBonds()):
        if bond.GetBondType() not in BOND_ORDERS:
            ends = [
                f"{atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in (bond.GetBeginAtom(), bond.GetEndAtom())
            ]
            kind = bond.GetBondType().name.lower()
            raise RecordError(
                f"bond {'-'.join(ends)} of type {kind} is not supported; draw a single, double or triple bond"
            )
    return kekulised


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
    if fault := record_fault(record):
        raise RecordError(fault)
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
