"""What every number of the stability score means: unit, direction, source, version."""

from collections.abc import Sequence

from groundstate.metrics.crystals.sun import MATCHER
from groundstate.metrics.definition import SHARE, Definition, as_json
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.corrections import ELEMENTS_SOURCE, hull_scheme
from groundstate.potentials.interface import MP_CORRECTED, MP_RAW, Potential
from groundstate.stability.novelty import SAME_ENERGY
from groundstate.stability.phonons.modes import IMAGINARY
from groundstate.stability.references.materials_project import SOURCE as SHIPPED_SOURCE
from groundstate.stability.rows import CLASSES, threshold_key
from groundstate.stability.settings import ScoreStability
from groundstate.stability.summaries.dynamics import SHARE_STABLE, sun_key
from groundstate.stability.summaries.protocols import protocols

ENERGY = "eV/atom"
HULL = (
    "energy above the convex hull of the references and the converged crystals of the set, itself included; "
    "a lower bound where column `hull` says so"
)
DECOMPOSITION = (
    "energy against the cheapest mixture of all other phases, polymorphs of the same composition too; "
    "negative: stable by that much. `decomposition_products`: moles of formula units for each formula unit "
    "of the crystal"
)
HULL_SOURCE = (
    "linear programme over the phases; decomposition energy: Bartel et al., npj Comput. Mater. 6, 97 (2020), "
    "there without polymorphs"
)
SUN = "MatterGen (Zeni et al., Nature 639, 624, 2025), here over all scored crystals"
SECOND = (
    "single points of the second potential at the geometries that the first one relaxed to, each with its "
    "own elements, corrections and hull; over all scored crystals, where a crystal without an energy from "
    "the second is not stable to it"
)
NOVEL = (
    "equivalent to no reference and no training crystal, and the Materials Project lists no phase of its "
    f"composition and energy (to {SAME_ENERGY} eV/atom) whose structure is not at hand"
)
UNIMAT = "UniMat (Yang et al., ICLR 2024, arXiv 2311.09235)"
PHONOPY = "finite displacements with phonopy (Togo and Tanaka, Scripta Mater. 108, 1, 2015)"
CLASS_LABELS = {
    "converged": "– converged",
    "not_converged": "– out of steps",
    "rejected_geometry": "– refused: could not be a crystal",
    "collapsed": "– collapsed while relaxing",
    "failed": "– failed in the potential",
    "not_scored": "Not taken up (limits on number and size)",
}


def definitions(
    first: Calculations, second: Calculations | None, settings: ScoreStability
) -> dict[str, dict[str, object]]:
    """Give the definition of every key of the summary and of every energy of the table, as JSON values."""
    defined = _counts() | _energies(first.potential, settings) | _rates(settings)
    defined |= _against_control(settings.thresholds)
    if settings.phonons:
        defined |= _dynamics(settings)
    about = as_json(defined)
    if second is not None:
        agreement = as_json(_agreement(settings.thresholds), len(about))
        about |= {key: entry | {"second": second.potential.identity} for key, entry in agreement.items()}
    relaxation = f"{first.potential.name}, {_relaxed_how(settings)}"
    named = protocols(settings.thresholds)
    return about | {f"protocols.{one.key}": one.define(relaxation) for one in named}


def _counts() -> dict[str, Definition]:
    def count(text: str, label: str) -> Definition:
        return Definition(text, "groundstate", "crystals", label=label, digits=0)

    about = {
        "n": count("crystals of the set", "In the set"),
        "failed": count(
            "scored crystals that the potential failed on; not stable", "Failed in the potential"
        ),
        "scored": count("crystals that were taken up, whatever became of them", "Relaxed or refused"),
        "hull_incomplete": count(
            "scored crystals in whose chemical system a stable phase has no energy", "Hull is a lower bound"
        ),
        "magnetic": count(
            "scored crystals with V, Cr, Mn, Fe, Co, Ni, Mo or W",
            "With magnetic elements (no spin in the potential)",
        ),
        "f_electron": count("scored crystals with lanthanides or actinides", "With f electrons"),
    }
    classes = {
        f"classes.{name}": count(f"crystals of the class {name}", CLASS_LABELS[name]) for name in CLASSES
    }
    return about | classes


