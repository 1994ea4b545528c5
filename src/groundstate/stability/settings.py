"""What the stability stage is told."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from groundstate.potentials.settings import RelaxSettings


class ScoreStability(RelaxSettings):
    """The stability stage: which crystals, which potential, which hull."""

    potential: str = Field(
        "sevennet-0",
        description="`sevennet-0`, `chgnet`, `sevennet-l3i5`, or `package.module:Callable` (ASE).",
    )
    potential_arguments: dict[str, JsonValue] = Field(
        default_factory=dict, description="Keyword arguments of a calculator given by import path."
    )
    potential_scheme: str | None = Field(
        None,
        description="Energy scheme of a calculator given by import path: `mp-pbe` (raw Materials Project "
        "energies, MP2020 is added), `mp2020` (corrected energies), any other name (own references only).",
    )
    second_potential: str | None = Field(
        None,
        description="Energies of the relaxed crystals with this potential too, on a hull of its own, and how "
        "often the two agree.",
    )
    max_crystals: int | None = Field(
        None, ge=1, description="Score the first so many crystals of at most `max_atoms` atoms; null: all."
    )
    max_atoms: int | None = Field(
        None, ge=1, description="Larger crystals become `not_scored`; null: no limit."
    )
    shipped_references: bool = Field(
        True,
        description="Formation energies of the Materials Project, shipped with the package, are reference "
        "phases for a potential on its scheme.",
    )
    whole_references: bool = Field(
        False,
        description="The references hold every stable phase of their chemical systems: no hull is called a "
        "lower bound.",
    )
    element_reference: Literal["mp", "own"] = Field(
        "mp",
        description="Elemental energies: the shipped ones of the Materials Project, or the reference "
        "elements with the same potential (the shipped ones fill gaps).",
    )
    prototype_phases: int = Field(
        0,
        ge=0,
        description="Bundled structure prototypes, relaxed with the same potential, that a chemical system "
        "without a reference compound gets as reference phases.",
    )
    thresholds: tuple[Annotated[float, Field(ge=0, le=10)], ...] = Field(
        (0.0, 0.025, 0.1), description="Energies above hull (eV/atom) at which rates are given."
    )
    controls: tuple[Literal["random_search", "prototypes", "training_replay"], ...] = Field(
        (),
        description="Sets scored beside: `random_search` (random crystals of the same compositions), "
        "`prototypes` (the compositions on reference structures), `training_replay` (reference crystals).",
    )
    dft: bool = Field(False, description="Add a GPAW single point on every converged crystal.")
    dft_python: str = Field("python3", description="Python that has GPAW, called as a subprocess.")
    phonons: bool = Field(
        False,
        description="Harmonic stability of the survivors by finite displacements with the potential (needs "
        "the package phonopy, extra `phonons`).",
    )
    phonon_above_hull: float = Field(
        0.1, ge=0, description="Energy above hull (eV/atom) up to which a crystal gets phonons."
    )
    phonon_novel: bool = Field(False, description="Phonons of novel crystals alone.")
    phonon_fmax: float = Field(
        0.005, gt=0, description="Largest force (eV/A) of the crystals whose phonons are computed."
    )
    phonon_supercell: float = Field(
        10.0,
        gt=0,
        description="Length (angstrom) that the supercell reaches about: the smallest even multiples of the "
        "primitive cell's vectors of at least three quarters of it.",
    )
    phonon_displacement: float = Field(0.03, gt=0, le=0.5, description="Displacement of an atom, angstrom.")
    phonon_max_atoms: int = Field(
        400, ge=1, description="Atoms of a supercell beyond which phonons are not computed."
    )
    workers: int = Field(
        2, ge=0, le=256, description="Processes, each with one thread and its own model; 0: in this process."
    )
