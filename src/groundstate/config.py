"""The whole configuration as one model, checked as one.

The defaults here and in ``config_sections`` are the default run, which ``config_texts`` writes to files.
"""

from typing import get_args

from pydantic import Field, model_validator

from groundstate.config_sections import (
    Crystals,
    Discoveries,
    Folder,
    Molecules,
    Name,
    Potentials,
    Reference,
    Seed,
)
from groundstate.plugins import SHIPPED, TABLES, installed_plugins, resolve
from groundstate.settings import Settings
from groundstate.shards import MAX_SHARDS
from groundstate.sources.settings import (
    WITHOUT_GEOMETRY,
    CrystalFormat,
    MoleculeFormat,
    PotentialFormat,
    Retry,
    Source,
)
from groundstate.weights import is_path, shipped_weights

GENERATIVE = {"molecules": get_args(MoleculeFormat), "crystals": get_args(CrystalFormat)}
PARTS = {**GENERATIVE, "potentials": get_args(PotentialFormat)}
WHAT = {
    ("molecules", "models"): "geometry model",
    ("molecules", "metrics"): "geometry metric",
    ("crystals", "models"): "crystal model",
    ("crystals", "metrics"): "crystal metric",
}


JOINT = "joint"  # stands for a data set in the paths of the training of several


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
    potentials: Potentials = Potentials()
    discover: Discoveries = Discoveries()
    fetch: Retry = Retry()
    sources: dict[Name, Source] = Field({}, description="every known data set; see `config/sources.yaml`")

    @model_validator(mode="after")
    def _names_exist(self) -> "Config":
        for part, formats in PARTS.items():
            readable = [name for name, source in self.sources.items() if source.format in formats]
            for dataset in getattr(self, part).datasets:
                _require(f"{part}.datasets", dataset, readable)
            for key in ("datasets", "models", "metrics"):
                values = getattr(getattr(self, part), key, [])
                if len(set(values)) < len(values):
                    raise ValueError(f"{part}.{key}: {values} names one twice")
        for part, formats in GENERATIVE.items():
            section = self._section(part)
            readable = [name for name, source in self.sources.items() if source.format in formats]
            for key in ("models", "metrics"):
                self._check_plugins(part, key)
            for key in ("labelled", "most_records") if part == "molecules" else ():
                for dataset in getattr(section, key):
                    _require(f"{part}.{key}", dataset, readable)
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
        if self.molecules.joint and JOINT in self.sources:
            raise ValueError(f"sources.{JOINT}: is the name of the joint training; give it another")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} names one twice")
        return self

    def _section(self, part: str) -> Molecules | Crystals:
        return self.molecules if part == "molecules" else self.crystals

    def _check_plugins(self, part: str, key: str) -> None:
        """Raise ``ValueError`` for a name of a model or metric that stands nowhere."""
        section = self._section(part)
        allowed = [*TABLES[WHAT[part, key]], *self.plugins]
        if (
            key == "models"
        ):  # the shipped weights are one; a model that is a checkpoint for every data set needs no other name
            lent = [value for value in section.pretrained.values() if isinstance(value, dict)]
            allowed += sorted({SHIPPED, *(name for value in lent for name in value)} - {*allowed})
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
            elif len({*section.models} - {SHIPPED}) > 1 and not isinstance(section.pretrained[dataset], dict):
                raise ValueError(
                    f"{key}: one checkpoint, but {part}.models are {', '.join(section.models)}; "
                    f"write which is which, such as {{{section.models[0]}: {lender}}}"
                )

    def _is_model(self, part: str, model: str) -> bool:
        return model in TABLES[WHAT[part, "models"]] or model in self.plugins or model in installed_plugins()

    def lender(self, part: str, dataset: str, model: str) -> str | None:
        """Name what stands for the training of ``model`` on ``dataset``; None where it is trained itself."""
        if model == SHIPPED:
            return part
        value = self._section(part).pretrained.get(dataset)
        return value.get(model) if isinstance(value, dict) else value

    def trained_on(self, part: str, dataset: str, model: str) -> str | None:
        """Name the data set whose training serves ``dataset``, or ``JOINT``; None where a checkpoint does."""
        lender = self.lender(part, dataset, model)
        if lender is not None and lender not in self.sources:
            return None
        return JOINT if part == "molecules" and self.molecules.joint else lender or dataset

    def joint_sets(self, model: str) -> list[str]:
        """Name the data sets that the joint training of ``model`` learns from, in the order of the config."""
        lenders = {name: self.lender("molecules", name, model) or name for name in self.molecules.datasets}
        return list(dict.fromkeys(name for name in lenders.values() if name in self.sources))

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
