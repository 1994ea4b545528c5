"""Properties as conditions: standardised values, each with a flag that says whether it is given."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groundstate.crystals.crystal import Crystal
from groundstate.errors import GroundstateError


class PropertyScale(nn.Module):
    """Mean and deviation of each property, and the (value, given) pairs that networks read."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = list(names)
        self.register_buffer("mean", torch.zeros(len(self.names)))
        self.register_buffer("deviation", torch.ones(len(self.names)))

    def table(self, crystals: Sequence[Crystal]) -> Tensor:
        """Return (crystals, properties), NaN where a crystal has no such property."""
        rows = [[c.properties.get(name, torch.nan) for name in self.names] for c in crystals]
        return torch.tensor(rows, dtype=torch.float32).reshape(len(crystals), len(self.names))

    def fit(self, table: Tensor) -> None:
        """Take mean and deviation from the values that exist.

        Raises ``GroundstateError`` for a property that fewer than two crystals have.
        """
        for index, column in enumerate(table.unbind(1)):
            values = column[column.isfinite()]
            if len(values) < 2:
                raise GroundstateError(
                    f"conditions: {self.names[index]!r} is a property of {len(values)} training crystals; "
                    "name one that the records have"
                )
            self.mean[index], self.deviation[index] = values.mean(), values.std().clamp(min=1e-6)

    def forward(self, table: Tensor, kept: Tensor) -> Tensor | None:
        """Return (batch, properties, 2); values are 0 where absent or where ``kept`` (batch,) is False."""
        if not self.names:
            return None
        given = table.isfinite() & kept[:, None]
        values = torch.where(given, (table - self.mean) / self.deviation, torch.zeros_like(table))
        return torch.stack([values, given.to(values.dtype)], -1)

    def target(self, values: dict[str, float]) -> Tensor | None:
        """Return (1, properties, 2) for target values by name, to be used for a whole batch."""
        table = torch.tensor([[values.get(name, torch.nan) for name in self.names]]).reshape(1, -1)
        return self(table.to(self.mean), torch.ones(1, dtype=torch.bool, device=self.mean.device))
