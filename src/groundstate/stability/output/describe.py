"""What travels with the energies above a hull: which phases, on which scheme, what is missing."""

from collections.abc import Sequence

from pymatgen.core import Composition

from groundstate.potentials.corrections import hull_scheme
from groundstate.potentials.interface import Potential
from groundstate.stability.placing import hull_label
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.materials_project import SOURCE as SHIPPED_SOURCE
from groundstate.stability.references.phases import References
from groundstate.stability.references.prototypes import SOURCE as PROTOTYPES_SOURCE
from groundstate.stability.rows import StabilityRow


def describe_hull(
    rows: Sequence[StabilityRow], references: References, inputs: ReferenceInputs, potential: Potential
) -> dict[str, object]:
    """Label the hull: where its phases come from, how many each chemical system has, and which it lacks."""
    formulas = {row.system: row.formula for row in rows if row.system and row.outcome != "not_scored"}
    compositions = {system: Composition(formulas[system]) for system in sorted(formulas)}
    missing = {
        system: hull_label(absent)
        for system, composition in compositions.items()
        if (absent := references.missing(composition))
    }
    whole = len(compositions) - len(missing)
    label = f"complete in {whole} of {len(compositions)} chemical systems"
    if not missing and compositions:
        label = "complete"
    prototypes = {name for name, _ in inputs.prototypes}
    from_prototypes = sum(name in prototypes for name, _ in references.phases)
    return {
        "label": label,
        "scheme": hull_scheme(potential.scheme),
        "phases_shipped": references.shipped,
        "shipped_source": SHIPPED_SOURCE,
        "phases_from_structures": len(references.phases) - from_prototypes,
        "phases_from_prototypes": from_prototypes,
        "prototypes_source": PROTOTYPES_SOURCE,
        "phases_from_entries": len(inputs.entries),
        "phases_per_system": {
            system: len(references.hull.competing(composition))
            for system, composition in compositions.items()
        },
        "incomplete_systems": missing,
        "note": "an incomplete hull gives a lower bound on the energy above hull; nothing is stable there",
    }
