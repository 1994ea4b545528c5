"""The sites of a CIF block, and the atoms that symmetry makes of them."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from groundstate.crystals.cif.symmetry import Operations
from groundstate.crystals.cif.tags import Tags, number

# Images of one site that are nearer than this (angstrom) are one atom on a special position, rounded.
MERGED = 0.2
MAX_SITES = 10_000  # of a cell; what all pairs can be compared for
FULL = 1e-3  # how far an occupancy may be from 1


class Sites(NamedTuple):
    """Labels, type symbols (None: the column is absent), fractional coordinates (n, 3), multiplicities."""

    labels: list[str]
    symbols: list[str] | None
    points: np.ndarray
    multiplicities: list[int] | None


def read_sites(tags: Tags, lattice: np.ndarray) -> Sites:
    """Return the sites that hold an atom.

    Raises ``ValueError`` for a site that is partly occupied, has no coordinates, or has hydrogens that the
    list lacks, and for alternatives of disorder, which need not state an occupancy.
    """
    points = _coordinates(tags, lattice)
    symbols = tags.column("_atom_site_type_symbol")
    if symbols is not None and set(symbols) & {"?", "."}:
        symbols = None
    labels = tags.column("_atom_site_label") or symbols
    if labels is None:
        raise ValueError("no element column in the site list")
    if len(labels) != len(points[0]):
        raise ValueError("the site list is cut: its columns have different lengths")
    flags = tags.column("_atom_site_calc_flag") or [""] * len(labels)
    occupancies = tags.column("_atom_site_occupancy") or ["."] * len(labels)
    hydrogens = tags.column("_atom_site_attached_hydrogens") or ["0"] * len(labels)
    given = tags.column("_atom_site_symmetry_multiplicity")
    groups = tags.column("_atom_site_disorder_group") or ["."] * len(labels)
    assemblies = tags.column("_atom_site_disorder_assembly") or ["."] * len(labels)
    kept, frac = [], []
    alternatives: dict[str, str] = {}
    for index, label in enumerate(labels):
        if flags[index] == "dum" or (share := _occupancy(occupancies[index], label)) == 0:
            continue
        if share != 1:
            raise ValueError(
                f"the site {label} is partly occupied ({occupancies[index]}); "
                "disordered crystals are not read"
            )
        if groups[index] not in ("0", ".", "?"):
            first = alternatives.setdefault(assemblies[index], groups[index])
            if first != groups[index]:
                raise ValueError(
                    f"the site {label} is of the disorder group {groups[index]} beside {first}; keep one"
                )
        if hydrogens[index] not in ("0", ".", "?"):
            raise ValueError(
                f"the site {label} has {hydrogens[index]} attached hydrogens without coordinates"
            )
        kept.append(index)
        frac.append([number(column[index], f"a coordinate of the site {label}") for column in points])
    if not kept:
        raise ValueError("no atoms")
    if len(kept) > MAX_SITES:
        raise ValueError(f"{len(kept)} sites, more than {MAX_SITES}")
    coordinates = np.array(frac)
    if "_atom_site_fract_x" not in tags.columns:
        coordinates = coordinates @ np.linalg.inv(lattice)
    return Sites(
        [labels[index] for index in kept],
        None if symbols is None else [symbols[index] for index in kept],
        coordinates,
        [int(given[index]) for index in kept] if given and all(one.isdigit() for one in given) else None,
    )


def _coordinates(tags: Tags, lattice: np.ndarray) -> list[list[str]]:
    """Return three columns of fractional coordinates, else of Cartesian ones in an orthogonal cell."""
    for kind in ("fract", "cartn"):
        columns = [tags.column(f"_atom_site_{kind}_{axis}") for axis in "xyz"]
        points = [column for column in columns if column is not None]
        if len(points) == 3:
            orthogonal = np.allclose(lattice, np.diag(np.diag(lattice)), atol=1e-6)
            if kind == "cartn" and not (
                orthogonal and not any("cartn_tran" in name for name in tags.columns)
            ):
                raise ValueError(
                    "its coordinates are Cartesian in a cell that is not orthogonal; give fractions"
                )
            return points
    raise ValueError("no site list with coordinates")


def _occupancy(text: str, label: str) -> float:
    if text == ".":  # the dictionary's default
        return 1.0
    share = number(text, f"the occupancy of the site {label}")
    return 1.0 if abs(share - 1) <= FULL else share


class Atoms(NamedTuple):
    """Atoms of a cell: the site of each (atoms,), fractions (atoms, 3), multiplicities (sites,)."""

    site: np.ndarray
    points: np.ndarray
    multiplicities: np.ndarray


def expand(points: np.ndarray, operations: Operations, lattice: np.ndarray) -> Atoms:
    """Apply the operations to sites; images that fall on each other are one atom, at their mean.

    Raises ``ValueError`` where the images of a site do not fall into places of equal number.
    """
    order = len(operations.rotations)
    if order == 1:
        return Atoms(np.arange(len(points)), points, np.ones(len(points), dtype=int))
    if order * len(points) > 10 * MAX_SITES:
        raise ValueError(f"{order * len(points)} images of its sites, more than {10 * MAX_SITES}")
    made, counts = [], []
    for point in points:
        images = operations.rotations @ point + operations.translations
        apart = images - point
        apart -= np.round(apart)
        fixing = np.linalg.norm(apart @ lattice, axis=1) < MERGED
        special = point + apart[fixing].mean(0)
        images = (operations.rotations @ special + operations.translations) % 1.0
        images[images > 1 - 1e-9] = 0.0
        taken = np.zeros(order, dtype=bool)
        orbit = []
        for index, image in enumerate(images):
            if not taken[index]:
                between = images - image
                between -= np.round(between)
                taken |= np.linalg.norm(between @ lattice, axis=1) < MERGED
                orbit.append(image)
        if len(orbit) * int(fixing.sum()) != order:
            raise ValueError("a site lies near a special position, but not on it; give more decimals")
        made.append(np.array(orbit))
        counts.append(len(orbit))
    multiplicities = np.array(counts)
    return Atoms(np.repeat(np.arange(len(points)), multiplicities), np.concatenate(made), multiplicities)


def merge(
    atoms: Atoms,
    sites: Sites,
    numbers: np.ndarray,
    pairs: list[tuple[int, int, float]],
    lattice: np.ndarray,
) -> Atoms:
    """Drop sites that symmetry or a cell vector makes of earlier ones.

    ``numbers`` (sites,) are atomic numbers, ``pairs`` those of ``close_pairs``.

    Raises ``ValueError`` for two sites at one place that are not the same by symmetry.
    """
    gone: set[int] = set()
    for first, second, distance in pairs:
        one, other = sorted((int(atoms.site[first]), int(atoms.site[second])))
        if one in gone or other in gone or one == other:
            continue
        apart = np.linalg.norm((sites.points[one] - sites.points[other]) @ lattice)
        if numbers[one] != numbers[other] or apart < MERGED:
            raise ValueError(
                f"the sites {sites.labels[one]} and {sites.labels[other]} are {distance:.3f} angstrom apart"
            )
        gone.add(other)
    if not gone:
        return atoms
    kept = ~np.isin(atoms.site, list(gone))
    multiplicities = atoms.multiplicities.copy()
    multiplicities[list(gone)] = 0
    return Atoms(atoms.site[kept], atoms.points[kept], multiplicities)


def close_pairs(points: np.ndarray, lattice: np.ndarray, nearest: float) -> list[tuple[int, int, float]]:
    """Return pairs (i < j, distance in angstrom) of fractional points (n, 3) nearer than ``nearest``.

    The nearest image is the one of the rounded difference, which is right where ``nearest`` is below half the
    distance of opposite faces of the cell.
    """
    # along the normal of a face no difference is longer than the distance: a box holds all candidates
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    inside = np.minimum((points % 1.0) * heights, np.nextafter(heights, 0.0))
    tree = cKDTree(inside, boxsize=heights)
    candidates = tree.query_pairs(nearest, p=np.inf, output_type="ndarray")
    candidates = candidates[np.lexsort(candidates.T[::-1])]
    apart = points[candidates[:, 1]] - points[candidates[:, 0]]
    distances = np.linalg.norm((apart - np.round(apart)) @ lattice, axis=-1)
    return [
        (int(first), int(second), float(distance))
        for (first, second), distance in zip(candidates, distances, strict=True)
        if distance < nearest
    ]
