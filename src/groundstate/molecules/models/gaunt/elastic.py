"""A coordinate step that moves whole fragments: springs between near atoms, solved for all atoms at once."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from groundstate.molecules.models.graphs.graph import GraphBatch


class _SolvePositive(torch.autograd.Function):
    """Solve A x = b for symmetric positive definite A; the gradient takes one more solve."""

    @staticmethod
    def forward(ctx: FunctionCtx, matrix: Tensor, right: Tensor) -> Tensor:
        # no exception: a molecule whose matrix is not finite must not take the others of its batch with it
        factor, failed = torch.linalg.cholesky_ex(matrix)
        factor = torch.where(failed[:, None, None] > 0, torch.nan, factor)
        solution = torch.cholesky_solve(right, factor)
        ctx.save_for_backward(factor, solution)
        return solution

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        factor, solution = ctx.saved_tensors  # type: ignore[attr-defined] # torch types only what saves them
        right = torch.cholesky_solve(gradient, factor)
        return -right @ solution.mT, right


def elastic_step(
    forces: Tensor, stiffness: Tensor, directions: Tensor, drag: Tensor, batch: GraphBatch
) -> Tensor:
    """Displace every atom under ``forces`` when each pair is a spring along its direction.

    Solves (K + drag I) u = f, where K is the stiffness matrix of the pairs: a Newton step on a harmonic force
    field. So the correction of one bond moves what hangs on it without bending it, which local updates need
    many layers for.

    Parameters
    ----------
    forces
        (N, 3) on each atom.
    stiffness
        (P,) positive spring constants.
    directions
        (P, 3) unit vectors from first to second atom.
    drag
        Positive scalar that keeps the motion without stiffness (rotation, torsion) finite.

    Returns
    -------
    Tensor
        Displacements (N, 3); they rotate with the input and do not depend on the order of atoms.
    """
    width, size = batch.width, batch.molecules * batch.width
    first, second = batch.slots[batch.first], batch.slots[batch.second]
    blocks = ((stiffness[:, None] * directions)[:, :, None] * directions[:, None]).flatten(1)
    rows = torch.cat([first, second, first, second])
    columns = torch.cat([second, first, first, second]) % width
    matrix = forces.new_zeros(size * width, 9)
    matrix = matrix.index_add(0, rows * width + columns, torch.cat([-blocks, -blocks, blocks, blocks]))
    matrix = matrix.view(batch.molecules, width, width, 3, 3).transpose(2, 3)
    matrix = matrix.reshape(batch.molecules, 3 * width, 3 * width)
    matrix = matrix + drag * torch.eye(3 * width, dtype=forces.dtype, device=forces.device)
    right = forces.new_zeros(size, 3).index_copy(0, batch.slots, forces)
    moved = _SolvePositive.apply(matrix, right.view(batch.molecules, 3 * width, 1))
    return moved.view(size, 3)[batch.slots]
