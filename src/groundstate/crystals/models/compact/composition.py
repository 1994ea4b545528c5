"""The composition stage: the count grid is filled species by species.

Forward, a composition loses its species one at a time in random order until the grid is empty; the network
learns the reverse, which species with how many atoms to put back given what is there and how many atoms are
still to come. It is the discrete (absorbing) counterpart of the Gaussian process, with at most as many steps
as there are species, and forbidden moves have probability zero: constraints are obeyed by construction.
Source of the training objective: order-agnostic autoregressive diffusion (Hoogeboom et al. 2022).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.dataset.record_file import read_ids
from groundstate.crystals.models.embedding import ElementEmbedding
from groundstate.errors import GroundstateError


def allowed_moves(chosen: Tensor, remaining: Tensor, usable: Tensor, depth: int) -> Tensor:
    """Say which (element, count) may be added next, so that the intended number of atoms stays reachable.

    Parameters
    ----------
    chosen
        (batch, 119) bool, elements that are already there.
    remaining
        (batch,) atoms still to place.
    usable
        (119,) bool, elements that may occur at all; entry 0 is False.

    Returns
    -------
    (batch, 119, depth) bool; the last axis is count - 1.
    """
    free = usable & ~chosen
    counts = torch.arange(1, depth + 1, device=remaining.device)
    others = (free.sum(-1) - 1) * depth  # what all other free elements can hold
    fits = (counts <= remaining[:, None]) & (counts >= (remaining - others)[:, None])
    return free[:, :, None] & fits[:, None, :]


class CompositionNetwork(nn.Module):
    """Logits of the next (element, count) given a part of a composition.

    Parameters
    ----------
    depth
        Largest number of atoms of one element.
    max_atoms
        Largest number of atoms of a cell.
    conditions
        Number of properties; each enters as (standardised value or 0, given or not).
    """

    def __init__(
        self, depth: int, max_atoms: int, width: int, layers: int, conditions: int, dropout: float
    ) -> None:
        super().__init__()
        self.depth = depth
        narrow = width // 4
        self.elements = ElementEmbedding(narrow)
        self.counts = nn.Embedding(depth + 1, narrow)
        self.species = nn.Sequential(nn.Linear(2 * narrow, width), nn.SiLU(), nn.Linear(width, width))
        self.remaining = nn.Embedding(max_atoms + 1, width)
        self.total = nn.Embedding(max_atoms + 1, width)
        self.condition = nn.Linear(2 * conditions, width) if conditions else None
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width),
                nn.Linear(width, 2 * width),
                nn.SiLU(),
                nn.Dropout(dropout),
                nn.Linear(2 * width, width),
            )
            for _ in range(layers)
        )
        last = nn.Linear(width, depth * narrow)
        self.queries = nn.Sequential(nn.LayerNorm(width), last)
        self.targets = ElementEmbedding(narrow)
        self.offset = nn.Linear(width, depth)
        nn.init.zeros_(last.weight)

    def forward(self, counts: Tensor, total: Tensor, conditions: Tensor | None) -> Tensor:
        """Return unmasked logits (batch, 119, depth).

        ``counts`` (batch, 119) atoms of each element placed so far, ``total`` (batch,) atoms in all,
        ``conditions`` (batch, properties, 2).
        """
        every = torch.arange(MAX_NUMBER + 1, device=counts.device)
        row, element = counts.nonzero(as_tuple=True)
        tokens = torch.cat([self.elements(element), self.counts(counts[row, element])], -1)
        hidden = self.remaining(total - counts.sum(-1)) + self.total(total)
        hidden = hidden.index_add(0, row, self.species(tokens))
        if self.condition is not None and conditions is not None:
            hidden = hidden + self.condition(conditions.flatten(1))
        for layer in self.layers:
            hidden = hidden + layer(hidden)
        queries = self.queries(hidden).reshape(len(counts), self.depth, -1)
        scores = torch.einsum("bnd,ed->ben", queries, self.targets(every)) / queries.shape[-1] ** 0.5
        return scores + self.offset(hidden)[:, None, :]


def named_in(path: str, crystals: Sequence[Crystal]) -> Tensor:
    """Return 1 for crystals that a file of ids names, 0 for others, (crystals,).

    Raises ``GroundstateError`` where it cannot be read or names none.
    """
    ids = read_ids(path, "composition_ids")
    named = torch.tensor([float(crystal.id in ids) for crystal in crystals])
    if not named.any():
        some = ", ".join([crystal.id for crystal in crystals[:3]] + ["..."] * (len(crystals) > 3))
        raise GroundstateError(
            f"composition_ids: {path} names none of {len(crystals)} crystals of a part ({some}); it has to "
            "name some of the training part and some of the validation part, by the ids of the records"
        )
    return named


def composition_loss(
    network: CompositionNetwork,
    counts: Tensor,
    conditions: Tensor | None,
    uniform: Tensor,
    weights: Tensor | None = None,
) -> Tensor:
    """Return a bound on the negative log-likelihood, per species, over random parts of each composition.

    Parameters
    ----------
    counts
        (batch, 119) atoms of each element in the full composition.
    uniform
        (batch, 120) uniform numbers: the last one draws how many species stay, the others which.
    weights
        (batch,) of the compositions; None is 1 for all.
    """
    present = counts > 0
    number = present.sum(-1)
    kept = (uniform[:, -1] * number).floor().long().clamp(max=number - 1)
    rank = uniform[:, :-1].masked_fill(~present, 2.0).argsort(-1).argsort(-1)
    removed = present & (rank >= kept[:, None])
    part = counts.masked_fill(removed, 0)
    total = counts.sum(-1)
    usable = torch.arange(MAX_NUMBER + 1, device=counts.device) > 0
    moves = allowed_moves(part > 0, total - part.sum(-1), usable, network.depth)
    logits = network(part, total, conditions).masked_fill(~moves, -torch.inf)
    log_probability = functional.log_softmax(logits.flatten(1), -1).reshape(logits.shape)
    row, element = removed.nonzero(as_tuple=True)
    chosen = -log_probability[row, element, counts[row, element] - 1]
    # Every removed species is as likely to come back next: the mean over them is the loss of a step. A
    # composition of n species has n steps and so n times the weight; else few species would be preferred.
    weights = torch.ones_like(chosen[:1]).expand(len(counts)) if weights is None else weights
    weight = weights * number / removed.sum(-1)
    return (chosen * weight[row]).sum() / (weights * number).sum().clamp(min=1)


@torch.no_grad()
def sample_compositions(
    logits: Callable[[Tensor, Tensor], Tensor],
    depth: int,
    total: Tensor,
    usable: Tensor,
    uniform: Tensor,
    top_p: float = 1.0,
) -> Tensor:
    """Draw counts (batch, 119) that sum to ``total`` and use only ``usable`` elements.

    Parameters
    ----------
    logits
        ``logits(counts, total)`` (batch, 119, depth) of the network, guided or not.
    uniform
        (batch, steps) float64: one number a species, from each sample's own stream.
    top_p
        Of the moves of a step only the likeliest that together have this probability are drawn from (nucleus
        sampling, Holtzman et al. 2020), so that many unlikely ones do not add up to a wrong composition.
    """
    counts = torch.zeros(len(total), MAX_NUMBER + 1, dtype=torch.long, device=total.device)
    for step in range(uniform.shape[1]):
        remaining = total - counts.sum(-1)
        if not bool((remaining > 0).any()):
            break
        moves = allowed_moves(counts > 0, remaining, usable, depth)
        weights = torch.where(moves, logits(counts, total).double(), -torch.inf).flatten(1)
        active = remaining > 0
        weights = torch.where(active[:, None], weights, torch.zeros_like(weights))
        shares = torch.softmax(weights, -1)
        if top_p < 1:
            ranked, order = shares.sort(dim=-1, descending=True, stable=True)
            tail = ranked.cumsum(-1) - ranked >= top_p  # never the first
            shares = shares.masked_fill(torch.zeros_like(tail).scatter(-1, order, tail), 0.0)
        edges = shares.cumsum(-1)
        # Scaled to the last edge, a number below 1 can never fall on a move of probability zero.
        points = uniform[:, step : step + 1] * edges[:, -1:]
        pick = torch.searchsorted(edges, points, right=True)[:, 0].clamp(max=edges.shape[1] - 1)
        element, count = pick // depth, pick % depth + 1
        rows = active.nonzero()[:, 0]
        counts[rows, element[rows]] = count[rows]
    return counts
