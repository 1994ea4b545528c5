"""Write test molecules that the shipped weights have not learned, with conformers, for `shipped_weights.py`.

`python benchmarks/shipped_tests.py --data FOLDER --output FOLDER`: the first has the wheels of qm9pack and
molsets and the two SDF files of `config/weights.yaml`. The splits of that config and of
`config/distogram_weights.yaml` are drawn again; their training and validation molecules, of all four sets and
by InChI, are left out everywhere. What remains: of QM9 the
test part of `config/qm9_benchmark.yaml`; of CASCADE and Molecule3D everything else in their files; of MOSES
its published test part. Of each those with the smallest hashes (`groundstate.subset`).
"""

import argparse
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from rdkit import RDLogger

from groundstate.ground_states.inputs import read_graphs
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.subset import fixed_subset

CONFIGS = Path(__file__).parents[1] / "config"
SETS = {  # format, file, how many
    "qm9": ("qm9pack", "qm9pack-1.0.3-py3-none-any.whl", 2400),
    "cascade": ("sdf", "cascade_m062x_train.sdf.gz", 600),
    "molecule3d": ("sdf", "molecule3d_random_train_chon20.sdf.gz", 600),
}
MOSES, MOSES_NUMBER = "molsets-0.3.1-py3-none-any.whl", 300


def prepared(format: str, file: Path, settings: dict, parts: tuple[str, ...]) -> dict[str, dict]:
    """Records of some parts of the random split, by id."""
    with tempfile.TemporaryDirectory() as folder:
        prepare_molecules(lambda: read_entries(format, [file]), PrepareMolecules(**settings), folder)
        records = read_records(Path(folder) / "records.parquet", MOLECULE_SCHEMA)
        chosen = {name for part in parts for name in read_split(Path(folder) / "splits.csv", "random", part)}
    return {record["id"]: record for record in records if record["id"] in chosen}


def learned_of(data: Path, configs: list[dict]) -> tuple[set[str], set[str]]:
    """InChIs of training and validation molecules of all sets, and the ids of the labelled MOSES sample."""
    found = set()
    for config in configs:
        for name, (format, file, _) in SETS.items():
            most = config.get("most_records", {}).get(name, config["prepare"]["max_molecules"])
            settings = config["prepare"] | {"max_molecules": most}
            records = prepared(format, data / file, settings, ("train", "validation"))
            print(f"{name}: {len(records)} molecules to train and validate")
            found |= {one["inchi"] for one in records.values()}
    label = LabelGeometry(**configs[0]["label"])
    potential = find_molecular_potential(label.method)
    sample = read_graphs(lambda: read_entries("moses", [data / MOSES]), label, potential, [])
    print(f"moses: {len(sample)} labelled molecules, all of them left out")
    return found | {one["inchi"] for one in sample}, {one["id"] for one in sample}


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    names = ("weights.yaml", "distogram_weights.yaml")
    configs = [yaml.safe_load((CONFIGS / name).read_text())["molecules"] for name in names]
    benchmark = yaml.safe_load((CONFIGS / "qm9_benchmark.yaml").read_text())["molecules"]["prepare"]
    learned, labelled = learned_of(options.data, configs)
    options.output.mkdir(parents=True, exist_ok=True)
    test = {
        one.id: one
        for one in read_entries("moses", [options.data / MOSES])
        if one.id.startswith("moses_test") and one.id not in labelled
    }
    chosen = fixed_subset(test, MOSES_NUMBER)
    lines = [f"{test[name].read(500)[2]} {name}\n" for name in test if name in chosen]
    (options.output / "moses.smi").write_text("".join(lines))
    for name, (format, file, number) in SETS.items():
        if name == "qm9":
            pool = prepared(format, options.data / file, benchmark, ("test",))
        else:
            pool = prepared(format, options.data / file, {}, ("train", "validation", "test"))
        unseen = {key: record for key, record in pool.items() if record["inchi"] not in learned}
        chosen = fixed_subset(unseen, number)
        records = [record for key, record in unseen.items() if key in chosen]
        print(
            f"{name}: {len(pool)} molecules, {len(pool) - len(unseen)} learned, {len(records)} taken",
            flush=True,
        )
        folder = options.output / name
        folder.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(records, schema=MOLECULE_SCHEMA), folder / "records.parquet")
        embed_conformers(records, [], EmbedConformers(num_conformers=10), 1, folder / "conformers")


if __name__ == "__main__":
    main()
