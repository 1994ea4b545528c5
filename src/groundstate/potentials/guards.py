"""Guards against crystals on which a universal potential gives nonsense.

Potentials have holes at short distance (a titanium dimer at 0.6 angstrom gets -1,582 eV per atom from
SevenNet-0), so that an overlapping crystal can look extremely stable. Nothing is relaxed, and no energy
believed, unless the geometry could be a crystal.
"""

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry import cell_to_cellpar
from matscipy.neighbours import neighbour_list

from groundstate.potentials.settings import RelaxSettings

GRAMS_PER_CM3 = 1.66053906660  # of one dalton per cubic angstrom


def geometry_fault(atoms: Atoms, settings: RelaxSettings) -> str | None:
    """Say why this geometry cannot be trusted, or None.

    Checked: finite numbers, cell angles, density, and every distance (self-images too) against
    ``max(minimum_distance, radii_fraction * sum of covalent radii)``.
    """
    cell = atoms.cell.array
    if not (np.isfinite(cell).all() and np.isfinite(atoms.positions).all()):
        return "a number is not finite"
    volume = abs(np.linalg.det(cell))
    if volume < 1e-3:
        return "the cell has no volume"
    angles = cell_to_cellpar(cell)[3:]
    low, high = settings.angle_range
    if not ((angles >= low) & (angles <= high)).all():
        return f"a cell angle of {angles[np.argmax(np.abs(angles - 90))]:.1f} degrees"
    density = atoms.get_masses().sum() / volume * GRAMS_PER_CM3
    low, high = settings.density_range
    if not low <= density <= high:
        return f"a density of {density:.3g} g/cm3"
    radii = covalent_radii[atoms.numbers]
    limit = max(settings.minimum_distance, 2 * settings.radii_fraction * radii.max())
    i, j, distance = neighbour_list(
        "ijd", cutoff=limit, positions=atoms.positions, cell=cell, pbc=np.ones(3, bool)
    )
    allowed = np.maximum(settings.minimum_distance, settings.radii_fraction * (radii[i] + radii[j]))
    bad = np.flatnonzero(distance < allowed)
    if len(bad):
        worst = bad[np.argmin(distance[bad] - allowed[bad])]
        pair = "-".join(sorted((atoms.symbols[i[worst]], atoms.symbols[j[worst]])))
        return f"a {pair} distance of {distance[worst]:.2f} A (at least {allowed[worst]:.2f})"
    return None


def volume_fault(before: float, after: float, settings: RelaxSettings) -> str | None:
    """Say why the change of volume (cubic angstrom) is not believed, or None."""
    low, high = settings.volume_ratio
    ratio = after / before
    return None if low <= ratio <= high else f"the volume became {ratio:.2f} times the first"
