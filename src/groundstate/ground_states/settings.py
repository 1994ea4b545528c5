"""What the search for ground states is told."""

from typing import Literal

from pydantic import Field

from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.dataset.settings import MAX_ATOMS, Fragments
from groundstate.settings import Settings


class LabelGeometry(Settings):
    """Find ground states of molecules that have none: conformers, their energies, the lowest relaxed."""

    max_molecules: int | None = Field(
        default=None, ge=1, description="Use a seeded random sample of this many inputs; null uses all"
    )
    sample_seed: int = Field(default=0, ge=0, description="Seed of the random sample")
    undefined_stereo: Literal["refuse", "draw"] = Field(
        default="refuse",
        description="Molecules whose stereo is open: reject, or draw one of the isomers, which the record "
        "then names",
    )
    fragments: Fragments = Field(
        default="refuse",
        description="Salts and mixtures: reject them, or keep the largest molecule; the record's `stripped` "
        "then says what was taken off",
    )
    max_atoms: int = Field(
        default=MAX_ATOMS, ge=1, description="Reject molecules with more atoms than this, hydrogens included"
    )
    method: Literal["aimnet2", "gfn2-xtb", "mmff94"] = Field(
        default="aimnet2", description="Potential whose ground states they are"
    )
    num_conformers: int = Field(default=10, ge=1, description="Conformers to embed per molecule")
    seed: int = Field(default=0, ge=0, description="Seed of the embedding and of drawn isomers")
    relaxed: int = Field(
        default=3, ge=1, description="Conformers of lowest energy per molecule that are relaxed"
    )
    spread: bool = Field(
        default=True, description="Spread of the energies among the four networks of AIMNet2 (46 MB)"
    )
    relax: RelaxMolecules = RelaxMolecules()
