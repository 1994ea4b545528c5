"""Geometry models without weights: RDKit's embedding, MMFF94 minima, GFN2-xTB minima."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from rdkit import Chem

from groundstate.molecules.conformers.choice import embedding_failure, lowest, unminimised
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.models.base import GeometryModel, Prediction
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.mols import mol_from_smiles
from groundstate.molecules.stereo import match_stereo
from groundstate.potentials.gfn2 import relax_gfn2


class UntrainedModel(GeometryModel):
    """A model that makes one geometry of each molecule and learns nothing."""

    @classmethod
    def elements(cls, molecules: TrainingPart) -> list[int] | None:
        """Take any element; the training part is not read."""
        return None

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Make one geometry of each molecule."""
        return [[self.geometry(molecule)] for molecule in molecules]

    @abstractmethod
    def geometry(self, molecule: Molecule) -> Prediction:
        """Make the geometry of one molecule."""


class Etkdg(UntrainedModel):
    """``etkdg``: one embedding."""

    starts = "etkdg"

    def geometry(self, molecule: Molecule) -> Prediction:
        """Take the embedding as it is."""
        return as_it_is(molecule.starts[0], molecule.mol)


class Mmff(UntrainedModel):
    """``mmff``: the MMFF94 minimum of the first conformer."""

    def geometry(self, molecule: Molecule) -> Prediction:
        """Take the first of the start geometries."""
        return as_it_is(molecule.starts[0], molecule.mol)


class MmffLowest(UntrainedModel):
    """``mmff-lowest``: the MMFF94 minimum of lowest energy."""

    def geometry(self, molecule: Molecule) -> Prediction:
        """Take the lowest of the start geometries."""
        return as_it_is(lowest(molecule.starts), molecule.mol)


class EtkdgNoStereo(UntrainedModel):
    """``etkdg-nostereo``: one embedding of the graph without its stereo, as without knowledge of it."""

    starts = None

    def geometry(self, molecule: Molecule) -> Prediction:
        """Embed the molecule with its stereo marks taken off."""
        bare = Chem.RemoveHs(molecule.mol)
        Chem.RemoveStereochemistry(bare)
        mol = mol_from_smiles(Chem.MolToSmiles(bare), molecule.mol)
        return as_it_is(conformers_of(molecule.id, mol, EmbedConformers(force_field_steps=0))[0], mol)


class Xtb(UntrainedModel):
    """``xtb``: the GFN2-xTB minimum below the lowest MMFF94 minimum."""

    def geometry(self, molecule: Molecule) -> Prediction:
        """Relax; the MMFF94 geometry, marked, where the way down breaks the molecule."""
        start = lowest(molecule.starts)
        minimum, failed = None, embedding_failure(start)
        if any(atom.GetTotalNumHs() for atom in list(molecule.mol.GetAtoms())):
            failed = "hydrogens are missing; this is the MMFF94 geometry"
        elif (minimum := relax_gfn2(molecule.mol, start["positions"])) is None:
            failed = "GFN2-xTB does not converge; this is the MMFF94 geometry"
        elif broken := Soundness(molecule.mol).broken_bond(minimum.positions):
            failed, minimum = f"GFN2-xTB broke the molecule: {broken}; this is the MMFF94 geometry", None
        elif not failed and not match_stereo(molecule.mol, minimum.positions).complete:
            failed, minimum = "GFN2-xTB changed the stereo; this is the MMFF94 geometry", None
        positions = start["positions"] if minimum is None else minimum.positions
        return Prediction(positions, {"origin": start["origin"]}, failed)


def as_it_is(row: Mapping, mol: Chem.Mol) -> Prediction:
    """Take a start geometry as the prediction; failed where the embedding, or its minimisation, failed."""
    failed = embedding_failure(row) or unminimised(row, mol)
    return Prediction(row["positions"], {"origin": row["origin"]}, failed)
