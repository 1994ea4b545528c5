"""The whole configuration as one model: read, checked and explained before any job starts.

The defaults here are the default run; ``groundstate.config_texts`` writes the files that say so.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.settings import GenerateCrystals, TrainCrystals
from groundstate.errors import GroundstateError
from groundstate.ground_states.settings import LabelGeometry
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.property.settings import PropertyExperiment
from groundstate.plugins import CRYSTAL_MODELS, GEOMETRY_MODELS, REFERENCE, TABLES, installed_plugins, resolve
from groundstate.settings import Settings, explain
from groundstate.shards import MAX_SHARDS
from groundstate.sources.settings import WITHOUT_GEOMETRY, CrystalFormat, MoleculeFormat, Retry, Source
from groundstate.stability.settings import ScoreStability
from groundstate.weights import is_path, shipped_weights

PARTS = {"molecules": get_args(MoleculeFormat), "crystals": get_args(CrystalFormat)}
WHAT = {
    ("molecules", "models"): "geometry model",
    ("molecules", "metrics"): "geometry metric",
    ("crystals", "models"): "crystal model",
    ("crystals", "metrics"): "crystal metric",
}

MOST_ENTRIES = 100_000  # of one key; the sources of every published set are some hundred

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Reference = Annotated[str, StringConstraints(pattern=rf"^{REFERENCE.pattern}$")]
Seed = Annotated[int, Field(ge=0)]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]*[A-Za-z0-9._-]$")]


# data set -> what its models are trained on, for all models or by model
Pretrained = dict[Name, str | dict[Name, str]]
PRETRAINED = (
    "data set -> what stands for its training: a data set whose trained models {0} its {1}, the path of a "
    "checkpoint, or the name of shipped weights; for each model another with {{model: ...}}"
)


class Molecules(Settings):
    """Molecular graph to ground-state geometry."""

    datasets: list[Name] = Field(["qm9"], description="data sets of `sources`; each more is a sweep")
    models: list[Name] = Field(
        ["gaunt"], description=f"models to train: {', '.join(GEOMETRY_MODELS)}, or names of `plugins`"
    )
    metrics: list[Name | Reference] = Field(
        [], description="metrics of your own beside the built-in ones: names of `plugins`, or module:Object"
    )
    split: Annotated[str, StringConstraints(pattern="^(random|scaffold)$")] = Field(
        "random", description="split to train and score by: random or scaffold; both are written"
    )
    pretrained: Pretrained = Field({}, description=PRETRAINED.format("predict", "geometries"))
    labelled: list[Name] = Field([], description="data sets whose ground states `label` finds first")
    label: LabelGeometry = LabelGeometry()
    prepare: PrepareMolecules = PrepareMolecules(max_molecules=3000)
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
        ["unimat-compact"],
        description=f"models to train: {', '.join(CRYSTAL_MODELS)}, or names of `plugins`",
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


class Config(Settings):
    """Everything that decides a result."""

    results: Folder = Field("results", description="folder for everything that is computed")
    data: Folder = Field("data", description="folder for fetched files")
    seeds: list[Seed] = Field([0], min_length=1, description="one training and one sampling run for each")
    shards: int = Field(
        1,
        ge=1,
        le=MAX_SHARDS,
        description="jobs that share the conformers of a data set, or the relaxations of a run; no effect on "
        "results",
    )
    plugins: dict[Name, Reference] = Field(
        {},
        description="names for models and metrics of your own: `scale: my_models:Scale` is the class `Scale` "
        "in my_models.py of the working folder",
    )
    molecules: Molecules = Molecules()
    crystals: Crystals = Crystals()
    fetch: Retry = Retry()
    sources: dict[Name, Source] = Field({}, description="every known data set; see `config/sources.yaml`")

    @model_validator(mode="after")
    def _names_exist(self) -> "Config":
        for part, formats in PARTS.items():
            section = self._section(part)
            readable = [name for name, source in self.sources.items() if source.format in formats]
            for dataset in section.datasets:
                _require(f"{part}.datasets", dataset, readable)
            for key in ("models", "metrics"):
                self._check_plugins(part, key)
            for key in ("datasets", "models", "metrics"):
                values = getattr(section, key)
                if len(set(values)) < len(values):
                    raise ValueError(f"{part}.{key}: {values} names one twice")
            for dataset in self.molecules.labelled if part == "molecules" else ():
                _require("molecules.labelled", dataset, readable)
            bare = {name for name in readable if self.sources[name].format in WITHOUT_GEOMETRY}
            with_training = [one for one in readable if one not in bare.difference(self.molecules.labelled)]
            for dataset in section.datasets:
                self._check_training(part, dataset, with_training)
        for geometry in self.molecules.property.geometries:
            _require(
                "molecules.property.geometries",
                geometry,
                ["graph", "reference", "etkdg", "mmff", *self.molecules.models],
            )
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} names one twice")
        return self

    def _section(self, part: str) -> Molecules | Crystals:
        return self.molecules if part == "molecules" else self.crystals

    def _check_plugins(self, part: str, key: str) -> None:
        """Raise ``ValueError`` for a name of a model or metric that stands nowhere."""
        section = self._section(part)
        allowed = [*TABLES[WHAT[part, key]], *self.plugins]
        if key == "models":  # a model that is a checkpoint for every data set needs no other name
            lent = [value for value in section.pretrained.values() if isinstance(value, dict)]
            allowed += sorted({name for value in lent for name in value} - {*allowed})
        for name in getattr(section, key):
            if ":" not in name and name not in allowed:
                _require(f"{part}.{key}", name, [*allowed, *installed_plugins()])

    def _check_training(self, part: str, dataset: str, with_training: list[str]) -> None:
        """Raise ``ValueError`` where a data set has nothing to train on, nor anything that stands for it."""
        section = self._section(part)
        for model in section.models:
            key, lender = f"{part}.pretrained.{dataset}", self.lender(part, dataset, model)
            if isinstance(section.pretrained.get(dataset), dict):
                key += f".{model}"
            if lender is None:
                if dataset not in with_training:
                    raise ValueError(
                        f"{part}.datasets: {dataset!r} has no geometries to train on; name the data set "
                        f"whose models predict it, such as {part}.pretrained: {{{dataset}: qm9}}"
                        + (f", or find them first: molecules.labelled: [{dataset}]" * (part == "molecules"))
                    )
                if not self._is_model(part, model):
                    raise ValueError(
                        f"{key}: the model {model!r} has no checkpoint for this data set; name one"
                    )
            elif lender in self.sources:
                _require(key, lender, with_training)
                if not self._is_model(part, model):
                    raise ValueError(f"{key}: {model!r} is no model that can be trained; name a checkpoint")
            elif not is_path(lender):
                _require(key, lender, [*with_training, *shipped_weights(), "the path of a checkpoint"])
            elif len(section.models) > 1 and not isinstance(section.pretrained[dataset], dict):
                raise ValueError(
                    f"{key}: one checkpoint, but {part}.models are {', '.join(section.models)}; "
                    f"write which is which, such as {{{section.models[0]}: {lender}}}"
                )

    def _is_model(self, part: str, model: str) -> bool:
        return model in TABLES[WHAT[part, "models"]] or model in self.plugins or model in installed_plugins()

    def lender(self, part: str, dataset: str, model: str) -> str | None:
        """Name what stands for the training of ``model`` on ``dataset``; None where it is trained itself."""
        value = self._section(part).pretrained.get(dataset)
        return value.get(model) if isinstance(value, dict) else value

    def trained_on(self, part: str, dataset: str, model: str) -> str | None:
        """Name the data set whose training serves ``dataset``; None where a checkpoint does."""
        lender = self.lender(part, dataset, model)
        return dataset if lender is None else lender if lender in self.sources else None

    def reference(self, part: str, key: str, name: str) -> str | None:
        """Give what a command is told for a name of ``models`` or ``metrics``.

        A built-in name stays; one of a plug-in becomes ``package.module:Object``; None for a model that is a
        checkpoint only.
        """
        what = WHAT[part, key]
        if name in TABLES[what]:
            return name
        if key == "models" and not self._is_model(part, name):
            return None
        return resolve(name, what, self.plugins)

    def module(self, part: str, key: str, name: str) -> str | None:
        """Give the module that a name of ``models`` or ``metrics`` stands for; None as in ``reference``."""
        reference = self.reference(part, key, name)
        return None if reference is None else resolve(reference, WHAT[part, key]).partition(":")[0]


def _require(key: str, name: str, allowed: list[str]) -> None:
    if name not in allowed:
        raise ValueError(f"{key}: unknown name {name!r}; allowed: {', '.join(allowed)}")


def _entries(value: object) -> int:
    """Count the entries of nested lists and tables, each alias anew, to just beyond ``MOST_ENTRIES``."""
    waiting, count = [value], 0
    while waiting and count <= MOST_ENTRIES:
        one = waiting.pop()
        inner = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        count += len(inner)
        waiting.extend(inner)
    return count


def yaml_fault(path: str | Path) -> str | None:
    """Say what keeps a YAML file from being read, with file and line; None where nothing does."""
    try:
        yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return f"{path}: line {mark.line + 1 if mark else 1}: {error.problem}; mend the YAML"
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return f"{path}: not readable ({error})"
    return None


def asked_for(given: Mapping[str, Any]) -> set[str]:
    """Name the halves of the pipeline that a config asks for: those it names, else both."""
    return PARTS.keys() & given.keys() or set(PARTS)


def complete(values: dict[str, Any], halves: set[str], sources: str | Path) -> dict[str, Any]:
    """Add the described data sets, and empty the halves that nobody asked for.

    Parameters
    ----------
    values
        The config as Snakemake merged it; where this workflow is a module, what its user gave.
    sources
        Path of ``sources.yaml``.
    """
    described = yaml.safe_load(Path(sources).read_text(encoding="utf-8"))["sources"]
    own = values.get("sources") or {}
    values = {**values, "sources": {**described, **own} if isinstance(own, dict) else own}
    for part in PARTS.keys() - halves:
        section = values.get(part) or {}
        values[part] = {**section, "datasets": []} if isinstance(section, dict) else section
    return values


def read_config(values: dict[str, Any]) -> Config:
    """Check ``values`` (as Snakemake merged them) and fill in the defaults.

    Raises ``GroundstateError`` with one line a fault: the key and what is allowed.
    """
    for key, value in values.items():
        if _entries(value) > MOST_ENTRIES:
            raise GroundstateError(
                f"config: {key}: more than {MOST_ENTRIES} entries when its YAML aliases are written out; "
                "write what is meant, or put data into a file"
            )
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        text = explain(error, "config", Config)
        raise GroundstateError(text) from None
