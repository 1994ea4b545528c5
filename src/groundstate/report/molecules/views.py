"""3D views of predicted molecules over their reference geometries."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolAlign

from groundstate.molecules.mols import RecordError
from groundstate.molecules.sdf import parse_molblock, read_sdf_blocks
from groundstate.report.scenes import Layer, Scene


def read_sdf(path: Path, ids: Iterable[str] | None = None, limit: int | None = None) -> dict[str, Chem.Mol]:
    """Read molecules of an SDF by id, hydrogens and coordinates kept.

    With ``ids`` only those; with ``limit`` the first so many. A record that RDKit refuses is passed over: the
    score stage has counted it. Raises ``GroundstateError`` where the file is absent, empty or cut.
    """
    chosen = None if ids is None else set(ids)
    count = limit if chosen is None else len(chosen)
    molecules: dict[str, Chem.Mol] = {}
    for block in read_sdf_blocks(path):
        if len(molecules) == count:
            break
        if chosen is None or block.id in chosen:
            with contextlib.suppress(RecordError):
                molecules[block.id] = parse_molblock(block.molblock)
    return molecules


def best_alignment(moving: Chem.Mol, fixed: Chem.Mol) -> tuple[float, np.ndarray]:
    """Find the best heavy-atom RMSD (angstrom, symmetry included) and the (4, 4) transform for it.

    Where the heavy atoms lie on a line they do not fix a rotation, and all atoms are used.
    """
    bare = [Chem.RemoveHs(molecule) for molecule in (moving, fixed)]
    positions = bare[1].GetConformer().GetPositions()
    if np.linalg.matrix_rank(positions - positions.mean(axis=0), tol=0.2) < 2:
        bare = [moving, fixed]
    rmsd, transform, _ = rdMolAlign.GetBestAlignmentTransform(bare[0], bare[1], maxMatches=10_000)
    return rmsd, np.array(transform)


def molecule_scene(
    view_id: str, title: str, caption: str, predicted: Chem.Mol, others: dict[str, Chem.Mol]
) -> Scene:
    """Draw the prediction in CPK colours over the ``reference`` (grey) and a hidden ``start``, where given.

    Every geometry is aligned to the reference by heavy atoms, or stands alone where there is no reference.
    """
    reference = others.get("reference")
    frame = _principal_axes(predicted if reference is None else reference)
    layers = []
    for layer, molecule in {**others, "predicted": predicted}.items():
        positions = molecule.GetConformer().GetPositions()
        if reference is not None and molecule is not reference:
            _, transform = best_alignment(molecule, reference)
            positions = positions @ transform[:3, :3].T + transform[:3, 3]
        kekulized = Chem.Mol(molecule)
        Chem.Kekulize(kekulized, clearAromaticFlags=True)
        labels = [f"{layer}: {atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in molecule.GetAtoms()]
        if layer == "predicted" and reference is not None:
            moved = np.linalg.norm(positions - reference.GetConformer().GetPositions(), axis=1)
            labels = [
                f"{text}, {shift:.2f} Å from the reference" for text, shift in zip(labels, moved, strict=True)
            ]
        layers.append(
            Layer(
                name=layer,
                numbers=[atom.GetAtomicNum() for atom in molecule.GetAtoms()],
                positions=positions @ frame,
                labels=labels,
                bonds=[
                    (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), int(bond.GetBondTypeAsDouble()))
                    for bond in kekulized.GetBonds()
                ],
                visible=layer in ("predicted", "reference"),
                grey=layer != "predicted",
            )
        )
    return Scene(view_id, title, caption, layers, tilt=(-0.25, 0.3))


def _principal_axes(molecule: Chem.Mol) -> np.ndarray:
    """Proper rotation (3, 3) whose columns are the axes of largest to smallest spread, signs fixed."""
    positions = molecule.GetConformer().GetPositions()
    axes = np.linalg.svd(positions - positions.mean(axis=0))[2].T
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), range(3)] < 0, -1.0, 1.0)
    axes[:, 2] *= np.sign(np.linalg.det(axes))
    return axes
