rule generate_crystals:
    input:
        checkpoint=trained_checkpoint("crystals", CRYSTAL_RUN),
        stage=model_stage("generate_crystals", "crystals"),
    output:
        structures=f"{CRYSTAL_RUN}/generated.extxyz",
        cifs=directory(f"{CRYSTAL_RUN}/cifs"),
    log:
        "logs/generate_crystals/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        num=CRYSTALS.generate.num,
        batch_size=CRYSTALS.generate.batch_size,
        model=model_option("crystals"),
    message:
        told(
            "generate_crystals",
            "Generate crystals with {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}",
        )
    shell:
        "groundstate generate crystals --checkpoint {input.checkpoint:q} {params.model:q} --num {params.num} "
        "--batch-size {params.batch_size} --seed {wildcards.seed} --output {output.structures:q} "
        "--cif-dir {output.cifs:q} 2>&1 | tee {log:q}"


rule all_generate_crystals:
    input:
        crystal_runs(rules.generate_crystals.output.structures),
