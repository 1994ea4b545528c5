"""The structure stage: cell and sites of a given composition, as one diffusion of two kinds.

The log metric of the Niggli-reduced cell, less the volume that the composition suggests, is standardised and
diffused as a Gaussian (velocity target); fractional coordinates are diffused on the torus (noise target).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from groundstate.crystals.models.compact.cell_scale import CellScale
from groundstate.crystals.models.compact.network import (
    Network,
    NoisyCrystals,
    TemplateTensors,
    coordinate_sigma,
    visible,
)
from groundstate.crystals.models.compact.symmetry import Symmetry
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
    symmetry: Symmetry | None = None,
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
    symmetry
        What the crystals keep in every step; ``uniform`` obeys it.
    """

    def parts(drawn: Tensor) -> tuple[Tensor, Tensor]:
        sites = drawn[:, 2:] if symmetry is None else symmetry.noise(drawn[:, 2:])
        return drawn[:, :2].flatten(1), sites

    def kept(lattice: Tensor) -> Tensor:
        if symmetry is None:
            return lattice
        one = torch.ones_like(lattice[:, :1])
        return scale.standardised(symmetry.metric(scale.expected(lattice, one, offset)), offset)

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
        clean = kept(to_clean(velocity, lattice, snr[None], "v"))
        predicted = predicted if symmetry is None else symmetry.displacement(predicted)
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
