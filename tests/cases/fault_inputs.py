"""Command lines as people type them by mistake, with the sentence that refuses each, "" where it works."""

import contextlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

SALT = """2
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 id="salt" pbc="T T T"
Na 0 0 0
Cl 2 2 2
"""
VALIDITY = ("score", "validity", "--structures", "salt.extxyz", "--output")
COPY = ("fetch", "--kind", "path", "--location", "salt.extxyz", "--output")
GENERATE = ("generate", "crystals", "--checkpoint", "best.ckpt", "--output", "new.extxyz")
NOT_OURS = "is there, and groundstate did not write it"
AN_INPUT = "is an input of this command and would be replaced"


@dataclass(frozen=True)
class Case:
    """A command line in a folder with files of a user's; what refuses it, or "" where it works."""

    kind: str
    name: str
    arguments: tuple[str, ...]
    sentence: str
    prepare: Callable[[], object] = lambda: None
    check: Callable[[], str] = str  # of what works: what is wrong with its results, or ""

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}"


def link() -> None:
    Path("link.extxyz").symlink_to("salt.extxyz")


CASES = [
    Case("own files", "a file of the user's", (*COPY, "notes.txt"), NOT_OURS),
    Case(
        "own files",
        "a dangling link",
        (*COPY, "dangling"),
        NOT_OURS,
        lambda: Path("dangling").symlink_to("no"),
    ),
    # never the machine's own /dev/null: earlier versions put a file in its place
    Case(
        "own files",
        "a pipe",
        (*COPY, "pipe"),
        f"{NOT_OURS}|is a device or a pipe",
        lambda: os.mkfifo("pipe"),
    ),
    Case(
        "own files",
        "a link to a pipe",
        (*COPY, "to_pipe"),
        f"{NOT_OURS}|is a device or a pipe",
        lambda: (os.mkfifo("pipe"), Path("to_pipe").symlink_to("pipe")),
    ),
    Case("own files", "a table in the output folder", (*VALIDITY, "tables"), NOT_OURS),
    Case("own files", "a folder for a file", (*COPY, "mydocs"), f"{NOT_OURS}|is a folder"),
    Case(
        "own files", "a file for a folder", (*VALIDITY, "notes.txt"), f"{NOT_OURS}|is a file|folder is wanted"
    ),
    Case(
        "own files",
        "a test.sdf of the user's, before any work",
        ("prepare", "molecules", "--input", "absent.sdf", "--output-dir", "mydocs"),
        f"mydocs/test.sdf: {NOT_OURS}",
        lambda: Path("mydocs/test.sdf").write_text("precious"),
    ),
    Case("options", "no number", (*VALIDITY, "out", "--seed", "1e3"), "error: Invalid value for '--seed'"),
    Case("options", "none such", (*VALIDITY, "out", "--sed", "1"), "error: No such option: --sed"),
    Case("options", "one is missing", VALIDITY[:-1], "error: Missing option '--output'; see groundstate"),
    Case("options", "no such command", ("score", "all"), "error: No such command 'all'; see groundstate"),
    Case("output is input", "same name", (*COPY, "salt.extxyz"), AN_INPUT),
    Case("output is input", "another way to the same", (*COPY, "mydocs/../salt.extxyz"), AN_INPUT),
    Case("output is input", "a link", (*COPY, "link.extxyz"), AN_INPUT, link),
    Case(
        "output is input",
        "a baseline",
        (*VALIDITY, "tables", "--baseline", "x=tables/crystals.csv"),
        f"{AN_INPUT}|{NOT_OURS}|no column cif",
    ),
    Case("output is input", "the checkpoint", (*GENERATE[:-1], "best.ckpt"), AN_INPUT),
    Case("output is input", "a folder of CIFs with documents", (*GENERATE, "--cif-dir", "mydocs"), "mydocs"),
    Case(
        "options",
        "a device",
        (*GENERATE, "--device", "tpu"),
        "--device: 'tpu' is not one of auto, cpu, cuda",
    ),
    Case("options", "no device", (*GENERATE, "--device", ""), "--device: '' is not one of"),
    Case(
        "options",
        "guidance nan",
        (*GENERATE, "--guidance", "nan"),
        "guidance.*(finite|greater than or equal to 0)",
    ),
    Case("options", "guidance inf", (*GENERATE, "--guidance", "inf"), "guidance.*(finite|less than)"),
    Case("options", "guidance 1e400", (*GENERATE, "--guidance", "1e400"), "guidance.*(finite|less than)"),
    Case(
        "options", "threads", (*GENERATE, "--threads", "100000"), "threads: 100000 is not between 1 and 1024"
    ),
    Case("options", "batch", (*GENERATE, "--batch-size", "99999999999"), "batch-size.*not at most"),
    Case("options", "seed", (*VALIDITY, "out", "--seed", "-1"), "seed.*(greater than|range|not between)"),
    Case(
        "options",
        "a seed of 70 bits",
        (*VALIDITY, "out", "--seed", str(2**70)),
        "seed.*(less than|range|not between)",
    ),
    Case(
        "options",
        "the same baseline twice",
        (*VALIDITY, "out", *("--baseline", "a=salt.extxyz") * 2),
        "twice",
    ),
    Case(
        "names",
        "a baseline that climbs",
        (*VALIDITY, "out", "--baseline", "x/../../../y=salt.extxyz"),
        "baseline",
    ),
    Case(
        "names",
        "a baseline with a line break",
        (*VALIDITY, "out", "--baseline", "a\nb=salt.extxyz"),
        "baseline",
    ),
    Case("names", "a baseline without name", (*VALIDITY, "out", "--baseline", "=salt.extxyz"), "NAME=FILE"),
    Case("no traceback", "an output below a file", (*COPY, "salt.extxyz/x"), "is a file, a folder is wanted"),
    Case("no traceback", "a name of 300 characters", (*COPY, "x" * 300), "too long"),
    Case(
        "no traceback",
        "a link to itself",
        (*COPY, "loop/x"),
        "link|loop",
        lambda: Path("loop").symlink_to("loop"),
    ),
    *(
        Case(
            "addresses",
            url,
            ("fetch", "--kind", "url", "--location", url, "--output", "new"),
            "is not an http.s. address",
        )
        for url in ("http://[::1", "http://x:port/y", "http:///y", "gopher://x/y")
    ),
    Case("works", "a new file", (*COPY, "new.extxyz"), ""),
    Case("works", "a new folder", (*VALIDITY, "out"), ""),
    Case("works", "a folder with other documents", (*VALIDITY, "mydocs"), ""),
]


