"""``unimat``: the diffusion model over the periodic table, as published."""
