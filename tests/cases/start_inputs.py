"""Start geometries of the smallest molecules: lengths of the gas phase, or a refusal; one hand kept."""

import contextlib
import csv
import io
import json
from pathlib import Path

import ase.build
import numpy as np
from rdkit import Chem

FILE = Path(__file__).parents[1] / "data/cases/mmff_small.smi"
# Bonds and their like in a molecule of the G2 set (ASE; MP2/6-31G*); those after "cyclopropane" are siblings.
G2: dict[str, dict[tuple[int, int], tuple[str, int, int]]] = {
    "nitrogen": {(0, 1): ("N2", 0, 1)},
    "co2": {(0, 1): ("CO2", 0, 1)},
    "hcn": {(0, 1): ("HCN", 0, 1)},
    "co": {(0, 1): ("CO", 0, 1)},
    "h2": {(0, 1): ("H2", 0, 1)},
    "o2": {(0, 1): ("O2", 0, 1)},
    "f2": {(0, 1): ("F2", 0, 1)},
    "ozone": {(0, 1): ("O3", 0, 1)},
    "cyanogen": {(0, 1): ("NCCN", 0, 1), (1, 2): ("NCCN", 1, 2)},
    "nitromethane": {(0, 1): ("CH3NO2", 0, 1), (1, 2): ("CH3NO2", 1, 5)},
    "cyclopropane": {(0, 1): ("C3H6_D3h", 0, 1)},
    "nitrous": {(0, 1): ("N2O", 0, 1), (1, 2): ("N2O", 1, 2)},
    "ketene": {(0, 1): ("H2CCO", 0, 1), (1, 2): ("H2CCO", 1, 4)},
    "so2": {(0, 1): ("SO2", 0, 1)},
    "nitrosyl": {(0, 1): ("ClNO", 1, 2), (1, 2): ("ClNO", 0, 1)},
    "no2": {(0, 1): ("NO2", 0, 1), (1, 2): ("NO2", 0, 2)},
    "bf3": {(0, 1): ("BF3", 0, 1)},
    "cof2": {(0, 1): ("COF2", 0, 1), (1, 2): ("COF2", 1, 2)},
}
# What the set lacks, in angstrom: CRC Handbook of Chemistry and Physics, section 9; siblings after "quinone".
LENGTHS: dict[str, dict[tuple[int, int], float]] = {
    "azide": {(0, 1): 1.243, (1, 2): 1.134},
    "suboxide": {(0, 1): 1.163, (1, 2): 1.289},
    "butatriene": {(0, 1): 1.318, (1, 2): 1.283},
    "peroxyl": {(2, 3): 1.33},
    "quinone": {(0, 1): 1.225},
    "diacetylene": {(0, 1): 1.206, (1, 2): 1.380},
    "isocyanic": {(0, 1): 1.214, (1, 2): 1.166},
    "methylisocyanate": {(1, 2): 1.202, (2, 3): 1.168},
    "isothiocyanate": {(1, 2): 1.192, (2, 3): 1.597},
    "fcn": {(0, 1): 1.262, (1, 2): 1.159},
}
SIBLINGS = """C#CC#C diacetylene
N=C=O isocyanic
CN=C=O methylisocyanate
CN=C=S isothiocyanate
[N-]=[N+]=O nitrous
C=C=O ketene
O=S=O so2
FC#N fcn
O=NCl nitrosyl
[O]N=O no2
FB(F)F bf3
O=C(F)F cof2
"""
TOLERANCE = 0.05  # angstrom: between r_0, r_g and r_e, and what a start may be off
SETTINGS = json.dumps({"num_conformers": 1})


def judged(folder: Path) -> list[tuple[str, str, str]]:
    """Make start geometries at the command line; (kind, id, verdict) of each molecule."""
    (folder / "in.smi").write_text(FILE.read_text() + SIBLINGS)
    ids = {line.split()[1]: line.split()[0] for line in (folder / "in.smi").read_text().splitlines()}
    prepare = ["prepare", "molecules", "--format", "smiles", "--input", f"{folder}/in.smi"]
    embed = ["embed", "conformers", "--records", f"{folder}/p/records.parquet", "--settings", SETTINGS]
    for arguments in (
        [*prepare, "--output-dir", f"{folder}/p"],
        [*embed, "--splits", f"{folder}/p/splits.csv", "--output-dir", f"{folder}/c"],
    ):
        if error := call(arguments):
            return [("mmff_small", name, f"wrong: {error}") for name in ids]
    mols = {mol.GetProp("_Name"): mol for mol in Chem.SDMolSupplier(f"{folder}/c/mmff.sdf", removeHs=False)}
    refused = set()
    for part in ("p", "c"):
        with (folder / part / "rejected.csv").open(newline="", encoding="utf-8") as handle:
            refused |= {row["id"] for row in csv.DictReader(handle)}
    return [("mmff_small", name, verdict(name, mols.get(name), name in refused)) for name in ids]


def call(arguments: list[str]) -> str:
    from groundstate.cli import main

    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            main(arguments)
    except SystemExit as end:
        return errors.getvalue()[-200:] if end.code else ""
    except Exception as error:
        return f"traceback {type(error).__name__}: {error}"
    return ""


def verdict(name: str, mol: Chem.Mol | None, refused: bool) -> str:
    if mol is None:
        return "refused" if refused else "wrong: neither there nor rejected"
    positions = mol.GetConformer().GetPositions()
    known = {
        bond: ase.build.molecule(like).get_distance(*places)
        for bond, (like, *places) in G2.get(name, {}).items()
    }
    for (i, j), length in (known | LENGTHS.get(name, {})).items():
        found = float(np.linalg.norm(positions[i] - positions[j]))
        if abs(found - length) > TOLERANCE:
            return f"wrong: {i + 1}-{j + 1} is {found:.3f}, not {length:.3f} angstrom"
    turn = (
        abs(Chem.rdMolTransforms.GetDihedralDeg(mol.GetConformer(), 0, 1, 3, 4)) if "allene" in name else 90
    )
    return "right" if abs(turn - 90) < 20 else f"wrong: the ends are turned by {turn:.0f} degrees"
