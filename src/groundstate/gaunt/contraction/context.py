"""What an autograd function keeps between its forward and its backward pass: torch's types do not name it."""

from typing import Protocol

import torch


class Context(Protocol):
    """The first argument of the static methods of an autograd function."""

    saved_tensors: tuple[torch.Tensor, ...]
    needs_input_grad: tuple[bool, ...]

    def save_for_backward(self, *tensors: torch.Tensor) -> None:
        """Keep tensors for the backward pass."""

    def save_for_forward(self, *tensors: torch.Tensor) -> None:
        """Keep tensors for forward-mode differentiation."""
