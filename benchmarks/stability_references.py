"""Pack the reference phases that the package ships: Materials Project formation energies and stable phases.

    python benchmarks/stability_references.py --energies mp_formation_energies.csv.gz --estimated
    mp_formation_energies_estimated.csv.gz --stable mp_stable_phases_2024.csv.gz

The inputs are tables of Materials Project data (CC BY 4.0): `material_id`, `formula` and
`formation_energy_per_atom` (eV, GGA and GGA+U with the MP2020 corrections, against the elements of
`mp_element_energies.csv`) of the phases; the same with energies that were estimated from r2SCAN; and the ids
and cell contents of the phases that were stable in 2024. The same inputs give the same bytes.
"""

import argparse
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pymatgen.core import Composition

from groundstate.files import atomic_path
from groundstate.stability.references.materials_project import ENERGY_UNIT, KINDS, SCHEMA, TABLE

OUTPUT = Path("src/groundstate/stability/references") / TABLE


def read(path: Path, kind: str) -> pd.DataFrame:
    """Ids, reduced formulas, chemical systems and energies of one table."""
    rows = pd.read_csv(path, keep_default_na=False, na_values=[""])  # NaN is a composition: sodium nitride
    none = pd.Series(float("nan"), rows.index)
    energies = (rows.get("formation_energy_per_atom", none) / ENERGY_UNIT).round()
    compositions = [Composition(formula) for formula in rows["formula"]]
    return pd.DataFrame(
        {
            "id": rows["material_id"],
            "formula": [composition.reduced_formula for composition in compositions],
            "system": ["-".join(sorted(e.symbol for e in composition)) for composition in compositions],
            "energy": energies.astype("Int32"),
            "kind": kind,
        }
    )


def main() -> None:
    """Merge the tables by id, sort by chemical system, write one Parquet file."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("energies", "estimated", "stable"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    stable = read(options.stable, "without")
    phases = pd.concat([read(options.energies, "computed"), read(options.estimated, "estimated"), stable])
    phases = phases.drop_duplicates("id")  # a stable phase without any energy comes from its own table alone
    phases["stable"] = phases["id"].isin(set(stable["id"]))
    phases["kind"] = phases["kind"].map(KINDS.index)
    phases = phases.sort_values(["system", "formula", "id"])
    table = pa.Table.from_pandas(phases, schema=SCHEMA, preserve_index=False).replace_schema_metadata()
    with atomic_path(options.output) as temporary:
        pq.write_table(table, temporary, compression="zstd", compression_level=19)
    counts = {kind: int((phases["kind"] == index).sum()) for index, kind in enumerate(KINDS)}
    complete = int((phases["stable"] & (phases["kind"] == KINDS.index("computed"))).sum())
    print(f"{options.output}: {len(phases)} phases {counts}, {phases['stable'].sum()} stable, of which")
    print(f"{complete} have an energy; {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
