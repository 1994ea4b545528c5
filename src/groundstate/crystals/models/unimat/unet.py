"""UniMat's 3D U-Net: rows and columns of the table as the image plane, atoms of an element as the third axis.

Levels of 9 x 18, 3 x 6 and 1 x 2 cells. Each residual block is followed by attention over the plane and over
the atoms. With factorised convolutions (1, 3, 3) nothing tells the slots of one element apart, so their order
does not matter; full ones (3, 3, 3) need shuffled slots in training.
Source: Yang et al. 2024 (UniMat), section 2 and appendix; skips scaled as in Huang et al. 2023 (ScaleLong).
"""

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.models.embedding import start_at_zero, wave_features

MULTIPLIERS = (1, 2, 4)
HEAD = 64
# Channel groups that the learned skip scaling looks at, so that one small network serves skips of all widths.
SCALE_GROUPS = 16


def _groups(channels: int) -> int:
    return next(groups for groups in (8, 4, 2, 1) if channels % groups == 0)


class ResidualBlock(nn.Module):
    """Norm, activation and convolution twice; the time scales and shifts between them."""

    def __init__(self, inputs: int, outputs: int, moment: int, depth_kernel: int, dropout: float) -> None:
        super().__init__()
        kernel, padding = (depth_kernel, 3, 3), (depth_kernel // 2, 1, 1)
        self.first_norm = nn.GroupNorm(_groups(inputs), inputs)
        self.first = nn.Conv3d(inputs, outputs, kernel, padding=padding)
        self.moment = nn.Linear(moment, 2 * outputs)
        self.second_norm = nn.GroupNorm(_groups(outputs), outputs)
        self.dropout = nn.Dropout(dropout)
        self.second = nn.Conv3d(outputs, outputs, kernel, padding=padding)
        self.short = nn.Conv3d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        start_at_zero(self.second)

    def forward(self, features: Tensor, moment: Tensor) -> Tensor:
        """(batch, inputs, L, rows, columns) -> (batch, outputs, L, rows, columns)."""
        hidden = self.first(functional.silu(self.first_norm(features)))
        scale, shift = self.moment(moment)[:, :, None, None, None].chunk(2, 1)
        hidden = functional.silu(self.second_norm(hidden) * (1 + scale) + shift)
        return self.short(features) + self.second(self.dropout(hidden))


class Attention(nn.Module):
    """Residual self-attention over the cells of the plane or over the atoms of a cell, heads of 64."""

    def __init__(self, channels: int, over: Literal["plane", "atoms"]) -> None:
        super().__init__()
        self.over, self.heads = over, max(channels // HEAD, 1)
        self.norm = nn.GroupNorm(_groups(channels), channels)
        self.inputs = nn.Linear(channels, 3 * channels, bias=False)
        self.outputs = nn.Linear(channels, channels)
        start_at_zero(self.outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Return the same shape: (batch, channels, L, rows, columns)."""
        batch, channels, depth, rows, columns = features.shape
        tokens = self.norm(features).permute(0, 2, 3, 4, 1).reshape(batch, depth, rows * columns, channels)
        if self.over == "atoms":
            tokens = tokens.transpose(1, 2)
        outer, inner = tokens.shape[1:3]
        split = self.inputs(tokens).reshape(batch * outer, inner, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        mixed = self.outputs(mixed.transpose(1, 2).reshape(batch, outer, inner, channels))
        if self.over == "atoms":
            mixed = mixed.transpose(1, 2)
        return features + mixed.reshape(batch, depth, rows, columns, channels).permute(0, 4, 1, 2, 3)


class _Stage(nn.Module):
    """One residual block with its two attentions."""

    def __init__(self, inputs: int, outputs: int, moment: int, depth_kernel: int, dropout: float) -> None:
        super().__init__()
        self.block = ResidualBlock(inputs, outputs, moment, depth_kernel, dropout)
        self.plane = Attention(outputs, "plane")
        self.atoms = Attention(outputs, "atoms")

    def forward(self, features: Tensor, moment: Tensor) -> Tensor:
        return self.atoms(self.plane(self.block(features, moment)))


class UNet(nn.Module):
    """The network: (batch, inputs, L, 9, 18) at a log-SNR -> (batch, outputs, L, 9, 18).

    Parameters
    ----------
    width
        Base channels: 64, 128 or 256 in the paper.
    blocks
        Residual blocks a level, on the way down and on the way up.
    conditions
        Number of properties; each enters as (standardised value or 0, given or not).
    skip_scaling
        ``constant``: the i-th long skip (i = 0 outermost) times ``skip_constant ** i``; ``learned``: a small
        shared network reads each skip and gives its factor.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int,
        blocks: int,
        conditions: int = 0,
        dropout: float = 0.1,
        convolution: Literal["factorised", "full"] = "factorised",
        skip_scaling: Literal["none", "constant", "learned"] = "none",
        skip_constant: float = 0.7,
    ) -> None:
        super().__init__()
        kernel, moment = (1 if convolution == "factorised" else 3), 4 * width
        self.skip_scaling, self.skip_constant, self.width = skip_scaling, skip_constant, width
        widths = [factor * width for factor in MULTIPLIERS]
        self.time = nn.Sequential(nn.Linear(width, moment), nn.SiLU(), nn.Linear(moment, moment), nn.SiLU())
        self.condition = nn.Linear(2 * conditions, width) if conditions else None
        self.first = nn.Conv3d(inputs, width, (kernel, 3, 3), padding=(kernel // 2, 1, 1))
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        current = width
        for level, channels in enumerate(widths):
            stages = [_Stage(current, channels, moment, kernel, dropout)]
            stages += [_Stage(channels, channels, moment, kernel, dropout) for _ in range(blocks - 1)]
            self.down.append(nn.ModuleList(stages))
            last = level == len(widths) - 1
            self.shrink.append(nn.Identity() if last else nn.Conv3d(channels, channels, (1, 3, 3), (1, 3, 3)))
            current = channels
        self.middle = nn.ModuleList(_Stage(current, current, moment, kernel, dropout) for _ in range(2))
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level, channels in reversed(list(enumerate(widths))):
            stages = [_Stage(current + channels, channels, moment, kernel, dropout)]
            stages += [_Stage(2 * channels, channels, moment, kernel, dropout) for _ in range(blocks - 1)]
            self.up.append(nn.ModuleList(stages))
            self.grow.append(nn.Identity() if level == 0 else nn.Conv3d(channels, channels, 1))
            current = channels
        if skip_scaling == "learned":
            self.scale = nn.Sequential(nn.Linear(SCALE_GROUPS, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
        self.last_norm = nn.GroupNorm(_groups(width), width)
        self.last = nn.Conv3d(width, outputs, 1)
        start_at_zero(self.last)

    def _scaled(self, skip: Tensor, index: int) -> Tensor:
        if self.skip_scaling == "constant":
            return skip * self.skip_constant**index
        if self.skip_scaling == "learned":
            seen = functional.adaptive_avg_pool1d(skip.mean((2, 3, 4))[:, None], SCALE_GROUPS)[:, 0]
            return skip * self.scale(seen)[:, :, None, None, None]
        return skip

    def forward(self, features: Tensor, log_snr: Tensor, conditions: Tensor | None = None) -> Tensor:
        """Output at ``log_snr`` (batch,); ``conditions`` (batch, properties, 2)."""
        wave = wave_features(log_snr / 20, self.width)
        if self.condition is not None and conditions is not None:
            wave = wave + self.condition(conditions.flatten(1))
        moment = self.time(wave)
        features = self.first(features.contiguous(memory_format=torch.channels_last_3d))
        skips: list[Tensor] = []
        for stages, shrink in zip(self.down, self.shrink, strict=True):
            for stage in cast(nn.ModuleList, stages):
                features = stage(features, moment)
                skips.append(self._scaled(features, len(skips)))
            features = shrink(features)
        for stage in self.middle:
            features = stage(features, moment)
        for stages, grow in zip(self.up, self.grow, strict=True):
            for stage in cast(nn.ModuleList, stages):
                features = stage(torch.cat([features, skips.pop()], 1), moment)
            if not isinstance(grow, nn.Identity):
                features = grow(features.repeat_interleave(3, 3).repeat_interleave(3, 4))
        return self.last(functional.silu(self.last_norm(features)))
