rule generate_crystals:
    input:
        checkpoint=rules.train_crystals.output.best,
        stage=stage("generate_crystals"),
    output:
        structures=f"{CRYSTAL_RUN}/generated.extxyz",
        cifs=directory(f"{CRYSTAL_RUN}/cifs"),
    log:
        "logs/generate_crystals/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        settings=CRYSTALS.generate,
    message:
        "Generate crystals with {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "groundstate generate crystals --checkpoint {input.checkpoint:q} --num {params.settings.num} "
        "--batch-size {params.settings.batch_size} --seed {wildcards.seed} --output {output.structures:q} "
        "--cif-dir {output.cifs:q} 2>&1 | tee {log:q}"


rule all_generate_crystals:
    input:
        crystal_runs(rules.generate_crystals.output.structures),
