"""What a calculation gives back: plain values that go through a pipe and into a JSON file."""

from typing import Literal, NotRequired, TypedDict

Outcome = Literal["single", "forces", "converged", "not_converged", "runaway", "failed"]


class Result(TypedDict):
    """Result of one single point, evaluation of forces or relaxation.

    ``energy`` and ``initial_energy`` in eV per cell, ``force`` and ``initial_force`` (the largest of all
    atoms) in eV/angstrom, ``cell`` (3, 3) and ``positions`` (n, 3) after relaxation in angstrom. A ``single``
    point has an energy and the largest force, ``forces`` those of all atoms (n, 3) in eV/angstrom, a
    ``failed`` calculation a reason, a relaxation all else; ``transient`` failures are not cached.
    """

    outcome: Outcome
    energy: NotRequired[float]
    reason: NotRequired[str]
    transient: NotRequired[bool]
    forces: NotRequired[list[list[float]]]
    steps: NotRequired[int]
    initial_energy: NotRequired[float]
    initial_force: NotRequired[float]
    force: NotRequired[float]
    cell: NotRequired[list[list[float]]]
    positions: NotRequired[list[list[float]]]
