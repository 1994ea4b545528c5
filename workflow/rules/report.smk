rule report:
    input:
        # every file that is read, so that an edited one is shown
        molecule_runs(rules.prepare_molecules.output.test),
        molecule_runs(rules.prepare_molecules.output.rejected),
        molecule_runs(rules.embed_conformers.output.mmff),
        molecule_runs(rules.embed_conformers.output.rejected),
        molecule_runs(rules.train_geometry.output.history, trained=True),
        molecule_runs(rules.train_geometry.output.provenance, trained=True),
        molecule_runs(rules.predict_geometry.output),
        molecule_runs(rules.score_geometry.output),
        property_tables(),
        crystal_runs(rules.prepare_crystals.output.records),
        crystal_runs(rules.prepare_crystals.output.rejected),
        crystal_runs(rules.train_crystals.output.history, trained=True),
        crystal_runs(rules.train_crystals.output.provenance, trained=True),
        crystal_runs(rules.generate_crystals.output.structures),
        crystal_runs(rules.score_validity.output),
        crystal_runs(rules.score_crystals.output),
        crystal_runs(rules.score_stability.output),
        potential_runs(rules.prepare_potential.output.rejected),
        potential_runs(rules.train_potential.output.history),
        potential_runs(rules.train_potential.output.provenance),
        potential_runs(rules.score_potential.output),
        committees(rules.score_committee.output),
        rules.all_discover.input,
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
        potentials=[
            f"--potentials={folder}"
            for folder in potential_runs(POTENTIAL_RUN) + committees(COMMITTEE)
        ],
        discoveries=[
            f"--discoveries={DISCOVERY.format(query=query)}"
            for query in CONFIG.discover.wanted
        ],
    message:
        told("report", "Write the report")
    shell:
        "groundstate report {params.molecules:q} {params.crystals:q} {params.potentials:q} "
        "{params.discoveries:q} --output {output:q} 2>&1 | tee {log:q}"


rule all_report:
    input:
        rules.report.output,
