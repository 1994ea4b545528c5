from groundstate.crystals.models.settings import model_settings as crystal_settings
from groundstate.molecules.models.settings import model_settings as geometry_settings


# checkpoints of an unfinished training sit in a hidden folder beside the outputs, which Snakemake
# deletes before a job starts: so a job that was killed goes on where it was.
# A profile names the GPUs that share a training, and what starts its processes on several nodes (docs/slurm.md).
rule train_geometry:
    input:
        records=of_training_sets(rules.prepare_molecules.output.records),
        splits=of_training_sets(rules.prepare_molecules.output.splits),
        conformers=of_training_sets(
            rules.embed_conformers.output.conformers, unless=["distogram"]
        ),
        stage=model_stage("train_geometry", "molecules"),
    output:
        best=f"{MOLECULE_RUN}/best.ckpt",
        last=f"{MOLECULE_RUN}/last.ckpt",
        history=report(
            f"{MOLECULE_RUN}/training.csv",
            caption="../report/training.rst",
            category="Molecules",
            labels=RUN_LABELS | {"result": "training"},
        ),
        provenance=f"{MOLECULE_RUN}/provenance.json",
    log:
        "logs/train_geometry/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: MOLECULES.train.training.threads
    resources:
        gpu=0,
        launch="",
    params:
        folder=subpath(output.best, parent=True),
        split=MOLECULES.split,
        sets=set_options,
        model=model_reference("molecules"),
        settings=train_settings("molecules", geometry_settings),
    message:
        told(
            "train_geometry",
            "Train {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}",
        )
    shell:
        "{resources.launch} groundstate train geometry {params.sets:q} "
        "--split {params.split} --model {params.model} "
        "--settings {params.settings:q} --seed {wildcards.seed} "
        "--processes {resources.gpu} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule train_crystals:
    input:
        records=rules.prepare_crystals.output.records,
        splits=rules.prepare_crystals.output.splits,
        stage=model_stage("train_crystals", "crystals"),
    output:
        best=f"{CRYSTAL_RUN}/best.ckpt",
        last=f"{CRYSTAL_RUN}/last.ckpt",
        history=report(
            f"{CRYSTAL_RUN}/training.csv",
            caption="../report/training.rst",
            category="Crystals",
            labels=RUN_LABELS | {"result": "training"},
        ),
        provenance=f"{CRYSTAL_RUN}/provenance.json",
    log:
        "logs/train_crystals/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: CRYSTALS.train.training.threads
    resources:
        gpu=0,
        launch="",
    params:
        folder=subpath(output.best, parent=True),
        model=model_reference("crystals"),
        settings=train_settings("crystals", crystal_settings),
    message:
        told(
            "train_crystals",
            "Train {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}",
        )
    shell:
        "{resources.launch} groundstate train crystals --records {input.records:q} --splits {input.splits:q} "
        "--model {params.model} --settings {params.settings:q} --seed {wildcards.seed} "
        "--processes {resources.gpu} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule all_train_geometry:
    input:
        molecule_runs(rules.train_geometry.output.best, trained=True),


rule all_train_crystals:
    input:
        crystal_runs(rules.train_crystals.output.best, trained=True),
