"""The sections of the configuration: what the run of each part is told, and its defaults."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.settings import GenerateCrystals, TrainCrystals
from groundstate.discovery.budget import parse_budget
from groundstate.discovery.settings import Discover
from groundstate.errors import GroundstateError
from groundstate.ground_states.settings import LabelGeometry
from groundstate.interatomic.settings import PreparePotential, TrainPotential
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.property.settings import PropertyExperiment
from groundstate.plugins import CRYSTAL_MODELS, GEOMETRY_MODELS, REFERENCE, SHIPPED
from groundstate.settings import Settings
from groundstate.stability.settings import ScoreStability

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Query = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*(-[A-Z][a-z]?)*$")]
Reference = Annotated[str, StringConstraints(pattern=rf"^{REFERENCE.pattern}$")]
Seed = Annotated[int, Field(ge=0)]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]*[A-Za-z0-9._-]$")]


# data set -> what its models are trained on, for all models or by model
Pretrained = dict[Name, str | dict[Name, str]]
PRETRAINED = (
    "data set -> what stands for its training: a data set whose trained models {0} its {1}, the path of a "
    "checkpoint, or the name of shipped weights; for each model another with {{model: ...}}"
)
SHIPPED_ROW = (
    f"`{SHIPPED}`: the weights of the package as they are, beside them; what those may have learned then "
    "leaves the test part"
)


class Molecules(Settings):
    """Molecular graph to ground-state geometry."""

    datasets: list[Name] = Field(["qm9"], description="data sets of `sources`; each more is a sweep")
    models: list[Name] = Field(
        ["gaunt", SHIPPED],
        description=f"models to train: {', '.join(GEOMETRY_MODELS)}, or names of `plugins`; {SHIPPED_ROW}",
    )
    metrics: list[Name | Reference] = Field(
        [], description="metrics of your own beside the built-in ones: names of `plugins`, or module:Object"
    )
    split: Annotated[str, StringConstraints(pattern="^(random|scaffold)$")] = Field(
        "random", description="split to train and score by: random or scaffold; both are written"
    )
    joint: bool = Field(
        False,
        description="one model of all data sets, the name of each being a convention; else a model each",
    )
    pretrained: Pretrained = Field({}, description=PRETRAINED.format("predict", "geometries"))
    labelled: list[Name] = Field([], description="data sets whose ground states `label` finds first")
    label: LabelGeometry = LabelGeometry()
    prepare: PrepareMolecules = PrepareMolecules(max_molecules=3000)
    most_records: dict[Name, Annotated[int, Field(ge=1)]] = Field(
        {}, description="records of single data sets, in place of `prepare.max_molecules`"
    )
    embed: EmbedConformers = EmbedConformers(num_conformers=4)
    train: TrainGeometry = TrainGeometry()
    property: PropertyExperiment = PropertyExperiment()
    extensive: int = Field(
        200,
        ge=1,
        description="test molecules, always the same, that `xtb` predicts and `all_score_extensive` checks",
    )


class Crystals(Settings):
    """Generation of crystals, their validity and their stability."""

    datasets: list[Name] = Field(["mp3938"], description="data sets of `sources`; each more is a sweep")
    models: list[Name] = Field(
        ["unimat-compact", SHIPPED],
        description=f"models to train: {', '.join(CRYSTAL_MODELS)}, or names of `plugins`; {SHIPPED_ROW}",
    )
    metrics: list[Name | Reference] = Field(
        [], description="metrics of your own beside the built-in ones: names of `plugins`, or module:Object"
    )
    pretrained: Pretrained = Field({}, description=PRETRAINED.format("generate", "crystals"))
    prepare: PrepareCrystals = PrepareCrystals()
    train: TrainCrystals = TrainCrystals()
    generate: GenerateCrystals = GenerateCrystals()
    oxidation_list: Literal["smact14", "icsd16", "icsd24", "sp", "wiki"] = Field(
        "smact14", description="oxidation states of composition validity; smact14 is the literature's"
    )
    score: ScoreCrystals = ScoreCrystals(max_reference=150, baseline_crystals=64)
    stability: ScoreStability = ScoreStability(
        workers=1, max_crystals=8, max_atoms=8, controls=("random_search",)
    )


class Potentials(Settings):
    """Interatomic potentials from energies and forces; several ``seeds`` are a committee, too."""

    datasets: list[Name] = Field([], description="data sets of `sources` with energies and forces")
    models: list[Literal["gaunt", "clebsch-gordan"]] = Field(
        ["gaunt"],
        min_length=1,
        description="tensor products of the potentials to train: `gaunt`, and its twin `clebsch-gordan`",
    )
    prepare: PreparePotential = PreparePotential()
    train: TrainPotential = TrainPotential()

    @model_validator(mode="after")
    def _one_place_for_the_products(self) -> "Potentials":
        if self.train.network.product != "gaunt":
            raise ValueError("train.network.product: name the products under `models`, which trains each")
        return self


class Discoveries(Settings):
    """Searches for stable crystals; each is a folder of its own (`all_discover`)."""

    wanted: list[Query] = Field(
        ["Mg-Si"], description="formulas such as LiFePO4, and chemical systems such as Li-Fe-P-O"
    )
    all_elements: bool = Field(True, description="of a system only formulas with every element of it")
    budget: str = Field("6", description="full relaxations (20), or CPU time (30min, 2h), of each search")
    references: list[str] = Field([], description="files of reference phases besides the shipped ones")
    templates: list[str] = Field([], description="files of crystals that lend their structures, too")
    structures: list[str] = Field([], description="files of crystals that are judged beside the proposals")
    checkpoint: str | None = Field(
        None,
        description="crystal model that proposes too: a checkpoint, shipped weights by name, or none; null: "
        "the shipped ones for a formula, none for a chemical system",
    )
    judge: Discover = Discover(max_atoms=12, formulas=4, templates=6)

    @model_validator(mode="after")
    def _budget_is_read(self) -> "Discoveries":
        try:
            parse_budget(self.budget)
        except GroundstateError as error:
            raise ValueError(str(error).removeprefix("--")) from None
        if len(set(self.wanted)) < len(self.wanted):
            raise ValueError(f"wanted: {self.wanted} names one twice")
        return self
