"""The symmetry stage: which space group a composition takes, and which orbits its atoms stand on.

Orbits are drawn one after the other, element after element and letter after letter; what cannot fill the
composition has probability zero. Source of crystals as sequences of Wyckoff positions: Kazeev et al. 2025
(Wyckoff Transformer); of diffusion within a space group: Jiao et al. 2024 (DiffCSP++).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import cell_from_log_metric, log_metric
from groundstate.crystals.models.base import Streams
from groundstate.crystals.models.compact.space_groups import Orbits, Symmetric, orbits_of, placed
from groundstate.crystals.models.compact.symmetry_network import (
    GROUPS,
    LETTER,
    OrbitTensors,
    SymmetryNetwork,
    shape_offset,
)

ATTEMPTS = 4  # draws of orbits, before a crystal is left without symmetry
SHAPE_TEMPERATURE = 0.5  # of the cell that the reduced cell's operations are read from


def encode_orbits(crystals: Sequence[Crystal]) -> dict[str, Tensor]:
    """Return the fields of ``OrbitTensors``, ``orbit_group`` and so on; group 0 where there is none."""
    found = [orbits_of(crystal) for crystal in crystals]
    longest = max((len(one.kinds) for one in found if one is not None), default=1)
    size = len(crystals)
    tensors = OrbitTensors(
        torch.zeros(size, dtype=torch.long),
        torch.zeros(size, longest, dtype=torch.long),
        torch.zeros(size, longest, dtype=torch.long),
        torch.zeros(size, longest, 3),
        torch.zeros(size, 6),
    )
    for row, one in enumerate(found):
        if one is not None:
            length = len(one.kinds)
            tensors.group[row] = one.group
            tensors.numbers[row, :length] = torch.as_tensor(one.numbers)
            tensors.kinds[row, :length] = torch.as_tensor(one.kinds)
            tensors.points[row, :length] = torch.as_tensor(one.points)
            tensors.shape[row] = torch.as_tensor(log_metric(one.lattice))
    return {f"orbit_{name}": values for name, values in tensors._asdict().items()}


def orbit_tensors(encoded: Mapping[str, Tensor]) -> OrbitTensors:
    """Return what ``encode_orbits`` gave."""
    return OrbitTensors(*(encoded[f"orbit_{name}"] for name in OrbitTensors._fields))


def symmetry_loss(network: SymmetryNetwork, counts: Tensor, orbits: OrbitTensors, volumes: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of space group, orbits and cell shape, in nats a crystal.

    Crystals of group 0, or of a group that was not learned, are left out. ``volumes``
    (batch,) are those that the compositions suggest.
    """
    known = (network.multiplicity.view(GROUPS, LETTER) > 0).any(1)[orbits.group].nonzero()[:, 0]
    group, numbers, kinds, _, shape = (values[known] for values in orbits)
    longest = max(int((kinds > 0).sum(1).max()), 1) if len(known) else 1
    numbers, kinds = numbers[:, :longest], kinds[:, :longest]
    counts, content = counts[known], network.of_content(counts[known])
    loss = functional.cross_entropy(network.group_logits(content), group, reduction="sum")
    real = kinds > 0
    before = torch.ones(longest, longest, device=kinds.device, dtype=torch.bool).tril(-1)
    sizes = network.multiplicity[kinds].long() * real
    same = (numbers[:, :, None] == numbers[:, None]) & before
    remaining = counts.gather(1, numbers) - (same * sizes[:, None]).sum(-1)
    letter = kinds % LETTER
    last = torch.where(same, letter[:, None], -1).amax(-1)
    onehot = functional.one_hot(letter, LETTER) * real[..., None]
    taken = (onehot.cumsum(1) - onehot) > 0
    added = network.orbit(numbers, kinds) * real[..., None]
    used = added.cumsum(1)
    logits = network.kind_logits(content, group, used - added, numbers, remaining.clamp(min=0))
    allowed = network.allowed(group, remaining, taken, last)
    logits = logits.masked_fill(~allowed, -torch.inf)
    chosen = torch.log_softmax(logits, -1).gather(-1, letter[..., None])[..., 0]
    possible = (
        real & allowed.gather(-1, letter[..., None])[..., 0]
    )  # not in a validation crystal of a new kind
    loss = loss - torch.where(possible, chosen, 0.0).sum()
    mean, spread = network.cells(content, group, used[:, -1])
    clean = (shape - shape_offset(volumes[known], group) - network.mean) / network.deviation
    nats = 0.5 * ((clean - mean) * (-spread).exp()).square() + spread
    return (loss + 0.1 * nats.sum()) / max(len(known), 1)


