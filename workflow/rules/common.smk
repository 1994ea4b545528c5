import json
import os
import shlex
import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from groundstate.config import read_config
from groundstate.dependencies import stage_sources
from groundstate.errors import GroundstateError
from groundstate.provenance import other_versions

try:
    CONFIG = read_config(config)
except GroundstateError as error:
    raise WorkflowError(str(error)) from None

RESULTS, DATA = CONFIG.results, CONFIG.data
MOLECULES, CRYSTALS = CONFIG.molecules, CONFIG.crystals
MOLECULE_RUN = f"{RESULTS}/molecules/{{dataset}}/{{model}}/seed{{seed}}"
# a stage with worker processes leaves room for another stage beside it; on a cluster there are no cores to share
WORKERS = max(1, (workflow.resource_settings.cores or 16) // 2)
PROPERTY_RUN = (
    f"{RESULTS}/molecules/{{dataset}}/property/{{network}}-{{geometry}}/seed{{seed}}"
)
CRYSTAL_RUN = f"{RESULTS}/crystals/{{dataset}}/{{model}}/seed{{seed}}"

# labels of a run's results in Snakemake's own report
RUN_LABELS = {"data": "{dataset}", "model": "{model}", "seed": "{seed}"}

# without conda, jobs use the Python that runs Snakemake, whether its environment is activated or not
if not workflow.deployment_settings.deployment_method:
    shell.prefix(
        f"set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH; "
    )


# once, not in every job
if workflow.is_main_process and (differing := other_versions(RESULTS)):
    logger.warning(differing)


wildcard_constraints:
    dataset="|".join(CONFIG.sources),
    model="|".join(sorted({*MOLECULES.models, *CRYSTALS.models})),
    seed="[0-9]+",
    network="schnet|gaunt",
    geometry="[A-Za-z][A-Za-z0-9_-]*",
    part="[0-9]+",
    file="[^/]+",


def stage(command):
    """Source files of a command: its stage reruns when one of them changes."""
    return [os.path.relpath(path) for path in stage_sources(command)]


def settings(section):
    """A section of the config as the JSON that a command reads; a change of any value is a changed param."""
    return json.dumps(section.model_dump(mode="json"), sort_keys=True)


def fetched(wildcards):
    """The fetched files of a data set."""
    return [
        f"{DATA}/{wildcards.dataset}/{name}"
        for name in CONFIG.sources[wildcards.dataset].files
    ]


def molecule_runs(pattern, trained=False):
    """``pattern`` (with dataset, model, seed) for every molecule run that the config asks for.

    With ``trained`` only data sets with a training of their own, lent to others or not.
    """
    datasets = MOLECULES.datasets
    if trained:
        datasets = sorted({MOLECULES.pretrained.get(name, name) for name in datasets})
    return expand(pattern, dataset=datasets, model=MOLECULES.models, seed=CONFIG.seeds)


def crystal_runs(pattern):
    """``pattern`` (with dataset, model, seed) for every crystal run that the config asks for."""
    return expand(
        pattern, dataset=CRYSTALS.datasets, model=CRYSTALS.models, seed=CONFIG.seeds
    )


def shards(pattern, number):
    """Input function: what the part jobs of a stage leave; nothing where one job does all of the stage.

    The part jobs fill the store of finished pieces (``--shard K/N``); the job that collects them takes every piece
    from there. How many parts there are is in the config and not in the data: a dry run sees every job.
    """

    def files(wildcards):
        return (
            expand(pattern, part=range(1, number + 1), **wildcards)
            if number > 1
            else []
        )

    return files


def trained_geometry(wildcards):
    """The checkpoint that predicts a data set: its own, or of the data set that it borrows from."""
    teacher = MOLECULES.pretrained.get(wildcards.dataset, wildcards.dataset)
    return f"{RESULTS}/molecules/{teacher}/{wildcards.model}/seed{wildcards.seed}/best.ckpt"


# the lowest of several conformers, where there are several
BASELINES = ["etkdg", "mmff"] + ["lowest"] * (MOLECULES.embed.num_conformers > 1)


def geometry_baselines(wildcards):
    """RDKit's geometries of the test molecules."""
    folder = f"{RESULTS}/molecules/{wildcards.dataset}/conformers"
    return [f"{folder}/{name}.sdf" for name in BASELINES]


def baseline_options(wildcards, input):
    """The baselines as options of `score geometry`."""
    return [
        f"--baseline={name}={path}" for name, path in zip(BASELINES, input.baselines)
    ]


def subset(wildcards):
    """Options of a model that is too slow for the whole test part."""
    return f"--subset {MOLECULES.extensive}" if wildcards.model == "xtb" else ""


# rows of the property experiment: gaunt reads geometries alone
PROPERTY_ROWS = [
    (network, geometry)
    for network in MOLECULES.property.networks
    for geometry in MOLECULES.property.geometries
    if (network, geometry) != ("gaunt", "graph")
]


def property_geometry(wildcards):
    """The SDF behind a row of the property experiment; none for the graph and the reference."""
    folder = f"{RESULTS}/molecules/{wildcards.dataset}"
    if wildcards.geometry in ("graph", "reference"):
        return []
    if wildcards.geometry in MOLECULES.models:
        return f"{folder}/{wildcards.geometry}/seed{wildcards.seed}/predicted.sdf"
    return f"{folder}/conformers/{wildcards.geometry}.sdf"


def property_tables():
    """The tables of the property experiment that the config asks for."""
    return expand(
        f"{RESULTS}/molecules/{{dataset}}/property/seed{{seed}}/summary.json",
        dataset=MOLECULES.datasets if PROPERTY_ROWS else [],
        seed=CONFIG.seeds,
    )


def source_file(wildcards):
    """What the config says about one file of a data set."""
    files = CONFIG.sources[wildcards.dataset].files
    if wildcards.file not in files:
        raise WorkflowError(
            f"sources.{wildcards.dataset}.files: no {wildcards.file!r}; it has {', '.join(files)}"
        )
    return files[wildcards.file]


def local_files(wildcards):
    """The user's own files behind a `path` source, so that an edited one is fetched again."""
    if CONFIG.sources[wildcards.dataset].kind != "path":
        return []
    location = source_file(wildcards).location
    if os.path.isdir(location):
        return sorted(
            os.path.join(folder, name)
            for folder, _, names in os.walk(location)
            for name in names
        )
    return location
