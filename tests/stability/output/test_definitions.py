"""Every number of a stability summary has a definition with label, unit and direction."""

from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.interface import find_potential
from groundstate.stability.output.definitions import definitions
from groundstate.stability.settings import ScoreStability
from groundstate.stability.summaries.agreement import summarise_agreement
from groundstate.stability.summaries.control_comparison import compare_with_control
from groundstate.stability.summaries.protocols import summarise_protocols
from groundstate.stability.summaries.rates import summarise_stability
from stability.made import row

CRYSTAL = row(
    "a",
    unique=True,
    novel=True,
    initial_energy_per_atom=1.0,
    energy_per_atom=0.5,
    displacement=0.1,
    second_energy_above_hull=0.0,
    second_formation_energy_per_atom=-1.0,
)
TABLE_ROWS = {"n", "failed", "intervals"}  # common to all scores


def test_every_number_is_defined(tmp_path):
    settings = ScoreStability(thresholds=(0.0, 0.05))
    calculations = Calculations(find_potential("ase.calculators.emt:EMT"), Cache(tmp_path))
    about = definitions(calculations, calculations, settings)
    summary = summarise_stability([CRYSTAL], settings.thresholds)
    numbers = summary.keys() | compare_with_control([CRYSTAL], [CRYSTAL], settings.thresholds).keys()
    numbers |= summarise_agreement([CRYSTAL], settings.thresholds).keys()
    numbers |= {f"classes.{name}" for name in summary["classes"]}
    assert numbers - TABLE_ROWS - {"classes"} <= about.keys()
    assert all(entry["label"] and entry["text"] and entry["source"] for entry in about.values())
    assert about["stable_50mev"]["label"] == "At most 0.05 eV/atom above it"
    assert (about["stable_50mev"]["unit"], about["stable_50mev"]["direction"]) == ("share", "higher")
    named = summarise_protocols([CRYSTAL], settings.thresholds)
    assert {f"protocols.{key}" for key in named} <= about.keys()
    assert "at most 500 FIRE steps" in about["protocols.flowmm"]["relaxation"]
    assert about["both_stable_50mev"]["second"] == calculations.potential.identity
