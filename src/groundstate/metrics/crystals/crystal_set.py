"""A set of crystals with all that its scores need, computed once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.fingerprints.cached import Fingerprints, fingerprints
from groundstate.metrics.crystals.own_metrics import own_values
from groundstate.metrics.crystals.validity import ValidityRow, score_validity
from groundstate.metrics.definition import CrystalMetric
from groundstate.potentials.formation import formation_energies
from groundstate.potentials.interface import Potential
from groundstate.records import Rejection


class CrystalSet(NamedTuple):
    """Readable crystals with what was computed of each, in order, and the number of unreadable ones."""

    crystals: Sequence[NamedStructure]
    rejections: Sequence[Rejection]
    validity: Sequence[ValidityRow]
    fingerprints: Fingerprints
    energies: np.ndarray | None = None  # (n,) formation energies, eV/atom; NaN: the potential failed
    own: Mapping[str, np.ndarray] = {}  # (n,) of each metric of the user's

    @property
    def structure_valid(self) -> np.ndarray:
        """Tell which crystals are structurally valid (n,)."""
        return np.array([row.structure_valid for row in self.validity], bool)

    @property
    def valid(self) -> np.ndarray:
        """CDVAE's joint validity (n,): structure and composition, and a fingerprint can be built."""
        return np.array([row.valid for row in self.validity], bool) & self.fingerprints.exist

    def take(self, indices: np.ndarray) -> "CrystalSet":
        """Choose those of ``indices``, none unreadable."""
        chosen = indices.tolist()
        prints = self.fingerprints
        return CrystalSet(
            [self.crystals[i] for i in chosen],
            [],
            [self.validity[i] for i in chosen],
            Fingerprints(
                prints.structures[indices], prints.compositions[indices], [prints.reasons[i] for i in chosen]
            ),
            None if self.energies is None else self.energies[indices],
            {name: values[indices] for name, values in self.own.items()},
        )

    def properties(self) -> dict[str, np.ndarray]:
        """Give density (g/cm3), number of different elements and, if computed, energy of each crystal."""
        structures = [crystal.structure for crystal in self.crystals]
        values = {
            "density": np.array([structure.density for structure in structures], float),
            "elements": np.array([len(set(structure.species)) for structure in structures], float),
        }
        return values if self.energies is None else values | {"energy": self.energies}


class SetMaker(NamedTuple):
    """How crystals become a `CrystalSet`: the same for the scored ones, the reference and the baselines."""

    folder: Path  # of finished fingerprints and energies
    oxidation_list: str
    potential: Potential | None = None  # of the formation energies; None: no energies
    metrics: Sequence[CrystalMetric] = ()
    workers: int = 1

    def make(
        self, name: str, crystals: Sequence[NamedStructure], rejections: Sequence[Rejection] = ()
    ) -> CrystalSet:
        """Compute all that is to know of ``crystals``; ``name`` is for the progress."""
        structures = [crystal.structure for crystal in crystals]
        prints = fingerprints(structures, self.folder, self.workers, f"fingerprints, {name}")
        energies = None
        if self.potential is not None:
            folder = self.folder / "energies"
            energies = formation_energies(
                structures, self.potential, folder, self.workers, f"energies, {name}"
            )
        validity = score_validity(crystals, [], self.oxidation_list)
        return CrystalSet(
            crystals, rejections, validity, prints, energies, own_values(self.metrics, crystals)
        )
