"""Reasons name the atom, its symbol and what to do."""

import pytest
from rdkit import Chem

from groundstate.molecules.mols import RecordError, parse_smiles
from groundstate.molecules.sdf import parse_molblock


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("CC(C)(C)(C)C", "atom 2 (C) has the valence 5 at charge +0"),
        ("C[N](C)(C)C", "atom 2 (N) has the valence 4 at charge +0"),
        ("c1ccnc1", "aromatic atoms 1 (C), 2 (C), 3 (C), 4 (N), 5 (C)"),
        ("CcC", "atom 2 (C): non-ring atom 1 marked aromatic; only ring atoms can be aromatic"),
        ("C(C", "extra open parentheses at character 2 ('(')"),
        ("CCO,x", "at character 4 (','); columns are separated by a space or tab"),
        ("C[O−]", "its character 4, '−' (MINUS SIGN), is not ASCII"),
        ("CC |&1:", "the CXSMILES extension '|&1:' cannot be read"),
        ("C~C", "bond 1-2 stands for several kinds of bond"),
        ("C*", "atom 2 (*) stands for several elements or none"),
        ("[#6]C", "is SMARTS"),
    ],
)
def test_smiles(smiles, reason):
    with pytest.raises(RecordError) as raised:
        parse_smiles(smiles)
    assert reason in str(raised.value)


def changed(old, new):
    mol = Chem.MolFromSmiles("CCO")
    Chem.rdDepictor.Compute2DCoords(mol)
    block = Chem.MolToMolBlock(mol)
    assert old in block
    return block.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (" O  ", " Me ", "atom 3 (Me) is no element"),
        (" O  ", " Q  ", "stands for several elements"),
        ("  2  3  1", "  1  2  1", "bond already exists"),
        ("  2  3  1", "  2  2  1", "self-bond"),
        ("  2  3  1", "  2  3  8", "bond 2-3 stands for several kinds of bond"),
        ("  3  2", " 99  2", "cannot parse the mol block"),
        ("0.0000 C", "0,0000 C", "atom 1 has coordinates with a decimal comma"),
    ],
)
def test_mol_blocks(old, new, reason):
    with pytest.raises(RecordError) as raised:
        parse_molblock(changed(old, new))
    assert reason in str(raised.value)
    assert "Violation" not in str(raised.value) and "/" not in str(raised.value)
