"""Two SDF files of the same molecules: paired by id, atoms brought into one order."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import pdist

from groundstate.molecules.bonds import bond_skeleton
from groundstate.molecules.distance_table import PROPERTY, table_from_text
from groundstate.molecules.mols import RecordError, has_geometry, set_positions
from groundstate.molecules.sdf import parse_block, read_sdf_blocks

MAX_MATCHES = 1000
ESTIMATE = "error_estimate"


class Geometry(NamedTuple):
    """One molecule of an SDF; ``failed`` says why its geometry is a stand-in, ``None`` where it is not."""

    mol: Chem.Mol
    positions: np.ndarray | None  # (n, 3), angstrom
    failed: str | None
    distances: np.ndarray | None = None  # (n, n): of a model that predicts these, which need not fit points
    estimate: float | None = None  # what the model takes its error to be, angstrom


def read_geometries(path: str | Path) -> Iterator[tuple[str, Geometry | RecordError]]:
    """Stream (id, geometry) of an SDF; a broken or repeated record comes out as the error that names it.

    Stereo marks of a 3D record are read from its coordinates.
    """
    seen = set()
    for block in read_sdf_blocks(path):
        try:
            if block.id in seen:
                raise RecordError("the id occurs twice; the first one is kept")
            seen.add(block.id)
            geometry = _geometry(parse_block(block), block.properties.get("failed") or None)
            if PROPERTY in block.properties:
                geometry = geometry._replace(distances=_table(block.properties[PROPERTY], geometry.mol))
            if ESTIMATE in block.properties:
                geometry = geometry._replace(estimate=_number(block.properties[ESTIMATE]))
            yield block.id, geometry
        except RecordError as error:
            yield block.id, error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RecordError(f"its property {ESTIMATE!r} is no number") from None


def _table(text: str, mol: Chem.Mol) -> np.ndarray:
    try:
        return table_from_text(text, mol.GetNumAtoms())
    except ValueError:
        raise RecordError("its property 'distances' is no table of distances of its atoms") from None


def _geometry(mol: Chem.Mol, failed: str | None) -> Geometry:
    positions = mol.GetConformer().GetPositions()
    if not has_geometry(mol):
        drawn = failed is not None and positions.any()  # a flat stand-in still counts as the geometry it is
        return Geometry(mol, positions if drawn else None, failed)
    if not np.isfinite(positions).all():
        raise RecordError("a coordinate is not a number")
    Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    return Geometry(mol, positions, failed)


class Pair(NamedTuple):
    """A prediction in the atom order of its reference; ``reordered`` where the files differed."""

    mol: Chem.Mol  # the reference's graph and stereo
    predicted: np.ndarray
    reference: np.ndarray | None
    reordered: bool
    distances: np.ndarray | None  # (n, n), where the prediction has its own


def pair(predicted: Geometry, reference: Geometry) -> Pair:
    """Bring a prediction into the atom order of its reference.

    The same order is taken as it is. Another order is matched by elements and bonds (not bond orders); of
    several matches the one with the smallest distance error is taken. Where only one side has hydrogens, or
    they differ in number, both are compared without.

    Raises ``RecordError`` where the prediction has no coordinates or is another molecule.
    """
    if sum(_is_hydrogen(predicted.mol)) != sum(_is_hydrogen(reference.mol)):
        predicted, reference = without_hydrogens(predicted), without_hydrogens(reference)
    if predicted.positions is None:
        raise RecordError("the predicted record has no 3D coordinates")
    order = _atom_order(predicted.mol, predicted.positions, reference)
    identity = order == list(range(len(order)))
    distances = predicted.distances
    if distances is not None:
        distances = distances[np.ix_(order, order)]
    return Pair(reference.mol, predicted.positions[order], reference.positions, not identity, distances)


def _is_hydrogen(mol: Chem.Mol) -> list[bool]:
    return [atom.GetAtomicNum() == 1 for atom in list(mol.GetAtoms())]


def without_hydrogens(geometry: Geometry) -> Geometry:
    """Make all hydrogens of a geometry implicit; stereo is kept."""
    mol = Chem.RemoveAllHs(geometry.mol)
    heavy = ~np.array(_is_hydrogen(geometry.mol))
    positions, distances = geometry.positions, geometry.distances
    if positions is not None:
        positions = positions[heavy]
        mol = set_positions(mol, positions)
    if distances is not None:
        distances = distances[np.ix_(heavy, heavy)]
    return Geometry(mol, positions, geometry.failed, distances, geometry.estimate)


def _atom_order(predicted: Chem.Mol, positions: np.ndarray, reference: Geometry) -> list[int]:
    """Position i: the predicted atom that is atom i of the reference."""
    if _elements_and_bonds(predicted) == _elements_and_bonds(reference.mol):
        return list(range(reference.mol.GetNumAtoms()))
    if predicted.GetNumAtoms() != reference.mol.GetNumAtoms():
        raise RecordError(
            f"the prediction has {predicted.GetNumAtoms()} atoms, its reference {reference.mol.GetNumAtoms()}"
        )
    if predicted.GetNumBonds() != reference.mol.GetNumBonds():
        raise RecordError("the prediction is another molecule: other number of bonds")
    matches = bond_skeleton(predicted).GetSubstructMatches(
        bond_skeleton(reference.mol), uniquify=False, maxMatches=MAX_MATCHES
    )
    if not matches:
        raise RecordError("the prediction is another molecule: elements and bonds do not match")
    if reference.positions is None:
        return list(matches[0])
    target = pdist(reference.positions)
    errors = [np.abs(pdist(positions[list(match)]) - target).sum() for match in matches]
    return list(matches[int(np.argmin(errors))])


def _elements_and_bonds(mol: Chem.Mol) -> tuple[list[int], set[tuple[int, ...]]]:
    bonds = {tuple(sorted((b.GetBeginAtomIdx(), b.GetEndAtomIdx()))) for b in list(mol.GetBonds())}
    return [atom.GetAtomicNum() for atom in list(mol.GetAtoms())], bonds
