"""The whole configuration as one model: read, checked and explained before any job starts.

The defaults here are the default run. ``python -m groundstate.config`` writes ``config/config.yaml``,
``config/README.md`` and ``workflow/schemas/config.schema.json`` from them; a test keeps the four in step.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.settings import GenerateCrystals, TrainCrystals
from groundstate.errors import GroundstateError
from groundstate.files import write_text
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.property.settings import PropertyExperiment
from groundstate.plugins import CRYSTAL_MODELS, GEOMETRY_MODELS
from groundstate.settings import Settings, explain
from groundstate.sources.settings import CrystalFormat, MoleculeFormat, Retry, Source
from groundstate.stability.settings import ScoreStability

ROOT = Path(__file__).parents[2]
MOLECULE_FORMATS: tuple[str, ...] = get_args(MoleculeFormat)
CRYSTAL_FORMATS: tuple[str, ...] = get_args(CrystalFormat)
MOLECULE_MODELS = tuple(GEOMETRY_MODELS)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Seed = Annotated[int, Field(ge=0)]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]*[A-Za-z0-9._-]$")]


class Molecules(Settings):
    """Molecular graph to ground-state geometry."""

    datasets: list[Name] = Field(["qm9"], description="data sets of `sources`; each more is a sweep")
    models: list[Name] = Field(["gaunt"], description=f"models to train; known: {', '.join(MOLECULE_MODELS)}")
    split: Annotated[str, StringConstraints(pattern="^(random|scaffold)$")] = Field(
        "random", description="split to train and score by: random or scaffold; both are written"
    )
    pretrained: dict[Name, Name] = Field(
        {}, description="data set without geometries -> the data set whose trained models predict it"
    )
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
        ["unimat-compact"], description=f"models to train; known: {', '.join(CRYSTAL_MODELS)}"
    )
    prepare: PrepareCrystals = PrepareCrystals()
    train: TrainCrystals = TrainCrystals()
    generate: GenerateCrystals = GenerateCrystals()
    oxidation_list: Literal["smact14", "icsd16", "icsd24", "sp", "wiki"] = Field(
        "smact14", description="oxidation states of composition validity; smact14 is the literature's"
    )
    score: ScoreCrystals = ScoreCrystals(max_reference=150, baseline_crystals=64)
    stability: ScoreStability = ScoreStability(workers=1)


class Config(Settings):
    """Everything that decides a result."""

    results: Folder = Field("results", description="folder for everything that is computed")
    data: Folder = Field("data", description="folder for fetched files")
    seeds: list[Seed] = Field([0], min_length=1, description="one training and one sampling run for each")
    shards: int = Field(
        1,
        ge=1,
        description="jobs that share the conformers of a data set, or the relaxations of a run; no effect on "
        "results",
    )
    molecules: Molecules = Molecules()
    crystals: Crystals = Crystals()
    fetch: Retry = Retry()
    sources: dict[Name, Source] = Field({}, description="every known data set; see `config/sources.yaml`")

    @model_validator(mode="after")
    def _names_exist(self) -> "Config":
        for part, formats, models in (
            ("molecules", MOLECULE_FORMATS, MOLECULE_MODELS),
            ("crystals", CRYSTAL_FORMATS, tuple(CRYSTAL_MODELS)),
        ):
            section = getattr(self, part)
            known = [name for name, source in self.sources.items() if source.format in formats]
            for dataset in section.datasets:
                _require(f"{part}.datasets", dataset, known)
            for model in section.models:
                _require(f"{part}.models", model, models)
            for key in ("datasets", "models"):
                values = getattr(section, key)
                if len(set(values)) < len(values):
                    raise ValueError(f"{part}.{key}: {values} names one twice")
        for geometry in self.molecules.property.geometries:
            known = ("graph", "reference", "etkdg", "mmff", *self.molecules.models)
            _require("molecules.property.geometries", geometry, known)
        for dataset in self.molecules.datasets:
            teacher = self.molecules.pretrained.get(dataset)
            if self.sources[dataset].format == "smiles" and teacher is None:
                raise ValueError(
                    f"molecules.datasets: {dataset!r} has no geometries to train on; name the data set whose "
                    f"models predict it, such as molecules.pretrained: {{{dataset}: qm9}}"
                )
            if teacher is not None:
                known = [
                    name
                    for name, source in self.sources.items()
                    if source.format in MOLECULE_FORMATS and source.format != "smiles"
                ]
                _require(f"molecules.pretrained.{dataset}", teacher, known)
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} names one twice")
        return self


def _require(key: str, name: str, known: list[str] | tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{key}: unknown name {name!r}; allowed: {', '.join(known)}")


def yaml_fault(path: str | Path) -> str | None:
    """What keeps a YAML file from being read, with file and line; None where nothing does."""
    try:
        yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return f"{path}: line {mark.line + 1 if mark else 1}: {error.problem}; mend the YAML"
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return f"{path}: not readable ({error})"
    return None


def read_config(values: dict[str, Any]) -> Config:
    """Check ``values`` (as Snakemake merged them) and fill in the defaults.

    Raises ``GroundstateError`` with one line a fault: the key and what is allowed.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        text = explain(error, "config", Config)
        raise GroundstateError(text) from None


