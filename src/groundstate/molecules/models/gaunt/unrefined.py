"""What stands in for a refined geometry where an element was not in training."""

from collections.abc import Mapping

from groundstate.molecules.conformers.candidates import candidates_of
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES
from groundstate.molecules.models.base import Prediction
from groundstate.molecules.models.calibration import evidence_of
from groundstate.molecules.models.examples import Molecule
from groundstate.molecules.models.gaunt.choice import symmetric_rmsds

METHOD = "lowest force field energy: an element was not in training"


def unrefined(molecule: Molecule, keep: int, domain: Mapping | None) -> list[Prediction]:
    """Give at most ``keep`` conformers of lowest energy, as they are; ``method`` says so."""
    some = candidates_of(molecule.mol, molecule.starts, NO_RULES)
    rmsds = symmetric_rmsds(molecule.mol, some.positions)
    mean = float(rmsds[0].mean())
    evidence = evidence_of(molecule.mol, mean, mean, float(rmsds.mean()), domain)
    return [
        Prediction(positions, {"origin": row["origin"], "method": METHOD}, some.failed, evidence=evidence)
        for positions, row in list(zip(some.positions, some.rows, strict=True))[:keep]
    ]
