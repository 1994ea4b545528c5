"""What a relaxation of molecules is told."""

from pydantic import Field

from groundstate.settings import Settings


class RelaxMolecules(Settings):
    """Minimise the energies of molecules; see ``relax.relax_molecules``."""

    fmax: float = Field(0.02, gt=0, description="Largest force on an atom of a minimum, eV/angstrom")
    max_calls: int = Field(
        400, ge=1, description="Energies per structure after which a minimisation is `not_converged`"
    )
    batch_atoms: int = Field(
        512, ge=1, description="Atoms computed at once; no effect on results beyond rounding"
    )
