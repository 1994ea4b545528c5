rule score_geometry:
    input:
        predicted=rules.predict_geometry.output.predicted,
        reference=rules.prepare_molecules.output.test,
        baselines=geometry_baselines,
        stage=stage("score_geometry", metrics="molecules"),
    output:
        summary=f"{MOLECULE_RUN}/geometry/summary.json",
        molecules=report(
            f"{MOLECULE_RUN}/geometry/molecules.csv",
            caption="../report/geometry.rst",
            category="Molecules",
            labels=RUN_LABELS | {"result": "geometry"},
        ),
        etkdg=f"{MOLECULE_RUN}/geometry/molecules_etkdg.csv",
        mmff=f"{MOLECULE_RUN}/geometry/molecules_mmff.csv",
    log:
        "logs/score_geometry/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        baselines=baseline_options,
        metrics=metric_options("molecules"),
        subset=subset,
    message:
        told(
            "score_geometry",
            "Score geometries of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}",
        )
    shell:
        "groundstate score geometry --predicted {input.predicted:q} --reference {input.reference:q} "
        "{params.baselines:q} {params.metrics:q} {params.subset} "
        "--output {params.folder:q} 2>&1 | tee {log:q}"


# all models of a data set in one table, on a fixed few of the test molecules, with the checks that are slow
rule score_extensive:
    input:
        predicted=lambda wildcards: [
            rules.predict_geometry.output.predicted.format(model=model, **wildcards)
            for model in MOLECULES.models
        ],
        reference=rules.prepare_molecules.output.test,
        baselines=geometry_baselines,
        stage=stage("score_geometry", metrics="molecules"),
    output:
        summary=f"{RESULTS}/molecules/{{dataset}}/extensive/seed{{seed}}/summary.json",
        molecules=f"{RESULTS}/molecules/{{dataset}}/extensive/seed{{seed}}/molecules.csv",
    log:
        "logs/score_extensive/{dataset}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        baselines=lambda wildcards, input: baseline_options(wildcards, input)
        + [
            f"--baseline={model}={path}"
            for model, path in zip(MOLECULES.models[1:], input.predicted[1:])
        ],
        metrics=metric_options("molecules"),
        name=MOLECULES.models[0] if MOLECULES.models else "",
        subset=MOLECULES.extensive,
    message:
        "Slow checks of the geometries of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "groundstate score geometry --predicted {input.predicted[0]:q} --reference {input.reference:q} "
        "--name {params.name} {params.baselines:q} {params.metrics:q} --subset {params.subset} --extensive "
        "--output {params.folder:q} 2>&1 | tee {log:q}"


rule score_validity:
    input:
        structures=rules.generate_crystals.output.structures,
        records=rules.prepare_crystals.output.records,
        stage=stage("score_validity", metrics="crystals"),
    output:
        summary=f"{CRYSTAL_RUN}/validity/summary.json",
        crystals=report(
            f"{CRYSTAL_RUN}/validity/crystals.csv",
            caption="../report/validity.rst",
            category="Crystals",
            labels=RUN_LABELS | {"result": "validity"},
        ),
    log:
        "logs/score_validity/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        folder=subpath(output.summary, parent=True),
        oxidation_list=CRYSTALS.oxidation_list,
        metrics=metric_options("crystals"),
    message:
        told(
            "score_validity",
            "Score validity of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}",
        )
    shell:
        "groundstate score validity --structures {input.structures:q} --baseline data={input.records:q} "
        "--oxidation-list {params.oxidation_list} {params.metrics:q} "
        "--output {params.folder:q} 2>&1 | tee {log:q}"