def _energies(potential: Potential, settings: ScoreStability) -> dict[str, Definition]:
    elements = "the potential's own elements"
    if hull_scheme(potential.scheme) == MP_CORRECTED:
        elements = (
            ELEMENTS_SOURCE if settings.element_reference == "mp" else f"{elements}, or {ELEMENTS_SOURCE}"
        )
    corrections = ", MP2020 corrections added" if potential.scheme == MP_RAW else ""
    text = (
        f"formation energy with {potential.name} {potential.version}, energy scheme "
        f"{hull_scheme(potential.scheme)}{corrections}"
    )

    def energy(about: str, source: str, label: str, version: str = "1") -> Definition:
        return Definition(about, source, ENERGY, "lower", label, version)

    relaxed = "converged crystals, after relaxing"
    return {
        "formation_energy_per_atom": energy(text, elements, "Formation energy", potential.identity),
        "energy_above_hull": energy(HULL, HULL_SOURCE, "Above hull", "2"),
        "decomposition_energy": energy(DECOMPOSITION, HULL_SOURCE, "Decomposition energy", "2"),
        "estimated_energy_above_hull": energy(
            "the same with the missing stable phases at energies that were estimated from r2SCAN (mean "
            "absolute error 16 meV per atom); never counted as stable",
            SHIPPED_SOURCE,
            "Above hull, estimated",
        ),
        "median_formation_energy_per_atom": energy(
            f"{text}; {relaxed}", elements, "Formation energy, median", potential.identity
        ),
        "median_energy_above_hull": energy(
            f"{HULL}; {relaxed}", HULL_SOURCE, "Energy above hull, median", "2"
        ),
        "median_relaxation_energy": energy(
            "energy as generated minus energy as relaxed; converged crystals",
            potential.identity,
            "Energy gained by relaxing, median",
        ),
        "median_displacement": Definition(
            "root mean square displacement by the relaxation, without the common translation; converged "
            "crystals",
            "groundstate",
            "Å",
            "lower",
            "Displacement by relaxing, median",
        ),
    }


def _at(threshold: float) -> str:
    return f"at {threshold:g} eV/atom" if threshold else "at 0"


def _dynamics(settings: ScoreStability) -> dict[str, Definition]:
    novel = ", novel" if settings.phonon_novel else ""
    survivors = f"converged, at most {settings.phonon_above_hull:g} eV/atom above the hull, unique{novel}"
    texts = {
        "stable": (
            f"no mode below {IMAGINARY} THz at Gamma and all commensurate points",
            "No imaginary mode",
        ),
        "imaginary": (f"a mode below {IMAGINARY} THz", "With imaginary modes"),
        "failed": ("survivors whose modes could not be computed", "Phonons failed"),
        "not_computed": (f"all others than survivors ({survivors}); too large cells", "Phonons not computed"),
    }
    counts = {
        f"phonons_{name}": Definition(text, PHONOPY, "crystals", label=label, digits=0)
        for name, (text, label) in texts.items()
    }
    how = f"relaxed to {settings.phonon_fmax:g} eV/A, displacements of {settings.phonon_displacement:g} A"
    stable = f"share of the survivors with computed modes that have none below {IMAGINARY} THz; {how}"
    shares = {
        SHARE_STABLE: Definition(stable, PHONOPY, SHARE, "higher", "Dynamically stable", digits=1),
        **{
            sun_key(threshold): Definition(
                f"S.U.N. {_at(threshold)}, and no mode below {IMAGINARY} THz; share of all scored crystals",
                PHONOPY,
                SHARE,
                "higher",
                f"S.U.N. {_at(threshold)} and dynamically stable",
                digits=1,
            )
            for threshold in settings.thresholds
        },
    }
    return counts | shares


