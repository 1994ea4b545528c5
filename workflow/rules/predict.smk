rule predict_geometry:
    input:
        checkpoint=trained_checkpoint("molecules", MOLECULE_RUN),
        records=rules.prepare_molecules.output.records,
        splits=rules.prepare_molecules.output.splits,
        conformers=rules.embed_conformers.output.conformers,
        stage=model_stage("predict_geometry", "molecules"),
    output:
        predicted=f"{MOLECULE_RUN}/predicted.sdf",
        rejected=f"{MOLECULE_RUN}/predicted.rejected.csv",
    log:
        "logs/predict_geometry/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        split=MOLECULES.split,
        subset=subset,
        model=model_option("molecules"),
        convention=convention_option,
    message:
        told(
            "predict_geometry",
            "Predict geometries of {wildcards.dataset} with {wildcards.model}, seed {wildcards.seed}",
        )
    shell:
        "groundstate predict geometry --input {input.records:q} --splits {input.splits:q} --split {params.split} "
        "--part test {params.subset} --conformers {input.conformers:q} --checkpoint {input.checkpoint:q} {params.model:q} {params.convention:q} "
        "--output {output.predicted:q} 2>&1 | tee {log:q}"


rule all_predict_geometry:
    input:
        molecule_runs(rules.predict_geometry.output.predicted),
