"""Minimise many molecules at once: preconditioned L-BFGS, each with its own steps and its own end."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem

from groundstate.molecular_potentials.hessian import guess_hessian
from groundstate.molecular_potentials.interface import MolecularPotential, Surface, pad
from groundstate.molecular_potentials.settings import RelaxMolecules

MEMORY = 20  # pairs of steps and gradient changes
LONGEST_STEP = 0.3  # angstrom, of any atom
SHORTEST_STEP = 1e-3  # below it the memory is dropped: it does not describe the surface
SHRINK, GROW = 0.4, 1.5  # of the trusted step after a bad and after a good one
NOISE = 1e-5  # eV: a rise of the energy that single precision explains
# angstrom that an atom has moved since the Hessian was guessed: it is guessed anew; no multiple of the
# longest step, where rounding would decide
REFRESH = 0.4
MOST_SLOTS = 64


class Relaxation(NamedTuple):
    """Where a minimisation ended; ``outcome`` is ``converged``, ``not_converged`` or ``failed``.

    Failed: the potential gave no finite energy; the geometry is then the last one that had one.
    """

    positions: np.ndarray  # (n, 3), angstrom
    energy: float  # eV
    first_energy: float  # eV, of the geometry given
    force: float  # largest on an atom, eV/angstrom
    calls: int  # energies with forces
    outcome: str


def relax_molecules(
    potential: MolecularPotential,
    mols: Sequence[Chem.Mol],
    geometries: Sequence[np.ndarray],
    settings: RelaxMolecules,
    tick: Callable[[], None] = lambda: None,
) -> list[Relaxation]:
    """Relax ``geometries`` (n_i, 3), one for each of ``mols``, in angstrom; results in the given order.

    Each structure has its own L-BFGS (Liu and Nocedal, Math. Program. 45, 503, 1989) about a guess of its
    Hessian, and its own trusted step; a step that raises the energy is taken back. What has converged leaves
    the batch and the next one comes in, largest first, so that batches stay full and hold similar sizes.

    Parameters
    ----------
    tick
        Called whenever a structure is done.
    """
    if not mols:
        return []
    sizes = [mol.GetNumAtoms() for mol in mols]
    queue = deque(sorted(range(len(mols)), key=lambda index: -sizes[index]))
    results: dict[int, Relaxation] = {}
    while queue:  # one pass over structures of similar size: a batch is padded to its largest
        largest = sizes[queue[0]]
        members = [queue.popleft()]
        while queue and 2 * sizes[queue[0]] >= largest:
            members.append(queue.popleft())
        batch = _Batch(potential, [mols[i] for i in members], [geometries[i] for i in members], settings)
        for place, result in batch.run():
            results[members[place]] = result
            tick()
    return [results[index] for index in range(len(mols))]


class _Batch:
    """Structures of similar size, some of them in slots that are computed together."""

    def __init__(
        self,
        potential: MolecularPotential,
        mols: Sequence[Chem.Mol],
        geometries: Sequence[np.ndarray],
        settings: RelaxMolecules,
    ) -> None:
        self.mols, self.geometries, self.settings = mols, geometries, settings
        self.surface: Surface = potential.surface(mols)
        atoms = max(mol.GetNumAtoms() for mol in mols)
        slots = min(max(1, settings.batch_atoms // atoms), MOST_SLOTS, len(mols))

        def zeros(*shape: int) -> torch.Tensor:
            return torch.zeros(shape, dtype=torch.float64, device=potential.device)

        self.waiting = deque(range(len(mols)))
        self.owner = [-1] * slots  # the structure in each slot
        self.positions = zeros(slots, atoms, 3)
        self.gradient = zeros(slots, 3 * atoms)
        self.energy = zeros(slots)
        self.first = zeros(slots)
        self.anchor = zeros(slots, atoms, 3)  # where the Hessian was guessed
        self.factor = zeros(slots, 3 * atoms, 3 * atoms)
        self.trust = zeros(slots)
        self.calls = torch.zeros(slots, dtype=torch.long, device=potential.device)
        self.steps = zeros(MEMORY, slots, 3 * atoms)
        self.changes = zeros(MEMORY, slots, 3 * atoms)
        self.curvature = zeros(MEMORY, slots)  # 1 / (step . change); 0: no such pair

    def run(self) -> "deque[tuple[int, Relaxation]]":
        """Relax all; (structure, result) pairs in the order in which they end."""
        done: deque[tuple[int, Relaxation]] = deque()
        done += self._fill()
        while (active := torch.tensor([i for i, who in enumerate(self.owner) if who >= 0])).numel():
            self._advance(active.to(self.positions.device))
            for slot in active.tolist():
                if (outcome := self._outcome(slot)) is not None:
                    done.append((self.owner[slot], self._result(slot, outcome)))
                    self.owner[slot] = -1
            done += self._fill()
        return done

    def _fill(self) -> list[tuple[int, Relaxation]]:
        """Put waiting structures into free slots; those that are done at once come back as results."""
        done: list[tuple[int, Relaxation]] = []
        while self.waiting and -1 in self.owner:
            new = [slot for slot, who in enumerate(self.owner) if who < 0][: len(self.waiting)]
            for slot in new:
                self._place(slot, self.waiting.popleft())
            slots = torch.tensor(new, device=self.positions.device)
            energy, gradient = self._evaluate(slots, self.positions[slots])
            self.energy[slots], self.first[slots], self.gradient[slots] = energy, energy, gradient
            self.calls[slots] = 1
            for slot in new:
                if (outcome := self._outcome(slot)) is not None:
                    done.append((self.owner[slot], self._result(slot, outcome)))
                    self.owner[slot] = -1
        return done

    def _place(self, slot: int, structure: int) -> None:
        geometry = np.asarray(self.geometries[structure], float)
        self.owner[slot] = structure
        self.positions[slot] = 0
        self.positions[slot, : len(geometry)] = pad([geometry], self.positions.device)[0]
        self.trust[slot] = LONGEST_STEP
        self._precondition(slot)

    def _precondition(self, slot: int) -> None:
        """Guess the Hessian of the structure in ``slot`` where it is now, and drop the memory."""
        mol = self.mols[self.owner[slot]]
        atoms = mol.GetNumAtoms()
        hessian = guess_hessian(mol, self.positions[slot, :atoms].cpu().numpy())
        factor = torch.linalg.cholesky(torch.as_tensor(hessian, device=self.positions.device))
        self.factor[slot] = torch.eye(len(self.factor[slot]), dtype=torch.float64)
        self.factor[slot, : 3 * atoms, : 3 * atoms] = factor
        self.anchor[slot] = self.positions[slot]
        self.curvature[:, slot] = 0

    def _evaluate(self, slots: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies (b,) and gradients (b, 3 n) of the structures in ``slots`` at ``positions`` (b, n, 3)."""
        owners = [self.owner[slot] for slot in slots.tolist()]
        atoms = max(self.mols[owner].GetNumAtoms() for owner in owners)
        which = torch.tensor(owners, device=positions.device)
        found = self.surface(which, positions[:, :atoms])
        gradient = torch.zeros_like(positions)
        gradient[:, :atoms] = -found.forces
        return found.energies, gradient.flatten(1)

    def _advance(self, slots: torch.Tensor) -> None:
        """One step of every structure in ``slots``, or a shorter trust where the step was bad."""
        step = self._direction(slots)
        length = step.unflatten(1, (-1, 3)).norm(dim=2).amax(1)
        step = step * (self.trust[slots] / length.clamp(min=1e-12)).clamp(max=1.0).unsqueeze(1)
        length = torch.minimum(length, self.trust[slots])
        energy, gradient = self._evaluate(slots, self.positions[slots] + step.unflatten(1, (-1, 3)))
        finite = torch.isfinite(energy) & torch.isfinite(gradient).all(1)
        self.calls[slots] += 1
        # a taken-back step has shown the curvature all the same
        self._remember(slots[finite], step[finite], (gradient - self.gradient[slots])[finite])
        good = finite & (energy <= self.energy[slots] + NOISE)
        moved = slots[good]
        self.positions[moved] += step[good].unflatten(1, (-1, 3))
        self.energy[moved], self.gradient[moved] = energy[good], gradient[good]
        grown = (self.trust[slots] * GROW).clamp(max=LONGEST_STEP)
        self.trust[slots] = torch.where(good, grown, length * SHRINK)
        lost = slots[self.trust[slots] < SHORTEST_STEP]
        self.curvature[:, lost] = 0
        self.trust[lost] = LONGEST_STEP / 6
        far = (self.positions[moved] - self.anchor[moved]).norm(dim=2).amax(1) > REFRESH
        for slot in moved[far].tolist():
            self._precondition(slot)

    def _direction(self, slots: torch.Tensor) -> torch.Tensor:
        """Minus the inverse Hessian times the gradient (b, 3 n), by the two loops over the memory."""
        steps, changes = self.steps[:, slots], self.changes[:, slots]
        curvature = self.curvature[:, slots].unsqueeze(2)
        direction = self.gradient[slots].clone()
        weights = []
        for k in reversed(range(MEMORY)):
            weight = curvature[k] * (steps[k] * direction).sum(1, keepdim=True)
            direction -= weight * changes[k]
            weights.append(weight)
        direction = torch.cholesky_solve(direction.unsqueeze(2), self.factor[slots]).squeeze(2)
        for k, weight in enumerate(reversed(weights)):
            direction += (weight - curvature[k] * (changes[k] * direction).sum(1, keepdim=True)) * steps[k]
        return -direction

    def _remember(self, slots: torch.Tensor, step: torch.Tensor, change: torch.Tensor) -> None:
        product = (step * change).sum(1)
        # only positive curvature keeps the inverse Hessian positive definite
        use = product > 1e-10
        slots = slots[use]
        for memory, new in ((self.steps, step[use]), (self.changes, change[use])):
            memory[:, slots] = torch.cat([memory[1:, slots], new.unsqueeze(0)])
        latest = (1 / product[use]).unsqueeze(0)
        self.curvature[:, slots] = torch.cat([self.curvature[1:, slots], latest])

    def _force(self, slot: int) -> float:
        return float(self.gradient[slot].view(-1, 3).norm(dim=1).max())

    def _outcome(self, slot: int) -> str | None:
        if not torch.isfinite(self.energy[slot]):
            return "failed"
        if self._force(slot) <= self.settings.fmax:
            return "converged"
        return "not_converged" if int(self.calls[slot]) >= self.settings.max_calls else None

    def _result(self, slot: int, outcome: str) -> Relaxation:
        atoms = self.mols[self.owner[slot]].GetNumAtoms()
        return Relaxation(
            self.positions[slot, :atoms].cpu().numpy().copy(),
            float(self.energy[slot]),
            float(self.first[slot]),
            self._force(slot),
            int(self.calls[slot]),
            outcome,
        )