@torch.no_grad()
def sample_orbits(
    network: SymmetryNetwork, counts: Tensor, volumes: Tensor, uniform: Tensor, normal: Tensor, top_p: float
) -> list[Orbits | None]:
    """Draw space group, orbits and cell of compositions (batch, 119); None where the atoms did not fit.

    Parameters
    ----------
    volumes
        (batch,) that the compositions suggest, cubic angstrom.
    uniform
        (batch, 1 + n, 4), n as large as the number of orbits: one for the group, then for each orbit one for
        its kind and three for its place.
    normal
        (batch, 6) of the cell's shape.
    top_p
        Share of the probability that each choice is drawn from.
    """
    content = network.of_content(counts)
    group = _draw(network.group_logits(content), uniform[:, 0, 0], top_p)
    size = len(counts)
    left = counts.clone()
    used = torch.zeros_like(content)
    taken = torch.zeros(size, LETTER, dtype=torch.bool, device=counts.device)
    last, number_before = torch.full_like(group, -1), torch.zeros_like(group)
    failed = torch.zeros_like(taken[:, 0])
    chosen: list[tuple[Tensor, Tensor, Tensor]] = []
    for step in range(1, uniform.shape[1]):
        active = (left.sum(1) > 0) & ~failed
        if not bool(active.any()):
            break
        number = (left > 0).to(torch.uint8).argmax(1)
        last = torch.where(number == number_before, last, torch.full_like(last, -1))
        remaining = left.gather(1, number[:, None])[:, 0]
        logits = network.kind_logits(content, group, used[:, None], number[:, None], remaining[:, None])[:, 0]
        allowed = network.allowed(group, remaining[:, None], taken[:, None], last[:, None])[:, 0]
        failed |= active & ~allowed.any(1)
        active &= ~failed
        letter = _draw(torch.where(allowed, logits, -torch.inf), uniform[:, step, 0], top_p)
        kind = LETTER * group + letter
        rows = active.nonzero()[:, 0]
        left[rows, number[rows]] -= network.multiplicity[kind[rows]].long()
        taken[rows, letter[rows]] = True
        used[rows] += network.orbit(number[rows], kind[rows])
        last, number_before = torch.where(active, letter, last), number
        chosen.append((number, kind, active))
    mean, spread = network.cells(content, group, used)
    shape = network.mean + network.deviation * (mean + spread.exp() * normal) + shape_offset(volumes, group)
    return [
        None
        if failed[row] or left[row].sum() > 0
        else _orbits(network, int(group[row]), chosen, row, uniform[row, 1:, 1:], shape[row])
        for row in range(size)
    ]


def draw_symmetric(
    network: SymmetryNetwork,
    counts: Tensor,
    volumes: Tensor,
    streams: Callable[[int], Streams],
    rows: Sequence[int],
    top_p: float,
) -> list[Symmetric | None]:
    """Draw crystals of some rows of compositions (batch, 119), places and cells at random within the group.

    ``streams`` gives those of each attempt. None for other rows, and where the atoms never fitted.
    """
    drawn: list[Symmetric | None] = [None] * len(counts)
    longest = int(counts.sum(1).max())
    for attempt in range(ATTEMPTS):
        if all(drawn[row] is not None for row in rows):
            break
        stream = streams(attempt)
        uniform = stream.draw(torch.rand, 1 + longest, 4).to(counts.device)
        normal = SHAPE_TEMPERATURE * stream.draw(torch.randn, 6).to(counts.device)
        found = sample_orbits(network, counts, volumes, uniform, normal, top_p)
        for row in rows:
            if drawn[row] is None and (orbits := found[row]) is not None:
                crystal = placed(orbits)
                # a free point that falls on a special position makes fewer atoms
                if crystal is not None and len(crystal.atomic_numbers) == int(counts[row].sum()):
                    drawn[row] = crystal
    return drawn


def _draw(logits: Tensor, uniform: Tensor, top_p: float) -> Tensor:
    """Draw an index for each row of logits (batch, n); rows without any give some index."""
    shares = torch.softmax(logits.double(), -1).nan_to_num()
    ranked, order = shares.sort(dim=-1, descending=True, stable=True)
    ranked = ranked.masked_fill(ranked.cumsum(-1) - ranked >= top_p, 0.0)
    edges = ranked.cumsum(-1)
    pick = torch.searchsorted(edges, uniform.double()[:, None] * edges[:, -1:], right=True)
    return order.gather(1, pick.clamp(max=logits.shape[1] - 1))[:, 0]


def _orbits(
    network: SymmetryNetwork,
    group: int,
    chosen: list[tuple[Tensor, Tensor, Tensor]],
    row: int,
    places: Tensor,
    shape: Tensor,
) -> Orbits:
    picked = [
        (step, int(number[row]), int(kind[row]))
        for step, (number, kind, active) in enumerate(chosen)
        if active[row]
    ]
    points = []
    for step, _, kind in picked:
        point = network.points[kind].double().numpy()
        points.append(point + network.directions[kind].double().numpy() / 12 @ places[step].double().numpy())
    numbers, kinds = (np.array([one[place] for one in picked]) for place in (1, 2))
    lattice = cell_from_log_metric(shape.double().numpy())
    return Orbits(group, numbers, kinds, np.array(points), lattice)