rule score_crystals:
    input:
        structures=rules.generate_crystals.output.structures,
        records=rules.prepare_crystals.output.records,
        splits=rules.prepare_crystals.output.splits,
        stage=stage("score_crystals", metrics="crystals"),
    output:
        summary=f"{CRYSTAL_RUN}/coverage/summary.json",
        crystals=f"{CRYSTAL_RUN}/coverage/crystals.csv",
        rejected=f"{CRYSTAL_RUN}/coverage/rejected.csv",
    log:
        "logs/score_crystals/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: min(4, WORKERS)
    params:
        folder=subpath(output.summary, parent=True),
        oxidation_list=CRYSTALS.oxidation_list,
        metrics=metric_options("crystals"),
        settings=settings(CRYSTALS.score),
        cache=f"{RESULTS}/cache/.fingerprints",
    message:
        told(
            "score_crystals",
            "Score coverage of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}",
        )
    shell:
        "groundstate score crystals --structures {input.structures:q} --reference {input.records:q} "
        "--train {input.records:q} --splits {input.splits:q} --oxidation-list {params.oxidation_list} "
        "--settings {params.settings:q} {params.metrics:q} --cache {params.cache:q} --workers {threads} "
        "--output {params.folder:q} 2>&1 | tee {log:q}"


# crystals are dealt out to the parts by number, so there are no more parts than crystals to relax
STABILITY_SHARDS = min(CONFIG.shards, CRYSTALS.stability.max_crystals or CONFIG.shards)


rule relax_part:
    input:
        structures=rules.generate_crystals.output.structures,
        records=rules.prepare_crystals.output.records,
        stage=stage("score_stability"),
    output:
        f"{CRYSTAL_RUN}/stability/shards/{{part}}.json",
    log:
        "logs/relax_part/{dataset}/{model}/seed{seed}/{part}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: max(1, CRYSTALS.stability.workers)
    params:
        folder=lambda wildcards: expand(f"{CRYSTAL_RUN}/stability", **wildcards)[0],
        parts=STABILITY_SHARDS,
        settings=settings(CRYSTALS.stability),
        cache=f"{RESULTS}/cache",
    message:
        "Relax part {wildcards.part} of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "groundstate score stability --structures {input.structures:q} --reference {input.records:q} "
        "--shard {wildcards.part}/{params.parts} --settings {params.settings:q} --cache {params.cache:q} "
        "--output {params.folder:q} 2>&1 | tee {log:q}"


rule score_stability:
    input:
        parts=shards(rules.relax_part.output, STABILITY_SHARDS),
        structures=rules.generate_crystals.output.structures,
        records=rules.prepare_crystals.output.records,
        splits=rules.prepare_crystals.output.splits,
        stage=stage("score_stability"),
    output:
        summary=f"{CRYSTAL_RUN}/stability/summary.json",
        crystals=report(
            f"{CRYSTAL_RUN}/stability/crystals.csv",
            caption="../report/stability.rst",
            category="Crystals",
            labels=RUN_LABELS | {"result": "stability"},
        ),
        table=f"{CRYSTAL_RUN}/stability/crystals.parquet",
        relaxed=f"{CRYSTAL_RUN}/stability/relaxed.extxyz",
        phases=f"{CRYSTAL_RUN}/stability/reference_phases.csv",
        rejected=f"{CRYSTAL_RUN}/stability/rejected.csv",
    log:
        "logs/score_stability/{dataset}/{model}/seed{seed}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: max(1, CRYSTALS.stability.workers)
    params:
        folder=subpath(output.summary, parent=True),
        settings=settings(CRYSTALS.stability),
        cache=f"{RESULTS}/cache",
    message:
        told(
            "score_stability",
            "Relax and score stability of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}",
        )
    shell:
        "groundstate score stability --structures {input.structures:q} --reference {input.records:q} "
        "--train {input.records:q} --splits {input.splits:q} --settings {params.settings:q} "
        "--cache {params.cache:q} --output {params.folder:q} 2>&1 | tee {log:q}"


rule all_score_geometry:
    input:
        molecule_runs(rules.score_geometry.output.summary),


rule all_score_extensive:
    input:
        expand(
            rules.score_extensive.output.summary,
            dataset=MOLECULES.datasets,
            seed=CONFIG.seeds,
        ),


rule all_score_validity:
    input:
        crystal_runs(rules.score_validity.output.summary),


rule all_score_crystals:
    input:
        crystal_runs(rules.score_crystals.output.summary),


rule all_score_stability:
    input:
        crystal_runs(rules.score_stability.output.summary),
