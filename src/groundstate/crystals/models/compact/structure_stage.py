"""The structure stage: cell and sites of a given composition, as one diffusion of two kinds.

The log metric of the Niggli-reduced cell, less the volume that the composition suggests, is standardised and
diffused as a Gaussian (velocity target); fractional coordinates are diffused on the torus (noise target).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.crystal import MAX_NUMBER
from groundstate.crystals.models.compact.network import (
    Network,
    NoisyCrystals,
    TemplateTensors,
    coordinate_sigma,
    visible,
)
from groundstate.diffusion import (
    add_torus_noise,
    alpha_sigma,
    ancestral_step,
    cosine_log_snr,
    ddim_step,
    regression_target,
    second_order_step,
    second_order_torus_step,
    to_clean,
    torus_step,
)

# The lattice is decided before the sites: its log-SNR is shifted up.
LATTICE_SHIFT = 3.0
CLIP = 12.0
PASS_PAIRS = 600  # pairs of atoms that cost as much as one more forward pass
# Most training times fall where places are decided, not where they are known or nothing is: uniform numbers
# and the times that they become, with straight lines between.
UNIFORM, TIMES = (0.0, 0.12, 0.95, 1.0), (0.0, 0.35, 0.9, 1.0)

# Times at which a crystal is judged, and the weight of its lattice, from 150 validation crystals of MP-20.
JUDGED, LATTICE_SHARE = (0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6), 0.1

Predict = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def _diagonal(volume: Tensor) -> Tensor:
    """Return the log metric (cells, 6) of cubes of a volume (cells,), cubic angstrom."""
    return functional.pad((volume.clamp(min=1.0).log() / 3)[:, None].expand(-1, 3), (0, 3))


class CellScale(nn.Module):
    """Log metrics as six numbers of order one, and back."""

    atom_volumes: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("atom_volumes", torch.ones(MAX_NUMBER + 1))
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("deviation", torch.ones(6))

    def fit(self, metrics: Tensor, counts: Tensor) -> None:
        """Take the statistics of log metrics (cells, 6) and counts (cells, 119)."""
        volumes = metrics[:, :3].sum(-1).double().exp().numpy()
        self.atom_volumes.copy_(torch.as_tensor(fit_atom_volumes(counts.numpy(), volumes)))
        raw = metrics - self.offset(counts)
        self.mean.copy_(raw.mean(0))
        # The floor keeps a set of one cell shape (cubic perovskites) from being scaled up to noise.
        self.deviation.copy_(raw.std(0).clamp(min=0.02))

    def offset(self, counts: Tensor) -> Tensor:
        """Return what the composition says of the log metric: a third of the log volume on the diagonal."""
        return _diagonal((counts * self.atom_volumes).sum(-1))

    def template(self, numbers: Tensor, frac: Tensor, metric: Tensor, counts: Tensor) -> TemplateTensors:
        """Return templates as the network reads them, their volumes changed to those of other elements.

        ``numbers`` (cells, n) are the templates' own elements, 0 where there is none, ``metric`` (cells, 6)
        their own log metrics, ``counts`` (cells, 119) of the crystals that they are templates of.
        """
        own = (self.atom_volumes[numbers] * (numbers > 0)).sum(-1)
        lattice = self.standardised(metric, _diagonal(own))
        return TemplateTensors(
            numbers,
            frac,
            self.expected(lattice, torch.ones_like(lattice[:, :1]), self.offset(counts)),
            lattice,
            (numbers[:, 0] > 0).to(frac.dtype),
        )

    def standardised(self, metrics: Tensor, offset: Tensor) -> Tensor:
        """Return (cells, 6) of mean 0 and deviation 1 over the training set."""
        return (metrics - offset - self.mean) / self.deviation

    def expected(self, noisy: Tensor, alpha: Tensor, offset: Tensor) -> Tensor:
        """Return the log metric that a noisy standardised one stands for, were it Gaussian."""
        return self.mean + self.deviation * alpha * noisy + offset


def size_groups(atoms: Tensor, templated: Tensor | None = None) -> list[Tensor]:
    """Part crystals of ``atoms`` (cells,) into groups of like size at least cost, for a forward pass each.

    The cost is that of the pairs of atoms, padding counted, and of the passes. Those with and without a
    template (``templated``, bool) stand apart.
    """
    groups = []
    for part in [torch.ones_like(atoms, dtype=torch.bool)] if templated is None else [~templated, templated]:
        rows = part.nonzero()[:, 0]
        rows = rows[atoms[rows].argsort(stable=True)]
        pairs = atoms[rows].cpu().double().numpy() ** 2
        least, begins = np.zeros(len(rows) + 1), np.zeros(len(rows) + 1, dtype=int)
        for end in range(1, len(rows) + 1):
            costs = least[:end] + (end - np.arange(end)) * pairs[end - 1] + PASS_PAIRS
            begins[end] = costs.argmin()
            least[end] = costs[begins[end]]
        end = len(rows)
        while end:
            groups.append(rows[begins[end] : end])
            end = begins[end]
    return groups


def structure_loss(
    network: Network,
    scale: CellScale,
    batch: dict[str, Tensor],
    conditions: Tensor | None,
    generator: torch.Generator,
    template: TemplateTensors | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the mean squared errors of the lattice's velocity and of the sites' noise at random times."""
    frac = batch["frac_coords"]
    size = len(frac)
    # One number from each of ``size`` equal slices: less variance than independent times.
    time = (torch.arange(size) + torch.rand(size, generator=generator)) / size
    time = time[torch.randperm(size, generator=generator)]
    time = torch.as_tensor(np.interp(time.numpy(), UNIFORM, TIMES), dtype=time.dtype).to(frac.device)
    noise = torch.randn(frac.shape, generator=generator).to(frac.device)
    lattice_noise = torch.randn(size, 6, generator=generator).to(frac.device)
    lattice, sites = structure_errors(network, scale, batch, conditions, time, noise, lattice_noise, template)
    return lattice.mean(), sites.mean()


