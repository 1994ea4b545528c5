"""A training that ends after so many CPU seconds, for comparisons at equal cost."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn


def train_for(
    seconds: float, network: nn.Module, loss_of: Callable[[int], Tensor], rate: float, decay: float
) -> list[float]:
    """Losses of all steps; the network then holds the moving average of its weights.

    Adam with 50 steps of warm-up, a cosine of the time used, gradients clipped to norm 1; the average's decay
    warms up to ``decay``. ``loss_of`` gets the number of the step.
    """
    optimizer = torch.optim.Adam(network.parameters(), rate, betas=(0.9, 0.99), fused=True)
    average = [weight.detach().clone() for weight in network.parameters()]
    begun, losses = time.process_time(), []
    while (used := time.process_time() - begun) < seconds:
        for group in optimizer.param_groups:
            warm = min(1.0, (len(losses) + 1) / 50)
            group["lr"] = rate * warm * 0.5 * (1 + np.cos(np.pi * used / seconds))
        loss = loss_of(len(losses))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        weights = [weight.detach() for weight in network.parameters()]
        torch._foreach_lerp_(average, weights, 1 - min(decay, len(losses) / (len(losses) + 9)))
        if len(losses) % 100 == 0:
            print(f"step {len(losses)}, {used:.0f} CPU-s, loss {np.mean(losses[-100:]):.4g}", flush=True)
    with torch.no_grad():
        for weight, mean in zip(network.parameters(), average, strict=True):
            weight.copy_(mean)
    return losses
