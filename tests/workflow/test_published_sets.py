"""Carbon-24 and MPTS-52 by configuration alone: their formats over HTTP, from fetch to report."""

import functools
import hashlib
import http.server
import json
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from pymatgen.core import Lattice, Structure

from groundstate.config_reading import read_config
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.prepare import prepare
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.structures import to_structure
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split
from groundstate.sources.checksums import Checksum
from groundstate.sources.url import download
from pipeline import ROOT, copy_project, snakemake

PARTS = {"train.csv": 20, "val.csv": 5, "test.csv": 5}


def carbons() -> list[tuple[str, Structure]]:
    """Thirty strained cells of 6 to 24 atoms of diamond, lonsdaleite and graphite."""
    hexagonal, flat = Lattice.hexagonal, [[0, 0, 0.25], [1 / 3, 2 / 3, 0.25]]
    known = [
        ("Fd-3m", Lattice.cubic(3.57), [[0, 0, 0]], (1, 1, 1)),
        ("P6_3/mmc", hexagonal(2.51, 4.12), [[1 / 3, 2 / 3, 0.062]], (2, 1, 1)),
        ("P6_3/mmc", hexagonal(2.46, 6.7), flat, (3, 1, 2)),
    ]
    crystals = [
        Structure.from_spacegroup(group, lattice, ["C"] * len(sites), sites) * cells
        for group, lattice, sites, cells in known
    ]
    found = []
    for index in range(30):
        strained = crystals[index % 3].copy()
        strained.apply_strain(np.random.default_rng(index).uniform(-0.03, 0.03, 3))
        found.append((f"C-{index}", strained))
    assert {len(structure) for _, structure in found} <= set(range(6, 25))
    return found


def materials() -> list[tuple[str, Structure]]:
    """Thirty Materials Project crystals, the largest among them."""
    rows = read_flla(ROOT / "tests/data/flla_rows.tar.gz")
    found = sorted((row for row in rows if isinstance(row, Crystal)), key=lambda row: len(row.atomic_numbers))
    return [(crystal.id, to_structure(crystal)) for crystal in [*found[:28], *found[-2:]]]


def write_published(folder: Path) -> None:
    """Thirty rows of each data set in the columns and the CIF dialect of the published files."""
    sets = {"carbon_24": carbons(), "mpts_52": materials()}
    for name, crystals in sets.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = pd.DataFrame(
                {"material_id": [one for one, _ in crystals], "cif": [s.to(fmt="cif") for _, s in crystals]}
            )
        if name == "carbon_24":
            table["energy_per_atom"] = -154.5 + np.arange(30) / 1000
        else:
            table["theoretical"] = False
            table["energy_above_hull"] = 0.0
            table["formation_energy_per_atom"] = -1.0 - np.arange(30) / 100
            table["year"] = 1990 + np.arange(30)
        start = 0
        for file, rows in PARTS.items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            table[start : start + rows].to_csv(path, index=name == "carbon_24")
            start += rows


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """Configuration that takes the two data sets from a server on this machine."""
    folder = tmp_path_factory.mktemp("published")
    write_published(folder)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    table = yaml.safe_load((ROOT / "config/sources.yaml").read_text())["sources"]
    sources = {name: table[name] for name in ("carbon_24", "mpts_52")}
    for name, source in sources.items():
        for file, about in source["files"].items():
            content = (folder / name / file).read_bytes()
            about["location"] = f"http://127.0.0.1:{server.server_port}/{name}/{file}"
            about["checksum"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with server:
        yield {
            "sources": sources,
            "crystals": {
                "datasets": list(sources),
                "prepare": {"max_atoms": 52, "max_atoms_per_element": 52},
            },
        }
        server.shutdown()


def test_both_formats_are_fetched_and_prepared_with_their_splits(served: dict, tmp_path: Path) -> None:
    config = read_config({**served, "molecules": {"datasets": []}})
    for name in served["sources"]:
        source, paths = config.sources[name], []
        for file, about in source.files.items():
            paths.append(tmp_path / name / file)
            download(about.location, paths[-1], Checksum.parse(about.checksum), config.fetch)
        folder = tmp_path / name / "prepared"
        parts = [about.part for about in source.files.values()]
        prepare(paths, source.format, config.crystals.prepare, folder, parts)
        rows = read_records(folder / "records.parquet", CRYSTAL_SCHEMA)
        assert len(rows) == 30
        sizes = [len(read_split(folder / "splits.csv", "random", p)) for p in ("train", "validation", "test")]
        assert sizes == list(PARTS.values())
        assert max(len(row["atomic_numbers"]) for row in rows) > 20
        known = "energy_per_atom" if name == "carbon_24" else "formation_energy_per_atom"
        assert all(known in row["properties"] for row in rows)


@pytest.mark.slow
def test_both_go_from_fetch_to_report_by_configuration_alone(served: dict, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    values = yaml.safe_load((project / "config/test.yaml").read_text())
    values["sources"] = served["sources"]
    values["molecules"]["datasets"] = []
    values["crystals"] |= served["crystals"]
    (project / "published.yaml").write_text(yaml.safe_dump(values))
    snakemake(project, "--cores", "2", config="published.yaml")
    results = project / "results/test"
    report = (results / "report.html").read_text()
    for name in served["sources"]:
        assert name in report
        run = results / f"crystals/{name}/unimat-compact/seed0"
        summary = json.loads((run / "coverage/summary.json").read_text())
        assert (summary["n"], summary["reference"]) == (8, 5)
        assert {"halves", "replay", "random_composition"} <= set(summary["baselines"])
        assert json.loads((run / "stability/summary.json").read_text())["n"] == 8
