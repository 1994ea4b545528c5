rule prepare_molecules:
    input:
        files=prepared_from,
        stage=stage("prepare_molecules"),
    output:
        records=f"{RESULTS}/molecules/{{dataset}}/prepared/records.parquet",
        splits=f"{RESULTS}/molecules/{{dataset}}/prepared/splits.csv",
        rejected=f"{RESULTS}/molecules/{{dataset}}/prepared/rejected.csv",
        summary=f"{RESULTS}/molecules/{{dataset}}/prepared/summary.json",
        test=f"{RESULTS}/molecules/{{dataset}}/prepared/test.sdf",
    log:
        "logs/prepare_molecules/{dataset}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.records, parent=True),
        inputs=lambda wildcards, input: [f"--input={path}" for path in input.files],
        format=prepared_format,
        split=MOLECULES.split,
        unseen=unseen_option("molecules"),
        settings=molecules_to_prepare,
    message:
        told("prepare_molecules", "Prepare molecules of {wildcards.dataset}")
    shell:
        "groundstate prepare molecules {params.inputs:q} --format {params.format} --split {params.split} "
        "{params.unseen} --settings {params.settings:q} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule prepare_crystals:
    input:
        files=fetched,
        stage=stage("prepare_crystals"),
    output:
        records=f"{RESULTS}/crystals/{{dataset}}/prepared/records.parquet",
        splits=f"{RESULTS}/crystals/{{dataset}}/prepared/splits.csv",
        rejected=f"{RESULTS}/crystals/{{dataset}}/prepared/rejected.csv",
        summary=f"{RESULTS}/crystals/{{dataset}}/prepared/summary.json",
    log:
        "logs/prepare_crystals/{dataset}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.records, parent=True),
        inputs=lambda wildcards, input: [f"--input={path}" for path in input.files],
        format=lambda wildcards: CONFIG.sources[wildcards.dataset].format,
        parts=lambda wildcards: [
            f"--part={file.part}"
            for file in CONFIG.sources[wildcards.dataset].files.values()
            if file.part
        ],
        unseen=unseen_option("crystals"),
        settings=settings(CRYSTALS.prepare),
    message:
        told("prepare_crystals", "Prepare crystals of {wildcards.dataset}")
    shell:
        "groundstate prepare crystals {params.inputs:q} --format {params.format} {params.parts:q} "
        "{params.unseen} --settings {params.settings:q} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule embed_part:
    input:
        records=rules.prepare_molecules.output.records,
        splits=rules.prepare_molecules.output.splits,
        stage=stage("embed_conformers"),
    output:
        f"{RESULTS}/molecules/{{dataset}}/conformers/shards/{{part}}.json",
    log:
        "logs/embed_part/{dataset}/{part}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: WORKERS
    params:
        folder=lambda wildcards: f"{RESULTS}/molecules/{wildcards.dataset}/conformers",
        parts=CONFIG.shards,
        settings=settings(MOLECULES.embed),
    message:
        "Embed part {wildcards.part} of the conformers of {wildcards.dataset}"
    shell:
        "groundstate embed conformers --records {input.records:q} --splits {input.splits:q} "
        "--shard {wildcards.part}/{params.parts} --settings {params.settings:q} --workers {threads} "
        "--output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule embed_conformers:
    input:
        parts=shards(rules.embed_part.output, CONFIG.shards),
        records=rules.prepare_molecules.output.records,
        splits=rules.prepare_molecules.output.splits,
        stage=stage("embed_conformers"),
    output:
        conformers=f"{RESULTS}/molecules/{{dataset}}/conformers/conformers.parquet",
        rejected=f"{RESULTS}/molecules/{{dataset}}/conformers/rejected.csv",
        etkdg=f"{RESULTS}/molecules/{{dataset}}/conformers/etkdg.sdf",
        mmff=f"{RESULTS}/molecules/{{dataset}}/conformers/mmff.sdf",
        lowest=f"{RESULTS}/molecules/{{dataset}}/conformers/lowest.sdf",
    log:
        "logs/embed_conformers/{dataset}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: WORKERS
    params:
        folder=subpath(output.conformers, parent=True),
        split=MOLECULES.split,
        settings=settings(MOLECULES.embed),
    message:
        told("embed_conformers", "Embed conformers of {wildcards.dataset}")
    shell:
        "groundstate embed conformers --records {input.records:q} --splits {input.splits:q} "
        "--split {params.split} --settings {params.settings:q} --workers {threads} "
        "--output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule all_prepare_molecules:
    input:
        expand(rules.prepare_molecules.output.records, dataset=MOLECULES.datasets),


rule all_prepare_crystals:
    input:
        expand(rules.prepare_crystals.output.records, dataset=CRYSTALS.datasets),


rule all_embed_conformers:
    input:
        expand(rules.embed_conformers.output.conformers, dataset=MOLECULES.datasets),