def write_files() -> None:
    """Make the working folder as a user has it."""
    Path("salt.extxyz").write_text(SALT)
    Path("notes.txt").write_text("precious")
    for name in ("mydocs/thesis.txt", "tables/crystals.csv", "tables/summary.json"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("precious")
    torch.save({"weights": 1}, "best.ckpt")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def judge(case: Case, folder: Path) -> str:
    """Run a case in an empty folder: ``right``, ``refused`` (by name, as it should be) or ``wrong``."""
    from groundstate.cli import main

    before_all = Path.cwd()
    os.chdir(folder)
    try:
        write_files()
        case.prepare()
        before = contents(folder)
        errors = io.StringIO()
        status: object = 0
        found = ""
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            try:
                main(list(case.arguments))
            except SystemExit as end:
                status = end.code or 0
            except Exception as error:
                return f"wrong: traceback {type(error).__name__}: {error}"
        after = contents(folder)
        found = case.check() if status == 0 and not case.sentence else ""
    finally:
        os.chdir(before_all)
    if {name: after.get(name) for name in before} != before:
        return "wrong: a file of the user's is gone or changed"
    if "Traceback" in errors.getvalue():
        return f"wrong: traceback {errors.getvalue()[-200:]}"
    if not case.sentence:
        return "right" if status == 0 and not found else f"wrong: {found or errors.getvalue()}"
    if status == 0:
        return "wrong: it works"
    sentence = (errors.getvalue().splitlines() or [""])[-1]
    if after.keys() != before.keys():
        return f"wrong: {sorted(after.keys() - before.keys())} are left"
    if status == 2 and sentence.startswith("error: ") and re.search(case.sentence, sentence):
        return "refused"
    return f"refused otherwise: {errors.getvalue()[-300:]}"
