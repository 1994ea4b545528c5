"""Local order parameters of a shell of neighbours: how much it looks like each motif of its coordination.

Each neighbour j in turn is the north pole and each other neighbour k gives the prime meridian. A motif says
which polar angles (j-centre-k, j-centre-m) and azimuths (of a third neighbour m from k's meridian) it
expects; the parameter is how well that holds, at most 1: Zimmermann, Horton, Jain and Haranczyk, Front.
Mater. 4, 34 (2017); Zimmermann and Jain, RSC Adv. 10, 6063 (2020). The values are those of pymatgen's
``LocalStructOrderParams``, from one table of angles a site instead of three nested loops a motif and shell.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from pymatgen.core.local_env import CN_OPT_PARAMS, DEFAULT_OP_PARAMS
from scipy.special import sph_harm_y

ALIGNED = 1e-12  # length below which a projected unit vector has no direction

# coordination number -> the motifs that it may be, in the order of matminer's ``ops`` fingerprint
MOTIFS = {
    1: ("sgl_bd",),
    2: ("L-shaped", "water-like", "bent 120 degrees", "bent 150 degrees", "linear"),
    3: ("trigonal planar", "trigonal non-coplanar", "T-shaped"),
    4: ("square co-planar", "tetrahedral", "rectangular see-saw-like", "see-saw-like", "trigonal pyramidal"),
    5: ("pentagonal planar", "square pyramidal", "trigonal bipyramidal"),
    6: ("hexagonal planar", "octahedral", "pentagonal pyramidal"),
    7: ("hexagonal pyramidal", "pentagonal bipyramidal"),
    8: ("body-centered cubic", "hexagonal bipyramidal"),
    9: ("q2", "q4", "q6"),
    10: ("q2", "q4", "q6"),
    11: ("q2", "q4", "q6"),
    12: ("cuboctahedral", "q2", "q4", "q6"),
}


class Angles(NamedTuple):
    """Angles of n neighbours; what does not exist (j = k, m on the axis, ...) is masked out."""

    polar: np.ndarray  # (n, n): j-centre-k
    pairs: np.ndarray  # (n, n): j != k
    azimuth: np.ndarray  # (n, n, n): of m from the meridian of k, seen from j
    thirds: np.ndarray  # (n, n, n): m is neither j nor k, and k gives a meridian
    placed: np.ndarray  # (n, n, n): thirds whose m is not on the axis


def shell_angles(unit: np.ndarray) -> Angles:
    """Angles between the unit vectors (n, 3) from a site to its neighbours."""
    n = len(unit)
    cosines = np.vecdot(unit[:, None], unit[None])
    lengths = np.vecdot(unit, unit)
    across = unit[None] - (cosines / lengths[:, None])[..., None] * unit[:, None]  # of k, off the axis of j
    norms = np.sqrt(np.vecdot(across, across))
    directed = norms >= ALIGNED
    across = across / np.where(directed, norms, 1.0)[..., None]
    azimuth = _arccos(np.vecdot(across[:, :, None], across[:, None]))
    pairs = ~np.eye(n, dtype=bool)
    thirds = (pairs & directed)[:, :, None] & pairs[:, None, :] & pairs[None]
    return Angles(_arccos(cosines), pairs, azimuth, thirds, thirds & directed[:, None, :])


def _arccos(cosines: np.ndarray) -> np.ndarray:
    """Take the C library's arc cosine: motifs have sharp limits at angles that ideal crystals have."""
    values = [math.acos(value) for value in np.clip(cosines, -1.0, 1.0).ravel().tolist()]
    return np.array(values).reshape(cosines.shape)


def _bell(values: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * values * values)


def _best(angles: Angles, pair: np.ndarray, counts: np.ndarray, third: np.ndarray, used: np.ndarray) -> float:
    """Largest mean, over choices of pole and meridian, of the terms of k (weighted) and of all m."""
    total = counts + used.sum(-1)
    value = (pair + np.where(used, third, 0.0).sum(-1)) / np.where(total > 1e-12, total, 1.0)
    return float(value[angles.pairs].max()) if angles.pairs.any() else 0.0


def _bent(angles: Angles, p: dict) -> float:
    return float(_bell(p["IGW_TA"] * (angles.polar / math.pi - p["TA"]))[angles.pairs].mean())


def _one_angle(angles: Angles, p: dict, target: float, width: float) -> float:
    """Every neighbour at one polar angle, at azimuths of one period."""
    bell = _bell(width * (angles.polar / math.pi - target))
    third = bell[:, None, :] * np.cos(p["fac_AA"] * angles.azimuth) ** p["exp_cos_AA"]
    return _best(angles, bell, np.ones_like(bell), third, angles.placed)


def _pentagon(angles: Angles, p: dict) -> float:
    polar = angles.polar
    bell = _bell(p["IGW_TA"] * (polar / math.pi - np.where(polar <= p["TA"] * math.pi, 0.4, 0.8)))
    return _best(
        angles, bell, np.ones_like(bell), bell[:, None, :] * np.cos(angles.azimuth) ** 2, angles.placed
    )