def _relaxed_how(settings: ScoreStability) -> str:
    return (
        f"to {settings.fmax} eV/A in at most {settings.max_steps} FIRE steps with the Frechet cell filter, "
        "within the guards"
    )


def _rates(settings: ScoreStability) -> dict[str, Definition]:
    def share(text: str, source: str, label: str) -> Definition:
        return Definition(f"{text}; share of all scored crystals", source, SHARE, "higher", label, digits=1)

    rates = {
        "converged": share(f"relaxed {_relaxed_how(settings)}", "ASE", "Converged"),
        "unique": share("the first of its kind among the scored", MATCHER, "Unique"),
        "novel": share(NOVEL, MATCHER, "Novel"),
    }
    for threshold in settings.thresholds:
        key, at = threshold_key(threshold), _at(threshold)
        place = f"At most {threshold:g} eV/atom above it" if threshold else "On the hull"
        stable = f"converged, and at most {threshold:g} eV/atom above a hull that is complete"
        rates[key] = share(stable, HULL_SOURCE, place)
        sun = f"sun_{key.removeprefix('stable_')}"
        rates[sun] = share(f"{stable}; unique and novel", SUN, f"Stable, unique and novel {at}")
    before = {
        f"{key}_before": share(
            f"{one.text.split('; share')[0]}; the crystal as generated",
            one.source,
            f"{one.label}, before relaxing",
        )
        for key, one in rates.items()
        if key != "converged"
    }
    return rates | before


def _against_control(thresholds: Sequence[float]) -> dict[str, Definition]:
    def measure(text: str, unit: str, label: str, better: bool = True, digits: int = 1) -> Definition:
        return Definition(text, UNIMAT, unit, "higher" if better else None, label, "2", digits)

    ids = "generated crystals that have a control"
    lowest = "per composition, the lowest formation energy of the converged"
    measures = {
        "compositions": measure(
            "compositions with converged crystals of both", "", "Compositions in common", False, 0
        ),
        "mean_difference": Definition(
            f"{lowest} generated crystals minus that of the controls",
            UNIMAT,
            ENERGY,
            "lower",
            "Formation energy minus theirs, mean",
            "2",
        ),
        "share_lower": measure(
            f"{lowest} generated crystals is lower than that of the controls by more than 1 meV per atom",
            SHARE,
            "Compositions where it is lower",
        ),
        "share_equal": measure(
            f"{lowest} generated crystals and controls differ by at most 1 meV per atom",
            SHARE,
            "Compositions where it is equal",
            False,
        ),
        "control_converged": measure(f"controls of the {ids}", SHARE, "Converged, control", False),
        "convergence_difference": measure(
            f"share that converges, {ids}, minus that of their controls", SHARE, "Converged, minus control"
        ),
    }
    for threshold in thresholds:
        key, at = threshold_key(threshold), _at(threshold)
        measures[f"{key}_difference"] = measure(
            f"share of the {ids} that is stable, minus that of their controls",
            SHARE,
            f"Stable {at}, minus control",
        )
        for who, text in (("", "Number stable"), ("control_", "Number stable, control,")):
            measures[f"{who}number_{key}"] = measure(
                f"stable crystals among the {ids}", "crystals", f"{text} {at}", False, 0
            )
    return measures


def _agreement(thresholds: Sequence[float]) -> dict[str, Definition]:
    measures = {
        f"mean_absolute_difference_{key}": Definition(SECOND, "groundstate", ENERGY, None, label, "2")
        for key, label in (
            ("formation_energy_per_atom", "Formation energy, mean difference"),
            ("energy_above_hull", "Energy above hull, differs by"),
        )
    }
    for threshold in thresholds:
        for who, text in (("both", "Both call it stable"), ("same", "Both say the same")):
            measures[f"{who}_{threshold_key(threshold)}"] = Definition(
                SECOND, "groundstate", SHARE, "higher", f"{text} {_at(threshold)}", "2", 1
            )
    return measures
