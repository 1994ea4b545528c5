# ground states of data sets that have none (`molecules.labelled`); what is finished lies in a hidden folder beside
# the output, so a killed job goes on where it was, and the parts of an array (`shards`) fill the same folder
LABELLED = f"{RESULTS}/molecules/{{dataset}}/labelled"


rule label_part:
    input:
        files=fetched,
        stage=label_sources(),
    output:
        f"{LABELLED}/shards/{{part}}.json",
    log:
        "logs/label_part/{dataset}/{part}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: WORKERS
    params:
        folder=lambda wildcards: LABELLED.format(dataset=wildcards.dataset),
        inputs=lambda wildcards, input: [f"--input={path}" for path in input.files],
        format=lambda wildcards: CONFIG.sources[wildcards.dataset].format,
        parts=CONFIG.shards,
        settings=settings(MOLECULES.label),
    message:
        "Find part {wildcards.part} of the ground states of {wildcards.dataset}"
    shell:
        "groundstate label geometry {params.inputs:q} --format {params.format} --settings {params.settings:q} "
        "--shard {wildcards.part}/{params.parts} --workers {threads} --output-dir {params.folder:q} "
        "2>&1 | tee {log:q}"


rule label_geometry:
    input:
        parts=shards(rules.label_part.output, CONFIG.shards),
        files=fetched,
        stage=label_sources(),
    output:
        states=f"{LABELLED}/ground_states.parquet",
        sdf=f"{LABELLED}/ground_states.sdf",
        minima=f"{LABELLED}/minima.parquet",
        rejected=f"{LABELLED}/rejected.csv",
        summary=f"{LABELLED}/summary.json",
    log:
        "logs/label_geometry/{dataset}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: WORKERS
    params:
        folder=subpath(output.states, parent=True),
        inputs=lambda wildcards, input: [f"--input={path}" for path in input.files],
        format=lambda wildcards: CONFIG.sources[wildcards.dataset].format,
        settings=settings(MOLECULES.label),
    message:
        "Find the ground states of {wildcards.dataset}"
    shell:
        "groundstate label geometry {params.inputs:q} --format {params.format} --settings {params.settings:q} "
        "--workers {threads} --output-dir {params.folder:q} 2>&1 | tee {log:q}"
