"""Start geometries of one molecule: ETKDGv3 with what it refuses caught, then MMFF94."""

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor, rdDistGeom
from scipy.spatial.distance import pdist

from groundstate.molecules.conformers.force_fields import Embedded, Relaxed, relax
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.stereo import match_stereo
from groundstate.seeds import derive_seed

# What is tried, and how often, where RDKit refuses a molecule: without the check of volumes, without torsion
# and ring knowledge, without any minimisation (which leaves the work to the force field).
PLAIN = {"useExpTorsionAnglePrefs": False, "useBasicKnowledge": False}
FALLBACKS: tuple[tuple[int, dict[str, bool]], ...] = (
    (5, {}),
    (5, PLAIN),
    (20, {**PLAIN, "onlyInitialEmbedding": True}),
)
SAME_ENERGY, SAME_SHAPE = 0.05, 0.05  # kcal/mol, angstrom: two minimisations of one minimum


def conformers_of(name: str, graph: Chem.Mol, settings: EmbedConformers) -> list[dict]:
    """Make the rows of ``CONFORMER_SCHEMA`` of one molecule, whose id is ``name``.

    They are the first conformer before minimisation (``etkdg``), then every distinct minimum (``mmff``), with
    the number of conformers that ended in it. Depends on the id, the molecule and the settings alone. Atoms
    are in the molecule's order; hydrogens that it lacks stand apart, in the order of RDKit's ``AddHs``.
    """
    mol = Chem.AddHs(graph)
    mol.RemoveAllConformers()
    atoms = graph.GetNumAtoms()
    deadline = time.monotonic() + settings.time_limit
    seed = derive_seed(settings.seed, "conformers", name)
    starts = embed(mol, settings.num_conformers, seed, settings, deadline)
    minima = relax(mol, starts, settings.force_field_steps)
    first = {"method": "etkdg", "force_field": "none", "energy": None, "copies": 1}
    first |= {"stereo_kept": starts[0].stereo_kept} | _parted(starts[0].positions, atoms)
    rows = [{"id": name, "conformer": 0, "origin": starts[0].origin} | first]
    for number, copies in _distinct(minima):
        minimum = minima[number]
        rows.append(
            {"id": name, "conformer": number, "origin": starts[number].origin, "method": "mmff"}
            | {"force_field": minimum.force_field, "energy": minimum.energy, "copies": copies}
            | {"stereo_kept": minimum.stereo_kept}
            | _parted(minimum.positions, atoms)
        )
    return rows


def _parted(positions: np.ndarray, atoms: int) -> dict:
    """Part the positions of the molecule's own atoms from those of the hydrogens that it lacks."""
    lacking = positions[atoms:].tolist()
    return {"positions": positions[:atoms].tolist(), "hydrogens": lacking or None}


def with_hydrogens(graph: Chem.Mol, rows: Sequence[Mapping]) -> tuple[Chem.Mol, list[np.ndarray]]:
    """Join what ``conformers_of`` parted: the molecule with all hydrogens, and the positions of each row.

    ``rows`` are of one method; without any the molecule stays as it is.
    """
    mol = Chem.AddHs(graph) if any(row.get("hydrogens") for row in rows) else graph
    return mol, [np.array([*row["positions"], *(row.get("hydrogens") or [])]) for row in rows]


def _distinct(minima: Sequence[Relaxed]) -> list[tuple[int, int]]:
    """Give (number, copies) of every distinct minimum, in the order of the conformers.

    Sorted distances know neither the numbering of equivalent atoms nor the hand, which is given.
    """
    shapes = [np.sort(pdist(minimum.positions)) for minimum in minima]
    kept: dict[int, int] = {}
    for number, minimum in enumerate(minima):
        for earlier in kept:
            other = minima[earlier]
            alike = (minimum.force_field, minimum.stereo_kept) == (other.force_field, other.stereo_kept)
            near = alike and abs((minimum.energy or 0.0) - (other.energy or 0.0)) < SAME_ENERGY
            if near and np.abs(shapes[number] - shapes[earlier]).max(initial=0.0) < SAME_SHAPE:
                kept[earlier] += 1
                break
        else:
            kept[number] = 1
    return list(kept.items())


def embed(
    mol: Chem.Mol, count: int, seed: int, settings: EmbedConformers, deadline: float = math.inf
) -> list[Embedded]:
    """Embed one to ``count`` geometries with the stereo of ``mol`` (all hydrogens explicit).

    RDKit's volume check refuses many strained cages whose true geometry has an inverted centre. After ETKDGv3
    from its usual start and from random coordinates come the ``FALLBACKS``: a geometry counts as found when
    its bonds are sound and its stereo, or that of its mirror image, is right. Where none is, the first
    sound one is kept, marked; where there is none at all, a flat drawing stands in.

    ``deadline`` (``time.monotonic``) bounds the time; it only matters for molecules that RDKit cannot finish.
    """
    for origin, random_start in (("etkdg", False), ("random_coordinates", True)):
        options = {"maxIterations": settings.max_iterations, "useRandomCoords": random_start}
        embedded: list[Embedded] = []
        # one first: where RDKit cannot make it, it could not make the others either
        for part, number in (("first", 1), ("others", count - 1)):
            made = _etkdg(mol, number, derive_seed(seed, origin, part), deadline, options)
            embedded += [Embedded(one, origin, True) for one in made if match_stereo(mol, one).complete]
            if not embedded:
                break
        if embedded:
            return embedded
    return _fallback(mol, count, seed, deadline)


def _fallback(mol: Chem.Mol, count: int, seed: int, deadline: float) -> list[Embedded]:
    kept, soundness = None, Soundness(mol)
    for rung, (tries, extra) in enumerate(FALLBACKS):
        options = {"maxIterations": 1, "useRandomCoords": True, "enforceChirality": False} | extra
        embedded: list[Embedded] = []
        attempt = 0
        while attempt < tries + 2 * count * bool(embedded) and len(embedded) < count:
            made = _etkdg(mol, 1, derive_seed(seed, "fallback", rung, attempt), deadline, options)
            attempt += 1
            for positions in made:
                # without RDKit's checks a heap of far atoms can have the right stereo by chance
                sound = soundness.broken_bond(positions) is None
                for candidate in (positions, positions * [1.0, 1.0, -1.0]):
                    if sound and match_stereo(mol, candidate).complete:
                        embedded.append(Embedded(candidate, "fallback", True))
                        break
                if kept is None or (sound and soundness.broken_bond(kept) is not None):
                    kept = positions
        if embedded:
            return embedded
    if kept is None:
        flat = Chem.Mol(mol)
        rdDepictor.Compute2DCoords(flat)
        kept = flat.GetConformer().GetPositions()
    sound = soundness.broken_bond(kept) is None
    return [Embedded(kept, "fallback", sound and match_stereo(mol, kept).complete)]


def _etkdg(
    mol: Chem.Mol, count: int, seed: int, deadline: float, options: Mapping[str, object]
) -> list[np.ndarray]:
    left = deadline - time.monotonic()
    if left <= 0 or count <= 0:
        return []
    limit = {"timeout": max(1, math.ceil(left))} if math.isfinite(left) else {}
    parameters = rdDistGeom.ETKDGv3()
    for name, value in {"randomSeed": seed % (2**31 - 1), **options, **limit}.items():
        setattr(parameters, name, value)
    copy = Chem.Mol(mol)
    with rdBase.BlockLogs():
        rdDistGeom.EmbedMultipleConfs(copy, count, parameters)
    return [conformer.GetPositions() for conformer in copy.GetConformers()]
