"""One choice between kernels in C and in Python: the machine's, or the one that is pinned."""

import subprocess
import sys
from pathlib import Path

import pytest

from groundstate import c_kernels
from groundstate.c_kernels import compiler

PRODUCT = """
import sys, warnings, torch
from groundstate.gaunt import gaunt_product
from groundstate.gaunt.kernels import library
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    x = torch.randn(3000, 9, generator=torch.Generator().manual_seed(0))
    z = [gaunt_product(x, x, 2) for _ in range(2)][1]
print(library.usable(), float((z - gaunt_product(x, x, 2, method="dense")).abs().max()) < 1e-5)
print([str(one.message) for one in told if one.category is RuntimeWarning])
"""


def run(folder: Path, **environment: str) -> subprocess.Popen:
    everything = {"XDG_CACHE_HOME": str(folder), "PYTHONPATH": ":".join(sys.path), "HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", PRODUCT], env=everything | environment, stdout=subprocess.PIPE, text=True
    )


def test_without_a_compiler_products_are_right_and_one_sentence_says_so(tmp_path: Path) -> None:
    printed, _ = run(tmp_path, PATH="/nowhere", CC="none").communicate()
    first, told = printed.splitlines()
    assert first == "False True"
    assert told.count("no C compiler") == 1


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_processes_that_start_together_share_one_library(tmp_path: Path) -> None:
    path = str(Path(compiler() or "").parent)
    together = [run(tmp_path, PATH=f"{path}:/usr/bin:/bin") for _ in range(3)]
    assert [one.communicate()[0].splitlines() for one in together] == [["True True", "[]"]] * 3
    (library,) = (one for one in tmp_path.rglob("*") if one.is_file() and "json" not in one.name)
    assert library.suffix == ".so"


def test_what_is_pinned_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_kernels, "_state", {"pinned": None, "warned": True})
    for value in (True, False):
        c_kernels.pin_c_kernels(value)
        assert c_kernels.c_kernels() is value
    c_kernels.pin_c_kernels(None)
    assert c_kernels.c_kernels() is (compiler() is not None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    assert c_kernels.c_kernels() is False
