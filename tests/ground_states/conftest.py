"""Requests in files, and a potential that breaks molecules."""

from pathlib import Path

import pytest


@pytest.fixture
def smiles_file(tmp_path: Path) -> Path:
    """Eight inputs: five good ones and three that must be rejected."""
    path = tmp_path / "list.smi"
    lines = [
        *("CCO ethanol", "OCC=O aldehyde", "C[CH2] radical", "C[C@H](N)C(=O)O alanine", "CC(F)(Cl)Br open"),
        *("C1CC1O ring", "CCO ethanol", "NCCO amine"),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
