"""From ids to file names and back: any text of a user's becomes a name inside the folder that was meant."""

import csv
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from groundstate.files import atomic_path

TABLE = "files.csv"  # of ``write_name_table``, beside the files
LONGEST = 100  # characters of a file name without its suffix
PLAIN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+-]{{0,{LONGEST - 1}}}")
# names that some systems keep for devices, with any suffix
RESERVED = {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(10))}
TOKEN = re.compile(r'(?:^|(?<=\s))(?P<key>[^\s="]+)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S*)))?')


def _stem(text: str) -> str:
    """Give a safe name for ``text`` alone: itself where it is one, else its plain part and a hash."""
    plain = PLAIN.fullmatch(text) and not text.endswith(".") and text.split(".")[0].lower() not in RESERVED
    if plain:
        return text
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9]+", "_", ascii_text)[: LONGEST - 20].strip("_") or "id"
    return f"{kept}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def file_names(ids: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Give file names without suffix for ``ids``, in their order, no two the same where case does not count.

    A name is at most 100 letters, digits and ``._+-`` of ASCII, begins with a letter or digit, and is no name
    that a system keeps for itself; so it is never a path. An id that is such a name keeps it.

    Parameters
    ----------
    ids
        Any texts; one that comes twice gets two names.
    taken
        Names in the same folder that may not be used.
    """
    used = {name.lower() for name in taken}
    names = []
    for text in ids:
        stem = name = _stem(text)
        if name.lower() in used:
            stem = name = f"{stem[: LONGEST - 20]}-{_digest(text)}"
        count = 1
        while name.lower() in used:
            count += 1
            name = f"{stem}-{count}"
        used.add(name.lower())
        names.append(name)
    return names


def file_name(text: str) -> str:
    """Give the file name without suffix for one id; see ``file_names``."""
    return file_names([text])[0]


def as_utf8(name: str) -> str:
    r"""Give a file's name with bytes that are no UTF-8 written as ``\xff``, so that tables can hold it."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def write_name_table(path: str | Path, ids: Sequence[str], files: Sequence[str]) -> None:
    """Write the CSV ``id,file`` that leads from an id to its file."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "file"])
        writer.writerows(zip(ids, files, strict=True))


def line_fault(text: str) -> str | None:
    """Say why ``text`` cannot stand as an id in one line of SDF, extxyz or CSV; None where it can.

    Such an id would come back changed, or end the record it names.
    """
    if not text:
        return "the id is empty; give one"
    if len((text + "x").splitlines()) > 1:
        return f"the id {text!r} has a line break; take it out"
    if not text.replace(" ", "x").isprintable():
        return f"the id {text!r} has a character that is not printable; take it out"
    if text != text.strip():
        return f"the id {text!r} begins or ends with a space; take it out"
    if text.startswith("$$$$"):
        return f"the id {text!r} begins with the sign that ends an SDF record; choose another"
    return None


def extxyz_value(text: str) -> str:
    r"""Write ``text`` as a quoted value of an extxyz comment line, ``"`` and ``\`` escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def extxyz_id(comment: str, key: str = "id") -> str | None:
    """Find the text of ``key`` in an extxyz comment line, unchanged; None where there is none.

    Other readers take ids such as ``007``, ``1e5`` and ``T`` for numbers and flags.
    """
    for token in TOKEN.finditer(comment):
        if token["key"] == key and (token["quoted"] is not None or token["bare"] is not None):
            if token["quoted"] is None:
                return token["bare"]
            return re.sub(r"\\(.)", r"\1", token["quoted"])
    return None