def _poles(
    angles: Angles, p: dict, off_equator: float = 0.0, width: str = "IGW_EP", turn: float = 9.0
) -> float:
    """Neighbours around the equator (or ``off_equator`` from it), and one at the south pole."""
    shifted = angles.polar / math.pi - 0.5
    bell = _bell(p[width] * ((np.abs(shifted) - off_equator) if off_equator else shifted))
    north = angles.polar < p["min_SPP"]
    third = bell[:, None, :] * np.cos(p["fac_AA"] * angles.azimuth) ** p["exp_cos_AA"]
    used = angles.placed & north[:, None, :] & north[:, :, None] & (angles.azimuth < turn)
    south = angles.thirds & ~north[:, None, :]
    south_bell = _bell(p["IGW_SPP"] * (angles.polar / math.pi - 1.0))[:, None, :]
    third = np.where(used, third, 0.0) + np.where(south, south_bell, 0.0)
    return _best(angles, np.where(north, bell, 0.0), north.astype(float), third, used | south)


def _bcc(angles: Angles, p: dict) -> float:
    n, polar = len(angles.polar), angles.polar
    upper = np.triu(np.ones((n, n), dtype=bool), 1)
    south = polar >= p["min_SPP"]
    pair = np.where(south, p["w_SPP"] * _bell(p["IGW_SPP"] * (polar / math.pi - 1.0)), 0.0)
    off = (polar - math.pi / 2) / math.asin(1 / 3)
    third = np.cos(3 * angles.azimuth) * (off * _bell(off))[:, None, :] * math.exp(0.5)
    third = np.where(angles.placed, third, 0.0).sum(-1) * np.where(polar > math.pi / 2, 1, -1)
    total = (pair + np.where(south, 0.0, third))[upper].sum()
    return float(total) / (0.5 * n * (6 + (n - 2) * (n - 3)))


def _cuboctahedron(angles: Angles, p: dict) -> float:
    polar = angles.polar
    south, equator = polar >= p["min_SPP"], (p[4] < polar) & (polar < p[2])
    pair = np.where(south, p["w_SPP"] * _bell(p["IGW_SPP"] * (polar / math.pi - 1.0)), 0.0)
    tilt = _bell(0.0556 * (np.cos(angles.azimuth - 0.5 * math.pi) - 0.81649658))
    above, below = polar < p[4], (polar > p[2]) & ~south
    third = np.where(
        equator[:, None, :],
        np.cos(angles.azimuth) ** 2 * _bell(p[5] * (polar / math.pi - 0.5))[:, None, :],
        tilt * _bell(p[6] * (polar / math.pi - np.where(above, 1 / 3, 2 / 3)))[:, None, :],
    )
    used = angles.placed & (equator | above | below)[:, None, :] & equator[:, :, None]
    return _best(angles, pair, np.where(south, p["w_SPP"], 0.0), third, used)


def _steinhardt(unit: np.ndarray, degree: int) -> float:
    """Bond-orientational order: Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983)."""
    polar, azimuth = np.arccos(np.clip(unit[:, 2], -1.0, 1.0)), np.arctan2(unit[:, 1], unit[:, 0])
    means = sph_harm_y(degree, np.arange(-degree, degree + 1)[:, None], polar, azimuth).mean(-1)
    return math.sqrt(4 * math.pi / (2 * degree + 1) * float(np.sum(np.abs(means) ** 2)))


def _motif(kind: str, p: dict) -> Callable[[np.ndarray, Angles], float]:
    """Build the parameter of pymatgen's name ``kind`` as a function of unit vectors and angles."""
    if kind == "sgl_bd":
        return lambda unit, angles: 1.0
    if kind in ("q2", "q4", "q6"):
        return lambda unit, angles: _steinhardt(unit, int(kind[1]))
    named = {"bent": _bent, "pent_plan_max": _pentagon, "bcc": _bcc, "cuboct_max": _cuboctahedron}
    if kind in named:
        return lambda unit, angles: named[kind](angles, p)
    if kind in ("tri_plan_max", "tet_max"):
        return lambda unit, angles: _one_angle(angles, p, p["TA"], p["IGW_TA"])
    if kind in ("T", "tri_pyr", "sq_pyr", "pent_pyr", "hex_pyr"):
        return lambda unit, angles: _one_angle(angles, p, 0.5, p["IGW_EP"])
    if kind == "hex_plan_max":
        return lambda unit, angles: _poles(angles, p, p["TA"], "IGW_TA")
    if kind == "see_saw_rect":
        return lambda unit, angles: _poles(angles, p, turn=0.75 * math.pi)
    if kind in ("tri_bipyr", "pent_bipyr", "hex_bipyr", "oct_max", "sq_plan_max"):
        return lambda unit, angles: _poles(angles, p)
    raise ValueError(f"unknown order parameter {kind!r}")


@functools.cache
def _functions(coordination: int) -> list[Callable[[np.ndarray, Angles], float]]:
    table: dict[str, list[Any]] = CN_OPT_PARAMS.get(coordination, {})
    defaults: dict[str, Any] = DEFAULT_OP_PARAMS
    chosen = [table.get(name, [name]) for name in MOTIFS.get(coordination, ())]
    return [_motif(kind, own[0] if own else defaults[kind] or {}) for kind, *own in chosen]


def order_parameters(unit: np.ndarray, coordinations: Sequence[int]) -> dict[int, list[float]]:
    """Values of ``MOTIFS[n]`` for the first n neighbours, for each n of ``coordinations``.

    ``unit`` (largest n or more, 3) are unit vectors to the neighbours; beyond the table there are no values.
    """
    angled = [n for n in coordinations if 2 <= n <= 8 or n == 12]
    angles = shell_angles(unit[: max(angled, default=0)])
    return {n: [function(unit[:n], _first(angles, n)) for function in _functions(n)] for n in coordinations}


def _first(angles: Angles, n: int) -> Angles:
    part = slice(n)
    return Angles(*(table[(part,) * table.ndim] for table in angles))
