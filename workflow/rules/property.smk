# What is a geometry worth? A network learns a property from each kind of geometry of the same molecules.
rule train_property:
    input:
        records=rules.prepare_molecules.output.records,
        splits=rules.prepare_molecules.output.splits,
        geometry=property_geometry,
        stage=stage("train_property"),
    output:
        best=f"{PROPERTY_RUN}/best.ckpt",
        history=f"{PROPERTY_RUN}/training.csv",
        provenance=f"{PROPERTY_RUN}/provenance.json",
        predictions=f"{PROPERTY_RUN}/predictions.csv",
    log:
        "logs/train_property/{dataset}/{network}-{geometry}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: MOLECULES.property.train.training.threads
    params:
        folder=subpath(output.best, parent=True),
        geometry=lambda wildcards, input: input.geometry or wildcards.geometry,
        settings=settings(MOLECULES.property.train),
    message:
        "Learn a property of {wildcards.dataset} by {wildcards.network} from {wildcards.geometry}, seed {wildcards.seed}"
    shell:
        "groundstate train property --records {input.records:q} --splits {input.splits:q} "
        "--geometry {params.geometry:q} --network {wildcards.network} --settings {params.settings:q} "
        "--seed {wildcards.seed} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule score_property:
    input:
        predictions=lambda wildcards: [
            rules.train_property.output.predictions.format(
                network=network, geometry=geometry, **wildcards
            )
            for network, geometry in PROPERTY_ROWS
        ],
        stage=stage("score_property"),
    output:
        summary=f"{RESULTS}/molecules/{{dataset}}/property/seed{{seed}}/summary.json",
        table=f"{RESULTS}/molecules/{{dataset}}/property/seed{{seed}}/table.csv",
    log:
        "logs/score_property/{dataset}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        rows=lambda wildcards, input: [
            f"--row={network}-{geometry}={path}"
            for (network, geometry), path in zip(PROPERTY_ROWS, input.predictions)
        ],
    message:
        "Table of the property experiment on {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "groundstate score property {params.rows:q} --output {params.folder:q} 2>&1 | tee {log:q}"


rule all_property:
    input:
        property_tables(),