def structure_errors(
    network: Network,
    scale: CellScale,
    batch: dict[str, Tensor],
    conditions: Tensor | None,
    time: Tensor,
    noise: Tensor,
    lattice_noise: Tensor,
    template: TemplateTensors | None = None,
) -> tuple[Tensor, Tensor]:
    """Return mean squared errors of each crystal, (cells,): of the lattice's velocity, of the sites' noise.

    ``time`` (cells,) is that to which ``noise`` (cells, n, 3) and ``lattice_noise`` (cells, 6) are added.
    """
    numbers = batch["atomic_numbers"]
    offset = scale.offset(batch["counts"])
    clean = scale.standardised(batch["log_metric"], offset)
    log_snr = cosine_log_snr(time, CLIP, LATTICE_SHIFT)
    alpha, sigma = (factor[:, None] for factor in alpha_sigma(log_snr))
    lattice = alpha * clean + sigma * lattice_noise
    target = regression_target(clean, lattice_noise, log_snr, "v")
    noisy = add_torus_noise(batch["frac_coords"], noise, coordinate_sigma(network, time))
    metric = scale.expected(lattice, alpha, offset)
    mask = numbers > 0
    atoms = mask.sum(-1)
    groups = size_groups(atoms, None if template is None else template.given > 0)
    lattice_errors, site_errors = [], []
    for rows in groups:
        longest = int(atoms[rows].max())
        present = mask[rows, :longest]
        state = numbers[rows, :longest], noisy[rows, :longest], lattice[rows], metric[rows], time[rows]
        given = None if conditions is None else conditions[rows]
        shown = None if template is None else template.rows(rows, longest)
        velocity, predicted = network(NoisyCrystals(*state, given, present, shown))
        kept = present[..., None].float()
        error = (predicted - visible(network, noise[rows, :longest], kept)).square()
        site_errors.append(error.sum((1, 2)) / (3 * atoms[rows]))
        lattice_errors.append((velocity - target[rows]).square().mean(1))
    order = torch.cat(groups).argsort()
    return torch.cat(lattice_errors)[order], torch.cat(site_errors)[order]


@torch.no_grad()
def denoising_error(network: Network, scale: CellScale, batch: dict[str, Tensor]) -> Tensor:
    """Return the sites' error, and a little of the lattice's, (cells,), over times when places are decided.

    All crystals get the same noise, so that the error of one does not depend on others. Small is likely: over
    all times and rightly weighted it bounds the negative log-likelihood.
    """
    generator = torch.Generator().manual_seed(0)
    frac = batch["frac_coords"]
    errors = torch.zeros(len(frac), device=frac.device)
    for moment in JUDGED:
        noise = torch.randn(frac.shape[1], 3, generator=generator).to(frac).expand(frac.shape)
        lattice_noise = torch.randn(6, generator=generator).to(frac).expand(len(frac), 6)
        time = torch.full_like(errors, moment)
        lattice, sites = structure_errors(network, scale, batch, None, time, noise, lattice_noise)
        errors += (sites + LATTICE_SHARE * lattice) / len(JUDGED)
    return errors


