"""Elements as vectors: what row, what column, which element."""

import torch
from torch import Tensor, nn

from groundstate.crystals.crystal import MAX_NUMBER
from groundstate.crystals.models.grid import CELL_OF, COLUMNS, ROWS


class ElementEmbedding(nn.Module):
    """Sum of a row, a column and an element vector, so that unseen elements borrow from their neighbours."""

    cells: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.row = nn.Embedding(ROWS, width)
        self.column = nn.Embedding(COLUMNS, width)
        self.element = nn.Embedding(MAX_NUMBER + 1, width)
        for table, scale in ((self.row, 0.7), (self.column, 0.7), (self.element, 0.1)):
            nn.init.normal_(table.weight, std=scale)
        self.register_buffer("cells", torch.as_tensor(CELL_OF).clamp(min=0), persistent=False)

    def forward(self, atomic_numbers: Tensor) -> Tensor:
        """Map (...) atomic numbers to (..., width); 0 (padding) gives some vector that the caller masks."""
        row, column = self.cells[atomic_numbers].unbind(-1)
        return self.row(row) + self.column(column) + self.element(atomic_numbers)


def start_at_zero(layer: nn.Module) -> None:
    """Set all weights of a layer to zero, so that what follows it begins as if it were not there."""
    for weights in layer.parameters():
        nn.init.zeros_(weights)


def wave_features(values: Tensor, width: int, fastest: float = 100.0) -> Tensor:
    """Return sines and cosines of (...) at geometric frequencies, 1/10 to ``fastest``: (..., width)."""
    exponent = torch.linspace(0, 1, width // 2, device=values.device, dtype=values.dtype)
    angles = values[..., None] * (0.1 * (fastest / 0.1) ** exponent)
    return torch.cat([angles.sin(), angles.cos()], -1)
