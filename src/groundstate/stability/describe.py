"""What travels with the energies above a hull: which phases, on which scheme, how many a system."""

from collections.abc import Sequence

from pymatgen.core import Composition

from groundstate.potentials.corrections import hull_scheme
from groundstate.potentials.interface import Potential
from groundstate.stability.references.phases import ReferenceInputs, References
from groundstate.stability.references.prototypes import SOURCE as PROTOTYPES_SOURCE
from groundstate.stability.rows import StabilityRow


def describe_hull(
    rows: Sequence[StabilityRow], references: References, inputs: ReferenceInputs, potential: Potential
) -> dict[str, object]:
    """Label the hull: where its phases come from and how many each chemical system has."""
    per_system = {
        row.system: len(references.hull.competing(Composition(row.formula)))
        for row in rows
        if row.system and row.outcome not in ("not_scored", "rejected_geometry")
    }
    label = "with the given entries" if inputs.entries else "partial"
    if not any(per_system.values()):
        label = "elements only"
    from_prototypes = sum(name.startswith("prototype:") for name, _ in references.phases)
    return {
        "label": label,
        "scheme": hull_scheme(potential.scheme),
        "phases_from_structures": len(references.phases) - from_prototypes,
        "phases_from_prototypes": from_prototypes,
        "prototypes_source": PROTOTYPES_SOURCE,
        "phases_from_entries": len(inputs.entries),
        "phases_per_system": dict(sorted(per_system.items())),
        "note": "a hull of few phases gives a lower bound on the energy above hull; not comparable with "
        "published rates against the whole Materials Project",
    }
