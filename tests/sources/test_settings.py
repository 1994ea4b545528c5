"""The table of data sets, and what it refuses."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from groundstate.sources.checksums import Checksum
from groundstate.sources.settings import Source

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
TABLE = yaml.safe_load((ROOT / "config" / "sources.yaml").read_text())["sources"]
# without a checksum: mirrors that give none, files of one commit, an archive that nobody here has held
BARE = re.compile(r".*huggingface\.co|.*/[0-9a-f]{40}/|https://figshare\.com/ndownloader/files/23950376$")
INDEX = {
    "kind": "index",
    "format": "flla",
    "license": "MIT",
    "citation": "x",
    "files": {"a-1.tar.gz": {"location": "a==1", "checksum": "sha256:" + "0" * 64}},
}


@pytest.mark.parametrize("name", TABLE)
def test_every_data_set_is_described_well(name):
    source = Source.model_validate(TABLE[name])
    assert source.license.strip() and source.citation.strip()
    for file in source.files.values():
        assert file.checksum or BARE.match(file.location), "only these go without"


def test_the_named_data_sets_are_there():
    needed = "qm9 mp3938 molecule3d_random molecule3d_scaffold perov_5 carbon_24 mp_20 mpts_52"
    assert set(needed.split()) | {"mp_elemental_references", "mp_hull_entries"} <= set(TABLE)
    assert {len(TABLE[name]["files"]) for name in ("molecule3d_random", "molecule3d_scaffold")} == {13}


def test_the_checksum_of_the_elemental_references_is_that_of_the_file():
    ((name, file),) = TABLE["mp_elemental_references"]["files"].items()
    if not (SHARED / name).exists():
        pytest.skip("the shared data folder is not here")
    Checksum.parse(file["checksum"]).verify(SHARED / name, name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "ftp"}, "'index', 'url' or 'path'"),
        ({"format": "xyz"}, "'qm9pack'"),
        ({"license": ""}, "at least 1 character"),
        ({"files": {}}, "at least 1 item"),
        ({"licence": "MIT"}, "Extra inputs"),
        ({"kind": "url"}, "is not an http"),
        ({"files": {"a-1.tar.gz": {"location": "a==1"}}}, "an index needs a sha256"),
        ({"files": {"a-1.tar.gz": {"location": "a", "checksum": "sha256:" + "0" * 64}}}, "name==version"),
        (
            {"files": {"a-1.tar.gz": {"location": "a==1", "checksum": "md5:" + "0" * 32}}},
            "an index needs a sha256",
        ),
        (
            {"files": {"a-1.csv": {"location": "a==1", "checksum": "sha256:" + "0" * 64}}},
            "gives .whl, .tar.gz",
        ),
        ({"files": {"a-1.tar.gz": {"location": "a==1", "checksum": "0" * 64}}}, "pattern"),
        ({"kind": "path", "files": {"../x": {"location": "x"}}}, "pattern"),
        ({"kind": "path", "files": {"a b": {"location": "x"}}}, "pattern"),
        ({"kind": "path", "files": {"-x": {"location": "x"}}}, "pattern"),
        ({"kind": "path", "files": {"$(x)": {"location": "x"}}}, "pattern"),
    ],
)
def test_a_bad_description_is_refused(change, message):
    Source.model_validate(INDEX)
    with pytest.raises(ValidationError, match=message):
        Source.model_validate(INDEX | change)
