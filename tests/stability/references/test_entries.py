"""ComputedEntry files in every form that is accepted, streamed in small pieces."""

import gzip
import json
import tracemalloc

import pytest
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from groundstate.errors import GroundstateError
from groundstate.stability.references import entries as module
from groundstate.stability.references.entries import read_entries

RUN = {"run_type": "GGA", "hubbards": {}, "is_hubbard": False, "potcar_symbols": []}
LITHIUM = {frozenset({"Li", "O"})}


def made():
    oxide = ComputedEntry(Composition("Li4O2"), -28.0, parameters=RUN, entry_id="oxide")
    lattice = Lattice.cubic(5)
    sites = [[0, 0, 0.5], [0, 0.5, 0], [0, 0, 0], [0.29, 0, 0]]
    peroxide = Structure(lattice, ["Li", "Li", "O", "O"], sites)
    return [
        oxide.as_dict(),
        ComputedStructureEntry(peroxide, -19.0, parameters=RUN, entry_id="peroxide").as_dict(),
        ComputedEntry(Composition("NaCl"), -7.0, parameters=RUN, entry_id="salt").as_dict(),
    ]


FORMS = {
    "hull.json": json.dumps,
    "pretty.json": lambda rows: json.dumps(rows, indent=2),
    "hull.jsonl": lambda rows: "\n".join(map(json.dumps, rows)),
    "table.json": lambda rows: json.dumps({row["entry_id"]: row for row in rows}),
    "pretty_table.json": lambda rows: json.dumps({row["entry_id"]: row for row in rows}, indent=1),
    "hull.json.gz": json.dumps,
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_needed_system_with_corrections(tmp_path, monkeypatch, name):
    monkeypatch.setattr(module, "CHUNK", 64)  # an object spans many pieces
    path = tmp_path / name
    text = FORMS[name](made())
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    found = {entry.entry_id: entry for entry in read_entries(path, LITHIUM)[0]}
    assert set(found) == {"oxide", "peroxide"}
    assert found["oxide"].energy == pytest.approx(-28.0 - 2 * 0.687, abs=2e-3)
    assert found["peroxide"].energy == pytest.approx(-19.0 - 2 * 0.465, abs=2e-3)


def test_a_file_of_many_systems_is_streamed(tmp_path):
    """16,000 entries of 7 MB in one line: kept are those of one system, in a fraction of the file's size."""
    entry = ComputedEntry(Composition("NaCl"), -7.0, parameters=RUN, entry_id="salt").as_dict()
    other = entry | {"data": {"note": "x" * 200}}
    wanted = made()[0]
    path = tmp_path / "hull.json"
    rows = (f'"{i}": {json.dumps(wanted if i % 5000 == 0 else other)}' for i in range(16_000))
    path.write_text("{" + ", ".join(rows) + "}")
    read_entries(path, {frozenset({"Li"})})  # what is loaded once is loaded before the measurement
    tracemalloc.start()
    found, _ = read_entries(path, LITHIUM)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 4
    assert path.stat().st_size > 7e6
    assert peak < path.stat().st_size / 4


def test_a_bad_entry_is_refused_and_the_others_come_out(tmp_path):
    r2scan = {**made()[0], "entry_id": "new", "parameters": {**RUN, "run_type": "r2SCAN"}}
    path = tmp_path / "hull.json"
    path.write_text(json.dumps([made()[0], r2scan, {"energy": 1}, "x", {**made()[1], "composition": 3}]))
    kept, refused = read_entries(path, LITHIUM)
    assert [entry.entry_id for entry in kept] == ["oxide"]
    assert [one.id for one in refused] == [
        "hull.json:new",
        "hull.json:3",
        "hull.json:4",
        "hull.json:peroxide",
    ]
    assert "r2SCAN" in refused[0].reason
    assert "keys are energy" in refused[1].reason


@pytest.mark.parametrize("text", ["", "3", "{", "{}", "[1, 2", '[{"energy": 1}]', '[{"a": 1}, "x"]', "[3]"])
def test_anything_else_is_one_sentence(tmp_path, text):
    path = tmp_path / "hull.json"
    path.write_text(text)
    with pytest.raises(GroundstateError, match=r"hull\.json"):
        read_entries(path, LITHIUM)


def test_a_file_cannot_name_a_class_of_its_choice(tmp_path):
    row = {**made()[0], "@module": "os", "@class": "system"}
    (tmp_path / "hull.json").write_text(json.dumps([row]))
    with pytest.raises(GroundstateError, match="not readable"):
        read_entries(tmp_path / "hull.json", LITHIUM)
