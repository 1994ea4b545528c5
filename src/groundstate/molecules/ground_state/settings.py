"""What the search for ground states is told."""

from typing import Literal

from pydantic import Field

from groundstate.potentials.molecular.settings import RelaxMolecules
from groundstate.settings import Settings


class LabelGeometry(Settings):
    """Find ground states of molecules that have none: conformers, their energies, the lowest relaxed."""

    max_molecules: int | None = Field(
        default=None, ge=1, description="Use a seeded random sample of this many inputs; null uses all"
    )
    sample_seed: int = Field(default=0, ge=0, description="Seed of the random sample")
    undefined_stereo: Literal["refuse", "draw"] = Field(
        default="refuse",
        description="SMILES with an unmarked stereo centre or double bond: reject it, or draw one of its "
        "isomers that can be embedded, which the record then names",
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
