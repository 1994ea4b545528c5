"""What a relaxation is told."""

from pydantic import Field

from groundstate.settings import Settings


class RelaxSettings(Settings):
    """Relaxation with FIRE in the Frechet cell filter, and the guards around it."""

    fmax: float = Field(
        0.05, gt=0, description="Largest force (eV/A) and cell gradient of a converged relaxation."
    )
    max_steps: int = Field(500, ge=0, description="FIRE steps after which a relaxation is `not_converged`.")
    minimum_distance: float = Field(0.5, gt=0, description="Shortest allowed distance, angstrom.")
    radii_fraction: float = Field(
        0.5, ge=0, description="Shortest allowed distance as a share of the sum of the two covalent radii."
    )
    density_range: tuple[float, float] = Field((0.01, 25.0), description="Allowed density, g/cm3.")
    volume_ratio: tuple[float, float] = Field(
        (0.5, 2.0), description="Allowed volume after relaxation over the volume before."
    )
    angle_range: tuple[float, float] = Field((10.0, 170.0), description="Allowed cell angles, degrees.")
    maximum_force: float = Field(
        1000.0, gt=0, description="Force (eV/A) of the unrelaxed crystal beyond which it is rejected."
    )
    minimum_formation_energy: float = Field(
        -6.0, description="Formation energy (eV/atom) below which a crystal is a hole of the potential."
    )

    def physics(self) -> tuple[object, ...]:
        """List what decides the outcome of a relaxation: part of its cache key."""
        return self.fmax, self.max_steps, self.volume_ratio, self.maximum_force
