rule report:
    input:
        molecule_runs(rules.score_geometry.output.summary),
        molecule_runs(rules.train_geometry.output.history, trained=True),
        crystal_runs(rules.score_validity.output.summary),
        crystal_runs(rules.score_stability.output.summary),
        crystal_runs(rules.train_crystals.output.history),
        stage=stage("report"),
    output:
        report(
            f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"
        ),
    log:
        "logs/report.log",
    conda:
        "../../envs/groundstate.yaml"
    params:
        molecules=[f"--molecules={folder}" for folder in molecule_runs(MOLECULE_RUN)],
        crystals=[f"--crystals={folder}" for folder in crystal_runs(CRYSTAL_RUN)],
    message:
        "Write the report"
    shell:
        "groundstate report {params.molecules:q} {params.crystals:q} --output {output:q} 2>&1 | tee {log:q}"


rule all_report:
    input:
        rules.report.output,