def _fields(model: type[BaseModel], values: BaseModel, prefix: str = "") -> list[tuple[str, str, str]]:
    """Rows (key, default, description) of a model and the models inside it."""
    rows = []
    for name, field in model.model_fields.items():
        key, default = prefix + name, getattr(values, name)
        if isinstance(default, BaseModel):
            rows += _fields(type(default), default, f"{key}.")
        else:
            rows.append((key, json.dumps(default, default=list), field.description or ""))
    return rows


def yaml_text() -> str:
    """The default configuration as YAML with every key explained."""
    lines = [
        "# The default run: minutes on two cores. Written by `python -m groundstate.config`; edit freely.",
        "# Any key can also be given on the command line: snakemake --config seeds='[0,1]'",
        "# or in a file that is laid over this one: snakemake --configfile my.yaml",
    ]
    shown: list[str] = []
    for key, default, description in _fields(Config, Config.model_construct()):
        if key == "sources":
            continue
        parts = key.split(".")
        for depth, part in enumerate(parts[:-1]):
            if parts[: depth + 1] != shown[: depth + 1]:
                lines.append(f"{'' if depth else chr(10)}{'  ' * depth}{part}:")
        indent = "  " * (len(parts) - 1)
        lines += [f"{indent}# {description}", f"{indent}{parts[-1]}: {default}"]
        shown = parts[:-1]
    return "\n".join(lines) + "\n"


def readme_text() -> str:
    """The key reference as Markdown."""
    lines = [
        "# Configuration",
        "",
        "`config.yaml` is the default run, `full.yaml` and `test.yaml` are laid over it with `--configfile`;",
        "`sources.yaml` describes every data set. This page is written by `python -m groundstate.config`.",
        "A key that is not listed here, a wrong type or a value out of range stops the run before any job.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    for key, default, description in _fields(Config, Config.model_construct()):
        if key != "sources":
            lines.append(f"| `{key}` | `{default}` | {description.replace('|', ',')} |")
    lines += ["", "## One entry of `sources`", "", "| key | meaning |", "|---|---|"]
    for name, field in Source.model_fields.items():
        lines.append(f"| `{name}` | {field.description} |")
    lines += ["", "## One entry of `files`", "", "| key | meaning |", "|---|---|"]
    for name, field in Source.model_fields["files"].annotation.__args__[1].model_fields.items():
        lines.append(f"| `{name}` | {field.description} |")
    return "\n".join(lines) + "\n"


def schema_text() -> str:
    """JSON schema of the configuration."""
    return json.dumps(Config.model_json_schema(), indent=2, sort_keys=True) + "\n"


GENERATED = {
    "config/config.yaml": yaml_text,
    "config/README.md": readme_text,
    "workflow/schemas/config.schema.json": schema_text,
}

if __name__ == "__main__":
    for path, make in GENERATED.items():
        write_text(ROOT / path, make())
