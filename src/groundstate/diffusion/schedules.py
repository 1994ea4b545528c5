"""Variance-preserving noise schedules as functions of log-SNR."""

import math

import torch
from torch import Tensor


def cosine_log_snr(time: Tensor, clip: float = 20.0, shift: float = 1.0) -> Tensor:
    """Log-SNR of the cosine schedule, clipped to [-clip, clip].

    ``log_snr = -2 log tan(pi t / 2)`` runs from +clip at t = 0 (clean) to -clip at t = 1 (noise).

    Parameters
    ----------
    time
        Any shape, in [0, 1].
    clip
        Largest absolute log-SNR; 20 in UniMat.
    shift
        Factor on alpha / sigma at every time; above 1 the clean value is decided earlier in sampling.

    Source: Nichol and Dhariwal 2021 in the continuous form of Kingma et al. 2021; the clip is UniMat's.
    """
    low, high = (math.atan(math.exp(-bound / 2)) * 2 / math.pi for bound in (clip, -clip))
    angle = (low + (high - low) * time) * (math.pi / 2)
    return (-2 * torch.log(torch.tan(angle)) + 2 * math.log(shift)).clamp(-clip, clip)


def alpha_sigma(log_snr: Tensor) -> tuple[Tensor, Tensor]:
    """Signal and noise factors, ``alpha**2 + sigma**2 = 1``, of a variance-preserving process."""
    return torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()


def log_snr_steps(steps: int, clip: float = 20.0, shift: float = 1.0) -> Tensor:
    """Return the ``steps + 1`` log-SNR values that a sampler visits, from noise to clean, float64."""
    return cosine_log_snr(torch.linspace(1, 0, steps + 1, dtype=torch.float64), clip, shift)


def expand(values: Tensor, like: Tensor) -> Tensor:
    """Reshape (batch,) to broadcast against ``like`` of shape (batch, ...)."""
    return values.reshape(values.shape + (1,) * (like.ndim - values.ndim))
