# each search is a folder; its parts (`shards`) fill the cache with short relaxations and those of their best
DISCOVERY = f"{RESULTS}/discovery/{{query}}"


rule discover_part:
    input:
        files=discovery_files,
        stage=stage("discover"),
    output:
        f"{DISCOVERY}/shards/{{part}}.json",
    log:
        "logs/discover_part/{query}/{part}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: max(1, CONFIG.discover.judge.stability.workers)
    params:
        folder=lambda wildcards: DISCOVERY.format(query=wildcards.query),
        options=discovery_options,
        parts=CONFIG.shards,
        settings=settings(CONFIG.discover.judge),
        cache=f"{RESULTS}/cache",
        seed=CONFIG.seeds[0],
    message:
        "Relax part {wildcards.part} of the proposals for {wildcards.query}"
    shell:
        "groundstate discover {params.options:q} --shard {wildcards.part}/{params.parts} --seed {params.seed} "
        "--settings {params.settings:q} --cache {params.cache:q} --output-dir {params.folder:q} "
        "2>&1 | tee {log:q}"


rule discover:
    input:
        parts=shards(rules.discover_part.output, CONFIG.shards),
        files=discovery_files,
        stage=stage("discover"),
    output:
        crystals=f"{DISCOVERY}/crystals.csv",
        relaxed=f"{DISCOVERY}/relaxed.extxyz",
        rejected=f"{DISCOVERY}/rejected.csv",
        summary=f"{DISCOVERY}/summary.json",
        page=report(
            f"{DISCOVERY}/discovery.html",
            caption="../report/discovery.rst",
            category="Discovery",
            labels={"search": "{query}"},
        ),
    log:
        "logs/discover/{query}.log",
    conda:
        "../../envs/groundstate.yaml"
    threads: max(1, CONFIG.discover.judge.stability.workers)
    params:
        folder=subpath(output.crystals, parent=True),
        options=discovery_options,
        settings=settings(CONFIG.discover.judge),
        cache=f"{RESULTS}/cache",
        seed=CONFIG.seeds[0],
    message:
        told("discover", "Discover crystals of {wildcards.query}")
    shell:
        "groundstate discover {params.options:q} --seed {params.seed} --settings {params.settings:q} "
        "--cache {params.cache:q} --output-dir {params.folder:q} 2>&1 | tee {log:q}"


rule all_discover:
    input:
        expand(rules.discover.output.page, query=CONFIG.discover.wanted),
