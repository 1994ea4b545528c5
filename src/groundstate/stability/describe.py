"""What travels with every number: which potential, which scheme, which hull."""

from collections.abc import Sequence

from pymatgen.core import Composition

from groundstate.metrics.crystals import sun
from groundstate.potentials.corrections import ELEMENTS_SOURCE, hull_scheme
from groundstate.potentials.interface import MP_CORRECTED, MP_RAW, Potential
from groundstate.stability import agreement, control_comparison
from groundstate.stability import hull as hull_metric
from groundstate.stability.inputs import Inputs
from groundstate.stability.phases import References
from groundstate.stability.prototypes import SOURCE as PROTOTYPES_SOURCE
from groundstate.stability.rows import StabilityRow
from groundstate.stability.settings import ScoreStability


def definitions(potential: Potential, second: Potential | None, settings: ScoreStability) -> dict[str, dict]:
    """Name, version and source of the energies and of the rates."""
    elements = "the potential's own elements"
    if hull_scheme(potential.scheme) == MP_CORRECTED:
        elements = (
            ELEMENTS_SOURCE if settings.element_reference == "mp" else f"{elements}, or {ELEMENTS_SOURCE}"
        )
    found = {
        "formation_energy_per_atom": {
            "name": "formation energy",
            "version": f"{potential.name} {potential.version}",
            "source": f"energy scheme {hull_scheme(potential.scheme)}"
            + (", MP2020 corrections added" if potential.scheme == MP_RAW else "")
            + f"; elements: {elements}",
        },
        "energy_above_hull": hull_metric.DEFINITION,
        "against_control": control_comparison.DEFINITION,
        **sun.DEFINITIONS,
        "stable": {
            "name": "stable at a threshold",
            "version": "1",
            "source": f"converged (fmax {settings.fmax} eV/A, {settings.max_steps} FIRE steps, Frechet cell "
            "filter), with a competing compound in its system, and at most the threshold above it; share of "
            "all scored crystals; `_before`: single points of the unrelaxed crystals",
        },
    }
    if second is not None:
        found["agreement"] = agreement.DEFINITION | {"second": second.identity}
    return found


def describe_hull(
    rows: Sequence[StabilityRow], known: References, inputs: Inputs, potential: Potential
) -> dict:
    """Label of the hull: where its phases come from and how many each chemical system has."""
    per_system = {
        row.system: len(known.hull.competing(Composition(row.formula)))
        for row in rows
        if row.system and row.outcome not in ("not_scored", "rejected_geometry")
    }
    label = "with the given entries" if inputs.entries else "partial"
    if not any(per_system.values()):
        label = "elements only"
    return {
        "label": label,
        "scheme": hull_scheme(potential.scheme),
        "phases_from_structures": sum(not name.startswith("prototype:") for name, _ in known.phases),
        "phases_from_prototypes": sum(name.startswith("prototype:") for name, _ in known.phases),
        "prototypes_source": PROTOTYPES_SOURCE,
        "phases_from_entries": len(inputs.entries),
        "phases_per_system": dict(sorted(per_system.items())),
        "note": "a hull of few phases gives a lower bound on the energy above hull; not comparable with "
        "published rates against the whole Materials Project",
    }
