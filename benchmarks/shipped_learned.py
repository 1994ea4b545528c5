"""Write the list of molecules that the shipped weights may have learned (src/groundstate/weights/learned.py).

`python benchmarks/shipped_learned.py --qm9 results/qm9_benchmark/molecules/qm9/prepared --data FOLDER`: the
prepared QM9 of `config/qm9_benchmark.yaml` and the folder with the two SDF files of `config/weights.yaml`;
`--all-qm9 FOLDER`: that of `config/distogram_weights.yaml`; `--moses FILE`: the file of the data set `moses`.
"""

import argparse
from pathlib import Path

from rdkit import Chem, RDLogger

from groundstate.ground_states.inputs import read_graphs
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.mols import RecordError
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.weights.learned import LEARNED, write_learned

FILES = ("cascade_m062x_train.sdf.gz", "molecule3d_random_train_chon20.sdf.gz")


def main() -> None:
    """Collect InChIs: parts of QM9 that are not its test part, two files, and the sample of MOSES."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qm9", type=Path, required=True)
    parser.add_argument("--all-qm9", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--moses", type=Path)
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    records = read_records(options.qm9 / "records.parquet", MOLECULE_SCHEMA)
    inchis = {record["id"]: record["inchi"] for record in records}
    test = {inchis[name] for name in read_split(options.qm9 / "splits.csv", "random", "test")}
    found = {*inchis.values()} - test
    print(f"qm9: {len(found)}, {len(test)} of its test part left out")
    records = read_records(options.all_qm9 / "records.parquet", MOLECULE_SCHEMA)
    splits = (read_split(options.all_qm9 / "splits.csv", "random", part) for part in ("train", "validation"))
    parts = {name for part in splits for name in part}
    own = {record["inchi"] for record in records if record["id"] in parts}
    print(f"all of qm9 but its test part: {len(own)}, {len(own & test)} of the test part of QM9")
    found |= own
    for name in FILES:
        own = set()
        for entry in read_entries("sdf", [options.data / name]):
            try:
                own.add(Chem.MolToInchi(entry.read(500)[0]))
            except RecordError:  # what cannot be read was not learned
                continue
        print(f"{name}: {len(own)}, {len(own & test)} of the test part of QM9 left out")
        found |= own - test
    if options.moses is not None:
        settings = LabelGeometry(max_molecules=2400, undefined_stereo="draw", spread=False)
        potential = find_molecular_potential(settings.method)
        drawn = read_graphs(lambda: read_entries("moses", [options.moses]), settings, potential, [])
        own = {record["inchi"] for record in drawn}
        print(f"moses: {len(own)}")
        found |= own
    write_learned(found)
    print(f"{LEARNED}: {len(found)} molecules")


if __name__ == "__main__":
    main()
