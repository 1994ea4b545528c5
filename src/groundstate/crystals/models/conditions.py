"""Properties as conditions: standardised values, each with a flag that says whether it is known."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groundstate.crystals.crystal import Crystal


class PropertyScale(nn.Module):
    """Mean and deviation of each property, and the (value, known) pairs that networks read."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = list(names)
        self.register_buffer("mean", torch.zeros(len(self.names)))
        self.register_buffer("deviation", torch.ones(len(self.names)))

    def table(self, crystals: Sequence[Crystal]) -> Tensor:
        """(crystals, properties), NaN where a crystal has no such property."""
        rows = [[c.properties.get(name, torch.nan) for name in self.names] for c in crystals]
        return torch.tensor(rows, dtype=torch.float32).reshape(len(crystals), len(self.names))

    def fit(self, table: Tensor) -> None:
        """Take mean and deviation from the known values."""
        for index, column in enumerate(table.unbind(1)):
            known = column[column.isfinite()]
            self.mean[index], self.deviation[index] = known.mean(), known.std().clamp(min=1e-6)

    def forward(self, table: Tensor, kept: Tensor) -> Tensor | None:
        """(batch, properties, 2); values are 0 where unknown or where ``kept`` (batch,) is False."""
        if not self.names:
            return None
        known = table.isfinite() & kept[:, None]
        values = torch.where(known, (table - self.mean) / self.deviation, torch.zeros_like(table))
        return torch.stack([values, known.to(values.dtype)], -1)

    def wanted(self, values: dict[str, float]) -> Tensor | None:
        """(1, properties, 2) for wanted values by name, to be used for a whole batch."""
        table = torch.tensor([[values.get(name, torch.nan) for name in self.names]]).reshape(1, -1)
        return self(table.to(self.mean), torch.ones(1, dtype=torch.bool, device=self.mean.device))
