"""Start geometries of one molecule: ETKDGv3 with what it refuses caught, then MMFF94."""

import math
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, rdDistGeom, rdForceFieldHelpers

from groundstate.molecules.mols import mol_from_record, set_positions
from groundstate.molecules.settings import EmbedConformers
from groundstate.molecules.soundness import broken_bond
from groundstate.molecules.stereo import match_stereo
from groundstate.seeds import derive_seed

# What is tried, and how often, where RDKit refuses a molecule: without the check of volumes, without torsion
# and ring knowledge, without any minimisation (which leaves the work to the force field).
PLAIN = {"useExpTorsionAnglePrefs": False, "useBasicKnowledge": False}
FALLBACKS = ((5, {}), (5, PLAIN), (20, {**PLAIN, "onlyInitialEmbedding": True}))


class Embedded(NamedTuple):
    """A start geometry, hydrogens included, and how it came about.

    ``origin``: ``etkdg``, ``random_coordinates`` (ETKDGv3 from a random start), or ``fallback``: RDKit
    refused every attempt, so its own checks are off; ``stereo_kept`` then says whether the stereo is still
    right.
    """

    positions: np.ndarray
    origin: str
    stereo_kept: bool


class Relaxed(NamedTuple):
    """A minimised geometry; ``force_field`` is ``mmff94``, ``uff`` (MMFF94 lacks parameters) or ``none``."""

    positions: np.ndarray
    energy: float | None  # kcal/mol
    force_field: str
    stereo_kept: bool


def conformers_of(record: Mapping, settings: EmbedConformers) -> list[dict]:
    """Rows of ``CONFORMER_SCHEMA`` for one record: per conformer its ``etkdg`` and its ``mmff`` geometry.

    Depends on the record and the settings alone. Atoms are in the record's order; hydrogens that the record
    lacks are used for embedding and left out again.
    """
    graph = mol_from_record(record)
    mol = Chem.AddHs(graph)
    mol.RemoveAllConformers()
    atoms = graph.GetNumAtoms()
    deadline = time.monotonic() + settings.time_limit
    rows = []
    for number in range(settings.num_conformers):
        start = embed(mol, derive_seed(settings.seed, "conformer", record["id"], number), settings, deadline)
        relaxed = relax(mol, start, settings.force_field_steps)
        common = {"id": record["id"], "conformer": number, "origin": start.origin}
        rows.append(
            common
            | {"method": "etkdg", "force_field": "none", "energy": None, "stereo_kept": start.stereo_kept}
            | {"positions": start.positions[:atoms].tolist()}
        )
        rows.append(
            common
            | {"method": "mmff", "force_field": relaxed.force_field, "energy": relaxed.energy}
            | {"stereo_kept": relaxed.stereo_kept, "positions": relaxed.positions[:atoms].tolist()}
        )
    return rows


def embed(mol: Chem.Mol, seed: int, settings: EmbedConformers, deadline: float = math.inf) -> Embedded:
    """One geometry with the stereo of ``mol`` (all hydrogens explicit).

    RDKit's volume check refuses many strained cages whose true geometry has an inverted centre. After ETKDGv3
    from its usual start and from random coordinates come the ``FALLBACKS``: a geometry counts as found when
    its bonds are sound and its stereo, or that of its mirror image, is right. Where none is, the first
    sound one is kept, marked; where there is none at all, a flat drawing stands in.

    ``deadline`` (``time.monotonic``) bounds the time; it only matters for molecules that RDKit cannot finish.
    """
    for origin, random_start in (("etkdg", False), ("random_coordinates", True)):
        options = {"maxIterations": settings.max_iterations, "useRandomCoords": random_start}
        positions = _etkdg(mol, derive_seed(seed, origin), deadline, options)
        if positions is not None and match_stereo(mol, positions).complete:
            return Embedded(positions, origin, True)
    kept = None
    for rung, (tries, options) in enumerate(FALLBACKS):
        for attempt in range(tries):
            options = {"maxIterations": 1, "useRandomCoords": True, "enforceChirality": False} | options
            positions = _etkdg(mol, derive_seed(seed, "fallback", rung, attempt), deadline, options)
            if positions is None:
                continue
            # without RDKit's checks a heap of far atoms can have the right stereo by chance
            sound = broken_bond(mol, positions) is None
            for candidate in (positions, positions * [1.0, 1.0, -1.0]):
                if sound and match_stereo(mol, candidate).complete:
                    return Embedded(candidate, "fallback", True)
            if kept is None or (sound and broken_bond(mol, kept) is not None):
                kept = positions
    if kept is None:
        flat = Chem.Mol(mol)
        AllChem.Compute2DCoords(flat)
        kept = flat.GetConformer().GetPositions()
    sound = broken_bond(mol, kept) is None
    return Embedded(kept, "fallback", sound and match_stereo(mol, kept).complete)


def _etkdg(mol: Chem.Mol, seed: int, deadline: float, options: Mapping[str, object]) -> np.ndarray | None:
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed % (2**31 - 1)
    for name, value in options.items():
        setattr(parameters, name, value)
    if math.isfinite(left):
        parameters.timeout = max(1, math.ceil(left))
    copy = Chem.Mol(mol)
    with rdBase.BlockLogs():
        done = rdDistGeom.EmbedMolecule(copy, parameters)
    return copy.GetConformer().GetPositions() if done == 0 else None


def relax(mol: Chem.Mol, start: Embedded, steps: int) -> Relaxed:
    """Minimise with MMFF94; UFF where MMFF94 has no parameters or its minimum has another stereo.

    Where no force field keeps the stereo (or has parameters) the start comes back unchanged.
    """
    for name, make in (("mmff94", _mmff94), ("uff", _uff)):
        copy = set_positions(mol, start.positions)
        with rdBase.BlockLogs():
            field = make(copy)
            if field is None:
                continue
            field.Initialize()
            field.Minimize(maxIts=steps)
        positions = copy.GetConformer().GetPositions()
        kept = np.isfinite(positions).all() and match_stereo(mol, positions).complete
        if kept or not start.stereo_kept:
            return Relaxed(positions, field.CalcEnergy(), name, kept)
    return Relaxed(start.positions, None, "none", start.stereo_kept)


def _mmff94(mol: Chem.Mol):
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
    return properties and rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties)


def _uff(mol: Chem.Mol):
    known = rdForceFieldHelpers.UFFHasAllMoleculeParams(mol)
    return rdForceFieldHelpers.UFFGetMoleculeForceField(mol) if known else None
