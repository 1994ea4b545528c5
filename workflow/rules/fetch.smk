# no source files among the inputs: what is fetched is known by its checksum, not by the code that fetched it
rule fetch:
    input:
        local_files,
    output:
        f"{DATA}/{{dataset}}/{{file}}",
    log:
        "logs/fetch/{dataset}/{file}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        kind=lambda wildcards: CONFIG.sources[wildcards.dataset].kind,
        location=lambda wildcards: source_file(wildcards).location,
        checksum=lambda wildcards: [
            f"--checksum={c}" for c in [source_file(wildcards).checksum] if c
        ],
        settings=settings(CONFIG.fetch),
    message:
        told("fetch", "Fetch {wildcards.file} of {wildcards.dataset}")
    shell:
        "groundstate fetch --kind {params.kind} --location {params.location:q} {params.checksum:q} "
        "--settings {params.settings:q} --output {output:q} 2>&1 | tee {log:q}"


rule all_fetch:
    input:
        [
            f"{DATA}/{dataset}/{file}"
            for dataset in [
                *MOLECULES.datasets,
                *CRYSTALS.datasets,
                *POTENTIALS.datasets,
            ]
            for file in CONFIG.sources[dataset].files
        ],