def sample_structures(
    network: Network,
    predict: Predict,
    scale: CellScale,
    counts: Tensor,
    uniform: Tensor,
    noise: Callable[[], Tensor],
    steps: int,
    sampler: Literal["ancestral", "ddim", "second_order"],
    temperature: float = 1.0,
    pull: float = 1.0,
    start: TemplateTensors | None = None,
    begin: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Draw log metrics (batch, 6) and fractional coordinates (batch, n, 3) of crystals of n atoms.

    Parameters
    ----------
    predict
        ``predict(frac, lattice, log_metric, time) -> (velocity, noise)`` of ``network``, guided or not.
    counts
        (batch, 119) atoms of each element.
    uniform
        (batch, n, 3) uniform numbers, where the atoms start.
    noise
        Gives fresh standard normal numbers, (batch, n + 2, 3): two rows for the lattice, one per atom.
    temperature
        Factor of these numbers in ancestral steps.
    pull
        Factor of the ancestral steps of the sites; see ``torus_step``.
    start
        Templates whose cells and places, noised to the time ``begin``, are what is begun with; None begins
        with noise alone.
    begin
        Time in (0, 1]; as large a share of the steps is made.
    """

    def parts(drawn: Tensor) -> tuple[Tensor, Tensor]:
        return drawn[:, :2].flatten(1), drawn[:, 2:]

    offset, frac = scale.offset(counts), uniform
    lattice, moved = parts(noise())
    steps = max(2, round(begin * steps)) if start is not None else steps
    times = torch.linspace(1.0 if start is None else begin, 0, steps + 1, dtype=torch.float64)
    snrs, sigmas = cosine_log_snr(times, CLIP, LATTICE_SHIFT), coordinate_sigma(network, times)
    sigmas[-1] = 0.0
    times, snrs, sigmas = (values.to(frac) for values in (times, snrs, sigmas))
    if start is not None:
        alpha, spread = alpha_sigma(snrs[0])
        lattice = alpha * start.lattice + spread * lattice
        frac = add_torus_noise(start.frac_coords, moved, sigmas[:1].expand(len(frac)))
    clean_last: Tensor | None = None
    predicted_last: Tensor | None = None
    for step in range(steps):
        snr, following, sigma, sigma_next = snrs[step], snrs[step + 1], sigmas[step], sigmas[step + 1]
        metric = scale.expected(lattice, alpha_sigma(snr)[0], offset)
        velocity, predicted = predict(frac, lattice, metric, times[step : step + 1])
        clean = to_clean(velocity, lattice, snr[None], "v")
        if step == steps - 1:
            lattice, frac = clean, torus_step(frac, predicted, sigma, sigma_next)
        elif sampler == "ancestral":
            fresh, moved = parts(temperature * noise())
            lattice = ancestral_step(lattice, clean, snr, following, fresh, interpolation=0.0)
            frac = torus_step(frac, predicted, sigma, sigma_next, moved, pull)
        elif sampler == "ddim" or predicted_last is None:
            lattice = ddim_step(lattice, clean, snr, following)
            frac = torus_step(frac, predicted, sigma, sigma_next)
        else:
            lattice = second_order_step(lattice, clean, snr, following, clean_last, snrs[step - 1])
            frac = second_order_torus_step(
                frac, predicted, sigma, sigma_next, predicted_last, sigmas[step - 1]
            )
        clean_last, predicted_last = clean, predicted
    return scale.expected(lattice, torch.ones_like(snr), offset), frac


def fit_atom_volumes(counts: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    """Estimate the volume of an atom of each element, (119,) cubic angstrom, from cells and their counts.

    Ridge regression of the relative error towards the mean volume per atom, which is what an element without
    data gets.
    """
    mean = volumes.sum() / counts.sum()
    relative = counts * mean / volumes[:, None]
    residual = 1.0 - relative.sum(1)
    solution = np.linalg.solve(relative.T @ relative + np.eye(counts.shape[1]), relative.T @ residual)
    return mean * np.clip(1.0 + solution, 0.2, 5.0)
