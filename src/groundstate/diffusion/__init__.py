"""Noise schedules, targets, losses and samplers: pure maths around one denoiser, no knowledge of crystals.

Every sampler calls ``denoise(x, log_snr) -> x0`` with ``log_snr`` of shape (batch,), so networks that predict
the noise, the velocity or the clean value share them.
"""

from groundstate.diffusion.samplers import ancestral_step, ddim_step, sample, second_order_step
from groundstate.diffusion.schedules import alpha_sigma, cosine_log_snr, log_snr_steps
from groundstate.diffusion.targets import min_snr_weight, regression_target, to_clean
from groundstate.diffusion.torus import (
    add_torus_noise,
    second_order_torus_step,
    torus_sigma,
    torus_step,
    wrap,
)

__all__ = [
    "add_torus_noise",
    "alpha_sigma",
    "ancestral_step",
    "cosine_log_snr",
    "ddim_step",
    "log_snr_steps",
    "min_snr_weight",
    "regression_target",
    "sample",
    "second_order_step",
    "second_order_torus_step",
    "to_clean",
    "torus_sigma",
    "torus_step",
    "wrap",
]
