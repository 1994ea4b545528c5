"""What the config says about a source of data."""

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from groundstate.settings import Settings
from groundstate.sources.checksums import PATTERN

Kind = Literal["index", "url", "path"]
# Each has a reader of this name in ``molecules.dataset.readers`` and ``crystals.dataset.readers``.
MoleculeFormat = Literal["qm9pack", "sdf", "smiles", "moses", "records", "molecule3d", "molecule3d_parquet"]
WITHOUT_GEOMETRY = ("smiles", "moses")  # molecule formats
CrystalFormat = Literal["flla", "csv", "extxyz", "cif"]
PotentialFormat = Literal["extxyz", "rmd17"]  # read by ``interatomic.data``
PhaseFormat = Literal["mp_elements", "mp_entries"]
Format = Literal[MoleculeFormat, CrystalFormat, PotentialFormat, PhaseFormat]
# No separators, no leading dot or dash: the name becomes part of a path and of a command line.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]

REQUIREMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*"
URL = r"https?://[!-~]+"


class Retry(Settings):
    """How patient a download is."""

    attempts: int = Field(
        5, ge=1, description="Attempts in a row without progress before a download is given up"
    )
    delay: float = Field(
        1.0, ge=0, description="Seconds before the second attempt; each further one waits twice as long"
    )
    timeout: float = Field(
        60.0, gt=0, description="Seconds to wait for a connection, or for more data on one"
    )
    min_rate: float = Field(
        1000.0,
        ge=0,
        description="Bytes per second, averaged over `timeout`, below which an attempt has failed",
    )


class SourceFile(Settings):
    """One file of a data set."""

    location: str = Field(
        min_length=1,
        description="A pinned package (`name==version`), an http(s) address, or a local file or folder",
    )
    checksum: str | None = Field(
        None,
        pattern=PATTERN,
        description="`sha256:...`, `md5:...` or `git-sha1:...`; an index needs a sha256",
    )
    part: Literal["train", "validation", "test", "scan"] | None = Field(
        None,
        description="Crystals, potentials: the part of the split that this file is (a published split); "
        "null: the rows are split. Potentials: `scan` is a path along a coordinate, scored as a curve",
    )


class Source(Settings):
    """A data set: where its files come from, how they are read, whose they are."""

    kind: Kind = Field(
        description="`index`: an archive from the package index, never installed; `url`: a download; "
        "`path`: a local file, or a folder that becomes one zip"
    )
    format: Format = Field(description="How the files are read")
    license: str = Field(min_length=1, description="Licence of the data")
    citation: str = Field(min_length=1, description="What to cite when the data is used")
    files: dict[FileName, SourceFile] = Field(min_length=1, description="File name -> where it comes from")

    @model_validator(mode="after")
    def _locations_fit_the_kind(self) -> "Source":
        for name, file in self.files.items():
            if self.kind == "index":
                if not re.fullmatch(REQUIREMENT, file.location):
                    raise ValueError(
                        f"files.{name}.location: an index needs name==version, not {file.location!r}"
                    )
                if not (file.checksum or "").startswith("sha256:"):
                    raise ValueError(f"files.{name}.checksum: an index needs a sha256")
                if not name.endswith((".whl", ".tar.gz", ".zip")):
                    raise ValueError(f"files.{name}: an index gives .whl, .tar.gz or .zip files")
            elif self.kind == "url" and not re.fullmatch(URL, file.location):
                raise ValueError(f"files.{name}.location: {file.location!r} is not an http(s) address")
        if len({file.part is None for file in self.files.values()}) == 2:
            raise ValueError("files: either all have a part of the split, or none has")
        return self
