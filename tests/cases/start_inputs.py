"""Start geometries of the smallest molecules: lengths of the gas phase, or a refusal; one hand kept."""

import contextlib
import csv
import io
import json
from pathlib import Path

import numpy as np
from rdkit import Chem

FILE = Path(__file__).parents[1] / "data/cases/mmff_small.smi"
# Gas-phase lengths in angstrom as CRC Handbook of Chemistry and Physics, section 9, has them; the molecules
# after "quinone" are siblings.
LENGTHS: dict[str, dict[tuple[int, int], float]] = {
    "nitrogen": {(0, 1): 1.098},
    "co2": {(0, 1): 1.160},
    "hcn": {(0, 1): 1.153},
    "co": {(0, 1): 1.128},
    "h2": {(0, 1): 0.741},
    "o2": {(0, 1): 1.208},
    "azide": {(0, 1): 1.243, (1, 2): 1.134},
    "f2": {(0, 1): 1.412},
    "ozone": {(0, 1): 1.272},
    "cyanogen": {(0, 1): 1.160, (1, 2): 1.389},
    "suboxide": {(0, 1): 1.163, (1, 2): 1.289},
    "butatriene": {(0, 1): 1.318, (1, 2): 1.283},
    "cyclopropane": {(0, 1): 1.510},
    "peroxyl": {(2, 3): 1.33},
    "nitromethane": {(0, 1): 1.489, (1, 2): 1.224},
    "quinone": {(0, 1): 1.225},
    "diacetylene": {(0, 1): 1.206, (1, 2): 1.380},
    "isocyanic": {(0, 1): 1.214, (1, 2): 1.166},
    "methylisocyanate": {(1, 2): 1.202, (2, 3): 1.168},
    "isothiocyanate": {(1, 2): 1.192, (2, 3): 1.597},
    "nitrous": {(0, 1): 1.128, (1, 2): 1.184},
    "ketene": {(0, 1): 1.314, (1, 2): 1.161},
    "so2": {(0, 1): 1.432},
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
    for (i, j), length in LENGTHS.get(name, {}).items():
        found = float(np.linalg.norm(positions[i] - positions[j]))
        if abs(found - length) > TOLERANCE:
            return f"wrong: {i + 1}-{j + 1} is {found:.3f}, not {length} angstrom"
    turn = (
        abs(Chem.rdMolTransforms.GetDihedralDeg(mol.GetConformer(), 0, 1, 3, 4)) if "allene" in name else 90
    )
    return "right" if abs(turn - 90) < 20 else f"wrong: the ends are turned by {turn:.0f} degrees"
