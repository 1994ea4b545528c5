import itertools
import json
import os
import shlex
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from groundstate.config import JOINT
from groundstate.config_reading import complete, read_config
from groundstate.dependencies import stage_sources
from groundstate.errors import GroundstateError
from groundstate.locks import register_run
from groundstate.plugins import SHIPPED, resolve
from groundstate.provenance import other_versions
from groundstate.weights import conventions, find_checkpoint

try:
    CONFIG = read_config(
        complete(config, GIVEN, workflow.source_path("../../config/sources.yaml"))
    )
except GroundstateError as error:
    raise WorkflowError(str(error)) from None

RESULTS, DATA = CONFIG.results, CONFIG.data
MOLECULES, CRYSTALS = CONFIG.molecules, CONFIG.crystals
POTENTIALS = CONFIG.potentials
REPORTED = MOLECULES.datasets or CRYSTALS.datasets or CONFIG.potentials.datasets
MOLECULE_RUN = f"{RESULTS}/molecules/{{dataset}}/{{model}}/seed{{seed}}"
# a stage with worker processes leaves room for another stage beside it; on a cluster there are no cores to share
WORKERS = max(1, (workflow.resource_settings.cores or 16) // 2)
PROPERTY_RUN = (
    f"{RESULTS}/molecules/{{dataset}}/property/{{network}}-{{geometry}}/seed{{seed}}"
)
CRYSTAL_RUN = f"{RESULTS}/crystals/{{dataset}}/{{model}}/seed{{seed}}"
POTENTIAL_RUN = f"{RESULTS}/potentials/{{dataset}}/{{model}}/seed{{seed}}"
COMMITTEE = f"{RESULTS}/potentials/{{dataset}}/{{model}}/committee"

# labels of a run's results in Snakemake's own report
RUN_LABELS = {"data": "{dataset}", "model": "{model}", "seed": "{seed}"}

# without conda, jobs use the Python that runs Snakemake, whether its environment is activated or not
if not workflow.deployment_settings.deployment_method:
    shell.prefix(
        f"set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH; "
    )


# once, not in every job
if workflow.is_main_process:
    if differing := other_versions(RESULTS):
        logger.warning(differing)
    if not workflow.dryrun and (released := register_run(Path.cwd())):
        logger.warning(released)


wildcard_constraints:
    dataset="|".join([*CONFIG.sources, JOINT]),
    model="|".join(sorted({*MOLECULES.models, *CRYSTALS.models, *POTENTIALS.models})),
    seed="[0-9]+",
    network="schnet|gaunt",
    geometry="[A-Za-z][A-Za-z0-9_-]*",
    part="[0-9]+",
    query="[A-Za-z0-9-]+",
    file="[^/]+",


def sources(command, modules=()):
    """Source files of a command and of the modules that it loads by name."""
    try:
        return [os.path.relpath(path) for path in stage_sources(command, modules)]
    except GroundstateError as error:
        raise WorkflowError(str(error)) from None


# what the stages of the default run took on a reference machine
TIMES = yaml.safe_load(
    Path(workflow.source_path("../times.yaml")).read_text(encoding="utf-8")
)


def told(rule, sentence):
    """What is said before a stage, with how long it took where that is worth saying."""
    seconds = TIMES["seconds"].get(rule)
    if seconds is None:
        return sentence
    time = f"{seconds} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return f"{sentence}; took {time} in the default run, on {TIMES['machine']}"


def metric_modules(part):
    """The modules of the metrics that the config adds to a part's own."""
    return [
        CONFIG.module(part, "metrics", name) for name in getattr(CONFIG, part).metrics
    ]


def stage(command, metrics=None):
    """Source files of a command, and of the metrics of a part: its stage reruns when one of them changes."""
    return sources(command, metric_modules(metrics) if metrics else ())


def model_stage(command, part):
    """Input function: source files of a command and of the run's model, but not of other models."""

    def files(wildcards):
        name = CONFIG.module(part, "models", wildcards.model)
        return sources(command, [name] if name else [])

    return files


def plugin_modules(part):
    """The modules of all models and metrics that the config names for a part."""
    names = [
        CONFIG.module(part, "models", name) for name in getattr(CONFIG, part).models
    ]
    return [name for name in names if name] + metric_modules(part)


# a plug-in that is not there is said before any job
sources("report", plugin_modules("molecules") + plugin_modules("crystals"))


def settings(section):
    """A section of the config as the JSON that a command reads; a change of any value is a changed param."""
    return as_json(section.model_dump(mode="json"))


def molecules_to_prepare(wildcards):
    """How the molecules of a data set are prepared: as all of them, or as many as are asked for of this one."""
    most = CONFIG.molecules.most_records.get(wildcards.dataset)
    return settings(
        MOLECULES.prepare.model_copy(update={"max_molecules": most} if most else {})
    )


def train_settings(part, model_settings):
    """Params function: the settings that the training of the run's model reads, and no others."""

    def values(wildcards):
        reference = CONFIG.reference(part, "models", wildcards.model)
        return as_json(model_settings(reference, getattr(CONFIG, part).train))

    return values


def model_reference(part):
    """Params function: what a command is told for the run's model."""
    return lambda wildcards: CONFIG.reference(part, "models", wildcards.model)


def as_json(values):
    """Values as JSON whose keys have one order."""
    return json.dumps(values, sort_keys=True)


def metric_options(part):
    """The metrics that the config adds, as options of a score."""
    return [
        f"--metric={CONFIG.reference(part, 'metrics', name)}"
        for name in getattr(CONFIG, part).metrics
    ]


def model_option(part):
    """Params function: the plug-in whose checkpoint may be loaded, as an option; nothing for built-in models."""

    def option(wildcards):
        reference = CONFIG.reference(part, "models", wildcards.model)
        return [f"--model={reference}"] if reference and ":" in reference else []

    return option


def fetched(wildcards):
    """The fetched files of a data set."""
    return [
        f"{DATA}/{wildcards.dataset}/{name}"
        for name in CONFIG.sources[wildcards.dataset].files
    ]


def runs(part, pattern, trained=False):
    """``pattern`` (with dataset, model, seed) for every run of a part that the config asks for.

    With ``trained`` only data sets with a training of their own, lent to others or not.
    """
    section = getattr(CONFIG, part)
    pairs = [(name, model) for name in section.datasets for model in section.models]
    if trained:
        pairs = sorted(
            {
                (CONFIG.trained_on(part, *pair), pair[1])
                for pair in pairs
                if CONFIG.trained_on(part, *pair)
            }
        )
    return [
        path
        for dataset, model in pairs
        for path in expand(pattern, dataset=dataset, model=model, seed=CONFIG.seeds)
    ]


def molecule_runs(pattern, trained=False):
    """The molecule runs; see ``runs``."""
    return runs("molecules", pattern, trained)


def crystal_runs(pattern, trained=False):
    """The crystal runs; see ``runs``."""
    return runs("crystals", pattern, trained)


def potential_runs(pattern):
    """``pattern`` (with dataset, model, seed) for every potential that the config asks for."""
    return expand(
        pattern,
        dataset=POTENTIALS.datasets,
        model=POTENTIALS.models,
        seed=CONFIG.seeds,
    )


def committees(pattern):
    """``pattern`` (with dataset, model) for every committee: where there are several seeds."""
    models = POTENTIALS.models if len(CONFIG.seeds) > 1 else []
    return expand(pattern, dataset=POTENTIALS.datasets, model=models)


def lent_checkpoints():
    """The checkpoints that stand for a training, by part, data set and model."""
    paths = {}
    for part in ("molecules", "crystals"):
        section = getattr(CONFIG, part)
        for pair in itertools.product(section.datasets, section.models):
            if CONFIG.trained_on(part, *pair) is None:
                try:
                    path = find_checkpoint(CONFIG.lender(part, *pair))
                except GroundstateError as error:
                    raise WorkflowError(
                        f"config: {part}.pretrained.{pair[0]}: {error}"
                    ) from None
                # one in the results is used as it is: by its absolute path it is the output of no job
                inside = path.resolve().is_relative_to(os.path.abspath(RESULTS))
                paths[(part, *pair)] = (
                    str(path.resolve()) if inside else os.path.relpath(path)
                )
    return paths


CHECKPOINTS = lent_checkpoints()


def trained_checkpoint(part, run):
    """Input function: the checkpoint of a run: its own, of the data set that it borrows from, or a user's."""

    def path(wildcards):
        teacher = CONFIG.trained_on(part, wildcards.dataset, wildcards.model)
        if teacher:
            return f"{run}/best.ckpt".format(
                dataset=teacher, model=wildcards.model, seed=wildcards.seed
            )
        return CHECKPOINTS[part, wildcards.dataset, wildcards.model]

    return path


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


# the lowest of several conformers, where there are several
BASELINES = ["etkdg", "mmff"] + ["lowest"] * (MOLECULES.embed.num_conformers > 1)


def geometry_baselines(wildcards):
    """RDKit's geometries of the test molecules and, beside a model trained here, those of the shipped weights."""
    folder = f"{RESULTS}/molecules/{wildcards.dataset}"
    paths = [f"{folder}/conformers/{name}.sdf" for name in BASELINES]
    if SHIPPED in MOLECULES.models and wildcards.get("model", SHIPPED) != SHIPPED:
        paths.append(f"{folder}/{SHIPPED}/seed{wildcards.seed}/predicted.sdf")
    return paths


def baseline_options(wildcards, input):
    """The baselines as options of `score geometry`."""
    return [
        f"--baseline={name}={path}"
        for name, path in zip([*BASELINES, SHIPPED], input.baselines)
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


def label_sources():
    """Source files of the stage, and of the potential that the config names."""
    return sources(
        "label_geometry",
        [resolve(MOLECULES.label.method, "molecular potential").partition(":")[0]],
    )


def prepared_from(wildcards):
    """What a data set is prepared from: the fetched files, or the ground states that were found."""
    if wildcards.dataset in MOLECULES.labelled:
        return [rules.label_geometry.output.states.format(dataset=wildcards.dataset)]
    return fetched(wildcards)


def prepared_format(wildcards):
    """The format of ``prepared_from``."""
    if wildcards.dataset in MOLECULES.labelled:
        return "records"
    return CONFIG.sources[wildcards.dataset].format


def training_sets(wildcards):
    """The data sets that a training learns from: its own, or those of the joint training."""
    joint = wildcards.dataset == JOINT
    return CONFIG.joint_sets(wildcards.model) if joint else [wildcards.dataset]


def of_training_sets(output, unless=()):
    """Input function: an output of each data set that a training learns from, ``unless`` of these models."""
    return lambda wildcards: (
        []
        if wildcards.model in unless
        else expand(output, dataset=training_sets(wildcards))
    )


def set_options(wildcards, input):
    """The files of the data sets of a training as options, named where there are several."""
    options = []
    for number, name in enumerate(training_sets(wildcards)):
        options += [f"--convention={name}"] * (wildcards.dataset == JOINT)
        options += [
            f"--{key}={input[key][number] if isinstance(input[key], list) else input[key]}"
            for key in ("records", "splits", "conformers")
            if input.get(key)
        ]
    return options


def convention_option(wildcards):
    """The convention that a prediction chooses of a model of several data sets: that of its own data set."""
    name, model = wildcards.dataset, wildcards.model
    shipped = model == SHIPPED and name in conventions(
        CHECKPOINTS["molecules", name, model]
    )
    joint = CONFIG.trained_on("molecules", name, model) == JOINT
    return [f"--convention={name}"] if joint or shipped else []


def unseen_option(part):
    """An option of `prepare` where shipped weights are scored: on nothing that they may have learned."""
    return "--unseen" if SHIPPED in getattr(CONFIG, part).models else ""


def scored_files(wildcards, scan):
    """The fetched files of a data set that are scored as a scan, or the others, with the parts of the split."""
    files = CONFIG.sources[wildcards.dataset].files
    return {
        f"{DATA}/{wildcards.dataset}/{name}": about.part
        for name, about in files.items()
        if (about.part == "scan") == scan
    }


def scans(wildcards):
    """Input function: the scans of a data set."""
    return list(scored_files(wildcards, scan=True))


def potential_train_settings(wildcards):
    """Params function: the settings of the training, with the products of the run's model."""
    values = POTENTIALS.train.model_dump(mode="json")
    values["network"]["product"] = wildcards.model
    return as_json(values)


def discovery_options(wildcards):
    """What is looked for, and with what, as options of `discover`."""
    asked = CONFIG.discover
    options = [
        f"--{'elements' if '-' in wildcards.query else 'formula'}={wildcards.query}"
    ]
    if "-" in wildcards.query and asked.all_elements:
        options.append("--all-elements")
    for name in ("references", "templates", "structures"):
        options += [f"--{name}={path}" for path in getattr(asked, name)]
    if asked.checkpoint:
        options.append(f"--checkpoint={asked.checkpoint}")
    return [*options, f"--budget={asked.budget}"]


def discovery_files(wildcards):
    """Input function: the files of the user's that a search reads."""
    asked = CONFIG.discover
    return [*asked.references, *asked.templates, *asked.structures]
