rule prepare_potential:
    input:
        files=lambda wildcards: list(scored_files(wildcards, scan=False)),
        stage=stage("prepare_potential"),
    output:
        records=f"{RESULTS}/potentials/{{dataset}}/prepared/records.parquet",
        splits=f"{RESULTS}/potentials/{{dataset}}/prepared/splits.csv",
        rejected=f"{RESULTS}/potentials/{{dataset}}/prepared/rejected.csv",
    log:
        "logs/prepare_potential/{dataset}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.records, parent=True),
        inputs=lambda wildcards, input: [f"--input={path}" for path in input.files],
        parts=lambda wildcards: [
            f"--part={part}"
            for part in scored_files(wildcards, scan=False).values()
            if part
        ],
        settings=settings(POTENTIALS.prepare),
    message:
        "Prepare energies and forces of {wildcards.dataset}"
    shell:
        "groundstate prepare potential {params.inputs:q} {params.parts:q} --settings {params.settings:q} "
        "--output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule train_potential:
    input:
        records=rules.prepare_potential.output.records,
        splits=rules.prepare_potential.output.splits,
        stage=stage("train_potential"),
    output:
        best=f"{POTENTIAL_RUN}/best.ckpt",
        last=f"{POTENTIAL_RUN}/last.ckpt",
        history=report(
            f"{POTENTIAL_RUN}/training.csv",
            caption="../report/training.rst",
            category="Potentials",
            labels=RUN_LABELS | {"result": "training"},
        ),
        provenance=f"{POTENTIAL_RUN}/provenance.json",
    log:
        "logs/train_potential/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: POTENTIALS.train.training.threads
    resources:
        gpu=0,
        launch="",
    params:
        folder=subpath(output.best, parent=True),
        settings=potential_train_settings,
    message:
        "Train a potential with {wildcards.model} products on {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "{resources.launch} groundstate train potential --data {input.records:q} --splits {input.splits:q} "
        "--settings {params.settings:q} --seed {wildcards.seed} "
        "--processes {resources.gpu} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule score_potential:
    input:
        checkpoint=rules.train_potential.output.best,
        records=rules.prepare_potential.output.records,
        splits=rules.prepare_potential.output.splits,
        scans=scans,
        stage=stage("score_potential"),
    output:
        summary=f"{POTENTIAL_RUN}/errors/summary.json",
        structures=report(
            f"{POTENTIAL_RUN}/errors/structures.csv",
            caption="../report/potential.rst",
            category="Potentials",
            labels=RUN_LABELS | {"result": "errors"},
        ),
        atoms=f"{POTENTIAL_RUN}/errors/atoms.parquet",
        scans=f"{POTENTIAL_RUN}/errors/scans.csv",
        rejected=f"{POTENTIAL_RUN}/errors/rejected.csv",
    log:
        "logs/score_potential/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        scans=lambda wildcards, input: [f"--scan={path}" for path in input.scans],
    message:
        "Score the potential of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "groundstate score potential --checkpoint {input.checkpoint:q} --data {input.records:q} "
        "--splits {input.splits:q} {params.scans:q} --output {params.folder:q} 2>&1 | tee {log:q}"


# the mean of all seeds, beside what each seed gives
rule score_committee:
    input:
        checkpoints=lambda wildcards: expand(
            rules.train_potential.output.best, seed=CONFIG.seeds, **wildcards
        ),
        records=rules.prepare_potential.output.records,
        splits=rules.prepare_potential.output.splits,
        scans=scans,
        stage=stage("score_potential"),
    output:
        summary=f"{COMMITTEE}/errors/summary.json",
        structures=f"{COMMITTEE}/errors/structures.csv",
        atoms=f"{COMMITTEE}/errors/atoms.parquet",
        scans=f"{COMMITTEE}/errors/scans.csv",
        rejected=f"{COMMITTEE}/errors/rejected.csv",
    log:
        "logs/score_committee/{dataset}/{model}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        checkpoints=lambda wildcards, input: [
            f"--checkpoint={path}" for path in input.checkpoints
        ],
        scans=lambda wildcards, input: [f"--scan={path}" for path in input.scans],
    message:
        "Score the committee of {wildcards.dataset}, {wildcards.model}"
    shell:
        "groundstate score potential {params.checkpoints:q} --data {input.records:q} "
        "--splits {input.splits:q} {params.scans:q} --output {params.folder:q} 2>&1 | tee {log:q}"


rule all_prepare_potential:
    input:
        expand(rules.prepare_potential.output.records, dataset=POTENTIALS.datasets),


rule all_train_potential:
    input:
        potential_runs(rules.train_potential.output.best),


rule all_score_potential:
    input:
        potential_runs(rules.score_potential.output.summary),
        committees(rules.score_committee.output.summary),
